//! A miner on a real chain: announced, found there, and asked by who has a seat.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use assay_miner::{Config, Handle, SpawnError, StateError, spawn};
use async_trait::async_trait;
use chain::Client;
use futures::StreamExt;
use localnet::{Genesis, GenesisNeuron, SubnetGenesis, dev_account};
use model::{Backend, Chunk, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{
    Digest, Endpoint, FinishReason, GenerateRequest, Keypair, NetUid, Prompt, ProofKind, Request, Sampling,
};
use protos::{Answer, Binding, GENERATE, MinerClient, Reason, ReceiptVerifier, Refusal, encode_request, envelope};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
};
use tonic::{Status, transport::Channel};

const NETUID: NetUid = NetUid(1);

/// Answers with the bytes of the prompt.
struct Echo(Manifest);

impl Echo {
    fn new() -> Arc<Self> {
        Arc::new(Self(Manifest {
            name: "echo".into(),
            architecture: "none".into(),
            digest: Digest([1; 32]),
            files: Vec::new(),
            vocab_size: 256,
            max_context: 1_000,
            end_tokens: Vec::new(),
            proof: ProofKind::None,
            calibration: None,
        }))
    }
}

#[async_trait]
impl Backend for Echo {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let Prompt::Text(text) = job.request.prompt else { return Err(ModelError::EmptyPrompt) };
        let (chunks, stream) = mpsc::channel(2);
        let tokens = Chunk::Tokens { ids: text.bytes().map(u32::from).collect(), text, logprobs: Vec::new() };
        for chunk in [tokens, Chunk::Finished { reason: FinishReason::Stop, rows: None }] {
            chunks.send(Ok(chunk)).await.map_err(|_| ModelError::Stopped)?;
        }
        Ok(TokenStream::new(stream))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Unsupported { model: "echo".into(), what: "embed" })
    }
}

fn miner_key() -> Keypair {
    dev_account("//Miner")
}

fn validator_key() -> Keypair {
    dev_account("//Validator")
}

/// A chain on which miner and validator have seats. Blocks are made while [`Scene::running`] waits.
struct Scene {
    node: localnet::Handle,
    chain: Client,
    folder: TempDir,
}

impl Scene {
    async fn new() -> Self {
        let seat = |key: Keypair| GenesisNeuron {
            hotkey: key.hotkey(),
            coldkey: dev_account("//Bob").coldkey(),
            stake_rao: 0,
            validator_permit: false,
        };
        let subnet =
            SubnetGenesis { neurons: vec![seat(miner_key()), seat(validator_key())], ..SubnetGenesis::new(NETUID) };
        let genesis = Genesis { subnets: vec![subnet], ..Genesis::default() };
        let node = localnet::spawn(localnet::Config { genesis, ..localnet::Config::test() }).await.unwrap();
        let chain = Client::connect(&node.url()).await.unwrap();
        Self { node, chain, folder: TempDir::new().unwrap() }
    }

    async fn running<T>(&self, future: impl Future<Output = T>) -> T {
        let mut blocks = tokio::time::interval(Duration::from_millis(50));
        tokio::pin!(future);
        within(async {
            loop {
                tokio::select! {
                    done = &mut future => return done,
                    _ = blocks.tick() => { self.node.author_block().unwrap(); }
                }
            }
        })
        .await
    }

    async fn miner(&self, config: Config) -> Result<Handle, SpawnError> {
        spawn(config, miner_key(), Echo::new(), self.chain.clone()).await
    }

    fn config(&self) -> Config {
        Config::test(self.folder.path())
    }

    fn announced(&self) -> Config {
        Config { announce: Some(Endpoint(([127, 0, 0, 2], 0).into())), ..self.config() }
    }

    fn binding(&self) -> Binding {
        Binding { receiver: miner_key().hotkey(), netuid: NETUID, genesis: self.chain.genesis() }
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("in time")
}

async fn ask(addr: SocketAddr, binding: Binding, key: &Keypair) -> Result<Answer, Status> {
    let prompt = Prompt::Text("echo".into());
    let request = Request::Generate(GenerateRequest::new(prompt, 8, Sampling::GREEDY));
    let (method, payload) = encode_request(&request).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let request = envelope::seal(key, &binding, method, payload, now, 20_000, envelope::fresh_nonce());
    let digest = envelope::digest(&request, GENERATE).unwrap();
    let channel = Channel::from_shared(format!("http://{addr}")).unwrap().connect().await.unwrap();
    let mut client = MinerClient::new(channel);
    let mut events = client.generate(request).await?.into_inner();
    let mut verifier = ReceiptVerifier::new(binding.receiver, digest, 8);
    while let Some(event) = events.message().await? {
        verifier.event(&event).unwrap();
    }
    Ok(verifier.finish().unwrap())
}

fn reason(answer: Result<Answer, Status>) -> Option<Reason> {
    Refusal::from_status(&answer.unwrap_err()).map(|refusal| refusal.reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn announces_itself_and_answers_who_finds_it_there() {
    let scene = Scene::new().await;
    let miner = scene.miner(scene.announced()).await.unwrap();
    scene.running(miner.ready()).await;

    let metagraph = scene.chain.metagraph(NETUID, None).await.unwrap();
    let endpoint = metagraph.by_hotkey(&miner.hotkey()).unwrap().endpoint.unwrap();
    assert_eq!(endpoint, Endpoint(miner.addr()));
    let certificate = metagraph.by_hotkey(&miner.hotkey()).unwrap().certificate.clone().unwrap();
    assert_eq!(certificate.pin(), Some(miner.tls_key()));
    let answer = within(ask(endpoint.0, scene.binding(), &validator_key())).await.unwrap();
    assert_eq!(answer.generation.text, "echo");

    // The same address again needs no announcement, so no block either.
    let addr = miner.addr();
    within(miner.shutdown()).await;
    let again = Config { listen: addr, ..scene.announced() };
    let miner = scene.miner(again).await.unwrap();
    within(miner.ready()).await;

    // A chain that goes away takes nothing with it.
    let binding = scene.binding();
    within(scene.node.shutdown()).await;
    assert!(within(ask(addr, binding, &validator_key())).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_a_stranger_once_it_is_registered() {
    let scene = Scene::new().await;
    let miner = scene.miner(scene.config()).await.unwrap();
    within(miner.ready()).await;
    let stranger = dev_account("//Stranger");
    assert_eq!(reason(ask(miner.addr(), scene.binding(), &stranger).await), Some(Reason::Unregistered));

    let mut heads = scene.chain.finalized_stream();
    let coldkey = dev_account("//Charlie");
    scene.running(scene.chain.burned_register(&coldkey, NETUID, stranger.hotkey())).await.unwrap();
    let served = async {
        while let Some(_head) = heads.next().await {
            if let Ok(answer) = ask(miner.addr(), scene.binding(), &stranger).await {
                return answer.generation.text;
            }
        }
        String::new()
    };
    assert_eq!(scene.running(served).await, "echo");
}

#[tokio::test(flavor = "multi_thread")]
async fn says_why_it_does_not_start() {
    let scene = Scene::new().await;
    let refused = scene.miner(Config { netuid: NetUid(9), ..scene.config() }).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("there is no subnet 9 on the chain at {}", scene.node.url()));

    let stranger = dev_account("//Stranger");
    let refused = spawn(scene.config(), stranger.clone(), Echo::new(), scene.chain.clone()).await.unwrap_err();
    let expected = format!("hotkey {} is not registered on subnet 1: register it first", stranger.hotkey());
    assert_eq!(refused.to_string(), expected);

    let first = scene.miner(scene.config()).await.unwrap();
    let refused = scene
        .miner(Config { listen: first.addr(), state_path: scene.folder.path().join("other"), ..scene.config() })
        .await
        .unwrap_err();
    assert_eq!(refused.to_string(), format!("can't listen on {}", first.addr()));
    assert!(matches!(refused, SpawnError::Bind { .. }));

    let refused = scene.miner(scene.config()).await.unwrap_err();
    assert!(matches!(refused, SpawnError::State(StateError::InUse(_))), "{refused}");
}

/// The last metagraph stands, so requests are still answered; but who looks after the miner is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_gone_is_seen_in_its_health() {
    let scene = Scene::new().await;
    let dashboard_listen = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let config = Config { dashboard_listen, stale_after_seconds: 3, ..scene.config() };
    let miner = scene.miner(config).await.unwrap();
    let page = miner.dashboard_addr().unwrap();
    scene.running(until(page, " 200 ", "\"chain\"")).await;
    let document = scene.running(health(page, "/api/miner.json")).await;
    assert!(document.contains("\"self_reported\":true") && document.contains("\"uid\":1"), "{document}");
    let (addr, binding) = (miner.addr(), scene.binding());
    within(scene.node.shutdown()).await;
    let body = within(until(page, " 503 ", "stale")).await;
    assert!(body.split("\"name\": \"").any(|one| one.starts_with("chain") && one.contains("stale\"")), "{body}");
    assert!(within(ask(addr, binding, &validator_key())).await.is_ok());
}

/// What is served at an address, head and body.
async fn health(page: SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(page).await.unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Wait until its health is so.
async fn until(page: SocketAddr, status: &str, holding: &str) -> String {
    loop {
        let answer = health(page, "/healthz").await;
        if answer.starts_with(&format!("HTTP/1.1{status}")) && answer.contains(holding) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
