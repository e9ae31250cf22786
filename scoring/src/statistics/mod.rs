//! Tests and intervals over samples, for whoever compares miners: functions of slices.
//!
//! Two kinds of numbers come out. [`wilson_lower_ppm`] and [`wilson_upper_ppm`] are integers and may decide money.
//! Everything that returns an `f64` is for reports and for thresholds that are written down once: `statrs` and a sum's
//! order may move its last bits between platforms. Nothing here looks at a sample more than once, so a test that is
//! repeated while data comes in is wrong more often than it says; [`sequential`] is for that.
//!
//! Of `statrs` we use the distributions of Student and Gauss. Its tests of version 0.19.1 were held against SciPy
//! 1.17.1 and aren't used:
//! * the exact Mann–Whitney test takes the wrong tail unless the first sample is the longer one (0.95 for `[1, 2, 3]`
//!   below `[4, 5, 6]`, which is 0.05), and lists every combination;
//! * Fisher's test, two-sided, gives negative chances (`[[172, 46], [90, 127]]`) and wrong ones
//!   (`[[1000, 500], [300, 900]]`: 0.48 for 3e-106);
//! * the two-sample test of Kolmogorov and Smirnov never ends for two equal samples (asymptotic), and takes no more
//!   than 170 values or so (exact).

pub mod sequential;

mod adjustment;
mod fisher;
mod kolmogorov_smirnov;
mod mann_whitney;
mod mean;
mod ranks;
mod roc;
mod significance;
mod welch;
mod wilcoxon;
mod wilson;

pub use adjustment::{benjamini_hochberg, holm};
pub use fisher::fisher_exact;
pub use kolmogorov_smirnov::{KsMethod, MOST_EXACT_CELLS, ks_one_sample, ks_two_sample};
pub use mann_whitney::{MOST_EXACT_VALUES, mann_whitney_u};
pub use mean::{MeanInterval, mean_interval};
pub use ranks::RankMethod;
pub use roc::{Roc, RocPoint, roc};
pub use significance::{Alternative, Significance, StatisticsError};
pub use welch::{Welch, welch_t};
pub use wilcoxon::{MOST_EXACT_PAIRS, wilcoxon_signed_rank};
pub use wilson::{wilson_interval, wilson_lower, wilson_lower_ppm, wilson_upper_ppm};
