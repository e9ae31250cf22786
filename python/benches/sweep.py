"""How a sweep grows with Ray's workers: `python python/benches/sweep.py --log LOG`.

One local cluster of as many CPUs as the most workers; the same sweep on 1 and on N of them, in turn, several times. The results have
to be the same to the last bit, as those of a sweep without Ray.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import assay
import ray


def configs(count: int) -> list[dict]:
    """Rules that differ in what weighs most: smoothing, power, cap."""
    return [
        {
            "smoothing": {"kind": "ema", "success_rate_ppm": 20_000 + 1_000 * at, "failure_rate_ppm": 300_000, "prior_ppm": 0},
            "weights": {"kind": "proportional", "power": 1 + at % 4},
            "limits": {"cap_ppm": 100_000 + 4_000 * (at % 50)},
        }
        for at in range(count)
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--log", type=Path, required=True, help="lines of JSON or an archive")
    arguments.add_argument("--configs", type=int, default=200)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--runs", type=int, default=3)
    given = arguments.parse_args()

    loaded = assay.load(given.log)
    rules = configs(given.configs)
    start = time.perf_counter()
    expected = assay.sweep(loaded, rules)
    print(f"{len(loaded)} records, {len(rules)} configurations; without Ray, one thread: {time.perf_counter() - start:.2f} s")

    ray.init(num_cpus=given.workers, include_dashboard=False, log_to_driver=False)
    # Workers start and import once.
    assay.sweep(loaded, rules[: 8 * given.workers], ray=True)
    times: dict[int, list[float]] = {1: [], given.workers: []}
    for _ in range(given.runs):
        for workers in times:
            start = time.perf_counter()
            found = assay.sweep(loaded, rules, ray=True, workers=workers)
            times[workers].append(time.perf_counter() - start)
            assert found.equals(expected), "another result"
    for workers, all_ in times.items():
        print(f"Ray, {workers} workers: {min(all_):.2f} s min, {statistics.median(all_):.2f} s median")
    one, many = times[1], times[given.workers]
    print(f"{min(one) / min(many):.2f}x by minima, {statistics.median(one) / statistics.median(many):.2f}x by medians; same results")
    ray.shutdown()


if __name__ == "__main__":
    main()
