//! Made-up answers before real rules: what a trial and a simulation of a subnet have in common.
//!
//! What is made up is what was seen of an answer; all that follows from it (outcome, score, standing, row) is computed by the
//! code that validators run. No question is asked and no log is written, so nothing is hashed on the way.
//!
//! ```
//! use assay_scoring::{Incentive, Registry, Score, rehearsal::{Act, Answer, Rehearsal}};
//! use primitives::{Hotkey, MechId, Registration};
//!
//! let mechanism = Registry::default().build(&Incentive::default()).unwrap();
//! let mut validator = Rehearsal::new(mechanism, MechId(0), Hotkey([1; 32]));
//! let miner = Registration { hotkey: Hotkey([2; 32]), block: 0 };
//! validator.begin_round(10);
//! validator.see(miner, &Act::Answer(Answer::at_once(128, Score::ONE)));
//! assert!(validator.table().standings().any(|(who, standing)| *who == miner && standing.successes == 1));
//! ```

mod act;
mod validator;

pub use act::{Act, Answer};
pub use validator::Rehearsal;
