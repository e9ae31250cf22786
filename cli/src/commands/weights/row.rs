//! A row that a person names: rounded as the chain rounds, sent, and read back.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::bail;
use chain::{Client, Row, RowCall, SignedWeights, Verdict};
use primitives::{Keypair, MechId, NetUid, Uid, Weights};
use serde_json::json;

use crate::failure::Usage;

/// A uid and its weight, of any scale.
pub type Entry = (Uid, f64);

/// Read `3:0.7`.
pub fn entry(text: &str) -> Result<Entry, String> {
    let (uid, weight) = text.split_once(':').ok_or("not UID:WEIGHT such as 3:0.7")?;
    let uid = uid.trim().parse().map(Uid).map_err(|_| format!("{uid:?} is no uid"))?;
    let weight: f64 = weight.trim().parse().map_err(|_| format!("{weight:?} is no weight"))?;
    if !weight.is_finite() || weight < 0.0 {
        return Err(format!("{weight} is no weight: it must be finite and not negative"));
    }
    Ok((uid, weight))
}

/// The nearest row whose greatest value is 65535.
fn quantised(entries: &[Entry]) -> anyhow::Result<Weights> {
    let most = entries.iter().map(|(_, weight)| *weight).fold(0.0, f64::max);
    if most <= 0.0 {
        return Err(Usage("a row needs a weight above 0".into()).into());
    }
    let value = |weight: f64| (weight / most * f64::from(u16::MAX)).round() as u16;
    let row = Weights::new(entries.iter().map(|(uid, weight)| (*uid, value(*weight))));
    row.map_err(|error| Usage(error.to_string()).into())
}

pub async fn set(
    chain: &Client,
    key: &Keypair,
    netuid: NetUid,
    mech: MechId,
    entries: &[Entry],
    dry_run: bool,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let weights = quantised(entries)?;
    let state = chain.weights_state(netuid, mech, key.hotkey(), None).await?;
    let row = Row { netuid, mech, weights, version_key: state.weights_version_key };
    let signed = match state.commit_reveal_weights_enabled {
        false => chain.prepare_set(key, &row).await?,
        true => chain.prepare_timelocked(key, &row).await?,
    };
    let objection = state.check_signed(&signed).err();
    if dry_run {
        let name = objection.as_ref().map(chain::Objection::name);
        let document = json!({ "call": signed.call.as_str(), "weights": row.weights, "objection": name });
        let verdict =
            objection.map_or_else(|| "the chain would take it".into(), |it| format!("the chain would refuse it: {it}"));
        return print(&format!("{} of {} uids: {verdict}", signed.call.as_str(), row.weights.len()), &document, json);
    }
    if let Some(objection) = objection {
        return Err(chain::ChainError::Foreseen(objection).into());
    }
    let landed = chain.submit(&signed).await?;
    let number = landed.block.number;
    if let RowCall::CommitTimelocked { round, reveal_block, .. } = &signed.call {
        let stored = chain.waiting_commit(&signed, state.schedule.epoch_at(number), Some(landed.block.hash)).await?;
        let Some(commit) = stored.commit else { bail!("the chain took the commit in block {number} and keeps none") };
        let text = format!(
            "committed in block {number}, to be revealed by the chain from block {reveal_block} on (round {round})"
        );
        let document = json!({ "call": signed.call.as_str(), "block": landed.block, "hash": signed.hash,
            "commit_epoch": commit.epoch, "reveal_block": reveal_block, "round": round, "weights": row.weights });
        return print(&text, &document, json);
    }
    read_back(chain, &signed, landed, json).await
}

async fn read_back(
    chain: &Client,
    signed: &SignedWeights,
    landed: chain::Landed,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let Row { netuid, mech, weights, .. } = &signed.row;
    match chain.verify_weights(*netuid, *mech, signed.hotkey, weights, Some(landed.block.hash)).await? {
        Verdict::Verified { block, uid, .. } => {
            let text = format!("weights of uid {uid} verified at block {}", block.number);
            let document = json!({ "call": signed.call.as_str(), "block": block, "hash": signed.hash, "uid": uid, "weights": weights });
            print(&text, &document, json)
        }
        Verdict::Differs { block, differences, .. } => {
            bail!("the row landed in block {}, but {} weights on chain are others", block.number, differences.len())
        }
    }
}

fn print(text: &str, document: &serde_json::Value, json: bool) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{document:#}")?
    } else {
        writeln!(out, "{text}")?
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_scaled_to_the_chains_greatest() {
        let entries: Vec<Entry> = ["3:0.7", " 5 : 0.35", "9:0"].iter().map(|text| entry(text).unwrap()).collect();
        let row = quantised(&entries).unwrap();
        assert_eq!((row.uids(), row.values()), (vec![3, 5, 9], vec![65_535, 32_768, 0]));
        for wrong in ["3", "x:1", "3:x", "3:-1", "3:nan", "3:inf", "70000:1"] {
            assert!(entry(wrong).is_err(), "{wrong}");
        }
        assert!(quantised(&[(Uid(1), 0.0)]).is_err());
        assert!(quantised(&[(Uid(1), 1.0), (Uid(1), 2.0)]).is_err());
    }
}
