"""How fast an epoch and a replay are beside simulators in floating point: `python python/benches/yuma.py`.

PyPI has no simulator of Yuma (searched in November 2026: the packages named yuma are of other things, and bittensor computes it on
chain only), so three are written here: NumPy with whole matrices at a time; NumPy with the median of each seat by a bisection of its
own, the way of the simulators that can be found as repositories; and plain Python, lists and loops. They are approximations: floats,
no permits, no ties as the chain has them; what they give is compared with the chain's numbers. Minima and medians of several runs
each, one thread.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import assay  # noqa: E402
import numpy as np  # noqa: E402

KAPPA, KEPT, PRECISION = 0.5, 0.9, 1 / 100_000


def medians_at_once(rows: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The weighted median of every column, all bisections in step."""
    low, high = np.zeros(len(share)), np.ones(len(share))
    while (high - low).max() > PRECISION:
        middle = (low + high) / 2
        above = share @ (rows >= middle) > KAPPA
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return low


def medians_one_by_one(rows: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The same, column by column."""
    medians = np.zeros(len(share))
    for j, column in enumerate(rows.T):
        low, high = 0.0, 1.0
        while high - low > PRECISION:
            middle = (low + high) / 2
            if share[column >= middle].sum() > KAPPA:
                low = middle
            else:
                high = middle
        medians[j] = low
    return medians


def by_numpy(
    weights: np.ndarray,
    bonds: np.ndarray,
    stake: np.ndarray,
    medians: Callable[[np.ndarray, np.ndarray], np.ndarray] = medians_at_once,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Yuma 2 in float64: incentive, dividends and bonds."""
    share = stake / stake.sum()
    rows = weights.astype(np.float64)
    np.fill_diagonal(rows, 0)
    rows /= rows.sum(axis=1, keepdims=True)
    consensus = medians(rows, share)
    consensus /= consensus.sum()
    clipped = np.minimum(rows, consensus)
    ranks = share @ clipped
    incentive = ranks / ranks.sum()
    fresh = clipped * share[:, None]
    fresh /= np.maximum(fresh.sum(axis=0), 1e-30)
    old = bonds.astype(np.float64)
    old /= np.maximum(old.sum(axis=0), 1e-30)
    average = (1 - KEPT) * fresh + KEPT * old
    average /= np.maximum(average.sum(axis=0), 1e-30)
    dividends = average @ incentive
    return incentive, dividends / dividends.sum(), average / np.maximum(average.max(axis=0), 1e-30)


def by_python(weights: list[list[int]], bonds: list[list[int]], stake: list[int]) -> tuple[list[float], list[float]]:
    """The same with lists and loops: the weighted median by sorting each column."""
    n, total = len(stake), sum(stake)
    share = [one / total for one in stake]
    rows = []
    for i, row in enumerate(weights):
        counted = [0 if j == i else value for j, value in enumerate(row)]
        whole = sum(counted)
        rows.append([value / whole for value in counted])
    consensus = []
    for j in range(n):
        votes = sorted((rows[i][j], share[i]) for i in range(n))
        below, median = 0.0, 0.0
        for value, weight in votes:
            below += weight
            if below >= 1 - KAPPA:
                median = value
                break
        consensus.append(median)
    whole = sum(consensus)
    consensus = [value / whole for value in consensus]
    clipped = [[min(value, consensus[j]) for j, value in enumerate(row)] for row in rows]
    ranks = [sum(share[i] * clipped[i][j] for i in range(n)) for j in range(n)]
    whole = sum(ranks)
    incentive = [rank / whole for rank in ranks]
    dividends = [0.0] * n
    for j in range(n):
        fresh = [clipped[i][j] * share[i] for i in range(n)]
        sum_fresh, sum_old = sum(fresh) or 1.0, sum(bonds[i][j] for i in range(n)) or 1.0
        column = [(1 - KEPT) * fresh[i] / sum_fresh + KEPT * bonds[i][j] / sum_old for i in range(n)]
        whole = sum(column) or 1.0
        for i in range(n):
            dividends[i] += column[i] / whole * incentive[j]
    whole = sum(dividends)
    return incentive, [one / whole for one in dividends]


def replay_by_python(answers: list[tuple[int, str, int, int, int]], rows: dict[int, list[str]]) -> list[list[float]]:
    """The scoring rule of the log's rules in floats: accuracy times speed, an EMA of each miner, squares as weights. It checks
    nothing: neither hashes nor challenges nor seals.
    """
    standing: dict[str, float] = {}
    weights = []
    rounds = sorted(rows)
    due = 0
    for round_, miner, answered, matched, latency_us in answers:
        while due < len(rounds) and rounds[due] < round_:
            weights.append(weigh(standing, rows[rounds[due]]))
            due += 1
        score = 0.0
        if answered and matched / answered >= 0.9:
            speed = math.sqrt((100_000 + 5_000 * answered) / max(latency_us, 1))
            score = matched / answered * max(min(1.0, speed), 0.5)
        rate = 0.1 if score else 0.3
        standing[miner] = standing.get(miner, 0.0) * (1 - rate) + score * rate
    weights += [weigh(standing, rows[round_]) for round_ in rounds[due:]]
    return weights


def weigh(standing: dict[str, float], miners: list[str]) -> list[float]:
    squares = [standing.get(miner, 0.0) ** 2 for miner in miners]
    largest = max(squares) or 1.0
    return [square / largest for square in squares]


def timed(work: Callable[[], Any], runs: int) -> list[float]:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return times


def said(name: str, times: list[float], beside: list[float] | None = None) -> None:
    middle, ratio = statistics.median(times), ""
    if beside is not None:
        ratio = f"   {min(times) / min(beside):7.1f}x by minima, {middle / statistics.median(beside):7.1f}x by medians"
    print(f"  {name:<34} {min(times) * 1e3:9.2f} ms min {middle * 1e3:9.2f} ms median{ratio}")


def epochs(n: int, runs: int) -> None:
    numbers = np.random.default_rng(7)
    # Validators that agree more or less, as they do on chain.
    quality = numbers.integers(1_000, 60_000, n)
    weights = np.clip(quality + numbers.normal(0, 3_000, (n, n)), 1, 65_535).astype(np.uint16)
    bonds = numbers.integers(0, 65_536, (n, n), np.uint16)
    stake = numbers.integers(2**40, 2**50, n, np.uint64)
    given = {"bonds": bonds, "max_allowed_validators": n, "kappa": 32_767}
    print(f"one epoch of Yuma 2, {n} x {n}, every seat a validator that weighs every seat")
    ours = timed(lambda: assay.epoch(weights, stake, **given), runs * 5)
    said("assay.epoch", ours)
    said("the same, Yuma 3", timed(lambda: assay.epoch(weights, stake, yuma3=True, **given), runs * 5))
    floats = stake.astype(np.float64)
    said("NumPy, float64, vectorised", timed(lambda: by_numpy(weights, bonds, floats), runs * 3), ours)
    said("NumPy, a bisection for each seat", timed(lambda: by_numpy(weights, bonds, floats, medians_one_by_one), runs), ours)
    lists = weights.tolist(), bonds.tolist(), stake.tolist()
    said("plain Python, floats", timed(lambda: by_python(*lists), runs), ours)

    found = assay.epoch(weights, stake, **given)
    each = by_numpy(weights, bonds, floats, medians_one_by_one)[:2]
    others = {"NumPy": by_numpy(weights, bonds, floats)[:2], "NumPy by seats": each, "Python": by_python(*lists)}
    for name, (incentive, dividends) in others.items():
        off = [
            np.abs(np.array(incentive) - found.incentive / 65_535).max(),
            np.abs(np.array(dividends) - found.dividends / 65_535).max(),
        ]
        print(f"  {name} is off by up to {off[0]:.1e} of the incentive and {off[1]:.1e} of the dividends")
        assert max(off) < 1e-3, "not the same rule"


def logs(log: Path, runs: int) -> None:
    table = assay.load(log).table
    replay = assay.replay(table)
    scores = replay.scores
    answers = answers_of(log)
    rows: dict[int, list[str]] = {}
    for round_, miner in zip(replay.weights["round"].to_pylist(), replay.weights["miner"].to_pylist()):
        rows.setdefault(round_, []).append(miner)
    print(f"a log of {replay.records} records, {scores.num_rows} answers of {replay.standings.num_rows} miners")
    sweep = timed(lambda: assay._assay.sweep(table, ["{}"] * 100), runs)
    per_rules = [one / 100 for one in sweep]
    full = timed(lambda: assay.replay(table), runs)
    python = timed(lambda: replay_by_python(answers, rows), runs)
    said("assay.sweep, for each of 100 rules", per_rules)
    said("plain Python, floats, no checks", python, per_rules)
    said("assay.replay, with every check", full)
    said("plain Python, floats, no checks", python, full)
    said("plain Python that also reads JSON", timed(lambda: replay_by_python(answers_of(log), rows), max(1, runs // 3)), full)
    ours = replay.weights["weight"].to_numpy() / 65_535
    off = np.abs(np.concatenate([np.array(row) for row in replay_by_python(answers, rows)]) - ours).max()
    print(f"  plain Python is off by up to {off:.1e} of a weight")
    assert off < 1e-3, "not the same rule"


def answers_of(log: Path) -> list[tuple[int, str, int, int, int]]:
    answers = []
    for line in log.open():
        scored = json.loads(line)["record"].get("scored")
        if scored:
            evidence = scored["evidence"]
            tokens = (evidence["check"] or {}).get("tokens", {"answered": 0, "matched": 0})
            answers.append(
                (scored["round"], scored["miner"]["hotkey"], tokens["answered"], tokens["matched"], evidence["latency_us"])
            )
    return answers


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seats", type=int, default=256)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--log", type=Path, default=Path(__file__).parents[1] / "tests/fixtures/log.jsonl",
                           help="lines of JSON; a longer one: cargo run --release -p assay-scoring --example log -- 256 20 12")
    given = arguments.parse_args()
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}, {os.cpu_count()} CPUs")
    epochs(given.seats, given.runs)
    logs(given.log, given.runs)


if __name__ == "__main__":
    main()
