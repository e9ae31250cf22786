//! `cargo xtask page-check`: the pages of a validator and of a miner in a real browser, with a few seats and with a thousand,
//! light and dark.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::libtorch;
use crate::run::{repository, run, step};

/// What a browser is called, where there is one.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// A browser that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a page that is followed is left alone before its server goes.
const FOLLOWED: Duration = Duration::from_secs(3);
const SIZES: [(&str, u32, u32); 2] = [("desk", 1280, 900), ("phone", 390, 844)];
/// What is made up, and the document that its page shows.
const PAGES: [(&str, &str); 5] = [
    ("0", "/api/subnet.json"),
    ("12", "/api/subnet.json"),
    ("1000", "/api/subnet.json"),
    ("idle-miner", "/api/miner.json"),
    ("miner", "/api/miner.json"),
];
const NARROWEST: u32 = 500;
const THEMES: [&str; 2] = ["light", "dark"];

/// `cargo xtask page-check`: look at the dashboard in a browser.
pub fn command(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "usage: cargo xtask page-check");
    let found = check(&repository()?)?;
    ensure!(found.is_some(), "no browser: none of {} is in PATH", BROWSERS.join(", "));
    println!("{}", found.unwrap_or_default());
    Ok(())
}

/// Look at every page. Says what came of it; none where there is no browser.
pub fn check(root: &Path) -> Result<Option<String>> {
    let Some(browser) = browser() else { return Ok(None) };
    let mut cargo = libtorch::cargo(root, &libtorch::ensure(false)?);
    run(cargo.args(["build", "--workspace", "--locked", "--example", "made_up"]))?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    let program = target.join("debug/examples/made_up");
    let pictures = target.join("page");
    fs::create_dir_all(&pictures).with_context(|| format!("cannot make {}", pictures.display()))?;
    let mut looked = 0;
    for (made_up, path) in PAGES {
        let server = Server::start(&program, made_up)?;
        let document: Value = serde_json::from_str(&server.read(path)?)?;
        let mut grounds = Vec::new();
        for theme in THEMES {
            step(&format!("{made_up}, {theme}"));
            let address = format!("{}/?once&theme={theme}", server.address);
            for (name, width, height) in SIZES {
                let size = format!("--window-size={width},{height}");
                let page = browse(&browser, &address, &[size.clone(), "--dump-dom".into()])?;
                let holds = match made_up.parse() {
                    Ok(seats) => shows_subnet(&page, &document, seats),
                    Err(_) => shows_miner(&page, &document),
                };
                holds.and_then(|()| fits(&page, width)).with_context(|| format!("{made_up}, {theme}, {name}"))?;
                if name == "desk" {
                    grounds.push(page_ground(&page).context("the page says no colour")?);
                }
                let picture = pictures.join(format!("{made_up}-{theme}-{name}.png"));
                browse(&browser, &address, &[size, format!("--screenshot={}", picture.display())])?;
                let bytes = fs::metadata(&picture).with_context(|| format!("no {}", picture.display()))?.len();
                ensure!(bytes > 5_000, "{} is empty", picture.display());
                looked += 1;
            }
        }
        ensure!(grounds[0] != grounds[1], "{made_up}: light and dark are the same");
    }
    followed(&browser, &program)?;
    Ok(Some(format!("{looked} pictures in {}", pictures.display())))
}

/// No picture is wider than the page.
fn fits(page: &str, width: u32) -> Result<()> {
    // A browser's window is no narrower when it writes the page down.
    let width = width.max(NARROWEST);
    for picture in page.split("<svg class=\"picture\"").skip(1) {
        let wide = attribute(picture, "width").and_then(|wide| wide.parse::<u32>().ok()).context("no width")?;
        ensure!(wide <= width, "a picture is {wide} wide");
    }
    Ok(())
}

/// The page shows what a miner's document says.
fn shows_miner(page: &str, document: &Value) -> Result<()> {
    ensure!(page.contains("Self-reported.</strong>"), "the page doesn't say whose word it is");
    ensure!(page.contains("read once"), "the page doesn't say that it was read once");
    let lines = |place: &str| {
        let inside = page.split_once(&format!("id=\"{place}\""))?.1.split_once("</section>")?.0;
        Some(inside.matches("<tr><th scope=\"row\"").count())
    };
    for (place, part) in [("gpu-table", &document["gpus"]["list"]), ("asker-table", &document["askers"])] {
        let known = part.as_array().map(Vec::len);
        ensure!(known.is_some() && lines(place) == known, "{place} has {:?} lines for {known:?}", lines(place));
    }
    let ends: u64 = document["outcomes"].as_object().context("no outcomes")?.values().filter_map(Value::as_u64).sum();
    let said = if ends == 0 { "No request yet.".into() } else { format!("{} requests since the start", grouped(ends)) };
    ensure!(page.contains(&said), "the page doesn't say: {said}");
    let taken = document["load"]["capacity_used_ppm"].as_f64().context("no capacity")? / 1e4;
    ensure!(page.contains(&format!("{taken:.1} %")), "{taken} % in use is not shown");
    let drawn = page.matches("<svg class=\"picture\"").count();
    let minutes = document["minutes"].as_array().map_or(0, Vec::len);
    ensure!(drawn == if minutes == 0 { 0 } else { 2 }, "{drawn} pictures of {minutes} minutes");
    Ok(())
}

/// The page shows what a validator's document says.
fn shows_subnet(page: &str, document: &Value, seats: u32) -> Result<()> {
    let lines = page.matches("<tr data-uid=").count();
    ensure!(lines == seats as usize, "{lines} seats are shown");
    ensure!(page.contains("read once"), "the page doesn't say that it was read once");
    if seats == 0 {
        ensure!(page.matches("No round yet").count() >= 5, "an empty page doesn't say so");
        return Ok(());
    }
    let rounds = document["rounds"].as_array().context("no rounds")?;
    for (part, word, name) in [("outcomes", "ok", "right"), ("proofs", "holds", "holds")] {
        let count: u64 = rounds.iter().filter_map(|round| round[part][word].as_u64()).sum();
        let shown = format!("{name}</span></th><td>{}</td>", grouped(count));
        ensure!(page.contains(&shown), "{count} {name} are not shown");
    }
    let width = page.split_once("id=\"weights-picture\"").and_then(|(_, rest)| attribute(rest, "width"));
    ensure!(width.and_then(|width| width.parse::<u32>().ok()) > Some(300), "the weights are not drawn");
    let rows = document["weights"]["rows"].as_array().map_or(0, Vec::len);
    ensure!(page.contains(&format!("each of {rows} validators")), "{rows} rows of weights are not shown");
    for picture in ["history-picture", "round-picture", "emission-picture"] {
        let drawn = page
            .split_once(&format!("id=\"{picture}\""))
            .is_some_and(|(_, rest)| rest.split_once("</div>").is_some_and(|(inside, _)| inside.contains("<svg")));
        ensure!(drawn, "{picture} is not drawn");
    }
    Ok(())
}

/// A page that follows events shows them, and says so when nothing comes any more.
fn followed(browser: &Path, program: &Path) -> Result<()> {
    step("12 seats, followed until the server goes");
    let server = Server::start(program, "12")?;
    let address = server.address.clone();
    let ends = thread::spawn(move || {
        thread::sleep(FOLLOWED);
        drop(server);
    });
    let page = browse(browser, &address, &["--dump-dom".into()])?;
    ensure!(ends.join().is_ok(), "the server didn't end");
    let lines = page.matches("<tr data-uid=").count();
    ensure!(lines == 12, "{lines} seats came by events");
    ensure!(page.contains("class=\"chip old\""), "the page doesn't say that it is old");
    Ok(())
}

/// The first browser in `PATH`.
fn browser() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let places = BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// Open a page of our own; what the browser prints.
fn browse(browser: &Path, address: &str, more: &[String]) -> Result<String> {
    let profile = env::temp_dir().join(format!("assay-page-{}", std::process::id()));
    let mut command = Command::new(browser);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--virtual-time-budget=8000"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(more)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", browser.display()))?;
    let mut printed = child.stdout.take().context("no output")?;
    let read = thread::spawn(move || {
        let mut text = String::new();
        printed.read_to_string(&mut text).map(|_| text)
    });
    let began = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => {
                child.kill()?;
                child.wait()?;
                bail!("the browser hangs at {address}");
            }
            None => thread::sleep(Duration::from_millis(50)),
        }
    };
    ensure!(status.success(), "the browser failed at {address} ({status})");
    let text = read.join().map_err(|_| anyhow::anyhow!("the browser's output can't be read"))??;
    let _ = fs::remove_dir_all(&profile);
    Ok(text)
}

/// A made-up subnet or miner that is served until this is dropped.
struct Server {
    address: String,
    child: Child,
    /// It ends with its stdin.
    stdin: Option<ChildStdin>,
}

impl Server {
    fn start(program: &Path, made_up: &str) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg(made_up).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
        let stdin = child.stdin.take();
        let mut address = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut address)?;
        Ok(Self { address: address.trim().to_owned(), child, stdin })
    }

    fn read(&self, path: &str) -> Result<String> {
        let host = self.address.strip_prefix("http://").context("no address")?;
        let mut stream = TcpStream::connect(host)?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.split_once("\r\n\r\n").context("no answer")?.1.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// The colour behind the page, as the browser resolved it.
fn page_ground(page: &str) -> Option<String> {
    attribute(page.split_once("id=\"ground\"")?.1, "content").map(str::to_owned)
}

/// The first attribute of this name in what follows.
fn attribute<'a>(markup: &'a str, name: &str) -> Option<&'a str> {
    let inside = markup.split_once('>')?.0;
    inside.split_once(&format!("{name}=\""))?.1.split_once('"').map(|(value, _)| value)
}

/// A number as the page writes it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group));
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_found() {
        assert_eq!(
            ["0", "999", "1,000", "12,345,678"],
            [0, 999, 1_000, 12_345_678].map(grouped).each_ref().map(String::as_str)
        );
        let markup = " role=\"img\" width=\"640\" height=\"3\"><b width=\"1\">";
        assert_eq!((attribute(markup, "width"), attribute(markup, "depth")), (Some("640"), None));
    }
}
