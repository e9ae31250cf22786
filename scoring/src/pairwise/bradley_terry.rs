//! Strengths such that `a` beats `b` with chance `a / (a + b)` (Bradley and Terry, "Rank analysis of incomplete block
//! designs", Biometrika 39, 1952), the likeliest ones, by the iteration of Newman ("Efficient computation of rankings from
//! pairwise comparisons", Journal of Machine Learning Research 24, 2023). It ends soon where one-sided games keep the older
//! one of Zermelo from ending at all.

use ndarray::{Array1, Array2, ArrayView2};

use super::connected::unbeaten;

/// Rounds of the iteration, at most.
pub const MOST_ROUNDS: u32 = 20_000;

/// A round that changes no strength by more than this part of it is the last.
const STILL: f64 = 1e-14;

/// Why there are no strengths.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PairwiseError {
    /// Nobody, or a table that isn't square.
    #[error("wins are a square of one row at least, not {rows} by {columns}")]
    NotSquare {
        /// Rows of the table.
        rows: usize,
        /// Columns of the table.
        columns: usize,
    },
    /// A number of wins that is negative or none at all, or one over oneself.
    #[error("{winner} can't have won so over {loser}")]
    NotWins {
        /// The row.
        winner: usize,
        /// The column.
        loser: usize,
    },
    /// The prior is negative or no number.
    #[error("the prior is not a number of games")]
    NotAPrior,
    /// Some never lost to any of the others: only a prior can say how much stronger they are.
    #[error("{above:?} never lost to any of the others")]
    Separated {
        /// These.
        above: Vec<usize>,
    },
    /// The last round still changed something: so nearly separated that it would take much longer.
    #[error("no end after {MOST_ROUNDS} rounds")]
    NotConverged,
    /// Something that has to be a chance isn't.
    #[error("not a probability")]
    NotAProbability,
}

/// The strengths that explain the comparisons best.
#[derive(Clone, Debug, PartialEq)]
pub struct BradleyTerry {
    /// In the order of the table, positive, and 1 in sum.
    pub strengths: Array1<f64>,
    /// Rounds that it took.
    pub rounds: u32,
    /// Games of each two, with a row and a column for the prior's opponent where there is one.
    pub(super) games: Array2<f64>,
    /// All strengths, that opponent's included.
    pub(super) all: Array1<f64>,
}

/// The likeliest strengths, where `wins[[a, b]]` is how often `a` won over `b`; a draw is half a win for both.
/// Comparisons are taken to be independent.
///
/// With a `prior` above 0 each one also has this many wins and as many losses against an opponent that nobody else
/// sees. That makes any table solvable, draws strengths together where there are few games, and doesn't depend on how
/// many take part. Without it there is [`PairwiseError::Separated`] unless chains of wins lead from everyone to
/// everyone.
///
/// Every sum runs in the order of the table. So results depend on that order in the last bits: sort by something that
/// lasts. A table of n takes n² steps a round.
pub fn bradley_terry(wins: ArrayView2<f64>, prior: f64) -> Result<BradleyTerry, PairwiseError> {
    let (rows, columns) = wins.dim();
    if rows != columns || rows == 0 {
        return Err(PairwiseError::NotSquare { rows, columns });
    }
    let is_wrong = |((a, b), &count): ((usize, usize), &f64)| {
        (!(0.0..=f64::MAX).contains(&count) || a == b && count != 0.0).then_some((a, b))
    };
    if let Some((winner, loser)) = wins.indexed_iter().find_map(is_wrong) {
        return Err(PairwiseError::NotWins { winner, loser });
    }
    if !(0.0..=f64::MAX).contains(&prior) {
        return Err(PairwiseError::NotAPrior);
    }
    let seats = rows + usize::from(prior > 0.0);
    let mut table = Array2::from_elem((seats, seats), prior);
    for (pair, &count) in wins.indexed_iter() {
        table[pair] = count;
    }
    table.diag_mut().fill(0.0);
    if let Some(above) = unbeaten(table.view()) {
        return Err(PairwiseError::Separated { above });
    }
    let games = &table + &table.t();
    if !games.iter().all(|games| games.is_finite()) {
        return Err(PairwiseError::NotConverged);
    }
    let (all, rounds) = iterate(&table)?;
    let strengths = shares(all.iter().take(rows).copied());
    Ok(BradleyTerry { strengths, rounds, games, all })
}

fn iterate(wins: &Array2<f64>) -> Result<(Array1<f64>, u32), PairwiseError> {
    let mut strengths = shares(wins.outer_iter().map(|_| 1.0));
    for round in 1..=MOST_ROUNDS {
        let before = strengths.clone();
        for at in 0..strengths.len() {
            let own = strengths[at];
            let (mut upwards, mut downwards) = (0.0, 0.0);
            for ((won, lost), other) in wins.row(at).iter().zip(wins.column(at)).zip(&strengths) {
                // Who never met explains nothing, nor does anyone alone.
                if won + lost > 0.0 {
                    upwards += won * (other / (own + other));
                    downwards += lost / (own + other);
                }
            }
            if downwards > 0.0 {
                strengths[at] = upwards / downwards;
            }
        }
        strengths = shares(strengths.iter().copied());
        // Strengths beyond a number's range.
        if !strengths.iter().all(|strength| strength.is_normal()) {
            return Err(PairwiseError::NotConverged);
        }
        if strengths.iter().zip(&before).all(|(next, own)| (next - own).abs() <= STILL * own) {
            return Ok((strengths, round));
        }
    }
    Err(PairwiseError::NotConverged)
}

/// Divided by their sum.
fn shares(strengths: impl Iterator<Item = f64>) -> Array1<f64> {
    let strengths: Array1<f64> = strengths.collect();
    let sum: f64 = strengths.iter().sum();
    strengths / sum
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tables_that_are_none_are_refused() {
        let fit = |wins: Array2<f64>, prior| bradley_terry(wins.view(), prior).map(|_| ());
        assert_eq!(fit(Array2::zeros((0, 0)), 1.0), Err(PairwiseError::NotSquare { rows: 0, columns: 0 }));
        assert_eq!(fit(Array2::zeros((2, 3)), 1.0), Err(PairwiseError::NotSquare { rows: 2, columns: 3 }));
        for wrong in [-1.0, f64::NAN, f64::INFINITY] {
            let wins = array![[0.0, 1.0], [wrong, 0.0]];
            assert_eq!(fit(wins, 0.0), Err(PairwiseError::NotWins { winner: 1, loser: 0 }));
            assert_eq!(fit(array![[0.0, 1.0], [1.0, 0.0]], wrong), Err(PairwiseError::NotAPrior));
        }
        assert_eq!(fit(array![[1.0]], 0.0), Err(PairwiseError::NotWins { winner: 0, loser: 0 }));
        let separated = Err(PairwiseError::Separated { above: vec![0] });
        assert_eq!(fit(array![[0.0, 5.0], [0.0, 0.0]], 0.0), separated);
        assert_eq!(fit(array![[0.0, 1e9], [1e-300, 0.0]], 0.0), Err(PairwiseError::NotConverged));
        assert_eq!(fit(array![[0.0, f64::MAX], [f64::MAX, 0.0]], 0.0), Err(PairwiseError::NotConverged));
    }

    #[test]
    fn small_tables_are_solved_by_hand() {
        assert_eq!(bradley_terry(array![[0.0]].view(), 0.0).unwrap().strengths, array![1.0]);
        assert_eq!(bradley_terry(array![[0.0]].view(), 2.0).unwrap().strengths, array![1.0]);
        let two = bradley_terry(array![[0.0, 3.0], [1.0, 0.0]].view(), 0.0).unwrap();
        assert!((two.strengths[0] - 0.75).abs() < 1e-12);
        // Nobody played: all alike. One won all: stronger, but not endlessly.
        let none = bradley_terry(Array2::zeros((3, 3)).view(), 0.5).unwrap();
        assert!(none.strengths.iter().all(|strength| (strength - 1.0 / 3.0).abs() < 1e-12));
        let few = bradley_terry(array![[0.0, 5.0], [0.0, 0.0]].view(), 0.5).unwrap();
        let many = bradley_terry(array![[0.0, 50.0], [0.0, 0.0]].view(), 0.5).unwrap();
        assert!(few.strengths[0] > 0.5 && many.strengths[0] > few.strengths[0] && many.strengths[0] < 1.0);
    }

    #[test]
    fn one_sided_tournaments_have_strengths() {
        // Everyone beats all after it, a hundred times.
        let ladder = Array2::from_shape_fn((30, 30), |(a, b)| if a < b { 100.0 } else { 0.0 });
        let fit = bradley_terry(ladder.view(), 1.0).unwrap();
        assert!(fit.rounds < 1_000, "{}", fit.rounds);
        assert!(fit.strengths.iter().zip(fit.strengths.iter().skip(1)).all(|(better, worse)| better > worse));
    }

    fn table() -> impl Strategy<Value = Array2<f64>> {
        let wins = |count: usize| prop::collection::vec(0..20_u32, count * count).prop_map(move |wins| (count, wins));
        (2..7_usize).prop_flat_map(wins).prop_map(|(count, wins)| {
            let cell = |(a, b)| if a == b { 0.0 } else { f64::from(wins[count * a + b]) / 4.0 };
            Array2::from_shape_fn((count, count), cell)
        })
    }

    proptest! {
        #[test]
        fn strengths_explain_the_wins_and_follow_their_owners(wins in table(), turn in 1..6_usize) {
            let fit = bradley_terry(wins.view(), 0.25).unwrap();
            let count = wins.nrows();
            prop_assert!((fit.strengths.sum() - 1.0).abs() < 1e-12);
            // The likeliest strengths expect as many wins as there were.
            for at in 0..=count {
                let chance = |other: usize| fit.all[at] / (fit.all[at] + fit.all[other]);
                let expected: f64 = (0..=count).map(|other| fit.games[[at, other]] * chance(other)).sum();
                let won = if at == count { 0.25 * count as f64 } else { wins.row(at).sum() + 0.25 };
                prop_assert!((expected - won).abs() < 1e-9 * won, "{} {}", expected, won);
            }
            let place = |at: usize| (at + turn) % count;
            let turned = Array2::from_shape_fn((count, count), |(a, b)| wins[[place(a), place(b)]]);
            let again = bradley_terry(turned.view(), 0.25).unwrap();
            for at in 0..count {
                prop_assert!((again.strengths[at] / fit.strengths[place(at)] - 1.0).abs() < 1e-9);
            }
            // One more win makes its owner stronger, and the loser weaker.
            let mut more = wins.clone();
            more[[0, 1]] += 1.0;
            let more = bradley_terry(more.view(), 0.25).unwrap();
            prop_assert!(more.strengths[0] > fit.strengths[0] && more.strengths[1] < fit.strengths[1]);
            // As many times all games change nothing where there is no prior.
            if let Ok(bare) = bradley_terry(wins.view(), 0.0) {
                let thrice = bradley_terry((&wins * 3.0).view(), 0.0).unwrap();
                prop_assert!(bare.strengths.iter().zip(&thrice.strengths).all(|(a, b)| (a / b - 1.0).abs() < 1e-7));
            }
        }
    }
}
