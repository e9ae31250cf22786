//! The curve that Gini's coefficient is twice the area above.

use super::amounts::{Amount, Ordered};

/// Lorenz's curve: from (0, 0) on, the share of those who are listed, the smallest first, and the share of all that they hold
/// together. All on one line for equals. Nobody beyond the first point where nobody holds anything, or where one isn't an
/// [`Amount`].
pub fn lorenz(amounts: impl IntoIterator<Item: Amount>) -> Vec<(f64, f64)> {
    let mut curve = vec![(0.0, 0.0)];
    let Some(ordered) = Ordered::of(amounts).filter(|ordered| ordered.total() > 0.0) else { return curve };
    let (count, mut held) = (ordered.ascending().len() as f64, 0.0);
    for (before, amount) in ordered.ascending().iter().enumerate() {
        held += amount;
        curve.push(((before + 1) as f64 / count, held / ordered.total()));
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::concentration::gini;

    #[test]
    fn the_area_above_is_half_of_ginis_coefficient() {
        assert_eq!(lorenz([3_u16, 1]), [(0.0, 0.0), (0.5, 0.25), (1.0, 1.0)]);
        let amounts = [5.0, 0.0, 2.5, 9.0, 0.1];
        let area: f64 = lorenz(amounts).windows(2).map(|two| (two[1].0 - two[0].0) * (two[0].1 + two[1].1) / 2.0).sum();
        assert!((1.0 - 2.0 * area - gini(amounts)).abs() < 1e-12);
        assert_eq!(lorenz([0_u64, 0]), [(0.0, 0.0)]);
        assert_eq!(lorenz([1.0, f64::NAN]), [(0.0, 0.0)]);
    }
}
