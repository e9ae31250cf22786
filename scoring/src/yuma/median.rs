//! Consensus: the stake-weighted median of what validators say of each miner.

mod columns;
mod search;
mod selection;

use substrate_fixed::types::I32F32;

use super::{
    fixed::{self, ZERO, normalize},
    matrix::Matrix,
};
use columns::{Column, Columns};
use search::Search;
use selection::Selection;

/// The weighted median of each column over the rows with stake; a row that doesn't name a column says 0, and of two
/// entries of one column the last one counts. `majority` is kappa.
pub(crate) fn weighted_medians(stake: &[I32F32], matrix: &Matrix, majority: I32F32) -> Vec<I32F32> {
    let rows: Vec<usize> = (0..stake.len()).filter(|i| stake[*i] > ZERO).collect();
    let mut weights: Vec<I32F32> = rows.iter().map(|i| stake[*i]).collect();
    normalize(&mut weights);
    let total = fixed::sum(weights.iter().copied());
    let minority = total.saturating_sub(majority);

    let mut medians = Vec::with_capacity(stake.len());
    match Selection::new(&weights, minority) {
        Some(mut selection) => each_column(matrix, &rows, stake.len(), |column| medians.push(selection.median(column))),
        None => {
            let search = Search { weights: &weights, total, minority };
            each_column(matrix, &rows, stake.len(), |column| medians.push(search.median(column)));
        }
    }
    medians
}

/// Shows each column of these rows.
fn each_column(matrix: &Matrix, rows: &[usize], columns: usize, mut show: impl FnMut(Column<'_>)) {
    if matrix.is_full() {
        columns::each_in_full(matrix, rows, columns, show);
    } else {
        let all = Columns::of(matrix, rows, columns);
        (0..columns).for_each(|j| show(all.column(j)));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Weights that are shares, few or many voters, scores with ties and zeros, and columns that few name.
    fn votes() -> impl Strategy<Value = (Vec<i64>, Vec<Option<i64>>)> {
        let weight = prop_oneof![1 => Just(0i64), 2 => 1i64..4, 7 => 1i64..1 << 26];
        let score = prop_oneof![3 => 0i64..4, 1 => Just(1 << 32), 6 => 0i64..=1 << 32];
        let vote = (weight, 0u32..100, score);
        (prop_oneof![3 => 1usize..8, 2 => 8usize..200], 0u32..=100).prop_flat_map(move |(voters, named)| {
            prop::collection::vec(vote.clone(), voters).prop_map(move |votes| {
                votes.into_iter().map(|(weight, chance, score)| (weight, (chance < named).then_some(score))).unzip()
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// The answer doesn't hang on the pivots.
        #[test]
        fn a_selection_is_the_chains_search(
            (bits, said) in votes(),
            minority in prop_oneof![8 => 0.0..=1.0, 1 => Just(-0.1), 1 => Just(1.0)],
        ) {
            let weights: Vec<I32F32> = bits.iter().map(|bits| I32F32::from_bits(*bits)).collect();
            let total = fixed::sum(weights.iter().copied());
            let mut matrix = Matrix::with_room(said.len(), said.len());
            for score in &said {
                score.iter().for_each(|score| matrix.push(0, I32F32::from_bits(*score)));
                matrix.end_row();
            }
            let columns = Columns::of(&matrix, &(0..said.len()).collect::<Vec<_>>(), 1);
            // Ties of sums and minority too.
            let exact = (total.to_bits() as f64 * minority) as i64;
            let at_tie = bits[..bits.len() / 2].iter().sum::<i64>();
            for minority in [exact, at_tie, at_tie - 1].map(I32F32::from_bits) {
                let search = Search { weights: &weights, total, minority };
                let found = Selection::new(&weights, minority).unwrap().median(columns.column(0));
                prop_assert_eq!(found, search.median(columns.column(0)), "{:?} {:?} {}", &bits, &said, minority);
            }
        }
    }
}
