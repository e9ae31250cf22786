"""Who holds, who decides, who copies: known answers, and what is refused."""

from __future__ import annotations

from typing import Any

import assay
import numpy as np
import pytest
import scipy.sparse
from assay import concentration


def test_indices_are_the_textbooks() -> None:
    # `ineq::Gini(c(1, 2, 3, 4, 5))` in R, and shares by hand.
    amounts = [1, 2, 3, 4, 5]
    assert concentration.gini(amounts) == pytest.approx(4 / 15)
    assert concentration.herfindahl(amounts) == pytest.approx(55 / 225)
    assert [concentration.nakamoto(amounts, share) for share in (0.33, 0.5, 0.6, 0.8, 1.0)] == [1, 2, 3, 4, None]
    assert concentration.nakamoto([1, 1]) == 2, "half isn't more than half"
    found = concentration.Concentration([500, 250, 250, 0])
    assert (found.n, found.holders, found.herfindahl, found.gini) == (4, 3, 0.375, 0.375)
    assert (found.nakamoto_33, found.nakamoto_50, found.largest_share) == (1, 2, 0.5)
    assert found.effective == pytest.approx(1 / 0.375) and found == concentration.Concentration([2, 1, 1, 0])
    assert concentration.total_variation([3, 1], [1, 1]) == 0.25


def test_the_curve_and_the_coefficient_agree() -> None:
    amounts = np.random.default_rng(1).pareto(1.2, 100)
    holders, held = concentration.lorenz(amounts)
    assert len(holders) == 101 and (holders[0], held[0], holders[-1]) == (0.0, 0.0, 1.0)
    assert 1 - 2 * np.trapezoid(held, holders) == pytest.approx(concentration.gini(amounts))


@pytest.mark.parametrize("kind", [np.uint16, np.uint64, np.float64, np.int64, np.float32, list])
def test_amounts_of_any_type_are_read(kind: Any) -> None:
    amounts = [7, 7, 0, 7, 7] if kind is list else np.array([7, 0, 7, 0, 0, 0, 7, 0, 7, 0], kind)[::2]
    assert concentration.herfindahl(amounts) == 0.25
    assert concentration.gini(amounts) == pytest.approx(0.2)


def test_nothing_and_nonsense() -> None:
    assert concentration.herfindahl([]) == concentration.gini([0, 0]) == 0.0
    assert concentration.nakamoto([]) is None
    assert [line.tolist() for line in concentration.lorenz([0])] == [[0.0], [0.0]]
    for wrong in (np.nan, np.inf, -1.0):
        assert np.isnan(concentration.herfindahl([1.0, wrong])) and np.isnan(concentration.gini([1.0, wrong]))
        assert concentration.Concentration([1.0, wrong]).nakamoto_50 is None
    with pytest.raises(assay.AssayError, match="amounts: a list is no sequence of f64"):
        concentration.gini(["a"])
    with pytest.raises(assay.AssayError, match="amounts: an array of float64 and shape"):
        concentration.gini(np.zeros((2, 2)))
    with pytest.raises(assay.AssayError, match="first: a list is no sequence of u16"):
        concentration.total_variation([70_000], [1])


def test_a_majority_moves_all() -> None:
    weights = np.zeros((5, 5), np.uint16)
    weights[0, 2] = weights[1, 3] = 65_535
    stake = [60, 40, 0, 0, 0]
    found = concentration.influence(weights, stake)
    assert found.uids.tolist() == [0, 1] and found.stake.tolist() == pytest.approx([0.6, 0.4])
    assert found.incentive.tolist() == [1.0, 0.0] and found.pivotal.tolist() == [2, 0]
    # It is what two epochs say.
    epochs = [assay.epoch(weights, stake), assay.epoch(weights, [0, 40, 0, 0, 0])]
    assert concentration.total_variation(*(one.incentive for one in epochs)) == 1.0
    sparse = concentration.influence(scipy.sparse.csr_array(weights), stake)
    assert sparse.incentive.tolist() == [1.0, 0.0]
    silent = concentration.influence(weights, stake, validator_permits=[False, True, False, False, False])
    assert silent.uids.tolist() == [1] and silent.incentive.tolist() == [1.0]
    with pytest.raises(assay.EpochError, match="last_update: 1 entries for 5 seats"):
        concentration.influence(weights, stake, last_update=[1])


def history(seed: int, lag: int, copiers: int = 2) -> np.ndarray:
    """Rows of validators who measure miners that drift, and of copiers who set the median of what was revealed."""
    numbers = np.random.default_rng(seed)
    epochs, honest, miners = 50, 8, 24
    quality = np.cumsum(numbers.normal(0, 0.1, (epochs, 1, miners)), axis=0)
    measured = np.exp(quality + numbers.normal(0, 0.1, (epochs, honest, miners)))
    rows = measured / measured.max(axis=2, keepdims=True) * 65_535
    old = np.median(rows[np.maximum(np.arange(epochs) - lag, 0)], axis=1, keepdims=True)
    return np.concatenate([rows, np.repeat(old, copiers, axis=1)], axis=1).astype(np.uint16)


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_copiers_are_found(lag: int) -> None:
    found = assay.copying(history(7, lag))
    assert [one.validator for one in found] == list(range(10))
    assert [one.verdict for one in found[8:]] == ["copies"] * 2 and {one.lag for one in found[8:]} == {lag}
    assert all(one.verdict != "copies" for one in found[:8])
    scores = [one.score for one in found]
    assert assay.statistics.roc(scores, [False] * 8 + [True] * 2).area == 1.0
    assert all(one.p_value < 0.001 for one in found[8:])
    # A stake for all is what none is; views are read as they lie.
    turned = np.ascontiguousarray(history(7, lag).transpose(2, 1, 0)).transpose(2, 1, 0)
    assert assay.copying(turned, stake=[1] * 10) == found


def test_rows_that_are_missing_or_stand_still() -> None:
    still = np.full((40, 3, 4), 9, np.uint16)
    assert {one.verdict for one in assay.copying(still)} == {"undecided"}
    still[:, 1] = 0
    assert [one.validator for one in assay.copying(still)] == [0, 2]
    assert assay.copying(np.zeros((0, 0, 0), np.uint16)) == []


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"max_lag": 0}, "max_lag is 0: 1 to 32 are possible"),
        ({"significance": float("nan")}, "significance has to be between 0 and 1"),
        ({"least_score": float("nan")}, "least_score is not a number"),
        ({"stake": [1]}, "stake: 1 entries for 10 validators"),
        ({"consensus": np.zeros((50, 3), np.uint16)}, "consensus: an array of uint16 and shape [50, 3]: it must be an aligned array uint16[50, 24]"),
    ],
)
def test_a_search_that_makes_no_sense_is_named(change: dict[str, Any], line: str) -> None:
    with pytest.raises(assay.AssayError) as raised:
        assay.copying(history(1, 1), **change)
    assert str(raised.value) == line
    with pytest.raises(assay.AssayError, match="weights: an array of float64 and shape"):
        assay.copying(np.zeros((2, 2, 2)))
