//! All that decides whether the chain takes a hotkey's weights, at one block, in two requests.

use primitives::{BlockHash, BlockNumber, BlockRef, EpochSchedule, Hotkey, MechId, NetUid, Uid, stake_weight};
use subxt::utils::AccountId32;

use crate::{
    ChainError, Client,
    batch::{Batch, One},
    storage::{At, Found},
};

/// The root subnet: stake there counts everywhere, by `TaoWeight`.
const ROOT: u16 = 0;

/// A queue of hashes as stored: hash, epoch, block, and a number that is not used any more.
type Commits = Vec<([u8; 32], u64, u64, u64)>;
/// A queue of timelocked commits as stored: hotkey, block, bytes, round.
type Timelocked = Vec<(AccountId32, u64, Vec<u8>, u64)>;
/// Who lends or borrows which part, of `u64::MAX`.
type Relatives = Vec<(u64, AccountId32)>;

/// What the checks of the calls about weights look at, for one hotkey on one mechanism. What is missing on chain is
/// what the chain takes it for: a subnet that does not exist has no seats. Names are the chain's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightsState {
    /// Read at this block.
    pub block: BlockRef,
    /// Which subnet.
    pub netuid: NetUid,
    /// Which mechanism.
    pub mechanism: MechId,
    /// Who is to set weights.
    pub hotkey: Hotkey,
    /// `NetworksAdded`.
    pub network_added: bool,
    /// `MechanismCountCurrent`.
    pub mechanisms: u8,
    /// `SubnetworkN`: seats that are taken.
    pub seats: u16,
    /// The hotkey's seat.
    pub uid: Option<Uid>,
    /// Whether it is the owner's hotkey, which needs neither stake nor permit.
    pub is_owner: bool,
    /// What counts as its stake, in rao: alpha, and TAO on root by its weight, child keys counted.
    pub stake: u64,
    /// `StakeThreshold`, in rao.
    pub stake_threshold: u64,
    /// `WeightsVersionKey`; 0 means any.
    pub weights_version_key: u64,
    /// `CommitRevealWeightsEnabled`.
    pub commit_reveal_weights_enabled: bool,
    /// `CommitRevealWeightsVersion`: of timelocked commits.
    pub commit_reveal_weights_version: u16,
    /// `RevealPeriodEpochs`.
    pub reveal_period_epochs: u64,
    /// `WeightsSetRateLimit`, in blocks.
    pub weights_set_rate_limit: u64,
    /// The block of its last row or commit on this mechanism; 0 where there is none.
    pub last_update: BlockNumber,
    /// Its `ValidatorPermit`.
    pub validator_permit: bool,
    /// `MinAllowedWeights`.
    pub min_allowed_weights: u16,
    /// What it committed and did not reveal, by hash. None where it never did or revealed all.
    pub commits: Option<Vec<HashCommit>>,
    /// How many timelocked rows it committed in the epoch of the next block.
    pub timelocked_commits: usize,
    /// `Drand.LastStoredRound`.
    pub last_stored_round: u64,
    /// The epochs, as they stand after the block.
    pub schedule: EpochSchedule,
}

/// A hash that waits for its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCommit {
    /// Of the row: [`commit_hash`](crate::commit_hash).
    pub hash: [u8; 32],
    /// The epoch of the commit.
    pub epoch: u64,
    /// The block of the commit.
    pub block: BlockNumber,
}

impl Client {
    /// What decides about a hotkey's weights in the block after this one; after the finalised head where none is given.
    pub async fn weights_state(
        &self,
        netuid: NetUid,
        mechanism: MechId,
        hotkey: Hotkey,
        at: Option<BlockHash>,
    ) -> Result<WeightsState, ChainError> {
        self.read_at(at, |at| async move { weights_state(&at, netuid, mechanism, hotkey).await }).await
    }
}

async fn weights_state(at: &At, netuid: NetUid, mechanism: MechId, hotkey: Hotkey) -> Result<WeightsState, ChainError> {
    let (net, index) = ((netuid.0,), netuid.storage_index(mechanism));
    let mut batch = Batch::new(at);
    let added = batch.want::<bool>("NetworksAdded", net)?;
    let mechanisms = batch.want::<u8>("MechanismCountCurrent", net)?;
    let seats = batch.want::<u16>("SubnetworkN", net)?;
    let uid = batch.want::<u16>("Uids", (netuid.0, hotkey.0))?;
    let owner = batch.want::<AccountId32>("SubnetOwnerHotkey", net)?;
    let threshold = batch.want::<u64>("StakeThreshold", ())?;
    let tao_weight = batch.want::<u64>("TaoWeight", ())?;
    let alpha = batch.want::<u64>("TotalHotkeyAlpha", (hotkey.0, netuid.0))?;
    let tao = batch.want::<u64>("TotalHotkeyAlpha", (hotkey.0, ROOT))?;
    // A runtime without child keys has no such items.
    let parents = batch.want::<Relatives>("ParentKeys", (hotkey.0, netuid.0)).ok();
    let children = batch.want::<Relatives>("ChildKeys", (hotkey.0, netuid.0)).ok();
    let version_key = batch.want::<u64>("WeightsVersionKey", net)?;
    let commit_reveal = batch.want::<bool>("CommitRevealWeightsEnabled", net)?;
    let commit_version = batch.want::<u16>("CommitRevealWeightsVersion", ())?;
    let reveal_period = batch.want::<u64>("RevealPeriodEpochs", net)?;
    let rate_limit = batch.want::<u64>("WeightsSetRateLimit", net)?;
    let last_update = batch.want::<Vec<u64>>("LastUpdate", (index,))?;
    let permits = batch.want::<Vec<bool>>("ValidatorPermit", net)?;
    let min_weights = batch.want::<u16>("MinAllowedWeights", net)?;
    let commits = batch.want::<Commits>("WeightCommits", (index, hotkey.0))?;
    let last_round = batch.want_of::<u64>("Drand", "LastStoredRound", ())?;
    let tempo = batch.want::<u16>("Tempo", net)?;
    let last_epoch_block = batch.want::<u64>("LastEpochBlock", net)?;
    let pending_epoch_at = batch.want::<u64>("PendingEpochAt", net)?;
    let epoch_index = batch.want::<u64>("SubnetEpochIndex", net)?;
    let since_last_step = batch.want::<u64>("BlocksSinceLastStep", net)?;
    let found = batch.fetch().await?;
    let schedule = EpochSchedule {
        tempo: tempo.of(&found)?,
        last_epoch_block: last_epoch_block.of(&found)?,
        pending_epoch_at: pending_epoch_at.of(&found)?,
        epoch_index: epoch_index.of(&found)?,
        blocks_since_last_step: since_last_step.of(&found)?,
    };
    let relatives = |item: Option<One<'_, Relatives>>, found: &Found| match item {
        Some(item) => item.of(found),
        None => Ok(Vec::new()),
    };
    let (parents, children) = (relatives(parents, &found)?, relatives(children, &found)?);

    // Then what can only be asked for by what was found.
    let mut batch = Batch::new(at);
    let epoch = schedule.epoch_at(at.block.number.saturating_add(1));
    let timelocked = batch.want::<Timelocked>("TimelockedWeightCommits", (index, epoch))?;
    let on = |netuid: u16| parents.iter().map(move |(_, parent)| (parent.0, netuid));
    let parents_alpha = batch.want_all::<u64, _>("TotalHotkeyAlpha", on(netuid.0))?;
    let parents_tao = batch.want_all::<u64, _>("TotalHotkeyAlpha", on(ROOT))?;
    let later = batch.fetch().await?;
    let borrowed = |stakes: Vec<u64>| parents.iter().map(|(part, _)| *part).zip(stakes).collect::<Vec<_>>();
    let lent: Vec<u64> = children.iter().map(|(part, _)| *part).collect();
    let alpha = inherited(alpha.of(&found)?, &lent, &borrowed(parents_alpha.of(&later)?));
    let tao = inherited(tao.of(&found)?, &lent, &borrowed(parents_tao.of(&later)?));

    let uid = uid.maybe(&found)?;
    // A list is shorter than the subnet where the chain has not written it yet: that means nothing.
    let seat = usize::from(uid.unwrap_or(u16::MAX));
    let commits = commits.maybe(&found)?;
    let commit = |(hash, epoch, block, _)| HashCommit { hash, epoch, block };
    Ok(WeightsState {
        block: at.block,
        netuid,
        mechanism,
        hotkey,
        network_added: added.of(&found)?,
        mechanisms: mechanisms.of(&found)?,
        seats: seats.of(&found)?,
        uid: uid.map(Uid),
        is_owner: uid.is_some() && owner.of(&found)?.0 == hotkey.0,
        stake: stake_weight(alpha, tao, tao_weight.of(&found)?).0,
        stake_threshold: threshold.of(&found)?,
        weights_version_key: version_key.of(&found)?,
        commit_reveal_weights_enabled: commit_reveal.of(&found)?,
        commit_reveal_weights_version: commit_version.of(&found)?,
        reveal_period_epochs: reveal_period.of(&found)?,
        weights_set_rate_limit: rate_limit.of(&found)?,
        last_update: last_update.of(&found)?.get(seat).copied().unwrap_or_default(),
        validator_permit: permits.of(&found)?.get(seat).copied().unwrap_or_default(),
        min_allowed_weights: min_weights.of(&found)?,
        commits: commits.map(|commits| commits.into_iter().map(commit).collect()),
        timelocked_commits: timelocked.of(&later)?.iter().filter(|(who, ..)| who.0 == hotkey.0).count(),
        last_stored_round: last_round.of(&found)?,
        schedule,
    })
}

/// A hotkey's stake without what it lends to its children, with what it borrows from its parents: parts of
/// `u64::MAX`, rounded to 2^-32 as the chain does.
fn inherited(stake: u64, lent: &[u64], borrowed: &[(u64, u64)]) -> u64 {
    let share = |part: u64, stake: u64| u128::from(stake) * ((u128::from(part) << 32) / u128::from(u64::MAX));
    let lent = lent.iter().fold(0u128, |sum, part| sum.saturating_add(share(*part, stake)));
    let borrowed = borrowed.iter().fold(0u128, |sum, (part, stake)| sum.saturating_add(share(*part, *stake)));
    let bits = (u128::from(stake) << 32).saturating_sub(lent).saturating_add(borrowed);
    u64::try_from(bits >> 32).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stake_is_lent_and_borrowed_in_parts() {
        let half = u64::MAX / 2 + 1;
        assert_eq!(inherited(1_000, &[], &[]), 1_000);
        assert_eq!(inherited(1_000, &[half], &[]), 500);
        assert_eq!(inherited(1_000, &[u64::MAX], &[(half, 60)]), 30);
        assert_eq!(inherited(1_000, &[u64::MAX, u64::MAX], &[]), 0);
        assert_eq!(inherited(u64::MAX, &[], &[(u64::MAX, u64::MAX)]), u64::MAX);
    }
}
