//! The choice of a token from logits. Greedy at temperature 0; above it, the largest of logit / temperature + Gumbel
//! noise, which samples the model's distribution with randomness that a verifier can make again.

use primitives::Digest;
use scoring::noise;

/// The model computed a logit that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model computed logits that are not finite")]
pub struct NotFinite;

/// Chooses tokens for one answer, and says by how much another choice falls short.
#[derive(Clone, Debug)]
pub struct Sampler {
    temperature_milli: u32,
    seed: Digest,
}

impl Sampler {
    /// A sampler at `temperature_milli` / 1000 whose draws come from `seed`.
    pub fn new(temperature_milli: u32, seed: Digest) -> Self {
        Self { temperature_milli, seed }
    }

    /// The token at `position` of the answer, counted from 0. Of equals, the lowest id.
    pub fn choose(&self, logits: &[f32], position: u32) -> Result<u32, NotFinite> {
        let scores = self.scores(logits, position)?;
        Ok(best(&scores).0)
    }

    /// How far the score of `token` is below the best one; 0 if it is the one that would be chosen.
    pub fn margin(&self, logits: &[f32], position: u32, token: u32) -> Result<f32, NotFinite> {
        let scores = self.scores(logits, position)?;
        let own = scores.get(token as usize).copied().ok_or(NotFinite)?;
        Ok(best(&scores).1 - own)
    }

    /// The temperature in thousandths and the seed, which are all that decides if it draws from all tokens.
    #[cfg_attr(not(feature = "torch"), allow(dead_code))] // for devices that draw themselves
    pub(crate) fn untruncated(&self) -> Option<(u32, &Digest)> {
        Some((self.temperature_milli, &self.seed))
    }

    fn scores(&self, logits: &[f32], position: u32) -> Result<Vec<f32>, NotFinite> {
        if logits.is_empty() || logits.iter().any(|logit| !logit.is_finite()) {
            return Err(NotFinite);
        }
        if self.temperature_milli == 0 {
            return Ok(logits.to_vec());
        }
        let temperature = self.temperature_milli as f32 / 1000.0;
        let mut scores = noise::gumbel_row(&self.seed, position, logits.len());
        for (score, logit) in scores.iter_mut().zip(logits) {
            *score += logit / temperature;
        }
        Ok(scores)
    }
}

/// The natural logarithm of a token's probability without temperature, from finite logits.
#[cfg_attr(not(feature = "torch"), allow(dead_code))] // asked by an engine
pub(crate) fn logprob(logits: &[f32], token: u32) -> f32 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(logit - highest).exp()).sum();
    let own = logits.get(token as usize).copied().unwrap_or(f32::NEG_INFINITY);
    (f64::from(own - highest) - sum.ln()) as f32
}

fn best(scores: &[f32]) -> (u32, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (token, &score) in (0..).zip(scores) {
        if score > best.1 {
            best = (token, score);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_is_the_lowest_best() {
        let sampler = Sampler::new(0, Digest::of(b"any"));
        assert_eq!(sampler.choose(&[0.0, 2.0, -1.0, 2.0], 0), Ok(1));
        assert_eq!(sampler.margin(&[0.0, 2.0, -1.0, 2.0], 0, 3), Ok(0.0));
        assert_eq!(sampler.margin(&[0.0, 2.0, -1.0, 2.0], 0, 2), Ok(3.0));
    }

    #[test]
    fn draws_follow_the_distribution() {
        let logits: Vec<f32> = [0.5f32, 0.25, 0.125, 0.125].iter().map(|p| p.ln()).collect();
        let sampler = Sampler::new(1000, Digest::of(b"draws"));
        let mut counts = [0u32; 4];
        for position in 0..4000 {
            counts[sampler.choose(&logits, position).expect("finite") as usize] += 1;
        }
        // four standard deviations of a binomial count are below 130
        for (count, expected) in counts.iter().zip([2000, 1000, 500, 500]) {
            assert!(count.abs_diff(expected) < 130, "{counts:?}");
        }
    }

    #[test]
    fn a_low_temperature_is_greedy_and_the_seed_counts() {
        let logits = [0.0, 1.0, 0.9, 0.2];
        let cold = Sampler::new(1, Digest::of(b"cold"));
        assert!((0..100).all(|position| cold.choose(&logits, position) == Ok(1)));
        let draws = |seed: &[u8]| -> Vec<u32> {
            let sampler = Sampler::new(1000, Digest::of(seed));
            (0..50).map(|position| sampler.choose(&logits, position).expect("finite")).collect()
        };
        assert_eq!(draws(b"a"), draws(b"a"));
        assert_ne!(draws(b"a"), draws(b"b"));
    }

    #[test]
    fn the_chosen_token_has_no_margin() {
        let logits: Vec<f32> = (0..64).map(|i| (i * 37 % 64) as f32 / 10.0).collect();
        let sampler = Sampler::new(800, Digest::of(b"margin"));
        for position in 0..20 {
            let token = sampler.choose(&logits, position).expect("finite");
            assert_eq!(sampler.margin(&logits, position, token), Ok(0.0));
            let other = (token + 1) % 64;
            assert!(sampler.margin(&logits, position, other).expect("finite") > 0.0);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let sampler = Sampler::new(0, Digest::of(b"any"));
        assert_eq!(sampler.choose(&[], 0), Err(NotFinite));
        assert_eq!(sampler.choose(&[1.0, f32::NAN], 0), Err(NotFinite));
        assert_eq!(sampler.choose(&[1.0, f32::INFINITY], 0), Err(NotFinite));
        assert_eq!(sampler.margin(&[1.0], 0, 1), Err(NotFinite));
    }
}
