//! What the demo found: a row per miner, a row per validator, and whether honesty paid.

use std::collections::BTreeMap;

use primitives::{Hotkey, Uid};
use serde::Serialize;

use super::cast::Role;
use crate::{row, table::Table};

/// The whole result, as `--json` prints it and the notebook reads it.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The chain's height.
    pub block: u64,
    /// Epochs that paid miners.
    pub epochs_paid: u64,
    /// Wall time since the start.
    pub elapsed_seconds: f64,
    /// Wall time from the start to the first block, and to the first epoch that paid.
    pub first_block_seconds: f64,
    /// None while no epoch has paid.
    pub first_paid_epoch_seconds: Option<f64>,
    /// All miners, by uid.
    pub miners: Vec<MinerRow>,
    /// All validators, by uid.
    pub validators: Vec<ValidatorRow>,
    /// Alpha that each miner was paid at each epoch, for plots.
    pub epochs: Vec<EpochRow>,
}

/// One miner.
#[derive(Clone, Debug, Serialize)]
pub struct MinerRow {
    /// Its seat.
    pub uid: Uid,
    /// What it does.
    pub role: Role,
    /// Its key.
    pub hotkey: Hotkey,
    /// Challenges scored by all validators.
    pub challenges: u64,
    /// How they ended.
    pub outcomes: BTreeMap<String, u64>,
    /// Mean standing with the validators, 0 to 1.
    pub standing: f64,
    /// Mean weight on it in the validators' rows on chain, of 1.
    pub weight: f64,
    /// Share of the miners' emission at the last epoch, of 1.
    pub incentive: f64,
    /// Alpha earned since it registered.
    pub alpha: f64,
}

/// One validator.
#[derive(Clone, Debug, Serialize)]
pub struct ValidatorRow {
    /// Its seat.
    pub uid: Uid,
    /// Its key.
    pub hotkey: Hotkey,
    /// Rounds in its log.
    pub rounds: u64,
    /// Rows of weights that it read back from chain.
    pub weights_verified: u64,
    /// How much of its row survived clipping, of 1.
    pub validator_trust: f64,
    /// Share of the validators' emission at the last epoch, of 1.
    pub dividends: f64,
}

/// One epoch.
#[derive(Clone, Debug, Serialize)]
pub struct EpochRow {
    /// The block that ran it.
    pub block: u64,
    /// Alpha paid by uid.
    pub alpha: BTreeMap<u16, f64>,
}

impl Report {
    /// The least that an honest miner earned, and the most that a dishonest one did.
    pub fn extremes(&self) -> (f64, f64) {
        let alpha =
            |honest: bool| self.miners.iter().filter(move |row| row.role.is_honest() == honest).map(|row| row.alpha);
        let least = alpha(true).fold(f64::INFINITY, f64::min);
        let most = alpha(false).fold(0.0, f64::max);
        (if least.is_finite() { least } else { 0.0 }, most)
    }

    /// Whether every honest miner was paid, and every dishonest one less than a tenth of that.
    pub fn honesty_pays(&self) -> bool {
        let (least, most) = self.extremes();
        least > 0.0 && least > 10.0 * most
    }

    /// The table of miners.
    pub fn miners(&self) -> Table {
        let mut table = Table::new(&[
            "uid",
            "miner",
            "challenges",
            "ok",
            "wrong",
            "proof",
            "timeout",
            "other",
            "standing",
            "weight",
            "incentive",
            "alpha",
        ]);
        for row in &self.miners {
            let count = |name: &str| row.outcomes.get(name).copied().unwrap_or(0);
            let (ok, wrong, proof, timeout) =
                (count("ok"), count("wrong_output"), count("bad_proof"), count("timeout"));
            table.push(row![
                row.uid,
                row.role,
                row.challenges,
                ok,
                wrong,
                proof,
                timeout,
                row.challenges - ok - wrong - proof - timeout,
                format!("{:.3}", row.standing),
                format!("{:.3}", row.weight),
                format!("{:.3}", row.incentive),
                format!("{:.3}", row.alpha),
            ]);
        }
        table
    }

    /// The table of validators.
    pub fn validators(&self) -> Table {
        let mut table = Table::new(&["uid", "validator", "rounds", "weights verified", "trust", "dividends"]);
        for row in &self.validators {
            let hotkey = row.hotkey.to_string();
            table.push(row![
                row.uid,
                format!("{}…", &hotkey[..12]),
                row.rounds,
                row.weights_verified,
                format!("{:.3}", row.validator_trust),
                format!("{:.3}", row.dividends),
            ]);
        }
        table
    }

    /// One line of judgement.
    pub fn verdict(&self) -> String {
        let (least, most) = self.extremes();
        match (self.honesty_pays(), most > 0.0) {
            (true, true) => format!(
                "honesty pays: the least-paid honest miner earned {least:.3} alpha, {:.0} times the best-paid dishonest one",
                least / most
            ),
            (true, false) => {
                format!("honesty pays: the least-paid honest miner earned {least:.3} alpha, dishonest ones nothing")
            }
            (false, _) => format!(
                "honesty did not pay: the least-paid honest miner earned {least:.3} alpha, the best-paid dishonest one {most:.3}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn miner(role: Role, alpha: f64) -> MinerRow {
        MinerRow {
            uid: Uid(0),
            role,
            hotkey: Hotkey([0; 32]),
            challenges: 3,
            outcomes: BTreeMap::from([("ok".into(), 1), ("refused".into(), 2)]),
            standing: 0.5,
            weight: 0.25,
            incentive: 0.25,
            alpha,
        }
    }

    fn report(miners: Vec<MinerRow>) -> Report {
        Report {
            block: 0,
            epochs_paid: 0,
            elapsed_seconds: 0.0,
            first_block_seconds: 0.0,
            first_paid_epoch_seconds: None,
            miners,
            validators: vec![],
            epochs: vec![],
        }
    }

    #[test]
    fn honesty_pays_only_when_every_honest_miner_was_paid_more() {
        assert!(report(vec![miner(Role::Fast, 2.0), miner(Role::Cacher, 0.1)]).honesty_pays());
        assert!(!report(vec![miner(Role::Fast, 2.0), miner(Role::Slow, 0.1), miner(Role::Cacher, 0.2)]).honesty_pays());
        assert!(!report(vec![miner(Role::Fast, 2.0), miner(Role::Cacher, 0.2)]).honesty_pays());
        assert!(!report(vec![miner(Role::Fast, 0.0), miner(Role::Cacher, 0.0)]).honesty_pays());
        assert!(!report(vec![miner(Role::Cacher, 0.0)]).honesty_pays());
    }

    #[test]
    fn outcomes_without_a_column_are_counted_as_other() {
        let mut out = Vec::new();
        report(vec![miner(Role::Fast, 2.0)]).miners().write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let cells = text.lines().nth(1).unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(cells, ["0", "honest,", "fast", "3", "1", "0", "0", "0", "2", "0.500", "0.250", "0.250", "2.000"]);
    }
}
