// Whether the loops go on: what has to be seen at once, and the table.

import { $, el, table } from "./elements.js";
import { duration } from "./words.js";

/** Loops that don't go on, and other things to be said in words. */
export function alerts({ live }, notes = []) {
  const lines = live.loops
    .filter((loop) => loop.state !== "ok")
    .map((loop) => el("p", {}, loop.state === "stale" ? `${loop.name}: stands still for ${duration(loop.idle_seconds * 1000)}` : `${loop.name}: ${loop.trouble}`));
  lines.push(...notes.map((note) => el("p", { class: "note" }, note)));
  const words = (nodes) => nodes.map((node) => node.textContent).join("\n");
  // Said again by a screen reader only where it is something else.
  if (words(lines) !== words([...$("alerts").children])) $("alerts").replaceChildren(...lines);
}

export function loops({ live }) {
  const rows = live.loops.map((loop) => [loop.name, el("span", { class: loop.state }, loop.trouble ? `${loop.state}: ${loop.trouble}` : loop.state), `${duration(loop.idle_seconds * 1000)} ago`, duration(loop.stale_after_seconds * 1000)]);
  const head = live.head ? `Block ${live.head.number} is ${live.head.hash}.` : "No block was seen yet.";
  $("loops").replaceChildren(table(head, ["<loop", "<state", "went on", "stale after"], rows));
}
