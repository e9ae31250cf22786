//! Who is better, from comparisons of two at a time.
//!
//! [`bradley_terry`] looks at all comparisons at once: their order doesn't matter, and it is `+ - * /` in one order,
//! the same on every platform, so it may go into weights once it is quantised. [`elo`] and [`glicko2`] go through games
//! one after another, so their order matters, and `skillratings` computes with the platform's own `exp` and `pow`: they
//! are for reports that follow somebody over time.
//!
//! ```
//! use assay_scoring::pairwise::bradley_terry;
//! use ndarray::array;
//!
//! // Row beats column: the first two are even, and each beats the third twice as often as it loses.
//! let fit = bradley_terry(array![[0.0, 3.0, 4.0], [3.0, 0.0, 4.0], [2.0, 2.0, 0.0]].view(), 0.0)?;
//! assert!((fit.strengths[0] - 0.4).abs() < 1e-9 && (fit.strengths[2] - 0.2).abs() < 1e-9);
//! # Ok::<(), assay_scoring::pairwise::PairwiseError>(())
//! ```

mod bradley_terry;
mod connected;
mod interval;
mod rating;

pub use bradley_terry::{BradleyTerry, MOST_ROUNDS, PairwiseError, bradley_terry};
pub use interval::LogStrength;
pub use rating::{Game, Glicko, RatingError, Winner, elo, glicko2};
