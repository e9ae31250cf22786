//! Rows that are set in the open, on the main mechanism and on others.

use chain::Row;
use primitives::{MechId, Uid};

use crate::{
    attempt::{Attempt, Place},
    report::{Checked, fail, same, skip},
    settings::Rule,
    stage::Stage,
};

/// Set a row, and see that it stands as it was meant.
pub async fn set(stage: &Stage, mech: MechId, mark: u16) -> Checked {
    if u64::from(mech.0) >= stage.office().read(Rule::MECHANISM_COUNT).await? {
        return skip(format!("the subnet has no mechanism {mech}"));
    }
    let key = &stage.accounts.validator;
    let place = Place { key, netuid: stage.netuid, mech };
    let version_key = stage.office().read(Rule::WEIGHTS_VERSION_KEY).await?;
    let row = Row { netuid: stage.netuid, mech, weights: stage.row(mark).await?, version_key };
    Attempt::set(&row.weights, version_key).wait(stage, place).await?;
    let sent = Box::pin(async {
        let signed = stage.client.prepare_set(key, &row).await?;
        stage.client.submit(&signed).await
    });
    let landed = stage.land(sent).await?;
    stage.verify(mech, key.hotkey(), &row.weights).await?;
    let (_, last_update) = stage.stored_row(mech, key.hotkey()).await?;
    same("LastUpdate", &last_update, &landed.block.number)?;
    Ok(format!("{} weights at block {}", row.weights.len(), landed.block.number))
}

/// The chain scales a row up and leaves its order alone.
pub async fn scaled(stage: &Stage) -> Checked {
    let key = &stage.accounts.validator;
    let place = Place { key, netuid: stage.netuid, mech: MechId(0) };
    let row = stage.row(1).await?;
    let mut uids = row.uids();
    uids.sort_unstable_by(|a, b| b.cmp(a));
    let version_key = stage.office().read(Rule::WEIGHTS_VERSION_KEY).await?;
    let attempt = Attempt::Set { uids: uids.clone(), values: vec![1, 3], version_key };
    Box::pin(attempt.wait(stage, place)).await?;
    if let Err(error) = attempt.send(stage, place).await? {
        return fail(format!("the chain does not take it: {error}"));
    }
    let (stored, _) = stage.stored_row(MechId(0), key.hotkey()).await?;
    // A third of 65535 is a whole number.
    same("the row", &stored, &vec![(Uid(uids[0]), 21_845), (Uid(uids[1]), 65_535)])?;
    Ok("1 and 3 are kept as 21845 and 65535, in the order of the call".into())
}
