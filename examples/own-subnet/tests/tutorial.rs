//! The tutorial, run as it is written: `docs/tutorial.md`.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Nothing in it may take longer: it hangs then.
const PATIENCE: Duration = Duration::from_secs(120);

/// A fenced block: the words behind the fence, and what is in it.
struct Block {
    info: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(fence) = lines.find(|line| line.starts_with("```")) {
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(Block { info: fence[3..].to_owned(), text: text.join("\n") });
    }
    blocks
}

/// A reader's terminal: a folder with the repository's in it, and the program on its path.
struct Terminal {
    folder: tempfile::TempDir,
    port: u16,
    running: Vec<Child>,
}

impl Terminal {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["examples", "configs", "models"] {
            symlink(root().join(name), folder.path().join(name)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { folder, port, running: Vec::new() }
    }

    fn command(&self, text: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_own-subnet"));
        let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__") || name == "RUST_LOG") {
            command.env_remove(name);
        }
        let own = format!("127.0.0.1:{}", self.port);
        command.args(["-euo", "pipefail", "-c", text]).current_dir(self.folder.path()).env("PATH", path);
        command.env("ASSAY__LOCALNET__LISTEN", &own).env("ASSAY__CHAIN__URL", format!("ws://{own}"));
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, text: &str) -> String {
        let output = self.command(text).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}\n{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts what goes on, and waits until it says so.
    fn start(&mut self, text: &str, until: &str) {
        // One process, so that it can be ended.
        let mut command = self.command(&format!("exec {text} 2>&1"));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        self.running.push(child);
        let (said, heard) = mpsc::channel();
        // Reads on, or the program would stop at a full pipe.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(said.send(line))));
        let (mut log, start) = (String::new(), Instant::now());
        while !log.lines().last().is_some_and(|line| line.contains(until)) {
            let line = heard
                .recv_timeout(PATIENCE.saturating_sub(start.elapsed()))
                .unwrap_or_else(|error| panic!("{text}: {error}\n{log}"));
            log += &(line + "\n");
        }
        thread::spawn(move || heard.into_iter().for_each(drop));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        for child in &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Words with one blank between them.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_tutorial_does_what_it_says() {
    let page = fs::read_to_string(root().join("docs/tutorial.md")).unwrap();
    let source = fs::read_to_string(root().join("examples/own-subnet/src/lib.rs")).unwrap();
    let mut terminal = Terminal::open();
    let mut printed = String::new();
    let blocks = blocks(&page);
    assert!(blocks.len() > 12);
    for Block { info, text } in blocks {
        match info.split_once(" background until=").unwrap_or((&info, "")) {
            ("rust", _) => assert!(source.contains(&text), "not in the source: {text}"),
            ("sh", "") => printed = terminal.run(&text),
            ("sh", until) => terminal.start(&text, until.trim_matches('"')),
            ("text", _) => {
                let printed: Vec<String> = printed.lines().map(plain).collect();
                for line in text.lines() {
                    assert!(printed.contains(&plain(line)), "{line:?} is not printed, but {printed:#?}");
                }
            }
            (other, _) => panic!("a block of {other:?}"),
        }
    }
    for page in ["first.html", "tuned.html"] {
        assert!(fs::read_to_string(terminal.folder.path().join(page)).unwrap().contains("</html>"));
    }
}
