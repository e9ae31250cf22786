//! A run: a subnet, its agents, and epoch after epoch.

mod arrivals;
mod epoch;
mod record;
mod results;

pub use results::{Concentrations, GroupRun, Run, Totals};

use std::collections::BTreeMap;

use primitives::Hotkey;
use scoring::{Mechanism, Registry};

use crate::{
    agents::{Agent, Asked, Cast, Miner, Side, Temper, Validator},
    chain::Chain,
    draws::key,
    response::Deviation,
    scenario::{RAO, Scenario, ScenarioError},
};
use record::Recorder;

/// Who holds a key: a place in one of the lists.
#[derive(Clone, Copy, Debug)]
enum Holder {
    Miner(usize),
    Validator(usize),
}

/// A subnet and its agents, between two epochs.
struct World<'a> {
    scenario: &'a Scenario,
    seed: u64,
    cast: Cast,
    tempers: Vec<Temper>,
    mechanisms: Vec<Mechanism>,
    asked: Vec<Asked>,
    chain: Chain,
    agents: Vec<Agent>,
    miners: Vec<Miner>,
    validators: Vec<Validator>,
    holders: BTreeMap<Hotkey, Holder>,
    /// Miners that wait for a seat.
    waiting: Vec<usize>,
    /// How many of each group of miners there were.
    counts: Vec<u64>,
    record: Recorder,
}

/// One run of a scenario: the same seed gives the same bytes. What it sweeps is left alone.
pub fn run(scenario: &Scenario, registry: &Registry, seed: u64) -> Result<Run, ScenarioError> {
    scenario.check(registry)?;
    Ok(play(scenario, registry, seed, None)?.0)
}

/// A run of a scenario that was checked, in which one agent may deviate; and all agents, the first of each group before the
/// others of it.
pub(crate) fn play(
    scenario: &Scenario,
    registry: &Registry,
    seed: u64,
    deviation: Option<&Deviation>,
) -> Result<(Run, Vec<Agent>), ScenarioError> {
    let mut world = World::new(scenario, registry, seed, deviation)?;
    for epoch in 0..scenario.run.epochs {
        world.epoch(epoch);
    }
    Ok(world.end(seed))
}

impl<'a> World<'a> {
    fn new(
        scenario: &'a Scenario,
        registry: &Registry,
        seed: u64,
        deviation: Option<&Deviation>,
    ) -> Result<Self, ScenarioError> {
        let cast = Cast::new(scenario, deviation);
        let (mut mechanisms, mut asked) = (Vec::new(), Vec::new());
        for incentive in scenario.incentives() {
            let wrong = |source| ScenarioError::Incentive { key: "incentive".into(), source };
            mechanisms.push(registry.build(incentive).map_err(wrong)?);
            asked.push(Asked::under(incentive, scenario.run.answer_tokens));
        }
        let seed = key(seed, 0);
        let company = arrivals::assemble(scenario, &cast, seed, &mechanisms);
        let chain = Chain::new(company.genesis)?;
        let mut world = Self {
            scenario,
            seed,
            tempers: cast.miners.iter().map(Temper::of).collect(),
            cast,
            mechanisms,
            asked,
            chain,
            agents: company.agents,
            miners: company.miners,
            validators: company.validators,
            holders: company.holders,
            waiting: Vec::new(),
            counts: scenario.miners.iter().map(|group| group.count.into()).collect(),
            record: Recorder::new(scenario),
        };
        world.take_seats();
        Ok(world)
    }

    fn end(self, seed: u64) -> (Run, Vec<Agent>) {
        let miners = self.miners.iter().filter(|miner| miner.uid.is_some()).map(|miner| miner.agent);
        let validators = self.validators.iter().filter(|validator| validator.uid.is_some());
        let held = miners.chain(validators.map(|validator| validator.agent));
        let held: Vec<(Side, usize)> = held.map(|agent| (self.agents[agent].side, self.agents[agent].group)).collect();
        (self.record.end(seed, self.scenario.run.epochs, held), self.agents)
    }

    /// TAO as so much alpha.
    fn in_alpha(&self, rao: u64) -> f64 {
        rao as f64 / RAO / self.scenario.subnet.alpha_price_tao
    }
}
