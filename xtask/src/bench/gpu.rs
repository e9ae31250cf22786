//! Our engine on a GPU: how close decoding comes to what the memory allows, and where the rest of the time goes.

use std::path::Path;

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::checkpoint::Checkpoint;
use super::measure::{Clock, Run, spread};
use super::options::Options;
use super::programs::Programs;
use super::report::{middle, table};
use crate::run::step;

/// What is copied to measure the memory: more than any cache holds.
const COPY_BYTES: u64 = 1 << 30;

pub struct Findings {
    engine: String,
    dtype: String,
    bytes_per_s: f64,
    levels: Vec<Level>,
}

/// So many requests at a time.
#[derive(Debug, Serialize)]
struct Level {
    requests: usize,
    /// Bytes that a step reads in the middle of the decode.
    step_bytes: u64,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Memory {
    bytes_per_s: f64,
}

/// A machine without one is told so before anything is built.
pub fn require(device: &str) -> Result<()> {
    let nodes = ["/dev/nvidiactl", "/dev/dxg", "/dev/kfd"];
    if nodes.iter().any(|node| Path::new(node).exists()) {
        return Ok(());
    }
    bail!("no GPU for {device} on this machine: none of {} is there", nodes.join(", "));
}

pub fn measure(options: &Options, device: &str, programs: &Programs, model: &Checkpoint) -> Result<Findings> {
    let slots = options.concurrency.iter().copied().max().unwrap_or(1);
    let tokens = options.prompt + options.new as usize;
    let prompts = model.prompts(slots, options.prompt, 7);
    let mut engine = programs.ours_on(&model.path, device, options.dtype.as_deref(), slots, tokens)?;
    let Memory { bytes_per_s } = engine.ask(&json!({ "copy_bytes": COPY_BYTES }))?;
    step(&format!("memory of {device}: {:.0} GB/s", bytes_per_s / 1e9));
    let number_bytes = if engine.dtype == "f32" { 4 } else { 2 };
    let mut levels = Vec::new();
    for &requests in &options.concurrency {
        let mut runs = Vec::new();
        // The first round loads kernels, and doesn't count.
        for round in 0..=options.rounds {
            let run = engine.measure(round, &prompts[..requests], options.new)?;
            eprintln!("    round {round}, {requests} at a time: {:.1} tokens/s", run.decode_rate(Clock::Wall));
            runs.push(run);
        }
        runs.remove(0);
        let middle = (options.prompt + options.new as usize / 2) as u64;
        levels.push(Level { requests, step_bytes: model.step_bytes(requests as u64, middle, number_bytes), runs });
    }
    Ok(Findings { engine: engine.name.clone(), dtype: engine.dtype.clone(), bytes_per_s, levels })
}

impl Findings {
    pub fn document(&self) -> Value {
        json!({
            "engine": self.engine, "dtype": self.dtype, "memory_bytes_per_s": self.bytes_per_s, "levels": self.levels,
        })
    }

    pub fn markdown(&self) -> String {
        let head = [
            "requests at a time",
            "tokens/s, prefill included",
            "decode tokens/s",
            "step, ms",
            "share of the memory's speed",
            "launching kernels",
            "waiting for them, sampling",
            "scheduling",
            "between steps",
        ];
        let rows: Vec<Vec<String>> = self.levels.iter().map(|level| self.row(level)).collect();
        format!(
            "{} in {}; a large copy on the device reads and writes {:.0} GB/s.\n\n{}",
            self.engine,
            self.dtype,
            self.bytes_per_s / 1e9,
            table(&head, &rows)
        )
    }

    fn row(&self, level: &Level) -> Vec<String> {
        let all = |figure: &dyn Fn(&Run) -> f64| spread(level.runs.iter().map(figure));
        // of the time from the first tokens to the last, in percent
        let share = |part: &dyn Fn(super::measure::Spans, f64) -> f64| {
            let wall = |run: &Run| run.decode_s(Clock::Wall);
            let shares = level.runs.iter().filter_map(|run| {
                let spans = run.spans()?;
                Some(100.0 * part(spans, wall(run)) / wall(run))
            });
            format!("{} %", middle(spread(shares), 1))
        };
        let step_s = |run: &Run| run.spans().map_or(f64::NAN, |spans| run.decode_s(Clock::Wall) / spans.steps as f64);
        let reached = |run: &Run| 100.0 * level.step_bytes as f64 / step_s(run) / self.bytes_per_s;
        vec![
            level.requests.to_string(),
            middle(all(&|run| run.whole.made() as f64 / run.whole.wall_s), 1),
            middle(all(&|run| run.decode_rate(Clock::Wall)), 1),
            middle(all(&|run| 1e3 * step_s(run)), 2),
            format!("{} %", middle(all(&reached), 1)),
            share(&|spans, _| spans.forward_s - spans.sample_s),
            share(&|spans, _| spans.sample_s),
            share(&|spans, _| spans.step_s - spans.forward_s),
            share(&|spans, wall_s| wall_s - spans.step_s),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measure::{Lap, Spans};

    #[test]
    fn a_step_is_weighed_against_the_memory() {
        let lap = |wall_s: f64, tokens: usize, spans| Lap {
            wall_s,
            cpu_s: 0.0,
            tokens: vec![vec![9; tokens]; 4],
            spans: Some(spans),
        };
        let prefill = lap(0.5, 1, Spans { steps: 1, step_s: 0.5, forward_s: 0.5, sample_s: 0.1, prove_s: 0.0 });
        let whole = lap(1.5, 11, Spans { steps: 11, step_s: 1.4, forward_s: 1.3, sample_s: 0.4, prove_s: 0.0 });
        let run = Run { engine: "assay 1".into(), round: 1, prefill, whole };
        let findings = Findings {
            engine: "assay 1".into(),
            dtype: "bf16".into(),
            bytes_per_s: 1e9,
            levels: vec![Level { requests: 4, step_bytes: 25_000_000, runs: vec![run] }],
        };
        let text = findings.markdown();
        // ten steps in a second; 25 MB in a tenth of a second of one that could move 100
        let row = "| 4 | 29.3 | 40.0 | 100.00 | 25.0 % | 50.0 % | 30.0 % | 10.0 % | 10.0 % |";
        assert!(text.contains(row), "{text}");
        assert!(text.starts_with("assay 1 in bf16; a large copy on the device reads and writes 1 GB/s."), "{text}");
    }
}
