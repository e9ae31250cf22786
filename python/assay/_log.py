"""Logs: from wherever they are, to the extension."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, Union

import pyarrow as pa
import pyarrow.parquet as pq

from assay import _assay
from assay._assay import Replay, ReplayError, WhatIf
from assay._rules import Rules, text_of

Read = TypeVar("Read")

#: A path, or anything that speaks Arrow's stream or array interface.
Source = Union[str, "os.PathLike[str]", Any]

#: The columns from which all others follow.
COLUMNS = ["seq", "hash", "record"]
#: Records of an archive that are read at once.
BATCH = 65_536


def replay(source: Source, *, config: Rules | None = None) -> Replay:
    """Recompute a log: every score from its evidence, every row of weights from the scores, every seal from all before it.

    Takes memory for the readable columns of all answers, about 100 bytes each. Ctrl-C stops it.

    Parameters
    ----------
    source : str, os.PathLike or an object with `__arrow_c_stream__`
        A file of JSON lines, an archive (the folder with `manifest.json`) or a part of one, or a table or a reader of record
        batches with the columns `seq` (uint64), `hash` (32 bytes) and `record` (the canonical bytes); others are not looked at.
    config : Mapping, str or os.PathLike, optional
        The rules under which the log must have been written: a mapping with the keys of `[incentive]`, the path of a TOML file,
        or TOML or JSON itself. None takes those in the log's header.

    Returns
    -------
    Replay
        The header, the counts, and Arrow tables of scores, checks, rows of weights and standings.

    Raises
    ------
    ReplayError
        A log that is cut short, was changed, doesn't follow from itself, or was written under other rules than `config`.
    RulesError
        A `config` that makes no sense.

    Examples
    --------
    >>> log = assay.replay("score-log.jsonl")              # doctest: +SKIP
    >>> log.scores["score_nano"].to_numpy() / 1e9          # doctest: +SKIP
    """
    rules = None if config is None else text_of(config)
    return _read(_assay.replay, opened(source), rules)


def what_if(source: Source, incentive: Rules) -> WhatIf:
    """Judge a log under other rules than those it was written by, while it is recomputed.

    Parameters
    ----------
    source : str, os.PathLike or an object with `__arrow_c_stream__`
        As of `replay`.
    incentive : Mapping, str or os.PathLike
        The other rules: a mapping with the keys of `[incentive]`, the path of a TOML file, or TOML or JSON itself. What isn't
        said has its default.

    Returns
    -------
    WhatIf
        Rows of weights before and after, and standings under the other rules.

    Raises
    ------
    ReplayError
        A log that doesn't agree with itself, or that can't say what these rules would have given.
    RulesError
        Rules that make no sense.
    """
    return _read(_assay.what_if, opened(source), text_of(incentive))


class Log:
    """A log in memory that was recomputed and agrees with itself: `load` makes it.

    Takes about 200 bytes a record. It speaks Arrow's stream interface.

    Attributes
    ----------
    table : pyarrow.Table
        Columns `seq` uint64, `hash` 32 bytes, `record` bytes.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __repr__(self) -> str:
        return f"Log(records={len(self)})"


def load(source: Source) -> Log:
    """A log in memory, recomputed while it is read: for those who ask it more than once.

    Parameters
    ----------
    source : str, os.PathLike or an object with `__arrow_c_stream__`
        As of `replay`.

    Returns
    -------
    Log
        Its records. A table that was given is not copied; a `Log` is handed back.

    Raises
    ------
    ReplayError
        A log that is cut short, was changed, or doesn't follow from itself.
    """
    if isinstance(source, Log):
        return source
    found = opened(source)
    if isinstance(found, (str, Parts)):
        return Log(_read(_assay.records, found))
    table = found if isinstance(found, pa.Table) else pa.RecordBatchReader.from_stream(found).read_all()
    _assay.replay(table)
    return Log(table)


def opened(source: Source) -> Any:
    """What the extension reads: the path of a file of JSON lines, or an Arrow stream of the three columns."""
    if isinstance(source, (str, os.PathLike)):
        return _by_path(Path(source))
    if hasattr(source, "__arrow_c_stream__"):
        has_all = isinstance(source, pa.Table) and set(COLUMNS) <= set(source.column_names)
        return source.select(COLUMNS) if has_all else source
    if hasattr(source, "__arrow_c_array__"):
        return pa.table(pa.record_batch(source))
    raise TypeError(f"a log is a path or speaks Arrow's stream interface, not a {type(source).__name__}")


def _by_path(path: Path) -> Any:
    if path.is_dir():
        return Parts(_named_by_manifest(path))
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith(b"PAR1"):
        return Parts([path])
    if start == b"SQLite format 3\0":
        raise ReplayError(f"{path} is a validator's store: `assay log export` makes an archive or JSON lines of it")
    return str(path)


def _named_by_manifest(folder: Path) -> list[Path]:
    manifest = folder / "manifest.json"
    try:
        parts = json.loads(manifest.read_bytes())["parts"]
        return [folder / Path(part["name"]).name for part in parts]
    except FileNotFoundError:
        raise ReplayError(f"{folder} is no archive: it has no manifest.json") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ReplayError(f"{manifest} is no archive's manifest: {error!r}") from None


class Parts:
    """Parts of an archive as one stream of batches, each read when it is asked for."""

    schema = pa.schema([("seq", pa.uint64()), ("hash", pa.binary(32)), ("record", pa.binary())])

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths
        #: Why the stream ended early: what goes through Arrow's interface is a text with a traceback.
        self.fault: ReplayError | None = None

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return pa.RecordBatchReader.from_batches(self.schema, self._batches()).__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for path in self.paths:
            try:
                with pq.ParquetFile(path) as part:
                    for batch in part.iter_batches(BATCH, columns=COLUMNS):
                        yield batch.select(COLUMNS).cast(self.schema)
            except (pa.ArrowException, OSError, KeyError) as error:
                self.fault = ReplayError(" ".join(f"{path.name}: {error}".split()))
                raise self.fault from None


def _read(function: Callable[..., Read], found: Any, *arguments: Any) -> Read:
    try:
        return function(found, *arguments)
    except ReplayError:
        if isinstance(found, Parts) and found.fault is not None:
            raise found.fault from None
        raise
