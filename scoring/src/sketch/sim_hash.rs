//! Which words and how often, in 64 bits (Charikar, "Similarity estimation techniques from rounding algorithms", 2002).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{hex_bytes, shingles::for_each_shingle};

/// The signs of the sum of all words' hashes, as vectors of 64 signs. Unlike a [`super::Sketch`] it counts repetitions,
/// is blind to the order of words and can't tell a resemblance of phrases; texts about the same things are near each
/// other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimHash(#[serde(with = "hex_bytes")] pub [u8; 8]);

impl SimHash {
    /// Of single words.
    pub fn of(text: &str) -> Self {
        Self::with_width(text, 1)
    }

    /// Of phrases of so many words; a text of fewer is one phrase. A bit on which as many agree as not is 0.
    pub fn with_width(text: &str, width: usize) -> Self {
        let mut sums = [0_i64; 64];
        for_each_shingle(text, width, |mut hash| {
            let mut output = [0; 8];
            hash.fill(&mut output);
            let bits = u64::from_le_bytes(output);
            sums.iter_mut().enumerate().for_each(|(bit, sum)| *sum += if bits >> bit & 1 == 1 { 1 } else { -1 });
        });
        let bits = sums.iter().rev().fold(0_u64, |bits, sum| bits << 1 | u64::from(*sum > 0));
        Self(bits.to_be_bytes())
    }
}

/// The share of bits that agree, in millionths: 1,000,000 for equal texts, about 500,000 for unrelated ones. `pi (1 -
/// share)` estimates the angle between the texts' counts of words.
pub fn likeness_ppm(a: SimHash, b: SimHash) -> u32 {
    let apart = (u64::from_be_bytes(a.0) ^ u64::from_be_bytes(b.0)).count_ones();
    (64 - apart) * 1_000_000 / 64
}

impl fmt::Debug for SimHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SimHash({})", hex::encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(range: std::ops::Range<u32>) -> String {
        range.map(|word| format!("w{word} ")).collect()
    }

    #[test]
    fn bits_agree_as_the_angle_says() {
        // Half of the words in common: an angle of 60 degrees, two bits of three.
        for (shared, expected) in [(0, 0.5), (50, 2.0 / 3.0), (100, 1.0)] {
            let trials = 300;
            let mut sum = 0.0;
            for trial in 0..trials {
                let at = trial * 1_000;
                let (a, b) = (words(at..at + 100), words(at + 100 - shared..at + 200 - shared));
                sum += f64::from(likeness_ppm(SimHash::of(&a), SimHash::of(&b))) / 1e6;
            }
            // Four standard errors of 300 times 64 bits, and ties.
            assert!((sum / f64::from(trials) - expected).abs() < 0.015, "{shared}: {}", sum / f64::from(trials));
        }
    }

    #[test]
    fn it_is_hex_in_a_log() {
        let hash = SimHash::of("what a log carries");
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json.len(), 18);
        assert_eq!(serde_json::from_str::<SimHash>(&json).unwrap(), hash);
        assert!(serde_json::from_str::<SimHash>("\"00\"").is_err());
    }

    proptest! {
        #[test]
        fn likeness_is_symmetric_and_blind_to_order(
            mut words in prop::collection::vec("[abc]{1,2}", 1..30), b in "([abc]{1,2} ){0,30}",
        ) {
            let own = SimHash::of(&words.join(" "));
            words.reverse();
            prop_assert_eq!(SimHash::of(&words.join(", ").to_uppercase()), own);
            // More of the same doesn't turn a vector.
            prop_assert_eq!(SimHash::of(&format!("{} ", words.join(" ")).repeat(3)), own);
            let other = SimHash::of(&b);
            prop_assert_eq!(likeness_ppm(own, other), likeness_ppm(other, own));
            prop_assert_eq!(likeness_ppm(own, own), 1_000_000);
            prop_assert!(likeness_ppm(own, other) <= 1_000_000);
        }
    }
}
