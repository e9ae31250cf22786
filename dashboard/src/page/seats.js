// The table of seats: sorted, searched, and drawn again only where something changed.

import { $, el, empty, svg, tint } from "./elements.js";
import { OUTCOMES, alpha, micros, number, percent, score, short, speed } from "./words.js";

const reliable = (seat, window) => seat.miner?.reliability[window];
const total = (miner) => (miner ? Object.values(miner.outcomes).reduce((sum, one) => sum + one, 0) : 0);

/** Heading, explanation, what it is sorted by, and the cell. */
const COLUMNS = [
  ["uid", "seat", (seat) => seat.uid, (seat) => seat.uid],
  ["hotkey", "who sits there", (seat) => seat.hotkey, (seat) => el("span", { class: "hash", title: `${seat.hotkey}, owned by ${seat.coldkey}` }, short(seat.hotkey)), "name"],
  ["role", "V: validator permit; M: measured miner", (seat) => (seat.validator_permit ? 2 : 0) + (seat.miner ? 1 : 0), (seat) => [seat.validator_permit ? "V" : "", seat.miner ? "M" : ""].join("") || "–", "name"],
  ["standing", "what its scores come to, 0 to 1", (seat) => seat.miner?.score_nano, (seat) => (seat.miner ? score(seat.miner.score_nano) : "–")],
  ["scores", "score of each answer of late", (seat) => seat.mean, (seat) => spark(seat.miner), "name"],
  ["verdicts", "what became of its requests of late", (seat) => (seat.miner ? (seat.miner.outcomes.ok ?? 0) / Math.max(1, total(seat.miner)) : undefined), (seat) => parts(seat.miner), "name"],
  ["incentive", "share of the miners' emission", (seat) => seat.incentive, (seat) => (seat.incentive ? percent(seat.incentive / 65535, 2) : "–")],
  ["paid", "alpha at the last epoch", (seat) => seat.emission_rao, (seat) => (seat.emission_rao ? alpha(seat.emission_rao) : "–")],
  ["uptime", "answered share of its requests", (seat, window) => reliable(seat, window)?.uptime_ppm, (seat, window) => uptime(reliable(seat, window))],
  ["first token", "half of the right answers began within this, and nine tenths within the second", (seat, window) => reliable(seat, window)?.first_token_us?.p50, (seat, window) => pair(reliable(seat, window)?.first_token_us, "p50", "p90", micros)],
  ["tokens/s", "half of the right answers were at least so fast, and nine tenths as fast as the second", (seat, window) => reliable(seat, window)?.tokens_per_second_milli?.p50, (seat, window) => pair(reliable(seat, window)?.tokens_per_second_milli, "p50", "p10", speed)],
  ["busy", "share of its places that was taken when it answered last: the miner says so itself, nobody has checked it", (seat) => seat.miner?.capacity_used_ppm, (seat) => busy(seat.miner?.capacity_used_ppm)],
  ["stake", "alpha staked to it", (seat) => seat.stake_rao, (seat) => (seat.stake_rao ? alpha(seat.stake_rao) : "–")],
  ["address", "where it serves", (seat) => seat.endpoint ?? undefined, (seat) => el("span", { class: "hash" }, seat.endpoint ?? "–"), "name"],
];

const uptime = (figures) => (figures?.requests ? el("span", { title: `${number(figures.answered)} of ${number(figures.requests)} requests` }, percent(figures.uptime_ppm / 1e6)) : "–");
const busy = (ppm) => (ppm === null || ppm === undefined ? "–" : el("span", { class: "waits", title: "self-reported" }, `${percent(ppm / 1e6, 0)} *`));
const pair = (figures, first, second, word) => (figures ? `${word(figures[first])} / ${word(figures[second])}` : "–");

function spark(miner) {
  const known = miner?.history_milli ?? [];
  if (!known.some((value) => value !== null)) return "–";
  const step = 96 / Math.max(1, known.length - 1);
  let path = "";
  known.forEach((value, at) => {
    if (value !== null) path += `${(known[at - 1] ?? null) === null ? "M" : "L"}${(at * step).toFixed(1)} ${(18 - value * 0.016).toFixed(1)}`;
  });
  const seen = known.filter((value) => value !== null);
  const words = `last ${(seen.at(-1) / 1000).toFixed(2)}, mean ${(seen.reduce((a, b) => a + b, 0) / seen.length / 1000).toFixed(2)} of ${seen.length}`;
  return svg("svg", { class: "spark", viewBox: "0 0 96 20", role: "img", "aria-label": words }, svg("title", {}, words), svg("path", { d: path, fill: "none", stroke: tint("accent"), "stroke-width": 1.2, "stroke-linecap": "round" }));
}

function parts(miner) {
  const all = total(miner);
  if (!all) return "–";
  let at = 0;
  const words = [];
  const bars = [];
  for (const [word, name, colour] of OUTCOMES) {
    const count = miner.outcomes[word] ?? 0;
    if (!count) continue;
    const width = (84 * count) / all;
    bars.push(svg("rect", { x: at, width, height: 10, fill: tint(colour) }));
    words.push(`${count} ${name}`);
    at += width;
  }
  return svg("svg", { class: "parts", viewBox: "0 0 84 10", role: "img", "aria-label": words.join(", ") }, svg("title", {}, words.join(", ")), ...bars);
}

export class Seats {
  /** `chosen` is called with the uids that were clicked. */
  constructor(chosen) {
    this.seats = [];
    this.lines = new Map();
    this.chosen = new Set();
    this.sort = { column: 6, descending: true };
    const row = el("tr");
    COLUMNS.forEach(([name, meaning, , , left], at) => {
      const button = el("button", { type: "button", title: meaning }, name);
      button.addEventListener("click", () => {
        const same = this.sort.column === at;
        this.sort = { column: at, descending: same ? !this.sort.descending : at > 2 };
        this.draw();
      });
      row.append(el("th", { scope: "col", class: left ?? null }, button));
    });
    $("seat-table").tHead.append(row);
    $("choice").addEventListener("submit", (event) => event.preventDefault());
    for (const id of ["find", "who", "window"]) $(id).addEventListener("input", () => this.draw());
    const body = $("seat-table").tBodies[0];
    const choose = (event) => {
      const line = event.target.closest("tr[data-uid]");
      if (!line || (event.type === "keydown" && event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      const uid = Number(line.dataset.uid);
      if (!this.chosen.delete(uid)) this.chosen.add(uid);
      line.setAttribute("aria-selected", String(this.chosen.has(uid)));
      chosen(this.chosen);
    };
    body.addEventListener("click", choose);
    body.addEventListener("keydown", choose);
  }

  take({ neurons, miners }) {
    const measured = new Map(miners.map((miner) => [miner.uid, miner]));
    this.seats = neurons.map((neuron) => {
      const miner = measured.get(neuron.uid);
      const known = miner?.history_milli.filter((value) => value !== null) ?? [];
      const mean = known.length ? known.reduce((a, b) => a + b, 0) / known.length : undefined;
      return { ...neuron, miner, mean };
    });
    this.draw();
  }

  draw() {
    const window = $("window").value;
    const wanted = $("find").value.trim().toLowerCase();
    const who = $("who").value;
    const fits = (seat) =>
      (who === "all" || (who === "measured" ? seat.miner : seat.validator_permit)) &&
      (!wanted || String(seat.uid) === wanted || (!/^\d{1,4}$/.test(wanted) && [seat.hotkey, seat.coldkey, seat.endpoint ?? ""].some((text) => text.toLowerCase().includes(wanted))));
    const by = COLUMNS[this.sort.column][2];
    const sign = this.sort.descending ? -1 : 1;
    const shown = this.seats.filter(fits).map((seat) => [by(seat, window), seat]);
    shown.sort(([a, left], [b, right]) => {
      // What is not known comes last, either way.
      if (a === undefined || a === null) return b === undefined || b === null ? left.uid - right.uid : 1;
      if (b === undefined || b === null) return -1;
      return a === b ? (right.miner?.score_nano ?? 0) - (left.miner?.score_nano ?? 0) || left.uid - right.uid : (a < b ? -1 : 1) * sign;
    });
    [...$("seat-table").tHead.rows[0].cells].forEach((cell, at) => {
      if (at === this.sort.column) cell.setAttribute("aria-sort", this.sort.descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
    const lines = shown.map(([, seat]) => this.line(seat, window));
    if (!lines.length) lines.push(el("tr", {}, el("td", { colspan: COLUMNS.length }, empty(this.seats.length ? "No seat is like that." : "No round yet: seats are read when one begins."))));
    $("seat-table").tBodies[0].replaceChildren(...lines);
    $("count").textContent = shown.length === this.seats.length ? `${number(shown.length)} seats` : `${number(shown.length)} of ${number(this.seats.length)} seats`;
  }

  /** A seat's line: the one from before, where nothing on it changed. */
  line(seat, window) {
    const text = window + JSON.stringify(seat);
    const known = this.lines.get(seat.uid);
    if (known?.text === text) return known.line;
    const cells = COLUMNS.map(([, , , cell, left], at) => el(at === 0 ? "th" : "td", { scope: at === 0 ? "row" : null, class: left ?? null }, cell(seat, window)));
    const line = el("tr", { "data-uid": seat.uid, tabindex: 0, "aria-selected": String(this.chosen.has(seat.uid)) }, ...cells);
    this.lines.set(seat.uid, { text, line });
    return line;
  }
}
