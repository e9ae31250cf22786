"""What decides money in a Bittensor-style subnet, from Python: the code that validators run, on NumPy and Arrow.

Everything is computed by the same Rust crate that scores answers, replays logs and runs Yuma on the embedded chain; results are
the chain's, bit for bit. Matrices are read where they lie and results are handed over as they are: nothing is copied in between.

Functions
---------
epoch, epoch_json
    One epoch of Yuma.
replay
    A score log, recomputed: its scores, rows of weights and standings as Arrow tables.
what_if
    The same log, judged by other rules.
sweep
    The same log under many rules, on one core, on several, or on a Ray cluster.
load
    A log in memory, for those who ask it more than once.

Classes
-------
Mechanism
    A subnet's rules at work on single answers.

Modules
-------
similarity, statistics, concentration, emission
    Measures of texts, tests of samples, how weights are spread, new coins.

Errors
------
AssayError
    What all errors are, a `ValueError` with one line of text: `EpochError`, `ReplayError`, `RulesError`, `StatisticsError`.
"""

from assay import concentration, emission, similarity, statistics
from assay._assay import (
    AssayError,
    Epoch,
    EpochError,
    Replay,
    ReplayError,
    RulesError,
    StatisticsError,
    WhatIf,
    epoch,
    epoch_json,
)
from assay._log import Log, load, replay, what_if
from assay._mechanism import Mechanism
from assay._sweep import sweep

__all__ = [
    "AssayError",
    "Epoch",
    "EpochError",
    "Log",
    "Mechanism",
    "Replay",
    "ReplayError",
    "RulesError",
    "StatisticsError",
    "WhatIf",
    "concentration",
    "emission",
    "epoch",
    "epoch_json",
    "load",
    "replay",
    "similarity",
    "statistics",
    "sweep",
    "what_if",
]
