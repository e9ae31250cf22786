//! Indices of concentration: textbooks' numbers, and the axioms that the measures are chosen for.

use assay_scoring::concentration::{Concentration, MAJORITY, MINORITY, gini, herfindahl, nakamoto, total_variation};
use primitives::{Uid, Weights};
use proptest::prelude::*;

fn near(found: f64, known: f64) -> bool {
    (found - known).abs() < 5e-8
}

#[test]
fn herfindahl_is_that_of_the_merger_guidelines() {
    // U.S. Department of Justice and FTC, Merger Guidelines (2023): shares of 30, 30, 20 and 20 percent have an HHI of 2,600.
    assert!(near(herfindahl([30_u16, 30, 20, 20]), 0.26));
    // Nine firms in a course (industrialorganization.blogspot.com, March 2006): 1,540, and 2,540 if the two largest merge.
    assert!(near(herfindahl([25_u16, 20, 15, 10, 8, 7, 6, 5, 4]), 0.154));
    assert!(near(herfindahl([45_u16, 15, 10, 8, 7, 6, 5, 4]), 0.254));
    // A monopoly, and equals.
    assert_eq!((herfindahl([65_535_u16]), herfindahl([7_u64, 7, 7, 7, 0])), (1.0, 0.25));
    assert_eq!(herfindahl([3_u16, 1]), 0.625);
}

#[test]
fn gini_is_that_of_the_packages_for_r() {
    // `ineq::Gini` (the uncorrected coefficient): the incomes of its documentation, and the example of `phylotools::gini`.
    let incomes = [541_u64, 1463, 2445, 3438, 4437, 5401, 6392, 8304, 11904, 22261];
    assert!((gini(incomes) - 0.462_091_1).abs() < 5e-8);
    assert!((gini([1_u16, 3, 2, 1, 1, 1, 4]) - 0.307_692_3).abs() < 5e-8);
    assert_eq!(gini([1_u16; 4]), 0.0);
    for n in 1..20_usize {
        let one_of_n = (1..=n).map(|place| if place == n { 5_u64 } else { 0 });
        assert!(near(gini(one_of_n), (n as f64 - 1.0) / n as f64));
    }
}

#[test]
fn nakamoto_counts_who_holds_more_than_the_threshold() {
    let shares = [40_u16, 20, 10, 10, 10, 10];
    assert_eq!(
        [0.0, 0.33, 0.4, 0.5, 0.6, 0.9, 0.99].map(|part| nakamoto(shares, part).unwrap()),
        [1, 1, 2, 2, 3, 6, 6]
    );
    // As much as half isn't more than half; of three equals one holds more than 33 %.
    assert_eq!((nakamoto([1_u64, 1], MAJORITY), nakamoto([1_u64; 3], MINORITY)), (Some(2), Some(1)));
    // Srinivasan and Lee ("Quantifying decentralization", 2017) count up to 51 %: the same but for a coalition of 50 to 51 %.
    let of_51 = |shares: &[u16]| {
        let mut sorted = shares.to_vec();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let sums = sorted.iter().scan(0, |sum, share| {
            *sum += u32::from(*share);
            Some(*sum)
        });
        sums.take_while(|sum| *sum < 51).count() + 1
    };
    for shares in [vec![29, 21, 15, 14, 12, 9], vec![100], vec![51, 49], vec![26, 25, 25, 24], vec![20; 5]] {
        assert_eq!(nakamoto(&shares, MAJORITY), Some(of_51(&shares)));
    }
}

#[test]
fn what_has_no_answer_has_none() {
    let nobody = Concentration::of([0_u64; 3]);
    assert_eq!((nobody.n, nobody.holders, nobody.nakamoto_33, nobody.nakamoto_50), (3, 0, None, None));
    assert_eq!([nobody.herfindahl, nobody.effective, nobody.gini, nobody.largest_share], [0.0; 4]);
    assert_eq!(Concentration::of([0.0; 0]), Concentration { n: 0, ..nobody });
    for wrong in [f64::NAN, f64::INFINITY, -1.0] {
        let amounts = [1.0, wrong, 3.0];
        assert!(herfindahl(amounts).is_nan() && gini(amounts).is_nan() && nakamoto(amounts, 0.5).is_none());
        let summary = serde_json::to_value(Concentration::of(amounts)).unwrap();
        assert!(summary["gini"].is_null() && summary["largest_share"].is_null() && summary["nakamoto_50"].is_null());
        assert_eq!(summary["n"], 3);
    }
    assert_eq!([1.0, 1.5, f64::NAN].map(|threshold| nakamoto([1_u64, 2], threshold)), [None; 3]);
    // All of the TAO there can be, and numbers at both ends.
    assert_eq!(herfindahl([21_000_000_000_000_000_u64; 2]), 0.5);
    assert_eq!(herfindahl([u64::MAX; 4]), 0.25);
    assert_eq!((herfindahl([f64::MAX; 4]), gini([f64::MAX; 4]), nakamoto([f64::MAX; 4], 0.5)), (0.25, 0.0, Some(3)));
    assert_eq!((herfindahl([5e-324; 4]), gini([5e-324, 0.0])), (0.25, 0.5));
}

#[test]
fn a_row_of_weights_is_read_where_it_is() {
    let row = Weights::new([(Uid(9), 30), (Uid(2), 10), (Uid(5), 0)]).unwrap();
    let summary = Concentration::of(row.iter());
    assert_eq!((summary.n, summary.holders, summary.herfindahl), (3, 2, 0.625));
    assert_eq!((summary.effective, summary.largest_share), (1.6, 0.75));
    assert_eq!(summary.gini, gini([0.25, 0.75, 0.0]));
    assert_eq!((summary.nakamoto_33, summary.nakamoto_50), (Some(1), Some(1)));
    assert_eq!(total_variation(&row, &row), 0.0);
}

fn amounts() -> impl Strategy<Value = Vec<u64>> {
    let amount = prop_oneof![1 => Just(0), 2 => 1..9_u64, 3 => 1..21_000_000_000_000_000_u64];
    prop::collection::vec(amount, 1..40)
}

proptest! {
    #[test]
    fn they_keep_their_bounds(amounts in amounts()) {
        let found = Concentration::of(&amounts);
        let n = amounts.len() as f64;
        if found.holders == 0 {
            return Ok(());
        }
        let slack = 1e-12;
        prop_assert!(found.herfindahl >= 1.0 / found.holders as f64 - slack && found.herfindahl <= 1.0);
        prop_assert!(found.effective >= 1.0 && found.effective <= found.holders as f64 + slack);
        prop_assert!(found.gini >= 0.0 && found.gini <= (n - 1.0) / n + slack);
        prop_assert!(found.largest_share <= 1.0 && found.herfindahl <= found.largest_share + slack);
        let (minority, majority) = (found.nakamoto_33.unwrap(), found.nakamoto_50.unwrap());
        prop_assert!(1 <= minority && minority <= majority && majority <= found.holders);
        // No more than half of them, and one, are needed for more than half.
        prop_assert!(majority <= found.holders / 2 + 1);
    }

    #[test]
    fn neither_order_nor_scale_matters(amounts in amounts(), turn in 0..40_usize, doublings in 0..60_i32) {
        let found = Concentration::of(&amounts);
        let mut turned = amounts.clone();
        turned.rotate_left(turn % amounts.len());
        turned.reverse();
        prop_assert_eq!(Concentration::of(&turned), found);
        let scaled = |scale: f64| Concentration::of(amounts.iter().map(|amount| *amount as f64 * scale));
        // By powers of two to the last bit, by any factor but for rounding.
        prop_assert_eq!(scaled(libm::scalbn(1.0, doublings)), found);
        let thirds = scaled(1.0 / 3.0);
        prop_assert!((thirds.herfindahl - found.herfindahl).abs() < 1e-12 && (thirds.gini - found.gini).abs() < 1e-12);
    }

    #[test]
    fn everybody_twice_changes_no_gini_and_halves_herfindahl(amounts in amounts()) {
        let twice = [amounts.clone(), amounts.clone()].concat();
        prop_assert!((gini(&twice) - gini(&amounts)).abs() < 1e-12);
        prop_assert!((herfindahl(&twice) - herfindahl(&amounts) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn giving_to_a_poorer_one_lowers_both(amounts in amounts(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), part in 0.01..1.0_f64) {
        // Dalton's principle: a transfer from richer to poorer that doesn't overshoot.
        let (rich, poor) = (from.index(amounts.len()), to.index(amounts.len()));
        prop_assume!(amounts[rich] > amounts[poor] + 1);
        let moved = ((amounts[rich] - amounts[poor]) as f64 / 2.0 * part) as u64;
        let mut after = amounts.clone();
        (after[rich], after[poor]) = (after[rich] - moved, after[poor] + moved);
        prop_assert!(gini(&after) <= gini(&amounts) + 1e-12);
        prop_assert!(herfindahl(&after) <= herfindahl(&amounts) + 1e-12);
        // By the formulas: what moves lowers the sum of squares by 2 m (rich - poor - m) of the whole squared.
        let whole: f64 = amounts.iter().map(|amount| *amount as f64).sum();
        let drop = 2.0 * moved as f64 * (amounts[rich] - amounts[poor] - moved) as f64 / (whole * whole);
        prop_assert!((herfindahl(&amounts) - herfindahl(&after) - drop).abs() < 1e-9);
    }

    #[test]
    fn gini_is_half_the_mean_difference_over_the_mean(amounts in amounts()) {
        let whole: f64 = amounts.iter().map(|amount| *amount as f64).sum();
        let pairs = amounts.iter().flat_map(|a| amounts.iter().map(move |b| a.abs_diff(*b) as f64));
        let known = if whole > 0.0 { pairs.sum::<f64>() / (2.0 * amounts.len() as f64 * whole) } else { 0.0 };
        prop_assert!((gini(&amounts) - known).abs() < 1e-9);
    }

    #[test]
    fn nakamoto_is_the_least_coalition(amounts in prop::collection::vec(0..50_u64, 1..10), parts in 0..128_u64) {
        // Over all coalitions, in integers; 128ths are exact.
        let whole: u64 = amounts.iter().sum();
        let least = (1_u32..1 << amounts.len()).filter(|coalition| {
            let held: u64 = amounts.iter().enumerate().filter(|(at, _)| coalition >> at & 1 == 1).map(|(_, held)| held).sum();
            held * 128 > whole * parts
        }).map(u32::count_ones).min();
        prop_assert_eq!(nakamoto(&amounts, parts as f64 / 128.0), least.map(|least| least as usize));
    }
}
