//! What is looked at, and how.

use std::collections::BTreeSet;

use primitives::Registration;

/// Lags that are looked at, at most.
pub const MOST_LAGS: usize = 32;

/// The rows of one epoch: those that counted in it, or those that were committed for it, but the same in each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    /// One of each validator, in any order; who sent none has none.
    pub rows: Vec<ValidatorRow>,
    /// What the chain made of them, in any scale: `Consensus`. Where it isn't known, the median of the rows by stake is taken.
    pub consensus: Option<Vec<(Registration, u16)>>,
}

/// One validator's row in one epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorRow {
    /// Whose.
    pub validator: Registration,
    /// Its stake, in any unit: how much it counts among the others. 1 each where it isn't known.
    pub stake: u64,
    /// Weights by miner, whoever has its seat later. Who isn't named has none.
    pub weights: Vec<(Registration, u16)>,
}

/// How copies are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// So many epochs back, at most, lies what is copied: one more than the reveal period is sensible. More cost evidence.
    pub max_lag: usize,
    /// Epochs in which a row has to have changed before anything is said of it.
    pub least_epochs: usize,
    /// The chance that an honest validator is said to copy. It is for each validator by itself: among many, adjust
    /// [`Following::p_value`](super::Following) by [`crate::statistics::holm`].
    pub significance: f64,
    /// The chance that a row with a bump of `least_score` is said to be honest.
    pub clearing: f64,
    /// A lesser score is no copy, however sure.
    pub least_score: f64,
}

impl Default for Search {
    /// Lags of 1 to 4, 16 epochs, one in a thousand, one in twenty, and 0.15.
    fn default() -> Self {
        Self { max_lag: 4, least_epochs: 16, significance: 0.001, clearing: 0.05, least_score: 0.15 }
    }
}

/// Why there is nothing to look at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyingError {
    /// A validator has two rows in one epoch.
    #[error("epoch {epoch}: {} has two rows", validator.hotkey)]
    TwoRows {
        /// Place of the epoch.
        epoch: usize,
        /// Whose.
        validator: Registration,
    },
    /// A row, or the consensus, names a miner twice.
    #[error("epoch {epoch}: {} is named twice in one row", miner.hotkey)]
    Repeated {
        /// Place of the epoch.
        epoch: usize,
        /// Whom.
        miner: Registration,
    },
    /// No lag, or too many.
    #[error("max_lag is {0}: 1 to {MOST_LAGS} are possible")]
    Lag(usize),
    /// A chance that is none.
    #[error("{0} has to be between 0 and 1")]
    Chance(&'static str),
    /// A least score that is no number.
    #[error("least_score is not a number")]
    Score,
}

/// An error where one of them can't be looked at.
pub(super) fn check(epochs: &[Epoch], search: &Search) -> Result<(), CopyingError> {
    if !(1..=MOST_LAGS).contains(&search.max_lag) {
        return Err(CopyingError::Lag(search.max_lag));
    }
    for (name, chance) in [("significance", search.significance), ("clearing", search.clearing)] {
        if !(chance > 0.0 && chance < 1.0) {
            return Err(CopyingError::Chance(name));
        }
    }
    if search.least_score.is_nan() {
        return Err(CopyingError::Score);
    }
    for (epoch, Epoch { rows, consensus }) in epochs.iter().enumerate() {
        if let Some(validator) = twice(rows.iter().map(|row| row.validator)) {
            return Err(CopyingError::TwoRows { epoch, validator });
        }
        let mut weights = rows.iter().map(|row| &row.weights).chain(consensus);
        if let Some(miner) = weights.find_map(|weights| twice(weights.iter().map(|(miner, _)| *miner))) {
            return Err(CopyingError::Repeated { epoch, miner });
        }
    }
    Ok(())
}

/// The first that was there before.
fn twice(names: impl Iterator<Item = Registration>) -> Option<Registration> {
    let mut seen = BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}
