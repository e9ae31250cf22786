//! What stands before the first block.

use std::collections::BTreeMap;

use primitives::{BlockNumber, Coldkey, Hotkey, Hyperparameters};
use scoring::emission::{Combined, Subnet, Terms, seat_price};

use super::{Chain, Mechanism};

/// The chain's default: 1.26, in units of 2^-64.
const BURN_INCREASE_MULT: u128 = 0x0001_428f_5c28_f5c2_9000;
/// `Delegates`, where a hotkey says nothing: 18 %.
const DEFAULT_TAKE: u16 = 11_796;

/// A subnet before the first block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The block that it stands after.
    pub block: BlockNumber,
    /// The rules; with them the owner, the price of a seat, the number of mechanisms and the place in the schedule.
    pub rules: Hyperparameters,
    /// Immune seats go where no more than so many others are there.
    pub min_non_immune_uids: u16,
    /// So many of the owner's seats stay for ever.
    pub immune_owner_uids_limit: u16,
    /// Blocks in which the price of a seat falls by half; 0 means that it never does.
    pub burn_half_life: u16,
    /// How much dearer a registration makes the next one, in units of 2^-64.
    pub burn_increase_mult: u128,
    /// Whether what is withheld from the owner's hotkeys leaves the issuance (`RecycleOrBurn`).
    pub recycles_withheld: bool,
    /// What the emission depends on beside the issuance.
    pub terms: Terms,
    /// Alpha in existence, pool included, and what waits already.
    pub alpha: Subnet,
    /// Who sits, by uid. The owner's hotkey needs no seat; with one it keeps it.
    pub seats: Vec<GenesisSeat>,
}

/// A seat that is taken from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenesisSeat {
    /// Who sits.
    pub hotkey: Hotkey,
    /// Who owns the hotkey.
    pub coldkey: Coldkey,
    /// Alpha staked to it, in rao.
    pub stake: u64,
    /// TAO staked to it on root, in rao.
    pub root_stake: u64,
    /// What its owner takes from who stakes to it, of 65535.
    pub take: u16,
    /// Whether its weights count before the first epoch decides.
    pub validator_permit: bool,
    /// `BlockAtRegistration`.
    pub registered_at: BlockNumber,
}

/// Why there can be no such subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// More seats than the rules allow.
    #[error("{seats} seats are taken, and max_allowed_uids is {most}")]
    Seats {
        /// Taken.
        seats: usize,
        /// Allowed.
        most: u16,
    },
    /// One hotkey in two seats.
    #[error("seat {0} has the hotkey of an earlier one")]
    Twice(usize),
    /// No mechanism, or more than the chain has.
    #[error("{0} mechanisms: there are 1 to 16")]
    Mechanisms(u8),
    /// Without a tempo there are no epochs.
    #[error("tempo is 0: no epoch ever runs")]
    Tempo,
}

impl Default for Genesis {
    /// The chain's defaults, and nobody there.
    fn default() -> Self {
        let rules = Hyperparameters::default();
        let tao_weight = rules.tao_weight;
        Self {
            block: 0,
            rules,
            min_non_immune_uids: 10,
            immune_owner_uids_limit: 1,
            burn_half_life: 360,
            burn_increase_mult: BURN_INCREASE_MULT,
            recycles_withheld: false,
            terms: Terms { owner_cut: Some(11_796), root_tao: 0, tao_weight, root_sells: false, alpha_in: 0 },
            alpha: Subnet::default(),
            seats: Vec::new(),
        }
    }
}

impl GenesisSeat {
    /// Nothing staked, no permit, registered in block 0.
    pub fn new(hotkey: Hotkey, coldkey: Coldkey) -> Self {
        Self { hotkey, coldkey, stake: 0, root_stake: 0, take: DEFAULT_TAKE, validator_permit: false, registered_at: 0 }
    }
}

impl Chain {
    /// The subnet as it stands before the first block.
    pub fn new(genesis: Genesis) -> Result<Self, GenesisError> {
        let Genesis { rules, .. } = genesis;
        let seats = genesis.seats.len();
        if seats > usize::from(rules.max_allowed_uids) {
            return Err(GenesisError::Seats { seats, most: rules.max_allowed_uids });
        }
        if !(1..=16).contains(&rules.mechanism_count_current) {
            return Err(GenesisError::Mechanisms(rules.mechanism_count_current));
        }
        if rules.tempo == 0 {
            return Err(GenesisError::Tempo);
        }
        let mechanisms = vec![Mechanism::default(); rules.mechanism_count_current.into()];
        let (owner, owner_hotkey) = (rules.subnet_owner, rules.subnet_owner_hotkey);
        let mut chain = Self {
            rules,
            min_non_immune_uids: genesis.min_non_immune_uids,
            immune_owner_uids_limit: genesis.immune_owner_uids_limit,
            burn_decay: seat_price::decay_factor(genesis.burn_half_life),
            burn_increase_mult: genesis.burn_increase_mult,
            recycles_withheld: genesis.recycles_withheld,
            terms: genesis.terms,
            block: genesis.block,
            alpha: genesis.alpha,
            unassigned: 0,
            accounts: Vec::new(),
            by_hotkey: BTreeMap::new(),
            owner: 0,
            seats: Vec::new(),
            results: Combined::new(0),
            mechanisms,
        };
        chain.owner = chain.account(owner_hotkey, owner, DEFAULT_TAKE);
        for (at, seat) in genesis.seats.into_iter().enumerate() {
            let account = chain.account(seat.hotkey, seat.coldkey, seat.take);
            if chain.accounts[account].seat.is_some() {
                return Err(GenesisError::Twice(at));
            }
            let uid = chain.append(account, seat.registered_at);
            let account = &mut chain.accounts[account];
            (account.alpha, account.root, account.take) = (seat.stake, seat.root_stake, seat.take);
            account.coldkey = seat.coldkey;
            chain.results.validator_permits[usize::from(uid.0)] = seat.validator_permit;
        }
        debug_assert_eq!(chain.seats.len(), seats);
        Ok(chain)
    }
}
