// Which part of the document is drawn where.

import { $ } from "./elements.js";
import * as overview from "./overview.js";
import { Heat, emission, history, timeline } from "./pictures.js";
import { Seats } from "./seats.js";
import { follow } from "./stream.js";

let seen = null;
const heat = new Heat();
const seats = new Seats((chosen) => seen && history(seen, chosen));

/** What is drawn, and the parts that it shows. */
const DRAWN = [
  [overview.title, ["subject"]],
  [overview.tiles, ["live", "neurons", "miners", "rounds", "submissions"]],
  [overview.alerts, ["live"]],
  [overview.loops, ["live"]],
  [(all) => seats.take(all), ["neurons", "miners"]],
  [(all) => history(all, seats.chosen), ["miners", "rounds"]],
  [overview.verdicts, ["rounds"]],
  [timeline, ["rounds"]],
  [overview.rounds, ["rounds"]],
  [emission, ["neurons"]],
  [(all) => heat.take(all), ["weights", "neurons"]],
  [overview.submissions, ["submissions"]],
];

follow(
  (all, changed) => {
    seen = all;
    for (const [draw, parts] of DRAWN) if (parts.some((part) => changed.has(part))) draw(all);
    document.body.dataset.drawn = "true";
  },
  (state, words) => {
    const status = $("status");
    if (status.textContent !== words) status.textContent = words;
    status.className = `chip ${state}`;
  },
);

const dark = matchMedia("(prefers-color-scheme: dark)");
function theme(chosen) {
  if (chosen) document.documentElement.dataset.theme = chosen;
  const now = chosen || (dark.matches ? "dark" : "light");
  const other = now === "dark" ? "light" : "dark";
  $("theme").textContent = other === "dark" ? "Dark" : "Light";
  $("theme").setAttribute("aria-label", `Use ${other} colours`);
  $("theme").onclick = () => {
    try {
      localStorage.setItem("theme", other);
    } catch {
      // Kept for this page only.
    }
    theme(other);
  };
  // For what the browser draws around the page.
  $("ground").content = getComputedStyle(document.body).backgroundColor;
  heat.draw();
}
let kept = null;
try {
  kept = localStorage.getItem("theme");
} catch {
  // There is nothing to keep it in.
}
dark.addEventListener("change", () => theme(document.documentElement.dataset.theme));
theme(new URLSearchParams(location.search).get("theme") || kept);
