"""How something is spread over those who hold it, whose word moves the pay, and how far two rows are apart."""

from assay._assay import (
    Concentration,
    Influence,
    gini,
    herfindahl,
    influence,
    lorenz,
    nakamoto,
    total_variation,
)

__all__ = [
    "Concentration",
    "Influence",
    "gini",
    "herfindahl",
    "influence",
    "lorenz",
    "nakamoto",
    "total_variation",
]
