// Numbers and names as people read them.

/** What became of a request: the word in the document, the name, the colour, and whether it was up. */
export const OUTCOMES = [
  ["ok", "right", "ok"],
  ["wrong_output", "wrong output", "wrong"],
  ["bad_proof", "bad proof", "proof"],
  ["timeout", "timeout", "down"],
  ["unreachable", "unreachable", "none"],
  ["refused", "refused", "unseen"],
  ["bad_signature", "bad signature", "other"],
  ["stale", "stale", "other"],
  ["malformed", "malformed", "other"],
];

/** What became of a proof. */
export const PROOFS = [
  ["holds", "holds", "ok"],
  ["differs", "differs", "wrong"],
  ["missing", "missing", "proof"],
  ["broken", "broken", "other"],
  ["unaudited", "not audited", "unseen"],
  ["not_asked", "output checked, no proof demanded", "down"],
  ["no_answer", "no answer to prove", "none"],
];

export const number = (value) => value.toLocaleString("en", { maximumFractionDigits: 0 });
/** In seven letters at most. */
export const compact = (value) => (value < 1e6 ? number(value) : value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 }));
export const percent = (share, digits = 1) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(share === 1 ? 0 : digits)} %`);
export const score = (nano) => (nano / 1e9).toFixed(3);
export const short = (address) => `${address.slice(0, 6)}…${address.slice(-4)}`;
export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Rao of alpha. */
export function alpha(rao) {
  const value = rao / 1e9;
  if (value === 0) return "0";
  return value >= 1000 ? number(value) : value.toFixed(value >= 1 ? 2 : 4);
}

/** Milliseconds. */
export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = seconds / 60;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  return minutes < 48 * 60 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1440).toFixed(1)} d`;
}

/** Microseconds. */
export const micros = (us) => (us === null || us === undefined ? "–" : us < 10_000 ? `${(us / 1000).toFixed(1)} ms` : duration(us / 1000));

/** Thousandths of a token a second. */
export const speed = (milli) => (milli === null || milli === undefined ? "–" : milli < 10_000 ? (milli / 1000).toFixed(1) : number(milli / 1000));

/** A moment, in milliseconds since 1970. */
export const clock = (unixMs) => new Date(unixMs).toLocaleTimeString("en-GB");
