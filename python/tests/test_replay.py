"""Logs: from lines, archives and tables, whole and damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import assay
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HILL = {"weights": {"kind": "king_of_the_hill", "margin_ppm": 20_000, "alpha_ppm": 50_000}}


def records_of(log: Path) -> list[dict]:
    return [json.loads(line)["record"] for line in log.read_text().splitlines()]


def test_a_replay_says_what_the_lines_say(log: Path) -> None:
    replay = assay.replay(log)
    records = records_of(log)
    kinds = [next(iter(record)) for record in records]
    assert replay.counts == {
        "rounds": kinds.count("round"),
        "scored": kinds.count("scored"),
        "weights": kinds.count("weights"),
        "landed": kinds.count("landed"),
        "seals": kinds.count("seal"),
        "anchored": kinds.count("anchored"),
    }
    assert replay.records == len(records) and replay.header == records[0]["header"]
    assert replay.head == json.loads(log.read_text().splitlines()[-1])["hash"]

    scored = [record["scored"] for record in records if "scored" in record]
    scores = replay.scores
    assert scores["score_nano"].to_pylist() == [one["score"] for one in scored]
    assert scores["miner"].to_pylist() == [one["miner"]["hotkey"] for one in scored]
    assert scores["outcome"].to_pylist() == [one["evidence"]["outcome"] for one in scored]
    assert scores["first_token_us"].to_pylist() == [one["evidence"]["first_token_us"] for one in scored]

    rows = [record["weights"] for record in records if "weights" in record]
    entries = [(row["round"], uid, value) for row in rows for uid, value in row["weights"]]
    columns = replay.weights.select(["round", "uid", "weight"]).to_pydict().values()
    assert list(zip(*columns)) == entries
    rounds, matrix = replay.weights_matrix()
    assert rounds.tolist() == [row["round"] for row in rows] and matrix.dtype == np.uint16
    assert all(matrix[at, uid] == value for at, row in enumerate(rows) for uid, value in row["weights"])

    landed = [record["landed"] for record in records if "landed" in record]
    assert replay.landed["block"].to_pylist() == [one["block"]["number"] for one in landed]
    held = zip(replay.landed["uids"].to_pylist(), replay.landed["weights"].to_pylist())
    assert [list(map(list, zip(*row))) for row in held] == [one["weights"] for one in landed]

    checks = [one["evidence"]["check"] or {} for one in scored]
    assert replay.checks["seq"].to_pylist() == scores["seq"].to_pylist()
    assert replay.checks["kind"].to_pylist() == [next(iter(check), None) for check in checks]
    for name in ("answered", "matched", "complete", "margin_micro", "peak_micro"):
        said = [check.get(name) for found in checks for check in found.values() or [{}]]
        assert replay.checks[name].to_pylist() == said, name
    assert replay.standings.num_rows == 6 and sum(replay.standings["answers"].to_pylist()) == len(scored)


def test_tables_are_handed_over_as_they_are(log: Path) -> None:
    replay = assay.replay(log)
    addresses = [replay.scores["score_nano"].chunk(0).buffers()[1].address for _ in range(2)]
    assert addresses[0] == addresses[1]
    numbers = replay.scores["seq"].chunk(0).to_numpy(zero_copy_only=True)
    assert numbers.ctypes.data == replay.scores["seq"].chunk(0).buffers()[1].address


def test_lines_archives_and_tables_are_one_log(log: Path, archive: Path) -> None:
    lines = assay.replay(log)
    table = assay.load(log).table
    small = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=7))
    large = table.set_column(2, "record", table["record"].cast(pa.large_binary()))
    parts = sorted(archive.glob("*.parquet"))
    assert len(parts) > 1
    whole = pa.concat_tables([pq.read_table(part) for part in parts])
    assert set(whole.column_names) > {"kind", "miner", "score_nano"}
    for source in (str(log), archive, table, small, large, whole, table.combine_chunks().to_batches()[0]):
        other = assay.replay(source)
        assert (other.digest, other.head, other.records) == (lines.digest, lines.head, lines.records)
        assert other.scores == lines.scores
    # The archive's own readable columns are the same.
    scored = whole.filter(pa.compute.equal(whole["kind"], "scored"))
    for name in ("seq", "round", "registered", "latency_us", "first_token_us", "score_nano"):
        assert scored[name].to_pylist() == lines.scores[name].to_pylist(), name
    assert scored["miner"].to_pylist() == lines.scores["miner"].to_pylist()


def one_line(raised: pytest.ExceptionInfo[BaseException]) -> str:
    text = str(raised.value)
    assert text and "\n" not in text and "Traceback" not in text
    return text


def test_a_log_that_is_cut_short_is_found(log: Path, tmp_path: Path) -> None:
    text = log.read_bytes()
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(text[: len(text) // 2])
    line = text[: len(text) // 2].count(b"\n") + 1
    with pytest.raises(assay.ReplayError) as raised:
        assay.replay(cut)
    assert one_line(raised) == f"line {line} of the score log: cut off in the middle"
    cut.write_bytes(b"")
    with pytest.raises(assay.ReplayError, match="the score log is empty"):
        assay.replay(cut)


def test_a_flipped_byte_is_found(log: Path, tmp_path: Path) -> None:
    text = bytearray(log.read_bytes())
    at = text.index(b'"latency_us":', 60_000) + 14
    text[at] ^= 1
    changed = tmp_path / "changed.jsonl"
    changed.write_bytes(text)
    with pytest.raises(assay.ReplayError) as raised:
        assay.replay(changed)
    assert one_line(raised).startswith(f"line {text[:at].count(10) + 1} of the score log: not the next record: record ")


def test_a_flipped_byte_of_a_table_is_found(log: Path) -> None:
    table = assay.load(log).table
    records = table["record"].to_pylist()
    records[100] = records[100][:-1] + bytes([records[100][-1] ^ 1])
    for name, values, line in [
        ("record", pa.array(records), "record 100 or one before it was changed: the hash does not fit"),
        ("seq", pa.array([*range(99), 5, *range(100, len(records))], pa.uint64()), "record 5 stands where record 99 must be"),
    ]:
        with pytest.raises(assay.ReplayError) as raised:
            assay.replay(table.set_column(table.column_names.index(name), name, values))
        assert one_line(raised) == line


def test_a_damaged_archive_is_found(archive: Path, tmp_path: Path) -> None:
    def damaged(change) -> str:
        copy = tmp_path / "archive"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(archive, copy)
        change(copy, sorted(copy.glob("*.parquet")))
        with pytest.raises((assay.ReplayError, OSError)) as raised:
            assay.replay(copy)
        return one_line(raised)

    def cut(_, parts):
        parts[1].write_bytes(parts[1].read_bytes()[:-100])

    def swap(_, parts):
        first, second = parts[0].read_bytes(), parts[1].read_bytes()
        parts[0].write_bytes(second)
        parts[1].write_bytes(first)

    part = sorted(archive.glob("*.parquet"))[1].name
    assert damaged(cut).startswith(f"{part}: Parquet magic bytes not found")
    assert damaged(swap) == "record 100 stands where record 0 must be"
    assert damaged(lambda _, parts: parts[1].unlink()).startswith(f"{part}: ")
    assert "no manifest.json" in damaged(lambda folder, _: (folder / "manifest.json").unlink())
    assert "no archive's manifest" in damaged(lambda folder, _: (folder / "manifest.json").write_text("{}"))


def test_what_is_no_log_is_named(log: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing.jsonl"):
        assay.replay(tmp_path / "missing.jsonl")
    store = tmp_path / "validator.sqlite"
    store.write_bytes(b"SQLite format 3\0" + bytes(100))
    with pytest.raises(assay.ReplayError, match="assay log export"):
        assay.replay(store)
    with pytest.raises(assay.ReplayError, match="not a table of records: there is no column seq"):
        assay.replay(pa.table({"hash": [1]}))
    with pytest.raises(assay.ReplayError, match="the column record must be binary without nulls, and is Utf8"):
        table = assay.load(log).table
        assay.replay(table.set_column(2, "record", pa.array(["x"] * table.num_rows)))
    with pytest.raises(TypeError, match="a log is a path or speaks Arrow's stream interface, not a int"):
        assay.replay(7)


def test_a_log_of_other_rules_is_refused(log: Path) -> None:
    rules = assay.replay(log).header["rules"]
    assert assay.replay(log, config=rules).rules_digest == assay.Mechanism(rules).digest
    with pytest.raises(assay.ReplayError) as raised:
        assay.replay(log, config=HILL)
    assert "the log was written under the rules" in one_line(raised) and "what_if()" in one_line(raised)


def test_other_rules_over_a_log(log: Path, archive: Path) -> None:
    replay = assay.replay(log)
    same = assay.what_if(log, {})
    assert same.rules_before == same.rules_after == replay.rules_digest
    assert same.rows["before"] == same.rows["after"] and same.summary["changed"] == 0
    named = same.rows.filter(pa.compute.greater(same.rows["before"], 0))
    assert named["before"].to_pylist() == replay.weights["weight"].to_pylist()
    assert same.standings == replay.standings

    hill = assay.what_if(archive, HILL)
    assert hill.summary["paid"] == 1 and hill.summary["herfindahl"] == 1.0 and hill.refused == []
    assert hill.summary["changed"] == 6 and 0 < hill.summary["distance"] < 1
    text = '[incentive]\nweights = { kind = "king_of_the_hill", margin_ppm = 20000, alpha_ppm = 50000 }\n'
    assert assay.what_if(log, text).rows == hill.rows
    none = assay.what_if(log, {"limits": {"min_miners": 7}})
    assert [round for round, _ in none.refused] == [5, 10, 15, 20, 25, 30]
    assert "the rules demand 7" in none.refused[0][1] and none.rows["after"].null_count == none.rows.num_rows


def test_rules_by_path(log: Path) -> None:
    files = Path(__file__).parents[2] / "configs/incentive"
    assert assay.Mechanism(files / "king-of-the-hill.toml").tasks == ["generate"]
    assert assay.Mechanism(str(files / "default.toml")).incentive["tasks"]


@pytest.mark.parametrize(
    ("rules", "error", "line"),
    [
        ({"tasks": ["embed"]}, assay.ReplayError, "the log asked generate, and the other rules name none of it"),
        ({"gate": {"audit_probability_ppm": 5, "penalty_answers": 1}}, assay.ReplayError, "the log was counted with gate.audit_probability_ppm = 1000000"),
        ({"gate": {"match_gate_ppm": float("nan")}}, assay.RulesError, "gate.match_gate_ppm is not a number: rules are whole numbers"),
        ({"gate": {"match_gate_ppm": np.float32("inf")}}, assay.RulesError, "gate.match_gate_ppm is inf"),
        ({"gate": {"match_gate_ppm": 2_000_000}}, assay.RulesError, "gate.match_gate_ppm is 2000000, but must be from 1 to 1000000"),
        ({"stale_after_rounds": "x"}, assay.RulesError, "not rules: stale_after_rounds: invalid type"),
        ({"power": 3}, assay.RulesError, "not rules: power: unknown field `power`"),
        ({"quality": "taste"}, assay.RulesError, 'there is no scorer named "taste"'),
        ("[incentive]\n\nstale_after_rounds = 'x'\n", assay.RulesError, "not rules: line 3: invalid type"),
        ("[chain]\nurl = 'ws://'\n", assay.RulesError, "not rules: there is no table [incentive]"),
    ],
)
def test_rules_that_make_no_sense_are_named(log: Path, rules, error, line: str) -> None:
    with pytest.raises(error) as raised:
        assay.what_if(log, rules)
    assert one_line(raised).startswith(line)


def test_numbers_of_numpy_are_rules(log: Path) -> None:
    assert assay.Mechanism({"stale_after_rounds": np.int64(7)}).incentive["stale_after_rounds"] == 7
