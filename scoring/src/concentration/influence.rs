//! Who moves what miners are paid.

use primitives::Uid;
use serde::Serialize;
use substrate_fixed::types::I32F32;

use super::distance::apart;
use crate::yuma::{Electorate, EpochInput, StoredRows};

/// What an epoch would have been without one validator.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Influence {
    /// Whose.
    pub uid: Uid,
    /// Its share of the stake that counts, 0 to 1.
    pub stake: f64,
    /// Its influence: the total variation distance between the incentive with it and without it, 0 to 1. It is 1 where
    /// without it nobody would earn anything.
    pub incentive: f64,
    /// So many miners have another consensus without it.
    pub pivotal: usize,
}

impl Influence {
    /// Whether any miner's consensus hangs on it.
    pub fn is_pivotal(&self) -> bool {
        self.pivotal > 0
    }
}

/// The influence of each validator whose stake counts in this epoch, ascending by uid; all others have none. "Without it" is
/// the same epoch with its stake (and the fraction of it) at 0: the others' rows, and the permits of the epoch before, stay.
///
/// These are numbers of one at a time, and don't add up to 1: of two who always say the same each may have none, though both
/// together decide. Costs a median and a clipping for each of them.
pub fn influence<R: StoredRows>(input: &EpochInput<R>) -> Vec<Influence> {
    let electorate = Electorate::of_epoch(input);
    let stake = electorate.active_stake_without(input, None);
    let with = electorate.judgement(&stake);
    let of_one = |(uid, stake): (u16, &I32F32)| {
        let others = electorate.active_stake_without(input, Some(uid.into()));
        let without = electorate.judgement(&others);
        let incentives = with.incentive.iter().zip(&without.incentive);
        Influence {
            uid: Uid(uid),
            stake: stake.to_num(),
            incentive: apart(incentives.map(|(a, b)| (share_bits(*a), share_bits(*b)))),
            pivotal: with.consensus.iter().zip(&without.consensus).filter(|(with, without)| with != without).count(),
        }
    };
    (0..=u16::MAX).zip(&stake).filter(|(_, stake)| **stake > 0).map(of_one).collect()
}

/// A share's bits: it is between 0 and 1, of which 2^32 make the whole.
fn share_bits(share: I32F32) -> u64 {
    u64::try_from(share.to_bits()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yuma::{self, Rows};

    /// Validators with these stakes and rows over three miners, who have the seats after them.
    fn epoch(stakes: &[u64], rows: &[[u16; 3]], kappa: u16) -> EpochInput {
        let (validators, seats) = (stakes.len(), stakes.len() + 3);
        let miners = || (validators as u16..).take(3);
        let rows: Rows = (0..).zip(rows).map(|(uid, row)| (uid, miners().zip(row.iter().copied()).collect())).collect();
        EpochInput {
            block: 1_000,
            tempo: 360,
            activity_cutoff: 5_000,
            last_update: vec![990; seats],
            block_at_registration: vec![1; seats],
            last_mechanism_step_block: 640,
            stake: stakes.iter().copied().chain([0; 3]).collect(),
            stake_fraction: Vec::new(),
            stake_threshold: 0,
            owner_uid: None,
            validator_permits: (0..seats).map(|uid| uid < validators).collect(),
            max_allowed_validators: validators as u16,
            weights: rows,
            bonds: Rows::new(),
            commit_blocks: None,
            kappa,
            bonds_penalty: u16::MAX,
            bonds_moving_average: 900_000,
            yuma3: false,
            liquid_alpha: None,
            emission: 1_000_000,
        }
    }

    #[test]
    fn one_alone_is_everything() {
        let found = influence(&epoch(&[7], &[[1, 2, 1]], 32_767));
        assert_eq!(found, [Influence { uid: Uid(0), stake: 1.0, incentive: 1.0, pivotal: 3 }]);
        assert!(found[0].is_pivotal());
    }

    #[test]
    fn of_those_who_say_the_same_none_is_missed() {
        let found = influence(&epoch(&[5, 3, 2], &[[3, 2, 1]; 3], 32_767));
        assert_eq!(found.iter().map(|one| one.uid.0).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(found.iter().all(|one| one.incentive < 1e-8 && !one.is_pivotal()));
        assert!((found[0].stake - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_clipped_minority_moves_nothing_and_a_majority_all() {
        // The first has 60 % and is the median; what the second alone says is clipped away.
        let found = influence(&epoch(&[60, 40], &[[1, 0, 0], [0, 1, 0]], 32_767));
        assert_eq!((found[1].incentive, found[1].pivotal), (0.0, 0));
        assert_eq!((found[0].incentive, found[0].pivotal), (1.0, 2));
    }

    #[test]
    fn nobody_and_nothing_are_no_influence() {
        assert!(influence(&epoch(&[0, 0], &[[1, 0, 0]; 2], 32_767)).is_empty());
        let found = influence(&epoch(&[1, 1], &[], 32_767));
        assert!(found.len() == 2 && found.iter().all(|one| one.incentive == 0.0 && one.pivotal == 0));
        assert!(influence(&EpochInput { stake: Vec::new(), ..epoch(&[1], &[], 1) }).is_empty());
    }

    #[test]
    fn a_counterfactual_is_an_epoch_of_its_own() {
        let input = epoch(&[31, 27, 22, 20], &[[9, 4, 1], [1, 1, 1], [0, 7, 3], [2, 2, 9]], 40_000);
        for one in influence(&input) {
            let mut without = input.clone();
            without.stake[usize::from(one.uid.0)] = 0;
            let (with, without) = (yuma::epoch(&input), yuma::epoch(&without));
            let shares = with.incentive.iter().zip(&without.incentive).map(|(a, b)| ((*a).into(), (*b).into()));
            assert!((apart(shares) - one.incentive).abs() < 1e-4);
            let changed = with.consensus.iter().zip(&without.consensus).filter(|(a, b)| a != b).count();
            assert_eq!(changed, one.pivotal);
        }
    }
}
