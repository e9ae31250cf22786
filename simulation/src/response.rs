//! Whether honesty is the best response: one agent does something else while all others stay as they are.

use scoring::statistics::{Alternative as Tail, RankMethod, holm, wilcoxon_signed_rank};
use serde::Serialize;

use crate::{
    agents::{Agent, Side},
    estimate::Estimate,
    scenario::{LazyRow, MinerGroup, MinerStrategy, RAO, Scenario, ValidatorGroup, ValidatorStrategy, found},
};

/// What a cheat saves that needs no model, where the scenario has none of its kind to look at.
const WITHOUT_MODEL: f64 = 0.05;
/// The same with a cheaper model: of cost, and of time.
const CHEAPER: f64 = 0.5;
const QUICKER: f64 = 0.6;
/// And how good it is beside the honest one.
const LESS_SKILLED: f64 = 0.95;

/// What the first one of a group does instead.
#[derive(Clone, Debug)]
pub(crate) enum Deviation {
    Miner { group: usize, like: Box<MinerGroup> },
    Validator { group: usize, like: Box<ValidatorGroup> },
}

/// Something else to do.
#[derive(Clone, Debug)]
pub(crate) struct Departure {
    pub deviation: Deviation,
    side: Side,
    group: usize,
    kind: &'static str,
    /// Miners that it works for: their profit counts as its own.
    friends: Option<usize>,
}

/// Profits of pairs of runs, each of one seed, in alpha.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    pub honest: Vec<f64>,
    pub departed: Vec<f64>,
}

/// What becomes of one honest agent that does something else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Response {
    /// `miners` or `validators`.
    pub side: &'static str,
    /// The honest group that it is one of.
    pub group: String,
    /// What it does instead.
    pub alternative: &'static str,
    /// Its profit over a run while it is honest, in alpha: emission less cost. With that of the miners that a colluding
    /// validator works for.
    pub honest_profit_alpha: Estimate,
    /// Its profit with the alternative, in alpha.
    pub alternative_profit_alpha: Estimate,
    /// What it gains by it, in alpha: the mean over pairs of runs of one seed.
    pub gain_alpha: Estimate,
    /// The chance of such differences where there is none: Wilcoxon's test of the pairs, by Holm's adjustment for all
    /// alternatives that were tried. None where no pair differs.
    pub p_value: Option<f64>,
    /// What follows.
    pub verdict: Verdict,
}

/// Whether honesty pays better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    HonestIsBetter,
    /// It doesn't.
    HonestIsWorse,
    /// Runs don't say.
    Undecided,
}

/// All that honest agents might do instead: of the first honest group of either side. Like a group of that kind where the
/// scenario has one; otherwise like the honest ones, with the costs that are left.
pub(crate) fn departures(scenario: &Scenario) -> Vec<Departure> {
    let mut departures = Vec::new();
    let honest = MinerStrategy::default();
    if let Some(group) = scenario.miners.iter().position(|of| of.strategy == honest) {
        departures.extend(miners(scenario, group));
    }
    let honest = ValidatorStrategy::default();
    if let Some(group) = scenario.validators.iter().position(|of| of.strategy == honest) {
        departures.extend(validators(scenario, group));
    }
    departures
}

fn miners(scenario: &Scenario, group: usize) -> Vec<Departure> {
    let honest = &scenario.miners[group];
    let like = |strategy: MinerStrategy, skill: f64, cost: f64, time: f64| {
        let known = scenario.miners.iter().find(|of| of.strategy.kind() == strategy.kind());
        let derived = MinerGroup {
            cost_alpha_per_answer: honest.cost_alpha_per_answer * cost,
            cost_alpha_per_epoch: honest.cost_alpha_per_epoch * cost,
            latency_ms: honest.latency_ms * time,
            skill: honest.skill * skill,
            strategy,
            ..honest.clone()
        };
        known.cloned().unwrap_or(derived)
    };
    let cacher = MinerStrategy::Cacher { repeated_share: 1.0, repeated_skill: 0.0, detection: found() };
    let copier = MinerStrategy::Copier { victim: Some(honest.name.clone()), delay_ms: 100.0, detection: found() };
    let options = [
        like(MinerStrategy::Lazy { answered_share: 0.5 }, 1.0, 1.0, 1.0),
        like(cacher, 1.0, WITHOUT_MODEL, 0.1),
        like(MinerStrategy::Quantiser { detection: found() }, LESS_SKILLED, CHEAPER, QUICKER),
        like(MinerStrategy::Sybil { uids: 4, capacity_uids: 1.0, queues: false }, 1.0, 1.0, 1.0),
        like(copier, 1.0, WITHOUT_MODEL, 1.0),
    ];
    let departure = |like: MinerGroup| Departure {
        side: Side::Miners,
        group,
        kind: like.strategy.kind(),
        friends: None,
        deviation: Deviation::Miner { group, like: Box::new(like) },
    };
    options.into_iter().map(departure).collect()
}

fn validators(scenario: &Scenario, group: usize) -> Vec<Departure> {
    let honest = &scenario.validators[group];
    let colludes = |of: &ValidatorGroup| match &of.strategy {
        ValidatorStrategy::Colluding { miners } => Some(miners.clone()),
        _ => None,
    };
    let friends = scenario.validators.iter().find_map(colludes);
    let mut strategies = vec![
        ValidatorStrategy::Lazy { row: LazyRow::Equal, worked_epochs: 1 },
        ValidatorStrategy::Lazy { row: LazyRow::Stale, worked_epochs: 10 },
        ValidatorStrategy::WeightCopier {},
    ];
    strategies.extend(friends.clone().map(|miners| ValidatorStrategy::Colluding { miners }));
    let departure = |strategy: ValidatorStrategy| {
        let kind = strategy.kind();
        let known = scenario.validators.iter().find(|of| of.strategy.kind() == kind);
        let (strategy, cost) = match known {
            Some(known) => (known.strategy.clone(), known.cost_alpha_per_epoch),
            None => (strategy, honest.cost_alpha_per_epoch * WITHOUT_MODEL),
        };
        // Its stake is its own.
        let like = ValidatorGroup { strategy, cost_alpha_per_epoch: cost, ..honest.clone() };
        let friends = friends.as_ref().filter(|_| kind == "colluding");
        Departure {
            side: Side::Validators,
            group,
            kind,
            friends: friends.and_then(|name| scenario.miners.iter().position(|of| of.name == *name)),
            deviation: Deviation::Validator { group, like: Box::new(like) },
        }
    };
    strategies.into_iter().map(departure).collect()
}

impl Departure {
    /// What the one that decides made of a run, in alpha.
    pub fn profit(&self, agents: &[Agent]) -> f64 {
        let profit = |agent: &Agent| agent.earned_rao as f64 / RAO - agent.cost_alpha;
        let own = agents.iter().find(|agent| (agent.side, agent.group) == (self.side, self.group)).map_or(0.0, profit);
        let is_friend = |agent: &&Agent| Some(agent.group) == self.friends && agent.side == Side::Miners;
        own + agents.iter().filter(is_friend).map(profit).sum::<f64>()
    }
}

/// What each departure came to, by the profits of pairs of runs: honest, and departed.
pub(crate) fn judge(scenario: &Scenario, departures: &[Departure], profits: &[Pairs]) -> Vec<Response> {
    let confidence = scenario.run.confidence;
    // Pairs that don't differ have no chance to speak of, and take no part in the adjustment.
    let chances: Vec<Option<f64>> = profits
        .iter()
        .map(|pairs| {
            let test = wilcoxon_signed_rank(&pairs.departed, &pairs.honest, Tail::TwoSided, RankMethod::Automatic);
            test.ok().map(|test| test.p_value)
        })
        .collect();
    let known: Vec<f64> = chances.iter().copied().flatten().collect();
    let mut adjusted = holm(&known).unwrap_or_default().into_iter();
    let chances: Vec<Option<f64>> = chances.into_iter().map(|chance| chance.and_then(|_| adjusted.next())).collect();
    let respond = |((departure, pairs), p_value): ((&Departure, &Pairs), Option<f64>)| {
        let Pairs { honest, departed } = pairs;
        let gains: Vec<f64> = departed.iter().zip(honest).map(|(departed, honest)| departed - honest).collect();
        let gain_alpha = Estimate::of(&gains, confidence);
        let sure = p_value.is_some_and(|chance| chance < 1.0 - confidence);
        let (side, group) = match departure.side {
            Side::Miners => ("miners", &scenario.miners[departure.group].name),
            Side::Validators => ("validators", &scenario.validators[departure.group].name),
        };
        Response {
            side,
            group: group.clone(),
            alternative: departure.kind,
            honest_profit_alpha: Estimate::of(honest, confidence),
            alternative_profit_alpha: Estimate::of(departed, confidence),
            verdict: match gain_alpha.mean {
                gain if sure && gain < 0.0 => Verdict::HonestIsBetter,
                gain if sure && gain > 0.0 => Verdict::HonestIsWorse,
                _ => Verdict::Undecided,
            },
            gain_alpha,
            p_value,
        }
    };
    departures.iter().zip(profits).zip(chances).map(respond).collect()
}
