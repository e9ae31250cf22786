//! Which phrases, in 64 bytes (Broder, "On the resemblance and containment of documents", 1997; Li and König, "b-Bit
//! minwise hashing", 2010).

use std::fmt;

use codec::{Decode, Encode};
use serde::{Deserialize, Serialize};

use super::{
    hex_bytes,
    shingles::{SHINGLE_WORDS, for_each_shingle},
};

/// Bytes of a sketch: one of each of as many hash functions.
pub const SKETCH_BYTES: usize = 64;

/// The least hash of a text's phrases by each of 64 hash functions, of each its last byte. 64 digits of 8 bits tell texts
/// apart better than 16 of 32 bits would in the same room.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(transparent)]
pub struct Sketch(#[serde(with = "hex_bytes")] pub [u8; SKETCH_BYTES]);

impl Sketch {
    /// Of phrases of [`SHINGLE_WORDS`] words.
    pub fn of(text: &str) -> Self {
        Self::with_width(text, SHINGLE_WORDS)
    }

    /// Of phrases of so many words; a text of fewer is one phrase. Sketches compare only with those of the same width.
    pub fn with_width(text: &str, width: usize) -> Self {
        let mut least = [u64::MAX; SKETCH_BYTES];
        for_each_shingle(text, width, |mut hash| {
            let mut output = [0; 8 * SKETCH_BYTES];
            hash.fill(&mut output);
            let (words, _) = output.as_chunks::<8>();
            least.iter_mut().zip(words).for_each(|(least, word)| *least = u64::from_le_bytes(*word).min(*least));
        });
        Self(least.map(|least| least.to_le_bytes()[0]))
    }
}

/// How many of all phrases of two texts are in both (the Jaccard index), in millionths, as far as their sketches tell.
/// Bytes that agree by chance, one in 256, are taken out of it, so it is right in the mean; it is rounded down, and
/// where fewer agree than by chance it is 0. Of a true resemblance J it is off by `sqrt(J (1 - J) / 64)` or so: 0.06 at
/// one half, 0.04 at nine tenths. Equal texts are 1,000,000.
pub fn resemblance_ppm(a: &Sketch, b: &Sketch) -> u32 {
    let agreed = a.0.iter().zip(&b.0).filter(|(a, b)| a == b).count() as u32;
    // (agreed / 64 - 1 / 256) / (1 - 1 / 256)
    (4 * agreed).saturating_sub(1) * 1_000_000 / 255
}

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sketch({})", hex::encode(self.0))
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
    fn the_estimate_is_unbiased_and_as_sure_as_it_says() {
        let trials = 400;
        for shared in [20, 50, 80, 95_u32] {
            let (mut sum, mut squares, mut far) = (0.0, 0.0, 0);
            // Of 100 words in all, so many in both.
            let truth = f64::from(shared) / 100.0;
            let own = (100 - shared) / 2;
            let deviation = {
                let agree = truth + (1.0 - truth) / 256.0;
                (agree * (1.0 - agree) / 64.0).sqrt() / (1.0 - 1.0 / 256.0)
            };
            for trial in 0..trials {
                let at = trial * 1_000;
                let a = Sketch::with_width(&words(at..at + shared + own), 1);
                let b = Sketch::with_width(&words(at + own..at + 100), 1);
                let off = f64::from(resemblance_ppm(&a, &b)) / 1e6 - truth;
                (sum, squares) = (sum + off, squares + off * off);
                far += u32::from(off.abs() > 3.0 * deviation);
            }
            let (mean, spread) = (sum / f64::from(trials), (squares / f64::from(trials)).sqrt());
            assert!(mean.abs() < 4.0 * deviation / f64::from(trials).sqrt(), "{shared}: {mean} of {deviation}");
            assert!((spread / deviation - 1.0).abs() < 0.15, "{shared}: {spread} for {deviation}");
            assert!(far < trials / 40, "{shared}: {far}");
        }
    }

    #[test]
    fn short_texts_are_one_phrase() {
        assert_eq!(Sketch::of(""), Sketch::of(" …!"));
        assert_ne!(Sketch::of(""), Sketch::of("x"));
        assert_eq!(resemblance_ppm(&Sketch::of("one two three"), &Sketch::of("One, two. THREE!")), 1_000_000);
        // Another order of words is another phrase, and so is another cut.
        assert!(resemblance_ppm(&Sketch::of("one two three"), &Sketch::of("three two one")) < 100_000);
        assert!(resemblance_ppm(&Sketch::of("ab c"), &Sketch::of("a bc")) < 100_000);
        assert_eq!(Sketch::with_width("one two", 0), Sketch::with_width("two one one", 1));
    }

    #[test]
    fn it_is_hex_in_a_log_and_one_spelling_of_it() {
        let sketch = Sketch::of("what a log carries");
        let json = serde_json::to_string(&sketch).unwrap();
        assert_eq!(json.len(), 2 * SKETCH_BYTES + 2);
        assert_eq!(serde_json::from_str::<Sketch>(&json).unwrap(), sketch);
        for wrong in [json.to_uppercase(), json.replace('"', ""), json[..64].to_owned() + "\"", "\"\"".into()] {
            assert!(serde_json::from_str::<Sketch>(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bytes_are_a_sketch_where_nobody_reads() {
        use serde::de::value::{BytesDeserializer, Error};

        let sketch = Sketch::of("what a table carries");
        let read = |bytes| Sketch::deserialize(BytesDeserializer::<Error>::new(bytes));
        assert_eq!(read(&sketch.0).unwrap(), sketch);
        assert!(read(&sketch.0[1..]).is_err() && read(&[0; SKETCH_BYTES + 1]).is_err());
    }

    #[test]
    fn bytes_that_agree_count_in_even_steps() {
        let none = Sketch([0; SKETCH_BYTES]);
        let mut other = Sketch([1; SKETCH_BYTES]);
        assert_eq!(resemblance_ppm(&none, &other), 0);
        let mut last = 0;
        for at in 0..SKETCH_BYTES {
            other.0[at] = 0;
            let found = resemblance_ppm(&none, &other);
            assert!(found > last);
            last = found;
        }
        assert_eq!(last, 1_000_000);
    }

    proptest! {
        #[test]
        fn resemblance_is_symmetric_and_blind_to_case_and_spacing(
            a in "([abc]{1,2} ){0,30}", b in "([abc]{1,2} ){0,30}",
        ) {
            let (first, second) = (Sketch::of(&a), Sketch::of(&b));
            let found = resemblance_ppm(&first, &second);
            prop_assert_eq!(found, resemblance_ppm(&second, &first));
            prop_assert!(found <= 1_000_000);
            prop_assert_eq!(Sketch::of(&a.to_uppercase().replace(' ', ",\n")), first);
            // Phrases that are said again are no other phrases.
            let loud = a.repeat(3);
            prop_assert_eq!(Sketch::with_width(&loud, 1), Sketch::with_width(&a, 1));
        }
    }
}
