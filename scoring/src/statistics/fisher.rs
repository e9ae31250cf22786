//! Whether two shares differ, for counts of any size (Fisher, "On the interpretation of χ² from contingency tables, and
//! the calculation of P", Journal of the Royal Statistical Society 85, 1922).

use super::significance::{Alternative, Significance, tail};

/// Tables whose chances differ by less than this part count as equally likely: what is equal is not after rounding.
const ALIKE: f64 = 1e-7;

/// Whether the odds differ between the rows of `[[successes, failures], [successes, failures]]`: `Greater` is that
/// those of the first row are greater. The statistic is the odds ratio of the sample, infinite where only its
/// denominator is zero and 1 where both parts are. The chance is over all tables with the same sums; two-sided, over
/// those that are no likelier than this one. Nothing to compare, such as an empty row, is a chance of 1.
pub fn fisher_exact(table: [[u32; 2]; 2], alternative: Alternative) -> Significance {
    let [[a, b], [c, d]] = table.map(|row| row.map(u64::from));
    let (for_it, against) = (a as f64 * d as f64, b as f64 * c as f64);
    let statistic = if for_it == against { 1.0 } else { for_it / against };
    let chances = Chances::of(a + b, c + d, a + c);
    let sum = |is_counted: &dyn Fn(u64, f64) -> bool| -> f64 {
        let counted = chances.likely.iter().filter(|(cell, chance)| is_counted(*cell, *chance));
        counted.map(|(_, chance)| chance).sum()
    };
    let all = sum(&|_, _| true);
    let p_value = match alternative {
        Alternative::TwoSided => {
            let own = chances.at(a) * (1.0 + ALIKE);
            (sum(&|_, chance| chance <= own) / all).min(1.0)
        }
        one => tail(one, sum(&|cell, _| cell <= a) / all, sum(&|cell, _| cell >= a) / all),
    };
    Significance { statistic, p_value }
}

/// How likely each first cell of a table is, as parts of how likely the likeliest is. What is below a normal number's
/// range is left out, so that a large table costs a few deviations to each side.
struct Chances {
    likely: Vec<(u64, f64)>,
}

impl Chances {
    fn of(first_row: u64, second_row: u64, first_column: u64) -> Self {
        let (least, most) = (first_column.saturating_sub(second_row), first_column.min(first_row));
        let all = u128::from(first_row) + u128::from(second_row);
        let mode = (u128::from(first_column) + 1) * (u128::from(first_row) + 1) / (all + 2);
        let mode = u64::try_from(mode).map_or(most, |mode| mode.clamp(least, most));
        // How much likelier `cell + 1` is than `cell`.
        let step = |cell: u64| {
            let up = (first_row - cell) as f64 * (first_column - cell) as f64;
            let down = (cell + 1) as f64 * (second_row + cell + 1 - first_column) as f64;
            up / down
        };
        let mut likely = vec![(mode, 1.0)];
        let mut chance = 1.0;
        for cell in mode..most {
            chance *= step(cell);
            if chance < f64::MIN_POSITIVE {
                break;
            }
            likely.push((cell + 1, chance));
        }
        chance = 1.0;
        for cell in (least..mode).rev() {
            chance /= step(cell);
            if chance < f64::MIN_POSITIVE {
                break;
            }
            likely.push((cell, chance));
        }
        Self { likely }
    }

    fn at(&self, cell: u64) -> f64 {
        self.likely.iter().find(|(other, _)| *other == cell).map_or(0.0, |(_, chance)| *chance)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edges_are_sound() {
        for alternative in [Alternative::TwoSided, Alternative::Less, Alternative::Greater] {
            for nothing in [[[0, 0], [0, 0]], [[0, 0], [3, 4]], [[0, 4], [0, 9]], [[4, 0], [9, 0]], [[5, 6], [0, 0]]] {
                assert_eq!(fisher_exact(nothing, alternative), Significance { statistic: 1.0, p_value: 1.0 });
            }
            let huge = fisher_exact([[u32::MAX; 2]; 2], alternative);
            assert!(huge.statistic == 1.0 && huge.p_value > 0.5 && huge.p_value <= 1.0);
        }
        let far = fisher_exact([[u32::MAX, 0], [0, u32::MAX]], Alternative::Greater);
        assert_eq!((far.statistic, far.p_value), (f64::INFINITY, 0.0));
        assert_eq!(fisher_exact([[u32::MAX, 0], [0, u32::MAX]], Alternative::Less).p_value, 1.0);
    }

    proptest! {
        #[test]
        fn a_turned_table_says_the_same(a in 0..60_u32, b in 0..60_u32, c in 0..60_u32, d in 0..60_u32) {
            for (alternative, other) in [
                (Alternative::TwoSided, Alternative::TwoSided), (Alternative::Less, Alternative::Greater),
            ] {
                let found = fisher_exact([[a, b], [c, d]], alternative).p_value;
                prop_assert!(found > 0.0 && found <= 1.0);
                for (table, alternative) in [
                    ([[a, c], [b, d]], alternative), ([[d, b], [c, a]], alternative),
                    ([[c, d], [a, b]], other), ([[b, a], [d, c]], other),
                ] {
                    let turned = fisher_exact(table, alternative).p_value;
                    prop_assert!((turned - found).abs() <= 1e-12 * found, "{} {}", turned, found);
                }
            }
        }
    }
}
