//! What a hotkey publishes.

use chain::{CommitmentField, Precheck, Refusal, Value};

use crate::{
    fate::{No, one_of},
    report::{Checked, fail, same, skip},
    settings::Rule,
    stage::{Stage, number},
};

const PALLET: &str = "Commitments";
/// What every publication counts for at least, in bytes.
pub const LEAST: u64 = 100;

/// Publish a hash and some bytes, and read them back.
pub async fn publish(stage: &Stage) -> Checked {
    let key = &stage.accounts.validator;
    let fields = [CommitmentField::Sha256([0x5a; 32]), CommitmentField::Raw(b"assay".to_vec())];
    let landed = stage.land(stage.client.set_commitment(key, stage.netuid, &fields)).await?;
    let found = stage.client.commitment(stage.netuid, key.hotkey(), Some(landed.block.hash)).await?;
    let Some(found) = found else { return fail("nothing is published") };
    same("what is published", &found.fields.as_slice(), &&fields[..])?;
    same("when it was published", &found.block, &landed.block.number)?;
    Ok(format!("{} fields at block {}", fields.len(), landed.block.number))
}

fn arguments(stage: &Stage) -> Vec<(&'static str, Value)> {
    let field = Value::unnamed_variant("Sha256", [Value::from_bytes([1; 32])]);
    let info = Value::named_composite([("fields", Value::unnamed_composite([field]))]);
    vec![("netuid", number(stage.netuid.0)), ("info", info)]
}

/// Who has no seat publishes nothing.
pub async fn stranger(stage: &Stage) -> Checked {
    let call = stage.client.call_with(&stage.accounts.stranger, PALLET, "set_commitment", arguments(stage));
    let said = No::said(stage.blocks.during(call).await?)?;
    // Runtimes after 425 look before they include the call.
    one_of(&said, &[Refusal::AccountNotAllowedCommit.into(), Precheck::UidNotFound.into()])
}

/// Nobody publishes more in an epoch than there is space for.
pub async fn too_much(stage: &Stage) -> Checked {
    if stage.office().read(Rule::MAX_SPACE).await? >= LEAST {
        return skip("31 publications would fill the space; making it smaller needs sudo");
    }
    let call = stage.client.call_with(&stage.accounts.validator, PALLET, "set_commitment", arguments(stage));
    let said = stage.blocks.during(call).await?;
    one_of(&No::said(said)?, &[Refusal::SpaceLimitExceeded.into()])
}
