//! Limits: how much one miner may have, what is burnt, and how many must have earned something.

use primitives::Uid;
use serde::{Deserialize, Serialize};

use super::map::{BEST, BITS};
use crate::{incentive::Ranges, score::PPM};

/// Limits of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// No miner has more than this share of what miners have, in millionths. What is cut off goes to the others in
    /// proportion; where all are cut, to the burn seat, or to nobody.
    pub cap_ppm: u32,
    /// A row is set only when at least so many miners have earned something.
    pub min_miners: u16,
    /// The seat whose share is burnt: that of the subnet's owner.
    pub burn_uid: Option<u16>,
    /// That share of every row, in millionths.
    pub burn_share_ppm: u32,
    /// Whether all is burnt where too few have earned anything; otherwise no row is set then.
    pub burn_when_idle: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { cap_ppm: PPM as u32, min_miners: 1, burn_uid: None, burn_share_ppm: 0, burn_when_idle: false }
    }
}

/// What limits make of weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Laid {
    /// In units of 2^-32 of the largest weight in the row, the burnt one included.
    pub weights: Vec<u64>,
    /// What is burnt, in the same units.
    pub burnt: u64,
}

impl Limits {
    /// The seat that is burnt.
    pub(crate) fn burn(&self) -> Option<Uid> {
        self.burn_uid.map(Uid)
    }

    /// Caps weights and takes off what is burnt. At least one of them must be positive.
    pub(crate) fn lay(&self, weights: &[u64]) -> Laid {
        let ppm = u128::from(PPM);
        let (mut shares, whole) = self.cap(weights);
        let given: u128 = shares.iter().sum();
        // What caps leave over, and the burnt share of what they don't.
        let mut burnt = if self.burn_uid.is_some() { whole - given } else { 0 };
        let burn = if self.burn_uid.is_some() { u128::from(self.burn_share_ppm).min(ppm) } else { 0 };
        burnt = burnt * (ppm - burn) + whole * burn;
        shares.iter_mut().for_each(|share| *share *= ppm - burn);
        let largest = shares.iter().copied().max().unwrap_or(0).max(burnt).max(1);
        // Below 2^96: 2^48 for the sum of all seats, 2^20 for each of two shares.
        let scaled = |share: u128| u64::try_from((share << BITS) / largest).unwrap_or(BEST);
        Laid { weights: shares.iter().map(|share| scaled(*share)).collect(), burnt: scaled(burnt) }
    }

    /// Capped weights as parts of a whole, which they may fall short of.
    fn cap(&self, weights: &[u64]) -> (Vec<u128>, u128) {
        let (cap, ppm) = (u128::from(self.cap_ppm), u128::from(PPM));
        let mut order: Vec<u64> = weights.iter().copied().filter(|weight| *weight > 0).collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        let mut rest: u128 = order.iter().map(|weight| u128::from(*weight)).sum();
        // How many of the largest are capped: one at a time, as what is cut off raises the others.
        let mut capped = 0;
        while let Some(largest) = order.get(capped) {
            let left = ppm.saturating_sub(capped as u128 * cap);
            if u128::from(*largest) * left <= cap * rest {
                break;
            }
            rest -= u128::from(*largest);
            capped += 1;
        }
        if capped == order.len() {
            // Nobody is left to raise.
            let each = |weight: &u64| if *weight > 0 { cap.min(ppm / order.len().max(1) as u128) } else { 0 };
            return (weights.iter().map(each).collect(), ppm);
        }
        let left = ppm.saturating_sub(capped as u128 * cap);
        let least_capped = capped.checked_sub(1).map(|last| order[last]);
        let share = |weight: &u64| match least_capped {
            Some(least) if *weight >= least => cap * rest,
            _ => u128::from(*weight) * left,
        };
        (weights.iter().map(share).collect(), ppm * rest)
    }

    pub(crate) fn check(&self, ranges: &mut Ranges) {
        let most = PPM as i64;
        ranges.within("limits.cap_ppm", self.cap_ppm, 1, most);
        ranges.within("limits.min_miners", self.min_miners, 1, u16::MAX);
        // Without a seat there is nothing to burn.
        let burns = if self.burn_uid.is_some() { most } else { 0 };
        ranges.within("limits.burn_share_ppm", self.burn_share_ppm, 0, burns);
        ranges.within("limits.burn_when_idle", self.burn_when_idle, 0, self.burn_uid.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lay(limits: Limits, weights: &[u64]) -> (Vec<u64>, u64) {
        let Laid { weights, burnt } = limits.lay(weights);
        let whole: u64 = weights.iter().sum::<u64>() + burnt;
        let ppm = |weight: u64| (u128::from(weight) * 1_000_000 + u128::from(whole) / 2) / u128::from(whole);
        (weights.into_iter().map(|weight| ppm(weight) as u64).collect(), ppm(burnt) as u64)
    }

    fn capped(cap_ppm: u32) -> Limits {
        Limits { cap_ppm, ..Limits::default() }
    }

    #[test]
    fn what_is_cut_off_goes_to_the_others() {
        assert_eq!(lay(Limits::default(), &[6, 3, 1, 0]), (vec![600_000, 300_000, 100_000, 0], 0));
        assert_eq!(lay(capped(400_000), &[6, 3, 1, 0]), (vec![400_000, 400_000, 200_000, 0], 0));
        assert_eq!(lay(capped(500_000), &[6, 3, 1, 0]), (vec![500_000, 375_000, 125_000, 0], 0));
        assert_eq!(lay(capped(500_000), &[6, 6, 1]), (vec![461_538, 461_538, 76_923], 0));
        // Nobody is left to take it.
        assert_eq!(lay(capped(100_000), &[6, 3, 1, 0]), (vec![333_333, 333_333, 333_333, 0], 0));
        assert_eq!(lay(capped(100_000), &[0, 5]), (vec![0, 1_000_000], 0));
    }

    #[test]
    fn a_share_is_burnt() {
        let burning = |cap_ppm| Limits { burn_uid: Some(0), burn_share_ppm: 200_000, ..capped(cap_ppm) };
        assert_eq!(lay(burning(1_000_000), &[6, 3, 1]), (vec![480_000, 240_000, 80_000], 200_000));
        // Three times a tenth of what is left, and the rest of it is burnt too.
        assert_eq!(lay(burning(100_000), &[6, 3, 1]), (vec![80_000; 3], 760_000));
        let all = Limits { burn_share_ppm: 1_000_000, ..burning(1_000_000) };
        assert_eq!(lay(all, &[6, 3]), (vec![0, 0], 1_000_000));
    }

    #[test]
    fn the_largest_weight_is_the_unit() {
        let many = vec![BEST; 65_536];
        assert_eq!(capped(1).lay(&many).weights, many);
        assert_eq!(Limits::default().lay(&[BEST, 1]).weights, [BEST, 1]);
        let laid = Limits { burn_uid: Some(1), burn_share_ppm: 750_000, ..Limits::default() }.lay(&[BEST]);
        assert_eq!((laid.weights[0], laid.burnt), (BEST / 3, BEST));
    }
}
