//! Chance, the same for the same seed, and how much of it.

use primitives::Digest;

/// Rolls the same numbers for the same seed.
pub struct Dice(u64);

impl Dice {
    /// By the seed of the environment, which is printed: cargo shows it where the test fails.
    pub fn new() -> Self {
        let seed = number("ASSAY_FAULT_SEED").unwrap_or(7);
        println!("ASSAY_FAULT_SEED={seed}");
        Self(seed)
    }

    /// One of so many.
    pub fn roll(&mut self, sides: u64) -> u64 {
        let digest = Digest::of(&self.0.to_le_bytes());
        self.0 = u64::from_le_bytes(*digest.0.first_chunk().unwrap());
        self.0 % sides
    }
}

/// How often a fault is injected: so often where the environment doesn't say.
pub fn faults(few: u64) -> u64 {
    number("ASSAY_FAULTS").unwrap_or(few)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}
