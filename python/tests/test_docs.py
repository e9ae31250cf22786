"""The documentation's examples, in the order in which they stand, on the fixture."""

from __future__ import annotations

import doctest
import re
import shutil
from pathlib import Path

import assay
import pytest

PAGE = Path(__file__).parents[2] / "docs/python.md"


def test_the_page_runs(log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(log, tmp_path / "score-log.jsonl")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)  # noqa: S102


def test_the_docstrings_run() -> None:
    found = doctest.DocTestFinder(recurse=False).find(assay.epoch, "epoch")
    assert found and all(doctest.DocTestRunner().run(one).failed == 0 for one in found)
