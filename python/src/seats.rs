//! What an epoch knows of each seat.

use numpy::Element;
use pyo3::{conversion::FromPyObjectOwned, prelude::*};

use crate::{failure::Failure, numbers::Numbers};

/// The vectors of an epoch's input, with what stands for those that weren't given.
pub struct Seats {
    pub stake: Vec<u64>,
    pub stake_fraction: Vec<u32>,
    pub last_update: Vec<u64>,
    pub block_at_registration: Vec<u64>,
    pub validator_permits: Vec<bool>,
    pub commit_blocks: Option<Vec<u64>>,
}

/// The same as Python gave them.
pub struct Given<'a, 'py> {
    pub stake: &'a Bound<'py, PyAny>,
    pub stake_fraction: Option<&'a Bound<'py, PyAny>>,
    pub last_update: Option<&'a Bound<'py, PyAny>>,
    pub block_at_registration: Option<&'a Bound<'py, PyAny>>,
    pub validator_permits: Option<&'a Bound<'py, PyAny>>,
    pub commit_blocks: Option<&'a Bound<'py, PyAny>>,
}

impl Seats {
    /// For an epoch in `block`.
    pub fn of(block: u64, given: &Given<'_, '_>) -> Result<Self, Failure> {
        let stake: Vec<u64> = vector("stake", given.stake)?;
        let seats = stake.len();
        let blocks = |name, given, otherwise| match given {
            Some(given) => vector(name, given),
            None => Ok(vec![otherwise; seats]),
        };
        Ok(Self {
            stake_fraction: given.stake_fraction.map_or(Ok(Vec::new()), |given| vector("stake_fraction", given))?,
            last_update: blocks("last_update", given.last_update, block)?,
            block_at_registration: blocks("block_at_registration", given.block_at_registration, 0)?,
            validator_permits: match given.validator_permits {
                Some(given) => vector("validator_permits", given)?,
                None => vec![true; seats],
            },
            commit_blocks: given.commit_blocks.map(|given| vector("commit_blocks", given)).transpose()?,
            stake,
        })
    }
}

fn vector<'py, T>(name: &'static str, given: &Bound<'py, PyAny>) -> Result<Vec<T>, Failure>
where
    T: Element + Copy + FromPyObjectOwned<'py>,
{
    Ok(Numbers::of(name, given)?.values().into_owned())
}
