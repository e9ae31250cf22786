"""What the notebooks read: what `cargo xtask demo` leaves, or the log that `ASSAY_LOG` names."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".assay/demo"
#: The log of one validator.
LOG = Path(os.environ.get("ASSAY_LOG") or FOLDER / "validator-0/score-log.jsonl")
if not LOG.exists():
    raise FileNotFoundError(f"there is no {LOG}: run `cargo xtask demo` first, or set ASSAY_LOG")


def _summary():
    """Where the demo wrote down what it read from the chain. It says nothing about a log from elsewhere."""
    named = os.environ.get("ASSAY_SUMMARY")
    beside = None if os.environ.get("ASSAY_LOG") else FOLDER / "summary.json"
    path = Path(named) if named else beside
    return path if path and path.exists() else None


_path = _summary()
#: What the chain stored and paid, and who was who: None of a log from elsewhere.
SUMMARY = json.loads(_path.read_text()) if _path else None
#: The logs of all validators, by uid.
LOGS = sorted(_path.parent.glob("validator-*/score-log.jsonl")) if _path else [LOG]
HONEST = {"fast", "medium", "slow"}


@dataclass(frozen=True)
class Miner:
    """One tenure of one hotkey."""

    hotkey: str
    name: str
    #: Unknown of a log from elsewhere, as it is to every validator.
    honest: bool | None = None
    uid: int | None = None


def miners(replay):
    """Those who were asked, honest ones first."""
    hotkeys = replay.standings["miner"].to_pylist()
    if SUMMARY is None:
        return [Miner(hotkey, f"{hotkey[:8]}…") for hotkey in hotkeys]
    rows = sorted(SUMMARY["miners"], key=lambda row: (row["role"] not in HONEST, row["uid"]))
    return [
        Miner(row["hotkey"], f"{row['uid']} · {row['role'].replace('_', ' ')}", row["role"] in HONEST, row["uid"])
        for row in rows if row["hotkey"] in hotkeys
    ]
