//! How far own numbers are from a commitment to them.

use super::Commitment;
use super::commitment::{largest_finite, residues};
use super::field::evaluate;

const SIGN: u16 = 0x8000;
const EXPONENT: u16 = 0x7F80;
const MANTISSA: u16 = 0x007F;

/// What [`Distance`] says of mantissas where no exponent agrees: more than any two are apart.
pub const NO_MANTISSA_MILLI: u32 = 128_000;

/// How far the largest numbers of a chunk are from what a commitment says of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance {
    /// How many numbers were compared.
    pub points: u32,
    /// Numbers whose exponents differ.
    pub exponent_mismatches: u32,
    /// Numbers whose signs differ, which the reference doesn't look at.
    pub sign_mismatches: u32,
    /// How far the mantissas (0 to 127) are apart where exponents agree: the mean in thousandths, half rounded up.
    pub mantissa_mean_milli: u32,
    /// The median of the same; the upper one of two.
    pub mantissa_median_milli: u32,
}

impl Commitment {
    /// Compares with one's own numbers of the chunk, row by row. None where the commitment isn't to as many numbers as a chunk
    /// of that length has, or where own numbers have none: [`Commitment::of`] them.
    pub fn compare(&self, values: &[u16]) -> Option<Distance> {
        let places = largest_finite(values)?;
        if places.len() != self.coefficients.len() {
            return None;
        }
        let coefficients: Vec<u32> = self.coefficients.iter().copied().map(u32::from).collect();
        let claims = evaluate(&coefficients, &residues(&places, self.modulus));
        // Elements of the field have 16 bits.
        let pairs = claims.into_iter().zip(&places).map(|(claim, &place)| (claim as u16, values[place as usize]));
        Some(distance(pairs))
    }
}

fn distance(pairs: impl Iterator<Item = (u16, u16)>) -> Distance {
    let (mut points, mut sign_mismatches) = (0, 0);
    let mut apart: Vec<u32> = Vec::new();
    for (claim, own) in pairs {
        points += 1;
        sign_mismatches += u32::from((claim ^ own) & SIGN != 0);
        if (claim ^ own) & EXPONENT == 0 {
            apart.push((claim & MANTISSA).abs_diff(own & MANTISSA).into());
        }
    }
    apart.sort_unstable();
    let agreeing = apart.len() as u32;
    let mean = |sum: u32| (2_000 * sum + agreeing).checked_div(2 * agreeing);
    Distance {
        points,
        exponent_mismatches: points - agreeing,
        sign_mismatches,
        mantissa_mean_milli: mean(apart.iter().sum()).unwrap_or(NO_MANTISSA_MILLI),
        mantissa_median_milli: apart.get(apart.len() / 2).map_or(NO_MANTISSA_MILLI, |median| 1_000 * median),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_agrees_in_exponent_counts_by_its_mantissa() {
        let pairs = [(0x3F80, 0x3F81), (0x3F82, 0x3F80), (0xBF80, 0x3F84), (0x3F80, 0x4000), (0xFFD8, 0x3F80)];
        let expected = Distance {
            points: 5,
            exponent_mismatches: 2,
            sign_mismatches: 2,
            mantissa_mean_milli: 2_333,
            mantissa_median_milli: 2_000,
        };
        assert_eq!(distance(pairs.into_iter()), expected);
    }

    #[test]
    fn half_a_thousandth_is_rounded_up_and_the_upper_of_two_is_the_median() {
        let pairs = std::iter::repeat_n((0, 0), 15).chain([(0, 1)]);
        assert_eq!(distance(pairs).mantissa_mean_milli, 63);
        assert_eq!(distance([(0, 1), (0, 3)].into_iter()).mantissa_median_milli, 3_000);
    }

    #[test]
    fn where_no_exponent_agrees_mantissas_are_farther_apart_than_any() {
        let distance = distance([(0x0000, 0x3F80)].into_iter());
        assert_eq!((distance.mantissa_mean_milli, distance.mantissa_median_milli), (128_000, 128_000));
    }

    #[test]
    fn a_commitment_to_another_count_is_not_compared() {
        let commitment = Commitment::of(&[0x3F80; 64]).unwrap();
        assert!(commitment.compare(&[0x3F80; 64]).is_some());
        for other in [0, 63, 65, 128, 4096] {
            assert_eq!(commitment.compare(&vec![0x3F80; other]), None);
        }
        assert_eq!(commitment.compare(&[0x7F80; 64]), None);
    }
}
