//! Seats: who comes, and who must leave when the subnet is full.

use primitives::{BlockNumber, Coldkey, Hotkey, Registration, Uid};
use scoring::emission::{Tenure, immortal_seats, seat_price, seat_to_prune};

use super::{Chain, Tenancy};

/// A seat was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The seat.
    pub uid: Uid,
    /// Who lost it.
    pub left: Option<Registration>,
    /// What it cost, in rao of TAO.
    pub burn: u64,
}

impl Chain {
    /// Seats a newcomer, in the place of another one where there is no free seat. None where nobody may be replaced, or
    /// the hotkey sits already. `recycled_alpha` is what the price bought in the pool, in rao: it leaves the issuance.
    pub fn register(&mut self, hotkey: Hotkey, coldkey: Coldkey, take: u16, recycled_alpha: u64) -> Option<Registered> {
        if self.seat_of(&hotkey).is_some() {
            return None;
        }
        let leaving = match self.seats.len() < usize::from(self.rules.max_allowed_uids) {
            true => None,
            false => Some(self.seat_to_prune()?),
        };
        let account = self.account(hotkey, coldkey, take);
        let left = leaving.and_then(|uid| self.tenant(uid));
        let (burn, block) = (self.rules.burn, self.block);
        self.alpha.alpha_issuance = self.alpha.alpha_issuance.saturating_sub(recycled_alpha);
        let uid = match leaving {
            None => self.append(account, block),
            Some(uid) => {
                self.replace(uid, account, block);
                uid
            }
        };
        self.rules.burn = self.within_burn_bounds(seat_price::raised(burn, self.burn_increase_mult));
        Some(Registered { uid, left, burn })
    }

    /// The seat that a newcomer takes when there is no free one.
    pub fn seat_to_prune(&self) -> Option<Uid> {
        let owner = self.accounts[self.owner].coldkey;
        let uids = || (0..=u16::MAX).zip(&self.seats);
        let owned: Vec<(BlockNumber, u16)> = uids()
            .filter(|(_, seat)| self.accounts[seat.account].coldkey == owner)
            .map(|(uid, seat)| (seat.since, uid))
            .collect();
        let immortal = immortal_seats(&owned, self.owner_seat(), self.immune_owner_uids_limit);
        let tenure = |(uid, seat): (u16, &Tenancy)| Tenure {
            emission: self.results.emission.get(usize::from(uid)).copied().unwrap_or(0),
            registered_at: seat.since,
            immortal: immortal.contains(&uid),
        };
        let tenures: Vec<Tenure> = uids().map(tenure).collect();
        seat_to_prune(&tenures, self.block, self.rules.immunity_period, self.min_non_immune_uids).map(Uid)
    }

    /// A seat at the end. The new neuron has no weights, no bonds and no permit.
    pub(super) fn append(&mut self, account: usize, block: BlockNumber) -> Uid {
        let uid = self.seats();
        self.seats.push(Tenancy { account, since: block });
        self.accounts[account].seat = Some(uid);
        let results = &mut self.results;
        results.active.push(true);
        results.emission.push(0);
        results.consensus.push(0);
        results.dividends.push(0);
        results.stake_weight.push(0);
        results.validator_trust.push(0);
        results.validator_permits.push(false);
        results.server_emission.push(0);
        results.validator_emission.push(0);
        for mechanism in &mut self.mechanisms {
            mechanism.incentive.push(0);
            mechanism.last_update.push(block);
        }
        Uid(uid)
    }

    /// A newcomer in somebody's seat: what the predecessor set and got goes.
    fn replace(&mut self, uid: Uid, account: usize, block: BlockNumber) {
        let at = usize::from(uid.0);
        self.accounts[self.seats[at].account].seat = None;
        self.seats[at] = Tenancy { account, since: block };
        self.accounts[account].seat = Some(uid.0);
        let results = &mut self.results;
        results.active[at] = true;
        results.emission[at] = 0;
        results.consensus[at] = 0;
        results.dividends[at] = 0;
        results.stake_weight[at] = 0;
        results.validator_trust[at] = 0;
        results.validator_permits[at] = false;
        results.server_emission[at] = 0;
        results.validator_emission[at] = 0;
        for mechanism in &mut self.mechanisms {
            mechanism.incentive[at] = 0;
            mechanism.last_update[at] = block;
            mechanism.bonds.remove(&uid.0);
            mechanism.weights.remove(&uid.0);
            // What others gave the predecessor is not the newcomer's.
            for row in mechanism.weights.values_mut() {
                if let Some(entry) = row.iter_mut().find(|entry| entry.0 == uid.0) {
                    entry.1 = 0;
                }
            }
        }
    }
}
