//! Rows that are locked to a round of the beacon, and that the chain itself reveals.

use anyhow::Context as _;
use chain::{ChainError, Row, RowCall, WeightsPayload, encrypt};
use primitives::{Keypair, MechId, Weights};

use crate::{
    attempt::{Attempt, Place},
    pulse::{KNOWN_ROUND, Sky, dark, sky},
    report::{Checked, fail, same, skip},
    settings::Rule,
    stage::{SUBTENSOR, Stage},
};

/// A queue as stored: who, block, ciphertext, round.
type Queue = Vec<([u8; 32], u64, Vec<u8>, u64)>;

/// A pulse as stored: round, randomness, signature.
type Pulse = (u64, Vec<u8>, Vec<u8>);

/// A row that waits to be revealed.
pub struct Locked {
    hotkey: primitives::Hotkey,
    mech: MechId,
    weights: Weights,
    epoch: u64,
    round: u64,
    sky: Sky,
}

impl Locked {
    /// Whether the pulse that opens it has to be brought.
    pub fn waits_for_known(&self) -> bool {
        self.sky == Sky::Known
    }
}

/// Commit a row, and see that the chain keeps it.
pub async fn commit(stage: &Stage, key: &Keypair, mech: MechId, mark: u16) -> Checked<(Locked, String)> {
    let office = stage.office();
    if u64::from(mech.0) >= office.read(Rule::MECHANISM_COUNT).await? {
        return skip(format!("the subnet has no mechanism {mech}"));
    }
    let place = Place { key, netuid: stage.netuid, mech };
    let version_key = office.read(Rule::WEIGHTS_VERSION_KEY).await?;
    let row = Row { netuid: stage.netuid, mech, weights: stage.row(mark).await?, version_key };
    let (sky, beacon) = sky(stage).await?;
    let version = stage.client.stored::<u16>(SUBTENSOR, "CommitRevealWeightsVersion", (), None).await?;
    let version = version.context("no CommitRevealWeightsVersion")?;

    let payload = WeightsPayload { hotkey: Some(key.hotkey()), weights: row.weights.clone(), version_key };
    let known = encrypt(&beacon.public_key, KNOWN_ROUND, &payload.encode()).context("the beacon's public key")?;
    let attempt = Attempt::CommitTimelocked { bytes: known, round: KNOWN_ROUND, version };
    let (landed, round) = if sky == Sky::Known {
        Box::pin(attempt.wait(stage, place)).await?;
        match attempt.send(stage, place).await? {
            Ok(landed) => (landed, KNOWN_ROUND),
            Err(error) => return fail(format!("the chain does not take it: {error}")),
        }
    } else {
        let Attempt::CommitTimelocked { bytes, .. } = attempt else { return fail("not a timelocked commit") };
        // Of the same length as what is sent.
        let unread = Attempt::CommitTimelocked { bytes, round: u64::MAX, version };
        Box::pin(unread.wait(stage, place)).await?;
        let sent = Box::pin(async {
            let signed = stage.client.prepare_timelocked(key, &row).await?;
            let landed = stage.client.submit(&signed).await?;
            Ok((signed, landed))
        });
        let (signed, landed) = stage.land(sent).await?;
        let RowCall::CommitTimelocked { round, .. } = signed.call else { return fail("not a timelocked commit") };
        let at = Some(landed.block.hash);
        let index = stage.client.stored::<u64>(SUBTENSOR, "SubnetEpochIndex", (stage.netuid.0,), at).await?;
        let waiting = stage.client.waiting_commit(&signed, index.unwrap_or_default(), at).await?;
        let Some(kept) = waiting.commit else { return fail("the chain took the commit and does not keep it") };
        same("the block of the commit", &kept.block, &landed.block.number)?;
        (landed, round)
    };

    let at = Some(landed.block.hash);
    let epoch = stage.client.stored::<u64>(SUBTENSOR, "SubnetEpochIndex", (stage.netuid.0,), at).await?.unwrap_or(0);
    let index = stage.netuid.storage_index(mech);
    let kept = async |epoch: u64| {
        let queue = stage.client.stored::<Queue>(SUBTENSOR, "TimelockedWeightCommits", (index, epoch), at).await?;
        let ours = queue.unwrap_or_default().into_iter().rev().find(|(who, ..)| *who == key.public());
        Ok::<_, ChainError>(ours.map(|commit| (epoch, commit)))
    };
    // Where too many subnets have an epoch at once some wait, and what is committed meanwhile belongs to the next one.
    let ours = match kept(epoch).await? {
        None => kept(epoch + 1).await?,
        ours => ours,
    };
    let Some((epoch, (_, block, bytes, stored_round))) = ours else {
        return fail(format!("epoch {epoch} has no such commit"));
    };
    same("the block of the commit", &block, &landed.block.number)?;
    same("the round of the commit", &stored_round, &round)?;
    let (_, last_update) = stage.stored_row(mech, key.hotkey()).await?;
    same("LastUpdate", &last_update, &landed.block.number)?;
    let detail = format!("{} bytes at block {}, in epoch {epoch}, to round {round}", bytes.len(), landed.block.number);
    Ok((Locked { hotkey: key.hotkey(), mech, weights: row.weights, epoch, round, sky }, detail))
}

/// Wait until the chain has revealed the row, or can't any more.
pub async fn revealed(stage: &Stage, locked: &Locked) -> Checked {
    dark(&locked.sky)?;
    let period = stage.office().read(Rule::REVEAL_PERIOD).await?;
    let due = locked.epoch.saturating_add(period);
    loop {
        let head = stage.client.finalized().await?;
        let at = Some(head.hash);
        let verdict =
            stage.client.verify_weights(stage.netuid, locked.mech, locked.hotkey, &locked.weights, at).await?;
        if verdict.is_verified() {
            return Ok(format!("stands at block {}", head.number));
        }
        let index = stage.client.stored::<u64>(SUBTENSOR, "SubnetEpochIndex", (stage.netuid.0,), at).await?;
        match index.unwrap_or_default() {
            index if index > due => {
                late(stage, locked, due).await?;
                return fail(format!("epoch {due} is over and the chain did not reveal the row"));
            }
            index if index < due => {
                let (schedule, head) = stage.schedule().await?;
                let Some(block) = schedule.epoch_block(head, due) else { continue };
                stage.blocks.until(block).await?;
            }
            _ => drop(stage.blocks.next().await?),
        }
    }
}

/// A pulse that came after the epoch, or never, is no fault of the chain's: it is not to be blamed for the row.
async fn late(stage: &Stage, locked: &Locked, due: u64) -> Checked<()> {
    let index = |at| stage.client.stored::<u64>(SUBTENSOR, "SubnetEpochIndex", (stage.netuid.0,), at);
    // Back to the last block of the epoch.
    let mut number = stage.client.finalized().await?.number;
    let last = loop {
        let Some(hash) = stage.client.block_hash(number).await? else { return Ok(()) };
        if index(Some(hash)).await?.unwrap_or_default() <= due {
            break hash;
        }
        let Some(earlier) = number.checked_sub(1) else { return Ok(()) };
        number = earlier;
    };
    let pulse = stage.client.stored::<Pulse>("Drand", "Pulses", (locked.round,), Some(last)).await?;
    if pulse.is_some() {
        return Ok(());
    }
    let newest = stage.client.beacon(Some(last)).await?.last_stored_round;
    skip(format!(
        "epoch {due} was over after block {number}, and the pulse of round {} was not there yet, only those to {newest}",
        locked.round
    ))
}
