//! A stream of choices that depends on its seed alone, the same on every platform.

use std::{fmt, sync::LazyLock};

use primitives::{Digest, Domain};

static DOMAIN: LazyLock<Domain> = LazyLock::new(|| Domain::new("assay 2026 challenge choices v1"));

/// Choices drawn from a BLAKE3 output stream.
pub struct Choices {
    stream: blake3::OutputReader,
    /// A block of the stream at a time: BLAKE3 would compute the whole block for each number in it.
    block: [u8; 64],
    used: usize,
}

impl Choices {
    /// The stream of a seed.
    pub fn new(seed: &Digest) -> Self {
        let stream = DOMAIN.hasher().update(&seed.0).finalize_xof();
        Self { stream, block: [0; 64], used: 64 }
    }

    /// A number below `bound`; 0 where `bound` is.
    pub fn below(&mut self, bound: u32) -> u32 {
        if self.used == self.block.len() {
            self.stream.fill(&mut self.block);
            self.used = 0;
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.block[self.used..self.used + 8]);
        self.used += 8;
        // Multiply and shift: its bias, below 2^-32, is the same for everybody.
        ((u128::from(u64::from_le_bytes(bytes)) * u128::from(bound)) >> 64) as u32
    }

    /// One of `options`; empty where there are none.
    pub fn pick<'a>(&mut self, options: &[&'a str]) -> &'a str {
        let at = self.below(u32::try_from(options.len()).unwrap_or(u32::MAX));
        options.get(at as usize).copied().unwrap_or_default()
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choices").field("position", &self.stream.position()).field("used", &self.used).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_repeat_and_stay_below_their_bound() {
        let draw = |seed: &[u8]| -> Vec<u32> {
            let mut choices = Choices::new(&Digest::of(seed));
            (1..200).map(|bound| choices.below(bound)).collect()
        };
        assert_eq!(draw(b"a"), draw(b"a"));
        assert_ne!(draw(b"a"), draw(b"b"));
        assert!(draw(b"a").iter().zip(1..).all(|(drawn, bound)| *drawn < bound));
        assert_eq!(Choices::new(&Digest::of(b"a")).pick(&[]), "");
    }
}
