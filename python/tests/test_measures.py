"""Measures, tests and emission: that the binding says what the crate says, by known answers and SciPy."""

from __future__ import annotations

import json
from pathlib import Path

import assay
import numpy as np
import pytest
import scipy.stats
from assay import emission, similarity, statistics


def test_texts() -> None:
    assert similarity.exact("The answer: 42!", "answer 42") == 1.0
    assert similarity.exact(["a b", "c"], ["a b", "d"]).tolist() == [1.0, 0.0]
    assert similarity.exact_raw("a", "A") == 0.0 and similarity.normalise(" The U.S. ") == "us"
    assert similarity.chrf("same", "same") == 1.0
    found = similarity.rouge_1("the cat sat on a mat", "the cat was on the mat", words="ascii")
    assert (found.matched, found.candidate, found.reference) == (4, 6, 6)
    assert found.f_measure == pytest.approx(2 / 3, abs=1e-9) and found == similarity.rouge_1(
        "the cat sat on a mat", "the cat was on the mat"
    )
    assert similarity.rouge_l("on the mat", "the mat").recall == 1.0 and similarity.rouge_2("a", "a").matched == 0
    with pytest.raises(assay.AssayError, match="reference: 1 texts for 2 candidates"):
        similarity.chrf(["a", "b"], ["a"])
    with pytest.raises(assay.AssayError, match='words: "latin" is neither'):
        similarity.rouge_1("a", "a", words="latin")  # type: ignore[arg-type]


NUMBERS = np.random.default_rng(3)
FIRST, SECOND = NUMBERS.normal(0, 1, 30), NUMBERS.normal(0.5, 2, 25)


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_tests_are_scipys(alternative) -> None:
    stats = scipy.stats
    pairs = [
        (statistics.mann_whitney_u(FIRST, SECOND, alternative=alternative, method="normal"),
         stats.mannwhitneyu(FIRST, SECOND, alternative=alternative, method="asymptotic")),
        (statistics.welch_t(FIRST, SECOND, alternative=alternative),
         stats.ttest_ind(FIRST, SECOND, equal_var=False, alternative=alternative)),
        (statistics.wilcoxon_signed_rank(FIRST[:25], SECOND, alternative=alternative, method="exact"),
         stats.wilcoxon(FIRST[:25], SECOND, alternative=alternative, method="exact")),
    ]
    for ours, theirs in pairs:
        assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    swapped = {"less": "greater", "greater": "less"}.get(alternative, alternative)
    ours = statistics.ks_two_sample(FIRST, SECOND, alternative=alternative)
    theirs = stats.ks_2samp(FIRST, SECOND, alternative=swapped)
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    table = [[8, 2], [1, 5]]
    assert statistics.fisher_exact(table, alternative=alternative).p_value == pytest.approx(
        stats.fisher_exact(table, alternative=alternative).pvalue, rel=1e-9
    )


def test_samples_of_any_kind_are_read() -> None:
    expected = statistics.welch_t(FIRST, SECOND)
    assert expected.degrees is not None and expected.degrees > 20
    assert statistics.welch_t(FIRST.tolist(), SECOND[::-1][::-1]) == expected
    assert statistics.welch_t(np.repeat(FIRST, 2)[::2], SECOND) == expected
    assert statistics.welch_t([1, 2, 3], np.array([4, 5, 6])).p_value < 0.05
    assert statistics.ks_one_sample(FIRST, scipy.stats.norm.cdf).p_value > 0.05


def test_what_a_test_says_nothing_of_is_named() -> None:
    with pytest.raises(assay.StatisticsError, match="value 1 is not a number"):
        statistics.mann_whitney_u([1.0, float("nan")], [1.0])
    with pytest.raises(assay.StatisticsError, match="the values are all the same"):
        statistics.welch_t([1.0, 1.0], [1.0, 1.0])
    with pytest.raises(assay.StatisticsError, match="25 values can't be paired with 30"):
        statistics.wilcoxon_signed_rank(SECOND, FIRST)
    with pytest.raises(assay.StatisticsError, match="not a probability"):
        statistics.holm([0.5, 1.5])
    with pytest.raises(assay.StatisticsError, match="no test: it needs"):
        statistics.sprt([True], null=0.5, alternative=0.5)
    with pytest.raises(assay.AssayError, match='alternative: "up" is not one of'):
        statistics.welch_t(FIRST, SECOND, alternative="up")  # type: ignore[arg-type]
    with pytest.raises(ZeroDivisionError):
        statistics.ks_one_sample(FIRST, lambda value: 1 / 0)


def test_the_curve_is_scikit_learns() -> None:
    # The example of `sklearn.metrics.roc_curve` and `sklearn.metrics.auc`.
    curve = statistics.roc(np.array([0.1, 0.4, 0.35, 0.8]), [False, False, True, True])
    assert curve.false_positive_rate.tolist() == [0.0, 0.0, 0.5, 0.5, 1.0]
    assert curve.true_positive_rate.tolist() == [0.0, 0.5, 0.5, 1.0, 1.0]
    assert curve.thresholds.tolist() == [np.inf, 0.8, 0.4, 0.35, 0.1] and curve.area == 0.75
    labels = np.arange(55) < 30
    u = scipy.stats.mannwhitneyu(FIRST, SECOND).statistic
    assert statistics.roc(np.concatenate([FIRST, SECOND]), labels).area == pytest.approx(u / (30 * 25))
    with pytest.raises(assay.StatisticsError, match="value 1 is not a number"):
        statistics.roc([0.0, float("nan")], [True, False])
    with pytest.raises(assay.StatisticsError, match="2 values can't be paired with 1"):
        statistics.roc([0.0, 1.0], [True])


def test_adjustments_and_intervals() -> None:
    chances = [0.01, 0.04, 0.03, 0.005]
    assert statistics.holm(chances).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    expected = scipy.stats.false_discovery_control(chances)
    assert statistics.benjamini_hochberg(np.array(chances)).tolist() == pytest.approx(expected.tolist())
    interval = scipy.stats.binomtest(9, 10).proportion_ci(0.95, "wilson")
    assert statistics.wilson_interval(9, 10) == pytest.approx((interval.low, interval.high))
    assert statistics.wilson_lower_ppm(9, 10, 1_645) == 652_254
    assert statistics.wilson_lower(9, 10) == pytest.approx(0.652254, abs=1e-4)
    assert statistics.wilson_upper_ppm(1, 10, 1_645) == 1_000_000 - 652_254
    verdict = statistics.sprt(np.array([False] * 20), null=0.1, alternative=0.5)
    assert (verdict.verdict, verdict.after, verdict.sum_micro) == ("cleared", 8, None)
    assert statistics.sprt([True, False], null=0.1, alternative=0.5).verdict == "open"


def test_emission() -> None:
    assert emission.block_emission(0) == 10**9
    supply = 21 * 10**15
    issued = np.array([0, supply // 2 - 1, supply // 2, supply], np.uint64)
    assert emission.block_emission(issued).tolist() == [10**9, 10**9, 10**9 // 2, 0]
    assert emission.issuance_after(0, 100) == 100 * 10**9
    assert emission.issuance_after([0, 5], 1).tolist() == [10**9, 10**9 + 5]
    parts = emission.split(10**9, 10**12, owner_cut=None)
    assert (parts.server, parts.validator, parts.root, parts.owner_cut) == (5 * 10**8, 5 * 10**8, 0, 0)
    subnet, other = emission.Subnet(), emission.Subnet()
    subnet.advance(360)
    for _ in range(360):
        other.advance(1)
    assert subnet.alpha_issuance == other.alpha_issuance == 360 * 10**9
    waiting = subnet.pending
    assert waiting == other.drain() and other.pending.server == 0
    assert waiting.server + waiting.validator + waiting.owner_cut <= 360 * 10**9


def test_a_mechanism_scores_as_the_log_says(log: Path) -> None:
    records = [json.loads(line)["record"] for line in log.read_text().splitlines()]
    mechanism = assay.Mechanism(records[0]["header"]["rules"])
    scored = [record["scored"] for record in records if "scored" in record]
    expected = [one["score"] for one in scored]
    assert mechanism.score([one["evidence"] for one in scored]) == [nano / 1e9 for nano in expected]
    assert mechanism.score(scored[0]["evidence"]) == expected[0] / 1e9

    answers = [(one["evidence"]["check"]["tokens"], one) for one in scored if one["evidence"]["check"]]
    column = {
        "answered": np.array([check["answered"] for check, _ in answers], np.uint32),
        "matched": np.array([check["matched"] for check, _ in answers], np.uint32),
        "latency_us": np.array([one["evidence"]["latency_us"] for _, one in answers], np.uint64),
    }
    nano = mechanism.score_tokens(**column, first_token_us=[1_000] * len(answers), complete=[True] * len(answers))
    assert nano.dtype == np.uint32 and nano.tolist() == [one["score"] for _, one in answers]
    column["matched"][:] = 0
    assert mechanism.score_tokens(**column).sum() == 0
    with pytest.raises(assay.AssayError, match="matched: 1 entries for"):
        mechanism.score_tokens(column["answered"], [1], column["latency_us"])
    with pytest.raises(assay.RulesError, match="not the evidence of an answer"):
        mechanism.score({"outcome": "ok"})


def test_marks_are_scores() -> None:
    rules = {"gate": {"verifies": "answer"}, "quality": "reference_logprob", "speed": {"kind": "none"}}
    mechanism = assay.Mechanism(rules)
    assert mechanism.score_marks([8, 8], [10**9, 250_000_000], [5, 5]).tolist() == [10**9, 250_000_000]
    with pytest.raises(assay.AssayError, match="mark_nano: a mark is at most"):
        mechanism.score_marks([8], [10**9 + 1], [5])
