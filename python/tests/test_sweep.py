"""Sweeps: the same on one core, on several and on Ray."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import assay
import pyarrow as pa
import pytest
from assay import _assay


def configs() -> list[dict]:
    powers = [{"weights": {"kind": "proportional", "power": power}} for power in (1, 3, 4)]
    caps = [{"limits": {"cap_ppm": cap}} for cap in range(200_000, 1_000_000, 100_000)]
    return [{}, *powers, *caps, {"weights": {"kind": "king_of_the_hill", "margin_ppm": 1, "alpha_ppm": 50_000}}]


def test_a_sweep_is_a_what_if_of_each(log: Path) -> None:
    swept = assay.sweep(log, configs())
    assert swept.num_rows == len(configs())
    for row, config in zip(swept.to_pylist(), configs()):
        assert row == assay.what_if(log, config).summary
    assert swept["changed"][0].as_py() == 0 and swept["distance"][0].as_py() == 0.0
    rounds, matrix = assay.replay(log).weights_matrix()
    last = {uid: weight for uid, weight in enumerate(matrix[-1].tolist()) if weight}
    assert dict(zip(swept["uids"][0].as_py(), swept["weights"][0].as_py())) == last
    assert swept["last_herfindahl"][0].as_py() == assay.concentration.herfindahl(matrix[-1])
    assert len(set(swept["rules"].to_pylist())) == len({str(config) for config in configs()})


def test_threads_change_nothing(log: Path, archive: Path) -> None:
    one = assay.sweep(log, configs())
    loaded = assay.load(log)
    assert assay.load(loaded) is loaded and len(loaded) == 235
    assert assay.sweep(loaded, configs()).equals(one)
    assert assay.replay(loaded).digest == assay.replay(log).digest
    for workers in (2, 3, 50):
        assert assay.sweep(archive, configs(), workers=workers).equals(one)


def test_no_configurations_are_an_empty_table(log: Path) -> None:
    empty = assay.sweep(log, [])
    assert empty.num_rows == 0 and empty.schema == assay.sweep(log, [{}]).schema


@pytest.mark.parametrize("workers", [None, 2])
def test_one_that_makes_no_sense_is_named(log: Path, workers: int | None) -> None:
    def line(*others: dict) -> str:
        with pytest.raises(assay.AssayError) as raised:
            assay.sweep(log, [{}, {}, *others], workers=workers)
        assert "\n" not in str(raised.value)
        return str(raised.value)

    nan = {"speed": {"kind": "latency", "start_us": float("nan")}}
    assert line(nan) == "configuration 2: speed.start_us is not a number: rules are whole numbers"
    assert line({}, {"limits": {"cap_ppm": 0}}).startswith("configuration 3: limits.cap_ppm is 0, but must be from ")
    assert line({"tasks": ["embed"]}) == "configuration 2: the log asked generate, and the other rules name none of it"


def test_a_log_that_is_no_log_is_not_swept(log: Path) -> None:
    with pytest.raises(assay.ReplayError):
        assay.sweep(assay.load(log).table.slice(1), [{}])
    with pytest.raises(ValueError, match="workers is 0"):
        assay.sweep(log, [{}], workers=0)


class Enough(Exception):
    pass


def test_a_signal_ends_it(log: Path) -> None:
    """The records after the header are ignored, but there are many of them."""
    table = assay.load(log).table.select(["record"]).combine_chunks()
    anchored = table.slice(table.num_rows - 1).to_batches()[0]
    many = pa.concat_batches([anchored] * 2_048)
    endless = pa.Table.from_batches([*table.slice(0, 1).to_batches(), *[many] * 100_000])

    def enough(*_: object) -> None:
        raise Enough

    before = signal.signal(signal.SIGALRM, enough)
    try:
        with pytest.raises(Enough):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            _assay.sweep(endless, ["{}"] * 8)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    stop = _assay.Stop()
    stop.set()
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        _assay.sweep(endless, ["{}"], 0, stop)


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray = pytest.importorskip("ray", reason="Ray has no wheel for this Python")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100 << 20)
    yield
    ray.shutdown()


@pytest.mark.usefixtures("cluster")
def test_ray_changes_nothing(log: Path, archive: Path) -> None:
    one = assay.sweep(log, configs())
    assert assay.sweep(archive, configs(), ray=True).equals(one)
    assert assay.sweep(log, configs(), ray=True, workers=1).equals(one)
    with pytest.raises(assay.ReplayError) as raised:
        assay.sweep(log, [{}, {"tasks": ["embed"]}], ray=True)
    assert str(raised.value) == "configuration 1: the log asked generate, and the other rules name none of it"
