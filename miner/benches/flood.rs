//! What a flood of strangers does to a validator: `cargo bench --workspace --bench flood [-- --seconds 10]`.
//!
//! A miner, a validator with a permit that asks a hundred times a second, and strangers at addresses of their own, who
//! send forged requests as fast as they are told to. Idle and flooded phases take turns; each is summed up by the time
//! that the validator's answers took.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use assay_miner::{Config, Handle, spawn};
use async_trait::async_trait;
use chain::Client;
use hyper_util::rt::TokioIo;
use localnet::{Genesis, GenesisNeuron, dev_account};
use model::{Backend, Chunk, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{Digest, FinishReason, GenerateRequest, Keypair, NetUid, Prompt, ProofKind, Request, Sampling};
use protos::{Binding, GENERATE, MinerClient, ReceiptVerifier, encode_request, envelope, wire::SignedRequest};
use tokio::{
    net::TcpSocket,
    runtime,
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tonic::transport::{Channel, Endpoint, Uri};

/// Forged requests per second, from all strangers together.
const FLOOD: u64 = 5_000;
/// How many they are.
const STRANGERS: u64 = 20;
/// Questions of the validator per second.
const ASKED: u64 = 100;
const PHASES: usize = 3;

/// Answers at once with three tokens.
struct Prompted(Manifest);

#[async_trait]
impl Backend for Prompted {
    fn manifest(&self) -> &Manifest {
        &self.0
    }

    async fn generate(&self, _: GenerateJob) -> Result<TokenStream, ModelError> {
        let (chunks, stream) = mpsc::channel(2);
        let tokens = Chunk::Tokens { ids: vec![1, 2, 3], text: "abc".into(), logprobs: Vec::new() };
        for chunk in [tokens, Chunk::Finished { reason: FinishReason::Length, rows: None }] {
            chunks.send(Ok(chunk)).await.map_err(|_| ModelError::Stopped)?;
        }
        Ok(TokenStream::new(stream))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Stopped)
    }
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as u64)
}

fn question(key: &Keypair, binding: &Binding) -> SignedRequest {
    let request = GenerateRequest::new(Prompt::Text("what does a flood do?".into()), 3, Sampling::GREEDY);
    let (method, payload) = encode_request(&Request::Generate(request)).expect("within the limits");
    envelope::seal(key, binding, method, payload, now_ms(), 20_000, envelope::fresh_nonce())
}

/// A connection from an address of this machine's loopback net.
async fn connect(from: IpAddr, to: SocketAddr) -> Result<Channel, tonic::transport::Error> {
    let connector = tower::service_fn(move |_: Uri| async move {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from, 0))?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok::<_, std::io::Error>(TokioIo::new(stream))
    });
    Endpoint::from_shared(format!("http://{to}"))?.connect_with_connector(connector).await
}

/// Ask for so long, and return what each answer took, in order of size.
async fn ask(channel: Channel, key: Keypair, binding: Binding, seconds: u64) -> Vec<Duration> {
    let mut ticks = interval(Duration::from_micros(1_000_000 / ASKED));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut took = Vec::new();
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        ticks.tick().await;
        let began = Instant::now();
        let request = question(&key, &binding);
        let digest = envelope::digest(&request, GENERATE).expect("our own");
        let mut verifier = ReceiptVerifier::new(binding.receiver, digest, 3);
        let mut events = MinerClient::new(channel.clone()).generate(request).await.expect("served").into_inner();
        while let Some(event) = events.message().await.expect("an event") {
            verifier.event(&event).expect("the miner's");
        }
        verifier.finish().expect("whole");
        took.push(began.elapsed());
    }
    took.sort_unstable();
    took
}

/// What the strangers did.
#[derive(Default)]
struct Flood {
    sent: AtomicU64,
    connections: AtomicU64,
}

/// One stranger: forged requests at its share of the pace, connecting again whenever it is thrown out.
async fn forge(number: u64, to: SocketAddr, binding: Binding, on: Arc<AtomicBool>, flood: Arc<Flood>) {
    let from = IpAddr::V4(Ipv4Addr::new(127, 7, 0, 1 + number as u8));
    let key = Keypair::from_uri(&format!("//Stranger{number}")).expect("a key");
    let mut forged = question(&key, &binding);
    forged.signature = vec![7; 64];
    let mut ticks = interval(Duration::from_micros(1_000_000 * STRANGERS / FLOOD));
    // Late ones are sent all the same: the pace is the flood's, not the miner's.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut channel = None;
    let mut under_way = JoinSet::new();
    loop {
        ticks.tick().await;
        while under_way.try_join_next().is_some() {}
        if !on.load(Ordering::Relaxed) || under_way.len() > 256 {
            continue;
        }
        flood.sent.fetch_add(1, Ordering::Relaxed);
        if channel.is_none() {
            flood.connections.fetch_add(1, Ordering::Relaxed);
            channel = connect(from, to).await.ok();
        }
        let Some(open) = channel.clone() else { continue };
        if let Some(auth) = &mut forged.auth {
            (auth.nonce, auth.issued_ms) = (envelope::fresh_nonce().to_vec(), now_ms());
            auth.expires_ms = auth.issued_ms + 20_000;
        }
        let request = forged.clone();
        under_way.spawn(async move { MinerClient::new(open).generate(request).await.is_ok() });
    }
}

async fn miner(folder: &std::path::Path) -> (Handle, localnet::Handle, Binding) {
    let seat = |uri: &str, validator_permit| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao: 1_000_000_000,
        validator_permit,
    };
    let mut genesis = Genesis::default();
    genesis.subnets[0].neurons = vec![seat("//Miner", false), seat("//Validator", true)];
    let node = localnet::spawn(localnet::Config { genesis, ..localnet::Config::test() }).await.expect("a chain");
    let chain = Client::connect(&node.url()).await.expect("connected");
    let manifest = Manifest {
        name: "prompted".into(),
        architecture: "none".into(),
        digest: Digest([1; 32]),
        files: Vec::new(),
        vocab_size: 4,
        max_context: 64,
        end_tokens: Vec::new(),
        proof: ProofKind::None,
        calibration: None,
    };
    let binding = Binding { receiver: dev_account("//Miner").hotkey(), netuid: NetUid(1), genesis: chain.genesis() };
    let config = Config::test(folder);
    let miner = spawn(config, dev_account("//Miner"), Arc::new(Prompted(manifest)), chain).await.expect("a miner");
    miner.ready().await;
    (miner, node, binding)
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).map_or(f64::NAN, |took| took.as_secs_f64() * 1e3)
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let value = arguments.iter().position(|argument| argument == "--seconds").and_then(|at| arguments.get(at + 1));
    let seconds = value.and_then(|value| value.parse().ok()).unwrap_or(10);
    let folder = tempfile::tempdir().expect("a folder");
    let own = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (miner, _node, binding) = own.block_on(miner(folder.path()));
    let to = miner.addr();

    let (on, flood) = (Arc::new(AtomicBool::new(false)), Arc::new(Flood::default()));
    let strangers = (on.clone(), flood.clone(), binding);
    thread::spawn(move || {
        let (on, flood, binding) = strangers;
        runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
            let mut all = JoinSet::new();
            for number in 0..STRANGERS {
                all.spawn(forge(number, to, binding, on.clone(), flood.clone()));
            }
            all.join_all().await;
        });
    });

    let validator = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let channel = validator.block_on(connect(IpAddr::V4(Ipv4Addr::LOCALHOST), to)).expect("connected");
    let mut ratios = Vec::new();
    println!("phase    answers   p50 ms   p99 ms   forged/s   connections");
    for _ in 0..PHASES {
        let mut p99 = Vec::new();
        for (name, flooded) in [("idle", false), ("flooded", true)] {
            let before = (flood.sent.load(Ordering::Relaxed), flood.connections.load(Ordering::Relaxed));
            on.store(flooded, Ordering::Relaxed);
            let took = validator.block_on(ask(channel.clone(), dev_account("//Validator"), binding, seconds));
            on.store(false, Ordering::Relaxed);
            let sent = (flood.sent.load(Ordering::Relaxed) - before.0) / seconds;
            let connections = flood.connections.load(Ordering::Relaxed) - before.1;
            println!(
                "{name:8} {:>7} {:>8.2} {:>8.2} {sent:>10} {connections:>13}",
                took.len(),
                percentile(&took, 50),
                percentile(&took, 99)
            );
            p99.push(percentile(&took, 99));
        }
        ratios.push(p99[1] / p99[0]);
    }
    ratios.sort_by(f64::total_cmp);
    println!("p99 flooded / idle: median {:.2} of {PHASES}", ratios[PHASES / 2]);
    own.block_on(miner.shutdown());
}
