"""Subnets on paper: what comes out, what is told meanwhile, and what is refused."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import assay
import numpy as np
import pytest

SCENARIOS = Path(__file__).parents[2] / "configs/scenarios"


def scenario(**others: Any) -> dict[str, Any]:
    return {
        "miners": [
            {"name": "honest", "count": 5, "cost_alpha_per_answer": 0.001},
            {"name": "cacher", "count": 1, "strategy": {"kind": "cacher"}},
        ],
        "validators": [{"name": "validator", "count": 3}],
        "run": {"epochs": 6, "runs": 3, "best_response": False},
        **others,
    }


def test_honest_miners_are_paid_and_a_cacher_is_not() -> None:
    outcome = assay.simulate(scenario())
    (point,) = outcome.points
    assert list(point.groups) == ["honest", "cacher", "validator"] and point.settings == {}
    honest, cacher = point.groups["honest"], point.groups["cacher"]
    assert (honest.side, honest.kind, honest.agents) == ("miners", "honest", 5.0)
    assert honest.emission_alpha.mean > 0 and cacher.emission_alpha.mean == 0.0
    assert honest.profit_alpha.mean == pytest.approx(honest.emission_alpha.mean - honest.cost_alpha.mean)
    assert honest.emission_alpha.low <= honest.emission_alpha.mean <= honest.emission_alpha.high
    series = honest.emission_alpha_per_epoch.mean
    assert series.dtype == np.float64 and point.until_epochs.tolist() == [1, 2, 3, 4, 5, 6]
    assert series.sum() == pytest.approx(honest.emission_alpha.mean)
    assert point.groups["validator"].validator_trust.mean.shape == (6,) and honest.validator_trust.mean.size == 0
    assert point.miners.nakamoto_50.mean[-1] == 3.0
    said = json.loads(outcome.json)["points"][0]
    assert said["summary"]["groups"][0]["emission_alpha_per_epoch"]["mean"] == series.tolist()


def test_a_seed_is_a_result(tmp_path: Path) -> None:
    one = assay.simulate(scenario())
    assert assay.simulate(scenario()).json == one.json != assay.simulate(scenario(), seed=9).json
    as_json = json.dumps(scenario())
    assert assay.simulate(as_json).json == one.json
    changed = scenario(run={"epochs": 6, "runs": 3, "best_response": False, "seed": 9})
    assert assay.simulate(changed).json == assay.simulate(scenario(), seed=9).json
    (short,) = assay.simulate(scenario(), runs=1, epochs=2).points
    assert (short.runs, short.epochs) == (1, 2) and short.groups["honest"].emission_alpha.low is None
    assert short.groups["honest"].seats.low.size == 0
    for path in (SCENARIOS / "sybil.toml", str(SCENARIOS / "sybil.toml"), (SCENARIOS / "sybil.toml").read_text()):
        assert len(assay.simulate(path, runs=1, epochs=1).points) > 1


def test_grids_and_responses() -> None:
    run = {"epochs": 4, "runs": 10}
    outcome = assay.simulate(scenario(run=run, sweep={"subnet.kappa": [np.int64(20_000), 40_000]}))
    assert [point.settings for point in outcome.points] == [{"subnet.kappa": 20_000}, {"subnet.kappa": 40_000}]
    responses = {one.alternative: one for one in outcome.points[0].responses if one.side == "miners"}
    assert responses["cacher"].verdict == "honest_is_better" and responses["cacher"].gain_alpha.high < 0
    assert responses["cacher"].p_value < 0.05


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    assay.simulate(scenario(), progress=lambda *numbers: told.append(numbers))
    assert told[-1] == (3, 3) and told == sorted(told)

    class Enough(Exception):
        pass

    def enough(*_: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        assay.simulate(scenario(), runs=100_000, progress=enough)


def test_a_signal_ends_it() -> None:
    class Enough(Exception):
        pass

    def enough(*_: object) -> None:
        raise Enough

    before = signal.signal(signal.SIGALRM, enough)
    try:
        with pytest.raises(Enough):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            assay.simulate(scenario(), runs=100_000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def honest(**others: Any) -> dict[str, Any]:
    return {"miners": [{"name": "honest", "count": 5, **others}]}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (scenario(validators=[]), "validators is empty: nobody would set weights"),
        ({}, "validators is empty: nobody would set weights"),
        ("[run]\nepochs = 3\n", "validators is empty: nobody would set weights"),
        (scenario(**honest(skill=float("nan"))), "miners.honest.skill is not a number: a scenario's numbers are finite"),
        (scenario(**honest(skill=np.float32("inf"))), "miners.honest.skill is inf: a scenario's numbers are finite"),
        (scenario(**honest(skill=1.5)), "miners.honest.skill is 1.5, but must be from 0 to 1"),
        (scenario(sweep={"subnet.kappa": [1, float("nan")]}), "sweep.subnet.kappa[1] is not a number: a scenario's numbers are finite"),
        (scenario(sweep={"subnet.kapa": [1]}), 'sweep."subnet.kapa": there is no such setting'),
        (scenario(incentive={"limits": {"cap_ppm": 0}}), "incentive.limits.cap_ppm: "),
        (scenario(run={"epoch": 3}), "unknown field `epoch`"),
        (scenario(run={"epochs": {1}}), "not a scenario: {1} has no place in it"),
        ("[run]\nepochs = 'x'\n", "line 2: invalid type"),
        ("[miners", "line 1: "),
    ],
)
def test_a_scenario_that_makes_no_sense_is_named(given: Any, line: str) -> None:
    with pytest.raises(assay.ScenarioError) as raised:
        assay.simulate(given)
    assert str(raised.value).startswith(line) and "\n" not in str(raised.value)


def test_not_a_number_in_a_file_is_named() -> None:
    text = (SCENARIOS / "sybil.toml").read_text()
    head = text[: text.index("[sweep]")] if "[sweep]" in text else text
    with pytest.raises(assay.ScenarioError) as raised:
        assay.simulate(head + '[sweep]\n"subnet.alpha_price_tao" = [0.1, nan]\n')
    assert str(raised.value) == 'sweep."subnet.alpha_price_tao" = NaN: not a finite number'
    with pytest.raises(assay.ScenarioError, match="run.epochs is 0, but must be from 1"):
        assay.simulate(text, epochs=0)
    with pytest.raises(FileNotFoundError):
        assay.simulate("missing.toml")
