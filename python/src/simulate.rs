//! A subnet on paper, played as often as a scenario says.

use std::{
    ops::ControlFlow,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use pyo3::prelude::*;
use scoring::Registry;
use simulation::{Progress, Scenario, campaign};

use crate::{failure::Failure, outcome::Outcome};

/// How often Python is asked whether to go on, where no run ends.
const LOOK: Duration = Duration::from_millis(50);

/// Plays a scenario.
///
/// Parameters
/// ----------
/// text : str
///     The scenario, as TOML or as one object of JSON.
/// runs : int, optional
///     In place of `run.runs`.
/// epochs : int, optional
///     In place of `run.epochs`.
/// seed : int, optional
///     In place of `run.seed`.
/// progress : callable of (int, int), optional
///     Is told how many runs are over, and of how many.
///
/// Returns
/// -------
/// Outcome
///
/// Raises
/// ------
/// ScenarioError
///     A scenario that makes no sense.
#[pyfunction]
#[pyo3(signature = (text, /, *, runs = None, epochs = None, seed = None, progress = None))]
pub fn simulate(
    py: Python<'_>,
    text: &str,
    runs: Option<u32>,
    epochs: Option<u64>,
    seed: Option<u64>,
    progress: Option<Py<PyAny>>,
) -> Result<Outcome, Failure> {
    let read = if text.trim_start().starts_with('{') { Scenario::from_json(text) } else { Scenario::from_toml(text) };
    let mut scenario = read?;
    let run = &mut scenario.run;
    (run.runs, run.epochs, run.seed) =
        (runs.unwrap_or(run.runs), epochs.unwrap_or(run.epochs), seed.unwrap_or(run.seed));
    let outcome = py.detach(|| watched(&scenario, progress.as_ref()))?;
    Outcome::of(py, outcome)
}

/// The campaign in threads of its own, while this one tells Python of it and hears of signals.
fn watched(scenario: &Scenario, progress: Option<&Py<PyAny>>) -> Result<simulation::Outcome, Failure> {
    let stop = &AtomicBool::new(false);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        // Whoever listens hears that it is over when the sender is gone.
        let campaign = scope.spawn(move || {
            campaign(scenario, &Registry::default(), |progress| {
                // Nobody listens any more where it was stopped.
                let _ = sender.send(progress);
                if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        let mut last = 0;
        let told = loop {
            let come = match receiver.recv_timeout(LOOK) {
                Ok(come) => Some(come),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            };
            // Threads overtake each other.
            let come = come.filter(|come| come.done > last);
            last = come.map_or(last, |come| come.done);
            if let Err(error) = tell(progress, come) {
                stop.store(true, Ordering::Relaxed);
                break Err(error);
            }
        };
        let outcome = campaign.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        told?;
        Ok(outcome?)
    })
}

fn tell(progress: Option<&Py<PyAny>>, come: Option<Progress>) -> PyResult<()> {
    Python::attach(|py| {
        py.check_signals()?;
        if let (Some(progress), Some(Progress { done, total })) = (progress, come) {
            progress.call1(py, (done, total))?;
        }
        Ok(())
    })
}
