//! What is written down of a run while it goes on.

use scoring::concentration::Concentration;

use super::results::{Concentrations, GroupRun, Run, Totals};
use crate::{
    agents::Side,
    chain::{Epoch, SeatPayment},
    scenario::{RAO, Scenario},
};

/// Points of a series.
const MOST_POINTS: u64 = 250;

/// Sums over the epochs of one point.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    earned: u64,
    cost_alpha: f64,
    /// Seats, once for each epoch.
    seats: u64,
    trust: u64,
    stake_alpha: f64,
}

pub(super) struct Recorder {
    miner_groups: usize,
    groups: Vec<GroupRun>,
    sums: Vec<Sums>,
    until_epochs: Vec<u64>,
    concentration: Concentrations,
    totals: Totals,
}

/// What one epoch gave to whom: of each seat that somebody holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Earned {
    pub side: Side,
    pub group: usize,
    pub agent: usize,
    pub rao: u64,
    /// Of 65535.
    pub trust: u16,
    /// Alpha staked before it was paid, in rao.
    pub stake: u64,
}

impl Recorder {
    pub fn new(scenario: &Scenario) -> Self {
        let group = |name: &str, side, kind, agents: u16| GroupRun {
            name: name.to_owned(),
            side,
            kind,
            agents: agents.into(),
            emission_alpha: 0.0,
            cost_alpha: 0.0,
            profit_alpha: 0.0,
            return_on_cost: None,
            epochs_until_deregistered: Vec::new(),
            seats_at_end: 0,
            emission_alpha_per_epoch: Vec::new(),
            cost_alpha_per_epoch: Vec::new(),
            seats: Vec::new(),
            validator_trust: Vec::new(),
            dividends_per_stake: Vec::new(),
        };
        let miners = scenario.miners.iter().map(|of| group(&of.name, "miners", of.strategy.kind(), of.count));
        let validators =
            scenario.validators.iter().map(|of| group(&of.name, "validators", of.strategy.kind(), of.count));
        let groups: Vec<GroupRun> = miners.chain(validators).collect();
        let (epochs, points) = (scenario.run.epochs, scenario.run.epochs.min(MOST_POINTS));
        let end = |point: u64| u64::try_from(u128::from(epochs) * u128::from(point + 1) / u128::from(points.max(1)));
        Self {
            miner_groups: scenario.miners.len(),
            sums: vec![Sums::default(); groups.len()],
            groups,
            until_epochs: (0..points).map(|point| end(point).unwrap_or(epochs)).collect(),
            concentration: Concentrations::default(),
            totals: Totals::default(),
        }
    }

    /// The place of a group's numbers.
    fn at(&self, side: Side, group: usize) -> usize {
        match side {
            Side::Miners => group,
            Side::Validators => self.miner_groups + group,
        }
    }

    /// One more member.
    pub fn joined(&mut self, side: Side, group: usize) {
        let at = self.at(side, group);
        self.groups[at].agents += 1;
    }

    /// A seat was lost after so many epochs.
    pub fn left(&mut self, side: Side, group: usize, epochs: u64) {
        let at = self.at(side, group);
        self.groups[at].epochs_until_deregistered.push(epochs);
    }

    /// In alpha.
    pub fn spent(&mut self, side: Side, group: usize, cost_alpha: f64) {
        let at = self.at(side, group);
        self.sums[at].cost_alpha += cost_alpha;
        self.groups[at].cost_alpha += cost_alpha;
    }

    /// An epoch is over; it is the so many-th.
    pub fn close(&mut self, epoch: u64, ran: &Epoch, earned: &[Earned]) {
        let paid = &ran.payment;
        let sum = |of: fn(&SeatPayment) -> u64| paid.seats.iter().map(of).fold(0, u64::saturating_add);
        let totals = &mut self.totals;
        let add = |total: &mut u64, part: u64| *total = total.saturating_add(part);
        add(&mut totals.emitted_rao, ran.drained.emission().saturating_add(ran.drained.owner_cut));
        add(&mut totals.incentive_rao, sum(|seat| seat.incentive));
        add(&mut totals.dividend_rao, sum(|seat| seat.dividend));
        add(&mut totals.claimable_rao, sum(|seat| seat.claimable));
        add(&mut totals.owner_cut_rao, paid.owner_cut);
        add(&mut totals.withheld_rao, paid.withheld);
        add(&mut totals.recycled_rao, paid.recycled);
        add(&mut totals.left_rao, paid.left);

        for one in earned {
            let at = self.at(one.side, one.group);
            self.groups[at].emission_alpha += one.rao as f64 / RAO;
            let sums = &mut self.sums[at];
            sums.earned = sums.earned.saturating_add(one.rao);
            sums.seats += 1;
            sums.trust += u64::from(one.trust);
            sums.stake_alpha += one.stake as f64 / RAO;
        }
        let point = self.concentration.miners.len();
        if self.until_epochs.get(point) == Some(&(epoch + 1)) {
            let before = point.checked_sub(1).map_or(0, |last| self.until_epochs[last]);
            self.point(epoch + 1 - before, earned);
        }
    }

    fn point(&mut self, epochs: u64, earned: &[Earned]) {
        let mean = |sum: f64| sum / epochs.max(1) as f64;
        for (at, (group, sums)) in self.groups.iter_mut().zip(&mut self.sums).enumerate() {
            let sums = std::mem::take(sums);
            let alpha = sums.earned as f64 / RAO;
            group.emission_alpha_per_epoch.push(mean(alpha));
            group.cost_alpha_per_epoch.push(mean(sums.cost_alpha));
            group.seats.push(mean(sums.seats as f64));
            if at >= self.miner_groups {
                let seats = sums.seats.max(1) as f64;
                group.validator_trust.push(sums.trust as f64 / f64::from(u16::MAX) / seats);
                let per_stake = if sums.stake_alpha > 0.0 { alpha / sums.stake_alpha } else { 0.0 };
                group.dividends_per_stake.push(per_stake);
            }
        }
        let mut operators = std::collections::BTreeMap::<usize, u64>::new();
        for one in earned.iter().filter(|one| one.side == Side::Miners) {
            *operators.entry(one.agent).or_default() += one.rao;
        }
        let validators = || earned.iter().filter(|one| one.side == Side::Validators);
        self.concentration.miners.push(Concentration::of(operators.into_values()));
        self.concentration.validators.push(Concentration::of(validators().map(|one| one.rao)));
        self.concentration.stake.push(Concentration::of(validators().map(|one| one.stake)));
    }

    /// The run is over; so many seats of each kind are held.
    pub fn end(mut self, seed: u64, epochs: u64, held: impl IntoIterator<Item = (Side, usize)>) -> Run {
        for (side, group) in held {
            let at = self.at(side, group);
            self.groups[at].seats_at_end += 1;
        }
        for group in &mut self.groups {
            group.profit_alpha = group.emission_alpha - group.cost_alpha;
            group.return_on_cost = (group.cost_alpha > 0.0).then(|| group.profit_alpha / group.cost_alpha);
        }
        let Self { groups, until_epochs, concentration, totals, .. } = self;
        Run { seed, epochs, until_epochs, groups, concentration, totals }
    }
}
