//! Laws of a row: what must hold of every row under any rules.

use primitives::Registration;

use super::finding::Finding;
use crate::{
    incentive::Incentive,
    score::{PPM, Score},
    stages::{BITS, WeightMap},
    weights::Share,
};

/// What shares of a row may be off by rounding: a row's unit is 2^-32.
const SLACK: f64 = 1e-6;

/// A law: its name, what it says, and what is wrong with a row that breaks it.
struct Law {
    name: &'static str,
    says: &'static str,
    broken: fn(&[Share], &Incentive) -> Option<String>,
}

const LAWS: [Law; 4] = [
    Law {
        name: "nothing_for_nothing",
        says: "no seat that has earned nothing has weight, the one that is burnt apart",
        broken: paid_for_nothing,
    },
    Law { name: "whole_row", says: "the largest weight is 65535 and all shares are one in sum", broken: not_whole },
    Law { name: "limits", says: "nobody has more than the cap, and as much is burnt as the rules say", broken: beyond },
    Law { name: "order", says: "no better standing has less weight", broken: out_of_order },
];

/// Rows held against the laws.
#[derive(Debug, Default)]
pub(super) struct Docket {
    rows: u64,
    subnets: u64,
    /// The first breach of each law.
    breaches: [Option<String>; LAWS.len()],
}

impl Docket {
    /// Another made-up subnet begins.
    pub fn open(&mut self) {
        self.subnets += 1;
    }

    /// One more row, of a subnet that is described so.
    pub fn hold(&mut self, subnet: &str, row: &[Share], incentive: &Incentive) {
        self.rows += 1;
        for (law, breach) in LAWS.iter().zip(&mut self.breaches) {
            if breach.is_none() {
                *breach = (law.broken)(row, incentive).map(|what| format!("{subnet}: {what}"));
            }
        }
    }

    /// One for each law; none where there was no row.
    pub fn findings(&self) -> Vec<Finding> {
        if self.rows == 0 {
            return Vec::new();
        }
        let of = |(law, breach): (&Law, &Option<String>)| match breach {
            Some(breach) => Finding::error(law.name, breach.clone()),
            None => Finding::fact(law.name, format!("in {} rows of {} subnets {}", self.rows, self.subnets, law.says)),
        };
        LAWS.iter().zip(&self.breaches).map(of).collect()
    }
}

/// What a seat has of its row, burnt weight included.
fn portion(row: &[Share], at: usize) -> f64 {
    let whole: u128 = row.iter().map(|share| u128::from(share.exact)).sum();
    row.get(at).map_or(0.0, |share| share.exact as f64 / whole.max(1) as f64)
}

/// What a miner has of what all miners have, 0 to 1.
pub(super) fn paid(row: &[Share], miner: &Registration, incentive: &Incentive) -> f64 {
    let miners = row.iter().filter(|share| !is_burnt(share, incentive));
    let whole: u128 = miners.clone().map(|share| u128::from(share.exact)).sum();
    let own: u128 = miners.filter(|share| share.registration == *miner).map(|share| u128::from(share.exact)).sum();
    own as f64 / whole.max(1) as f64
}

fn is_burnt(share: &Share, incentive: &Incentive) -> bool {
    incentive.limits.burn() == Some(share.uid)
}

fn paid_for_nothing(row: &[Share], incentive: &Incentive) -> Option<String> {
    let paid = |share: &&Share| share.exact > 0 || share.value.is_some_and(|value| value > 0);
    let earned = |share: &Share| share.standing > Some(Score::ZERO) || is_burnt(share, incentive);
    let share = row.iter().filter(paid).find(|share| !earned(share))?;
    let value = share.value.unwrap_or_default();
    Some(format!("uid {} has earned nothing and has the weight {value} of 65535", share.uid))
}

fn not_whole(row: &[Share], _: &Incentive) -> Option<String> {
    let largest = row.iter().filter_map(|share| share.value).max().unwrap_or_default();
    if largest != u16::MAX {
        return Some(format!("the largest weight is {largest}, not 65535"));
    }
    let sum: f64 = (0..row.len()).map(|at| portion(row, at)).sum();
    if !((1.0 - SLACK)..=(1.0 + SLACK)).contains(&sum) {
        return Some(format!("the shares are {sum} in sum"));
    }
    let off = |share: &&Share| {
        let exact = share.exact as f64 * f64::from(u16::MAX) / (1_u64 << BITS) as f64;
        (exact - f64::from(share.value.unwrap_or_default())).abs() > 0.5 + SLACK
    };
    let share = row.iter().find(off)?;
    let value = share.value.unwrap_or_default();
    Some(format!("uid {} has the weight {value}, which is not {} of 2^32 rounded", share.uid, share.exact))
}

fn beyond(row: &[Share], incentive: &Incentive) -> Option<String> {
    let limits = &incentive.limits;
    let (cap, burn) = (f64::from(limits.cap_ppm) / PPM as f64, f64::from(limits.burn_share_ppm) / PPM as f64);
    let is_miner = |at: &usize| !is_burnt(&row[*at], incentive);
    let burnt: f64 = (0..row.len()).filter(|at| !is_miner(at)).map(|at| portion(row, at)).sum();
    if burnt < burn - SLACK {
        return Some(format!("{burnt:.6} of the row is burnt, and the rules burn {burn:.6}"));
    }
    // Copies are one miner. Where nobody is left to take what is cut off and nothing is burnt, all have the same.
    let earned = row.iter().filter(|share| share.standing > Some(Score::ZERO));
    let miners: f64 = earned.map(|share| 1.0 / share.copies.max(1) as f64).sum();
    let most = if limits.burn().is_some() { cap * (1.0 - burn) } else { cap.max(1.0 / miners.max(1.0)) };
    let most_of_row = (0..row.len()).filter(is_miner).map(|at| portion(row, at)).fold(0.0, f64::max);
    (most_of_row > most + SLACK).then(|| format!("a miner has {most_of_row:.6} of the row, and may have {most:.6}"))
}

fn out_of_order(row: &[Share], incentive: &Incentive) -> Option<String> {
    // A king is king until somebody is better for certain; copies share one weight.
    if matches!(incentive.weights, WeightMap::KingOfTheHill { .. }) {
        return None;
    }
    let alone = |share: &&Share| !is_burnt(share, incentive) && share.copies == 1 && share.standing.is_some();
    let mut miners: Vec<&Share> = row.iter().filter(alone).collect();
    miners.sort_by_key(|share| share.standing);
    let wrong = miners.windows(2).find(|pair| pair[0].standing < pair[1].standing && pair[0].exact > pair[1].exact)?;
    let said = |share: &Share| {
        let standing = share.standing.unwrap_or_default();
        format!("uid {} stands at {standing} and has {} of 2^32", share.uid, share.exact)
    };
    Some(format!("{}, but {}", said(wrong[0]), said(wrong[1])))
}

#[cfg(test)]
mod tests {
    use primitives::Uid;

    use super::*;
    use crate::{stages::Limits, trial::subnet::miner};

    fn share(uid: u16, standing: Option<u32>, exact: u64) -> Share {
        let value = (exact * 65_535 + (1 << 31)) >> 32;
        let standing = standing.and_then(Score::from_nano);
        let value = Some(value as u16).filter(|value| *value > 0);
        Share { uid: Uid(uid), registration: miner(uid), standing, copies: 1, exact, value }
    }

    fn broken(row: &[Share], incentive: &Incentive) -> Vec<&'static str> {
        LAWS.iter().filter(|law| (law.broken)(row, incentive).is_some()).map(|law| law.name).collect()
    }

    #[test]
    fn each_breach_is_seen() {
        let free = Incentive::default();
        let good = [share(0, Some(9), 1 << 32), share(1, Some(3), 1 << 30), share(2, None, 0), share(3, Some(0), 0)];
        assert_eq!(broken(&good, &free), [""; 0]);
        assert_eq!(broken(&[share(0, Some(9), 1 << 32), share(1, None, 1 << 30)], &free), ["nothing_for_nothing"]);
        assert_eq!(broken(&[share(0, Some(9), 1 << 31)], &free), ["whole_row"]);
        assert_eq!(broken(&[share(0, Some(9), 1 << 32), share(1, Some(10), 1 << 31)], &free), ["order"]);
        let shifted = Share { value: Some(7), ..share(1, Some(3), 1 << 30) };
        assert_eq!(broken(&[share(0, Some(9), 1 << 32), shifted], &free), ["whole_row"]);

        let limits = Limits { cap_ppm: 600_000, burn_uid: Some(1), burn_share_ppm: 200_000, ..Limits::default() };
        let limited = Incentive { limits, ..Incentive::default() };
        // 0.8 and 0.2 of a row: as much is burnt as must be, but the miner may have 0.48.
        assert_eq!(broken(&[share(0, Some(9), 1 << 32), share(1, None, 1 << 30)], &limited), ["limits"]);
        let burnt = [share(0, Some(9), 1 << 31), share(2, Some(9), 1 << 31), share(1, None, 1 << 32)];
        assert_eq!(broken(&burnt, &limited), [""; 0]);
        assert_eq!(broken(&burnt, &free), ["nothing_for_nothing"]);
    }

    #[test]
    fn the_first_breach_is_told() {
        let mut docket = Docket::default();
        docket.open();
        let row = [share(0, Some(9), 1 << 31)];
        docket.hold("one miner", &row, &Incentive::default());
        docket.hold("two miners", &row, &Incentive::default());
        let findings = docket.findings();
        assert_eq!(findings[1].sentence, "one miner: the largest weight is 32768, not 65535");
        assert!(findings[0].sentence.starts_with("in 2 rows of 1 subnets no seat"), "{}", findings[0].sentence);
    }
}
