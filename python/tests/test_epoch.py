"""Epochs: the chain's own vectors, arrays of every layout, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import assay
import numpy as np
import pytest
import scipy.sparse

VECTORS = sorted((Path(__file__).parents[2] / "scoring/tests/fixtures/yuma").glob("*.json"))
VECTORS_ARE = [json.loads(path.read_text()) for path in VECTORS]


def rows_of(rows: dict[str, list[list[int]]], seats: int) -> tuple[Any, Any, Any]:
    """Compressed rows, in stored order."""
    listed = [rows.get(str(uid), []) for uid in range(seats)]
    indptr = np.cumsum([0, *map(len, listed)]).astype(np.int64)
    entries = [entry for row in listed for entry in row]
    indices = np.array([uid for uid, _ in entries], np.int32)
    return indptr.astype(np.int32), indices, np.array([value for _, value in entries], np.uint16)


def epoch_of(vector: dict[str, Any], dense: bool = False) -> assay.Epoch:
    given = dict(vector["input"])
    seats = len(given["stake"])
    matrices = {name: rows_of(given.pop(name), seats) for name in ("weights", "bonds")}
    if dense:
        for name, (indptr, indices, data) in matrices.items():
            matrices[name] = scipy.sparse.csr_array((data, indices, indptr), shape=(seats, seats)).toarray()
    liquid = given.pop("liquid_alpha", None)
    if liquid is not None:
        given["liquid_alpha"] = (liquid["alpha_low"], liquid["alpha_high"], liquid["sigmoid_steepness"])
    return assay.epoch(**matrices, **given)


def stored(bonds: tuple[Any, Any, Any]) -> dict[str, list[list[int]]]:
    indptr, indices, data = bonds
    rows = [list(map(list, zip(indices[a:b].tolist(), data[a:b].tolist()))) for a, b in zip(indptr, indptr[1:])]
    return {str(uid): row for uid, row in enumerate(rows)}


@pytest.mark.parametrize("vector", VECTORS_ARE, ids=[path.stem for path in VECTORS])
def test_every_vector_of_the_chain_comes_out_the_same(vector: dict[str, Any]) -> None:
    expected = vector["output"]
    assert json.loads(assay.epoch_json(json.dumps(vector["input"]))) == expected
    found = epoch_of(vector)
    for name in set(expected) - {"bonds"}:
        assert getattr(found, name).tolist() == expected[name], name
    named = {uid: row for uid, row in expected["bonds"].items() if row}
    assert {uid: row for uid, row in stored(found.bonds).items() if row} == named
    # No vector names a seat with 0: an array says the same.
    dense = epoch_of(vector, dense=True)
    for name in set(expected) - {"bonds"}:
        assert np.array_equal(getattr(dense, name), getattr(found, name)), name
    indptr, indices, data = found.bonds
    seats = len(expected["active"])
    assert np.array_equal(dense.bonds, scipy.sparse.csr_array((data, indices, indptr), shape=(seats, seats)).toarray())


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 10


def subnet(seats: int = 8, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    numbers = np.random.default_rng(seed)
    weights = numbers.integers(0, 65_536, (seats, seats), np.uint16)
    return weights, numbers.integers(1, 2**50, seats, np.uint64)


def same(one: assay.Epoch, other: assay.Epoch) -> bool:
    names = [name for name in dir(one) if not name.startswith("_")]
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)


def test_any_strides_are_read_in_place() -> None:
    weights, stake = subnet()
    expected = assay.epoch(weights, stake)
    wide = np.zeros((16, 24), np.uint16)
    wide[::2, ::3] = weights
    backwards = np.ascontiguousarray(weights[::-1, ::-1])[::-1, ::-1]
    read_only = weights.copy()
    read_only.flags.writeable = False
    for view in (np.asfortranarray(weights), wide[::2, ::3], backwards, read_only):
        assert same(assay.epoch(view, stake), expected)


def test_compressed_rows_of_every_type_say_the_same() -> None:
    weights, stake = subnet()
    rows = scipy.sparse.csr_array(weights)
    expected = assay.epoch(rows, stake)
    for indices in (np.uint16, np.int32, np.int64):
        parts = (rows.indptr.astype(indices), rows.indices.astype(indices), rows.data)
        found = assay.epoch(parts, stake)
        assert all(np.array_equal(a, b) for a, b in zip(found.bonds, expected.bonds))
        assert np.array_equal(found.dividends, expected.dividends)


def test_bonds_go_from_epoch_to_epoch() -> None:
    weights, stake = subnet()
    dense, sparse = assay.epoch(weights, stake), assay.epoch(scipy.sparse.csr_array(weights), stake)
    for _ in range(3):
        dense = assay.epoch(weights, stake, bonds=dense.bonds, yuma3=True)
        sparse = assay.epoch(scipy.sparse.csr_array(weights), stake, bonds=sparse.bonds, yuma3=True)
        assert np.array_equal(dense.dividends, sparse.dividends)
    assert dense.dividends.sum() > 65_000


def test_a_named_zero_is_not_nothing() -> None:
    stake = [10**12, 0, 0]
    bonds = (np.array([0, 2, 2, 2]), np.array([1, 2]), np.array([9_000, 9_000], np.uint16))
    named = (np.array([0, 2, 2, 2]), np.array([1, 2]), np.array([65_535, 0], np.uint16))
    unnamed = (np.array([0, 1, 1, 1]), np.array([1]), np.array([65_535], np.uint16))
    liquid = {"yuma3": True, "liquid_alpha": (45_875, 58_982, 1_000), "bonds": bonds}
    fading = stored(assay.epoch(named, stake, **liquid).bonds)["0"]
    assert [uid for uid, _ in fading] == [1, 2]
    assert [uid for uid, _ in stored(assay.epoch(unnamed, stake, **liquid).bonds)["0"]] == [1]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"weights": np.zeros((3, 3))}, "weights: an array of float64 and shape [3, 3]: it must be an aligned array uint16[n, n]"),
        ({"weights": np.zeros((3, 3), ">u2")}, "weights: an array of >u2 and shape [3, 3]: it must be"),
        ({"weights": np.zeros((3, 4), np.uint16)}, "weights: shape [3, 4] for 3 seats: it must be (3, 3)"),
        ({"weights": [[0]]}, "weights: a list: it must be"),
        ({"bonds": np.zeros(9, np.uint16)}, "bonds: an array of uint16 and shape [9]: it must be"),
        ({"bonds": (np.array([0, 1]), np.array([0]), np.array([1], np.uint16))}, "bonds: indptr has 2 entries for 3 seats"),
        ({"bonds": (np.array([0, 1, 0, 1]), np.array([0]), np.array([1], np.uint16))}, "bonds: indptr[2] does not follow"),
        ({"bonds": (np.array([0, 1, 1, 1]), np.array([3]), np.array([1], np.uint16))}, "bonds: indices[0] is no uid of 3 seats"),
        ({"bonds": (np.array([0, 1, 1, 1]), np.array([0]), np.array([1.0]))}, "bonds: data is an array of float64"),
        ({"stake": [1.5, 2, 3]}, "stake: a list is no sequence of u64"),
        ({"stake": np.array([-1, 0, 0])}, "stake: an array of int64 and shape [3] is no sequence of u64"),
        ({"last_update": [1]}, "last_update: 1 entries for 3 seats"),
        ({"owner_uid": 3}, "owner_uid: uid 3 in a subnet of 3 seats"),
    ],
)
def test_what_is_no_input_is_named(change: dict[str, Any], line: str) -> None:
    given: dict[str, Any] = {"weights": np.zeros((3, 3), np.uint16), "stake": [1, 2, 3], **change}
    with pytest.raises(assay.AssayError) as raised:
        assay.epoch(**given)
    assert str(raised.value).startswith(line) and "\n" not in str(raised.value)


def test_unaligned_memory_is_refused() -> None:
    memory = np.zeros(2 * 9 + 1, np.uint8)[1:].view(np.uint16).reshape(3, 3)
    with pytest.raises(assay.AssayError, match="aligned"):
        assay.epoch(memory, [1, 2, 3])


def test_a_subnet_without_seats_is_an_epoch() -> None:
    assert assay.epoch(np.zeros((0, 0), np.uint16), []).consensus.tolist() == []


def test_text_that_is_no_input_is_refused() -> None:
    for text in ("", "[]", '{"block": 1}', '{"block": NaN}'):
        with pytest.raises(assay.EpochError, match="not an epoch's input: "):
            assay.epoch_json(text)


LARGE = """
import resource, sys
import assay, numpy as np
n = 4096
weights = np.zeros((n, n), np.uint16); weights[:64] = np.arange(n, dtype=np.uint16)
bonds = np.zeros((n, n), np.uint16); bonds[:64] = 7
weights += 0; bonds += 0  # every page is there before it begins
stake = np.zeros(n, np.uint64); stake[:64] = 10**12
permits = np.arange(n) < 64
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assay.epoch(weights, stake, bonds=bonds, validator_permits=permits, yuma3=True)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, weights.nbytes // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_a_large_matrix_is_not_copied() -> None:
    run = subprocess.run([sys.executable, "-c", LARGE], check=True, capture_output=True, text=True)
    grown, matrix = map(int, run.stdout.split())
    assert grown < matrix, f"{grown} kB more, and a matrix has {matrix} kB"


def test_results_own_what_the_extension_made() -> None:
    weights, stake = subnet()
    found = assay.epoch(weights, stake)
    for name in ("consensus", "dividends", "incentive", "emission", "active"):
        array = getattr(found, name)
        # A view of a Rust vector: NumPy holds no memory of its own.
        assert not array.flags.owndata and array.base is not None
        assert np.shares_memory(array, getattr(found, name))
