//! A commitment to a chunk of hidden rows: a polynomial through its largest numbers (TOPLOC, Ong et al. 2025,
//! arXiv:2501.16007), in the bytes of the reference implementation.
//!
//! `modulus ‖ coefficients`, each a big-endian u16. The polynomial is over the field of [`PRIME`] elements; at the place of a
//! number, modulo `modulus`, it has the number's bits.

use super::field::interpolate;
use super::largest::largest;

/// Numbers of a chunk that a commitment is about; all of them where there are fewer.
pub const POINTS: usize = 128;

/// The largest prime below the bits of any bf16 NaN with a sign.
pub(crate) const PRIME: u16 = 65_497;

/// Moduli are larger than this.
const LEAST_MODULUS: u16 = 1 << 15;

/// The exponent of what isn't finite.
const INFINITE: u16 = 0x7F80;

/// A commitment has at most so many bytes.
pub const MAX_COMMITMENT_BYTES: usize = 2 + 2 * POINTS;

/// A polynomial that a miner claims to go through the largest numbers of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Places are taken modulo this.
    pub(super) modulus: u16,
    /// The constant one first.
    pub(super) coefficients: Vec<u16>,
}

/// Why bytes are no commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitmentError {
    /// Too short, too long, or half a coefficient.
    #[error("a commitment of {0} bytes")]
    Length(usize),
    /// A modulus that no set of places needs, or none at all.
    #[error("a commitment with modulus {0}")]
    Modulus(u16),
    /// A coefficient that is no element of the field.
    #[error("a commitment with coefficient {0}")]
    Coefficient(u16),
}

impl Commitment {
    /// To a chunk's numbers, the bits of bf16 row by row. None to no numbers, to infinite ones or NaN, and where no modulus
    /// keeps places apart.
    pub fn of(values: &[u16]) -> Option<Self> {
        let places = largest_finite(values)?;
        let modulus = modulus(&places)?;
        let bits: Vec<u32> = places.iter().map(|&place| values[place as usize].into()).collect();
        // Elements of the field have 16 bits.
        let coefficients = interpolate(&residues(&places, modulus), &bits).into_iter().map(|word| word as u16);
        Some(Self { modulus, coefficients: coefficients.collect() })
    }

    /// From bytes of anybody.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommitmentError> {
        if !(4..=MAX_COMMITMENT_BYTES).contains(&bytes.len()) || !bytes.len().is_multiple_of(2) {
            return Err(CommitmentError::Length(bytes.len()));
        }
        let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        let modulus = words.next().unwrap_or(0);
        if !(LEAST_MODULUS + 1..=PRIME).contains(&modulus) {
            return Err(CommitmentError::Modulus(modulus));
        }
        let coefficients: Vec<u16> = words.collect();
        match coefficients.iter().find(|coefficient| **coefficient >= PRIME) {
            Some(&coefficient) => Err(CommitmentError::Coefficient(coefficient)),
            None => Ok(Self { modulus, coefficients }),
        }
    }

    /// One that claims the same bits for all of so many numbers; none of no numbers.
    pub(super) fn constant(bits: u16, numbers: usize) -> Option<Self> {
        let mut coefficients = vec![0; POINTS.min(numbers)];
        *coefficients.first_mut()? = bits.min(PRIME - 1);
        Some(Self { modulus: PRIME, coefficients })
    }

    /// Its bytes: 258 where it has all its points.
    pub fn encode(&self) -> Vec<u8> {
        std::iter::once(&self.modulus).chain(&self.coefficients).flat_map(|word| word.to_be_bytes()).collect()
    }
}

/// The places that a commitment is about. None where there are none, or a number isn't finite: it would be among the largest.
pub(super) fn largest_finite(values: &[u16]) -> Option<Vec<u32>> {
    let places = largest(values)?;
    let finite = places.iter().all(|&place| values[place as usize] & INFINITE != INFINITE);
    (finite && !places.is_empty()).then_some(places)
}

/// Where the polynomial speaks of places.
pub(super) fn residues(places: &[u32], modulus: u16) -> Vec<u32> {
    places.iter().map(|place| place % u32::from(modulus)).collect()
}

/// The largest modulus that keeps places apart.
fn modulus(places: &[u32]) -> Option<u16> {
    let mut taken = [0_u64; 1 << 10];
    (LEAST_MODULUS + 1..=PRIME).rev().find(|&modulus| {
        taken.fill(0);
        places.iter().all(|place| {
            let residue = place % u32::from(modulus);
            let (word, bit) = (&mut taken[residue as usize / 64], 1 << (residue % 64));
            let free = *word & bit == 0;
            *word |= bit;
            free
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::super::bf16_from_f32;
    use super::*;

    fn finite() -> impl Strategy<Value = u16> {
        any::<u16>().prop_map(|bits| if bits & INFINITE == INFINITE { bits & !0x4000 } else { bits })
    }

    /// Chunks short and long, of different numbers and of equal ones.
    fn chunk() -> impl Strategy<Value = Vec<u16>> {
        let lengths = prop_oneof![4 => 1..400usize, 1 => 8_100..9_000usize];
        let number = prop_oneof![finite(), (0..4u8).prop_map(|number| bf16_from_f32(number.into()))];
        lengths.prop_flat_map(move |length| proptest::collection::vec(number.clone(), length))
    }

    #[test]
    fn what_no_commitment_has_is_refused() {
        let whole = |modulus: u16, coefficient: u16| {
            let words = std::iter::once(modulus).chain([coefficient; POINTS]);
            words.flat_map(u16::to_be_bytes).collect::<Vec<_>>()
        };
        assert_eq!(Commitment::decode(&whole(PRIME, 7)).unwrap().encode(), whole(PRIME, 7));
        for modulus in [0, 1, 1 << 15, PRIME + 1, u16::MAX] {
            assert_eq!(Commitment::decode(&whole(modulus, 7)), Err(CommitmentError::Modulus(modulus)));
        }
        for coefficient in [PRIME, u16::MAX] {
            let refused = Commitment::decode(&whole(PRIME, coefficient));
            assert_eq!(refused, Err(CommitmentError::Coefficient(coefficient)));
        }
        for length in [0, 2, 3, 257, 259, 260, 1_000] {
            assert_eq!(Commitment::decode(&vec![0x90; length]), Err(CommitmentError::Length(length)));
        }
    }

    proptest! {
        #[test]
        fn bytes_are_refused_or_kept(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(commitment) = Commitment::decode(&bytes) {
                prop_assert_eq!(commitment.encode(), bytes);
            }
        }

        #[test]
        fn own_numbers_are_no_distance_away(values in chunk()) {
            let commitment = Commitment::of(&values).unwrap();
            prop_assert_eq!(commitment.coefficients.len(), values.len().min(POINTS));
            prop_assert_eq!(Commitment::decode(&commitment.encode()), Ok(commitment.clone()));
            let distance = commitment.compare(&values).unwrap();
            prop_assert_eq!(distance.points as usize, values.len().min(POINTS));
            prop_assert_eq!((distance.exponent_mismatches, distance.sign_mismatches), (0, 0));
            prop_assert_eq!((distance.mantissa_mean_milli, distance.mantissa_median_milli), (0, 0));
        }

        #[test]
        fn anything_is_compared_with_anything(
            values in proptest::collection::vec(any::<u16>(), 0..300),
            modulus in LEAST_MODULUS + 1..=PRIME,
            coefficients in proptest::collection::vec(0..PRIME, 1..=POINTS),
        ) {
            let commitment = Commitment { modulus, coefficients };
            let finite = values.iter().all(|bits| bits & INFINITE != INFINITE);
            let comparable = finite && values.len().min(POINTS) == commitment.coefficients.len();
            prop_assert_eq!(commitment.compare(&values).is_some(), comparable);
            prop_assert_eq!(Commitment::of(&values).is_some(), finite && !values.is_empty());
        }

        #[test]
        fn no_larger_modulus_keeps_places_apart(
            anchor in 0..1_000_000_u32,
            steps in proptest::collection::vec((PRIME - 40..=PRIME, 1..9_u32), 1..40),
        ) {
            // Each distance is a multiple of a modulus that then won't do.
            let places = steps.iter().map(|&(modulus, times)| anchor + u32::from(modulus) * times).chain([anchor]);
            let places: Vec<u32> = BTreeSet::from_iter(places).into_iter().collect();
            let apart = |modulus: u16| BTreeSet::from_iter(residues(&places, modulus)).len() == places.len();
            let found = modulus(&places).unwrap();
            prop_assert!(apart(found));
            prop_assert!((found + 1..=PRIME).all(|larger| !apart(larger)));
        }
    }

    #[test]
    fn more_places_than_any_modulus_has_are_not_kept_apart() {
        let places: Vec<u32> = (0..=PRIME.into()).collect();
        assert_eq!(modulus(&places[..PRIME.into()]), Some(PRIME));
        assert_eq!(modulus(&places), None);
    }

    #[test]
    fn what_is_not_finite_is_not_committed_to() {
        assert_eq!(Commitment::of(&[]), None);
        for length in [1, 128, 2_000, 9_000] {
            for bits in [0x7F80, 0xFF80, 0x7FC0, 0xFFFF, 0x7F81] {
                let mut values = vec![0x3F80; length];
                assert!(Commitment::of(&values).is_some());
                values[length - 1] = bits;
                assert_eq!(Commitment::of(&values), None);
            }
        }
    }
}
