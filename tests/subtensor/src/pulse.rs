//! The beacon as the chain has it, and a pulse for a chain that gets none.

use anyhow::Context as _;
use chain::{Beacon, Value};
use primitives::Keypair;
use sha2::{Digest, Sha256};

use crate::{
    report::{Checked, Trouble, same, skip},
    stage::{Stage, number},
};

/// A round of drand's quicknet whose signature everybody can look up:
/// `https://api.drand.sh/v2/beacons/quicknet/rounds/1000`.
pub const KNOWN_ROUND: u64 = 1_000;
const KNOWN_SIGNATURE: &str =
    "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39";
/// Quicknet's public key.
const QUICKNET: &str = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1f\
     ec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
/// A chain whose newest round is older than so many gets no pulses.
const LATE: u64 = 100;

/// How often a pulse is sent.
const ATTEMPTS: u32 = 6;

/// Which round a row can be locked to so that the chain will open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sky {
    /// Any: the chain stores pulses as they come.
    Followed,
    /// The known one: the chain has none or only that.
    Known,
    /// None, for this reason.
    Dark(String),
}

/// Look at the beacon.
pub async fn sky(stage: &Stage) -> Checked<(Sky, Beacon)> {
    let beacon = stage.client.beacon(None).await?;
    let clock = stage.client.block_clock(None).await?;
    let (last, now) = (beacon.last_stored_round, beacon.round_at(clock.now_ms));
    let sky = if last > KNOWN_ROUND && now.abs_diff(last) <= LATE {
        Sky::Followed
    } else if last <= KNOWN_ROUND && hex::encode(&beacon.public_key) == QUICKNET {
        Sky::Known
    } else {
        Sky::Dark(format!("the chain gets no pulses at their time: it has round {last}, and {now} is due"))
    };
    Ok((sky, beacon))
}

/// Bring the chain the pulse of the known round. It waits for a block of this node's for a few blocks only, so it may
/// take several attempts.
pub async fn write_known(stage: &Stage) -> Checked {
    let signature = hex::decode(KNOWN_SIGNATURE).context("the known signature")?;
    for attempt in 1..=ATTEMPTS {
        match stage.client.beacon(None).await?.last_stored_round {
            KNOWN_ROUND => return Ok(format!("round {KNOWN_ROUND} is stored")),
            last if last > KNOWN_ROUND => {
                return skip(format!("the chain follows the beacon by now: it has round {last}"));
            }
            _ => {}
        }
        let best = u32::try_from(stage.client.best().await?.number).context("the block's number")?;
        let arguments = payload(&stage.accounts.validator, best, KNOWN_ROUND, &signature);
        match stage.blocks.during(stage.client.call_bare("Drand", "write_pulse", arguments)).await? {
            Ok(_) => {}
            Err(error) if error.is_retryable() && attempt < ATTEMPTS => drop(stage.blocks.next().await?),
            Err(error) if error.is_refusal() || error.is_retryable() => {
                return Err(Trouble::Skip(format!("the node takes no pulse from outside: {error}")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let last = stage.client.beacon(None).await?.last_stored_round;
    same("LastStoredRound", &last, &KNOWN_ROUND)?;
    Ok(format!("round {KNOWN_ROUND} is stored"))
}

/// The call's arguments: the pulse, and a signature of who sends it. Who that is does not matter.
fn payload(sender: &Keypair, block_number: u32, round: u64, signature: &[u8]) -> Vec<(&'static str, Value)> {
    let randomness = Sha256::digest(signature);
    // A short list: its length is one byte, four times itself.
    let short = |length: usize| u8::try_from(length * 4).unwrap_or_default();
    let mut bytes = block_number.to_le_bytes().to_vec();
    bytes.push(short(1));
    bytes.extend(round.to_le_bytes());
    bytes.push(short(randomness.len()));
    bytes.extend(randomness);
    bytes.push(short(signature.len()));
    bytes.extend(signature);
    // The kind of key: sr25519.
    bytes.push(1);
    bytes.extend(sender.public());
    let pulse = Value::named_composite([
        ("round", number(round)),
        ("randomness", Value::from_bytes(randomness)),
        ("signature", Value::from_bytes(signature)),
    ]);
    let payload = Value::named_composite([
        ("block_number", number(block_number)),
        ("pulses", Value::unnamed_composite([pulse])),
        ("public", Value::unnamed_variant("Sr25519", [Value::from_bytes(sender.public())])),
    ]);
    let proof = Value::unnamed_variant("Sr25519", [Value::from_bytes(sender.sign(&bytes).0)]);
    vec![("pulses_payload", payload), ("signature", Value::unnamed_variant("Some", [proof]))]
}

/// Why nothing will be opened, where that is so.
pub fn dark(sky: &Sky) -> Checked<()> {
    match sky {
        Sky::Dark(why) => Err(Trouble::Skip(why.clone())),
        Sky::Followed | Sky::Known => Ok(()),
    }
}
