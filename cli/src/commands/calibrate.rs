//! `assay calibrate`: what proofs of a model must look like.

use std::{
    fs,
    num::NonZero,
    path::PathBuf,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use model::{Backend as _, CALIBRATION_FILE, Device, EngineOptions, ModelError};
use scoring::calibration::{CALIBRATION_VERSION, Calibration, Conduct, Demands, Population, Setting, fit, judge};
use tempfile::TempDir;

use crate::{
    args::{Global, KeyFlags, ModelFlags},
    calibration::{Bench, Cast, observe, picture, table},
    identity,
    layers::Layer,
    loading, output,
    settings::ModelSettings,
    stop::Stop,
    whole_file::WholeFile,
};

/// The least number of answers whose rates say anything.
const LEAST_ANSWERS: u64 = 20;

/// Measure a model, and issue the thresholds that proofs of it must keep
///
/// Honest miners, rounded copies of the model, other samplers and forgers answer the same kind of requests, and each answer is audited as a validator would. Thresholds lie between the honest and the cheats; where a forger or a copy in int4 would pass, none are issued. The file is signed: it belongs into the model's folder, where miners and validators find it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model folder with config.json, *.safetensors and tokenizer.json; as --model
    #[arg(value_name = "MODEL", conflicts_with = "model")]
    folder: Option<PathBuf>,
    /// Where the calibration goes; by default calibration.json in the model's folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the picture of the distributions goes, as SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Answers of each kind of miner
    #[arg(long, value_name = "COUNT", default_value_t = 200, value_parser = clap::value_parser!(u64).range(LEAST_ANSWERS..=100_000))]
    answers: u64,
    /// Forged proofs
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    forgeries: u64,
    /// The length of an answer
    #[arg(long, value_name = "TOKENS", default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=4_096))]
    tokens: u32,
    /// Rows that are opened of an answer
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16))]
    opened_rows: u32,
    /// Where miners run the model; as --device if not given
    #[arg(long, value_name = "DEVICE")]
    miner_device: Option<String>,
    /// The number type in which miners compute; as --dtype if not given
    #[arg(long, value_name = "TYPE")]
    miner_dtype: Option<String>,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    model: ModelFlags,
    #[command(flatten)]
    key: KeyFlags,
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let stop = Stop::listen().context("listening for signals")?;
    tokio::select! {
        done = measure(args, global) => done,
        // Copies of the model, which may be large, go with what is dropped.
        () = stop.requested() => bail!("stopped before the end: nothing is written"),
    }
}

async fn measure(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut flags = Layer::default();
    args.model.put(&mut flags);
    args.key.put(&mut flags);
    flags.flag("MODEL", "model.path", args.folder.as_ref().map(|path| path.display()));
    let settings = global.settings(flags)?.settings;
    // Before an hour of work is done for a key that isn't there, or a folder that can't be written.
    let key = identity::hotkey(&settings.wallet, args.key.key.as_deref(), settings.chain.furthest())?;
    if !settings.model.path.is_dir() {
        return Err(ModelError::MissingFolder { path: settings.model.path }.into());
    }
    let out = args.out.clone().unwrap_or_else(|| settings.model.path.join(CALIBRATION_FILE));
    let (out, picture_out) = (WholeFile::create(&out)?, args.picture.as_deref().map(WholeFile::create).transpose()?);

    let validator = ModelSettings { slots: 8, ..settings.model };
    let miner = ModelSettings {
        device: args.miner_device.clone().unwrap_or_else(|| validator.device.clone()),
        dtype: args.miner_dtype.clone().unwrap_or_else(|| validator.dtype.clone()),
        ..validator.clone()
    };
    let answers = usize::try_from(args.answers)?;
    let bench = Bench {
        referee: loading::engine_with(
            &validator,
            &EngineOptions {
                threads: Some(NonZero::<usize>::MIN),
                calibration: false,
                ..loading::options(&validator, answers)?
            },
        )?,
        answers,
        tokens: args.tokens,
        opened_rows: args.opened_rows,
    };
    let scratch = TempDir::new().context("making a temporary folder")?;
    let cast = Cast {
        model: &miner.path,
        options: EngineOptions { calibration: false, ..loading::options(&miner, answers)? },
        scratch: scratch.path(),
        forgeries: usize::try_from(args.forgeries)?,
    };
    let observed = observe(&bench, &cast).await?;
    let demands = Demands { answer_tokens: args.tokens, opened_rows: args.opened_rows, ..Demands::default() };
    let thresholds = fit(&observed, &demands).context("no thresholds are issued")?;
    let populations: Vec<Population> = observed.iter().map(|observed| observed.sum_up(&thresholds)).collect();

    let manifest = bench.referee.manifest();
    let title =
        format!("{}: miners in {}, validator in {}", manifest.name, setting(&miner)?.dtype, setting(&validator)?.dtype);
    let calibration = Calibration {
        version: CALIBRATION_VERSION,
        name: manifest.name.clone(),
        model: manifest.digest,
        made_s: SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?.as_secs(),
        miner: setting(&miner)?,
        validator: setting(&validator)?,
        demands,
        thresholds,
        populations,
    };
    if let Some(out) = picture_out {
        out.write(picture(&title, &observed, &thresholds)?.as_bytes())?;
    }
    let text = table(&calibration);
    // What was measured is told in any case: it shows why.
    if let Err(error) = judge(&calibration.populations, &demands) {
        output::print(&text, &serde_json::to_value(&calibration)?, args.json)?;
        return Err(error).context("no thresholds are issued");
    }
    let signed = calibration.sign(&key);
    out.write(&signed.encode())?;
    for population in signed.calibration.populations.iter().filter(|population| population.conduct == Conduct::Rounded)
    {
        if population.rejected < population.answers {
            let (rejected, answers) = (population.rejected, population.answers);
            tracing::warn!(miner = population.name, rejected, answers, "not told from the honest in every answer");
        }
    }
    output::print(&text, &serde_json::to_value(&signed)?, args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// How one side computes, in words.
fn setting(settings: &ModelSettings) -> anyhow::Result<Setting> {
    let options = loading::options(settings, 1)?;
    let device = options.devices.first().copied().unwrap_or(Device::Cpu);
    let dtype = options.dtype.unwrap_or(device.usual_dtype()).to_string();
    Ok(Setting { dtype, device: device.to_string(), hardware: hardware(device) })
}

fn hardware(device: Device) -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name));
    match device {
        Device::Cpu => name.map_or_else(|| std::env::consts::ARCH.to_owned(), |name| name.trim().to_owned()),
        device => device.to_string(),
    }
}
