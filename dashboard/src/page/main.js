// Which part of the document is drawn where.

import { resized } from "./chart.js";
import { told } from "./elements.js";
import { alerts, loops } from "./health.js";
import * as overview from "./overview.js";
import { Heat, emission, history, timeline } from "./pictures.js";
import { Seats } from "./seats.js";
import { follow } from "./stream.js";
import { themed } from "./theme.js";

let seen = null;
const heat = new Heat();
const seats = new Seats((chosen) => seen && history(seen, chosen));

const skipped = ({ live }) => (live.skipped ? [`No weights for epoch ${live.skipped.epoch_index}: ${live.skipped.detail}`] : []);

/** What is drawn, and the parts that it shows. */
const DRAWN = [
  [overview.title, ["subject"]],
  [overview.tiles, ["live", "neurons", "miners", "rounds", "submissions"]],
  [(all) => alerts(all, skipped(all)), ["live"]],
  [loops, ["live"]],
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
  "subnet",
  (all, changed) => {
    seen = all;
    for (const [draw, parts] of DRAWN) if (parts.some((part) => changed.has(part))) draw(all);
    document.body.dataset.drawn = "true";
  },
  told,
);

resized(() => {
  if (!seen) return;
  history(seen, seats.chosen);
  timeline(seen);
  emission(seen);
});
themed(() => heat.draw());
