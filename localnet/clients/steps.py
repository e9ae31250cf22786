"""Named steps of one client: a line of JSON each, and the exit code of them all.

A step is a function that raises where the chain is not what it says. A step given as `extra` is reported and not
required: it shows what is known not to work.
"""

import inspect
import json
import os
import signal
import sys
import traceback

# A client that waits for an answer that never comes would wait for ever.
SECONDS_A_STEP = 120


class Steps:
    def __init__(self, client, run=None):
        """`run` runs what an asynchronous step returns."""
        self.client = client
        self.run = run
        self.failed = False
        # Clients print as they please: what is written for a person goes to stderr, the lines stay alone.
        self.lines = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        signal.signal(signal.SIGALRM, _too_long)

    def __call__(self, step, extra=False):
        """Decorate a function: it runs at once."""

        def perform(function):
            error = None
            signal.alarm(SECONDS_A_STEP)
            try:
                result = function()
                if inspect.isawaitable(result):
                    self.run(result)
            except Exception as caught:
                traceback.print_exc()
                error = f"{type(caught).__name__}: {caught}".strip().splitlines()[0]
            finally:
                signal.alarm(0)
            if error and not extra:
                self.failed = True
            line = {"client": self.client, "step": step, "ok": error is None, "error": error, "extra": extra}
            print(json.dumps(line), file=self.lines, flush=True)
            return function

        return perform

    def finish(self):
        sys.exit(1 if self.failed else 0)


def equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def _too_long(*_):
    raise TimeoutError(f"no end after {SECONDS_A_STEP} s")
