//! How many hold how much, and who moves what the others are paid. For reports: nothing is paid by it.
//!
//! [`herfindahl`], [`gini`] and [`nakamoto`] read any [`Amount`]s where they are: stake in rao, dividends, incentive, emission,
//! a row of weights. [`Concentration`] is all of them at once. [`influence`] says what an epoch would have been without each
//! validator, and [`total_variation`] how far two rows are apart.
//!
//! ```
//! use assay_scoring::concentration::{Concentration, gini, herfindahl, nakamoto};
//!
//! let stake_rao = [500_u64, 250, 250, 0];
//! assert_eq!(herfindahl(stake_rao), 0.375);
//! assert_eq!(gini(stake_rao), 0.375);
//! // Half isn't more than half.
//! assert_eq!(nakamoto(stake_rao, 0.5), Some(2));
//! assert_eq!(Concentration::of(stake_rao).holders, 3);
//! ```
//!
//! Amounts are put in order before they are added, so the order in which they come changes nothing, not even the last bit.
//! `docs/concentration.md` says what the numbers mean for a subnet.

mod amounts;
mod distance;
mod indices;
mod influence;
mod lorenz;
mod summary;

pub use amounts::Amount;
pub use distance::total_variation;
pub use indices::{gini, herfindahl, nakamoto};
pub use influence::{Influence, influence};
pub use lorenz::lorenz;
pub use summary::{Concentration, MAJORITY, MINORITY};
