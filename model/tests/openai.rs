//! The client of OpenAI-compatible servers against one that is scripted, byte by byte: what it is asked, what becomes of
//! its answers, and that each of its faults ends one request, with its own error.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use assay_model::{Backend, Chunk, GenerateJob, ModelError, OpenAi, OpenAiConfig, OpenAiError, Tokenizer};
use futures::StreamExt;
use primitives::{ChatMessage, Digest, FinishReason, GenerateRequest, Prompt, Sampling};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the server does with a connection on which a request was read.
#[derive(Clone, Debug)]
enum Act {
    /// Send these pieces one by one, and close.
    Say(Vec<Vec<u8>>),
    /// Send this, then nothing more until the client leaves.
    Hang(Vec<u8>),
}

/// A server whose completions are scripted. What it was asked comes out of `asked`.
struct Server {
    addr: SocketAddr,
    script: Arc<Mutex<Script>>,
    asked: mpsc::UnboundedReceiver<Asked>,
    /// One for each hanging connection that the client has left.
    left: mpsc::UnboundedReceiver<()>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Script {
    health: Option<u16>,
    models: Option<Vec<u8>>,
    acts: VecDeque<Act>,
}

#[derive(Debug)]
struct Asked {
    path: String,
    authorization: Option<String>,
    body: Value,
}

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A stream of events, given as JSON.
fn stream(events: &[Value]) -> Vec<u8> {
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    format!("{STREAM}{events}data: [DONE]\n\n").into_bytes()
}

fn token(id: u32, text: &str) -> Value {
    let entry = json!({ "id": id, "token": text, "logprob": -0.5 });
    json!({ "choices": [{ "text": text, "logprobs": { "content": [entry] }, "finish_reason": null }] })
}

fn end(reason: &str) -> Value {
    json!({ "choices": [{ "text": "", "finish_reason": reason }], "usage": { "prompt_tokens": 3 } })
}

impl Server {
    async fn start() -> Self {
        Self::at(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn at(listener: TcpListener) -> Self {
        let addr = listener.local_addr().unwrap();
        let script = Arc::<Mutex<Script>>::default();
        let ((asks, asked), (leaves, left)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let mut tasks = JoinSet::new();
        let shared = script.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(serve(socket, shared.clone(), asks.clone(), leaves.clone()));
            }
        });
        Self { addr, script, asked, left, _tasks: tasks }
    }

    fn config(&self) -> OpenAiConfig {
        OpenAiConfig {
            url: format!("http://{}", self.addr),
            model: "m".into(),
            silence_seconds: 1,
            poll_seconds: 1,
            ..OpenAiConfig::default()
        }
    }

    async fn client(&self) -> OpenAi {
        OpenAi::connect(self.config()).await.unwrap()
    }

    fn next(&self, act: Act) {
        self.script.lock().unwrap().acts.push_back(act);
    }

    fn says(&self, bytes: Vec<u8>) {
        self.next(Act::Say(vec![bytes]));
    }

    async fn asked(&mut self) -> Asked {
        within(self.asked.recv()).await.unwrap()
    }
}

async fn serve(
    socket: TcpStream,
    script: Arc<Mutex<Script>>,
    asks: mpsc::UnboundedSender<Asked>,
    leaves: mpsc::UnboundedSender<()>,
) {
    let mut socket = BufReader::new(socket);
    let (mut path, mut length, mut authorization) = (String::new(), 0, None);
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end();
        if let Some((name, value)) = line.split_once(": ") {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "authorization" => authorization = Some(value.to_owned()),
                _ => {}
            }
        } else if line.is_empty() {
            break;
        } else {
            path = line.split(' ').nth(1).unwrap().to_owned();
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.unwrap();
    let act = {
        let mut script = script.lock().unwrap();
        match path.as_str() {
            "/health" => {
                let status = script.health.unwrap_or(200);
                Act::Say(vec![http(&format!("{status} X"), "", b"{}")])
            }
            "/v1/models" => {
                let list = json!({ "data": [{ "id": "other" }, { "id": "m", "max_model_len": 512 }] });
                let list = script.models.clone().unwrap_or_else(|| http("200 OK", "", list.to_string().as_bytes()));
                Act::Say(vec![list])
            }
            _ => script.acts.pop_front().expect("a scripted act"),
        }
    };
    if path.ends_with("completions") {
        let body = serde_json::from_slice(&body).unwrap();
        let _ = asks.send(Asked { path, authorization, body });
    }
    match act {
        Act::Say(pieces) => {
            for piece in pieces {
                if socket.get_mut().write_all(&piece).await.is_err() || socket.get_mut().flush().await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            let _ = socket.get_mut().shutdown().await;
        }
        Act::Hang(bytes) => {
            let _ = socket.get_mut().write_all(&bytes).await;
            // Nothing more comes from the client but its end.
            let _ = socket.read_to_end(&mut Vec::new()).await;
            let _ = leaves.send(());
        }
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

fn job(prompt: Prompt, max_new_tokens: u32) -> GenerateJob {
    GenerateJob::new(GenerateRequest::new(prompt, max_new_tokens, Sampling::at(700)), Digest::of(b"seed"))
}

fn text(max_new_tokens: u32) -> GenerateJob {
    job(Prompt::Text("once".into()), max_new_tokens)
}

async fn answer(client: &OpenAi, job: GenerateJob) -> Result<primitives::Generation, ModelError> {
    within(async { client.generate(job).await?.collect().await }).await
}

fn good() -> Vec<u8> {
    stream(&[token(7, " upon"), token(8, " a"), end("length")])
}

#[tokio::test]
async fn an_answer_comes_whole_wherever_its_bytes_are_cut() {
    let mut server = Server::start().await;
    let client = server.client().await;
    assert_eq!((client.manifest().name.as_str(), client.manifest().max_context), ("m", 512));
    let whole = stream(&[token(7, " upön"), token(8, " 🦀"), end("stop")]);
    for size in [1, 7, 64, whole.len()] {
        server.next(Act::Say(whole.chunks(size).map(<[u8]>::to_vec).collect()));
        let mut asked = text(8);
        asked.request.logprobs = true;
        let mut chunks = within(client.generate(asked)).await.unwrap();
        let (mut answer, mut finish) = (Vec::new(), None);
        while let Some(chunk) = within(chunks.next()).await {
            match chunk.unwrap() {
                Chunk::Tokens { ids, text, logprobs } => answer.push((ids, text, logprobs)),
                Chunk::Commitment(_) => panic!("it doesn't see hidden rows"),
                Chunk::Finished { reason, rows } => {
                    assert_eq!(rows, None);
                    finish = Some(reason);
                }
            }
        }
        let expected = [(vec![7], " upön".to_owned(), vec![-0.5]), (vec![8], " 🦀".to_owned(), vec![-0.5])];
        assert_eq!((answer.as_slice(), finish), (&expected[..], Some(FinishReason::Stop)), "cut every {size} bytes");
        assert_eq!(chunks.prompt_tokens(), Some(3));
        let Asked { path, body, .. } = server.asked().await;
        assert_eq!((path.as_str(), &body["prompt"], &body["model"]), ("/v1/completions", &json!("once"), &json!("m")));
    }
}

#[tokio::test]
async fn a_conversation_goes_where_conversations_go() {
    let mut server = Server::start().await;
    let client = server.client().await;
    let delta = |text: &str| json!({ "choices": [{ "delta": { "content": text }, "token_ids": [4] }] });
    let done = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
    server.says(stream(&[json!({ "choices": [{ "delta": { "role": "assistant" } }] }), delta("hi"), done]));
    let message = ChatMessage { role: "user".into(), content: "hello".into() };
    let said = answer(&client, job(Prompt::Chat(vec![message]), 8)).await.unwrap();
    assert_eq!((said.tokens, said.text.as_str(), said.finish), (vec![4], "hi", FinishReason::Stop));
    let asked = server.asked().await;
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.body["messages"], json!([{ "role": "user", "content": "hello" }]));
    assert_eq!(asked.body["logprobs"], json!(true), "the way to ids that every server knows");
    // It says ids by themselves: from now on probabilities are asked for only where somebody wants them.
    server.says(good());
    answer(&client, text(8)).await.unwrap();
    assert_eq!(server.asked().await.body.get("logprobs"), None);
}

#[tokio::test]
async fn without_ids_the_text_is_counted_again() {
    let server = Server::start().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
    let tokenizer = Tokenizer::from_file(&folder.join("tokenizer.json")).unwrap();
    let config = OpenAiConfig { tokenizer: Some(folder), ..server.config() };
    let (plain, counting) = (server.client().await, OpenAi::connect(config).await.unwrap());
    assert_eq!((plain.manifest().vocab_size, counting.manifest().vocab_size), (0, 4_096));
    assert_ne!(plain.manifest().digest, counting.manifest().digest);
    let say = |text: &str| json!({ "choices": [{ "text": text }] });
    let words = ["The", " compiler", " checks", " that", " every", " reference", " is", " valid"];
    let events: Vec<Value> = words.iter().copied().map(say).chain([end("length")]).collect();

    server.says(stream(&events));
    let said = answer(&plain, text(8)).await.unwrap();
    assert_eq!((said.tokens, said.text.as_str()), (vec![], words.concat().as_str()));

    server.says(stream(&events));
    let said = answer(&counting, text(40)).await.unwrap();
    assert_eq!((said.tokens, said.text), (tokenizer.encode(&words.concat()).unwrap(), words.concat()));
    // Never more than were asked for, though a text may split into more.
    server.says(stream(&[say("unsplittableword"), end("length")]));
    let said = answer(&counting, text(1)).await.unwrap();
    assert_eq!((said.tokens.len(), said.text.as_str()), (1, "unsplittableword"));

    // Probabilities belong to ids.
    server.says(stream(&events));
    let mut asked = text(40);
    asked.request.logprobs = true;
    assert!(matches!(answer(&counting, asked).await, Err(ModelError::Unsupported { .. })));
}

/// Whether an error is the one that a fault makes.
type Expected = fn(&ModelError) -> bool;

#[tokio::test]
async fn every_fault_ends_one_request_with_its_own_error() {
    let server = Server::start().await;
    let client = server.client().await;
    let event = |data: &str| format!("{STREAM}data: {data}\n\n").into_bytes();
    let after_a_token = |rest: &str| format!("{STREAM}data: {}\n\n{rest}", token(7, " upon")).into_bytes();
    let many: Vec<Value> = (0..20).map(|id| token(id, "x")).collect();
    let mute: Vec<Value> = (0..20).map(|_| json!({ "choices": [{ "text": "x" }] })).collect();
    let cut = format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\ndata: {}\n\n", token(7, " upon")).into_bytes();
    let too_long = format!("data: {}\n\n", "x".repeat(2 << 20));
    let faults: Vec<(&str, Act, Expected)> = vec![
        (
            "400",
            Act::Say(vec![http("400 X", "", br#"{"error":{"message":"too long"}}"#)]),
            |error| matches!(error, ModelError::Refused { source } if source.to_string().ends_with("status 400: too long")),
        ),
        (
            "429 with a time",
            Act::Say(vec![http("429 X", "retry-after: 7\r\n", b"{}")]),
            |error| matches!(error, ModelError::Busy { retry_after } if *retry_after == Duration::from_secs(7)),
        ),
        ("429 without", Act::Say(vec![http("429 X", "retry-after: soon\r\n", b"")]), |error| {
            matches!(error, ModelError::Busy { .. })
        }),
        ("503", Act::Say(vec![http("503 X", "", b"loading")]), |error| matches!(error, ModelError::Unavailable { .. })),
        (
            "500",
            Act::Say(vec![http("500 X", "", &[b'x'; 100_000])]),
            |error| matches!(error, ModelError::OpenAi(OpenAiError::Status { status: 500, message, .. }) if message.is_empty()),
        ),
        (
            "404",
            Act::Say(vec![http("404 X", "", b"no such path")]),
            |error| matches!(error, ModelError::OpenAi(OpenAiError::Status { status: 404, message, .. }) if message == "no such path"),
        ),
        ("no HTTP", Act::Say(vec![b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::Broken { .. }))
        }),
        ("nothing at all", Act::Say(vec![]), |error| matches!(error, ModelError::OpenAi(OpenAiError::Broken { .. }))),
        ("garbage", Act::Say(vec![event("{\"choices\": [")]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::Json { .. }))
        }),
        ("garbage later", Act::Say(vec![after_a_token("data: \u{0}\n\n")]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::Json { .. }))
        }),
        (
            "a failure",
            Act::Say(vec![after_a_token("data: {\"error\":{\"message\":\"out of memory\"}}\n\n")]),
            |error| matches!(error, ModelError::OpenAi(OpenAiError::Failed { message }) if message == "out of memory"),
        ),
        ("an endless event", Act::Say(vec![after_a_token(&too_long)]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::TooLarge { .. }))
        }),
        ("an end too early", Act::Say(vec![after_a_token("")]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::Cut))
        }),
        ("the mark too early", Act::Say(vec![after_a_token("data: [DONE]\n\n")]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::Cut))
        }),
        ("a broken connection", Act::Say(vec![cut]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::Broken { .. }))
        }),
        ("silence", Act::Hang(after_a_token("")), |error| matches!(error, ModelError::OpenAi(OpenAiError::Silent(_)))),
        ("silence at once", Act::Hang(Vec::new()), |error| matches!(error, ModelError::OpenAi(OpenAiError::Silent(_)))),
        ("too many tokens", Act::Say(vec![stream(&many)]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::TooLong(8)))
        }),
        ("too many events", Act::Say(vec![stream(&mute)]), |error| {
            matches!(error, ModelError::OpenAi(OpenAiError::TooLong(8)))
        }),
        (
            "an unknown end",
            Act::Say(vec![stream(&[token(7, "x"), end("content_filter")])]),
            |error| matches!(error, ModelError::OpenAi(OpenAiError::Finish(reason)) if reason == "content_filter"),
        ),
    ];
    for (name, act, expected) in faults {
        server.next(act);
        let error = answer(&client, text(8)).await.expect_err(name);
        assert!(expected(&error), "{name}: {error:?}");
        server.says(good());
        assert_eq!(answer(&client, text(8)).await.expect(name).tokens, [7, 8], "after {name}");
    }
    // Fewer probabilities than tokens.
    let odd = json!({ "choices": [{ "text": "x", "token_ids": [1, 2], "logprobs": { "token_logprobs": [-1.0] } }] });
    server.says(stream(&[odd]));
    let mut asked = text(8);
    asked.request.logprobs = true;
    let error = answer(&client, asked).await.unwrap_err();
    assert!(matches!(error, ModelError::OpenAi(OpenAiError::Nonsense("logprobs"))), "{error:?}");
}

#[tokio::test]
async fn a_reader_that_leaves_takes_the_connection_along() {
    let mut server = Server::start().await;
    let client = OpenAi::connect(OpenAiConfig { silence_seconds: 600, ..server.config() }).await.unwrap();
    server.next(Act::Hang(format!("{STREAM}data: {}\n\n", token(7, " upon")).into_bytes()));
    let mut chunks = within(client.generate(text(8))).await.unwrap();
    assert!(within(chunks.next()).await.unwrap().is_ok());
    drop(chunks);
    within(server.left.recv()).await.unwrap();
    // What nobody wants any more isn't asked.
    let late = GenerateJob { deadline: Some(Instant::now()), ..text(8) };
    assert!(matches!(answer(&client, late).await, Err(ModelError::Expired)));
}

#[tokio::test]
async fn the_key_is_shown_and_read_from_a_file() {
    let mut server = Server::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "sk-secret\n").unwrap();
    let config = OpenAiConfig { api_key_path: Some(file.clone()), ..server.config() };
    let client = OpenAi::connect(config.clone()).await.unwrap();
    assert!(!format!("{client:?}").contains("sk-secret"));
    server.says(good());
    answer(&client, text(8)).await.unwrap();
    assert_eq!(server.asked().await.authorization.as_deref(), Some("Bearer sk-secret"));

    for unfit in ["", "two words", "tön"] {
        std::fs::write(&file, unfit).unwrap();
        let error = OpenAi::connect(config.clone()).await.unwrap_err();
        assert!(matches!(error, ModelError::OpenAi(OpenAiError::Key { .. })), "{error:?}");
    }
    let nowhere = OpenAiConfig { api_key_path: Some(folder.path().join("none")), ..config };
    let error = OpenAi::connect(nowhere).await.unwrap_err();
    assert!(matches!(error, ModelError::OpenAi(OpenAiError::KeyFile { .. })), "{error:?}");
}

#[tokio::test]
async fn a_server_that_cannot_be_used_is_told_at_once() {
    let server = Server::start().await;
    let connect = |config: OpenAiConfig| async move { within(OpenAi::connect(config)).await.unwrap_err() };
    for url in ["https://127.0.0.1:1", "127.0.0.1:1", "ftp://x", "http://key@127.0.0.1:1", "http://a b"] {
        let error = connect(OpenAiConfig { url: url.into(), ..server.config() }).await;
        assert!(matches!(error, ModelError::OpenAi(OpenAiError::Url { .. })), "{url}: {error:?}");
    }
    let error = connect(OpenAiConfig { model: "n".into(), ..server.config() }).await;
    assert_eq!(error.to_string(), "the server has no model n, but other, m");
    let error = connect(OpenAiConfig { tokenizer: Some("no/such/folder".into()), ..server.config() }).await;
    assert!(matches!(error, ModelError::MissingFolder { .. }), "{error:?}");
    for (models, expected) in [
        (http("200 OK", "", b"<html>"), "the server says something else than JSON"),
        (http("200 OK", "", &vec![b' '; 2 << 20]), "the list of models has more than 1048576 bytes"),
        (http("401 X", "", br#"{"error":"no key"}"#), "the server answers with status 401: no key"),
    ] {
        server.script.lock().unwrap().models = Some(models);
        assert_eq!(connect(server.config()).await.to_string(), expected);
    }
    let config = server.config();
    drop(server);
    let error = connect(config).await;
    assert!(matches!(error, ModelError::OpenAi(OpenAiError::Unreachable { .. })), "{error:?}");
}

#[tokio::test]
async fn its_health_is_followed() {
    let server = Server::start().await;
    let client = server.client().await;
    let mut up = client.up().unwrap();
    let addr = server.addr;
    server.script.lock().unwrap().health = Some(503);
    within(up.wait_for(|up| !up)).await.unwrap();
    server.script.lock().unwrap().health = Some(200);
    within(up.wait_for(|up| *up)).await.unwrap();

    // Gone, and there again.
    drop(server);
    within(up.wait_for(|up| !up)).await.unwrap();
    let error = answer(&client, text(8)).await.unwrap_err();
    assert!(matches!(error, ModelError::Unavailable { .. }), "{error:?}");
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(addr).unwrap();
    let server = Server::at(socket.listen(64).unwrap());
    within(up.wait_for(|up| *up)).await.unwrap();

    // One that doesn't know the question is asked another.
    server.script.lock().unwrap().health = Some(404);
    server.script.lock().unwrap().models = Some(http("500 X", "", b""));
    within(up.wait_for(|up| !up)).await.unwrap();
    server.script.lock().unwrap().models = None;
    within(up.wait_for(|up| *up)).await.unwrap();

    // Nobody asks for ever.
    drop(client);
    assert!(within(up.wait_for(|up| !up)).await.is_err());
}
