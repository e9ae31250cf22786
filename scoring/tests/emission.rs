//! Emission over many blocks: whole tempos against single blocks, and what an epoch finds.

use assay_scoring::emission::{Drained, Pending, Split, Subnet, Terms, block_emission, issuance_after};
use proptest::prelude::*;

/// `TaoWeight` at 0.18.
const TAO_WEIGHT: u64 = 3_320_413_933_267_719_290;
const SUPPLY: u64 = 21_000_000_000_000_000;

fn young() -> Terms {
    Terms { owner_cut: Some(11_796), root_tao: 0, tao_weight: TAO_WEIGHT, root_sells: true, alpha_in: 0 }
}

#[test]
fn a_tempo_gathers_360_blocks_and_the_epoch_takes_all() {
    let mut subnet = Subnet::default();
    subnet.advance(&young(), 360);
    assert_eq!(subnet.alpha_issuance, 360_000_000_000);
    let gathered =
        Pending { server: 360 * 410_002_288, validator: 360 * 410_002_288, root: 0, owner_cut: 360 * 179_995_422 };
    assert_eq!(subnet.drain(), gathered);
    assert_eq!(subnet.pending, Pending::default());
    assert_eq!(gathered.emission(), 720 * 410_002_288);
}

/// An epoch that is put off takes what waited, not a tempo's worth.
#[test]
fn a_late_epoch_takes_what_waited() {
    let mut subnet = Subnet::default();
    subnet.advance(&young(), 361);
    assert_eq!(subnet.drain().server, 361 * 410_002_288);
    subnet.advance(&young(), 1);
    assert_eq!(subnet.drain().server, 410_002_288);
}

#[test]
fn where_nobody_mines_validators_get_the_miners_part() {
    let pending = Pending { server: 500, validator: 300, root: 200, owner_cut: 180 };
    assert_eq!(pending.emission(), 1_000);
    assert_eq!(pending.drained(499), Drained { validators: 300, root: 200, owner_cut: 180 });
    assert_eq!(pending.drained(0), Drained { validators: 800, root: 200, owner_cut: 180 });
}

/// Root's proportion falls as alpha is issued, and is taken with the block's own alpha already issued.
#[test]
fn roots_part_falls_from_block_to_block() {
    let terms = Terms { root_tao: 1_000_000_000, ..young() };
    let mut subnet = Subnet::default();
    let splits: Vec<Split> = (0..3).map(|_| subnet.step(&terms)).collect();
    // 0.18 / (0.18 + k) of the validators' half, in block k.
    assert_eq!(splits.iter().map(|split| split.root).collect::<Vec<_>>(), [62_542_721, 33_853_399, 23_207_676]);
    assert!(splits.iter().all(|split| split.server == 410_002_288));
    assert_eq!(subnet.pending.root, 62_542_721 + 33_853_399 + 23_207_676);
}

/// Where the prices of all subnets are low, root's part is recycled: it leaves the issuance.
#[test]
fn what_root_cannot_sell_is_recycled() {
    let terms = Terms { root_tao: 1_000_000_000, root_sells: false, ..young() };
    let mut subnet = Subnet::default();
    let split = subnet.step(&terms);
    assert_eq!((subnet.pending.root, subnet.alpha_issuance), (0, 1_000_000_000 - split.root));
}

/// A block that begins below the threshold issues the old amount, though it passes it.
#[test]
fn alpha_halves_in_the_middle_of_a_tempo() {
    let threshold = 10_500_000_000_000_000;
    let mut subnet = Subnet { alpha_issuance: threshold - 9_500_000_000, pending: Pending::default() };
    subnet.advance(&young(), 12);
    assert_eq!(subnet.alpha_issuance, threshold + 500_000_000 + 2 * 500_000_000);
    assert_eq!(subnet.pending.server, 10 * 410_002_288 + 2 * 205_001_144);
}

#[test]
fn tao_halves_as_it_is_issued() {
    assert_eq!(issuance_after(0, 10_499_999), 10_499_999_000_000_000);
    assert_eq!(issuance_after(0, 10_500_000), 10_500_000_000_000_000);
    assert_eq!(issuance_after(0, 10_500_002), 10_500_001_000_000_000);
    assert_eq!(issuance_after(0, 21_000_000), 15_750_000_000_000_000);
    // At the end a block brings nothing any more: 30 halvings leave less than a rao.
    let end = issuance_after(0, u64::MAX);
    assert_eq!((block_emission(end), end < SUPPLY), (0, true));
    assert_eq!(issuance_after(SUPPLY, 5), SUPPLY);
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let root_tao = prop_oneof![2 => Just(0), 1 => 0..SUPPLY, 1 => Just(u64::MAX)];
    let tao_weight = prop_oneof![1 => Just(0), 3 => any::<u64>()];
    let alpha_in = prop_oneof![Just(0), 0u64..2_000_000_000];
    let terms = (prop::option::of(any::<u16>()), root_tao, tao_weight, any::<bool>(), alpha_in);
    terms.prop_map(|(owner_cut, root_tao, tao_weight, root_sells, alpha_in)| Terms {
        owner_cut,
        root_tao,
        tao_weight,
        root_sells,
        alpha_in,
    })
}

/// Issuances at which something happens soon: nothing yet, a halving near, the supply near.
fn any_issuance() -> impl Strategy<Value = u64> {
    let near = (0u32..50, 0u64..400_000_000_000)
        .prop_map(|(halvings, before)| (SUPPLY - (SUPPLY >> halvings)).saturating_sub(before));
    prop_oneof![near, 0..=SUPPLY]
}

proptest! {
    #[test]
    fn a_tempo_is_its_blocks(terms in any_terms(), alpha_issuance in any_issuance(), blocks in 0u64..800) {
        let mut by_tempo = Subnet { alpha_issuance, pending: Pending::default() };
        let mut by_block = by_tempo;
        by_tempo.advance(&terms, blocks);
        (0..blocks).for_each(|_| {
            by_block.step(&terms);
        });
        prop_assert_eq!(by_tempo, by_block);
    }

    #[test]
    fn tao_is_its_blocks(issuance in any_issuance(), blocks in 0u64..800) {
        let by_block = (0..blocks).fold(issuance, |issuance, _| issuance + block_emission(issuance));
        prop_assert_eq!(issuance_after(issuance, blocks), by_block);
    }

    /// At most three rao a block are lost to rounding, and none are made.
    #[test]
    fn a_block_splits_what_it_issues(terms in any_terms(), alpha_issuance in any_issuance()) {
        let alpha_out = block_emission(alpha_issuance);
        let split = Subnet { alpha_issuance, pending: Pending::default() }.step(&terms);
        let parts = split.owner_cut + split.server + split.validator + split.root;
        prop_assert!(parts <= alpha_out && alpha_out - parts <= 3, "{parts} of {alpha_out}");
    }
}
