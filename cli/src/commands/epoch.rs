//! `assay epoch`: one run of Yuma consensus, from a file or from the chain as it stands.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use scoring::yuma::{self, EpochInput, EpochOutput};
use serde::Deserialize;

use crate::{
    args::Global,
    commands::metagraph::{alpha, share},
    row,
    table::Table,
};

/// Compute what an epoch would write on chain, bit for bit.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The epoch's input as JSON: {"input": {…}}, with "output" to compare with if there is one; - reads stdin
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Print one JSON document: the epoch's output
    #[arg(long)]
    json: bool,
}

/// A test vector, or its input alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    input: EpochInput,
    #[serde(default)]
    output: Option<EpochOutput>,
}

pub async fn run(args: Args, _: &Global) -> anyhow::Result<ExitCode> {
    let vector = read(&args.input)?;
    let output = yuma::epoch(&vector.input);
    let mut out = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &output)?;
        writeln!(out)?;
    } else {
        table(&vector.input, &output).write(&mut out)?;
    }
    match vector.output {
        Some(expected) if expected != output => anyhow::bail!(
            "the output differs from the file's in {}",
            differences(&serde_json::to_value(&output)?, &serde_json::to_value(&expected)?).join(", ")
        ),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn read(path: &Path) -> anyhow::Result<Vector> {
    let name = path.display();
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("{name}: cannot be read"))?;
    let json: serde_json::Value = serde_json::from_str(&text).with_context(|| format!("{name}: not JSON"))?;
    let vector = if json.get("input").is_some() {
        serde_json::from_value(json)
    } else {
        serde_json::from_value(json).map(|input| Vector { input, output: None })
    };
    vector.with_context(|| format!("{name}: not an epoch's input"))
}

fn table(input: &EpochInput, output: &EpochOutput) -> Table {
    let mut table = Table::new(&[
        "uid", "stake", "active", "permit", "consensus", "trust", "incentive", "dividends", "miner", "validator",
    ]);
    let yes = |value: bool| if value { "yes" } else { "-" };
    for (uid, stake) in input.stake.iter().enumerate() {
        table.push(row![
            uid,
            alpha(*stake),
            yes(output.active[uid]),
            yes(output.validator_permits[uid]),
            share(output.consensus[uid]),
            share(output.validator_trust[uid]),
            share(output.incentive[uid]),
            share(output.dividends[uid]),
            alpha(output.server_emission[uid]),
            alpha(output.validator_emission[uid]),
        ]);
    }
    table
}

/// The fields in which two outputs differ.
fn differences(ours: &serde_json::Value, theirs: &serde_json::Value) -> Vec<String> {
    let fields = ours.as_object().into_iter().flatten();
    fields.filter(|(name, value)| theirs.get(name) != Some(value)).map(|(name, _)| name.clone()).collect()
}
