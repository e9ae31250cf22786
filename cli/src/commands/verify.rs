//! `assay verify`: what a receipt proves.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use model::{Backend as _, Engine};
use primitives::{FinishReason, Request};
use protos::{MAX_TRANSCRIPT_BYTES, Testimony, Transcript};
use scoring::{
    Output, Reference, TokenCheck,
    proof::{Opening, POINTS, ProofCheck, ProofRules, Shown, Thresholds},
};
use serde::Serialize;
use validator::{Prefill, Referee as _};

use crate::{
    args::{Global, ModelFlags},
    layers::Layer,
    loading, row,
    table::Table,
};

/// Check a receipt: that the miner gave this answer, and that it came from the model
///
/// Takes what `assay ask --receipt` wrote, or anybody else. Runs the model once over prompt and answer and prints each check with its number. The exit status is 0 if all of them hold, 1 if one doesn't.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The receipt; - reads stdin
    #[arg(value_name = "FILE")]
    receipt: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelFlags,
}

/// One check.
#[derive(Debug, Serialize)]
struct Line {
    check: &'static str,
    /// None where there is nothing to hold it against.
    holds: Option<bool>,
    found: String,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.model.put(&mut flags);
    let settings = global.settings(flags)?.settings;
    let transcript = read(&args.receipt)?;
    let mut lines = Vec::new();
    match transcript.verify() {
        Ok(testimony) => {
            let engine = Arc::new(loading::engine(&settings.model, usize::MAX)?);
            lines.extend(signatures(&testimony, transcript.events.len()));
            lines.extend(answer(engine, testimony).await?);
        }
        Err(error) => {
            let found = format!("{:#}", anyhow::Error::new(error));
            lines.push(Line { check: "signatures", holds: Some(false), found });
        }
    }
    // What can't be judged is neither.
    let judged = lines.iter().all(|line| line.check != "commitments" || line.holds.is_some());
    let genuine = match lines.iter().all(|line| line.holds != Some(false)) {
        true => judged.then_some(true),
        false => Some(false),
    };
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &serde_json::json!({ "genuine": genuine, "checks": lines }))?;
        writeln!(out)?;
    } else {
        let mut table = Table::new(&["check", "", "found"]);
        for Line { check, holds, found } in &lines {
            let word = match holds {
                Some(true) => "holds",
                Some(false) => "FAILS",
                None => "-",
            };
            table.push(row![check, word, found]);
        }
        table.write(&mut out)?;
    }
    out.flush()?;
    drop(out);
    match genuine {
        Some(true) => {}
        Some(false) => bail!("the answer is not genuine"),
        None => {
            tracing::warn!("no calibration lies with the model: whether a rounded copy of it answered is not known")
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<Transcript> {
    let mut bytes = Vec::new();
    let most = MAX_TRANSCRIPT_BYTES as u64 + 1;
    let read = match path.as_os_str().to_str() {
        Some("-") => io::stdin().lock().take(most).read_to_end(&mut bytes),
        _ => File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    };
    let reading = || format!("reading {}", path.display());
    read.with_context(reading)?;
    Transcript::decode(&bytes).with_context(reading)
}

/// What the signatures say, which hold.
fn signatures(testimony: &Testimony, events: usize) -> [Line; 2] {
    let Testimony { asker, binding, issued_ms, digest, .. } = testimony;
    let asked = format!(
        "{asker} asked on subnet {} of chain {}, {issued_ms} ms after 1970: request {digest}",
        binding.netuid, binding.genesis
    );
    let answered = format!("{} signed {events} events: answer {}", binding.receiver, testimony.answer.receipt.digest);
    [("request", asked), ("answer", answered)].map(|(check, found)| Line { check, holds: Some(true), found })
}

/// What the model says.
async fn answer(engine: Arc<Engine>, testimony: Testimony) -> anyhow::Result<Vec<Line>> {
    let Testimony { digest, request, answer, opened, .. } = testimony;
    let manifest = engine.manifest();
    let mut lines = vec![Line {
        check: "model",
        holds: None,
        found: format!("held against {}, {}", manifest.name, manifest.digest),
    }];
    let rules = engine.proof_rules();
    let proof = match validator::proof(&answer) {
        Ok(proof) => proof,
        Err(error) => {
            lines.push(Line { check: "commitments", holds: Some(false), found: error.to_string() });
            None
        }
    };
    let opened = opened.into_iter().map(|row| Opening { position: row.position, row: row.row, path: row.path });
    let shown = Shown { proof, opened: opened.collect() };
    let (finish, most, count) = (answer.generation.finish, request.max_new_tokens, answer.generation.tokens.len());
    let output = Output::Generation(answer.generation);
    let referee = Prefill { engine, encoder: None };
    let reference = referee.judge(&Request::Generate(request), &digest, &output, &shown).await?;
    let Reference::Generation { tokens, ends, text_matches, proof, .. } = reference else {
        bail!("the model judges something else than a generation");
    };
    lines.push(self::tokens(&tokens, rules.as_ref()));
    let (ended, how) = match finish {
        FinishReason::Stop => (ends, "by the model"),
        FinishReason::Length => (count as u64 == u64::from(most), "at the most tokens that were asked for"),
    };
    lines.push(Line { check: "end", holds: Some(ended), found: format!("{count} tokens, said to end {how}") });
    let found = if text_matches { "the text is that of the tokens" } else { "the text is not that of the tokens" };
    lines.push(Line { check: "text", holds: Some(text_matches), found: found.to_owned() });
    lines.extend(rows(&proof, shown.opened.is_empty(), rules.as_ref().map(|rules| &rules.thresholds)));
    let found = match &rules {
        Some(rules) => format!("thresholds of calibration {}", rules.calibration),
        None => "none lies with the model: hidden rows are not judged".to_owned(),
    };
    lines.push(Line { check: "calibration", holds: None, found });
    Ok(lines)
}

fn tokens(tokens: &[TokenCheck], rules: Option<&ProofRules>) -> Line {
    let off = |margin: u32| tokens.iter().filter(|token| token.margin_micro > margin).count();
    let count = tokens.len();
    let Some(ProofRules { thresholds, .. }) = rules else {
        // What a validator without a calibration asks for by default.
        let rules = scoring::Gate::default();
        let off = off(rules.margin_tolerance_micro);
        let near = (count - off) as u64 * 1_000_000 >= count as u64 * u64::from(rules.match_gate_ppm);
        let found = format!("{off} of {count} are not the model's choice");
        return Line { check: "tokens", holds: Some(count > 0 && near), found };
    };
    let peak = thresholds.peak(tokens.iter().map(|token| token.margin_micro));
    let found = format!(
        "{} of {count} are not the model's choice; evidence of a cheat {:.2}, {:.2} convicts",
        off(thresholds.off_margin_micro),
        peak as f64 / 1e6,
        thresholds.tokens.reject_micro as f64 / 1e6
    );
    Line { check: "tokens", holds: Some(count > 0 && peak < thresholds.tokens.reject_micro), found }
}

/// Commitments, and what was opened of the rows behind them.
fn rows(proof: &ProofCheck, none_opened: bool, thresholds: Option<&Thresholds>) -> [Line; 2] {
    let most = |number: fn(&Thresholds) -> String| thresholds.map_or_else(|| "?".to_owned(), number);
    let (committed, opened) = match proof {
        ProofCheck::Missing => ("none: this miner shows no hidden rows".to_owned(), "none".to_owned()),
        ProofCheck::Broken => {
            ("not of this answer: other chunks, or rows that the root doesn't name".to_owned(), "none".to_owned())
        }
        ProofCheck::Compared { chunks, mismatches, mantissa_mean_milli, opened, opening_ppm } => (
            format!(
                "{chunks} chunks of {POINTS} numbers: {mismatches} exponents or signs differ in the worst (at most {}), mantissas by {:.3} (at most {})",
                most(|thresholds| thresholds.mismatches.to_string()),
                f64::from(*mantissa_mean_milli) / 1e3,
                most(|thresholds| format!("{:.3}", f64::from(thresholds.mantissa_mean_milli) / 1e3)),
            ),
            format!(
                "{opened}, the furthest {:.4} % from the model's own (at most {} %)",
                f64::from(*opening_ppm) / 1e4,
                most(|thresholds| format!("{:.4}", f64::from(thresholds.opening_ppm) / 1e4)),
            ),
        ),
    };
    let holds = |hold: fn(&Thresholds, &ProofCheck) -> bool| thresholds.map(|thresholds| hold(thresholds, proof));
    let rows = match none_opened {
        true => Line { check: "opened rows", holds: None, found: "none were asked for".to_owned() },
        false => Line { check: "opened rows", holds: holds(Thresholds::openings_hold), found: opened },
    };
    [Line { check: "commitments", holds: holds(Thresholds::commitments_hold), found: committed }, rows]
}
