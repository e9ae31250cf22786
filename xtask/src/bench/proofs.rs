//! What proofs cost a miner, and what an audit costs a validator.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::checkpoint::Checkpoint;
use super::engine::Engine;
use super::measure::{Run, spread};
use super::options::Options;
use super::programs::Programs;
use super::report::{middle, with_range};
use crate::run::step;

/// Prompt and answer of an audit, and answers that are audited in one go.
const PROMPTS: [usize; 2] = [16, 128];
const NEW: u32 = 128;
const TOGETHER: usize = 8;
/// Widths of hidden rows, and commitments that are timed at once.
const WIDTHS: [usize; 3] = [768, 4096, 8192];
const TIMES: u64 = 100;

#[derive(Serialize)]
pub struct Findings {
    audits: Vec<(usize, Audit)>,
    commitments: Vec<Commitments>,
    peer: Option<String>,
}

/// One answer made alone, and several audited together.
#[derive(Deserialize, Serialize)]
struct Audit {
    tokens: Vec<usize>,
    one_wall_s: f64,
    one_cpu_s: f64,
    audit_wall_s: f64,
    audit_cpu_s: f64,
}

#[derive(Serialize)]
struct Commitments {
    width: usize,
    ours_s: f64,
    theirs_s: Option<f64>,
}

#[derive(Deserialize)]
struct Spent {
    cpu_s: f64,
}

pub fn measure(options: &Options, programs: &Programs, model: &Checkpoint) -> Result<Findings> {
    step("proofs and audits");
    let mut engine = programs.ours(&model.path, options.threads, TOGETHER, false)?;
    let mut peer = if options.peers { programs.toploc().ok() } else { None };
    let (mut audits, mut commitments) = (Vec::new(), Vec::new());
    for round in 0..=options.rounds {
        for length in PROMPTS {
            let prompts = model.prompts(TOGETHER, length, 50 + round as u64);
            let audit: Audit = engine.ask(&json!({ "audited": prompts, "new": NEW }))?;
            if audit.tokens.len() != TOGETHER {
                bail!("{} answers were audited, {TOGETHER} were to be", audit.tokens.len());
            }
            audits.push((length, audit));
        }
        for width in WIDTHS {
            let request = json!({ "commit_width": width, "times": TIMES });
            let time = |engine: &mut Engine| anyhow::Ok(engine.ask::<Spent>(&request)?.cpu_s / TIMES as f64);
            let (ours_s, theirs_s) = (time(&mut engine)?, peer.as_mut().map(time).transpose()?);
            commitments.push(Commitments { width, ours_s, theirs_s });
        }
    }
    // The first round finds memory that later ones have already, and doesn't count.
    audits.drain(..PROMPTS.len());
    commitments.drain(..WIDTHS.len());
    Ok(Findings { audits, commitments, peer: peer.map(|peer| peer.name.clone()) })
}

impl Findings {
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for length in PROMPTS {
            let all = || self.audits.iter().filter(|(of, _)| *of == length).map(|(_, audit)| audit);
            let each = |audit: &Audit| audit.audit_cpu_s / TOGETHER as f64;
            text += &format!(
                "- An audit of an answer of {NEW} tokens to a prompt of {length}, {TOGETHER} of them in one go, takes {} s of \
                 processor time; making one of them alone takes {} s: **{} times** as much.\n",
                middle(spread(all().map(each)), 3),
                middle(spread(all().map(|audit| audit.one_cpu_s)), 3),
                with_range(spread(all().map(|audit| audit.one_cpu_s / each(audit))), 1),
            );
        }
        for width in WIDTHS {
            let all = || self.commitments.iter().filter(|all| all.width == width);
            let ours = middle(spread(all().map(|all| 1e3 * all.ours_s)), 3);
            text += &format!("- A commitment to 32 rows of {width} numbers takes {ours} ms of processor time");
            if let Some(peer) = &self.peer {
                let theirs = spread(all().filter_map(|all| Some(1e3 * all.theirs_s?)));
                let ratio = spread(all().filter_map(|all| Some(100.0 * all.ours_s / all.theirs_s?)));
                text += &format!(", that of {peer} {} ms: **{} %**", middle(theirs, 3), with_range(ratio, 1));
            }
            text += ".\n";
        }
        text
    }
}

/// What committing takes of our engine's decode, by how many answers are made at a time.
pub fn share_lines(options: &Options, runs: &[Run], engine: &str) -> String {
    let mut text = String::new();
    for &requests in &options.concurrency {
        let runs = runs.iter().filter(|run| run.engine == engine && run.requests() == requests);
        let shares = runs.filter_map(|run| {
            let spans = run.spans()?;
            Some(100.0 * spans.prove_s / spans.step_s)
        });
        text += &format!(
            "- Committing to hidden rows takes **{} %** of the model's thread while {requests} decode.\n",
            with_range(spread(shares), 2)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_is_weighed_against_the_answer() {
        let audit =
            Audit { tokens: vec![128; 8], one_wall_s: 9.0, one_cpu_s: 1.0, audit_wall_s: 9.0, audit_cpu_s: 2.0 };
        let commitments = Commitments { width: 4096, ours_s: 0.000_25, theirs_s: Some(0.001) };
        let findings =
            Findings { audits: vec![(128, audit)], commitments: vec![commitments], peer: Some("toploc 0".into()) };
        let text = findings.lines();
        assert!(text.contains("takes 0.250 s") && text.contains("**4.0 (4.0–4.0) times**"), "{text}");
        assert!(text.contains("that of toploc 0 1.000 ms: **25.0 (25.0–25.0) %**"), "{text}");
    }
}
