//! The built program as a client of a miner in this process: what `ask` sends, what a client that knows nothing of the
//! protocol can do with `ask --print-request`, and what `bench` measures.

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use localnet::{Genesis, GenesisNeuron, dev_account};
use model::{Backend, Chunk, GenerateJob, Manifest, ModelError, TokenStream};
use primitives::{ChatMessage, Digest, FinishReason, GenerateRequest, Prompt, ProofKind, Sampling};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, prost_types::FileDescriptorProto};
use protos::{Event, ReceiptVerifier, envelope, wire::SignedEvent, wire::SignedRequest};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tonic::{
    Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::Channel,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
const VOCAB: usize = 100;

/// Says the numbers from 1 on, a token each, and shows what it was asked. Every seventh prompt of tokens finds it busy;
/// those after `hangs_after` are never answered.
struct Counter {
    manifest: Manifest,
    asked: mpsc::UnboundedSender<GenerateRequest>,
    prompts: std::sync::Mutex<usize>,
    hangs_after: usize,
    hanging: std::sync::Mutex<Vec<mpsc::Sender<Result<Chunk, ModelError>>>>,
}

#[async_trait]
impl Backend for Counter {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let request = job.request;
        self.asked.send(request.clone()).unwrap();
        let (chunks, stream) = mpsc::channel(request.max_new_tokens as usize + 1);
        if let Prompt::Tokens(_) = request.prompt {
            let mut prompts = self.prompts.lock().unwrap();
            *prompts += 1;
            if prompts.is_multiple_of(7) {
                return Err(ModelError::Busy { retry_after: Duration::from_millis(5) });
            }
            if *prompts > self.hangs_after {
                self.hanging.lock().unwrap().push(chunks);
                return Ok(TokenStream::new(stream));
            }
        }
        for id in 1..=request.max_new_tokens {
            let logprobs = if request.logprobs { vec![-0.25] } else { Vec::new() };
            let chunk = Chunk::Tokens { ids: vec![id], text: format!("{id} "), logprobs };
            chunks.try_send(Ok(chunk)).unwrap();
        }
        chunks.try_send(Ok(Chunk::Finished { reason: FinishReason::Length, rows: None })).unwrap();
        Ok(TokenStream::new(stream))
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Ok(vec![vec![1.0, 0.0]])
    }
}

struct Scene {
    miner: miner::Handle,
    asked: mpsc::UnboundedReceiver<GenerateRequest>,
    genesis: String,
    _node: localnet::Handle,
    _folder: TempDir,
}

async fn scene(hangs_after: usize) -> Scene {
    let seat = |uri: &str| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao: 0,
        validator_permit: false,
    };
    let mut genesis = Genesis::default();
    genesis.subnets[0].neurons = vec![seat("//Miner"), seat("//User")];
    let node = localnet::spawn(localnet::Config { genesis, ..localnet::Config::test() }).await.unwrap();
    let chain = chain::Client::connect(&node.url()).await.unwrap();
    let genesis = chain.genesis().to_string();
    let (asks, asked) = mpsc::unbounded_channel();
    let manifest = Manifest {
        name: "counter".into(),
        architecture: "none".into(),
        digest: Digest([1; 32]),
        files: Vec::new(),
        vocab_size: VOCAB,
        max_context: 1_000,
        end_tokens: Vec::new(),
        proof: ProofKind::None,
        calibration: None,
    };
    let backend = Counter { manifest, asked: asks, prompts: 0.into(), hangs_after, hanging: Vec::new().into() };
    let folder = TempDir::new().unwrap();
    let miner = miner::spawn(miner::Config::test(folder.path()), dev_account("//Miner"), Arc::new(backend), chain)
        .await
        .unwrap();
    tokio::time::timeout(PATIENCE, miner.ready()).await.unwrap();
    Scene { miner, asked, genesis, _node: node, _folder: folder }
}

impl Scene {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__")) {
            command.env_remove(name);
        }
        command.args(arguments).args(["--key", "//User", "--miner", &self.miner.hotkey().to_string()]);
        command.args(["--endpoint", &self.miner.addr().to_string(), "--genesis", &self.genesis]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null());
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// What it prints as JSON, which must be all well.
    async fn prints(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ask_asks_for_what_its_flags_say() {
    let mut scene = scene(0).await;
    let flags = [
        "ask",
        "hello",
        "--json",
        "--chat",
        "--system",
        "be brief",
        "--max-new",
        "3",
        "--temperature",
        "0.7",
        "--top-p",
        "0.9",
        "--top-k",
        "40",
        "--stop",
        "\n",
        "--stop",
        "END",
        "--logprobs",
    ];
    let answer = scene.prints(&flags).await;
    let message = |role: &str, content: &str| ChatMessage { role: role.into(), content: content.into() };
    let expected = GenerateRequest {
        prompt: Prompt::Chat(vec![message("system", "be brief"), message("user", "hello")]),
        max_new_tokens: 3,
        sampling: Sampling { temperature_milli: 700, top_p_milli: 900, top_k: 40 },
        stop: vec!["\n".into(), "END".into()],
        logprobs: true,
    };
    assert_eq!(scene.asked.recv().await, Some(expected));
    let generation =
        json!({ "tokens": [1, 2, 3], "text": "1 2 3 ", "logprobs": [-0.25, -0.25, -0.25], "finish": "length" });
    assert_eq!(answer["generation"], generation);

    let output = scene.run(&["ask", "hello", "--max-new", "2"]).await;
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "1 2 \n");
    let plain = GenerateRequest::new(Prompt::Text("hello".into()), 2, Sampling::at(1_000));
    assert_eq!(scene.asked.recv().await, Some(plain));

    for wrong in [
        &["--system", "x"][..],
        &["--top-p", "0"],
        &["--embed", "--chat"],
        &["--print-request", "--json"],
        &["--stop", ""],
    ] {
        let output = scene.run(&[&["ask", "hello"], wrong].concat()).await;
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Messages as their descriptors have them, and nothing compiled in.
#[derive(Clone)]
struct Dynamic(MessageDescriptor);

impl Codec for Dynamic {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, message: DynamicMessage, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        message.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Dynamic {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.clone(), buffer);
        message.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

/// The service's descriptors, as the server hands them out to whoever asks.
async fn reflected(channel: Channel, symbol: &str) -> DescriptorPool {
    let message_request = Some(MessageRequest::FileContainingSymbol(symbol.into()));
    let request = ServerReflectionRequest { host: String::new(), message_request };
    let mut client = ServerReflectionClient::new(channel);
    let mut responses =
        client.server_reflection_info(tokio_stream::once(request)).await.expect("reflection").into_inner();
    let response = responses.message().await.expect("an answer").expect("one");
    let Some(MessageResponse::FileDescriptorResponse(files)) = response.message_response else {
        panic!("{response:?}")
    };
    let files = files.file_descriptor_proto.iter().map(|file| FileDescriptorProto::decode(&file[..]).expect("a file"));
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files).expect("files that fit");
    pool
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_knows_reflection_only_streams_an_answer() {
    let scene = scene(0).await;
    let printed = scene.prints(&["ask", "hello", "--max-new", "4", "--timeout-s", "30", "--print-request"]).await;

    let channel = Channel::from_shared(format!("http://{}", scene.miner.addr())).unwrap().connect().await.unwrap();
    let pool = reflected(channel.clone(), "assay.miner.v1.Miner").await;
    let service = pool.get_service_by_name("assay.miner.v1.Miner").expect("the service");
    let method = service.methods().find(|method| method.name() == "Generate").expect("the method");
    assert!(method.is_server_streaming() && !method.is_client_streaming());
    let request = DynamicMessage::deserialize(method.input(), printed).expect("the printed request is a message");
    let encoded = request.encode_to_vec();

    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let path = PathAndQuery::from_maybe_shared(format!("/{}/Generate", service.full_name())).unwrap();
    let response = client.server_streaming(tonic::Request::new(request), path, Dynamic(method.output())).await;
    let mut events = response.expect("an answer").into_inner();

    // The answer is the one that any client gets, receipt included.
    let asked = SignedRequest::decode(&encoded[..]).unwrap();
    let digest = envelope::digest(&asked, protos::GENERATE).unwrap();
    let mut verifier = ReceiptVerifier::new(scene.miner.hotkey(), digest, 4);
    let mut texts = Vec::new();
    while let Some(message) = events.message().await.expect("an event") {
        let event = verifier.event(&SignedEvent::decode(&message.encode_to_vec()[..]).unwrap()).unwrap();
        if let Event::Tokens { text, .. } = event {
            texts.push(text);
        }
    }
    assert_eq!(texts.concat(), "1 2 3 4 ");
    assert_eq!(verifier.finish().unwrap().generation.tokens, [1, 2, 3, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bench_measures_and_verifies_every_answer() {
    let mut scene = scene(usize::MAX).await;
    let flags = [
        "bench",
        "miner",
        "--json",
        "--concurrency",
        "1,5",
        "--requests",
        "20",
        "--warmup",
        "3",
        "--prompt-tokens",
        "12",
        "--new-tokens",
        "6",
        "--shared-prefix",
        "4",
        "--seed",
        "9",
        "--streams-per-connection",
        "2",
    ];
    let document = scene.prints(&flags).await;
    assert_eq!((&document["model"], &document["interrupted"]), (&json!("counter"), &json!(false)));
    let levels = document["levels"].as_array().unwrap();
    // Of 46 prompts in all, each seventh is refused: 7, 14, 21 fall into the first measurement, 28, 35, 42 into the next.
    for (level, concurrency) in levels.iter().zip([1, 5]) {
        assert_eq!(level["concurrency"], json!(concurrency));
        assert_eq!(level["outcomes"], json!({ "ok": 17, "QUEUE_FULL": 3 }));
        assert_eq!(level["new_tokens"], json!(17 * 6));
        for times in ["first_token_ms", "whole_ms"] {
            let [p50, p95, p99] = ["p50", "p95", "p99"].map(|rank| level[times][rank].as_f64().unwrap());
            assert!(0.0 < p50 && p50 <= p95 && p95 <= p99, "{times} {level}");
        }
        assert!(level["tokens_per_second"].as_f64().unwrap() > 0.0);
    }
    assert_eq!(levels.len(), 2);
    let mut prompts = Vec::new();
    while let Ok(request) = scene.asked.try_recv() {
        assert_eq!((request.max_new_tokens, request.sampling), (6, Sampling::GREEDY));
        let Prompt::Tokens(ids) = request.prompt else { panic!("{:?}", request.prompt) };
        assert!(ids.len() == 12 && ids.iter().all(|id| (*id as usize) < VOCAB));
        prompts.push(ids);
    }
    assert_eq!(prompts.len(), 46);
    assert!(prompts.iter().all(|ids| ids[..4] == prompts[0][..4]));
    prompts.sort();
    prompts.dedup();
    assert_eq!(prompts.len(), 46, "a prompt came twice");

    let output = scene.run(&["bench", "miner", "--concurrency", "2", "--requests", "4", "--prompt-tokens", "5"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("at a time  ok  failed  tokens/s"), "{text}");
    for (wrong, status) in [
        (&["--prompt-tokens", "900", "--new-tokens", "101"][..], 2),
        (&["--prompt-tokens", "5", "--shared-prefix", "5"], 2),
        (&["--netuid", "2"], 1),
    ] {
        let output = scene.run(&[&["bench", "miner"], wrong].concat()).await;
        assert_eq!(output.status.code(), Some(status), "{wrong:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_bench_prints_what_there_is() {
    let mut scene = scene(5).await;
    let flags = ["bench", "miner", "--json", "--concurrency", "1,2", "--requests", "9", "--warmup", "0"];
    let child = scene.command(&flags).spawn().unwrap();
    // Five are answered; the sixth was asked and never will be.
    for _ in 0..6 {
        tokio::time::timeout(PATIENCE, scene.asked.recv()).await.unwrap().unwrap();
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let _ = std::io::stderr().write_all(&output.stderr);
    assert!(output.status.success());
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["interrupted"], json!(true));
    assert_eq!(document["levels"].as_array().unwrap().len(), 1);
    assert_eq!(document["levels"][0]["outcomes"], json!({ "ok": 5 }));
}
