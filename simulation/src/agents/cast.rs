//! Who is in a run, and like whom.

use primitives::{Coldkey, Hotkey};

use crate::{
    draws::key,
    response::Deviation,
    scenario::{MinerGroup, Scenario, ValidatorGroup},
};

/// Which side an agent is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Miners,
    Validators,
}

/// One that decides, with one seat or several.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub side: Side,
    /// The place of its group in the scenario.
    pub group: usize,
    /// What it was paid, of alpha.
    pub earned_rao: u64,
    /// What it spent, in alpha.
    pub cost_alpha: f64,
}

/// What agents are like: the groups, and behind them whom one of the agents is like instead.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    pub miners: Vec<MinerGroup>,
    pub validators: Vec<ValidatorGroup>,
    /// The group of which the first one deviates.
    deviates: Option<(Side, usize)>,
}

impl Cast {
    pub fn new(scenario: &Scenario, deviation: Option<&Deviation>) -> Self {
        let mut cast =
            Self { miners: scenario.miners.clone(), validators: scenario.validators.clone(), deviates: None };
        match deviation {
            Some(Deviation::Miner { group, like }) => {
                cast.miners.push((**like).clone());
                cast.deviates = Some((Side::Miners, *group));
            }
            Some(Deviation::Validator { group, like }) => {
                cast.validators.push((**like).clone());
                cast.deviates = Some((Side::Validators, *group));
            }
            None => {}
        }
        cast
    }

    /// The place of what an agent is like.
    pub fn like(&self, side: Side, group: usize, number: u64) -> usize {
        let last = match side {
            Side::Miners => self.miners.len(),
            Side::Validators => self.validators.len(),
        };
        if self.deviates == Some((side, group)) && number == 0 { last - 1 } else { group }
    }
}

/// By what an agent's luck, and its seat's keys, are drawn.
pub(crate) fn place(side: Side, group: usize, number: u64, seat: u64) -> u64 {
    key(key(key(side as u64, group as u64), number), seat)
}

/// The holder of a place. Different ones differ early, so that comparing them is short.
pub(crate) fn hotkey(place: u64) -> Hotkey {
    let mut bytes = [0; 32];
    for (part, bytes) in (0..).zip(bytes.chunks_mut(8)) {
        bytes.copy_from_slice(&key(place, part).to_be_bytes());
    }
    Hotkey(bytes)
}

/// Who owns it.
pub(crate) fn coldkey(place: u64) -> Coldkey {
    Coldkey(hotkey(key(place, u64::MAX)).0)
}
