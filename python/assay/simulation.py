"""What a simulated subnet came to: an `Outcome` and what it is made of."""

from assay._assay import (
    Band,
    Estimate,
    Group,
    Outcome,
    Point,
    Response,
    Spread,
)
from assay._simulation import simulate

__all__ = [
    "Band",
    "Estimate",
    "Group",
    "Outcome",
    "Point",
    "Response",
    "Spread",
    "simulate",
]
