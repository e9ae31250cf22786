//! What holds for any epoch, however odd its storage.

use assay_scoring::{
    concentration::influence,
    yuma::{self, EpochInput, LiquidAlpha, Rows},
};
use proptest::prelude::*;

fn rows(n: u16, wild: bool) -> impl Strategy<Value = Rows> {
    let uids = if wild { 0..n + 3 } else { 0..n };
    let row = prop::collection::vec((uids.clone(), any::<u16>()), 0..12).prop_map(move |mut row| {
        if !wild {
            row.sort_by_key(|(uid, _)| *uid);
            row.dedup_by_key(|(uid, _)| *uid);
        }
        row
    });
    prop::collection::btree_map(uids, row, 0..6)
}

prop_compose! {
    /// `wild` storage has rows out of order, seats that don't exist and vectors that are too short.
    fn inputs(wild: bool)(n in 1u16..10)(
        stake in prop::collection::vec(prop_oneof![Just(0u64), 1u64..21_000_000_000_000_000], usize::from(n)),
        last_update in prop::collection::vec(0u64..2_000, if wild { 0..12 } else { usize::from(n)..usize::from(n) + 1 }),
        block_at_registration in prop::collection::vec(0u64..1_500, usize::from(n)),
        validator_permits in prop::collection::vec(any::<bool>(), usize::from(n)),
        weights in rows(n, wild),
        bonds in rows(n, wild),
        (owner_uid, commits, yuma3) in (prop::option::of(0u16..12), any::<bool>(), any::<bool>()),
        liquid in prop::option::of((any::<u16>(), any::<u16>(), any::<i16>())),
        (kappa, bonds_penalty) in (any::<u16>(), prop_oneof![Just(0), Just(u16::MAX), any::<u16>()]),
        bonds_moving_average in if wild { 0..=u64::MAX } else { 0..=1_000_000 },
        (max_allowed_validators, emission, last_step) in (0u16..12, any::<u64>(), 0u64..2_000),
    ) -> EpochInput {
        EpochInput {
            block: 2_000,
            tempo: 360,
            activity_cutoff: 1_500,
            last_update,
            commit_blocks: commits.then(|| block_at_registration.iter().map(|block| block / 2).collect()),
            block_at_registration,
            last_mechanism_step_block: last_step,
            stake,
            stake_fraction: Vec::new(),
            stake_threshold: 1_000,
            owner_uid,
            validator_permits,
            max_allowed_validators,
            weights,
            bonds,
            kappa,
            bonds_penalty,
            bonds_moving_average,
            yuma3,
            liquid_alpha: liquid.map(|(alpha_low, alpha_high, sigmoid_steepness)| LiquidAlpha {
                alpha_low,
                alpha_high,
                sigmoid_steepness,
            }),
            emission,
        }
    }
}

fn sum<T: Copy + Into<u128>>(values: &[T]) -> u128 {
    values.iter().map(|value| (*value).into()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_epoch_never_panics_on_odd_storage(input in inputs(true)) {
        let output = yuma::epoch(&input);
        prop_assert_eq!(output.incentive.len(), input.stake.len());
        prop_assert_eq!(output.emission.len(), input.stake.len());
    }

    #[test]
    fn no_more_is_paid_than_there_is(input in inputs(false)) {
        let output = yuma::epoch(&input);
        let emission = u128::from(input.emission);
        prop_assert!(sum(&output.server_emission) + sum(&output.validator_emission) <= emission);
        prop_assert!(sum(&output.emission) <= emission);
        for shares in [&output.incentive, &output.dividends, &output.stake_weight] {
            prop_assert!(sum(shares) <= u128::from(u16::MAX));
        }
        let permits = output.validator_permits.iter().filter(|permit| **permit).count();
        prop_assert!(permits <= usize::from(input.max_allowed_validators) + 1);
    }

    #[test]
    fn who_nobody_weighs_earns_nothing_as_a_miner(mut input in inputs(false), unseen in 0u16..10) {
        input.weights.values_mut().for_each(|row| row.retain(|(uid, _)| *uid != unseen));
        let output = yuma::epoch(&input);
        prop_assert_eq!(output.incentive.get(usize::from(unseen)).copied().unwrap_or(0), 0);
        prop_assert_eq!(output.server_emission.get(usize::from(unseen)).copied().unwrap_or(0), 0);
    }

    /// With many more seats rows aren't held in full any more.
    #[test]
    fn seats_that_nobody_weighs_change_nothing(mut input in inputs(false), full in any::<u64>()) {
        let n = input.stake.len();
        // Most rows name all seats.
        for uid in (0..n as u16).filter(|uid| full >> uid & 1 == 0) {
            let row = |salt: u64| {
                let value = |j: u16| full.rotate_left(7 * u32::from(j)).wrapping_mul(2 * u64::from(uid) + salt) >> 40;
                (0..n as u16).map(|j| (j, value(j) as u16)).collect()
            };
            input.weights.insert(uid, row(1));
            input.bonds.insert(uid, row(3));
        }
        input.owner_uid = input.owner_uid.filter(|owner| usize::from(*owner) < n);
        let mut wide = input.clone();
        wide.stake.resize(4 * n, 0);
        wide.last_update.resize(4 * n, 0);
        wide.block_at_registration.resize(4 * n, 0);
        wide.validator_permits.resize(4 * n, false);
        let (mut output, wide) = (yuma::epoch(&input), yuma::epoch(&wide));
        output.active.resize(4 * n, false);
        output.validator_permits.resize(4 * n, false);
        for shares in [
            &mut output.consensus, &mut output.dividends, &mut output.incentive, &mut output.stake_weight,
            &mut output.validator_trust,
        ] {
            shares.resize(4 * n, 0);
        }
        for rao in [&mut output.emission, &mut output.server_emission, &mut output.validator_emission] {
            rao.resize(4 * n, 0);
        }
        prop_assert_eq!(output, wide);
    }

    #[test]
    fn rows_of_those_without_a_permit_change_nothing(input in inputs(false)) {
        let mut only = input.clone();
        let permitted = |uid: &u16| {
            input.owner_uid == Some(*uid) || input.validator_permits.get(usize::from(*uid)).is_some_and(|permit| *permit)
        };
        only.weights.retain(|uid, _| permitted(uid));
        prop_assert_eq!(yuma::epoch(&only), yuma::epoch(&input));
    }

    #[test]
    fn influence_is_that_of_the_epoch_without_it(input in inputs(true)) {
        let with = yuma::epoch(&input);
        let found = influence(&input);
        prop_assert!(found.is_sorted_by_key(|one| one.uid));
        prop_assert!(found.is_empty() || (found.iter().map(|one| one.stake).sum::<f64>() - 1.0).abs() < 1e-6);
        for (uid, stake) in (0..).zip(&input.stake) {
            let one = found.iter().find(|one| one.uid.0 == uid);
            let (mut without, mut share) = (input.clone(), 0.0);
            without.stake[usize::from(uid)] = 0;
            let without = yuma::epoch(&without);
            // Stored shares are truncated: by less than one of 65535 each.
            let sums = [&with, &without].map(|output| sum(&output.incentive) as f64);
            if sums.iter().all(|sum| *sum > 0.0) {
                let apart = |(a, b): (&u16, &u16)| (f64::from(*a) / sums[0] - f64::from(*b) / sums[1]).abs();
                share = with.incentive.iter().zip(&without.incentive).map(apart).sum::<f64>() / 2.0;
            } else if sums != [0.0, 0.0] {
                share = 1.0;
            }
            let truncated = input.stake.len() as f64 * 2.0 / 65_535.0;
            prop_assert!((one.map_or(0.0, |one| one.incentive) - share).abs() <= truncated, "{uid} {stake} {share} {one:?}");
            let changed = with.consensus.iter().zip(&without.consensus).filter(|(a, b)| a != b).count();
            prop_assert!(one.map_or(0, |one| one.pivotal) >= changed);
        }
    }
}
