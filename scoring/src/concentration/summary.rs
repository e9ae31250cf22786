//! Every index of one distribution.

use serde::Serialize;

use super::amounts::{Amount, Ordered};

/// Who holds more than this can stop what needs two thirds.
pub const MINORITY: f64 = 0.33;
/// Who holds more than this decides by majority.
pub const MAJORITY: f64 = 0.5;

/// How something is spread over those who could hold it. Where nobody holds anything the indices are 0 and the coefficients
/// none; where one isn't an [`Amount`] every index is NaN (`null` in JSON).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Concentration {
    /// Those who are listed.
    pub n: usize,
    /// Those who hold something.
    pub holders: usize,
    /// [`super::herfindahl`], 1/n to 1.
    pub herfindahl: f64,
    /// The number of equals with the same index: 1 over it.
    pub effective: f64,
    /// [`super::gini`] over all n, 0 to (n-1)/n.
    pub gini: f64,
    /// [`super::nakamoto`] at [`MINORITY`].
    pub nakamoto_33: Option<usize>,
    /// [`super::nakamoto`] at [`MAJORITY`].
    pub nakamoto_50: Option<usize>,
    /// What the largest holder has of all, 0 to 1.
    pub largest_share: f64,
}

impl Concentration {
    /// Of these amounts.
    pub fn of(amounts: impl IntoIterator<Item: Amount>) -> Self {
        let amounts: Vec<f64> = amounts.into_iter().map(Amount::amount).collect();
        let (n, holders) = (amounts.len(), amounts.iter().filter(|amount| **amount > 0.0).count());
        let Some(ordered) = Ordered::of(amounts) else {
            let (herfindahl, effective, gini, largest_share) = (f64::NAN, f64::NAN, f64::NAN, f64::NAN);
            return Self {
                n,
                holders,
                herfindahl,
                effective,
                gini,
                nakamoto_33: None,
                nakamoto_50: None,
                largest_share,
            };
        };
        let over_total = |amount: f64| if ordered.total() > 0.0 { amount / ordered.total() } else { 0.0 };
        let herfindahl = ordered.herfindahl();
        Self {
            n,
            holders,
            herfindahl,
            effective: if herfindahl > 0.0 { 1.0 / herfindahl } else { 0.0 },
            gini: ordered.gini(),
            nakamoto_33: ordered.nakamoto(MINORITY),
            nakamoto_50: ordered.nakamoto(MAJORITY),
            largest_share: ordered.ascending().last().copied().map_or(0.0, over_total),
        }
    }
}
