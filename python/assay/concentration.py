"""How a row of weights is spread, and how far two rows are apart."""

from assay._assay import (
    herfindahl,
    total_variation,
)

__all__ = [
    "herfindahl",
    "total_variation",
]
