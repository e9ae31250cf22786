//! The randomness beacon, as the chain knows it, and the chain's clock: which round is due when a row is to be revealed.

use primitives::{BlockHash, BlockNumber, BlockRef};
use subxt::ext::{codec::Decode, scale_decode::DecodeAsType};

use crate::{ChainError, Client, storage::At};

const DRAND: &str = "Drand";
/// Blocks over which the time between two is measured.
const MEASURED_BLOCKS: u64 = 32;
/// Blocks between the one that reveals first and the time of the round: should blocks come sooner than they did, the
/// round is still not known before. The chain tries again at each block of that epoch.
const SAFETY_BLOCKS: u64 = 3;

/// The beacon that the chain follows, at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// Read at this block.
    pub block: BlockRef,
    /// What messages are locked with: a compressed point of G2.
    pub public_key: Vec<u8>,
    /// When round 1 was signed, in seconds since 1970.
    pub genesis_s: u64,
    /// Seconds between two rounds.
    pub period_s: u64,
    /// The newest round that the chain has; 0 before the first.
    pub last_stored_round: u64,
    /// The oldest round that the chain still has; 0 before the first.
    pub oldest_stored_round: u64,
}

/// The chain's clock at one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockClock {
    /// The block.
    pub block: BlockRef,
    /// Its time, in milliseconds since 1970.
    pub now_ms: u64,
    /// Milliseconds from one block to the next, as they lately were.
    pub block_ms: u64,
}

/// The configuration as stored. Fields not named here are not needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Configuration {
    public_key: Vec<u8>,
    period: u32,
    genesis_time: u32,
}

impl Beacon {
    /// The last round that is signed at a time, in milliseconds since 1970; 1 before the first.
    pub fn round_at(&self, unix_ms: u64) -> u64 {
        let seconds = (unix_ms / 1_000).saturating_sub(self.genesis_s);
        (seconds / self.period_s.max(1)).saturating_add(1)
    }
}

impl BlockClock {
    /// When a later block is due, in milliseconds since 1970.
    pub fn time_of(&self, block: BlockNumber) -> u64 {
        let blocks = block.saturating_sub(self.block.number);
        self.now_ms.saturating_add(blocks.saturating_mul(self.block_ms))
    }
}

/// The round to lock a row to that the chain reveals from a block on: the one before the last that is signed three blocks
/// later, as the SDKs count, and none that is known by now. Too late a round would lose the row; where blocks are quicker
/// than rounds, this one may be known a little before the block.
pub fn reveal_round(beacon: &Beacon, clock: &BlockClock, reveal_block: BlockNumber) -> u64 {
    let due = clock.time_of(reveal_block.saturating_add(SAFETY_BLOCKS));
    let signed = beacon.round_at(due).saturating_sub(1).max(1);
    signed.max(beacon.last_stored_round.saturating_add(1))
}

impl Client {
    /// The beacon at a block; at the finalised head where none is given.
    pub async fn beacon(&self, at: Option<BlockHash>) -> Result<Beacon, ChainError> {
        self.read_at(at, |at| async move { beacon(&at).await }).await
    }

    /// The chain's clock at a block; at the finalised head where none is given.
    pub async fn block_clock(&self, at: Option<BlockHash>) -> Result<BlockClock, ChainError> {
        self.read_at(at, |at| async move { block_clock(&at).await }).await
    }
}

async fn beacon(at: &At) -> Result<Beacon, ChainError> {
    let configuration = at.entry_of::<Configuration>(DRAND, "BeaconConfig")?;
    let last = at.entry_of::<u64>(DRAND, "LastStoredRound")?;
    let oldest = at.entry_of::<u64>(DRAND, "OldestStoredRound")?;
    let keys = [configuration.key(())?, last.key(())?, oldest.key(())?];
    let found = at.fetch(&keys).await?;
    let Configuration { public_key, period, genesis_time } = configuration.require(&found, &keys[0])?;
    Ok(Beacon {
        block: at.block,
        public_key,
        genesis_s: genesis_time.into(),
        period_s: period.into(),
        last_stored_round: last.require(&found, &keys[1])?,
        oldest_stored_round: oldest.require(&found, &keys[2])?,
    })
}

async fn block_clock(at: &At) -> Result<BlockClock, ChainError> {
    let now_ms = now(at).await?;
    let block_ms = match measured(at, now_ms).await? {
        Some(block_ms) => block_ms,
        None => slot_duration(at)?,
    };
    Ok(BlockClock { block: at.block, now_ms, block_ms })
}

/// Milliseconds per block since an earlier one that the node still has; the further back the better.
async fn measured(at: &At, now_ms: u64) -> Result<Option<u64>, ChainError> {
    // Block 0 has no time.
    let mut blocks = MEASURED_BLOCKS.min(at.block.number.saturating_sub(1));
    while blocks > 0 {
        if let Some(then_ms) = time_at(at, at.block.number - blocks).await? {
            return Ok(Some(now_ms.saturating_sub(then_ms) / blocks).filter(|block_ms| *block_ms > 0));
        }
        blocks /= 2;
    }
    Ok(None)
}

/// The time of an earlier block; none where the node has it no longer.
async fn time_at(at: &At, number: BlockNumber) -> Result<Option<u64>, ChainError> {
    let Some(hash) = at.connection.block_hash(number).await? else { return Ok(None) };
    let read = async { now(&At::new(at.connection.clone(), Some(hash)).await?).await };
    match read.await {
        Ok(then_ms) => Ok(Some(then_ms).filter(|then_ms| *then_ms > 0)),
        Err(ChainError::Rpc { .. }) => Ok(None),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn now(at: &At) -> Result<u64, ChainError> {
    let entry = at.entry_of::<u64>("Timestamp", "Now")?;
    let key = entry.key(())?;
    entry.require(&at.fetch(std::slice::from_ref(&key)).await?, &key)
}

/// What the chain means the time between two blocks to be.
fn slot_duration(at: &At) -> Result<u64, ChainError> {
    let absent = || ChainError::Unsupported { item: "constant Aura.SlotDuration".into(), source: None };
    let pallet = at.runtime.metadata_ref().pallet_by_name("Aura").ok_or_else(absent)?;
    let constant = pallet.constant_by_name("SlotDuration").ok_or_else(absent)?;
    u64::decode(&mut constant.value()).map_err(|error| ChainError::unsupported("constant Aura.SlotDuration", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quicknet(last_stored_round: u64) -> Beacon {
        Beacon {
            block: BlockRef { number: 100, hash: BlockHash([0; 32]) },
            public_key: Vec::new(),
            genesis_s: 1_692_803_367,
            period_s: 3,
            last_stored_round,
            oldest_stored_round: 1,
        }
    }

    #[test]
    fn rounds_follow_the_beacons_clock() {
        let beacon = quicknet(0);
        let start = 1_692_803_367_000;
        for (at, round) in [(0, 1), (start, 1), (start + 2_999, 1), (start + 3_000, 2), (start + 2_997_000, 1_000)] {
            assert_eq!(beacon.round_at(at), round);
        }
        assert_eq!(Beacon { period_s: 0, ..quicknet(0) }.round_at(start + 1_000), 2);
    }

    #[test]
    fn a_row_is_locked_to_a_round_after_its_block() {
        let beacon = quicknet(1_000);
        let now_ms = 1_692_803_367_000 + 2_997_000;
        let clock = BlockClock { block: beacon.block, now_ms, block_ms: 12_000 };
        // Sixty blocks and three, of four rounds each; and one round before, as the SDKs count.
        assert_eq!(reveal_round(&beacon, &clock, 160), 1_000 + 63 * 4 - 1);
        let quick = BlockClock { block_ms: 250, ..clock };
        assert_eq!(reveal_round(&beacon, &quick, 160), 1_000 + 5 - 1);
        // What is known already locks nothing.
        assert_eq!(reveal_round(&beacon, &quick, 101), 1_001);
        assert_eq!(reveal_round(&quicknet(2_000), &clock, 160), 2_001);
    }
}
