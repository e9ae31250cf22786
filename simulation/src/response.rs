//! Whether honesty is the best response: one agent does something else while all others stay as they are.

use crate::scenario::{MinerGroup, ValidatorGroup};

/// What the first one of a group does instead.
#[derive(Clone, Debug)]
pub(crate) enum Deviation {
    Miner { group: usize, like: Box<MinerGroup> },
    Validator { group: usize, like: Box<ValidatorGroup> },
}
