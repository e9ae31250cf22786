//! `assay epoch`: one run of Yuma consensus, from a file or from the chain as it stands.

use std::{
    fs, io,
    io::{BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use chain::EpochState;
use primitives::BlockHash;
use scoring::yuma::{self, EpochInput, EpochOutput, LiquidAlpha};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    args::{ChainFlags, Global, SubnetFlags},
    commands::metagraph::{alpha, share},
    layers::Layer,
    row,
    table::Table,
};

/// Run one epoch of Yuma consensus offline
///
/// Computes what an epoch writes on chain, bit for bit: from a file, or from the chain as if an epoch ran now. Of a file
/// it prints the output as one line of JSON, and fails where the file has another one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The epoch's input as JSON: {"input": {…}}, with "output" to compare with if there is one, or the input alone; -
    /// reads stdin. Without it the chain is read
    #[arg(value_name = "FILE", conflicts_with_all = ["chain_url", "netuid", "at"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    chain: ChainFlags,
    #[command(flatten)]
    subnet: SubnetFlags,
    /// The block to start from, by hash; the finalised head without it
    #[arg(long, value_name = "HASH")]
    at: Option<BlockHash>,
    /// Print the chain's epoch as one line of JSON, {"input": …, "output": …}, in the form that FILE has
    #[arg(long)]
    json: bool,
}

/// One epoch as data.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Epoch {
    input: EpochInput,
    #[serde(default)]
    output: Option<EpochOutput>,
}

/// Whether a file holds an epoch, or its input alone.
#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    input: Option<IgnoredAny>,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match &args.file {
        Some(path) => of_file(path)?,
        None => of_chain(args, global).await?,
    }
    Ok(ExitCode::SUCCESS)
}

fn of_file(path: &Path) -> anyhow::Result<()> {
    let Epoch { input, output: expected } = read(path)?;
    let output = yuma::epoch(&input);
    print_line(&output)?;
    let Some(expected) = expected else { return Ok(()) };
    let differing = differences(&serde_json::to_value(&output)?, &serde_json::to_value(&expected)?);
    ensure!(differing.is_empty(), "the output differs from the file's in {}", differing.join(", "));
    Ok(())
}

async fn of_chain(args: Args, global: &Global) -> anyhow::Result<()> {
    let mut flags = Layer::default();
    args.chain.put(&mut flags);
    args.subnet.put(&mut flags);
    let settings = global.settings(flags)?.settings;
    let chain = settings.chain.connect().await?;
    let input = input(chain.epoch_state(settings.subnet.netuid, args.at).await?)?;
    let output = yuma::epoch(&input);
    if args.json {
        return print_line(&Epoch { input, output: Some(output) });
    }
    table(&input, &output).write(&mut io::stdout().lock())?;
    Ok(())
}

fn print_line(document: &impl Serialize) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut out, document)?;
    writeln!(out)?;
    out.flush()?;
    Ok(())
}

/// The chain's state as an epoch's input. What would make the result wrong is refused.
pub fn input(state: EpochState) -> anyhow::Result<EpochInput> {
    let at = state.block.number;
    ensure!(state.mechanisms == 1, "the subnet has {} mechanisms: only one is supported", state.mechanisms);
    ensure!(!state.child_keys, "the subnet has child keys at block {at}: borrowed stake isn't read yet");
    let cutoff = u64::from(state.activity_cutoff_factor_milli) * u64::from(state.tempo) / 1_000;
    let (alpha_low, alpha_high) = state.alpha_values;
    let sigmoid_steepness = state.alpha_sigmoid_steepness;
    Ok(EpochInput {
        block: at,
        tempo: state.tempo,
        activity_cutoff: cutoff.max(1),
        last_update: state.last_update,
        block_at_registration: state.block_at_registration,
        last_mechanism_step_block: state.last_mechanism_step_block,
        stake: state.stake,
        stake_fraction: state.stake_fraction,
        stake_threshold: state.stake_threshold,
        owner_uid: state.owner_uid,
        validator_permits: state.validator_permit,
        max_allowed_validators: state.max_allowed_validators,
        weights: state.weights,
        bonds: state.bonds,
        commit_blocks: state.commit_blocks,
        kappa: state.kappa,
        bonds_penalty: state.bonds_penalty,
        bonds_moving_average: state.bonds_moving_average,
        yuma3: state.yuma3_on,
        liquid_alpha: state.liquid_alpha_on.then_some(LiquidAlpha { alpha_low, alpha_high, sigmoid_steepness }),
        emission: state.pending_emission,
    })
}

/// The input that a file holds.
pub fn input_of(path: &Path) -> anyhow::Result<EpochInput> {
    Ok(read(path)?.input)
}

fn read(path: &Path) -> anyhow::Result<Epoch> {
    let name = path.display();
    let text = if path == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("{name}: cannot be read"))?;
    let whole = serde_json::from_str(&text).map(|Shape { input }| input.is_some());
    let epoch = whole.and_then(|whole| match whole {
        true => serde_json::from_str(&text),
        false => serde_json::from_str(&text).map(|input| Epoch { input, output: None }),
    });
    let epoch = epoch.map_err(|error| {
        let what = if error.is_data() { "not an epoch's input" } else { "not JSON" };
        anyhow::Error::new(error).context(format!("{name}: {what}"))
    })?;
    epoch.input.check().with_context(|| format!("{name}: not an epoch's input"))?;
    Ok(epoch)
}

fn table(input: &EpochInput, output: &EpochOutput) -> Table {
    let mut table = Table::new(&[
        "uid",
        "stake",
        "active",
        "permit",
        "consensus",
        "trust",
        "incentive",
        "dividends",
        "miner",
        "validator",
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
