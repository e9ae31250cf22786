//! What somebody can hold.

use primitives::Uid;

/// Something of which one can hold more or less. What is negative, infinite or not a number is no amount, and every index
/// over it is NaN.
pub trait Amount: Copy {
    /// As a number; above 2^53 it may lose what is smaller than 2^-53 of it.
    fn amount(self) -> f64;
}

impl Amount for u16 {
    fn amount(self) -> f64 {
        self.into()
    }
}

impl Amount for u32 {
    fn amount(self) -> f64 {
        self.into()
    }
}

impl Amount for u64 {
    fn amount(self) -> f64 {
        self as f64
    }
}

impl Amount for f64 {
    fn amount(self) -> f64 {
        self
    }
}

/// An entry of a row: `herfindahl(weights.iter())`.
impl Amount for (Uid, u16) {
    fn amount(self) -> f64 {
        self.1.into()
    }
}

impl<A: Amount> Amount for &A {
    fn amount(self) -> f64 {
        (*self).amount()
    }
}

/// Amounts from the least to the greatest, scaled by a power of two so that the greatest is between a half and one: no sum
/// or square of them overflows, and none is rounded.
pub(super) struct Ordered {
    ascending: Vec<f64>,
    total: f64,
}

impl Ordered {
    /// None where one isn't an amount.
    pub fn of(amounts: impl IntoIterator<Item: Amount>) -> Option<Self> {
        let mut ascending: Vec<f64> = amounts.into_iter().map(Amount::amount).collect();
        if ascending.iter().any(|amount| !amount.is_finite() || *amount < 0.0) {
            return None;
        }
        ascending.sort_by(f64::total_cmp);
        let (_, exponent) = libm::frexp(ascending.last().copied().unwrap_or_default());
        ascending.iter_mut().for_each(|amount| *amount = libm::scalbn(*amount, -exponent));
        let total = ascending.iter().sum();
        Some(Self { ascending, total })
    }

    pub fn ascending(&self) -> &[f64] {
        &self.ascending
    }

    /// 0 where nobody holds anything.
    pub fn total(&self) -> f64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_ordered_and_scaled() {
        let ordered = Ordered::of([6_u16, 1, 0, 3]).unwrap();
        assert_eq!(ordered.ascending(), [0.0, 0.125, 0.375, 0.75]);
        assert_eq!(ordered.total(), 1.25);
        let huge = Ordered::of([f64::MAX, f64::MAX, f64::MIN_POSITIVE]).unwrap();
        assert!(huge.total() < 2.0 && huge.total() > 1.9);
        let tiny = Ordered::of([5e-324, 5e-324]).unwrap();
        assert_eq!(tiny.ascending(), [0.5, 0.5]);
        assert_eq!(Ordered::of([0_u64; 0]).unwrap().total(), 0.0);
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-300] {
            assert!(Ordered::of([1.0, wrong, 2.0]).is_none());
        }
        assert!(Ordered::of([-0.0, 1.0]).is_some());
    }
}
