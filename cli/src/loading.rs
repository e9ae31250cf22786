//! The models that the settings name, loaded; and how far that is: drawn on stderr where somebody looks, logged where nobody
//! does.

use std::{
    num::NonZero,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use model::{Backend, Device, Dtype, Encoder, Engine, EngineOptions, LoadProgress, OnProgress, Options, Script};

use crate::{
    progress::{self, Progress},
    settings::ModelSettings,
};

/// Between two lines of the log. A model that loads faster writes none.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// Load the language model, for so many requests that may wait.
pub fn engine(settings: &ModelSettings, queue: usize) -> anyhow::Result<Engine> {
    engine_with(settings, &options(settings, queue)?)
}

/// Load the language model with these options.
pub fn engine_with(settings: &ModelSettings, options: &EngineOptions) -> anyhow::Result<Engine> {
    Ok(Engine::load_with(&settings.path, options, progress())?)
}

/// How the settings want the language model to run.
pub fn options(settings: &ModelSettings, queue: usize) -> anyhow::Result<EngineOptions> {
    Ok(EngineOptions {
        devices: devices(settings)?,
        dtype: dtype(settings)?,
        threads: NonZero::new(settings.threads),
        slots: settings.slots,
        slot_tokens: settings.slot_tokens,
        step_tokens: (settings.step_tokens > 0).then_some(settings.step_tokens),
        queue,
        prefix_reuse: settings.prefix_reuse,
        baseline_instructions: false,
        calibration: true,
    })
}

/// Load what is to be served: a folder's language model, or a TorchScript module.
pub fn backend(settings: &ModelSettings, queue: usize) -> anyhow::Result<Arc<dyn Backend>> {
    if Script::is_file(&settings.path) {
        return Ok(Arc::new(script(settings)?));
    }
    Ok(Arc::new(engine(settings, queue)?))
}

/// Load the sentence encoder, where the settings name one.
pub fn encoder(settings: &ModelSettings) -> anyhow::Result<Option<Arc<dyn Backend>>> {
    let Some(path) = &settings.encoder_path else { return Ok(None) };
    Ok(Some(Arc::new(Encoder::load_with(path, first_device(settings)?, torch_options(settings)?)?)))
}

/// Load the TorchScript module.
pub fn script(settings: &ModelSettings) -> anyhow::Result<Script> {
    Ok(Script::load(&settings.path, first_device(settings)?, torch_options(settings)?)?)
}

fn devices(settings: &ModelSettings) -> anyhow::Result<Vec<Device>> {
    let devices = settings.device.split(',').map(|device| device.trim().parse());
    devices.collect::<Result<_, _>>().context("model.device")
}

/// What isn't served in copies runs on the first of them.
fn first_device(settings: &ModelSettings) -> anyhow::Result<Device> {
    devices(settings)?.into_iter().next().context("model.device names none")
}

fn dtype(settings: &ModelSettings) -> anyhow::Result<Option<Dtype>> {
    match settings.dtype.as_str() {
        "auto" => Ok(None),
        name => Ok(Some(name.parse().context("model.dtype")?)),
    }
}

fn torch_options(settings: &ModelSettings) -> anyhow::Result<Options> {
    Ok(Options { threads: NonZero::new(settings.threads), dtype: dtype(settings)? })
}

/// Say it in the way that fits stderr.
pub fn progress() -> OnProgress {
    if progress::is_drawn() {
        return Box::new(bar());
    }
    let mut pace = Pace { last: Instant::now() };
    Box::new(move |progress| {
        if pace.is_due(Instant::now()) {
            let LoadProgress { step, done_bytes, total_bytes } = progress;
            tracing::info!(%step, done_bytes, total_bytes, "model loading");
        }
    })
}

/// Clears itself away when both steps are done, or when it is dropped on a failure.
fn bar() -> impl FnMut(LoadProgress) + Send {
    let mut bar = None;
    let mut step = None;
    move |progress| {
        let shown = bar.get_or_insert_with(Progress::of_bytes);
        if step != Some(progress.step) {
            step = Some(progress.step);
            shown.begin(progress.step.to_string(), progress.total_bytes);
        }
        shown.set(progress.done_bytes);
        if progress.step == model::LoadStep::Place && progress.done_bytes == progress.total_bytes {
            bar = None;
        }
    }
}

/// When a line was last written.
struct Pace {
    last: Instant,
}

impl Pace {
    fn is_due(&mut self, now: Instant) -> bool {
        let due = now.duration_since(self.last) >= LOG_EVERY;
        if due {
            self.last = now;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_distance() {
        let start = Instant::now();
        let mut pace = Pace { last: start };
        let at = |seconds| start + Duration::from_secs(seconds);
        let due: Vec<bool> = [0, 4, 5, 6, 9, 10, 30, 31].map(|seconds| pace.is_due(at(seconds))).into();
        assert_eq!(due, [false, false, true, false, false, true, true, false]);
    }
}
