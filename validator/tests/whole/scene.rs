//! A real chain with real miners on it that have a small deterministic model.

use std::{pin::pin, sync::Arc, time::Duration};

use assay_validator::{Config, Handle, Repetition, SpawnError, Status, Store, spawn_with};
use async_trait::async_trait;
use chain::Client;
use localnet::{Genesis, GenesisNeuron, SubnetGenesis, dev_account};
use model::{Backend, Chunk, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{Digest, Endpoint, FinishReason, Keypair, NetUid, Prompt, ProofKind};
use scoring::Record;
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard, mpsc};

pub const NET: NetUid = NetUid(1);

/// Tokens that depend on the prompt, the seed and the model's own number, and on nothing else.
pub struct Oracle {
    manifest: Manifest,
    number: u8,
}

impl Oracle {
    pub fn backend(number: u8) -> Arc<dyn Backend> {
        let manifest = Manifest {
            name: "oracle".into(),
            architecture: "none".into(),
            digest: Digest([number; 32]),
            files: Vec::new(),
            vocab_size: 256,
            max_context: 4_096,
            end_tokens: Vec::new(),
            proof: ProofKind::None,
            calibration: None,
        };
        Arc::new(Self { manifest, number })
    }
}

#[async_trait]
impl Backend for Oracle {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let Prompt::Text(text) = job.request.prompt else { return Err(ModelError::EmptyPrompt) };
        let digest = Digest::derive("assay test oracle", &[&[self.number], &job.seed.0, text.as_bytes()]);
        let ids: Vec<u32> =
            digest.0.iter().cycle().take(job.request.max_new_tokens as usize).map(|byte| u32::from(*byte)).collect();
        let (chunks, stream) = mpsc::channel(2);
        for chunk in [
            Chunk::Tokens { ids, text: digest.to_string(), logprobs: Vec::new() },
            Chunk::Finished { reason: FinishReason::Length, rows: None },
        ] {
            chunks.send(Ok(chunk)).await.map_err(|_| ModelError::Stopped)?;
        }
        Ok(TokenStream::new(stream))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Unsupported { model: "oracle".into(), what: "embed" })
    }
}

pub fn validator() -> Keypair {
    dev_account("//Validator")
}

/// Uid 1 is the validator, 2 an honest miner, 3 one with another model, 4 one that announces and is not there.
pub struct Scene {
    pub node: localnet::Handle,
    pub chain: Client,
    pub folder: TempDir,
    _miners: Vec<miner::Handle>,
    _alone: MutexGuard<'static, ()>,
}

/// Epochs pass in two seconds here: on a busy machine, several such subnets at once would starve each other.
static ALONE: Mutex<()> = Mutex::const_new(());

pub fn seat(uri: &str, stake_rao: u64) -> GenesisNeuron {
    GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao,
        validator_permit: stake_rao > 0,
    }
}

fn seated(neurons: Vec<GenesisNeuron>) -> Genesis {
    Genesis { subnets: vec![SubnetGenesis { neurons, ..SubnetGenesis::new(NET) }], ..Genesis::default() }
}

pub fn genesis() -> Genesis {
    seated(vec![seat("//Validator", 5_000_000_000), seat("//Honest", 0), seat("//Liar", 0), seat("//Gone", 0)])
}

impl Scene {
    pub async fn new() -> Self {
        let mut scene = Self::of(genesis()).await;
        for (uri, number) in [("//Honest", 1), ("//Liar", 2)] {
            let announce = Some(Endpoint(([127, 0, 0, 2], 0).into()));
            let config = miner::Config {
                announce,
                ..miner::Config::test(&scene.folder.path().join(uri.trim_start_matches('/')))
            };
            let miner =
                miner::spawn(config, dev_account(uri), Oracle::backend(number), scene.chain.clone()).await.unwrap();
            scene.run(miner.ready()).await;
            scene._miners.push(miner);
        }
        let nowhere = Endpoint(([127, 0, 0, 3], 9).into());
        scene.run(scene.chain.serve_axon(&dev_account("//Gone"), NET, nowhere, 1)).await.unwrap();
        scene
    }

    /// With these seats beside the validator's, and nobody on them yet.
    pub async fn with(mut neurons: Vec<GenesisNeuron>) -> Self {
        neurons.insert(0, seat("//Validator", 5_000_000_000));
        Self::of(seated(neurons)).await
    }

    async fn of(genesis: Genesis) -> Self {
        let alone = ALONE.lock().await;
        let config = localnet::Config { genesis, ..localnet::Config::test() };
        let node = localnet::spawn(config).await.unwrap();
        let chain = Client::connect(&node.url()).await.unwrap();
        Self { node, chain, folder: TempDir::new().unwrap(), _miners: Vec::new(), _alone: alone }
    }

    pub fn config(&self) -> Config {
        Config { weights_margin_blocks: 10, ..Config::test(NET, self.folder.path()) }
    }

    pub async fn spawn(&self, config: Config) -> Result<Handle, SpawnError> {
        let referee = Arc::new(Repetition { backend: Oracle::backend(1) });
        spawn_with(config, validator(), referee, self.chain.clone()).await
    }

    /// Make blocks until `work` is done.
    pub async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut clock = tokio::time::interval(Duration::from_millis(100));
        let blocks = async {
            loop {
                tokio::select! {
                    biased;
                    done = &mut work => return done,
                    _ = clock.tick() => drop(self.node.author_block().unwrap()),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(120), blocks).await.expect("in time")
    }

    pub async fn until(&self, validator: &Handle, enough: impl FnMut(&Status) -> bool) -> Status {
        let mut status = validator.status();
        self.run(status.wait_for(enough)).await.unwrap().clone()
    }

    /// Rows of weights that the chain took: only the validator sends any.
    pub fn rows(&self) -> u64 {
        let blocks = 1..=u32::try_from(self.node.best().number).unwrap();
        let calls = blocks.flat_map(|number| self.node.block_log(number).unwrap().extrinsics);
        calls.filter(|extrinsic| extrinsic.call == "SubtensorModule.set_weights").count() as u64
    }

    pub fn records(&self) -> Vec<Record> {
        Store::open_read_only(&self.config().store_path).unwrap().records(0).unwrap()
    }
}
