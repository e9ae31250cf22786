//! A campaign: every point of the grid, with many seeds, honest and otherwise. Runs go side by side; what comes out doesn't
//! depend on how many at a time.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering},
};

use rayon::prelude::*;
use scoring::Registry;
use serde::Serialize;

use crate::{
    response::{Departure, Pairs, Response, departures, judge},
    scenario::{GridPoint, Scenario, ScenarioError, Setting},
    summary::Summary,
    world::{Run, play},
};

/// How far a campaign has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs that are over.
    pub done: u64,
    /// Runs in all.
    pub total: u64,
}

/// What a campaign came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// One for each combination of swept settings; one where nothing is swept.
    pub points: Vec<PointOutcome>,
}

/// What one combination of settings came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointOutcome {
    /// The swept settings and their values.
    pub settings: BTreeMap<String, Setting>,
    /// Epochs of each run.
    pub epochs: u64,
    /// Runs, without those of other responses.
    pub runs: u32,
    /// The chance with which intervals hold what they are about.
    pub confidence: f64,
    /// Of its runs.
    pub summary: Summary,
    /// What becomes of one honest agent that does something else: none where the scenario doesn't ask.
    pub responses: Vec<Response>,
}

/// One run that has to be done.
struct Job<'a> {
    point: usize,
    scenario: &'a Scenario,
    seed: u64,
    departure: Option<&'a Departure>,
}

/// What is kept of a run.
enum Played {
    Honest(Box<Run>, Vec<f64>),
    Departed(f64),
}

/// Runs a scenario as often as it says. Rules may name the tasks and scorers of `registry`. `progress` is called after each run, from any thread, and may break off.
pub fn campaign(
    scenario: &Scenario,
    registry: &Registry,
    progress: impl Fn(Progress) -> ControlFlow<()> + Sync,
) -> Result<Outcome, ScenarioError> {
    scenario.check(registry)?;
    let grid = scenario.grid(registry)?;
    let options: Vec<Vec<Departure>> = grid
        .iter()
        .map(|point| if point.scenario.run.best_response { departures(&point.scenario) } else { Vec::new() })
        .collect();
    let jobs: Vec<Job<'_>> =
        grid.iter().enumerate().flat_map(|(at, point)| jobs(at, &point.scenario, &options[at])).collect();
    let (done, total) = (AtomicU64::new(0), jobs.len() as u64);
    let played = jobs
        .par_iter()
        .map(|job| {
            let played = job.play(registry, &options[job.point])?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            match progress(Progress { done, total }) {
                ControlFlow::Continue(()) => Ok(played),
                ControlFlow::Break(()) => Err(ScenarioError::Stopped),
            }
        })
        .collect::<Result<Vec<Played>, ScenarioError>>()?;

    let mut played = played.into_iter();
    let points = grid.iter().zip(&options).map(|(point, options)| outcome(point, options, &mut played)).collect();
    Ok(Outcome { points })
}

/// All runs of a point: honest ones first, then those of each departure.
fn jobs<'a>(point: usize, scenario: &'a Scenario, options: &'a [Departure]) -> impl Iterator<Item = Job<'a>> {
    let seeds = move || (0..u64::from(scenario.run.runs)).map(|run| scenario.run.seed.wrapping_add(run));
    let departures = std::iter::once(None).chain(options.iter().map(Some));
    departures.flat_map(move |departure| seeds().map(move |seed| Job { point, scenario, seed, departure }))
}

impl Job<'_> {
    fn play(&self, registry: &Registry, options: &[Departure]) -> Result<Played, ScenarioError> {
        let deviation = self.departure.map(|departure| &departure.deviation);
        let (run, agents) = play(self.scenario, registry, self.seed, deviation)?;
        Ok(match self.departure {
            Some(departure) => Played::Departed(departure.profit(&agents)),
            None => {
                let profits = options.iter().map(|departure| departure.profit(&agents)).collect();
                Played::Honest(Box::new(run), profits)
            }
        })
    }
}

fn outcome(point: &GridPoint, options: &[Departure], played: &mut impl Iterator<Item = Played>) -> PointOutcome {
    let runs = usize::try_from(point.scenario.run.runs).unwrap_or(usize::MAX);
    let mut honest = Vec::with_capacity(runs);
    let mut pairs = vec![Pairs::default(); options.len()];
    for played in played.by_ref().take(runs) {
        let Played::Honest(run, profits) = played else { continue };
        pairs.iter_mut().zip(profits).for_each(|(pair, profit)| pair.honest.push(profit));
        honest.push(*run);
    }
    for pair in &mut pairs {
        let departed = played.by_ref().take(runs).filter_map(|played| match played {
            Played::Departed(profit) => Some(profit),
            Played::Honest(..) => None,
        });
        pair.departed.extend(departed);
    }
    let run = &point.scenario.run;
    PointOutcome {
        settings: point.settings.clone(),
        epochs: run.epochs,
        runs: run.runs,
        confidence: run.confidence,
        summary: Summary::of(&honest, run.confidence),
        responses: judge(&point.scenario, options, &pairs),
    }
}
