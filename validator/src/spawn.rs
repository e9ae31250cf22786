//! The front door: from settings, a key, a model and a chain to a running validator.

use std::{path::Path, sync::Arc};

use chain::{ChainError, Client};
use dashboard::{Board, Subject};
use model::ModelError;
use primitives::{BlockRef, GenerateRequest, Hotkey, Keypair, NetUid, Prompt, Request, Sampling};
use scoring::{Incentive, Needs, Registry, Verifies, proof::ProofRules};
use tokio::task::JoinSet;

use crate::{
    client::MinerClient,
    config::{Config, ConfigError},
    database::StoreError,
    delivery::Delivery,
    handle::{Handle, Progress},
    identity::Identity,
    referee::Referee,
    round::Rounds,
    store::{SharedStore, Store},
    unix_time::unix_ms,
    view::View,
    weights_job::WeightsJob,
};

/// Why a validator does not start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// Settings that make no sense.
    #[error("the validator's settings make no sense")]
    Config(#[from] ConfigError),
    /// The chain can't be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The hotkey has no seat.
    #[error("hotkey {hotkey} is not registered in subnet {netuid}")]
    NotRegistered {
        /// Who.
        hotkey: Hotkey,
        /// Where.
        netuid: NetUid,
    },
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The dashboard can't be served.
    #[error("the dashboard can't be served")]
    Dashboard(#[from] dashboard::SpawnError),
    /// The rules mark answers by what the validator's model can't do.
    #[error("the rules mark answers by {quality}, which this validator's model can't do")]
    Referee {
        /// The scorer that the rules name.
        quality: String,
        /// What it can't do.
        #[source]
        source: ModelError,
    },
    /// The chain began again: what the store holds happened on another one with the same first block.
    #[error("the store knows block {} as {}, which this chain does not have: start a new store", .0.number, .0.hash)]
    OtherHistory(BlockRef),
}

/// Start a validator that judges answers with `engine`.
#[cfg(feature = "torch")]
pub async fn spawn(
    config: Config,
    key: Keypair,
    engine: Arc<model::Engine>,
    chain: Client,
) -> Result<Handle, SpawnError> {
    spawn_with(config, key, Arc::new(crate::referee::Prefill { engine, encoder: None }), chain).await
}

/// How a store is opened.
type Open = fn(&Path, &Identity, &Incentive, &Registry) -> Result<Store, StoreError>;

/// Open the store of a validator whose hotkey has a seat, on the chain that the store knows.
pub(crate) async fn open(config: &Config, hotkey: Hotkey, chain: &Client, open: Open) -> Result<Store, SpawnError> {
    config.check()?;
    let netuid = config.netuid;
    match chain.uid(netuid, hotkey, None).await {
        Ok(uid) => tracing::info!(%hotkey, %netuid, %uid, "validator registered"),
        Err(ChainError::NotRegistered { .. }) => return Err(SpawnError::NotRegistered { hotkey, netuid }),
        Err(error) => return Err(error.into()),
    }
    let identity = Identity { genesis: chain.genesis(), netuid, mech: config.mech, validator: hotkey };
    let (path, rules, registry) = (config.store_path.clone(), config.incentive.clone(), config.registry.clone());
    let opened = tokio::task::spawn_blocking(move || open(&path, &identity, &rules, &registry)).await;
    let store = match opened {
        Ok(store) => store?,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    if let Some(last) = store.last_round() {
        let known = chain.block_hash(last.block.number).await?;
        if known != Some(last.block.hash) {
            return Err(SpawnError::OtherHistory(last.block));
        }
    }
    let unfinished = store.unfinished()?.len();
    tracing::info!(rounds = store.rounds(), unfinished, path = %config.store_path.display(), "store opened");
    Ok(store)
}

/// Where what a validator sees is written down.
pub(crate) fn board(config: &Config, chain: &Client, validator: Hotkey) -> Board {
    Board::new(Subject {
        netuid: config.netuid,
        mechanism: config.mech,
        genesis: chain.genesis(),
        validator,
        version: env!("CARGO_PKG_VERSION").into(),
        round_blocks: config.round_blocks,
        started_unix_ms: unix_ms(),
    })
}

/// What is demanded of proofs follows from the model that they are held against.
fn with_proof(mut config: Config, rules: Option<ProofRules>) -> Config {
    if config.incentive.gate.verifies == Verifies::Answer {
        tracing::info!("answers are judged by their text: miners may run any model");
        return config;
    }
    match &rules {
        Some(rules) => tracing::info!(calibration = %rules.calibration, model = %rules.model, "proofs demanded"),
        None => tracing::warn!(
            "no proofs demanded: the model has no calibration, so a miner that runs a rounded copy of it may pass"
        ),
    }
    config.incentive.proof = rules.map(Box::new);
    config
}

/// That a referee can say what a scorer needs: a validator that finds out in its rounds would score nobody.
async fn can_mark(referee: &dyn Referee, needs: Needs) -> Result<(), ModelError> {
    match needs {
        Needs::Nothing | Needs::Text => Ok(()),
        Needs::Embeddings => referee.resemblance("a", "b").await.map(|_| ()),
        Needs::Logprobs => {
            let request = GenerateRequest::new(Prompt::Text("a".into()), 1, Sampling::at(1_000));
            referee.likelihood(&Request::Generate(request), "b").await.map(|_| ())
        }
    }
}

/// Start a validator that judges answers with `referee`. The model that it has says what is demanded of proofs:
/// `config.incentive.proof` is set by it.
pub async fn spawn_with(
    config: Config,
    key: Keypair,
    referee: Arc<dyn Referee>,
    chain: Client,
) -> Result<Handle, SpawnError> {
    let hotkey = key.hotkey();
    let config = with_proof(config, referee.rules());
    let needs = config.registry.build(&config.incentive).map_err(ConfigError::from)?.scorer().needs();
    can_mark(referee.as_ref(), needs).await.map_err(|source| {
        let quality = config.incentive.quality.kind.clone();
        SpawnError::Referee { quality, source }
    })?;
    let store = open(&config, hotkey, &chain, Store::open).await?;
    let board = board(&config, &chain, hotkey);
    // An address that can't be had is told before anything is asked.
    let dashboard = match config.dashboard_listen {
        Some(listen) => Some(dashboard::spawn(dashboard::Config::new(listen), board.clone()).await?),
        None => None,
    };
    if let Some(dashboard) = &dashboard {
        tracing::info!(listen = %dashboard.addr(), "dashboard served");
    }
    let (view, store) = View::new(&config, &chain, board, store).await;
    let progress = Progress::new(store.rounds());
    let store = SharedStore::new(store);
    let delivery = Delivery::new(&config, key.clone(), chain.clone(), store.clone());
    let client = MinerClient::new(key, config.connect_deadline());
    let rounds = Rounds {
        chain: chain.clone(),
        config: config.clone(),
        client,
        referee,
        store: store.clone(),
        progress: progress.clone(),
        view: view.clone(),
    };
    let weights = WeightsJob::new(chain, config, delivery, progress.clone(), view);
    let mut tasks = JoinSet::new();
    tasks.spawn(rounds.run());
    tasks.spawn(weights.run());
    Ok(Handle { hotkey, progress, store, dashboard, tasks })
}
