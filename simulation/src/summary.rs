//! What many runs of one scenario came to.

use scoring::concentration::Concentration;
use serde::Serialize;

use crate::{
    estimate::{Band, Estimate},
    world::{GroupRun, Run},
};

/// What all runs came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Every band has a point for the epochs up to each of these, the one before it excluded.
    pub until_epochs: Vec<u64>,
    /// Groups of miners in the scenario's order, then those of validators.
    pub groups: Vec<GroupSummary>,
    /// How emission is spread over seated miners' operators.
    pub miners: Spread,
    /// How emission is spread over seated validators.
    pub validators: Spread,
    /// How alpha is spread that is staked to seated validators.
    pub stake: Spread,
}

/// What a group came to. Sums are over all its members, and over a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupSummary {
    /// Its name.
    pub name: String,
    /// `miners` or `validators`.
    pub side: &'static str,
    /// What its members do.
    pub kind: &'static str,
    /// Members that there ever were: operators, newcomers included.
    pub agents: f64,
    /// What they were paid, in alpha: incentive and dividends.
    pub emission_alpha: Estimate,
    /// What each of them was paid in an epoch, in alpha, whether it had a seat or not.
    pub emission_alpha_per_agent_epoch: Estimate,
    /// What they spent, in alpha.
    pub cost_alpha: Estimate,
    /// Emission less cost.
    pub profit_alpha: Estimate,
    /// Profit over cost; none where nothing was spent in some run.
    pub return_on_cost: Option<Estimate>,
    /// Seats that were lost.
    pub deregistrations: Estimate,
    /// Epochs for which a lost seat was held: the median over all runs. Seats that were never lost take no part.
    pub median_epochs_until_deregistered: Option<f64>,
    /// Seats held at the end.
    pub seats_at_end: Estimate,
    /// Of all seats that they ever had, the share that is held at the end.
    pub seats_kept_share: f64,
    /// Mean emission of an epoch, in alpha.
    pub emission_alpha_per_epoch: Band,
    /// Mean cost of an epoch, in alpha.
    pub cost_alpha_per_epoch: Band,
    /// Seats held.
    pub seats: Band,
    /// Of validators: mean trust, 0 to 1.
    pub validator_trust: Band,
    /// Of validators: dividends of an epoch over the alpha staked to them.
    pub dividends_per_stake: Band,
}

/// How something is spread, over time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The sum of squared shares.
    pub herfindahl: Band,
    /// Gini's coefficient.
    pub gini: Band,
    /// The least number that has more than half.
    pub nakamoto_50: Band,
}

impl Summary {
    /// Of runs of one scenario: one at least.
    pub(crate) fn of(runs: &[Run], confidence: f64) -> Self {
        let groups = runs.first().map_or(0, |run| run.groups.len());
        let group = |at: usize| {
            let of: Vec<&GroupRun> = runs.iter().filter_map(|run| run.groups.get(at)).collect();
            GroupSummary::of(&of, runs.first().map_or(1, |run| run.epochs), confidence)
        };
        let spread = |of: fn(&Run) -> &Vec<Concentration>| {
            let band = |number: fn(&Concentration) -> f64| {
                let series: Vec<Vec<f64>> = runs.iter().map(|run| of(run).iter().map(number).collect()).collect();
                Band::of(&series.iter().map(Vec::as_slice).collect::<Vec<_>>(), confidence)
            };
            Spread {
                herfindahl: band(|point| point.herfindahl),
                gini: band(|point| point.gini),
                nakamoto_50: band(|point| point.nakamoto_50.unwrap_or(0) as f64),
            }
        };
        Self {
            until_epochs: runs.first().map_or_else(Vec::new, |run| run.until_epochs.clone()),
            groups: (0..groups).filter_map(group).collect(),
            miners: spread(|run| &run.concentration.miners),
            validators: spread(|run| &run.concentration.validators),
            stake: spread(|run| &run.concentration.stake),
        }
    }
}

impl GroupSummary {
    fn of(runs: &[&GroupRun], epochs: u64, confidence: f64) -> Option<Self> {
        let first = runs.first()?;
        let all = |number: &dyn Fn(&GroupRun) -> f64| runs.iter().map(|run| number(run)).collect::<Vec<f64>>();
        let estimate = |number: &dyn Fn(&GroupRun) -> f64| Estimate::of(&all(number), confidence);
        let band = |series: fn(&GroupRun) -> &Vec<f64>| {
            Band::of(&runs.iter().map(|run| series(run).as_slice()).collect::<Vec<_>>(), confidence)
        };
        let returns: Option<Vec<f64>> = runs.iter().map(|run| run.return_on_cost).collect();
        let mut lives: Vec<u64> = runs.iter().flat_map(|run| run.epochs_until_deregistered.iter().copied()).collect();
        lives.sort_unstable();
        let kept: u64 = runs.iter().map(|run| run.seats_at_end).sum();
        let ever = kept + lives.len() as u64;
        Some(Self {
            name: first.name.clone(),
            side: first.side,
            kind: first.kind,
            agents: Estimate::of(&all(&|run| run.agents as f64), confidence).mean,
            emission_alpha: estimate(&|run| run.emission_alpha),
            emission_alpha_per_agent_epoch: estimate(&|run| run.emission_alpha / (run.agents * epochs).max(1) as f64),
            cost_alpha: estimate(&|run| run.cost_alpha),
            profit_alpha: estimate(&|run| run.profit_alpha),
            return_on_cost: returns.map(|returns| Estimate::of(&returns, confidence)),
            deregistrations: estimate(&|run| run.epochs_until_deregistered.len() as f64),
            median_epochs_until_deregistered: median(&lives),
            seats_at_end: estimate(&|run| run.seats_at_end as f64),
            seats_kept_share: if ever == 0 { 0.0 } else { kept as f64 / ever as f64 },
            emission_alpha_per_epoch: band(|run| &run.emission_alpha_per_epoch),
            cost_alpha_per_epoch: band(|run| &run.cost_alpha_per_epoch),
            seats: band(|run| &run.seats),
            validator_trust: band(|run| &run.validator_trust),
            dividends_per_stake: band(|run| &run.dividends_per_stake),
        })
    }
}

/// Of sorted numbers.
fn median(sorted: &[u64]) -> Option<f64> {
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((*low as f64 + *high as f64) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!((median(&[]), median(&[4])), (None, Some(4.0)));
        assert_eq!((median(&[1, 2, 9]), median(&[1, 2, 4, 9])), (Some(2.0), Some(3.0)));
    }
}
