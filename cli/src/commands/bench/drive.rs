//! Keeps requests in flight, and measures each.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::future::join_all;
use primitives::{GenerateRequest, Keypair, Prompt, Request, Sampling};
use protos::{Binding, Event, WireError};
use validator::{Answer, Axon, Failure, MinerClient};

use super::{
    report::Samples,
    statistics::{OK, Sample},
};
use crate::{failure::Usage, progress::Progress};

/// What is asked of whom, and how much of it at once.
pub struct Load {
    pub key: Keypair,
    pub axon: Axon,
    pub binding: Binding,
    pub timeout: Duration,
    pub streams_per_connection: u32,
    pub concurrency: u32,
    pub new_tokens: u32,
    pub sampling: Sampling,
}

/// Ask with every prompt, so many at a time, each client on as soon as its answer is there. Dropping this gives up what
/// is in flight; what is done is in `samples`.
pub async fn drive(load: &Load, prompts: Vec<Vec<u32>>, samples: Samples) -> anyhow::Result<()> {
    // A client keeps one connection.
    let connections = load.concurrency.div_ceil(load.streams_per_connection.max(1)).max(1);
    let clients: Vec<MinerClient> =
        (0..connections).map(|_| MinerClient::new(load.key.clone(), load.timeout)).collect();
    let progress = Progress::of("requests", Some(prompts.len() as u64));
    let (prompts, started) = (Mutex::new(prompts.into_iter()), Instant::now());
    let next = || prompts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let worker = async |client: MinerClient| -> Result<(), WireError> {
        while let Some(prompt) = next() {
            let request = GenerateRequest::new(Prompt::Tokens(prompt), load.new_tokens, load.sampling);
            let (sample, retry_after) = one(load, &client, &Request::Generate(request), started).await?;
            samples.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
            progress.step();
            if let Some(pause) = retry_after {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    };
    let workers = (0..load.concurrency as usize).map(|index| worker(clients[index % clients.len()].clone()));
    for result in join_all(workers).await {
        result.map_err(|error| Usage(error.to_string()))?;
    }
    Ok(())
}

/// One request, and how long its refusal asks to be left alone.
async fn one(
    load: &Load,
    client: &MinerClient,
    request: &Request,
    started: Instant,
) -> Result<(Sample, Option<Duration>), WireError> {
    let mut arrivals: Vec<(Instant, usize)> = Vec::new();
    let show = |event: &Event| {
        if let Event::Tokens { ids, .. } = event
            && !ids.is_empty()
        {
            arrivals.push((Instant::now(), ids.len()));
        }
    };
    let answer = client.infer_with(load.axon, &load.binding, request, load.timeout, show).await?;
    // The answer's clock starts when the request is sent: connecting is nobody's latency.
    let sent = Instant::now() - answer.latency;
    let retry_after = match &answer.result {
        Err(Failure::Refused(refusal)) => refusal.retry_after.map(|pause| pause.min(load.timeout)),
        _ => None,
    };
    let sample = Sample {
        outcome: outcome(&answer),
        began: sent.saturating_duration_since(started),
        arrivals: arrivals.into_iter().map(|(at, count)| (at.saturating_duration_since(sent), count)).collect(),
        whole: answer.latency,
    };
    Ok((sample, retry_after))
}

/// A refusal by the miner's own reason, everything else by the word of the score log.
fn outcome(answer: &Answer) -> String {
    match &answer.result {
        Ok(_) => OK.to_owned(),
        Err(Failure::Refused(refusal)) => refusal.reason.to_string(),
        Err(failure) => failure.outcome().to_string(),
    }
}
