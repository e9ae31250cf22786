//! What it costs to answer over gRPC rather than in the same program: everything in the miner's process that is not the
//! model's threads.
//!
//! Two figures of seconds of which each wavers by some percent can't be subtracted to find three percent. Threads can be
//! told apart exactly: the kernel counts each one's time, and the engine's are named `model-…`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::Value;

use crate::run::{line, step};

/// `USER_HZ`, in which `/proc/PID/stat` counts; the same on every Linux that this runs on.
const TICKS_PER_S: f64 = 100.0;
/// Everything here is on this machine, and the chain takes development keys.
const SUBNET: &str = "1";
const MINER: &str = "//Miner";
/// The address of that key. The miner is asked where it says it listens: its announcement may not be on chain yet.
const MINER_ADDRESS: &str = "5CA3onFpA75kRSgNkF6twsDeumSA5NhLhxQWSdraSEL8vScn";
const USER: &str = "//User";

/// Processor time of a miner while it answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    pub answers: u64,
    /// Of the threads that run the model.
    pub model_s: f64,
    /// Of all others: connections, signatures, the queue, tokens on their way, receipts, the chain.
    pub other_s: f64,
    /// As its clients saw it.
    pub tokens_per_s: f64,
}

/// What is asked of the miner.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub threads: usize,
    pub requests: usize,
    pub concurrency: usize,
    pub prompt: usize,
    pub new: u32,
}

/// A chain and a miner on it, and `assay bench miner` before them.
pub fn measure(assay: &Path, model: &Path, load: Load) -> Result<Cost> {
    let chain = Server::start(Command::new(assay).args(["localnet", "--listen", "127.0.0.1:0"]))?;
    let at = ["--chain-url", &chain.says];
    for key in [MINER, USER] {
        let mut register = Command::new(assay);
        register.args(["register", "--netuid", SUBNET, "--key", key, "--coldkey", "//Alice"]).args(at);
        output(&mut register)?;
    }
    let mut miner = Command::new(assay);
    miner.args(["miner", "--netuid", SUBNET, "--key", MINER, "--listen", "127.0.0.2:0", "--announce", "127.0.0.2:0"]);
    miner.args(at).arg("--model").arg(model).arg("--threads").arg(load.threads.to_string());
    let miner = Server::start(&mut miner)?;
    let at = [at.as_slice(), &["--miner", MINER_ADDRESS, "--endpoint", &miner.says]].concat();

    // The first answers pay for connections and for memory that is set apart.
    output(&mut bench(assay, &load, load.concurrency, &at))?;
    let before = times(miner.child.id())?;
    let document = output(&mut bench(assay, &load, load.requests, &at))?;
    let after = times(miner.child.id())?;
    let document: Value = serde_json::from_slice(&document).context("what assay bench miner says")?;
    let level = &document["levels"][0];
    let answers = level["outcomes"]["ok"].as_u64().unwrap_or(0);
    if answers != load.requests as u64 {
        bail!("{answers} of {} answers came: {}", load.requests, level["outcomes"]);
    }
    let model_s = after.model_s - before.model_s;
    let tokens_per_s = level["tokens_per_second"].as_f64().unwrap_or(0.0);
    Ok(Cost { answers, model_s, other_s: after.all_s - before.all_s - model_s, tokens_per_s })
}

fn bench(assay: &Path, load: &Load, requests: usize, at: &[&str]) -> Command {
    let mut bench = Command::new(assay);
    bench.args(["bench", "miner", "--netuid", SUBNET, "--key", USER, "--json", "--warmup", "0"]).args(at);
    for (flag, value) in [
        ("--concurrency", load.concurrency),
        ("--requests", requests),
        ("--prompt-tokens", load.prompt),
        ("--new-tokens", load.new as usize),
        // other prompts each time: what the miner has seen is no help
        ("--seed", requests),
    ] {
        bench.arg(flag).arg(value.to_string());
    }
    bench
}

/// Processor seconds since a process began.
#[derive(Clone, Copy, Debug)]
struct Times {
    all_s: f64,
    model_s: f64,
}

fn times(process: u32) -> Result<Times> {
    let folder = format!("/proc/{process}");
    let read = |path: &str| fs::read_to_string(path).with_context(|| format!("cannot read {path}"));
    let stat = read(&format!("{folder}/stat"))?;
    let all_s = ticks(&stat).with_context(|| format!("cannot understand {folder}/stat"))? as f64 / TICKS_PER_S;
    let mut model_s = 0.0;
    for thread in fs::read_dir(format!("{folder}/task")).with_context(|| format!("cannot read {folder}/task"))? {
        let thread = thread?.path();
        // a thread may end while one looks at it; the model's don't
        if !fs::read_to_string(thread.join("comm")).is_ok_and(|name| name.starts_with("model-")) {
            continue;
        }
        let stat = read(&thread.join("schedstat").display().to_string())?;
        let nanos: u64 = stat.split(' ').next().unwrap_or_default().parse().context("cannot understand schedstat")?;
        model_s += nanos as f64 / 1e9;
    }
    if model_s == 0.0 {
        bail!("no thread of process {process} runs a model");
    }
    Ok(Times { all_s, model_s })
}

/// User and system time in `/proc/PID/stat`. The name may hold spaces and brackets: what counts is behind the last one.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

/// A program that says on its first line where it is; killed when dropped.
struct Server {
    child: Child,
    says: String,
}

impl Server {
    fn start(command: &mut Command) -> Result<Server> {
        step(&line(command));
        command.env("OMP_WAIT_POLICY", "passive").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", line(command)))?;
        let stdout = child.stdout.take();
        let mut server = Server { child, says: String::new() };
        let mut stdout = BufReader::new(stdout.context("no pipe")?);
        stdout.read_line(&mut server.says)?;
        server.says = server.says.trim().to_owned();
        if server.says.is_empty() {
            bail!("{} ended at once ({})", line(command), server.child.wait()?);
        }
        // what else it says must not fill the pipe
        thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program prints, if it ends well.
pub fn output(command: &mut Command) -> Result<Vec<u8>> {
    step(&line(command));
    let output = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot run {}", line(command)))?;
    if !output.status.success() {
        bail!("{} failed ({})", line(command), output.status);
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 130 7 11 12 20 0 9 0";
        assert_eq!(ticks(stat), Some(137));
        assert_eq!(ticks("42 (short) S 1 2"), None);
        assert_eq!(ticks(""), None);
    }

    #[test]
    fn threads_of_a_model_are_told_from_others() -> Result<()> {
        let me = std::process::id();
        assert!(times(me).is_err(), "no thread has the name yet");
        let model = thread::Builder::new().name("model-0".to_owned()).spawn(move || {
            // until the kernel has seen us work
            let mut sum = 0_u64;
            while !times(me).is_ok_and(|times| times.model_s > 0.02) {
                sum = (0..1_000_000).fold(sum, |sum, more| sum.wrapping_mul(31).wrapping_add(more));
            }
            (sum, times(me))
        })?;
        let Ok((_, Ok(times))) = model.join() else { bail!("the thread failed") };
        assert!(times.model_s > 0.02 && times.all_s + 1.0 / TICKS_PER_S >= times.model_s - 0.02, "{times:?}");
        Ok(())
    }
}
