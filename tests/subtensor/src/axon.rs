//! What a miner announces.

use std::future::Future;

use chain::{ChainError, Invalidity, Landed, Precheck, Refusal, Value};
use primitives::{Certificate, Endpoint, Keypair};

use crate::{
    fate::{No, one_of},
    report::{Checked, fail, same, skip},
    settings::Rule,
    stage::{SUBTENSOR, Stage, number},
};

/// An address for documentation, which nobody has.
const ADDRESS: &str = "192.0.2.7:8091";
/// A limit that is not over by the time that a call is sent.
const LONG: u64 = 1_000;
const VERSION: u32 = 1_001;
const LOOPBACK: u32 = 0x7f00_0001;
const PUBLIC: u32 = 0xc000_0207;

fn endpoint() -> Checked<Endpoint> {
    match ADDRESS.parse() {
        Ok(endpoint) => Ok(endpoint),
        Err(error) => fail(format!("{ADDRESS}: {error}")),
    }
}

/// Announce an address, and find it in the metagraph.
pub async fn serve(stage: &Stage) -> Checked {
    let miner = &stage.accounts.miners[0];
    let endpoint = endpoint()?;
    let landed = patiently(stage, || stage.client.serve_axon(miner, stage.netuid, endpoint, VERSION)).await??;
    let metagraph = stage.client.metagraph(stage.netuid, Some(landed.block.hash)).await?;
    let found = metagraph.by_hotkey(&miner.hotkey()).and_then(|neuron| neuron.endpoint);
    same("the announced address", &found, &Some(endpoint))?;
    Ok(format!("{ADDRESS} at block {}", landed.block.number))
}

/// The same with a key for TLS.
pub async fn serve_tls(stage: &Stage) -> Checked {
    let miner = &stage.accounts.miners[1];
    let endpoint = endpoint()?;
    let certificate = Certificate { algorithm: 1, public_key: vec![0xa5; 64] };
    let serve = || stage.client.serve_axon_tls(miner, stage.netuid, endpoint, VERSION, &certificate);
    let landed = patiently(stage, serve).await??;
    let kept = stage.client.certificate(stage.netuid, miner.hotkey(), Some(landed.block.hash)).await?;
    same("the announced key", &kept, &Some(certificate))?;
    Ok(format!("a key of 64 bytes at block {}", landed.block.number))
}

/// Take an announcement back.
pub async fn unserve(stage: &Stage) -> Checked {
    let miner = &stage.accounts.miners[0];
    let landed = patiently(stage, || stage.client.unserve_axon(miner, stage.netuid)).await??;
    let metagraph = stage.client.metagraph(stage.netuid, Some(landed.block.hash)).await?;
    let found = metagraph.by_hotkey(&miner.hotkey()).and_then(|neuron| neuron.endpoint);
    same("the announced address", &found, &None)?;
    Ok(format!("at block {}", landed.block.number))
}

/// Announce, again once the limit between two announcements is over, where it stands against it.
async fn patiently<F: Future<Output = Result<Landed, ChainError>>>(
    stage: &Stage,
    announce: impl Fn() -> F,
) -> Checked<Result<Landed, ChainError>> {
    let answer = stage.blocks.during(announce()).await?;
    let hasty = match &answer {
        Err(ChainError::Invalid(Invalidity::Custom(check))) => *check == Precheck::ServingRateLimitExceeded,
        Err(error) => matches!(error.refusal(), Some(Refusal::ServingRateLimitExceeded)),
        Ok(_) => false,
    };
    if !hasty {
        return Ok(answer);
    }
    let limit = stage.office().read(Rule::SERVING_RATE_LIMIT).await?;
    let head = stage.client.finalized().await?.number;
    stage.blocks.until(head.saturating_add(limit)).await?;
    stage.blocks.during(announce()).await
}

/// Announce something that makes no sense.
async fn send(
    stage: &Stage,
    key: &Keypair,
    (ip, port, ip_type): (u32, u16, u8),
) -> Checked<Result<Landed, ChainError>> {
    let arguments = arguments((ip, port, ip_type), stage);
    patiently(stage, || stage.client.call_with(key, SUBTENSOR, "serve_axon", arguments.clone())).await
}

fn arguments((ip, port, ip_type): (u32, u16, u8), stage: &Stage) -> Vec<(&'static str, Value)> {
    vec![
        ("netuid", number(stage.netuid.0)),
        ("version", number(VERSION)),
        ("ip", number(ip)),
        ("port", number(port)),
        ("ip_type", number(ip_type)),
        ("protocol", number(4u8)),
        ("placeholder1", number(0u8)),
        ("placeholder2", number(0u8)),
    ]
}

/// The machine itself is nowhere to be reached.
pub async fn loopback(stage: &Stage, key: &Keypair) -> Checked {
    let said = No::said(send(stage, key, (LOOPBACK, 8091, 4)).await?)?;
    one_of(&said, &[Precheck::InvalidIpAddress.into()])
}

/// Nor is port 0.
pub async fn port_zero(stage: &Stage, key: &Keypair) -> Checked {
    let said = No::said(send(stage, key, (PUBLIC, 0, 4)).await?)?;
    one_of(&said, &[Precheck::InvalidPort.into()])
}

/// Addresses are of version 4 or 6. Spec 425 has no number of its own for that.
pub async fn version_five(stage: &Stage, key: &Keypair) -> Checked {
    let said = No::said(send(stage, key, (PUBLIC, 8091, 5)).await?)?;
    one_of(&said, &[Precheck::BadRequest.into(), Precheck::InvalidIpType.into()])
}

/// Who has no seat serves nothing.
pub async fn stranger(stage: &Stage) -> Checked {
    let said = No::said(send(stage, &stage.accounts.stranger, (PUBLIC, 8091, 4)).await?)?;
    one_of(&said, &[Precheck::HotKeyNotRegisteredInNetwork.into()])
}

/// Nobody announces twice within the limit.
pub async fn too_fast(stage: &Stage) -> Checked {
    let limit = stage.office().read(Rule::SERVING_RATE_LIMIT).await?;
    if limit < LONG {
        return skip(format!("the subnet's limit is {limit} blocks, and setting a long one needs sudo"));
    }
    let miner = &stage.accounts.miners[1];
    let served = stage.client.metagraph(stage.netuid, None).await?;
    if served.by_hotkey(&miner.hotkey()).is_none_or(|neuron| neuron.endpoint.is_none()) {
        return skip("nothing was announced before");
    }
    let arguments = arguments((PUBLIC, 8091, 4), stage);
    let said = No::said(stage.call(miner, "serve_axon", arguments).await?)?;
    one_of(&said, &[Precheck::ServingRateLimitExceeded.into()])
}
