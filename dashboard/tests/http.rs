//! The server over real sockets: what it serves, in which order, and what it puts up with.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use assay_dashboard::{Board, Config, Handle, spawn};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

#[path = "../examples/made_up/serving.rs"]
mod serving;
#[path = "../examples/made_up/subnet.rs"]
mod subnet;

/// Longer than anything here takes: a test that waits for it fails.
const LONG: Duration = Duration::from_secs(60);

async fn served(config: Config) -> (Handle, Board) {
    let board = subnet::board(16);
    (spawn(config, board.clone()).await.unwrap(), board)
}

/// Send bytes as they are. Where the server closes at once, the answer shows it.
async fn say(to: SocketAddr, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let _ = stream.write_all(words.as_bytes()).await;
    stream
}

/// All that comes back until the server closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    match timeout(LONG, stream.read_to_end(&mut text)).await.expect("the server closes") {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8_lossy(&text).into_owned(),
    }
}

/// The head and the body of an answer.
async fn ask(to: SocketAddr, method: &str, path: &str) -> (String, String) {
    let answer = rest(say(to, &format!("{method} {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer}"));
    (head.to_ascii_lowercase(), body.to_owned())
}

/// The events of a stream.
struct Events {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Events {
    async fn of(to: SocketAddr) -> Self {
        let stream = say(to, "GET /api/events HTTP/1.1\r\nhost: a\r\n\r\n").await;
        Self { stream, buffer: Vec::new() }
    }

    /// The next one: its name, its number and its data; none where the server closes.
    async fn next(&mut self) -> Option<(String, u64, Value)> {
        loop {
            // Chunks of the encoding are whole events here.
            let text = String::from_utf8_lossy(&self.buffer).into_owned();
            if let Some(at) = text.find("event: ")
                && let Some(length) = text[at..].find("\n\n")
            {
                let event = &text[at..at + length];
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
                let data = serde_json::from_str(&field("data: ")).unwrap();
                let found = (field("event: "), field("id: ").parse().unwrap(), data);
                self.buffer.drain(..at + length + 2);
                return Some(found);
            }
            if timeout(LONG, self.stream.read_buf(&mut self.buffer)).await.expect("an event").unwrap_or(0) == 0 {
                return None;
            }
        }
    }
}

#[tokio::test]
async fn the_page_and_the_document() {
    let (server, _) = served(Config::test()).await;
    let (head, body) = ask(server.addr(), "GET", "/").await;
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: text/html"), "{head}");
    for wanted in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "nosniff", "no-referrer"] {
        assert!(head.contains(wanted), "{head}");
    }
    // All that it names is there, and nothing is elsewhere.
    let names: Vec<&str> = body.split(['"']).filter(|word| word.starts_with("/")).collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        assert!(ask(server.addr(), "GET", name).await.0.starts_with("http/1.1 200"), "{name}");
    }
    let (head, body) = ask(server.addr(), "GET", "/api/subnet.json").await;
    assert!(head.contains("content-type: application/json"), "{head}");
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&document["version"], &document["subject"]["netuid"]), (&1.into(), &1.into()));
    assert_eq!(document["neurons"].as_array().unwrap().len(), 16);
    server.shutdown().await;
}

#[tokio::test]
async fn a_miner_has_a_page_of_its_own() {
    let board = serving::busy();
    let server = spawn(Config { beat: LONG, ..Config::test() }, board.clone()).await.unwrap();
    let (_, body) = ask(server.addr(), "GET", "/").await;
    assert!(body.contains("Self-reported") && body.contains("/page/miner.js"), "{body}");
    // What scripts import is there, too.
    let mut wanted: Vec<String> = body.split(['"']).filter(|word| word.starts_with("/")).map(str::to_owned).collect();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = wanted.pop() {
        let (head, body) = ask(server.addr(), "GET", &path).await;
        assert!(head.starts_with("http/1.1 200"), "{path}");
        if seen.insert(path.clone()) && path.ends_with(".js") {
            wanted.extend(body.split('"').filter_map(|word| Some(format!("/page/{}", word.strip_prefix("./")?))));
        }
    }
    assert!(seen.len() >= 9, "{seen:?}");
    let (_, body) = ask(server.addr(), "GET", "/api/miner.json").await;
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&document["version"], &document["subject"]["self_reported"]), (&1.into(), &true.into()));
    assert!(ask(server.addr(), "GET", "/api/subnet.json").await.0.starts_with("http/1.1 404"));
    let mut events = Events::of(server.addr()).await;
    assert_eq!(events.next().await.unwrap().0, "miner");
    board.update(|serving| serving.load.waiting = 17);
    let (name, _, change) = events.next().await.unwrap();
    let mut parts: Vec<&str> = change.as_object().unwrap().keys().map(String::as_str).collect();
    parts.sort_unstable();
    assert_eq!((name.as_str(), parts, &change["load"]["waiting"]), ("changes", vec!["live", "load"], &17.into()));
}

/// No file of the page asks another server, and none puts what it is told in as markup.
#[test]
fn the_page_needs_nobody_and_trusts_nobody() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
    let mut lines = 0;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&file).unwrap();
        let own = text.replace("http://www.w3.org/2000/svg", "");
        for word in ["http:", "https:", "//cdn", "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("]
        {
            assert!(!own.contains(word), "{}: {word}", file.display());
        }
        if file.extension().is_some_and(|ending| ending == "js") {
            lines += text.lines().count();
        }
    }
    assert!((1..=900).contains(&lines), "{lines} lines of script, for two pages");
}

/// Every field of the document is in the manual.
#[test]
fn the_document_is_documented() {
    fn names(value: &Value, into: &mut std::collections::BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| names(item, into)),
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                into.insert(name.clone());
                names(value, into);
            }),
            _ => {}
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bodies = runtime.block_on(async {
        let (server, _) = served(Config::test()).await;
        let subnet = ask(server.addr(), "GET", "/api/subnet.json").await.1;
        let server = spawn(Config::test(), serving::busy()).await.unwrap();
        [subnet, ask(server.addr(), "GET", "/api/miner.json").await.1]
    });
    let mut fields = std::collections::BTreeSet::new();
    for body in bodies {
        names(&serde_json::from_str(&body).unwrap(), &mut fields);
    }
    assert!(fields.len() > 110, "{fields:?}");
    let manual = include_str!("../../docs/dashboard.md");
    for field in fields {
        assert!(manual.contains(&format!("`{field}`")), "docs/dashboard.md doesn't name {field}");
    }
}

#[tokio::test]
async fn only_what_is_there_and_only_to_read() {
    let (server, _) = served(Config::test()).await;
    for (path, status) in [("/nothing", 404), ("/page/../../Cargo.toml", 404), ("//", 404), ("/page/%2e%2e/x", 404)] {
        assert!(ask(server.addr(), "GET", path).await.0.starts_with(&format!("http/1.1 {status}")), "{path}");
    }
    for path in ["/", "/api/subnet.json", "/api/events", "/healthz"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let (head, _) = ask(server.addr(), method, path).await;
            assert!(head.starts_with("http/1.1 405") && head.contains("allow: get,head"), "{method} {path}: {head}");
        }
        let (head, body) = ask(server.addr(), "HEAD", path).await;
        assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{path}: {head}");
    }
    let answer = rest(say(server.addr(), "nonsense\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn events_begin_with_the_whole_and_go_on_with_changes() {
    let (server, board) = served(Config { beat: LONG, ..Config::test() }).await;
    let mut events = Events::of(server.addr()).await;
    let (name, first, document) = events.next().await.unwrap();
    assert_eq!((name.as_str(), document["version"].as_u64()), ("subnet", Some(1)));
    board.update(|subnet| subnet.live.epoch_index = Some(99));
    let (name, second, change) = events.next().await.unwrap();
    assert_eq!((name.as_str(), second > first), ("changes", true));
    assert_eq!(change["live"]["epoch_index"], 99);
    assert_eq!(change.as_object().unwrap().len(), 1, "only what changed");
    // A part that is replaced by itself is no change.
    board.update(|subnet| {
        subnet.rounds = Arc::new(subnet.rounds[1..].to_vec());
        subnet.neurons = Arc::new(subnet.neurons.to_vec());
    });
    let (_, third, change) = events.next().await.unwrap();
    let mut parts: Vec<&str> = change.as_object().unwrap().keys().map(String::as_str).collect();
    parts.sort_unstable();
    assert_eq!((third > second, parts), (true, vec!["live", "rounds"]));
    // Who comes later sees the same.
    let (_, _, document) = Events::of(server.addr()).await.next().await.unwrap();
    assert_eq!((&document["live"]["epoch_index"], &document["rounds"]), (&99.into(), &change["rounds"]));
    server.shutdown().await;
    assert!(events.next().await.is_none(), "nothing goes on behind a server that was stopped");
}

#[tokio::test]
async fn time_goes_on_where_nothing_changes() {
    let (server, _board) = served(Config { beat: Duration::from_millis(10), ..Config::test() }).await;
    let mut events = Events::of(server.addr()).await;
    let (_, _, document) = events.next().await.unwrap();
    let (_, _, change) = events.next().await.unwrap();
    let made = |part: &Value| part["live"]["made_unix_ms"].as_u64().unwrap();
    assert!(made(&change) > made(&document));
}

#[tokio::test]
async fn there_is_room_for_so_many() {
    let (server, _) = served(Config { streams: 1, connections: 3, ..Config::test() }).await;
    let mut first = Events::of(server.addr()).await;
    first.next().await.unwrap();
    let (head, _) = ask(server.addr(), "GET", "/api/events").await;
    assert!(head.starts_with("http/1.1 503") && head.contains("retry-after"), "{head}");
    // The page itself is still served, until no connection is left.
    let idle = [say(server.addr(), "GET").await, say(server.addr(), "GET").await];
    let mut none = TcpStream::connect(server.addr()).await.unwrap();
    let closed = timeout(LONG, none.read(&mut [0; 1])).await.expect("it is closed at once");
    assert!(matches!(closed, Ok(0) | Err(_)));
    drop((first, idle));
    // A stream that nobody reads any more gives its place back, with the connection.
    let began = Instant::now();
    while Events::of(server.addr()).await.next().await.is_none() {
        assert!(began.elapsed() < LONG, "no place came back");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_says_nothing_or_too_much_is_let_go() {
    let (server, _) = served(Config { read_patience: Duration::from_millis(200), ..Config::test() }).await;
    let began = Instant::now();
    rest(say(server.addr(), "GET / HTTP/1.1\r\nhost: a\r\nslow: ").await).await;
    assert!(began.elapsed() >= Duration::from_millis(200));
    rest(TcpStream::connect(server.addr()).await.unwrap()).await;
    let long = format!("GET / HTTP/1.1\r\nhost: a\r\nlong: {}\r\n\r\n", "x".repeat(64 << 10));
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    // It may be closed before it was said.
    let _ = stream.write_all(long.as_bytes()).await;
    let answer = rest(stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    let answer = rest(say(server.addr(), &many).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert!(ask(server.addr(), "GET", "/").await.0.starts_with("http/1.1 200"));
}

/// A reader that takes nothing: it is let go, whether or not the system's buffers are large.
#[tokio::test]
async fn a_slow_reader_is_let_go() {
    let patience = Duration::from_millis(200);
    let (server, board) = served(Config { write_patience: patience, streams: 1, ..Config::test() }).await;
    let _stalled = Events::of(server.addr()).await;
    let big = "x".repeat(8 << 20);
    let began = Instant::now();
    // Its place is free as soon as it is gone.
    let mut number = 0;
    loop {
        number += 1;
        board.update(|subnet| subnet.live.chain_url = Some(format!("{number} {big}")));
        if ask(server.addr(), "HEAD", "/healthz").await.0.starts_with("http/1.1 200")
            && !say_and_peek(server.addr()).await.starts_with("HTTP/1.1 503")
        {
            break;
        }
        assert!(began.elapsed() < LONG, "the reader keeps its place");
    }
}

/// The first bytes of the answer to a request for events.
async fn say_and_peek(to: SocketAddr) -> String {
    let mut stream = say(to, "GET /api/events HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let mut head = [0; 12];
    timeout(LONG, stream.read_exact(&mut head)).await.expect("an answer").unwrap();
    String::from_utf8_lossy(&head).into_owned()
}

#[tokio::test]
async fn health_fails_where_a_loop_stands_still() {
    let (server, board) = served(Config::test()).await;
    let health = async || {
        let (head, body) = ask(server.addr(), "GET", "/healthz").await;
        (head.split(' ').nth(1).unwrap().to_owned(), serde_json::from_str::<Value>(&body).unwrap())
    };
    let (status, body) = health().await;
    assert_eq!((status.as_str(), &body["healthy"]), ("200", &true.into()));
    let pulse = board.health().pulse("weights", Duration::from_secs(3_600));
    pulse.failing("weights can't be journalled");
    let (status, body) = health().await;
    assert_eq!((status.as_str(), &body["healthy"]), ("503", &false.into()));
    assert_eq!(body["loops"][1]["trouble"], "weights can't be journalled");
    pulse.done();
    assert_eq!(health().await.0, "200");
    board.health().pulse("chain", Duration::ZERO);
    let (status, body) = health().await;
    assert_eq!((status.as_str(), &body["loops"][2]["state"]), ("503", &"stale".into()));
}
