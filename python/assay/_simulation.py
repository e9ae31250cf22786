"""A subnet on paper."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from typing import Any, Union

from assay import _assay
from assay._assay import Outcome, ScenarioError
from assay._rules import fractions, named, read

Scenario = Union[Mapping[str, Any], str, "os.PathLike[str]"]


def simulate(
    scenario: Scenario,
    *,
    runs: int | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Outcome:
    """Play a subnet on paper: agents under its rules, paid as the chain pays.

    Every point of a sweep is run as often as the scenario says, on all cores; where `run.best_response` is on, so is each alternative
    to honesty. A seed gives the same result on every machine. Ctrl-C ends it after the runs that are under way.

    Parameters
    ----------
    scenario : Mapping, str or os.PathLike
        A mapping with the keys of a scenario file, the path of such a TOML file, or TOML or JSON itself.
    runs : int, optional
        How many runs, each with a seed of its own, in place of the scenario's `run.runs`.
    epochs : int, optional
        Epochs of a run, in place of `run.epochs`.
    seed : int, optional
        The first run's seed, in place of `run.seed`.
    progress : callable, optional
        Called with the number of runs that are over and that of all, in this thread. What it raises ends the simulation.

    Returns
    -------
    Outcome
        Its `points`, one for each combination of swept settings, with series as arrays.

    Raises
    ------
    ScenarioError
        A scenario that makes no sense. The line names the setting.

    Examples
    --------
    >>> outcome = assay.simulate("configs/scenarios/sybil.toml", runs=4)          # doctest: +SKIP
    >>> outcome.points[0].groups["honest"].emission_alpha_per_epoch.mean          # doctest: +SKIP
    """
    return _assay.simulate(_text_of(scenario), runs=runs, epochs=epochs, seed=seed, progress=progress)


def _text_of(scenario: Scenario) -> str:
    if not isinstance(scenario, Mapping):
        return read(scenario)
    for key, number in fractions(scenario):
        if not math.isfinite(number):
            raise ScenarioError(f"{key} is {named(number)}: a scenario's numbers are finite")
    try:
        return json.dumps(scenario, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"not a scenario: {error}") from None


def _plain(value: Any) -> Any:
    """A number of NumPy's, or an array of them."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{value!r} has no place in it")
