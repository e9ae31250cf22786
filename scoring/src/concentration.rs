//! How a row is spread over miners, and how far two rows are apart. For reports: nothing is paid by it.

use primitives::{Uid, Weights};

/// The Herfindahl-Hirschman index of a row: the sum of its squared shares, 1/n for n equals and 1 for one miner alone. 0 for
/// a row without weight.
pub fn herfindahl(row: &Weights) -> f64 {
    let squares: u128 = row.iter().map(|(_, value)| u128::from(value) * u128::from(value)).sum();
    let whole = whole(row);
    if whole == 0 { 0.0 } else { squares as f64 / (whole as f64 * whole as f64) }
}

/// The total variation distance of two rows: the share of the weight that would have to move to make one of the other, 0 to
/// 1. A row without weight is at distance 1 from any other, and at 0 from its like.
pub fn total_variation(first: &Weights, second: &Weights) -> f64 {
    let (one, two) = (whole(first), whole(second));
    if one == 0 || two == 0 {
        return if one == two { 0.0 } else { 1.0 };
    }
    let named = first.iter().chain(second.iter()).map(|(uid, _)| uid);
    let uids: std::collections::BTreeSet<Uid> = named.collect();
    // Below 2^48 each: 2^16 seats of 2^16 times a sum below 2^32.
    let apart = |uid: Uid| (u128::from(first.get(uid)) * two).abs_diff(u128::from(second.get(uid)) * one);
    let sum: u128 = uids.into_iter().map(apart).sum();
    sum as f64 / (2.0 * one as f64 * two as f64)
}

fn whole(row: &Weights) -> u128 {
    row.iter().map(|(_, value)| u128::from(value)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[u16]) -> Weights {
        Weights::new((0..).map(Uid).zip(values.iter().copied())).unwrap()
    }

    #[test]
    fn the_index_is_that_of_shares() {
        assert_eq!(herfindahl(&row(&[65_535])), 1.0);
        assert_eq!(herfindahl(&row(&[7, 7, 7, 7, 0])), 0.25);
        assert_eq!(herfindahl(&row(&[3, 1])), 0.625);
        assert_eq!(herfindahl(&row(&[0, 0])), 0.0);
        assert_eq!(herfindahl(&Weights::default()), 0.0);
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
