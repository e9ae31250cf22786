"""Rules as the extension reads them: text."""

from __future__ import annotations

import json
import math
import operator
import os
from collections.abc import Iterator, Mapping
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
        for key, number in fractions(settings):
            # What decides money is whole numbers.
            raise RulesError(f"{key} is {named(number)}: rules are whole numbers")
        try:
            return json.dumps(settings, allow_nan=False, default=operator.index)
        except (TypeError, ValueError) as error:
            raise RulesError(f"not rules: {error}") from None
    return read(rules)


def read(settings: str | os.PathLike[str]) -> str:
    """The text itself, or what the file has that it is the path of."""
    if isinstance(settings, str) and any(mark in settings for mark in "\n{["):
        return settings
    return Path(settings).read_text(encoding="utf-8")


def fractions(value: object, key: str = "") -> Iterator[tuple[str, float]]:
    """Numbers that aren't whole by their type, each with its dotted key; a table in a list is called by its name, where it has one."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from fractions(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            name = inner.get("name") if isinstance(inner, Mapping) else None
            yield from fractions(inner, f"{key}[{at}]" if name is None else f"{key}.{name}")
    elif hasattr(value, "__float__") and not hasattr(value, "__index__"):
        yield key, float(value)


def named(number: float) -> str:
    """A number as an error calls it."""
    return "not a number" if math.isnan(number) else str(number)
