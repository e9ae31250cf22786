//! What a run came to.

use scoring::concentration::Concentration;
use serde::Serialize;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// Epochs that were run.
    pub epochs: u64,
    /// Every series has a point for the epochs up to each of these, the one before it excluded.
    pub until_epochs: Vec<u64>,
    /// Groups of miners in the scenario's order, then those of validators.
    pub groups: Vec<GroupRun>,
    /// At the last epoch of each point.
    pub concentration: Concentrations,
    /// What was paid to whom.
    pub totals: Totals,
}

/// What a group came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupRun {
    /// Its name.
    pub name: String,
    /// `miners` or `validators`.
    pub side: &'static str,
    /// What its members do.
    pub kind: &'static str,
    /// Members that there ever were: operators, newcomers included.
    pub agents: u64,
    /// What all of them were paid, in alpha: incentive and dividends, those of who stakes to them included.
    pub emission_alpha: f64,
    /// What all of them spent, in alpha: answers, upkeep, seats.
    pub cost_alpha: f64,
    /// Emission less cost.
    pub profit_alpha: f64,
    /// Profit over cost; none where nothing was spent.
    pub return_on_cost: Option<f64>,
    /// Seats that they lost: how many epochs each was held.
    pub epochs_until_deregistered: Vec<u64>,
    /// Seats that they hold at the end.
    pub seats_at_end: u64,
    /// Series: mean emission of an epoch, in alpha.
    pub emission_alpha_per_epoch: Vec<f64>,
    /// Series: mean cost of an epoch, in alpha.
    pub cost_alpha_per_epoch: Vec<f64>,
    /// Series: seats held.
    pub seats: Vec<f64>,
    /// Series, of validators: mean trust, 0 to 1.
    pub validator_trust: Vec<f64>,
    /// Series, of validators: dividends of an epoch over the alpha staked to them.
    pub dividends_per_stake: Vec<f64>,
}

/// How things are spread, at the last epoch of each point.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Concentrations {
    /// Emission of the epoch over seated miners' operators.
    pub miners: Vec<Concentration>,
    /// Emission of the epoch over seated validators.
    pub validators: Vec<Concentration>,
    /// Alpha staked to seated validators.
    pub stake: Vec<Concentration>,
}

/// What epochs paid, in rao of alpha: all that they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// What epochs took.
    pub emitted_rao: u64,
    /// To miners, of what validators said of them.
    pub incentive_rao: u64,
    /// To validators and who stakes to them.
    pub dividend_rao: u64,
    /// Kept for who stakes on root.
    pub claimable_rao: u64,
    /// To the owner.
    pub owner_cut_rao: u64,
    /// Mined by the owner's hotkeys: nobody's.
    pub withheld_rao: u64,
    /// Root's part that nobody earned.
    pub recycled_rao: u64,
    /// Lost to rounding.
    pub left_rao: u64,
}

impl Totals {
    /// The parts.
    pub fn paid_rao(&self) -> u64 {
        let parts = [
            self.incentive_rao,
            self.dividend_rao,
            self.claimable_rao,
            self.owner_cut_rao,
            self.withheld_rao,
            self.recycled_rao,
            self.left_rao,
        ];
        parts.into_iter().fold(0, u64::saturating_add)
    }
}
