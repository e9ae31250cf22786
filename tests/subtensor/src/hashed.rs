//! Rows whose hash is committed in one epoch and that are revealed in a later one.

use chain::{Row, RowCall, SignedWeights};
use primitives::MechId;

use crate::{
    attempt::{Attempt, Place},
    fate::No,
    report::{Checked, fail, same, skip},
    settings::Rule,
    stage::{SUBTENSOR, Stage},
};

/// A row that waits to be revealed.
pub struct Committed {
    signed: SignedWeights,
    salt: Vec<u16>,
    epoch: u64,
}

fn place(stage: &Stage) -> Place<'_> {
    Place { key: &stage.accounts.validator, netuid: stage.netuid, mech: MechId(0) }
}

/// Commit a row's hash, and see that the chain keeps it.
pub async fn commit(stage: &Stage) -> Checked<(Committed, String)> {
    let key = &stage.accounts.validator;
    Attempt::Commit.wait(stage, place(stage)).await?;
    let version_key = stage.office().read(Rule::WEIGHTS_VERSION_KEY).await?;
    let row = Row::new(stage.netuid, stage.row(11_111).await?, version_key);
    let sent = Box::pin(async {
        let signed = stage.client.prepare_commit(key, &row).await?;
        let landed = stage.client.submit(&signed).await?;
        Ok((signed, landed))
    });
    let (signed, landed) = stage.land(sent).await?;
    let at = Some(landed.block.hash);
    let index = stage.client.stored::<u64>(SUBTENSOR, "SubnetEpochIndex", (stage.netuid.0,), at).await?.unwrap_or(0);
    let waiting = stage.client.waiting_commit(&signed, index, at).await?;
    let Some(commit) = waiting.commit else { return fail("the chain took the commit and does not keep it") };
    same("the block of the commit", &commit.block, &landed.block.number)?;
    same("the epoch of the commit", &commit.epoch, &index)?;
    let (_, last_update) = stage.stored_row(MechId(0), key.hotkey()).await?;
    same("LastUpdate", &last_update, &landed.block.number)?;
    if stage.verify(MechId(0), key.hotkey(), &row.weights).await.is_ok() {
        return fail("the row stands on chain before it is revealed");
    }
    let RowCall::CommitHash { salt } = signed.call.clone() else { return fail("not a commit of a hash") };
    let detail = format!("at block {}, in epoch {}", landed.block.number, commit.epoch);
    Ok((Committed { signed, salt, epoch: commit.epoch }, detail))
}

/// What is committed can't be revealed in the same epoch.
pub async fn too_early(stage: &Stage, committed: &Committed) -> Checked {
    let reasons = [No::check(chain::Precheck::CommitBlockNotInRevealRange)];
    reveal_with(committed, committed.salt.clone()).refused(stage, place(stage), &reasons).await
}

/// Nor with another salt, at any time.
pub async fn other_salt(stage: &Stage, committed: &Committed) -> Checked {
    let mut salt = committed.salt.clone();
    salt.push(1);
    let reasons = [No::check(chain::Precheck::CommitNotFound)];
    reveal_with(committed, salt).refused(stage, place(stage), &reasons).await
}

fn reveal_with(committed: &Committed, salt: Vec<u16>) -> Attempt {
    let row = &committed.signed.row;
    Attempt::Reveal { uids: row.weights.uids(), values: row.weights.values(), salt, version_key: row.version_key }
}

/// Reveal the row in its epoch, and see that it stands.
pub async fn reveal(stage: &Stage, committed: &Committed) -> Checked {
    let (key, row) = (&stage.accounts.validator, &committed.signed.row);
    reveal_with(committed, committed.salt.clone()).wait(stage, place(stage)).await?;
    let sent = Box::pin(async {
        let signed = stage.client.prepare_reveal(key, row, &committed.salt).await?;
        stage.client.submit(&signed).await
    });
    let landed = match Box::pin(stage.blocks.during(sent)).await? {
        Ok(landed) => landed,
        Err(error) => {
            let period = stage.office().read(Rule::REVEAL_PERIOD).await?;
            let (due, best) = (committed.epoch.saturating_add(period), Some(stage.client.best().await?.hash));
            let index = stage.client.stored::<u64>(SUBTENSOR, "SubnetEpochIndex", (stage.netuid.0,), best).await?;
            if error.is_refusal() && index.unwrap_or_default() > due {
                return skip(format!("epoch {due} went by before the reveal was included: {error}"));
            }
            return Err(error.into());
        }
    };
    stage.verify(MechId(0), key.hotkey(), &row.weights).await?;
    let waiting = stage.client.waiting_commit(&committed.signed, committed.epoch, Some(landed.block.hash)).await?;
    if waiting.commit.is_some() {
        return fail("the commit is kept after it was revealed");
    }
    Ok(format!("at block {}", landed.block.number))
}
