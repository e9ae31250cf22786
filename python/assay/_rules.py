"""Rules as the extension reads them: text."""

from __future__ import annotations

import json
import math
import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

from assay._assay import RulesError

Rules = Union[Mapping[str, Any], str, "os.PathLike[str]"]


def text_of(rules: Rules) -> str:
    """The text of rules: a mapping, the path of a TOML file, or TOML or JSON itself.

    Parameters
    ----------
    rules : Mapping, str or os.PathLike
        A mapping has the keys of `[incentive]`; a text is taken for a path if it has neither a line feed, a brace nor a bracket.

    Returns
    -------
    str
        TOML or JSON.

    Raises
    ------
    RulesError
        A number that isn't whole, with its key.
    """
    if isinstance(rules, Mapping):
        settings = rules["incentive"] if set(rules) == {"incentive"} else rules
        _refuse_fractions(settings, "")
        try:
            return json.dumps(settings, allow_nan=False, default=operator.index)
        except (TypeError, ValueError) as error:
            raise RulesError(f"not rules: {error}") from None
    if isinstance(rules, str) and any(mark in rules for mark in "\n{["):
        return rules
    return Path(rules).read_text(encoding="utf-8")


def _refuse_fractions(value: object, key: str) -> None:
    """NaN, infinities and fractions have no place in rules: what decides money is whole numbers."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _refuse_fractions(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            _refuse_fractions(inner, f"{key}[{at}]")
    elif hasattr(value, "__float__") and not hasattr(value, "__index__"):
        number = float(value)
        what = "not a number" if math.isnan(number) else str(number)
        raise RulesError(f"{key} is {what}: rules are whole numbers")
