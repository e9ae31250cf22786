//! Who is measured.

use std::{num::NonZero, path::Path, sync::Arc};

use anyhow::Context as _;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use model::{Alteration, Device, Dtype, Engine, EngineOptions, write_altered};
use primitives::{Digest, Prompt, Sampling};
use scoring::{
    calibration::{Conduct, Observed},
    proof::{Commitment, Proof, RowTree, Rows, chunks, forge},
};
use tokio::sync::OnceCell;

use super::measure::{Asked, Bench, Given};
use crate::progress;

/// Guesses that are held against one answer.
const ATTEMPTS: u32 = 100;

/// Answers that a miner makes at the same time.
const TOGETHER: usize = 8;

/// What the miners run on.
pub struct Cast<'a> {
    /// The model's folder.
    pub model: &'a Path,
    /// How miners run it.
    pub options: EngineOptions,
    /// For altered copies of the model.
    pub scratch: &'a Path,
    /// Answers of forgers: they cost next to nothing.
    pub forgeries: usize,
}

impl Cast<'_> {
    fn is_on_processor_in_f32(&self) -> bool {
        let on = |device: &Device| {
            *device == Device::Cpu && self.options.dtype.unwrap_or(device.usual_dtype()) == Dtype::F32
        };
        self.options.devices.iter().all(on)
    }
}

/// Measures everybody.
pub async fn observe(bench: &Bench, cast: &Cast<'_>) -> anyhow::Result<Vec<Observed>> {
    let bars = MultiProgress::with_draw_target(progress::target());
    let bar = |name: &str| {
        let style = ProgressStyle::with_template("{msg:36} {bar:30} {pos}/{len} {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = bars.add(ProgressBar::new(bench.answers as u64).with_style(style));
        bar.set_message(name.to_owned());
        bar
    };
    let mut observed = Vec::new();
    let mut add = |name: &str, conduct, samples: Vec<_>| {
        tracing::info!(miner = name, answers = samples.len(), "measured");
        observed.push(Observed { name: name.to_owned(), conduct, samples });
    };

    // Alone: one answer at a time, nothing reused, one thread.
    let alone =
        EngineOptions { slots: 1, threads: Some(NonZero::<usize>::MIN), prefix_reuse: false, ..cast.options.clone() };
    let engine = load(cast.model, &alone)?;
    let name = "honest, one at a time";
    let samples = bench.observe(1, bar(name), |_, asked| Given::from_engine(&engine, asked)).await?;
    add(name, Conduct::Honest, samples);
    drop(engine);

    // Everything that a busy miner does: a batch, prompts cut into pieces, prefixes reused, two threads.
    let busy = EngineOptions {
        slots: TOGETHER,
        threads: NonZero::new(2),
        step_tokens: Some(TOGETHER + 8),
        prefix_reuse: true,
        ..cast.options.clone()
    };
    // The numbers of an older processor: the same model, rounded elsewhere.
    if cast.is_on_processor_in_f32() {
        let engine = load(cast.model, &EngineOptions { baseline_instructions: true, ..busy.clone() })?;
        let name = "honest, older instructions";
        let samples = bench.observe(TOGETHER, bar(name), |_, asked| Given::from_engine(&engine, asked)).await?;
        add(name, Conduct::Honest, samples);
    }

    let engine = load(cast.model, &busy)?;
    let engine = &engine;
    let name = "honest, eight at a time";
    let samples = bench.observe(TOGETHER, bar(name), |_, asked| Given::from_engine(engine, asked)).await?;
    add(name, Conduct::Honest, samples);

    let name = "temperature 10 % lower";
    let samples = bench.observe(TOGETHER, bar(name), |_, mut asked| {
        asked.request.sampling = Sampling::at(900);
        Given::from_engine(engine, asked)
    });
    add(name, Conduct::Sampling, samples.await?);

    let name = "greedy";
    let samples = bench.observe(TOGETHER, bar(name), |_, mut asked| {
        asked.request.sampling = Sampling::at(0);
        Given::from_engine(engine, asked)
    });
    add(name, Conduct::Sampling, samples.await?);

    let name = "own noise";
    let samples = bench.observe(TOGETHER, bar(name), |_, asked| Given::from_engine(engine, other_seed(asked, b"own")));
    add(name, Conduct::Sampling, samples.await?);

    // The same prompt and the honest answer to it, of a request to somebody else.
    let name = "relayed answer";
    let samples =
        bench.observe(TOGETHER, bar(name), |_, asked| Given::from_engine(engine, other_seed(asked, b"relay")));
    add(name, Conduct::Sampling, samples.await?);

    let name = "cached answer";
    let cache = Arc::new(OnceCell::new());
    let samples = bench.observe(TOGETHER, bar(name), |_, _| {
        let cache = cache.clone();
        async move {
            // The first of whole length.
            let answer = cache.get_or_try_init(|| async {
                for index in 0.. {
                    let given = Given::from_engine(engine, bench.asked(1_000_000 + index)).await?;
                    if given.tokens.len() as u32 == bench.tokens {
                        return Ok(given);
                    }
                }
                unreachable!("there is always another request")
            });
            answer.await.cloned()
        }
    });
    add(name, Conduct::Model, samples.await?);

    let name = "second half of the prompt";
    let samples = bench.observe(TOGETHER, bar(name), |_, mut asked| async move {
        let tokens = engine.prompt_tokens(&asked.request.prompt)?;
        asked.request.prompt = Prompt::Tokens(tokens[tokens.len() / 2..].to_vec());
        Given::from_engine(engine, asked).await
    });
    add(name, Conduct::Model, samples.await?);

    for (name, kind, conduct) in [
        ("int8 weights, by channel", Alteration::Int8, Conduct::Rounded),
        ("int4 weights, groups of 64", Alteration::Int4, Conduct::Model),
        ("another model, weights 20 % off", Alteration::Moved, Conduct::Model),
    ] {
        let folder = cast.scratch.join(format!("{kind:?}").to_lowercase());
        write_altered(cast.model, &folder, kind).context("writing an altered copy of the model")?;
        let engine = load(&folder, &busy)?;
        let samples = bench.observe(TOGETHER, bar(name), |_, asked| Given::from_engine(&engine, asked)).await?;
        add(name, conduct, samples);
    }

    let forgers = forged(bench, engine, cast.forgeries, &bar("forger")).await?;
    observed.extend(forgers);
    Ok(observed)
}

/// The strongest forgers there can be: their tokens are right, as if somebody had given them away, and only their proofs
/// are made up. One guesses numbers of a usual size, the other shows what it saw in the answer to another request.
async fn forged(
    bench: &Bench,
    engine: &Engine,
    forgeries: usize,
    progress: &ProgressBar,
) -> anyhow::Result<Vec<Observed>> {
    progress.set_length(forgeries as u64);
    let (mut guessed, mut borrowed) = (Vec::new(), Vec::new());
    let mut before: Option<Rows> = None;
    for index in 0.. {
        let asked = bench.asked(index);
        let given = Given::from_engine(engine, asked.clone()).await?;
        let audit = bench.audit(&asked, &given).await?;
        let (width, prompt, answered) = (audit.rows.width(), audit.prompt_tokens, given.tokens.len());
        for attempt in 0..ATTEMPTS {
            let attempt = index as u32 * ATTEMPTS + attempt;
            let Some((proof, rows)) = forge(attempt, width, prompt, answered) else { continue };
            let forged = Given { proof: Some(proof), rows: Some(rows), ..given.clone() };
            guessed.push(bench.sample(attempt as usize, &asked, &forged, &audit));
        }
        if let Some(rows) = before.replace(audit.rows.clone()) {
            let values = rows.values().iter().copied().cycle().take(width * audit.rows.len()).collect();
            if let Some(given) = Rows::new(width, values).and_then(|rows| borrow(&given, rows, prompt)) {
                borrowed.push(bench.sample(index, &asked, &given, &audit));
            }
        }
        progress.set_position(guessed.len() as u64);
        if guessed.len() >= forgeries && borrowed.len() >= bench.answers.min(100) {
            break;
        }
    }
    guessed.truncate(forgeries);
    let of = |name: &str, samples| Observed { name: name.to_owned(), conduct: Conduct::Forged, samples };
    Ok(vec![of("forger, by guessing", guessed), of("forger, proof of another answer", borrowed)])
}

/// The same tokens, with the rows of something else.
fn borrow(given: &Given, rows: Rows, prompt: usize) -> Option<Given> {
    let chunks = chunks(prompt, given.tokens.len()).map(|chunk| Commitment::of(rows.slice(chunk)?));
    let commitments = chunks.collect::<Option<_>>()?;
    let root = RowTree::new(&rows)?.root();
    Some(Given { proof: Some(Proof { commitments, root }), rows: Some(rows), ..given.clone() })
}

/// The same request, with other noise.
fn other_seed(asked: Asked, whose: &[u8]) -> Asked {
    Asked { seed: Digest::derive("assay 2026-11 other seed v1", &[&asked.seed.0, whose]), ..asked }
}

fn load(folder: &Path, options: &EngineOptions) -> anyhow::Result<Engine> {
    Engine::load_with(folder, options, Box::new(|_| ())).with_context(|| format!("loading {}", folder.display()))
}
