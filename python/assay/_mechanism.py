"""A subnet's rules at work on single answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

from assay import _assay
from assay._rules import Rules, text_of

if TYPE_CHECKING:
    from typing_extensions import Self

Evidence = Union[Mapping[str, Any], str]


class Mechanism(_assay.Mechanism):
    """A subnet's mechanism: its rules, and the tasks and the scorer that they name.

    Parameters
    ----------
    incentive : Mapping, str or os.PathLike
        The rules: a mapping with the keys of `[incentive]`, the path of a TOML file, or TOML or JSON itself. What isn't said has
        its default.

    Attributes
    ----------
    incentive : dict
        The rules with every setting.
    digest : str
        Names them, hex.
    tasks : list of str
        In the order in which they are asked.

    Raises
    ------
    RulesError
        Rules that make no sense. The line names the setting.
    """

    def __new__(cls, incentive: Rules, /) -> Self:
        return super().__new__(cls, text_of(incentive))

    def score(self, evidence: Evidence | Sequence[Evidence]) -> float | list[float]:
        """What an answer is worth, or each of several.

        Parameters
        ----------
        evidence : Mapping or str, or a sequence of them
            As a `scored` record of a log's JSON lines has it: `outcome`, `latency_us`, `first_token_us`, `check`, `sketch`.

        Returns
        -------
        float or list of float
            0 to 1, exact to a billionth; 0 for failures of every kind.

        Raises
        ------
        RulesError
            What is no evidence.
        """
        if isinstance(evidence, (Mapping, str)):
            text = evidence if isinstance(evidence, str) else json.dumps(evidence)
            return self.score_json(text) / 1e9
        return [self.score(one) for one in evidence]  # type: ignore[misc]
