//! The three numbers that people quote.

use super::amounts::{Amount, Ordered};

/// The Herfindahl-Hirschman index: the sum of squared shares, 1/n for n equals and 1 for one alone (competition law counts
/// it in ten thousandths). 0 where nobody holds anything, NaN where one isn't an [`Amount`].
pub fn herfindahl(amounts: impl IntoIterator<Item: Amount>) -> f64 {
    Ordered::of(amounts).map_or(f64::NAN, |ordered| ordered.herfindahl())
}

/// Gini's coefficient of everybody who is listed, those who hold nothing too: 0 for equals, (n-1)/n where one holds all.
/// It is the population's, without the factor n/(n-1) by which a sample is corrected. 0 where nobody holds anything,
/// NaN where one isn't an [`Amount`].
pub fn gini(amounts: impl IntoIterator<Item: Amount>) -> f64 {
    Ordered::of(amounts).map_or(f64::NAN, |ordered| ordered.gini())
}

/// The Nakamoto coefficient: the least number of holders, the largest first, that together hold *more* than `threshold`
/// (0 to 1) of all: just as much isn't enough. None where no number does: nobody holds anything, the threshold is 1 or more
/// or not a number, or one isn't an [`Amount`].
///
/// (Srinivasan and Lee ask for 51 % or more: theirs is another number only where a coalition ends between 50 % and 51 %.)
pub fn nakamoto(amounts: impl IntoIterator<Item: Amount>, threshold: f64) -> Option<usize> {
    Ordered::of(amounts)?.nakamoto(threshold)
}

impl Ordered {
    pub(super) fn herfindahl(&self) -> f64 {
        let squares: f64 = self.ascending().iter().map(|amount| amount * amount).sum();
        if self.total() > 0.0 { (squares / (self.total() * self.total())).min(1.0) } else { 0.0 }
    }

    pub(super) fn gini(&self) -> f64 {
        let n = self.ascending().len() as f64;
        // Of the i-th of n: 2i - n - 1.
        let places = (0..self.ascending().len()).map(|before| 2.0 * before as f64 - (n - 1.0));
        let sum: f64 = self.ascending().iter().zip(places).map(|(amount, place)| amount * place).sum();
        if self.total() > 0.0 { (sum / (n * self.total())).max(0.0) } else { 0.0 }
    }

    pub(super) fn nakamoto(&self, threshold: f64) -> Option<usize> {
        let mut held = 0.0;
        let more = |amount: &f64| {
            held += amount;
            held > threshold * self.total()
        };
        let largest_first = self.ascending().iter().rev().filter(|amount| **amount > 0.0);
        let at = largest_first.map(more).position(|more| more)?;
        // All of them hold all, but for what the order of a sum rounds.
        (threshold < 1.0).then_some(at + 1)
    }
}
