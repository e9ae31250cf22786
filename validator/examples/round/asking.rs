//! The validator's side: rounds of bare questions, and rounds as a running validator makes them.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use assay_validator::{Answer, Axon, Config, Handle, MinerClient, Store, spawn_with};
use futures::{StreamExt, TryStreamExt, stream};
use primitives::{GenerateRequest, Hotkey, Prompt, Request, Sampling};
use protos::Binding;
use scoring::{Outcome, Record};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    NETUID, asked,
    fixed::Fixed,
    say,
    stopwatch::{Lap, Laps, Stopwatch},
    validator,
};

const PROMPT: &str = "How is gold told from brass?";
const MAX_NEW_TOKENS: u32 = 16;
/// As the other side's.
const DEADLINE: Duration = Duration::from_secs(12);

pub async fn answer(url: &str, concurrent: Option<usize>, mut lines: mpsc::Receiver<String>) -> anyhow::Result<()> {
    let chain = chain::Client::connect(url).await?;
    let folder = tempfile::tempdir()?;
    let mut config = Config::test(NETUID, folder.path());
    config.request_deadline_ms = DEADLINE.as_millis() as u64;
    config.concurrent_requests = concurrent.unwrap_or(Config::default().concurrent_requests);
    let mut laps = Laps::listen()?;
    let mut questions = Questions::new(&chain, &config).await?;
    let mut running: Option<Running> = None;
    say(&json!({
        "engine": concat!("assay ", env!("CARGO_PKG_VERSION")),
        "concurrent": config.concurrent_requests,
        "miners": questions.miners.len(),
    }))?;
    while let Some(request) = asked(&mut lines).await? {
        let answer = match request.as_str() {
            Some("queries") => questions.ask().await?,
            Some("cold") => {
                questions.client = client(&config)?;
                questions.ask().await?
            }
            Some("round") => {
                let running = match &mut running {
                    Some(running) => running,
                    none => {
                        questions.client = client(&config)?;
                        none.insert(Running::start(&config, &chain).await?)
                    }
                };
                running.round(laps.next().await?, &config.store_path)?
            }
            _ => bail!("{request} is no question"),
        };
        say(&answer)?;
    }
    if let Some(running) = running {
        running.handle.shutdown().await;
    }
    Ok(())
}

fn client(config: &Config) -> anyhow::Result<MinerClient> {
    Ok(MinerClient::new(validator()?, Duration::from_millis(config.connect_deadline_ms)))
}

/// The same question to every miner that announces an endpoint, as a round asks theirs.
struct Questions {
    client: MinerClient,
    miners: Vec<(Axon, Binding)>,
    concurrent: usize,
    request: Request,
}

impl Questions {
    async fn new(chain: &chain::Client, config: &Config) -> anyhow::Result<Self> {
        let metagraph = chain.metagraph(NETUID, None).await?;
        let binding = |receiver: Hotkey| Binding { receiver, netuid: NETUID, genesis: chain.genesis() };
        let announced = metagraph.neurons.iter();
        let announced = announced.filter_map(|neuron| Some((Axon::of(neuron)?, binding(neuron.hotkey))));
        let prompt = Prompt::Text(PROMPT.to_owned());
        Ok(Self {
            client: client(config)?,
            miners: announced.collect(),
            concurrent: config.concurrent_requests,
            request: Request::Generate(GenerateRequest::new(prompt, MAX_NEW_TOKENS, Sampling::GREEDY)),
        })
    }

    async fn ask(&self) -> anyhow::Result<Value> {
        let stopwatch = Stopwatch::start();
        let asks = self
            .miners
            .iter()
            .map(|(axon, binding)| async move { self.client.infer(*axon, binding, &self.request, DEADLINE).await });
        let answers: Vec<Answer> = stream::iter(asks)
            .buffer_unordered(self.concurrent)
            .map(|answer| answer.context("asking"))
            .try_collect()
            .await?;
        let lap = stopwatch.lap();
        Ok(told(lap, answers.iter().map(Answer::outcome)))
    }
}

/// A validator that makes a round at every block.
struct Running {
    handle: Handle,
    /// Records of the log that were looked at.
    seen: u64,
}

impl Running {
    async fn start(config: &Config, chain: &chain::Client) -> anyhow::Result<Self> {
        let handle = spawn_with(config.clone(), validator()?, Arc::new(Fixed::referee()), chain.clone()).await?;
        // The first record is the log's header.
        Ok(Self { handle, seen: 1 })
    }

    /// What the log says of a round that has ended.
    fn round(&mut self, lap: Lap, store: &Path) -> anyhow::Result<Value> {
        let records = Store::open_read_only(store)?.records(self.seen)?;
        self.seen += records.len() as u64;
        let outcomes = records.iter().filter_map(|record| match record {
            Record::Scored(scored) => Some(scored.evidence.outcome),
            _ => None,
        });
        Ok(told(lap, outcomes))
    }
}

fn told(lap: Lap, outcomes: impl Iterator<Item = Outcome>) -> Value {
    let (mut answered, mut lost) = (0, BTreeMap::<_, u32>::new());
    for outcome in outcomes {
        match outcome {
            Outcome::Ok => answered += 1,
            other => *lost.entry(other.as_str()).or_default() += 1,
        }
    }
    json!({ "wall_s": lap.wall.as_secs_f64(), "cpu_s": lap.cpu.as_secs_f64(), "answered": answered, "lost": lost })
}
