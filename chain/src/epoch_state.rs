//! What an epoch starts from: stake, weights, bonds and settings of a subnet at one block, in three requests.

use std::{collections::BTreeMap, ops::RangeInclusive};

use primitives::{BlockHash, BlockNumber, BlockRef, MechId, NetUid, stake_weight};
use subxt::utils::AccountId32;

use crate::{
    ChainError, Client,
    batch::{Batch, Each},
    commits::{Ciphertexts, Hashes},
    storage::{At, Found},
};

/// The root subnet: stake there counts everywhere, by `TaoWeight`.
const ROOT: u16 = 0;

/// Sparse rows by uid, as stored.
type Rows = BTreeMap<u16, Vec<(u16, u16)>>;

/// The state of a subnet's main mechanism that an epoch reads. Names are the chain's; lists are by uid.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the chain's storage items
pub struct EpochState {
    pub block: BlockRef,
    pub tempo: u16,
    /// In thousandths of a tempo.
    pub activity_cutoff_factor_milli: u32,
    pub last_update: Vec<BlockNumber>,
    pub block_at_registration: Vec<BlockNumber>,
    pub last_mechanism_step_block: BlockNumber,
    /// Alpha, and TAO on root by its weight, in rao.
    pub stake: Vec<u64>,
    /// What each stake has beyond whole rao, in units of 2^-32.
    pub stake_fraction: Vec<u32>,
    pub stake_threshold: u64,
    pub owner_uid: Option<u16>,
    pub validator_permit: Vec<bool>,
    pub max_allowed_validators: u16,
    pub weights: Rows,
    pub bonds: Rows,
    pub kappa: u16,
    pub bonds_penalty: u16,
    pub bonds_moving_average: u64,
    pub yuma3_on: bool,
    pub liquid_alpha_on: bool,
    /// Lowest and highest.
    pub alpha_values: (u16, u16),
    pub alpha_sigmoid_steepness: i16,
    /// Of miners, validators and root's stakers together, in rao.
    pub pending_emission: u64,
    /// The block of each seat's earliest commit that is not expired when an epoch runs, `u64::MAX` for none. None where
    /// the subnet doesn't commit and reveal. What the epoch's own block would reveal first still waits here.
    pub commit_blocks: Option<Vec<BlockNumber>>,
    pub mechanisms: u8,
    /// Whether some seat lends or borrows stake by child keys, which `stake` leaves out.
    pub child_keys: bool,
}

impl Client {
    /// What an epoch would start from if it ran after a block; after the finalised head where none is given.
    pub async fn epoch_state(&self, netuid: NetUid, at: Option<BlockHash>) -> Result<EpochState, ChainError> {
        self.read_at(at, |at| async move { epoch_state(&at, netuid).await }).await
    }
}

async fn epoch_state(at: &At, netuid: NetUid) -> Result<EpochState, ChainError> {
    let net = (netuid.0,);
    let index = netuid.storage_index(MechId(0));
    let mut batch = Batch::new(at);
    let added = batch.want::<bool>("NetworksAdded", net)?;
    let seats = batch.want::<u16>("SubnetworkN", net)?;
    let tempo = batch.want::<u16>("Tempo", net)?;
    let activity = batch.want::<u32>("ActivityCutoffFactorMilli", net)?;
    let last_update = batch.want::<Vec<u64>>("LastUpdate", (index,))?;
    let last_step = batch.want::<u64>("LastMechansimStepBlock", net)?;
    let threshold = batch.want::<u64>("StakeThreshold", ())?;
    let tao_weight = batch.want::<u64>("TaoWeight", ())?;
    let owner = batch.want::<AccountId32>("SubnetOwnerHotkey", net)?;
    let permits = batch.want::<Vec<bool>>("ValidatorPermit", net)?;
    let max_validators = batch.want::<u16>("MaxAllowedValidators", net)?;
    let kappa = batch.want::<u16>("Kappa", net)?;
    let penalty = batch.want::<u16>("BondsPenalty", net)?;
    let average = batch.want::<u64>("BondsMovingAverage", net)?;
    let yuma3 = batch.want::<bool>("Yuma3On", net)?;
    let liquid = batch.want::<bool>("LiquidAlphaOn", net)?;
    let alphas = batch.want::<(u16, u16)>("AlphaValues", net)?;
    let steepness = batch.want::<i16>("AlphaSigmoidSteepness", net)?;
    let servers = batch.want::<u64>("PendingServerEmission", net)?;
    let validators = batch.want::<u64>("PendingValidatorEmission", net)?;
    let root = batch.want::<u64>("PendingRootAlphaDivs", net)?;
    let commit_reveal = batch.want::<bool>("CommitRevealWeightsEnabled", net)?;
    let epoch_index = batch.want::<u64>("SubnetEpochIndex", net)?;
    let reveal_period = batch.want::<u64>("RevealPeriodEpochs", net)?;
    let mechanisms = batch.want::<u8>("MechanismCountCurrent", net)?;
    let found = batch.fetch().await?;
    if !added.of(&found)? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    let seats = seats.of(&found)?;
    let owner = owner.of(&found)?;
    let tao_weight = tao_weight.of(&found)?;

    let mut batch = Batch::new(at);
    let hotkeys = batch.want_all::<AccountId32, _>("Keys", (0..seats).map(|uid| (netuid.0, uid)))?;
    let registered = batch.want_all::<u64, _>("BlockAtRegistration", (0..seats).map(|uid| (netuid.0, uid)))?;
    let weights = batch.want_all::<Vec<(u16, u16)>, _>("Weights", (0..seats).map(|uid| (index, uid)))?;
    let bonds = batch.want_all::<Vec<(u16, u16)>, _>("Bonds", (0..seats).map(|uid| (index, uid)))?;
    let by_seat = batch.fetch().await?;
    let hotkeys: Vec<AccountId32> = hotkeys.of(&by_seat)?;

    let mut batch = Batch::new(at);
    let on = |netuid: u16| hotkeys.iter().map(move |hotkey| (hotkey.0, netuid));
    let alpha = batch.want_all::<u64, _>("TotalHotkeyAlpha", on(netuid.0))?;
    let tao = batch.want_all::<u64, _>("TotalHotkeyAlpha", on(ROOT))?;
    // A runtime without child keys has no such items.
    let parents = batch.want_all::<Vec<(u64, AccountId32)>, _>("ParentKeys", on(netuid.0)).ok();
    let children = batch.want_all::<Vec<(u64, AccountId32)>, _>("ChildKeys", on(netuid.0)).ok();
    let commit_reveal = commit_reveal.of(&found)?;
    // The epoch that runs is the next one: by then its index has moved on.
    let epoch = epoch_index.of(&found)?.saturating_add(1);
    let oldest = epoch.saturating_sub(reveal_period.of(&found)?);
    let waiting = if commit_reveal { Some(Waiting::want(&mut batch, index, &hotkeys, oldest..=epoch)?) } else { None };
    let by_hotkey = batch.fetch().await?;
    let commit_blocks = waiting.map(|waiting| waiting.blocks(&by_hotkey, &hotkeys, oldest)).transpose()?;
    let mut child_keys = false;
    for relatives in [parents, children].into_iter().flatten() {
        child_keys |= relatives.of(&by_hotkey)?.iter().any(|relatives| !relatives.is_empty());
    }
    let stake = alpha.of(&by_hotkey)?.into_iter().zip(tao.of(&by_hotkey)?);
    let (stake, stake_fraction) = stake.map(|(alpha, tao)| stake_weight(alpha, tao, tao_weight)).unzip();

    Ok(EpochState {
        block: at.block,
        tempo: tempo.of(&found)?,
        activity_cutoff_factor_milli: activity.of(&found)?,
        last_update: last_update.of(&found)?,
        block_at_registration: registered.of(&by_seat)?,
        last_mechanism_step_block: last_step.of(&found)?,
        stake,
        stake_fraction,
        stake_threshold: threshold.of(&found)?,
        owner_uid: (0u16..).zip(&hotkeys).find(|(_, hotkey)| **hotkey == owner).map(|(uid, _)| uid),
        validator_permit: permits.of(&found)?,
        max_allowed_validators: max_validators.of(&found)?,
        weights: rows(weights.of(&by_seat)?),
        bonds: rows(bonds.of(&by_seat)?),
        kappa: kappa.of(&found)?,
        bonds_penalty: penalty.of(&found)?,
        bonds_moving_average: average.of(&found)?,
        yuma3_on: yuma3.of(&found)?,
        liquid_alpha_on: liquid.of(&found)?,
        alpha_values: alphas.of(&found)?,
        alpha_sigmoid_steepness: steepness.of(&found)?,
        pending_emission: servers.of(&found)?.saturating_add(validators.of(&found)?).saturating_add(root.of(&found)?),
        commit_blocks,
        mechanisms: mechanisms.of(&found)?,
        child_keys,
    })
}

/// Commits that wait in a mechanism's two queues.
struct Waiting<'a> {
    hashes: Each<'a, Hashes>,
    ciphertexts: Each<'a, Ciphertexts>,
}

impl<'a> Waiting<'a> {
    /// Hashes are filed by hotkey, ciphertexts by the epoch that they were committed in.
    fn want(
        batch: &mut Batch<'a>,
        index: u16,
        hotkeys: &[AccountId32],
        epochs: RangeInclusive<u64>,
    ) -> Result<Self, ChainError> {
        Ok(Self {
            hashes: batch.want_all("WeightCommits", hotkeys.iter().map(|hotkey| (index, hotkey.0)))?,
            ciphertexts: batch.want_all("TimelockedWeightCommits", epochs.map(|epoch| (index, epoch)))?,
        })
    }

    fn blocks(&self, found: &Found, hotkeys: &[AccountId32], oldest: u64) -> Result<Vec<BlockNumber>, ChainError> {
        let hashes = self.hashes.maybe(found)?.into_iter().map(Option::unwrap_or_default).collect();
        Ok(commit_blocks(hotkeys, hashes, self.ciphertexts.of(found)?, oldest))
    }
}

/// The block of each hotkey's earliest commit, `u64::MAX` for none: of hashes the first in the queue that was committed
/// in epoch `oldest` or later, of ciphertexts any.
fn commit_blocks(
    hotkeys: &[AccountId32],
    hashes: Vec<Hashes>,
    ciphertexts: Vec<Ciphertexts>,
    oldest: u64,
) -> Vec<BlockNumber> {
    let mut by_hotkey: BTreeMap<[u8; 32], BlockNumber> = BTreeMap::new();
    for (who, block, ..) in ciphertexts.into_iter().flatten() {
        by_hotkey.entry(who.0).and_modify(|earliest| *earliest = block.min(*earliest)).or_insert(block);
    }
    let alive = |queue: Hashes| queue.into_iter().find(|(_, epoch, ..)| *epoch >= oldest);
    let hashed = hashes.into_iter().map(|queue| alive(queue).map_or(u64::MAX, |(_, _, block, _)| block));
    let sealed = hotkeys.iter().map(|hotkey| by_hotkey.get(&hotkey.0).copied().unwrap_or(u64::MAX));
    hashed.zip(sealed).map(|(hashed, sealed)| hashed.min(sealed)).collect()
}

/// Rows that hold something.
fn rows(rows: Vec<Vec<(u16, u16)>>) -> Rows {
    (0u16..).zip(rows).filter(|(_, row)| !row.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_commit_that_is_alive_counts() {
        let [alice, bob, carol, dave] = [1, 2, 3, 4].map(|byte| AccountId32([byte; 32]));
        // (hash, epoch, block, last block to reveal)
        let hash = |epoch, block| ([0; 32], epoch, block, 0);
        let sealed = |who: &AccountId32, block| (*who, block, vec![1], 7);
        let hashes =
            vec![vec![hash(4, 100), hash(5, 200), hash(6, 150)], vec![], vec![hash(4, 90)], vec![hash(9, 400)]];
        let ciphertexts =
            vec![vec![sealed(&alice, 300), sealed(&bob, 250)], vec![sealed(&bob, 260), sealed(&dave, 350)]];
        let blocks = commit_blocks(&[alice, bob, carol, dave], hashes, ciphertexts, 5);
        assert_eq!(blocks, [200, 250, u64::MAX, 350]);
    }
}
