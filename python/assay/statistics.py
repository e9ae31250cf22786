"""Comparisons of samples, with the errors of each named; held against SciPy."""

from assay._assay import (
    Significance,
    Verdict,
    benjamini_hochberg,
    fisher_exact,
    holm,
    ks_one_sample,
    ks_two_sample,
    mann_whitney_u,
    sprt,
    welch_t,
    wilcoxon_signed_rank,
    wilson_interval,
    wilson_lower,
    wilson_lower_ppm,
    wilson_upper_ppm,
)

__all__ = [
    "Significance",
    "Verdict",
    "benjamini_hochberg",
    "fisher_exact",
    "holm",
    "ks_one_sample",
    "ks_two_sample",
    "mann_whitney_u",
    "sprt",
    "welch_t",
    "wilcoxon_signed_rank",
    "wilson_interval",
    "wilson_lower",
    "wilson_lower_ppm",
    "wilson_upper_ppm",
]
