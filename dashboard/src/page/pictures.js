// Pictures: scores over rounds, rounds by outcome, emission by seat, weights as a map of heat.

import { LEFT, grid, picture, room } from "./chart.js";
import { $, empty, keys, svg, table, tint } from "./elements.js";
import { OUTCOMES, alpha, number, percent, plural, score, short } from "./words.js";

/** Scores of answers over rounds: of the seats that were chosen, or of the best. */
export function history({ miners, rounds }, chosen) {
  const best = miners.slice().sort((a, b) => b.score_nano - a.score_nano || a.uid - b.uid).slice(0, 6);
  const drawn = chosen.size ? miners.filter((miner) => chosen.has(miner.uid)).slice(0, 8) : best;
  if (!rounds.length || !drawn.length) {
    $("history-keys").replaceChildren();
    return $("history-picture").replaceChildren(empty(rounds.length ? "The seats that were chosen have no scores." : "No round yet."));
  }
  const wide = room("history-picture");
  const y = (milli) => 182 - milli * 0.17;
  const step = (wide - LEFT - 10) / Math.max(1, rounds.length - 1);
  const lines = drawn.map((miner, at) => {
    let path = "";
    miner.history_milli.forEach((value, round) => {
      if (value !== null) path += `${(miner.history_milli[round - 1] ?? null) === null ? "M" : "L"}${(LEFT + round * step).toFixed(1)} ${y(value).toFixed(1)}`;
    });
    // A dot for what stands alone.
    return svg("path", { d: path, fill: "none", stroke: tint(`series-${at % 8}`), "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round", "stroke-dasharray": at > 3 ? "5 4" : null }, svg("title", {}, `uid ${miner.uid}`));
  });
  const ends = [[LEFT, "start", rounds[0]], [wide - 6, "end", rounds.at(-1)]].map(([x, anchor, round]) => svg("text", { x, y: 204, "text-anchor": anchor }, `round ${number(round.round)}, block ${number(round.block)}`));
  const words = drawn.map((miner) => `uid ${miner.uid}: standing ${score(miner.score_nano)}`).join("; ");
  $("history-keys").replaceChildren(...keys(drawn.map((miner, at) => [`uid ${miner.uid}, standing ${score(miner.score_nano)}`, `series-${at % 8}`])));
  const ticks = grid("history-picture", [[y(0), "0"], [y(500), "0.5"], [y(1000), "1"]]);
  picture("history-picture", 210, words, ...ticks, ...lines, ...(rounds.length > 1 ? ends : ends.slice(1)));
}

/** A bar for each round, by what became of its requests. */
export function timeline({ rounds }) {
  const most = Math.max(0, ...rounds.map((round) => round.scored));
  if (!most) {
    $("round-keys").replaceChildren();
    return $("round-picture").replaceChildren(empty("No round yet."));
  }
  const wide = room("round-picture");
  const width = Math.min(40, (wide - LEFT - 6) / rounds.length);
  const bars = rounds.map((round, at) => {
    let y = 150;
    const x = wide - (rounds.length - at) * width;
    const words = [];
    const pieces = [];
    for (const [word, name, colour] of OUTCOMES) {
      const count = round.outcomes[word] ?? 0;
      if (!count) continue;
      const height = (140 * count) / most;
      y -= height;
      pieces.push(svg("rect", { x, y, width: Math.max(1, width - 2), height, fill: tint(colour) }));
      words.push(`${count} ${name}`);
    }
    return svg("g", {}, svg("title", {}, `round ${round.round}, block ${round.block}: ${words.join(", ")}`), ...pieces);
  });
  const seen = new Map(OUTCOMES.filter(([word]) => rounds.some((round) => round.outcomes[word])).map(([, name, colour]) => [colour, name]));
  const rare = ["bad_signature", "stale", "malformed"].filter((word) => rounds.some((round) => round.outcomes[word]));
  if (rare.length) seen.set("other", "unsigned or malformed");
  $("round-keys").replaceChildren(...keys([...seen].map(([colour, name]) => [name, colour])));
  const words = `${plural(rounds.length, "round")} of up to ${plural(most, "request")}`;
  const newest = svg("text", { x: wide, y: 168, "text-anchor": "end" }, `round ${number(rounds.at(-1).round)}`);
  picture("round-picture", 172, words, ...grid("round-picture", [[150, "0"], [10, number(most)]]), ...bars, newest);
}

/** What the last epoch paid each miner, the best paid first; validators would dwarf them. */
export function emission({ neurons }) {
  const sum = (of) => of.reduce((total, neuron) => total + neuron.emission_rao, 0);
  const paid = neurons.filter((neuron) => neuron.emission_rao > 0 && neuron.incentive >= neuron.dividends).sort((a, b) => b.emission_rao - a.emission_rao || a.uid - b.uid);
  const validators = neurons.filter((neuron) => neuron.emission_rao > 0 && neuron.incentive < neuron.dividends);
  const all = sum(paid);
  const words = `The last epoch paid ${alpha(all)} alpha to ${plural(paid.length, "miner")} and ${alpha(sum(validators))} to ${plural(validators.length, "validator")}.`;
  $("emission-caption").textContent = neurons.length ? `${words} Miners by uid, the best paid first.` : "What the last epoch paid each miner.";
  if (!paid.length) return $("emission-picture").replaceChildren(empty(neurons.length ? "The last epoch paid no miner." : "No round yet."));
  const most = paid[0].emission_rao;
  const width = Math.min(64, (room("emission-picture") - LEFT - 6) / paid.length);
  const bars = paid.map((neuron, at) => {
    const height = Math.max(1, (140 * neuron.emission_rao) / most);
    const bar = svg("rect", { x: LEFT + at * width, y: 150 - height, width: Math.max(0.7, width - (width > 4 ? 2 : 0)), height, fill: tint("accent") }, svg("title", {}, `uid ${neuron.uid}: ${alpha(neuron.emission_rao)} alpha, ${percent(neuron.emission_rao / all)} of what miners were paid`));
    return width < 20 ? bar : svg("g", {}, bar, svg("text", { x: LEFT + at * width + width / 2 - 1, y: 166, "text-anchor": "middle" }, String(neuron.uid)));
  });
  const label = width < 20 ? [svg("text", { x: LEFT, y: 166 }, `the best paid: uid ${paid.slice(0, 5).map((neuron) => neuron.uid).join(", ")}`)] : [];
  picture("emission-picture", 172, words, ...grid("emission-picture", [[150, "0"], [10, alpha(most)]]), ...bars, ...label);
}

/** Rows of weights as a map of heat. */
export class Heat {
  constructor() {
    this.canvas = $("weights-picture");
    this.at = [0, 0];
    this.canvas.addEventListener("pointermove", (event) => this.read(Math.floor(event.offsetX / this.cell - this.margin / this.cell), Math.floor(event.offsetY / this.line)));
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step || !this.rows?.length) return;
      event.preventDefault();
      this.read(this.at[0] + step[0], this.at[1] + step[1]);
    });
    new ResizeObserver(() => this.draw()).observe(this.canvas.parentElement);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  take({ weights, neurons }) {
    this.neurons = new Map(neurons.map((neuron) => [neuron.uid, neuron]));
    this.seats = neurons.length || 1 + Math.max(0, ...weights.rows.flatMap((row) => row.uids));
    this.rows = weights.rows.map((row) => {
      const total = row.values.reduce((sum, value) => sum + value, 0);
      return { uid: row.uid, shares: new Map(row.uids.map((uid, at) => [uid, row.values[at] / total])) };
    });
    this.most = Math.max(0, ...this.rows.flatMap((row) => [...row.shares.values()]));
    $("weights-caption").textContent = this.rows.length
      ? `Rows on chain at block ${number(weights.block)}: a line for each of ${plural(this.rows.length, "validator")}, a column for each of ${plural(this.seats, "seat")}. The strongest colour is ${percent(this.most)} of a row.`
      : "No validator's row stands on chain yet.";
    this.canvas.hidden = $("weights-read").hidden = !this.rows.length;
    const lines = this.rows.map((row) => {
      const best = [...row.shares].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 8);
      return [String(row.uid), number([...row.shares.values()].filter((share) => share > 0).length), best.map(([uid, share]) => `uid ${uid} ${percent(share)}`).join(", ")];
    });
    $("weights-table").replaceChildren(lines.length ? table("Shares of each row", ["validator", "seats", "<the greatest"], lines) : empty("No row yet."));
    this.draw();
  }

  draw() {
    if (!this.rows?.length) return;
    this.margin = 44;
    const room = Math.max(300, this.canvas.parentElement.clientWidth) - this.margin;
    this.cell = Math.min(28, Math.max(1, room / this.seats));
    this.line = this.rows.length > 24 ? 12 : 20;
    const [width, height] = [this.margin + this.cell * this.seats, this.line * this.rows.length + 18];
    const ratio = devicePixelRatio || 1;
    Object.assign(this.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    const paint = this.canvas.getContext("2d");
    paint.scale(ratio, ratio);
    const colour = (name) => {
      const probe = $("weights-read");
      probe.style.color = `var(--${name})`;
      const found = getComputedStyle(probe).color;
      probe.style.color = "";
      return found;
    };
    const [panel, accent, quiet] = ["panel", "accent", "quiet"].map(colour);
    paint.font = "11px system-ui, sans-serif";
    paint.textAlign = "right";
    this.rows.forEach((row, at) => {
      const y = at * this.line;
      paint.globalAlpha = 1;
      paint.fillStyle = quiet;
      paint.fillText(`uid ${row.uid}`, this.margin - 5, y + this.line - (this.line > 14 ? 6 : 2));
      paint.fillStyle = panel;
      paint.fillRect(this.margin, y, width - this.margin, this.line - 1);
      paint.fillStyle = accent;
      for (const [uid, share] of row.shares) {
        if (!share) continue;
        // A share that is small beside the greatest is still seen.
        paint.globalAlpha = 0.12 + 0.88 * Math.sqrt(share / this.most);
        paint.fillRect(this.margin + uid * this.cell, y, Math.max(1, this.cell - (this.cell > 5 ? 1 : 0)), this.line - 1);
      }
    });
    paint.globalAlpha = 1;
    paint.fillStyle = quiet;
    const every = [1, 5, 10, 50, 100, 250].find((step) => step * this.cell > 34) ?? 500;
    for (let uid = 0; uid < this.seats; uid += every) {
      paint.textAlign = uid ? "center" : "left";
      paint.fillText(String(uid), this.margin + (uid + (uid ? 0.5 : 0)) * this.cell, height - 4);
    }
  }

  read(column, line) {
    if (!this.rows?.length) return;
    const clamp = (value, most) => Math.min(most, Math.max(0, value));
    this.at = [clamp(column, this.seats - 1), clamp(line, this.rows.length - 1)];
    const row = this.rows[this.at[1]];
    const hotkey = this.neurons.get(this.at[0])?.hotkey;
    $("weights-read").textContent = `Validator uid ${row.uid} gives uid ${this.at[0]}${hotkey ? ` (${short(hotkey)})` : ""} ${percent(row.shares.get(this.at[0]) ?? 0, 2)} of its row.`;
  }
}
