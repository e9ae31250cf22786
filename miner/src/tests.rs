//! The service over real gRPC, with a scripted model and a metagraph in hand.

mod counts;
mod gate;
#[cfg(feature = "torch")]
mod module;
mod opening;
mod page;
mod pressure;
mod serving;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use model::{Backend, Chunk, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{
    BlockHash, BlockRef, Coldkey, DataType, Digest, FinishReason, GenerateRequest, Hotkey, Keypair, MechId, Metagraph,
    NetUid, Neuron, Prompt, ProofKind, Request, Sampling, Tensor, Uid,
};
use protos::{
    Answer, Binding, MAX_MESSAGE_BYTES, MAX_RESPONSE_BYTES, MinerClient, Reason, ReceiptVerifier, Refusal,
    encode_request, envelope, wire::SignedRequest,
};
use tokio::sync::{mpsc, watch};
use tonic::{Status, transport::Channel};

use crate::{Config, Handle, clock, roster::Roster, server::serve};

pub(crate) const GENESIS: BlockHash = BlockHash([5; 32]);

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A subnet with these hotkeys, in this order.
pub(crate) fn metagraph(hotkeys: &[Hotkey]) -> Metagraph {
    let neuron = |(uid, hotkey): (usize, &Hotkey)| Neuron {
        uid: Uid(uid as u16),
        hotkey: *hotkey,
        coldkey: Coldkey([0; 32]),
        registered_at: 1,
        endpoint: None,
        certificate: None,
        validator_permit: false,
        active: false,
        stake_rao: 0,
        stake_weight: 0,
        last_update: 0,
        incentive: 0,
        dividends: 0,
        consensus: 0,
        validator_trust: 0,
        emission_rao: 0,
    };
    let neurons = hotkeys.iter().enumerate().map(neuron).collect();
    Metagraph {
        netuid: NetUid(1),
        mechanism: MechId(0),
        block: BlockRef { number: 10, hash: BlockHash([1; 32]) },
        neurons,
    }
}

/// A model whose every chunk the test sends.
pub(crate) struct Script {
    manifest: Manifest,
    jobs: mpsc::UnboundedSender<Job>,
    up: Option<watch::Receiver<bool>>,
}

/// What the model was asked, and the way to answer.
pub(crate) struct Job {
    pub asked: GenerateJob,
    pub chunks: mpsc::Sender<Result<Chunk, ModelError>>,
}

impl Job {
    pub async fn say(&self, ids: &[u32], text: &str) {
        self.chunks
            .send(Ok(Chunk::Tokens { ids: ids.to_vec(), text: text.to_owned(), logprobs: Vec::new() }))
            .await
            .unwrap();
    }

    pub async fn finish(&self) {
        self.chunks.send(Ok(Chunk::Finished { reason: FinishReason::Length, rows: None })).await.unwrap();
    }
}

#[async_trait]
impl Backend for Script {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn generate(&self, asked: GenerateJob) -> Result<TokenStream, ModelError> {
        if asked.request.max_new_tokens > 1_000 {
            return Err(ModelError::TooLong { tokens: 1_001, max_context: 1_000 });
        }
        let (chunks, stream) = mpsc::channel(4);
        self.jobs.send(Job { asked, chunks }).map_err(|_| ModelError::Stopped)?;
        Ok(TokenStream::new(stream))
    }

    /// Vectors of length and count of letters. "never" is never answered.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        if texts[0] == "never" {
            std::future::pending::<()>().await;
        }
        Ok(texts.iter().map(|text| vec![text.len() as f32, 1.0]).collect())
    }

    /// The arguments in reverse. What is called "bad" is refused, of "large" comes too much, "never" is never answered.
    async fn infer(&self, mut tensors: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        match tensors[0].name() {
            "bad" => return Err(ModelError::Script { reason: "ValueError: bad".into() }),
            "large" => return Ok(vec![tensor("output", MAX_RESPONSE_BYTES)]),
            "never" => std::future::pending().await,
            _ => tensors.reverse(),
        }
        Ok(tensors)
    }

    fn up(&self) -> Option<watch::Receiver<bool>> {
        self.up.clone()
    }
}

/// So many bytes of 7.
pub(crate) fn tensor(name: &str, bytes: usize) -> Tensor {
    Tensor::new(name.into(), DataType::U8, vec![bytes as u64], vec![7; bytes]).unwrap()
}

/// A miner with one registered client, Alice.
pub(crate) struct Scene {
    pub miner: Handle,
    pub jobs: mpsc::UnboundedReceiver<Job>,
    pub subnet: watch::Sender<Option<Arc<Roster>>>,
    pub binding: Binding,
    pub client: MinerClient<Channel>,
}

pub(crate) fn alice() -> Keypair {
    Keypair::from_uri("//Alice").unwrap()
}

pub(crate) async fn scene(config: Config) -> Scene {
    scene_with(config, None).await
}

/// The same, with a model that may be away.
pub(crate) async fn scene_with(config: Config, up: Option<watch::Receiver<bool>>) -> Scene {
    let (jobs_in, jobs) = mpsc::unbounded_channel();
    let manifest = Manifest {
        name: "script".into(),
        architecture: "none".into(),
        digest: Digest([1; 32]),
        files: Vec::new(),
        vocab_size: 10,
        max_context: 1_000,
        end_tokens: Vec::new(),
        proof: ProofKind::None,
        calibration: None,
    };
    open(config, Arc::new(Script { manifest, jobs: jobs_in, up }), jobs).await
}

/// A miner of any model.
pub(crate) async fn open(config: Config, backend: Arc<dyn Backend>, jobs: mpsc::UnboundedReceiver<Job>) -> Scene {
    let (key, hotkey) = (Keypair::from_uri("//Miner").unwrap(), alice().hotkey());
    let (subnet, seen) = watch::channel(Some(Arc::new(Roster::new(metagraph(&[key.hotkey(), hotkey])))));
    let binding = Binding { receiver: key.hotkey(), netuid: config.netuid, genesis: GENESIS };
    let miner = serve(&config, key, backend, GENESIS, seen).await.unwrap();
    let channel = Channel::from_shared(format!("http://{}", miner.addr())).unwrap().connect().await.unwrap();
    let client = MinerClient::new(channel).max_encoding_message_size(4 * MAX_MESSAGE_BYTES);
    // What was issued in the millisecond in which the miner began is refused.
    clock::reach(clock::now_ms() + 1).await;
    Scene { miner, jobs, subnet, binding, client }
}

pub(crate) fn prompt(text: &str) -> Request {
    let prompt = Prompt::Text(text.to_owned());
    Request::Generate(GenerateRequest::new(prompt, 8, Sampling::GREEDY))
}

impl Scene {
    pub fn sign(&self, request: &Request) -> SignedRequest {
        self.sign_at(request, clock::now_ms(), 30_000)
    }

    pub fn sign_at(&self, request: &Request, issued_ms: u64, ttl_ms: u64) -> SignedRequest {
        let (method, payload) = encode_request(request).unwrap();
        envelope::seal(&alice(), &self.binding, method, payload, issued_ms, ttl_ms, envelope::fresh_nonce())
    }

    pub async fn job(&mut self) -> Job {
        within(self.jobs.recv()).await.unwrap()
    }

    /// The whole verified answer, or the status that ended it.
    pub async fn ask(&mut self, request: SignedRequest) -> Result<Answer, Status> {
        ask(self.client.clone(), self.binding.receiver, request).await
    }

    /// Why a request is refused.
    pub async fn refusal(&mut self, request: SignedRequest) -> Refusal {
        let status = within(self.ask(request)).await.unwrap_err();
        Refusal::from_status(&status).unwrap_or_else(|| panic!("no reason in {status:?}"))
    }

    pub async fn reason(&mut self, request: SignedRequest) -> Reason {
        self.refusal(request).await.reason
    }
}

pub(crate) async fn ask(
    mut client: MinerClient<Channel>,
    miner: Hotkey,
    request: SignedRequest,
) -> Result<Answer, Status> {
    let digest = envelope::digest(&request, protos::GENERATE).unwrap_or(Digest([0; 32]));
    let mut events = client.generate(request).await?.into_inner();
    let mut verifier = ReceiptVerifier::new(miner, digest, 8);
    while let Some(event) = events.message().await? {
        verifier.event(&event).unwrap();
    }
    Ok(verifier.finish().unwrap())
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}
