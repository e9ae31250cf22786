//! How far two rows are apart.

use std::collections::BTreeSet;

use primitives::{Uid, Weights};

/// The total variation distance of two rows: the share of the weight that would have to move to make one of the other, 0 to
/// 1. A row without weight is at distance 1 from any other, and at 0 from its like.
pub fn total_variation(first: &Weights, second: &Weights) -> f64 {
    let named = first.iter().chain(second.iter()).map(|(uid, _)| uid);
    let uids: BTreeSet<Uid> = named.collect();
    apart(uids.iter().map(|uid| (first.get(*uid).into(), second.get(*uid).into())))
}

/// The same of what one and the other give to each: below 2^47 in sum, so that no product overflows.
pub(super) fn apart(pairs: impl Iterator<Item = (u64, u64)> + Clone) -> f64 {
    let (one, two) =
        pairs.clone().fold((0_u128, 0_u128), |(one, two), (a, b)| (one + u128::from(a), two + u128::from(b)));
    if one == 0 || two == 0 {
        return if one == two { 0.0 } else { 1.0 };
    }
    let sum: u128 = pairs.map(|(a, b)| (u128::from(a) * two).abs_diff(u128::from(b) * one)).sum();
    sum as f64 / (2.0 * one as f64 * two as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[u16]) -> Weights {
        Weights::new((0..).map(Uid).zip(values.iter().copied())).unwrap()
    }

    #[test]
    fn the_distance_is_what_has_to_move() {
        assert_eq!(total_variation(&row(&[3, 1]), &row(&[1, 1])), 0.25);
        // Rows are shares: their scale is nothing.
        assert_eq!(total_variation(&row(&[30_000, 10_000]), &row(&[3, 1])), 0.0);
        assert_eq!(total_variation(&row(&[5]), &row(&[0, 5])), 1.0);
        assert_eq!(total_variation(&Weights::default(), &row(&[1])), 1.0);
        assert_eq!(total_variation(&Weights::default(), &row(&[0])), 0.0);
    }
}
