"""One log under many rules."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from assay import _assay
from assay._assay import RulesError
from assay._log import Source, load
from assay._rules import Rules, text_of

#: Batches for each worker: few, as each decodes the log once, and more than one, as some workers are slower.
BATCHES_PER_WORKER = 4


def sweep(
    source: Source,
    configs: Sequence[Rules],
    *,
    ray: bool | str = False,
    workers: int | None = None,
) -> pa.Table:
    """Judge a log under many rules.

    The log is recomputed once, by `load`; each batch of configurations then decodes it once and shares the records. The result is the
    same to the last bit, whatever computes it.

    Parameters
    ----------
    source : str, os.PathLike or an object with `__arrow_c_stream__`
        As of `replay`. What isn't a `Log` is loaded first.
    configs : sequence of Mapping, str or os.PathLike
        Rules, each as of `what_if`.
    ray : bool or str
        Whether batches are tasks of a Ray cluster: the one that is connected, the one at this address, or a new one on this machine.
        The log goes into its object store once, and this package must be installed on every node.
    workers : int, optional
        How many work at a time, threads or Ray's workers of one CPU each; 1 where it is None, all CPUs of a cluster with Ray.

    Returns
    -------
    pyarrow.Table
        A row per configuration, in their order: `rules` (digest, hex); `rows` of the log; of these `refused`, where the rules have
        no row and the one before stands, and `changed`, where it differs from the log's; `distance` and `last_distance`, the share
        of the weight that would move (total variation, 0 to 1), mean over the rows and at the last one; `herfindahl` and
        `last_herfindahl`, the same of the index of the row that stands; at the last row: `paid` miners with weight,
        `largest_share` (0 to 1), `uids` and `weights` (lists of uint16).

    Raises
    ------
    RulesError, ReplayError
        Rules that make no sense, or of which the log says nothing. The line names the configuration, from 0, and the setting.
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}: at least one has to work")
    texts = [_text_of(at, config) for at, config in enumerate(configs)]
    table = load(source).table
    if ray:
        tables = _on_ray(table, texts, ray, workers)
    elif workers is None or workers == 1:
        tables = [_assay.sweep(table, texts)]
    else:
        tables = _in_threads(table, texts, workers)
    return pa.concat_tables(tables).combine_chunks()


def _text_of(at: int, config: Rules) -> str:
    """The text of a configuration that makes sense."""
    try:
        text = text_of(config)
        _assay.Mechanism(text)
        return text
    except RulesError as error:
        raise RulesError(f"configuration {at}: {error}") from None


def _batches(texts: list[str], workers: int) -> list[tuple[int, list[str]]]:
    """Places and texts of configurations that are judged together."""
    size = max(1, -(-len(texts) // (workers * BATCHES_PER_WORKER)))
    return [(first, texts[first : first + size]) for first in range(0, len(texts), size)] or [(0, [])]


def _in_threads(table: pa.Table, texts: list[str], workers: int) -> list[pa.Table]:
    stop = _assay.Stop()
    with ThreadPoolExecutor(workers) as pool:
        judged = [pool.submit(_assay.sweep, table, batch, first, stop) for first, batch in _batches(texts, workers)]
        try:
            return [one.result() for one in judged]
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _judged(table: pa.Table, first: int, texts: list[str]) -> pa.Table:
    """A task: what one batch comes to."""
    return _assay.sweep(table, texts, first)


def _on_ray(table: pa.Table, texts: list[str], where: bool | str, workers: int | None) -> list[pa.Table]:
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError:
        raise ImportError("ray=True needs Ray: pip install 'assay[ray]'") from None
    if not ray.is_initialized():
        if isinstance(where, str):
            ray.init(address=where)
        else:
            ray.init(num_cpus=workers or os.cpu_count(), include_dashboard=False)
    cpus = int(ray.cluster_resources().get("CPU", 1))
    shared = ray.put(table)
    task: Any = ray.remote(num_cpus=1)(_judged)
    limit = workers or cpus
    tasks: list[Any] = []
    try:
        for first, batch in _batches(texts, min(limit, cpus)):
            if len(tasks) >= limit:
                # No more are under way at a time: whoever is interrupted leaves no others behind.
                ray.wait(tasks, num_returns=len(tasks) - limit + 1, fetch_local=False)
            tasks.append(task.remote(shared, first, batch))
        return [ray.get(one) for one in tasks]
    except BaseException as error:
        # What is under way goes on to its end. Ray ends the whole process where a task ends while it is cancelled.
        cause = getattr(error, "cause", None)
        raise (cause if isinstance(cause, _assay.AssayError) else error) from None
