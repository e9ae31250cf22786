//! Rows of weights: set in the open, or committed first and opened an epoch or more later.

use primitives::{BlockNumber, Uid};
use scoring::quantise::max_upscale_u16;

use super::Chain;

/// Commits of one hotkey that may wait in one epoch.
const MOST_COMMITS: usize = 10;

/// A row that nobody has seen yet.
#[derive(Clone, Debug)]
pub(super) struct Commit {
    account: usize,
    block: BlockNumber,
    epoch: u64,
    /// The first block at which it can be opened.
    opens_at: BlockNumber,
    row: Vec<(u16, u16)>,
}

/// Why the chain doesn't take a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such mechanism.
    #[error("there is no such mechanism")]
    Mechanism,
    /// Nobody sits there.
    #[error("nobody has that seat")]
    Seat,
    /// Rows must be committed.
    #[error("rows are committed on this subnet")]
    Committed,
    /// Rows are set in the open.
    #[error("rows are set in the open on this subnet")]
    Open,
    /// More uids than there are seats.
    #[error("the row names more uids than there are seats")]
    TooMany,
    /// Less stake than `stake_threshold`.
    #[error("not enough stake to set weights")]
    Stake,
    /// The last row is not old enough.
    #[error("weights are set too fast")]
    TooFast,
    /// No permit, and not about oneself.
    #[error("no validator permit")]
    Permit,
    /// One uid twice.
    #[error("the row names a uid twice")]
    Duplicate,
    /// A uid without a seat.
    #[error("the row names a uid that has no seat")]
    Uid,
    /// Fewer uids than `min_allowed_weights`.
    #[error("the row names too few uids")]
    TooFew,
    /// Too many commits wait already.
    #[error("too many commits wait already")]
    Commits,
}

impl Chain {
    /// A row is set in the open, as uids and values in the order in which they are sent.
    pub fn set_weights(&mut self, mechanism: u8, uid: Uid, row: &[(u16, u16)]) -> Result<(), Refused> {
        if self.rules.commit_reveal_weights_enabled {
            return Err(Refused::Committed);
        }
        self.store_row(mechanism, uid, row)
    }

    /// A row is committed, to be opened by itself `reveal_period_epochs` later: in the first block of that epoch, or at
    /// `opens_at` where that is later. A row that can't be stored then is dropped without a word.
    pub fn commit_weights(
        &mut self,
        mechanism: u8,
        uid: Uid,
        row: Vec<(u16, u16)>,
        opens_at: BlockNumber,
    ) -> Result<(), Refused> {
        if !self.rules.commit_reveal_weights_enabled {
            return Err(Refused::Open);
        }
        let account = self.seats.get(usize::from(uid.0)).ok_or(Refused::Seat)?.account;
        self.has_waited(mechanism, uid)?;
        let (block, epoch) = (self.block, self.current_epoch());
        let at = usize::from(uid.0);
        let mechanism = self.mechanisms.get_mut(usize::from(mechanism)).ok_or(Refused::Mechanism)?;
        let waiting = mechanism.commits.iter().filter(|commit| (commit.account, commit.epoch) == (account, epoch));
        if waiting.count() >= MOST_COMMITS {
            return Err(Refused::Commits);
        }
        mechanism.commits.push(Commit { account, block, epoch, opens_at, row });
        mechanism.last_update[at] = block;
        Ok(())
    }

    /// At each block, before the epoch: what was committed a period ago is opened, in the order of commits, and what is
    /// older is dropped.
    pub(super) fn open_commits(&mut self) {
        if self.mechanisms.iter().all(|mechanism| mechanism.commits.is_empty()) {
            return;
        }
        let (epoch, period) = (self.current_epoch(), self.rules.reveal_period_epochs);
        let due = epoch.saturating_sub(period);
        for mechanism in 0..self.rules.mechanism_count_current {
            let commits = std::mem::take(&mut self.mechanisms[usize::from(mechanism)].commits);
            let (mut open, mut kept) = (Vec::new(), Vec::new());
            for commit in commits {
                match commit {
                    _ if commit.epoch < due => {}
                    _ if commit.epoch == due && epoch >= period && commit.opens_at <= self.block => open.push(commit),
                    _ => kept.push(commit),
                }
            }
            self.mechanisms[usize::from(mechanism)].commits = kept;
            for commit in open {
                if let Some(uid) = self.accounts[commit.account].seat {
                    let _ = self.store_row(mechanism, Uid(uid), &commit.row);
                }
            }
        }
    }

    /// The block of each seat's earliest commit that can still be opened: a row must not judge a miner that came after it
    /// was committed. None where rows are set in the open.
    pub(super) fn commit_blocks(&self, mechanism: usize) -> Option<Vec<BlockNumber>> {
        if !self.rules.commit_reveal_weights_enabled {
            return None;
        }
        let oldest = self.current_epoch().saturating_sub(self.rules.reveal_period_epochs);
        let mut blocks = vec![BlockNumber::MAX; self.seats.len()];
        for commit in self.mechanisms[mechanism].commits.iter().filter(|commit| commit.epoch >= oldest) {
            if let Some(block) = self.accounts[commit.account].seat.and_then(|uid| blocks.get_mut(usize::from(uid))) {
                *block = (*block).min(commit.block);
            }
        }
        Some(blocks)
    }

    /// The checks stand in the chain's order.
    fn store_row(&mut self, mechanism: u8, uid: Uid, row: &[(u16, u16)]) -> Result<(), Refused> {
        let (at, seats) = (usize::from(uid.0), self.seats.len());
        if usize::from(mechanism) >= self.mechanisms.len() {
            return Err(Refused::Mechanism);
        }
        let account = self.seats.get(at).ok_or(Refused::Seat)?.account;
        if row.len() > seats {
            return Err(Refused::TooMany);
        }
        let is_owner = self.owner_seat() == Some(uid.0);
        if !is_owner && self.weight_of(account).0 < self.rules.stake_threshold {
            return Err(Refused::Stake);
        }
        // While rows are committed, the limit was on the commit.
        let committed = self.rules.commit_reveal_weights_enabled;
        if !committed {
            self.has_waited(mechanism, uid)?;
        }
        let own_only = matches!(row, [(only, _)] if *only == uid.0);
        if !(self.has_permit(uid) || own_only || is_owner) {
            return Err(Refused::Permit);
        }
        let mut named = vec![false; seats];
        for (uid, _) in row {
            match named.get_mut(usize::from(*uid)) {
                None => return Err(if repeats(row) { Refused::Duplicate } else { Refused::Uid }),
                Some(true) => return Err(Refused::Duplicate),
                Some(named) => *named = true,
            }
        }
        if !own_only && row.len() < usize::from(self.rules.min_allowed_weights).min(seats) {
            return Err(Refused::TooFew);
        }
        let values: Vec<u16> = row.iter().map(|(_, value)| *value).collect();
        let row = row.iter().map(|(uid, _)| *uid).zip(max_upscale_u16(&values)).collect();
        let block = self.block;
        let mechanism = &mut self.mechanisms[usize::from(mechanism)];
        mechanism.weights.insert(uid.0, row);
        if !committed {
            mechanism.last_update[at] = block;
        }
        Ok(())
    }

    fn has_waited(&self, mechanism: u8, uid: Uid) -> Result<(), Refused> {
        let mechanism = self.mechanisms.get(usize::from(mechanism)).ok_or(Refused::Mechanism)?;
        let last = *mechanism.last_update.get(usize::from(uid.0)).ok_or(Refused::Seat)?;
        let waited = last == 0 || self.block.saturating_sub(last) >= self.rules.weights_rate_limit;
        if waited { Ok(()) } else { Err(Refused::TooFast) }
    }
}

fn repeats(row: &[(u16, u16)]) -> bool {
    let mut uids: Vec<u16> = row.iter().map(|(uid, _)| *uid).collect();
    uids.sort_unstable();
    uids.windows(2).any(|pair| pair[0] == pair[1])
}
