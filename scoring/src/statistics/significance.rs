//! What a test says, and why one can say nothing.

use statrs::distribution::{ContinuousCDF, Normal};

/// What is held against "there is no difference".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// There is one, either way.
    TwoSided,
    /// The first sample is the lesser.
    Less,
    /// The first sample is the greater.
    Greater,
}

/// What a test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Significance {
    /// The number that was looked at; each test says which.
    pub statistic: f64,
    /// The chance of one as extreme where there is no difference, 0 to 1.
    pub p_value: f64,
}

/// Why a test says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsError {
    /// Too little to look at.
    #[error("{found} values are too few, {needed} are needed")]
    TooFew {
        /// So many are needed.
        needed: usize,
        /// So many there were.
        found: usize,
    },
    /// Too much for a method that counts every case.
    #[error("{found} are too many to count every case, {most} may be")]
    TooMany {
        /// So many may be.
        most: usize,
        /// So many there were.
        found: usize,
    },
    /// A value that isn't a number, or not a finite one where only those have a meaning.
    #[error("value {0} is not a number that can be compared")]
    NotANumber(usize),
    /// Pairs need as many of the first as of the second.
    #[error("{first} values can't be paired with {second}")]
    Unpaired {
        /// Of the first sample.
        first: usize,
        /// Of the second.
        second: usize,
    },
    /// Without any spread there is nothing to measure a difference by.
    #[error("the values are all the same")]
    Constant,
    /// Something that has to be a chance isn't.
    #[error("not a probability")]
    NotAProbability,
}

/// An error where there are fewer than `needed`, or where one isn't a number.
pub(super) fn numbers(values: &[f64], needed: usize) -> Result<(), StatisticsError> {
    if values.len() < needed {
        return Err(StatisticsError::TooFew { needed, found: values.len() });
    }
    values.iter().position(|value| value.is_nan()).map_or(Ok(()), |at| Err(StatisticsError::NotANumber(at)))
}

/// The same, where infinities have no meaning either.
pub(super) fn finite(values: &[f64], needed: usize) -> Result<(), StatisticsError> {
    numbers(values, needed)?;
    values.iter().position(|value| value.is_infinite()).map_or(Ok(()), |at| Err(StatisticsError::NotANumber(at)))
}

/// The chance that a standard normal variable is above `z`.
pub(super) fn normal_above(z: f64) -> f64 {
    0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}

/// What a standard normal variable is below with this chance.
pub(super) fn normal_quantile(chance: f64) -> f64 {
    Normal::standard().inverse_cdf(chance)
}

/// The chance by the two tails of a distribution, each with what was seen in it.
pub(super) fn tail(alternative: Alternative, below: f64, above: f64) -> f64 {
    let chance = match alternative {
        Alternative::TwoSided => 2.0 * below.min(above),
        Alternative::Less => below,
        Alternative::Greater => above,
    };
    chance.clamp(0.0, 1.0)
}
