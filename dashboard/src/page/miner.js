// A miner's own page: which part of its document is drawn where.

import { LEFT, bar, grid, picture, resized, room } from "./chart.js";
import { $, el, empty, svg, table, tile, tint, told } from "./elements.js";
import { alerts, loops } from "./health.js";
import { follow } from "./stream.js";
import { themed } from "./theme.js";
import { alpha, compact, duration, micros, number, percent, plural, short, speed } from "./words.js";

function title({ subject }) {
  const { netuid, miner, model, architecture, digest, context_tokens, genesis, version, started_unix_ms } = subject;
  $("title").textContent = document.title = `Assay · miner on subnet ${netuid}`;
  $("subject").textContent = `Miner ${miner} · model ${model} (${architecture}, ${digest.slice(0, 12)}…), ${plural(context_tokens, "token")} of context · chain ${genesis.slice(0, 10)}… · running since ${new Date(started_unix_ms).toLocaleString("en-GB")} · Assay ${version}`;
}

function tiles({ subject, live, load }) {
  const { head, seat } = live;
  const taken = load.waiting + load.answering;
  $("tiles").replaceChildren(
    tile("requests are", live.serving ? "welcome" : "not welcome", live.endpoint ? `announced at ${live.endpoint}` : "nothing is announced"),
    tile("capacity in use", percent(load.capacity_used_ppm / 1e6), `in the last minute; ${number(taken)} of ${plural(subject.places, "place")} now`),
    tile("in the house", `${number(load.waiting)} + ${number(load.answering)}`, "waiting for a token, and being answered"),
    tile("batch", load.batch_milli === null ? "–" : (load.batch_milli / 1000).toFixed(1), load.slots === null ? "the model has no steps" : `sequences a step, of ${plural(load.slots, "slot")}`),
    tile("requests/s", speed(load.requests_per_second_milli), "in the last minute"),
    tile("tokens/s", speed(load.tokens_per_second_milli), "in the last minute"),
    tile("seat", seat ? `uid ${seat.uid}` : "none", seat ? `incentive ${percent(seat.incentive / 65535, 2)}, ${alpha(seat.emission_rao)} alpha at the last epoch` : "the subnet doesn't know this hotkey"),
    tile("metagraph", head ? number(head.number) : "–", head ? `read ${duration(Math.max(0, live.made_unix_ms - head.seen_unix_ms))} ago` : "not read yet"),
  );
}

/** A bar for each minute, the newest on the right. */
function minutes(place, values, most, label, words) {
  const wide = room(place);
  const step = (wide - LEFT - 6) / 60;
  const bars = values.map((value, at) => {
    const height = Math.min(110, (110 * value) / Math.max(most, 1e-9));
    const ago = values.length - 1 - at;
    return svg("rect", { x: wide - (ago + 1) * step, y: 120 - height, width: Math.max(1, step - 2), height, fill: tint("accent") }, svg("title", {}, `${label(value)}, ${ago === 0 ? "this minute" : `${plural(ago, "minute")} ago`}`));
  });
  const ends = [svg("text", { x: LEFT, y: 136 }, "an hour ago"), svg("text", { x: wide - 4, y: 136, "text-anchor": "end" }, "now")];
  picture(place, 140, words, ...grid(place, [[120, label(0)], [10, label(most)]]), ...bars, ...ends);
}

function history({ minutes: past }) {
  if (!past.length) {
    for (const place of ["capacity-picture", "tokens-picture"]) $(place).replaceChildren(empty("No minute is over yet."));
    return;
  }
  const used = past.map((minute) => minute.capacity_used_ppm / 1e6);
  minutes("capacity-picture", used, 1, (share) => percent(share, 0), `At most ${percent(Math.max(...used))} of the places were taken`);
  const tokens = past.map((minute) => minute.tokens);
  const most = Math.max(1, ...tokens);
  minutes("tokens-picture", tokens, most, compact, `At most ${plural(most, "token")} in a minute`);
}

function times({ times: { first_token_us, tokens_per_second_milli, request_us } }) {
  const small = (name, of) => [name, ...["p50", "p90", "p99"].map((key) => micros(of?.[key]))];
  const great = (name, of) => [name, ...["p50", "p10", "p01"].map((key) => speed(of?.[key]))];
  $("times-table").replaceChildren(table("Half, nine tenths and 99 of a hundred were at least so good", ["<", "half", "nine tenths", "99 of a hundred"], [small("to the first token", first_token_us), small("to the end", request_us), great("tokens/s of an answer", tokens_per_second_milli)]));
}

function gpus({ gpus: { state, trouble, driver, list } }) {
  const words = { unasked: "Not asked yet.", no_driver: "No NVIDIA driver.", failed: `NVIDIA's driver doesn't answer: ${trouble}.`, ok: "The driver knows no GPU." };
  if (!list.length) return $("gpu-table").replaceChildren(empty(words[state] ?? state));
  const gib = (bytes) => (bytes === null ? "–" : `${(bytes / 2 ** 30).toFixed(1)} GiB`);
  const watts = (milli) => (milli === null ? "–" : `${Math.round(milli / 1000)} W`);
  const known = (value, unit) => (value === null ? "–" : `${value} ${unit}`);
  const rows = list.map((gpu) => [String(gpu.index), gpu.name, known(gpu.utilisation_percent, "%"), bar(gpu.utilisation_percent / 100, "accent", "faint"), `${gib(gpu.memory_used_bytes)} of ${gib(gpu.memory_total_bytes)}`, bar(gpu.memory_used_bytes / gpu.memory_total_bytes, "accent", "faint"), `${watts(gpu.power_milliwatts)} of ${watts(gpu.power_limit_milliwatts)}`, known(gpu.temperature_celsius, "°C")]);
  $("gpu-table").replaceChildren(table(`As driver ${driver ?? "–"} says, self-reported`, ["gpu", "<name", "busy", "<", "memory", "<", "power", "temperature"], rows));
}

function askers({ askers: all, live }) {
  if (!all.length) return $("asker-table").replaceChildren(empty("Nobody has asked yet."));
  const rows = all.map((asker) => [el("span", { class: "hash", title: asker.hotkey }, short(asker.hotkey)), String(asker.uid), asker.validator_permit ? "validator" : "–", number(asker.requests), number(asker.tokens), `${duration(Math.max(0, live.made_unix_ms - asker.last_unix_ms))} ago`]);
  $("asker-table").replaceChildren(table("Whoever asked last, the busiest first; more than these are not kept", ["<hotkey", "uid", "<permit", "requests", "tokens", "last"], rows));
}

function outcomes({ outcomes: counts }) {
  const rows = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  $("outcomes").replaceChildren(total ? table(`${plural(total, "request")} since the start, those that were turned away included`, ["<outcome", "number", "share", "<"], rows.map(([name, count]) => [name, number(count), percent(count / total), bar(count / total, "accent", "faint")])) : empty("No request yet."));
}

const DRAWN = [
  [title, ["subject"]],
  [tiles, ["subject", "live", "load"]],
  [alerts, ["live"]],
  [loops, ["live"]],
  [history, ["minutes"]],
  [times, ["times"]],
  [gpus, ["gpus"]],
  [askers, ["askers", "live"]],
  [outcomes, ["outcomes"]],
];

let seen = null;

follow(
  "miner",
  (all, changed) => {
    seen = all;
    for (const [draw, parts] of DRAWN) if (parts.some((part) => changed.has(part))) draw(all);
    document.body.dataset.drawn = "true";
  },
  told,
);
resized(() => seen && history(seen));
themed();
