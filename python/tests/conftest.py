"""Logs that tests read."""

from __future__ import annotations

from pathlib import Path

import pytest

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def log() -> Path:
    """Six miners over six epochs: `cargo run -p assay-scoring --example log -- 6 6 5`."""
    return FIXTURES / "log.jsonl"


@pytest.fixture
def archive() -> Path:
    """The same, exported in parts of 100 records."""
    return FIXTURES / "archive"
