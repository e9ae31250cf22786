// Pictures drawn in pixels of the page, as wide as the place they are in: letters are as large as elsewhere, on a phone too.

import { $, svg, tint } from "./elements.js";

/** Where bars and lines begin: numbers stand left of it. */
export const LEFT = 56;
/** A place that isn't laid out yet has no width. */
const NARROWEST = 280;

/** How wide a picture in this place is. */
export const room = (place) => Math.max(NARROWEST, $(place).clientWidth);

/** Put a picture of so many lines of pixels into a place; words say what it shows. */
export function picture(place, height, words, ...children) {
  const width = room(place);
  $(place).replaceChildren(svg("svg", { class: "picture", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words }, ...children));
}

/** Lines across a picture in this place, each with what stands beside it. */
export function grid(place, ticks) {
  return ticks.flatMap(([y, text]) => [
    svg("line", { x1: LEFT, x2: room(place), y1: y, y2: y, stroke: tint("faint") }),
    svg("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, text),
  ]);
}

/** A share as a bar on a line of a table. */
export const bar = (share, colour, ground = null) =>
  svg("svg", { class: "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" }, ground && svg("rect", { width: 100, height: 10, fill: tint(ground) }), svg("rect", { width: 100 * Math.min(1, share || 0), height: 10, fill: tint(colour) }));

/** Draw again when the page has become wider or narrower. */
export function resized(draw) {
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    draw();
  });
}
