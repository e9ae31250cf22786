//! When a row that is committed now can be revealed, and which round of the beacon opens it then.

use primitives::{BlockNumber, EpochSchedule, NetUid};

use crate::{
    ChainError, Client,
    beacon::{Beacon, BlockClock, reveal_round},
};

/// What a commit in the next block has to aim at, as the chain stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealPlan {
    /// The block after which this holds: the best one, which may not be final.
    pub head: BlockNumber,
    /// The epoch that the commit is filed under.
    pub commit_epoch: u64,
    /// The first block at which the chain reveals it.
    pub reveal_block: BlockNumber,
    /// The beacon's round that will be known by then.
    pub round: u64,
    /// Rounds of the beacon in one block, at least 1: how far a round may be off before it matters.
    pub rounds_per_block: u64,
    /// The beacon's public key.
    pub beacon_key: Vec<u8>,
    /// The version of commit-reveal that the chain takes.
    pub version: u16,
}

impl Client {
    /// Plan for a commit in the next block. The schedule can move until its epoch is over: plan again until then.
    pub async fn reveal_plan(&self, netuid: NetUid) -> Result<RevealPlan, ChainError> {
        let best = self.best().await?;
        let rules = self.hyperparameters(netuid, Some(best.hash)).await?;
        let (schedule, period) = (EpochSchedule::from(&rules), rules.reveal_period_epochs);
        let beacon = self.beacon(Some(best.hash)).await?;
        let clock = self.block_clock(Some(best.hash)).await?;
        let reveal_block = schedule.reveal_block(best.number, period).ok_or(ChainError::NoEpochs(netuid))?;
        Ok(plan(best.number, &schedule, reveal_block, &beacon, &clock, rules.commit_reveal_weights_version))
    }
}

fn plan(
    head: BlockNumber,
    schedule: &EpochSchedule,
    reveal_block: BlockNumber,
    beacon: &Beacon,
    clock: &BlockClock,
    version: u16,
) -> RevealPlan {
    RevealPlan {
        head,
        commit_epoch: schedule.epoch_at(head + 1),
        reveal_block,
        round: reveal_round(beacon, clock, reveal_block),
        rounds_per_block: (clock.block_ms / 1_000 / beacon.period_s.max(1)).max(1),
        beacon_key: beacon.public_key.clone(),
        version,
    }
}
