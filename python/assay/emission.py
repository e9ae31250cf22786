"""New coins: how many a block brings, and where one subnet's go. All in rao."""

from assay._assay import (
    Split,
    Subnet,
    block_emission,
    issuance_after,
    split,
)

__all__ = [
    "Split",
    "Subnet",
    "block_emission",
    "issuance_after",
    "split",
]
