//! A commitment to a chunk of hidden rows: a polynomial through its largest numbers (TOPLOC, Ong et al. 2025,
//! arXiv:2501.16007), in the bytes of the reference implementation.
//!
//! `modulus ‖ coefficients`, each a big-endian u16. The polynomial is over the field of [`PRIME`] elements; at the place of a
//! number, modulo `modulus`, it has the number's bits.

/// Numbers of a chunk that a commitment is about; all of them where there are fewer.
pub const POINTS: usize = 128;

/// The largest prime below the bits of any bf16 NaN with a sign.
pub(crate) const PRIME: u16 = 65_497;

/// Moduli are larger than this.
const LEAST_MODULUS: u16 = 1 << 15;

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

    /// Its bytes: 258 where it has all its points.
    pub fn encode(&self) -> Vec<u8> {
        std::iter::once(&self.modulus).chain(&self.coefficients).flat_map(|word| word.to_be_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    }
}
