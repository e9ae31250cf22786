//! Fetching against a small web server: continuing, refusing, unpacking, and two runs at once.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use xtask::{Cache, Package, fetch_py};

const FILE: &str = "thing-1.0-py3-none-any.whl";

/// What the server does with `Range`.
#[derive(Clone, Copy, PartialEq)]
enum Ranges {
    Honoured,
    Ignored,
    /// The first reply ends after 1000 bytes.
    CutOnce,
}

/// Serves `body` on a port of its own; the log holds each request's range.
fn serve(body: Vec<u8>, ranges: Ranges) -> (String, Arc<Mutex<Vec<Option<usize>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/{FILE}", listener.local_addr().unwrap());
    let log = Arc::new(Mutex::new(Vec::new()));
    let seen = log.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { break };
            let _ = answer(stream, &body, ranges, &seen);
        }
    });
    (url, log)
}

fn answer(stream: TcpStream, body: &[u8], ranges: Ranges, log: &Mutex<Vec<Option<usize>>>) -> std::io::Result<()> {
    let mut from = None;
    for line in BufReader::new(stream.try_clone()?).lines() {
        let line = line?.to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse::<usize>().ok();
        }
    }
    let first = {
        let mut log = log.lock().unwrap();
        log.push(from);
        log.len() == 1
    };
    let from = from.filter(|_| ranges != Ranges::Ignored);
    let mut stream = stream;
    match from {
        Some(from) if from >= body.len() => write!(stream, "HTTP/1.0 416 Range Not Satisfiable\r\n\r\n"),
        _ => {
            let rest = &body[from.unwrap_or(0)..];
            let status = if from.is_some() { "206 Partial Content" } else { "200 OK" };
            write!(stream, "HTTP/1.0 {status}\r\nContent-Length: {}\r\n\r\n", rest.len())?;
            let sent = if first && ranges == Ranges::CutOnce { &rest[..1000] } else { rest };
            stream.write_all(sent)
        }
    }
}

/// A wheel with the files that are named, made by Python's own zip, and its checksum.
fn wheel(files: &[(&str, &str)]) -> (Vec<u8>, String) {
    const MAKE: &str = "
import hashlib, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    for name, text in zip(sys.argv[2::2], sys.argv[3::2]): z.writestr(name, text * 500)
print(hashlib.sha256(open(sys.argv[1], 'rb').read()).hexdigest())";
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a.whl");
    let words = files.iter().flat_map(|(name, text)| [*name, *text]);
    let output = Command::new("python3").arg("-c").arg(MAKE).arg(&path).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (fs::read(path).unwrap(), String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

fn download(folder: &Path, sha256: &str, url: &str) -> Result<(), String> {
    let wheel = format!("thing==1.0 {sha256} {FILE} {url}");
    fetch_py(&["download".into(), folder.display().to_string(), "0".into(), wheel]).map_err(|error| error.to_string())
}

fn a_wheel() -> (Vec<u8>, String) {
    wheel(&[("thing/a.txt", "alpha"), ("thing/deep/b.txt", "beta"), ("thing/c.txt", "gamma")])
}

#[test]
fn a_partial_file_is_continued() {
    let (body, sha256) = a_wheel();
    let (url, log) = serve(body.clone(), Ranges::Honoured);
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(format!("{FILE}.part")), &body[..700]).unwrap();
    download(folder.path(), &sha256, &url).unwrap();
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), body);
    assert_eq!(*log.lock().unwrap(), [Some(700)]);
    assert!(!folder.path().join(format!("{FILE}.part")).exists());

    download(folder.path(), &sha256, &url).unwrap();
    assert_eq!(log.lock().unwrap().len(), 1, "what is there is not fetched again");
}

#[test]
fn a_partial_file_that_is_whole_already_is_taken() {
    let (body, sha256) = a_wheel();
    let (url, _log) = serve(body.clone(), Ranges::Honoured);
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(format!("{FILE}.part")), &body).unwrap();
    download(folder.path(), &sha256, &url).unwrap();
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), body);
}

#[test]
fn a_connection_that_breaks_is_taken_up_where_it_ended() {
    let (body, sha256) = a_wheel();
    let (url, log) = serve(body.clone(), Ranges::CutOnce);
    let folder = TempDir::new().unwrap();
    download(folder.path(), &sha256, &url).unwrap();
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), body);
    assert_eq!(*log.lock().unwrap(), [None, Some(1000)]);
}

#[test]
fn a_server_without_ranges_is_read_from_the_start() {
    let (body, sha256) = a_wheel();
    let (url, _log) = serve(body.clone(), Ranges::Ignored);
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(format!("{FILE}.part")), b"something else").unwrap();
    download(folder.path(), &sha256, &url).unwrap();
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), body);
}

#[test]
fn a_wrong_checksum_is_one_line_and_leaves_nothing() {
    let (body, sha256) = a_wheel();
    let (url, _log) = serve(body, Ranges::Honoured);
    let folder = TempDir::new().unwrap();
    let pinned = "0".repeat(64);
    let line = download(folder.path(), &pinned, &url).unwrap_err();
    assert!(line.contains(&format!("sha256 {sha256} found, {pinned} wanted")), "{line}");
    assert_eq!(line.lines().count(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn no_server_and_no_room_are_said_in_one_line() {
    let folder = TempDir::new().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let line = download(folder.path(), &"0".repeat(64), &format!("http://{closed}/{FILE}")).unwrap_err();
    assert!(line.contains(FILE) && line.lines().count() == 1, "{line}");

    let much = u64::MAX / 2;
    let wheel = format!("thing==1.0 {} {FILE} http://{closed}/", "0".repeat(64));
    let line =
        fetch_py(&["download".into(), folder.path().display().to_string(), much.to_string(), wheel]).unwrap_err();
    assert!(line.to_string().contains("make room"), "{line}");
}

const PACKAGE: Package = Package {
    name: "thing-1.0",
    stamp: ".ok-1",
    wheels: &[],
    rules: &["thing/a.txt=a.txt", "thing/deep/=under/"],
    bytes_during: 0,
};

#[test]
fn unpacking_keeps_what_is_asked_for_and_stamps_last() {
    let (body, _) = a_wheel();
    let root = TempDir::new().unwrap();
    let path = root.path().join(FILE);
    fs::write(&path, body).unwrap();
    let folder = root.path().join(PACKAGE.name);
    // What an interrupted run left behind is in nobody's way.
    fs::create_dir_all(root.path().join("thing-1.0.tmp/half")).unwrap();
    fs::create_dir_all(folder.join("stale")).unwrap();

    let refused =
        PACKAGE.unpack(&folder, std::slice::from_ref(&path), |_| Ok(()), |_| anyhow::bail!("not what was expected"));
    assert!(refused.is_err());
    assert!(folder.join("stale").is_dir() && !PACKAGE.is_complete(&folder, |_| Ok(())));

    PACKAGE
        .unpack(
            &folder,
            &[path],
            |fresh| Ok(fs::write(fresh.join("made"), "")?),
            |fresh| {
                assert!(fresh.join("made").exists() && !fresh.join(PACKAGE.stamp).exists());
                Ok(())
            },
        )
        .unwrap();
    assert!(PACKAGE.is_complete(&folder, |_| Ok(())));
    assert_eq!(fs::read_to_string(folder.join("a.txt")).unwrap().len(), 2500);
    assert!(folder.join("under/b.txt").exists() && !folder.join("c.txt").exists() && !folder.join("stale").exists());
    let mut left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, [PACKAGE.name, FILE]);
}

#[test]
fn a_wheel_without_the_wanted_file_or_with_a_path_outside_is_refused() {
    let root = TempDir::new().unwrap();
    let path = root.path().join(FILE);
    fs::write(&path, wheel(&[("thing/a.txt", "alpha")]).0).unwrap();
    let line = PACKAGE.unpack(&root.path().join("x"), std::slice::from_ref(&path), |_| Ok(()), |_| Ok(())).unwrap_err();
    assert!(line.to_string().contains("thing/deep/"), "{line}");
    fs::write(&path, wheel(&[("thing/a.txt", "alpha"), ("thing/deep/../../../evil", "x")]).0).unwrap();
    let line = PACKAGE.unpack(&root.path().join("x"), &[path], |_| Ok(()), |_| Ok(())).unwrap_err();
    assert!(line.to_string().contains("leaves the folder"), "{line}");
}

#[test]
fn a_second_run_waits_for_the_first() {
    let root = TempDir::new().unwrap();
    let cache = Cache::at(root.path());
    let first = cache.lock("thing").unwrap();
    let (sender, receiver) = mpsc::channel();
    let second = thread::spawn(move || {
        let lock = cache.lock("thing").unwrap();
        sender.send(()).unwrap();
        drop(lock);
    });
    assert!(receiver.recv_timeout(Duration::from_millis(100)).is_err(), "the lock is held");
    drop(first);
    receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    second.join().unwrap();
}
