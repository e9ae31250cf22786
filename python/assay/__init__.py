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
simulate
    A subnet on paper: agents under its rules, paid as the chain pays.
copying
    Which validators repeat others' rows of earlier epochs.

Classes
-------
Mechanism
    A subnet's rules at work on single answers.

Modules
-------
similarity, statistics, concentration, emission, simulation
    Measures of texts, tests of samples, who holds and who decides, new coins, what a simulated subnet came to.

Errors
------
AssayError
    What all errors are, a `ValueError` with one line of text: `EpochError`, `ReplayError`, `RulesError`, `ScenarioError`,
    `StatisticsError`.
"""

from assay import concentration, emission, similarity, simulation, statistics
from assay._assay import (
    AssayError,
    Epoch,
    EpochError,
    Following,
    Outcome,
    Replay,
    ReplayError,
    RulesError,
    ScenarioError,
    StatisticsError,
    WhatIf,
    copying,
    epoch,
    epoch_json,
)
from assay._log import Log, load, replay, what_if
from assay._mechanism import Mechanism
from assay._simulation import simulate
from assay._sweep import sweep

__all__ = [
    "AssayError",
    "Epoch",
    "EpochError",
    "Following",
    "Log",
    "Mechanism",
    "Outcome",
    "Replay",
    "ReplayError",
    "RulesError",
    "ScenarioError",
    "StatisticsError",
    "WhatIf",
    "concentration",
    "copying",
    "emission",
    "epoch",
    "epoch_json",
    "load",
    "replay",
    "similarity",
    "simulate",
    "simulation",
    "statistics",
    "sweep",
    "what_if",
]
