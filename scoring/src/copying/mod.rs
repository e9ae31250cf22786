//! Whose row is somebody else's of an earlier epoch. For reports: nothing is paid by it.
//!
//! An honest validator measures the miners that the others measure in the same epoch, so its row *changes* as theirs change
//! then. Who copies can only copy what is revealed, so its row changes as theirs did some epochs ago. [`copying`] looks at
//! changes from one epoch to the next, [`Following`] is what it says of a validator.
//!
//! ```
//! use assay_scoring::copying::{Epoch, Search, ValidatorRow, Verdict, copying};
//! use primitives::{Hotkey, Registration};
//!
//! let who = |key: u8| Registration { hotkey: Hotkey([key; 32]), block: 1 };
//! // Nobody's row changes: nobody can be said to copy.
//! let row = |key| ValidatorRow { validator: who(key), stake: 1, weights: vec![(who(7), 3), (who(8), 1)] };
//! let epochs = vec![Epoch { rows: vec![row(1), row(2)], consensus: None }; 40];
//! let found = copying(&epochs, &Search::default()).unwrap();
//! assert!(found.iter().all(|following| following.verdict == Verdict::Undecided));
//! ```
//!
//! Rows are changes of the square roots of shares, so that large miners don't decide alone, and each change counts with
//! length 1, so that stormy epochs don't either. Two regressions over all miners and epochs are made for each validator:
//!
//! * its changes on those of the others' consensus, now and in each of the epochs before. A copier has a bump at its lag,
//!   where an honest row, slow or quick, falls off;
//! * the same with the changes of one row more, now and then: that of the validator, or of the chain's consensus, that
//!   explains most of what is left. What one validator measured, errors and all, nobody else can have measured.
//!
//! Standard errors allow for epochs that hang together (Newey and West, "A simple, positive semi-definite,
//! heteroskedasticity and autocorrelation consistent covariance matrix", Econometrica 55, 1987). `docs/concentration.md` has
//! the error rates, and where they get bad.

mod changes;
mod following;
mod history;
mod regression;

pub use following::{Following, Verdict, copying};
pub use history::{CopyingError, Epoch, MOST_LAGS, Search, ValidatorRow};
