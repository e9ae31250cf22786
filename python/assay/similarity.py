"""How alike two texts are, by what they have in common. Scores are exact to a billionth, and decide money the same way."""

from assay._assay import (
    Overlap,
    chrf,
    exact,
    exact_raw,
    normalise,
    rouge_1,
    rouge_2,
    rouge_l,
)

__all__ = [
    "Overlap",
    "chrf",
    "exact",
    "exact_raw",
    "normalise",
    "rouge_1",
    "rouge_2",
    "rouge_l",
]
