//! What the fuzzer begins with: values of our own encoders, and files of the repository.

use primitives::{
    BlockHash, ChatMessage, DataType, Digest, EmbedRequest, FinishReason, GenerateRequest, InferRequest, Keypair,
    NetUid, Prompt, ProofKind, Request, Sampling, Tensor, TlsPin,
};
use prost::Message as _;
use protos::{
    Binding, Description, Event, OPEN, OpenRequest, Reason, ReceiptSigner, Refusal, SignedOpening, Transcript,
    encode_embeddings, encode_request, encode_tensors, envelope, receipt,
};
use scoring::ScoreLog;
use tonic::Status;

#[cfg(feature = "programs")]
use crate::extrinsic;
use crate::{archive, commitment, opening, sample};

/// Inputs by name.
pub type Seeds = Vec<(&'static str, Vec<u8>)>;

/// The seeds of a target. All of them are what it decodes. Signatures differ from one call to the next, and nothing else.
pub fn of(target: &str) -> Seeds {
    match target {
        "answer" => answers(),
        "archive" => vec![("manifest", archive::honest_manifest()), ("part", archive::honest_part())],
        "commitment" => vec![("honest", commitment::honest())],
        "config" => configs(),
        "envelope" => {
            requests().into_iter().map(|(name, request)| (name, sealed(&request, 1).encode_to_vec())).collect()
        }
        "event" => events(),
        #[cfg(feature = "programs")]
        "extrinsic" => vec![("inherent", extrinsic::inherent())],
        #[cfg(feature = "programs")]
        "frame" => frames(),
        "opening" => vec![("request", open_request(Digest([2; 32]))), ("rows", opening::honest())],
        "receipt" => receipts(),
        "request" => requests().into_iter().map(|(name, request)| (name, encoded(&request).1)).collect(),
        "score_log" => score_logs(),
        #[cfg(feature = "programs")]
        "settings" => settings(),
        "wallet" => wallets(),
        _ => Vec::new(),
    }
}

fn validator() -> Keypair {
    Keypair::from_seed(&[3; 32]).expect("any bytes are a seed")
}

fn miner() -> Keypair {
    Keypair::from_seed(&[7; 32]).expect("any bytes are a seed")
}

fn binding() -> Binding {
    Binding { receiver: miner().hotkey(), netuid: NetUid(7), genesis: BlockHash([8; 32]) }
}

fn requests() -> Vec<(&'static str, Request)> {
    let generate = |prompt| GenerateRequest::new(prompt, 40, Sampling::at(700));
    let said = |role: &str, content: &str| ChatMessage { role: role.into(), content: content.into() };
    let text = GenerateRequest {
        sampling: Sampling { temperature_milli: 700, top_p_milli: 950, top_k: 50 },
        stop: vec!["\n\n".into(), "END".into()],
        logprobs: true,
        ..generate(Prompt::Text("Once upon a time".into()))
    };
    let chat = Prompt::Chat(vec![said("system", "Be brief."), said("user", "What is an assay?")]);
    vec![
        ("text", Request::Generate(text)),
        ("tokens", Request::Generate(generate(Prompt::Tokens(vec![1, 300, 70_000, 0])))),
        ("chat", Request::Generate(generate(chat))),
        ("embed", Request::Embed(EmbedRequest { texts: vec!["one".into(), "another".into()] })),
        ("infer", Request::Infer(InferRequest { tensors: tensors() })),
    ]
}

fn tensors() -> Vec<Tensor> {
    let tensor = |dtype: DataType| {
        Tensor::new(dtype.name().into(), dtype, vec![2, 3], vec![1; 6 * dtype.size()]).expect("it fits")
    };
    DataType::ALL.map(tensor).to_vec()
}

fn encoded(request: &Request) -> (&'static str, Vec<u8>) {
    encode_request(request).expect("within the limits")
}

fn sealed(request: &Request, nonce: u8) -> protos::wire::SignedRequest {
    let (method, payload) = encoded(request);
    envelope::seal(&validator(), &binding(), method, payload, 1_800_000_000_000, 10_000, [nonce; 16])
}

fn answers() -> Seeds {
    let description = Description {
        hotkey: miner().hotkey(),
        netuid: NetUid(7),
        genesis: BlockHash([8; 32]),
        name: "tiny".into(),
        architecture: "llama".into(),
        digest: Digest([4; 32]),
        vocab_size: 512,
        max_context: 256,
        proof: ProofKind::HiddenRows,
        calibration: Some(Digest([5; 32])),
        tls_key: Some(TlsPin([6; 32])),
    };
    let refusal = Refusal::retry(Reason::QueueFull, "all places are taken", std::time::Duration::from_millis(1_500));
    vec![
        ("embeddings", encode_embeddings(vec![vec![0.25, -1.5, 3.0], vec![1.0, 0.0, -0.0]]).expect("finite")),
        ("tensors", encode_tensors(tensors()).expect("within the limits")),
        ("description", description.encode()),
        ("signed_description", receipt::sign_description(&miner(), &description).encode_to_vec()),
        ("refusal", Status::from(refusal).details().to_vec()),
        ("refusal_for_good", Status::from(Refusal::new(Reason::BadSignature, "no")).details().to_vec()),
    ]
}

/// An answer of 40 tokens with two commitments to what came before it.
fn stream() -> Vec<Event> {
    let tokens = |ids: std::ops::Range<u32>, text: &str| Event::Tokens {
        logprobs: ids.clone().map(|id| -0.125 * id as f32).collect(),
        ids: ids.collect(),
        text: text.into(),
    };
    vec![
        tokens(1..3, "there "),
        Event::Commitment(commitment::honest()),
        tokens(3..40, "was"),
        Event::Commitment(vec![7; 258]),
        tokens(40..41, "."),
        Event::Finished {
            reason: FinishReason::Stop,
            tokens: 40,
            rows_root: Some(Digest([6; 32])),
            capacity_used_ppm: None,
        },
    ]
}

fn events() -> Seeds {
    let events = stream();
    let framed = events.iter().flat_map(|event| {
        let payload = event.encode();
        let length = u16::try_from(payload.len()).expect("they are short");
        [length.to_le_bytes().to_vec(), payload].concat()
    });
    let framed = framed.collect();
    vec![
        ("tokens", events[0].encode()),
        ("commitment", events[1].encode()),
        ("end", events[5].encode()),
        ("stream", framed),
    ]
}

fn open_request(request: Digest) -> Vec<u8> {
    OpenRequest { request, positions: vec![0, 3] }.encode().expect("two rows")
}

fn receipts() -> Seeds {
    let (_, asked) = requests().swap_remove(0);
    let request = sealed(&asked, 1);
    let digest = envelope::digest(&request, protos::GENERATE).expect("just made");
    let mut signer = ReceiptSigner::new(miner(), digest);
    let events: Vec<_> = stream().iter().map(|event| signer.event(event)).collect();
    let opened =
        envelope::seal(&validator(), &binding(), OPEN, open_request(digest), 1_800_000_005_000, 10_000, [2; 16]);
    let rows = envelope::digest(&opened, OPEN).expect("just made");
    let response = receipt::sign_response(&miner(), &rows, opening::honest());
    let plain = Transcript { request, events, opening: None };
    let opening = Some(SignedOpening { request: opened, response });
    vec![
        ("receipt", plain.encode()),
        ("receipt_with_rows", Transcript { opening, ..plain }.encode()),
        ("calibration", include_bytes!("../../../models/tiny/calibration.json").to_vec()),
    ]
}

fn score_logs() -> Seeds {
    let records = sample::records();
    let names = ["header", "round", "scored", "timeout", "scored_again", "weights", "landed", "seal", "anchored"];
    let mut seeds: Seeds = names.into_iter().zip(records.iter().map(|record| record.encode())).collect();
    let mut log = ScoreLog::new();
    let lines: Vec<Vec<u8>> = records.iter().map(|record| log.append(record).to_line(record)).collect();
    seeds.push(("line", lines[2].trim_ascii_end().to_vec()));
    seeds.push(("lines", lines.concat()));
    seeds.push(("log", sample::text()));
    seeds
}

fn configs() -> Seeds {
    macro_rules! files {
        ($($name:literal: $path:literal,)*) => {
            vec![$(($name, include_bytes!(concat!("../../../configs/", $path)).to_vec()),)*]
        };
    }
    let mut seeds = files! {
        "honest_majority": "scenarios/honest-majority.toml",
        "sybil": "scenarios/sybil.toml",
        "weight_copying": "scenarios/weight-copying.toml",
    };
    // Rules stand below a heading in their files; here they stand alone.
    let rules = [
        ("default", include_str!("../../../configs/incentive/default.toml")),
        ("king_of_the_hill", include_str!("../../../configs/incentive/king-of-the-hill.toml")),
        ("open_models", include_str!("../../../configs/incentive/open-models.toml")),
    ];
    for (name, text) in rules {
        let file: toml::Table = text.parse().expect("TOML");
        seeds.push((name, toml::to_string(&file["incentive"]).expect("TOML").into_bytes()));
    }
    let small = "miners = [{ name = \"m\", count = 3 }, { name = \"s\", count = 1, strategy = { kind = \"sybil\", uids = 2, \
                 capacity_uids = 1.0 } }]\nvalidators = [{ name = \"v\", count = 2 }]\nrun = { epochs = 3, runs = 1 }\nsubnet = { max_allowed_uids = 8 }\n";
    seeds.push(("small", small.into()));
    seeds
}

fn wallets() -> Seeds {
    let file = include_str!("../../../primitives/tests/fixtures/keyfile.json");
    let file: serde_json::Value = serde_json::from_str(file).expect("JSON");
    let plain = &file["plaintext_json"];
    let field = |name: &str| plain[name].as_str().expect("text").as_bytes().to_vec();
    let official = include_str!("../../../primitives/tests/fixtures/bittensor-wallet.json");
    let official: serde_json::Value = serde_json::from_str(official).expect("JSON");
    let public = serde_json::json!({ "accountId": plain["accountId"], "ss58Address": plain["ss58Address"] });
    let private = serde_json::json!({ "privateKey": plain["privateKey"] });
    vec![
        ("keyfile", plain.to_string().into_bytes()),
        ("official", official["keyfiles"][4].to_string().into_bytes()),
        ("public", public.to_string().into_bytes()),
        ("private", private.to_string().into_bytes()),
        ("phrase", field("secretPhrase")),
        ("seed", field("secretSeed")),
        ("address", field("ss58Address")),
        ("uri", b"//Alice/soft///password".to_vec()),
        ("signature", Keypair::sign(&miner(), b"message").to_string().into_bytes()),
    ]
}

#[cfg(feature = "programs")]
fn frames() -> Seeds {
    // Timestamp.Now
    let now = r#""0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb""#;
    let frame = |method: &str, parameters: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":[{parameters}]}}"#).into_bytes()
    };
    let extrinsic = format!(r#""0x{}""#, hex::encode(extrinsic::inherent()));
    vec![
        ("header", frame("chain_getHeader", "")),
        ("block_hash", frame("chain_getBlockHash", "[0]")),
        ("block", frame("chain_getBlock", "")),
        ("storage", frame("state_getStorage", now)),
        ("storage_at", frame("state_queryStorageAt", &format!("[{now}]"))),
        ("keys", frame("state_getKeysPaged", r#""0x",16"#)),
        ("call", frame("state_call", r#""Core_version","0x""#)),
        ("version", frame("state_getRuntimeVersion", "")),
        ("submit", frame("author_submitExtrinsic", &extrinsic)),
        ("fee", frame("payment_queryInfo", &extrinsic)),
        ("nonce", frame("system_accountNextIndex", r#""5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY""#)),
        ("health", frame("system_health", "")),
        ("methods", frame("rpc_methods", "")),
    ]
}

#[cfg(feature = "programs")]
fn settings() -> Seeds {
    let files = [
        ("miner", include_str!("../../../configs/miner.toml")),
        ("validator", include_str!("../../../configs/validator.toml")),
    ];
    let table = |(name, text): (&'static str, &str)| {
        let mut file: toml::Table = text.parse().expect("TOML");
        let Some(toml::Value::Table(mut table)) = file.remove(name) else { panic!("no table {name}") };
        table.insert("netuid".into(), 1.into());
        (name, toml::to_string(&table).expect("TOML").into_bytes())
    };
    files.map(table).into()
}
