// The document, kept up to date by events. "?once" in the address reads it once and leaves it.

/** No event for so long means that what is shown is old: they come every five seconds. */
const OLD_MS = 15_000;
/** A browser gives up where it is refused: the page doesn't. */
const AGAIN_MS = 10_000;

/** Calls show(document, names of changed parts) and tell(state, words) until the page is left. The document is /api/NAME.json. */
export function follow(name, show, tell) {
  let shown = null;
  let heard = 0;
  const take = (change) => {
    heard = Date.now();
    if (change.version !== undefined && change.version !== 1) {
      tell("old", `document version ${change.version}: load this page again`);
      return;
    }
    shown = { ...shown, ...change };
    show(shown, new Set(Object.keys(change)));
    tell("live", "live");
  };
  if (new URLSearchParams(location.search).has("once")) {
    const read = async () => {
      const answer = await fetch(`/api/${name}.json`);
      take(await answer.json());
      tell("waits", "read once");
    };
    read().catch(() => tell("old", "cannot be read"));
    return;
  }
  const listen = () => {
    const source = new EventSource("/api/events");
    for (const kind of [name, "changes"]) {
      source.addEventListener(kind, (event) => {
        const change = JSON.parse(event.data);
        if (kind === name) shown = null;
        take(change);
      });
    }
    source.onerror = () => {
      tell("old", shown ? "no connection: this is old" : "no connection");
      if (source.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MS);
    };
  };
  listen();
  setInterval(() => {
    const silent = Date.now() - heard;
    if (shown && silent > OLD_MS) tell("old", `no news for ${Math.round(silent / 1000)} s`);
  }, 1000);
}
