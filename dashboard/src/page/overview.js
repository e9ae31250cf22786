// What stands above and below the table: tiles, alerts, verdicts, rounds, rows, loops.

import { bar } from "./chart.js";
import { $, el, empty, swatch, table, tile } from "./elements.js";
import { OUTCOMES, PROOFS, clock, duration, number, percent, plural } from "./words.js";

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

export function title({ subject }) {
  const { netuid, mechanism, validator, version, genesis, round_blocks } = subject;
  const of = mechanism === 0 ? `subnet ${netuid}` : `subnet ${netuid}, mechanism ${mechanism}`;
  $("title").textContent = `Assay · ${of}`;
  document.title = `Assay · ${of}`;
  $("subject").textContent = `As seen by validator ${validator} · chain ${genesis.slice(0, 10)}… · a round every ${plural(round_blocks, "block")} · Assay ${version}`;
}

export function tiles(seen) {
  const { live, neurons, miners, rounds, submissions } = seen;
  const { head, round } = live;
  const left = head && live.next_epoch_block ? Math.max(0, live.next_epoch_block - head.number) : null;
  const last = rounds.at(-1);
  const row = submissions.at(-1);
  const right = last ? last.outcomes.ok ?? 0 : 0;
  const pace = live.block_ms ? `a block every ${duration(live.block_ms)}` : null;
  $("tiles").replaceChildren(
    tile("finalised block", head ? number(head.number) : "–", head ? `${duration(Math.max(0, live.made_unix_ms - head.seen_unix_ms))} ago${pace ? `, ${pace}` : ""}` : "no block yet"),
    tile("next epoch", left === null ? "–" : `in ${plural(left, "block")}`, left === null ? null : `${live.block_ms ? `about ${duration(left * live.block_ms)}, ` : ""}epoch ${live.epoch_index ?? "–"}`),
    tile("seats", number(neurons.length), `${plural(miners.length, "measured miner")}, ${number(neurons.filter((neuron) => neuron.validator_permit).length)} with a permit`),
    round
      ? tile("round under way", `${number(round.ended)} of ${number(round.asked)} answered`, `round ${round.round} at block ${number(round.block)}`)
      : tile("last round", last ? `${number(right)} of ${number(last.scored)} right` : "–", last ? `round ${last.round} at block ${number(last.block)}` : "no round yet"),
    tile("last row", row ? row.state : "–", row ? `epoch ${row.epoch_index}${row.block ? `, block ${number(row.block)}` : ""}` : "none set yet"),
    tile("chain", live.chain_errors === 0 ? "no errors" : plural(live.chain_errors, "error"), live.chain_url),
  );
}

function counted(place, caption, names, counts) {
  const total = sum(Object.values(counts));
  const rows = names.filter(([word]) => counts[word]).map(([word, name, colour]) => {
    const share = counts[word] / total;
    return [el("span", {}, swatch(colour), name), number(counts[word]), percent(share), bar(share, colour)];
  });
  $(place).replaceChildren(total ? table(`${caption}, ${plural(total, "request")}`, ["<", "number", "share", "<"], rows) : empty("No round yet."));
}

export function verdicts({ rounds }) {
  const add = (key) => {
    const counts = {};
    for (const round of rounds) for (const [word, count] of Object.entries(round[key])) counts[word] = (counts[word] ?? 0) + count;
    return counts;
  };
  const of = rounds.length === 1 ? "the last round" : `the last ${rounds.length} rounds`;
  counted("outcomes", `Requests of ${of}`, OUTCOMES, add("outcomes"));
  counted("proofs", `Proofs of ${of}`, PROOFS, add("proofs"));
}

export function rounds(seen) {
  if (!seen.rounds.length) return $("round-table").replaceChildren(empty("No round yet."));
  const down = (outcomes) => sum(OUTCOMES.slice(3).map(([word]) => outcomes[word] ?? 0));
  const rows = seen.rounds.slice(-20).reverse().map(({ round, block, started_unix_ms, took_ms, scored, outcomes }) => [
    number(round), number(block), clock(started_unix_ms), duration(took_ms), number(scored), number(outcomes.ok ?? 0), number(outcomes.wrong_output ?? 0), number(outcomes.bad_proof ?? 0), number(down(outcomes)),
  ]);
  $("round-table").replaceChildren(table("The newest first", ["round", "block", "began", "took", "asked", "right", "wrong output", "bad proof", "no answer"], rows));
}

export function submissions(seen) {
  if (!seen.submissions.length) return $("submissions").replaceChildren(empty("No row was planned yet."));
  const rows = seen.submissions.slice().reverse().map((row) => [
    number(row.epoch_index), el("span", { class: row.state === "verified" ? "ok" : row.state === "abandoned" ? "stale" : null }, row.reason ? `${row.state}: ${row.reason}` : row.state), number(row.planned_at_block), row.block === null ? "–" : number(row.block), number(row.uids), number(row.attempts),
  ]);
  $("submissions").replaceChildren(table("The newest first", ["epoch", "<state", "planned at", "block", "seats", "calls"], rows));
}
