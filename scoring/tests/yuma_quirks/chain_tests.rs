//! Tests of the chain itself, as data: numbers are those that its own tests print and demand.

use assay_scoring::yuma::{EpochInput, LiquidAlpha, Rows};

use crate::{ALL, HALF, epoch, subnet};

/// A subnet as those tests make it: all registered in block 0, tempo 1, no epoch of the chain's own.
fn at_block(block: u64, stake: &[u64]) -> EpochInput {
    let n = stake.len();
    EpochInput {
        block,
        tempo: 1,
        activity_cutoff: 5_000,
        last_update: vec![0; n],
        block_at_registration: vec![0; n],
        last_mechanism_step_block: 0,
        validator_permits: vec![true; n],
        ..subnet(stake)
    }
}

/// `test_bonds`: four validators turn to themselves one after the other; eight epochs.
#[test]
fn bonds() {
    let row = vec![(4, 16_383), (5, 32_767), (6, 49_149), (7, 65_535)];
    let mut weights: Rows = (0..4).map(|uid| (uid, row.clone())).collect();
    let mut bonds = Rows::new();
    let half = [49_998_779, 100_000_610, 149_996_337, 200_004_272];
    let all_on_last = [0, 0, 0, 500_000_000];
    // Emission of the validators, then of the miners; a miner and what the first three hold of it; what changes.
    let expected = [
        ([49_999_998, 99_999_999, 150_000_000, 200_000_001], half, 4, [16_383, 32_767, 49_151]),
        ([44_998_351, 101_110_561, 151_667_215, 202_223_870], half, 4, [14_582, 32_767, 49_151]),
        ([40_496_805, 90_999_783, 157_929_636, 210_573_773], half, 4, [12_603, 28_321, 49_151]),
        ([99_999_999, 199_999_999, 299_999_999, 399_999_999], [0; 4], 7, [12_602, 28_320, 49_150]),
        ([36_443_733, 81_898_628, 163_565_493, 218_092_144], all_on_last, 7, [10_951, 24_609, 49_150]),
        ([32_799_427, 73_706_612, 168_638_129, 224_855_830], all_on_last, 7, [9_559, 21_482, 49_150]),
        ([29_518_068, 66_336_137, 173_203_134, 230_942_659], all_on_last, 7, [8_376, 18_824, 49_150]),
        ([26_565_175, 59_701_871, 177_311_856, 236_421_095], all_on_last, 7, [7_363, 16_549, 49_150]),
    ];
    for (block, (validators, miners, miner, held)) in (2..).zip(expected) {
        match block {
            3 => weights.insert(0, vec![(0, ALL)]),
            4 => weights.insert(1, vec![(1, ALL)]),
            5 => weights.insert(2, vec![(2, ALL)]),
            6 => weights.insert(2, vec![(7, ALL)]),
            _ => None,
        };
        let mut input = at_block(block, &[1, 2, 3, 4, 0, 0, 0, 0]);
        input.last_update[..4].fill(block);
        (input.weights, input.bonds) = (weights.clone(), bonds);
        let output = epoch(&input);
        assert_eq!(output.emission, [validators, miners].concat(), "in block {block}");
        bonds = output.bonds;
        let of = |uid: u16| bonds[&uid].iter().find(|(uid, _)| *uid == miner).unwrap().1;
        assert_eq!([of(0), of(1), of(2), of(3)], [held[0], held[1], held[2], ALL], "in block {block}");
    }
}

/// `test_active_stake`: one of two validators falls silent, and comes back.
#[test]
fn active_stake() {
    let mut input = at_block(2, &[1, 1, 1, 1]);
    input.weights = (0..2).map(|uid| (uid, vec![(2, ALL), (3, ALL)])).collect();
    input.last_update = vec![1, 1, 0, 0];
    let output = epoch(&input);
    assert_eq!((output.dividends[0], output.emission), (HALF, vec![250_000_000; 4]));

    let mut silent = EpochInput { block: 5_002, bonds: output.bonds, ..input };
    silent.last_update = vec![5_002, 1, 0, 0];
    let output = epoch(&silent);
    assert_eq!(output.dividends, [36_044, 29_490, 0, 0]);
    assert_eq!(output.emission, [274_999_999, 224_999_999, 250_000_000, 250_000_000]);
    assert_eq!(output.bonds[&1], [(2, 53_619), (3, 53_619)]);

    let mut back = EpochInput { block: 5_003, bonds: output.bonds, ..silent };
    back.last_update = vec![5_002, 5_002, 0, 0];
    let output = epoch(&back);
    assert_eq!(output.dividends, [35_716, 29_818, 0, 0]);
    assert_eq!(output.emission, [272_501_132, 227_498_866, 250_000_000, 250_000_000]);
    assert_eq!(output.bonds[&1], [(2, 54_712), (3, 54_712)]);
}

/// `test_outdated_weights`: a miner is replaced, and only one validator has looked since.
#[test]
fn outdated_weights() {
    let mut input = at_block(2, &[1, 1, 1, 1]);
    input.weights = (0..2).map(|uid| (uid, vec![(2, ALL), (3, 32_768)])).collect();
    input.weights.extend([(2, vec![(2, ALL)]), (3, vec![(3, ALL)])]);
    input.last_update = vec![1; 4];
    let output = epoch(&input);
    assert_eq!(output.emission, [250_000_000, 250_000_000, 333_331_637, 166_668_361]);

    input = EpochInput { block: 3, tempo: 0, bonds: output.bonds, stake: vec![1, 1, 1, 0], ..input };
    input.validator_permits[3] = false;
    (input.last_update, input.block_at_registration) = (vec![3, 1, 1, 1], vec![0, 0, 0, 2]);
    let output = epoch(&input);
    assert_eq!(output.emission, [250_000_000, 250_000_000, 500_000_000, 0]);
    assert_eq!((output.dividends[0], output.bonds[&0].clone()), (HALF, vec![(2, ALL), (3, ALL)]));
}

/// Six epochs of three validators with 0.8, 0.1 and 0.1 of the stake and two miners, new Yuma with liquid alpha;
/// bonds and dividends to three places.
fn yuma_3(weights: [[usize; 3]; 4], bonds: [[[f64; 2]; 3]; 6], dividends: [[f64; 3]; 6]) {
    let mut held = Rows::new();
    for (at, (bonds, dividends)) in bonds.into_iter().zip(dividends).enumerate() {
        let mut input = at_block(at as u64 + 3, &[8, 1, 1, 0, 0]);
        input.last_update[..3].fill(at as u64 + 2);
        input.weights = (0..)
            .zip(weights[at.min(3)])
            .map(|(uid, miner)| {
                (uid, vec![(3, if miner == 1 { ALL } else { 0 }), (4, if miner == 2 { ALL } else { 0 })])
            })
            .collect();
        (input.yuma3, input.bonds_penalty, input.bonds_moving_average) = (true, 0, 975_000);
        input.liquid_alpha = Some(LiquidAlpha { alpha_low: 6_553, alpha_high: 19_660, sigmoid_steepness: 1_000 });
        input.max_allowed_validators = 3;
        input.bonds = held;
        let output = epoch(&input);
        let near = |stored: u16, expected: f64| (f64::from(stored) / 65_535.0 - expected).abs() < 1e-3;
        for (uid, expected) in (0u16..).zip(bonds) {
            for (miner, expected) in [3, 4].into_iter().zip(expected) {
                let bond = output.bonds[&uid].iter().find(|(uid, _)| *uid == miner).map_or(0, |(_, value)| *value);
                assert!(near(bond, expected), "epoch {at}: {uid} holds {bond} of {miner}, not {expected}");
            }
            let paid = output.dividends[usize::from(uid)];
            assert!(near(paid, dividends[usize::from(uid)]), "epoch {at}: {uid} is paid {paid}");
        }
        held = output.bonds;
    }
}

/// `test_yuma_3_kappa_moves_first`.
#[test]
fn yuma_3_when_the_largest_validator_moves_first() {
    yuma_3(
        [[1, 1, 1], [2, 1, 1], [2, 2, 1], [2, 2, 2]],
        [
            [[0.1013, 0.0000], [0.1013, 0.0000], [0.1013, 0.0000]],
            [[0.0908, 0.1013], [0.3697, 0.0000], [0.3697, 0.0000]],
            [[0.0815, 0.1924], [0.3170, 0.1013], [0.5580, 0.0000]],
            [[0.0731, 0.2742], [0.2765, 0.1924], [0.4306, 0.1013]],
            [[0.0656, 0.3478], [0.2435, 0.2742], [0.3589, 0.1924]],
            [[0.0588, 0.4139], [0.2157, 0.3478], [0.3089, 0.2742]],
        ],
        [
            [0.8000, 0.1000, 0.1000],
            [1.0000, 0.0000, 0.0000],
            [0.9382, 0.0618, 0.0000],
            [0.8819, 0.0773, 0.0407],
            [0.8564, 0.0844, 0.0592],
            [0.8418, 0.0884, 0.0697],
        ],
    );
}

/// `test_yuma_3_kappa_moves_second`.
#[test]
fn yuma_3_when_the_largest_validator_moves_second() {
    yuma_3(
        [[1, 1, 1], [1, 2, 1], [2, 2, 1], [2, 2, 2]],
        [
            [[0.1013, 0.0000], [0.1013, 0.0000], [0.1013, 0.0000]],
            [[0.1924, 0.0000], [0.0908, 0.2987], [0.1924, 0.0000]],
            [[0.1715, 0.1013], [0.0815, 0.3697], [0.4336, 0.0000]],
            [[0.1531, 0.1924], [0.0731, 0.4336], [0.3608, 0.1013]],
            [[0.1369, 0.2742], [0.0656, 0.4910], [0.3103, 0.1924]],
            [[0.1225, 0.3478], [0.0588, 0.5426], [0.2712, 0.2742]],
        ],
        [
            [0.8000, 0.1000, 0.1000],
            [0.8446, 0.0498, 0.1056],
            [0.6868, 0.3132, 0.0000],
            [0.7421, 0.2090, 0.0489],
            [0.7625, 0.1706, 0.0669],
            [0.7730, 0.1508, 0.0762],
        ],
    );
}
