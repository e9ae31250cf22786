//! Who gets what at an epoch: miners their incentive, validators and who stakes to them their dividends, the owner its cut.

use scoring::emission::{Combined, Dividend, Earner, Pending, dividends};

use super::Chain;

/// What an epoch paid, in rao of alpha.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// By uid.
    pub seats: Vec<SeatPayment>,
    /// To the owner's hotkey.
    pub owner_cut: u64,
    /// What the owner's own hotkeys mined: nobody has it.
    pub withheld: u64,
    /// Root's part, where nobody's TAO on root earned any.
    pub recycled: u64,
    /// What rounding left: nobody has it.
    pub left: u64,
}

/// What the tenant of a seat was paid, in rao of alpha. Both are added to its stake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatPayment {
    /// As a miner.
    pub incentive: u64,
    /// As a validator, with all who stake to it.
    pub dividend: u64,
    /// Of this, the take of its owner.
    pub take: u64,
    /// Beside it, kept for who stakes to it on root until they claim it.
    pub claimable: u64,
}

impl Payment {
    /// All of it: what the epoch took.
    pub fn total(&self) -> u64 {
        let seats = self.seats.iter().flat_map(|seat| [seat.incentive, seat.dividend, seat.claimable]);
        seats.chain([self.owner_cut, self.withheld, self.recycled, self.left]).fold(0, u64::saturating_add)
    }
}

impl Chain {
    pub(super) fn pay(&mut self, pending: &Pending, combined: &Combined) -> Payment {
        let mut payment = Payment { seats: vec![SeatPayment::default(); self.seats.len()], ..Payment::default() };
        payment.owner_cut = pending.owner_cut;
        self.stake_to(self.owner, pending.owner_cut);

        let owner_coldkey = self.accounts[self.owner].coldkey;
        let is_owners =
            |chain: &Self, account: usize| account == chain.owner || chain.accounts[account].coldkey == owner_coldkey;
        let mined = self.seats.iter().zip(&combined.server_emission);
        let incentives = pending.incentives(mined.map(|(seat, earned)| (*earned, is_owners(self, seat.account))));
        for (at, earned) in combined.server_emission.iter().enumerate() {
            let account = self.seats[at].account;
            if !is_owners(self, account) {
                payment.seats[at].incentive = *earned;
                self.stake_to(account, *earned);
            }
        }
        payment.withheld = incentives.withheld;
        let recycled_withheld = if self.recycles_withheld { incentives.withheld } else { 0 };

        let validators: Vec<(usize, Earner)> = self.earners(combined);
        let earners: Vec<Earner> = validators.iter().map(|(_, earner)| *earner).collect();
        let dividends = dividends(&earners, self.rules.tao_weight, incentives.validators, pending.root);
        for ((at, _), dividend) in validators.iter().zip(&dividends.each) {
            self.pay_dividend(*at, dividend, &mut payment.seats[*at]);
        }
        payment.recycled = dividends.recycled;

        let total = pending.emission();
        payment.left = total.saturating_sub(incentives.total).saturating_sub(dividends.paid());
        self.unassigned = self.unassigned.saturating_add(payment.left);
        let recycled = payment.recycled.saturating_add(recycled_withheld);
        self.alpha.alpha_issuance = self.alpha.alpha_issuance.saturating_sub(recycled);
        payment
    }

    /// Who earned something as a validator, with its uid. Stake is that after incentives.
    fn earners(&self, combined: &Combined) -> Vec<(usize, Earner)> {
        let earned = combined.validator_emission.iter().enumerate().filter(|(_, earned)| **earned > 0);
        let earner = |(at, earned): (usize, &u64)| {
            let account = &self.accounts[self.seats[at].account];
            (at, Earner { earned: *earned, alpha: account.alpha, root: account.root, take: account.take })
        };
        earned.map(earner).collect()
    }

    fn pay_dividend(&mut self, at: usize, dividend: &Dividend, paid: &mut SeatPayment) {
        paid.take = dividend.alpha.take.saturating_add(dividend.root.take);
        paid.dividend = paid.take.saturating_add(dividend.alpha.rest);
        if dividend.claimable {
            paid.claimable = dividend.root.rest;
            self.unassigned = self.unassigned.saturating_add(dividend.root.rest);
        } else {
            paid.dividend = paid.dividend.saturating_add(dividend.root.rest);
        }
        self.stake_to(self.seats[at].account, paid.dividend);
    }

    fn stake_to(&mut self, account: usize, amount: u64) {
        let alpha = &mut self.accounts[account].alpha;
        *alpha = alpha.saturating_add(amount);
    }
}
