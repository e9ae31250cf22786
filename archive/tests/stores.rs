//! Places for archives: what their URLs say, and the way to S3 and Google Cloud Storage and back, with a server that
//! speaks as much of their protocols as it takes.

mod scene;

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use assay_archive::{Archive, ArchiveError, DestinationError, blocking};
use scene::{SMALL, good, log};

const SECRET: &str = "wJalrXUtnFEMI";

/// What is in the buckets, by path, with a number that grows with each change.
type Objects = Arc<Mutex<BTreeMap<String, (u64, Vec<u8>)>>>;

struct Request {
    method: String,
    path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
}

/// Serves buckets until the test ends; says where.
fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, answer) = (stream.unwrap(), answer.clone());
            // A client may hang up when it has what it wants.
            thread::spawn(move || drop(converse(stream, &*answer)));
        }
    });
    address
}

fn converse(mut stream: TcpStream, answer: &dyn Fn(&Request) -> Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (decoded(path), decoded(query));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let Answer { status, headers, body } = answer(&Request { method, path, query, headers, body });
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
    stream.write_all(&[head.as_bytes(), &body].concat())
}

/// As much of the encoding of URLs as names of archives need.
fn decoded(text: &str) -> String {
    text.replace("%2F", "/").replace("%2D", "-").replace("%2E", ".")
}

fn bucket(objects: &Objects, request: &Request) -> Answer {
    let mut objects = objects.lock().unwrap();
    let tags = |generation: u64| {
        format!(
            "ETag: \"{generation}\"\r\nx-goog-generation: {generation}\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
        )
    };
    let nothing = |status| Answer { status, headers: String::new(), body: Vec::new() };
    match request.method.as_str() {
        "GET" if request.query.contains("list-type=2") => {
            let prefix = request.query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default();
            let mut body = "<ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
            for (path, (_, bytes)) in objects.iter() {
                let key = path.splitn(3, '/').nth(2).unwrap();
                if key.starts_with(prefix) {
                    let size = bytes.len();
                    body += &format!(
                        "<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                    );
                }
            }
            Answer { status: "200 OK", headers: String::new(), body: (body + "</ListBucketResult>").into_bytes() }
        }
        "GET" => match (objects.get(&request.path), request.headers.get("range")) {
            (None, _) => nothing("404 Not Found"),
            (Some((generation, bytes)), None) => {
                Answer { status: "200 OK", headers: tags(*generation), body: bytes.clone() }
            }
            (Some((generation, bytes)), Some(range)) => {
                let (from, to) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
                let from: usize = from.parse().unwrap();
                let end = bytes.len().min(to.parse::<usize>().unwrap() + 1);
                let range = format!("Content-Range: bytes {from}-{}/{}\r\n", end - 1, bytes.len());
                let body = bytes[from..end].to_vec();
                Answer { status: "206 Partial Content", headers: tags(*generation) + &range, body }
            }
        },
        "PUT" => {
            let now = objects.get(&request.path).map_or(0, |(generation, _)| *generation);
            let held = |name: &str, wanted: &str| request.headers.get(name).is_none_or(|value| value == wanted);
            let free = now == 0 || !request.headers.contains_key("if-none-match");
            let generation = now.to_string();
            if !free || !held("if-match", &format!("\"{now}\"")) || !held("x-goog-if-generation-match", &generation) {
                return nothing("412 Precondition Failed");
            }
            let next = now + 1;
            objects.insert(request.path.clone(), (next, request.body.clone()));
            Answer { status: "200 OK", headers: tags(next), body: Vec::new() }
        }
        _ => nothing("405 Method Not Allowed"),
    }
}

fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn s3(address: &str) -> Vec<(String, String)> {
    settings(&[
        ("AWS_ENDPOINT", address),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_REGION", "eu-central-1"),
        ("PATH", "not ours"),
    ])
}

fn gs(address: &str) -> Vec<(String, String)> {
    // A token of our own: without one, a store looks for credentials in the user's files and asks the machine's cloud.
    settings(&[("GOOGLE_BASE_URL", address), ("GOOGLE_ALLOW_HTTP", "true"), ("GOOGLE_BEARER_TOKEN", SECRET)])
}

/// An error with all that it says.
fn all_of(error: &dyn Error) -> String {
    let mut text = format!("{error}: {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

#[test]
fn object_stores_keep_archives() {
    let objects = Objects::default();
    let signed = objects.clone();
    let address = serve(move |request| {
        let signature = request.headers.get("authorization").map_or("", String::as_str);
        let signed_for = match request.path.starts_with("/ours") {
            true => signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"),
            false => signature == format!("Bearer {SECRET}"),
        };
        match signed_for {
            true => bucket(&signed, request),
            false => Answer { status: "403 Forbidden", headers: String::new(), body: signature.into() },
        }
    });
    let records = log(45);
    for (place, settings) in [("s3://ours/logs/seven/", s3(&address)), ("gs://theirs/logs/seven", gs(&address))] {
        let archive = Archive::open_with(place, settings).unwrap().with_part_size(SMALL);
        let archive = blocking::Archive::of(archive).unwrap();
        assert!(matches!(archive.verify(), Err(ArchiveError::Nothing)));
        archive.export(good(&records[..30])).unwrap();
        assert_eq!(archive.export(good(&records)).unwrap().new_records, 15);
        let verified = archive.verify().unwrap();
        assert_eq!((verified.records, verified.parts, verified.strays.len()), (45, 3, 0));
        assert_eq!(archive.records(0).unwrap().collect::<Result<Vec<_>, _>>().unwrap(), records);

        let keys: Vec<String> = objects.lock().unwrap().keys().cloned().collect();
        let ours = |key: &&String| key.contains("/logs/seven/");
        assert_eq!(keys.iter().filter(ours).count(), 4 * if place.starts_with("s3") { 1 } else { 2 }, "{keys:?}");
    }

    // Of two exports at once the later one is told.
    for (place, settings) in [("s3://ours/race", s3(&address)), ("gs://theirs/race", gs(&address))] {
        let open = || blocking::Archive::of(Archive::open_with(place, settings.clone()).unwrap()).unwrap();
        for begun in [0, 10] {
            open().export(good(&records[..begun])).unwrap();
            let disturbed = good(&records).inspect(|sealed| {
                if sealed.as_ref().is_ok_and(|sealed| sealed.seq == 44) {
                    let records = &records[..40];
                    let other = &open;
                    thread::scope(|scope| scope.spawn(move || other().export(good(records)).unwrap()).join().unwrap());
                }
            });
            assert!(matches!(open().export(disturbed), Err(ArchiveError::Raced)));
            assert_eq!(open().verify().unwrap().records, 40);
            objects.lock().unwrap().retain(|path, _| !path.contains("/race"));
        }
    }
}

#[test]
fn a_failing_store_is_told_soon_and_without_secrets() {
    let address = serve(|_| Answer { status: "503 Slow Down", headers: String::new(), body: b"busy".to_vec() });
    for (place, settings) in [("s3://ours/logs", s3(&address)), ("gs://theirs/logs", gs(&address))] {
        let begun = Instant::now();
        let archive = blocking::Archive::of(Archive::open_with(place, settings).unwrap()).unwrap();
        let error = archive.export(good(&log(1))).unwrap_err();
        assert!(matches!(error, ArchiveError::Store { done: "read", .. }), "{error:?}");
        assert!(!all_of(&error).contains(SECRET));
        assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    }
}

#[test]
fn without_credentials_the_error_says_so() {
    // Nobody listens at the first any more, and nobody answers at the second.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [closed, silent.local_addr().unwrap()] {
        let endpoint = format!("http://{address}");
        let settings = settings(&[("AWS_METADATA_ENDPOINT", &endpoint), ("AWS_REGION", "eu-central-1")]);
        let begun = Instant::now();
        let archive = blocking::Archive::of(Archive::open_with("s3://ours/logs", settings).unwrap()).unwrap();
        let error = archive.verify().unwrap_err();
        assert!(matches!(error, ArchiveError::NoCredentials(_)), "{error:?}");
        assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"));
        assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    }
}

#[test]
fn places_that_are_none_are_refused() {
    let open = |place: &str| Archive::open_with(place, settings(&[])).map(drop);
    for place in ["", "s3://", "gs://", "s3:///logs", "file://host/logs", "s3://ours:80/logs", "://", "s3://a b/c"] {
        assert!(matches!(open(place), Err(DestinationError::Malformed)), "{place}: {:?}", open(place));
    }
    for place in ["https://example.org/logs", "az://ours/logs", "memory:///logs", "ftp://ours"] {
        assert!(matches!(open(place), Err(DestinationError::Scheme(_))), "{place}: {:?}", open(place));
    }
    for place in [
        format!("s3://AKIDEXAMPLE:{SECRET}@ours/logs"),
        format!("s3://{SECRET}@ours/logs"),
        format!("gs://theirs/logs?key={SECRET}"),
        format!("file:///logs#{SECRET}"),
    ] {
        let error = open(&place).unwrap_err();
        assert!(matches!(error, DestinationError::Credentials), "{error:?}");
        assert!(!all_of(&error).contains(SECRET));
    }
    let endpoint = format!("https://user:{SECRET}@127.0.0.1");
    for (place, name) in [("s3://ours/logs", "AWS_ENDPOINT"), ("gs://theirs/logs", "GOOGLE_BASE_URL")] {
        let error = Archive::open_with(place, settings(&[(name, &endpoint)])).map(drop).unwrap_err();
        assert!(matches!(error, DestinationError::Credentials), "{error:?}");
    }
    let spoilt = settings(&[("GOOGLE_SERVICE_ACCOUNT_KEY", SECRET)]);
    let error = Archive::open_with("gs://theirs/logs", spoilt).map(drop).unwrap_err();
    assert!(!all_of(&error).contains(SECRET), "{error:?}");
}
