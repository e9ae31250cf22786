//! The built program before a validator's dashboard, and before what is none.

extern crate dashboard as assay_dashboard;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::SocketAddr,
    os::fd::OwnedFd,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use primitives::NetUid;
use rustix::{
    fs::{Mode, OFlags},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

mod program;
#[path = "../../dashboard/examples/made_up/subnet.rs"]
mod subnet;

use program::Running;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
/// Onto the other page of a terminal, and back.
const ENTERED: &str = "\u{1b}[?1049h";
const LEFT: &str = "\u{1b}[?1049l";

#[tokio::test(flavor = "multi_thread")]
async fn one_plain_frame() {
    let server = dashboard::spawn(dashboard::Config::test(), subnet::board(40)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", server.addr());
    let text = program::prints(folder.path(), &["top", "--once", "--url", &url]);
    assert!(text.starts_with("Assay · subnet 1 · validator ") && text.contains("block 7,604"), "{text}");
    assert!(text.lines().count() >= 45 && !text.contains('\u{1b}'), "{text}");
    // The address is the validator's own, where none is named.
    let named = format!("ASSAY__VALIDATOR__DASHBOARD_LISTEN={}", server.addr());
    let (name, value) = named.split_once('=').unwrap();
    let output = program::command(folder.path()).args(["top", "--once"]).env(name, value).output().unwrap();
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("block 7,604"));
    // No terminal: one line, and where programs find the same.
    program::fails(folder.path(), &["top", "--url", &url], 2, &["/api/subnet.json", "--once"]);
    program::fails(folder.path(), &["top"], 2, &["--url", "validator.dashboard_listen"]);
    program::fails(folder.path(), &["top", "--url", "ftp://a"], 2, &["http://"]);
}

/// Answers every request with these bytes, and then goes on with these for as long as they are taken.
async fn answers(head: &'static str, body: &'static [u8], times: usize) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(head.as_bytes()).await;
                for _ in 0..times {
                    if stream.write_all(body).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_told_apart_and_cost_little() {
    let folder = tempfile::tempdir().unwrap();
    let once = |address: SocketAddr, holding: &[&str]| {
        program::fails(folder.path(), &["top", "--once", "--url", &address.to_string()], 1, holding);
    };
    const OK: &str = "HTTP/1.1 200 OK\r\n\r\n";
    once(answers(OK, b"<html>", 1).await, &["is no validator's dashboard"]);
    once(answers(OK, b"{\"version\":2}", 1).await, &["version is 2"]);
    once(answers(OK, b"{\"version\":1,\"neurons\":{}}", 1).await, &["is no validator's dashboard"]);
    once(answers("HTTP/1.1 404 Not Found\r\n\r\n", b"", 0).await, &["404"]);
    once(answers("nonsense", b"", 0).await, &["no dashboard answers"]);
    static MUCH: [u8; 1 << 16] = [b'['; 1 << 16];
    // A gigabyte, of which 32 MiB are taken.
    once(answers(OK, &MUCH, 1 << 14).await, &["32 MiB"]);
    let gone = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    once(gone, &["no dashboard answers"]);
}

/// The program on a terminal of so many columns and lines.
struct Terminal {
    running: Running,
    keys: File,
    said: Arc<Mutex<String>>,
}

impl Terminal {
    fn of(folder: &Path, arguments: &[&str]) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&theirs, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let side = |fd: &OwnedFd| Stdio::from(fd.try_clone().unwrap());
        let mut command = program::command(folder);
        command.args(arguments).stdin(side(&theirs)).stdout(side(&theirs)).stderr(side(&theirs));
        let running = Running(command.spawn().unwrap());
        drop((command, theirs));
        let keys = File::from(ours);
        let said = Arc::new(Mutex::new(String::new()));
        let (mut screen, heard) = (keys.try_clone().unwrap(), said.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It fails where nobody holds the other side any more.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                heard.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { running, keys, said }
    }

    /// Wait until it has drawn this, after what was drawn at an earlier time.
    fn shows(&self, after: usize, words: &str) -> usize {
        let began = Instant::now();
        loop {
            let said = self.said.lock().unwrap();
            if said[after..].contains(words) {
                return said.len();
            }
            assert!(began.elapsed() < LONG, "{words:?} is not in {:?}", &said[after..]);
            drop(said);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Wait for its end, and see that it gave the terminal back.
    fn ends_well(mut self) {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.running.0.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < LONG, "it goes on");
            std::thread::sleep(Duration::from_millis(10));
        };
        self.shows(0, LEFT);
        assert_eq!(status.code(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_lives_and_gives_the_terminal_back() {
    let board = subnet::board(40);
    // An address of its own: another test can't be given the port while the server is away.
    let own = dashboard::Config { listen: ([127, 0, 0, 8], 0).into(), ..dashboard::Config::test() };
    let server = dashboard::spawn(own, board.clone()).await.unwrap();
    let address = server.addr();
    let folder = tempfile::tempdir().unwrap();
    let url = address.to_string();
    let mut terminal = Terminal::of(folder.path(), &["top", "--url", &url]);
    terminal.shows(0, ENTERED);
    let mut seen = terminal.shows(0, "7,604");
    // What changes is drawn: letters that stay are not said again.
    board.update(|subnet| subnet.live.head.as_mut().unwrap().number = 9_876_543);
    seen = terminal.shows(seen, "876");
    // The validator goes, and comes back at the same address.
    server.shutdown().await;
    seen = terminal.shows(seen, "again");
    board.update(|subnet| Arc::make_mut(&mut subnet.subject).netuid = NetUid(4_321));
    let _server =
        dashboard::spawn(dashboard::Config { listen: address, ..dashboard::Config::test() }, board).await.unwrap();
    seen = terminal.shows(seen, "4321");
    terminal.press("s");
    terminal.shows(seen, "weigh");
    terminal.press("q");
    terminal.ends_well();

    // Ctrl-C as a key, and SIGTERM.
    let mut terminal = Terminal::of(folder.path(), &["top", "--url", &url]);
    terminal.shows(0, "subnet 4321");
    terminal.press("\u{3}");
    terminal.ends_well();
    let terminal = Terminal::of(folder.path(), &["top", "--url", &url]);
    terminal.shows(0, "subnet 4321");
    terminal.running.signal("-TERM");
    terminal.ends_well();
}
