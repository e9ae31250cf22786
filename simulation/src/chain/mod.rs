//! One subnet as the chain keeps it: seats, stake, rows, bonds, what waits and what is paid. Whatever is arithmetic is
//! that of `scoring`, which the embedded chain uses too; what is here is the order in which things happen.
//!
//! A block begins with [`Chain::step`]: the seat's price falls, due commits open, alpha is issued, and an epoch that is due
//! runs and pays. Calls come after it, and see what it left: rows, commits, registrations, sales.

mod account;
mod blocks;
mod epoch;
mod genesis;
mod payment;
mod rows;
mod seats;

pub use epoch::{Epoch, MechanismEpoch};
pub use genesis::{Genesis, GenesisError, GenesisSeat};
pub use payment::{Payment, SeatPayment};
pub use rows::Refused;
pub use seats::Registered;

use std::collections::BTreeMap;

use primitives::{BlockNumber, EpochSchedule, Hotkey, Hyperparameters, Registration, Uid, Weights};
use scoring::{
    emission::{Combined, Pending, Subnet, Terms},
    yuma::Rows,
};

use account::Account;
use rows::Commit;

/// A subnet and all that its epochs depend on, after a block.
#[derive(Clone, Debug)]
pub struct Chain {
    /// With the subnet's place in its schedule.
    rules: Hyperparameters,
    min_non_immune_uids: u16,
    immune_owner_uids_limit: u16,
    /// Of one block.
    burn_decay: u64,
    burn_increase_mult: u128,
    recycles_withheld: bool,
    terms: Terms,
    block: BlockNumber,
    alpha: Subnet,
    unassigned: u64,
    accounts: Vec<Account>,
    by_hotkey: BTreeMap<Hotkey, usize>,
    owner: usize,
    seats: Vec<Tenancy>,
    /// What the last epoch stored.
    results: Combined,
    mechanisms: Vec<Mechanism>,
}

/// Who sits since when.
#[derive(Clone, Copy, Debug)]
struct Tenancy {
    account: usize,
    since: BlockNumber,
}

/// What a mechanism has of its own. Lists are by uid.
#[derive(Clone, Debug, Default)]
struct Mechanism {
    weights: Rows,
    bonds: Rows,
    incentive: Vec<u16>,
    last_update: Vec<BlockNumber>,
    commits: Vec<Commit>,
}

impl Chain {
    /// The block that stands.
    pub fn block(&self) -> BlockNumber {
        self.block
    }

    /// The rules, with the price of a seat and the place in the schedule as they are now.
    pub fn rules(&self) -> &Hyperparameters {
        &self.rules
    }

    /// How many seats are taken.
    pub fn seats(&self) -> u16 {
        u16::try_from(self.seats.len()).unwrap_or(u16::MAX)
    }

    /// Who sits in a seat, and since when.
    pub fn tenant(&self, uid: Uid) -> Option<Registration> {
        let seat = self.seats.get(usize::from(uid.0))?;
        Some(Registration { hotkey: self.accounts[seat.account].hotkey, block: seat.since })
    }

    /// The seat of a hotkey.
    pub fn seat_of(&self, hotkey: &Hotkey) -> Option<Uid> {
        self.accounts[*self.by_hotkey.get(hotkey)?].seat.map(Uid)
    }

    /// Alpha staked to a hotkey, in rao: `TotalHotkeyAlpha`. It stays when the seat is lost.
    pub fn stake(&self, hotkey: &Hotkey) -> u64 {
        self.by_hotkey.get(hotkey).map_or(0, |account| self.accounts[*account].alpha)
    }

    /// What the stake of a seat's tenant weighs, in whole rao.
    pub fn stake_weight(&self, uid: Uid) -> u64 {
        self.seats.get(usize::from(uid.0)).map_or(0, |seat| self.weight_of(seat.account).0)
    }

    /// Whether a seat's rows count at the next epoch.
    pub fn has_permit(&self, uid: Uid) -> bool {
        self.results.validator_permits.get(usize::from(uid.0)).copied().unwrap_or(false)
    }

    /// What the last epoch stored for the subnet, by uid.
    pub fn results(&self) -> &Combined {
        &self.results
    }

    /// The row of a seat that stands in a mechanism, as it is stored.
    pub fn row(&self, mechanism: u8, uid: Uid) -> Option<&[(u16, u16)]> {
        self.mechanisms.get(usize::from(mechanism))?.weights.get(&uid.0).map(Vec::as_slice)
    }

    /// All rows that stand in a mechanism.
    pub fn rows(&self, mechanism: u8) -> Option<&Rows> {
        Some(&self.mechanisms.get(usize::from(mechanism))?.weights)
    }

    /// All bonds of a mechanism.
    pub fn bonds(&self, mechanism: u8) -> Option<&Rows> {
        Some(&self.mechanisms.get(usize::from(mechanism))?.bonds)
    }

    /// What miners earned at the last epoch of a mechanism, of 65535 and by uid.
    pub fn incentive(&self, mechanism: u8) -> Option<&[u16]> {
        Some(&self.mechanisms.get(usize::from(mechanism))?.incentive)
    }

    /// The block of each seat's last row in a mechanism, or last commit while rows are committed.
    pub fn last_updates(&self, mechanism: u8) -> Option<&[BlockNumber]> {
        Some(&self.mechanisms.get(usize::from(mechanism))?.last_update)
    }

    /// What waits for the next epoch.
    pub fn pending(&self) -> Pending {
        self.alpha.pending
    }

    /// Alpha in existence, in rao.
    pub fn alpha_issuance(&self) -> u64 {
        self.alpha.alpha_issuance
    }

    /// Alpha that is nobody's, in rao: to be claimed by who stakes on root, or lost to rounding in blocks and at epochs.
    pub fn unassigned(&self) -> u64 {
        self.unassigned
    }

    /// What the emission of the blocks to come depends on beside the issuance.
    pub fn set_terms(&mut self, terms: Terms) {
        self.terms = terms;
    }

    fn schedule(&self) -> EpochSchedule {
        EpochSchedule::from(&self.rules)
    }

    fn weight_of(&self, account: usize) -> (u64, u32) {
        let account = &self.accounts[account];
        primitives::stake_weight(account.alpha, account.root, self.rules.tao_weight)
    }

    fn owner_seat(&self) -> Option<u16> {
        self.accounts[self.owner].seat
    }
}

/// A row in the form in which it is sent.
pub fn sent(row: &Weights) -> Vec<(u16, u16)> {
    row.iter().map(|(uid, value)| (uid.0, value)).collect()
}
