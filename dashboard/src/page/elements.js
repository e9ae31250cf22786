// Elements. Everything that a peer may have written goes in as text.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** An element of HTML; children are elements or text. */
export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** A colour of the style, as it is now. */
export const tint = (name) => `var(--${name})`;

/** A small square of a colour. */
export const swatch = (colour) =>
  svg("svg", { class: "swatch", viewBox: "0 0 10 10", "aria-hidden": "true" }, svg("rect", { width: 10, height: 10, rx: 2, fill: tint(colour) }));

/** What colours stand for. */
export const keys = (names) => names.map(([name, colour]) => el("span", {}, swatch(colour), name));

/** A table; cells are text or elements, and headings that begin with "<" are over names. */
export function table(caption, headings, rows) {
  const name = (heading) => heading.startsWith("<");
  const head = headings.map((heading) => el("th", { scope: "col", class: name(heading) ? "name" : null }, heading.replace("<", "")));
  const body = rows.map((cells) =>
    el("tr", {}, ...cells.map((cell, at) => el(at === 0 ? "th" : "td", { scope: at === 0 ? "row" : null, class: name(headings[at]) ? "name" : null }, cell))),
  );
  return el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body));
}

export const empty = (text) => el("p", { class: "empty" }, text);

/** How the connection is, where the page says it. */
export function told(state, words) {
  const status = $("status");
  if (status.textContent !== words) status.textContent = words;
  status.className = `chip ${state}`;
}

/** One figure with its name, and what is small beside it. */
export const tile = (name, value, small) => el("div", {}, el("dt", {}, name), el("dd", {}, value, small ? el("small", {}, small) : null));
