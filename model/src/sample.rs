//! The choice of a token from logits. Greedy at temperature 0; above it, the largest of logit / temperature + Gumbel
//! noise, which samples the model's distribution with randomness that a verifier can make again.

use std::cmp::Ordering;

use primitives::{Digest, Sampling};
use scoring::noise;

use crate::{
    exp::exp,
    isa::{Isa, by_isa},
};

/// The model computed a logit that is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the model computed logits that are not finite")]
pub struct NotFinite;

/// Chooses tokens for one answer, and says by how much another choice falls short.
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    seed: Digest,
    isa: Isa,
}

/// A token and what it scored.
#[derive(Clone, Copy, Debug)]
struct Best {
    token: u32,
    score: f32,
}

/// The least of the tokens that may be drawn: those with larger logits may be too, and of equals those with lower ids.
#[derive(Clone, Copy, Debug)]
struct Floor {
    logit: f32,
    token: u32,
}

impl Sampler {
    /// A sampler whose draws come from `seed`.
    pub fn new(sampling: Sampling, seed: Digest) -> Self {
        Self { sampling, seed, isa: Isa::detect() }
    }

    /// The token at `position` of the answer, counted from 0. Of equals, the lowest id.
    pub fn choose(&self, logits: &[f32], position: u32) -> Result<u32, NotFinite> {
        Ok(self.best(logits, position)?.token)
    }

    /// How far the score of `token` is below the best one; 0 if it is the one that would be chosen, infinite if it may
    /// not be drawn at all.
    pub fn margin(&self, logits: &[f32], position: u32, token: u32) -> Result<f32, NotFinite> {
        let best = self.best(logits, position)?;
        let logit = *logits.get(token as usize).ok_or(NotFinite)?;
        let Some(temperature) = self.temperature() else { return Ok(best.score - logit) };
        if self.floor(logits, temperature).is_some_and(|floor| !floor.admits(logit, token)) {
            return Ok(f32::INFINITY);
        }
        Ok(best.score - (logit / temperature + noise::gumbel(&self.seed, position, token)))
    }

    /// The temperature in thousandths and the seed, where they are all that decides.
    #[cfg_attr(not(feature = "torch"), allow(dead_code))] // for devices that draw themselves
    pub(crate) fn untruncated(&self) -> Option<(u32, &Digest)> {
        let Sampling { temperature_milli, top_p_milli, top_k } = self.sampling;
        (temperature_milli == 0 || (top_p_milli >= 1_000 && top_k == 0)).then_some((temperature_milli, &self.seed))
    }

    fn temperature(&self) -> Option<f32> {
        (self.sampling.temperature_milli > 0).then(|| self.sampling.temperature_milli as f32 / 1000.0)
    }

    fn best(&self, logits: &[f32], position: u32) -> Result<Best, NotFinite> {
        let greedy = greedy(logits).ok_or(NotFinite)?;
        let Some(temperature) = self.temperature() else { return Ok(greedy) };
        let score = |token: u32| logits[token as usize] / temperature + noise::gumbel(&self.seed, position, token);
        let floor = self.floor(logits, temperature);
        let mut best = Best { score: score(greedy.token), ..greedy };
        let mut found = Vec::new();
        for (index, chunk) in (0..).zip(logits.chunks(CHUNK)) {
            // The noise of most tokens can't lift them above the best so far: theirs is only bounded, not computed.
            found.clear();
            contenders(chunk, temperature, best.score, &self.seed, position, index, &mut found, self.isa);
            for token in &found {
                if floor.is_some_and(|floor| !floor.admits(logits[*token as usize], *token)) {
                    continue;
                }
                let score = score(*token);
                if score > best.score || (score == best.score && *token < best.token) {
                    best = Best { token: *token, score };
                }
            }
        }
        Ok(best)
    }

    /// What top-k, and then top-p of what it leaves, cut off; None if nothing.
    fn floor(&self, logits: &[f32], temperature: f32) -> Option<Floor> {
        let Sampling { top_p_milli, top_k, .. } = self.sampling;
        let k = if top_k == 0 { logits.len() } else { logits.len().min(top_k as usize) };
        if k == logits.len() && top_p_milli >= 1_000 {
            return None;
        }
        let order = |a: &u32, b: &u32| -> Ordering {
            logits[*b as usize].total_cmp(&logits[*a as usize]).then_with(|| a.cmp(b))
        };
        let mut ids: Vec<u32> = (0..).take(logits.len()).collect();
        // the likeliest first; more and more of them until they are enough
        let mut sorted = 0;
        let mut sort_to = |ids: &mut [u32], end: usize| {
            if end < ids.len() {
                ids[sorted..].select_nth_unstable_by(end - sorted - 1, order);
            }
            ids[sorted..end].sort_unstable_by(order);
            sorted = end;
        };
        let last = if top_p_milli >= 1_000 {
            sort_to(&mut ids, k);
            k - 1
        } else {
            if k < logits.len() {
                ids.select_nth_unstable_by(k - 1, order);
                ids.truncate(k);
            }
            let most = ids.iter().map(|id| logits[*id as usize]).fold(f32::NEG_INFINITY, f32::max);
            let weight = |id: u32| f64::from(exp::<false>((logits[id as usize] - most) / temperature));
            let enough = ids.iter().map(|id| weight(*id)).sum::<f64>() * f64::from(top_p_milli) / 1000.0;
            let (mut sum, mut last, mut end) = (0.0, 0, 0);
            'nucleus: loop {
                let start = end;
                end = (end * 4).max(64).min(k);
                sort_to(&mut ids, end);
                for (index, id) in ids[start..end].iter().enumerate() {
                    last = start + index;
                    sum += weight(*id);
                    if sum >= enough {
                        break 'nucleus;
                    }
                }
                if end == k {
                    break;
                }
            }
            last
        };
        let token = ids[last];
        Some(Floor { logit: logits[token as usize], token })
    }
}

impl Floor {
    fn admits(self, logit: f32, token: u32) -> bool {
        logit > self.logit || (logit == self.logit && token <= self.token)
    }
}

/// The natural logarithm of a token's probability in the model's own distribution.
pub(crate) fn logprob(logits: &[f32], token: u32) -> f32 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|logit| f64::from(exp::<false>(logit - most))).sum();
    (f64::from(logits[token as usize] - most) - sum.ln()).min(0.0) as f32
}

/// The largest logit, the first of equals; None if any is no number.
fn greedy(logits: &[f32]) -> Option<Best> {
    // as vectors: 32 at a time, with the places of the winners found at the end
    const LANES: usize = 32;
    let (whole, rest) = logits.as_chunks::<LANES>();
    let mut most = [f32::NEG_INFINITY; LANES];
    let mut bad = [0u32; LANES];
    for chunk in whole {
        for lane in 0..LANES {
            let x = chunk[lane];
            most[lane] = if x > most[lane] { x } else { most[lane] };
            bad[lane] |= u32::from(x.to_bits() & 0x7f80_0000 == 0x7f80_0000);
        }
    }
    if bad.iter().any(|bad| *bad != 0) || rest.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let score = most.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max);
    let token = logits.iter().position(|logit| *logit == score)?;
    Some(Best { token: token as u32, score })
}

/// Tokens whose noise is bounded at once: 16 blocks of the generator.
const CHUNK: usize = 64;

/// Finds the tokens of the `index`th chunk that may score above `best`.
#[allow(clippy::too_many_arguments)]
fn contenders(
    chunk: &[f32],
    temperature: f32,
    best: f32,
    seed: &Digest,
    position: u32,
    index: u32,
    found: &mut Vec<u32>,
    isa: Isa,
) {
    // -ln(-ln u) <= -ln(1 - u), and 1 - u is at least 2^-33
    const MOST: f32 = 33.0 * std::f32::consts::LN_2;
    let largest = chunk.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if largest / temperature + MOST < best {
        return;
    }
    let mut scaled = [f32::NEG_INFINITY; CHUNK];
    scaled.iter_mut().zip(chunk).for_each(|(scaled, logit)| *scaled = logit / temperature);
    let mut bits = [[0; BLOCKS]; 4];
    philox(index * BLOCKS as u32, position, noise::key(seed), &mut bits, isa);
    for (place, scaled) in scaled.iter().enumerate() {
        // the number of leading ones bounds 1 - u from below by a power of two
        let bound = (bits[place % 4][place / 4].leading_ones() + 1) as f32 * std::f32::consts::LN_2;
        // rounding of the sum, and of the noise, is far below what is added here
        if scaled + bound + 1e-3 + scaled.abs() * 1e-6 >= best && place < chunk.len() {
            found.push(index * CHUNK as u32 + place as u32);
        }
    }
}

const BLOCKS: usize = CHUNK / 4;

by_isa! {
    /// [`noise::philox4x32_10`] of sixteen counters from `first` on, word by word.
    fn philox(first: u32, position: u32, key: [u32; 2], out: &mut [[u32; BLOCKS]; 4]) {
        let mut counters = [[0; BLOCKS], [position; BLOCKS], [0; BLOCKS], [0; BLOCKS]];
        for (lane, counter) in (0..).zip(counters[0].iter_mut()) {
            *counter = first + lane;
        }
        let mut key = key;
        for _ in 0..10 {
            let [a, b, c, d] = counters;
            for lane in 0..BLOCKS {
                let left = u64::from(a[lane]) * 0xD251_1F53;
                let right = u64::from(c[lane]) * 0xCD9E_8D57;
                counters[0][lane] = (right >> 32) as u32 ^ b[lane] ^ key[0];
                counters[1][lane] = right as u32;
                counters[2][lane] = (left >> 32) as u32 ^ d[lane] ^ key[1];
                counters[3][lane] = left as u32;
            }
            key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
        }
        *out = counters;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(sampling: Sampling, logits: &[f32], count: u32) -> Vec<u32> {
        let sampler = Sampler::new(sampling, Digest::of(b"draws"));
        (0..count).map(|position| sampler.choose(logits, position).expect("finite")).collect()
    }

    fn spread(count: usize) -> Vec<f32> {
        (0..count).map(|i| ((i * 7919 + 13) % 1009) as f32 / 60.0 - 8.0).collect()
    }

    #[test]
    fn greedy_is_the_lowest_best() {
        let sampler = Sampler::new(Sampling::GREEDY, Digest::of(b"any"));
        assert_eq!(sampler.choose(&[0.0, 2.0, -1.0, 2.0], 0), Ok(1));
        assert_eq!(sampler.margin(&[0.0, 2.0, -1.0, 2.0], 0, 3), Ok(0.0));
        assert_eq!(sampler.margin(&[0.0, 2.0, -1.0, 2.0], 0, 2), Ok(3.0));
        for count in [1, 31, 32, 33, 64, 100, 2000] {
            let logits = spread(count);
            let best = (0..count).rev().max_by(|a, b| logits[*a].total_cmp(&logits[*b])).expect("some") as u32;
            assert_eq!(sampler.choose(&logits, 0), Ok(best), "{count}");
        }
    }

    #[test]
    fn draws_follow_the_distribution() {
        let logits: Vec<f32> = [0.5f32, 0.25, 0.125, 0.125].iter().map(|p| p.ln()).collect();
        let mut counts = [0u32; 4];
        draws(Sampling::at(1000), &logits, 4000).iter().for_each(|token| counts[*token as usize] += 1);
        // four standard deviations of a binomial count are below 130
        for (count, expected) in counts.iter().zip([2000, 1000, 500, 500]) {
            assert!(count.abs_diff(expected) < 130, "{counts:?}");
        }
    }

    /// What is skipped could not have won: the choice is that of the definition, over every token.
    #[test]
    fn the_choice_is_that_of_the_whole_noise() {
        for isa in Isa::all() {
            for vocabulary in [1, 5, 63, 64, 65, 1000, 4096] {
                for temperature_milli in [1, 500, 1000, 10_000] {
                    let (logits, seed) = (spread(vocabulary), Digest::of(&[vocabulary as u8]));
                    let sampler = Sampler { sampling: Sampling::at(temperature_milli), seed, isa };
                    for position in 0..20 {
                        let temperature = temperature_milli as f32 / 1000.0;
                        let noise = noise::gumbel_row(&seed, position, vocabulary);
                        let scores: Vec<f32> =
                            logits.iter().zip(&noise).map(|(logit, noise)| logit / temperature + noise).collect();
                        let best =
                            (0..vocabulary).rev().max_by(|a, b| scores[*a].total_cmp(&scores[*b])).expect("some");
                        assert_eq!(sampler.choose(&logits, position), Ok(best as u32), "{isa:?} {vocabulary}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_low_temperature_is_greedy_and_the_seed_counts() {
        let logits = [0.0, 1.0, 0.9, 0.2];
        let cold = Sampler::new(Sampling::at(1), Digest::of(b"cold"));
        assert!((0..100).all(|position| cold.choose(&logits, position) == Ok(1)));
        let draws = |seed: &[u8]| -> Vec<u32> {
            let sampler = Sampler::new(Sampling::at(1000), Digest::of(seed));
            (0..50).map(|position| sampler.choose(&logits, position).expect("finite")).collect()
        };
        assert_eq!(draws(b"a"), draws(b"a"));
        assert_ne!(draws(b"a"), draws(b"b"));
    }

    #[test]
    fn top_k_leaves_the_likeliest() {
        let logits = spread(500);
        let mut order: Vec<u32> = (0..500).collect();
        order.sort_by(|a, b| logits[*b as usize].total_cmp(&logits[*a as usize]).then(a.cmp(b)));
        for top_k in [1, 2, 7, 100] {
            let sampling = Sampling { top_k, ..Sampling::at(10_000) };
            let drawn = draws(sampling, &logits, 600);
            assert!(drawn.iter().all(|token| order[..top_k as usize].contains(token)), "{top_k}");
            assert!(top_k > 7 || order[..top_k as usize].iter().all(|token| drawn.contains(token)), "{top_k}");
        }
        let all = Sampling { top_k: 500, ..Sampling::at(10_000) };
        assert_eq!(draws(all, &logits, 50), draws(Sampling::at(10_000), &logits, 50));
    }

    #[test]
    fn top_p_leaves_the_fewest_that_are_enough() {
        let logits: Vec<f32> = [0.1f32, 0.4, 0.3, 0.2].iter().map(|p| p.ln()).collect();
        for (top_p_milli, allowed) in [(1, vec![1]), (390, vec![1]), (410, vec![1, 2]), (720, vec![1, 2, 3])] {
            let sampling = Sampling { top_p_milli, ..Sampling::at(1000) };
            let mut drawn = draws(sampling, &logits, 400);
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn, allowed, "{top_p_milli}");
        }
        // of what top-k leaves: 0.4 and 0.3 are 0.57 and 0.43 then
        let both = Sampling { top_p_milli: 560, top_k: 2, ..Sampling::at(1000) };
        assert!(draws(both, &logits, 100).iter().all(|token| *token == 1));
        // the temperature comes first: at 0.5 they are 0.53, 0.3, 0.13, 0.03
        let cold = Sampling { top_p_milli: 520, ..Sampling::at(500) };
        assert!(draws(cold, &logits, 100).iter().all(|token| *token == 1));
        // a flat distribution needs more than are sorted at first
        let flat = vec![0.0; 1000];
        let half = Sampling { top_p_milli: 500, ..Sampling::at(1000) };
        let drawn = draws(half, &flat, 300);
        assert!(drawn.iter().all(|token| *token < 501) && drawn.iter().any(|token| *token > 300));
    }

    #[test]
    fn the_chosen_token_has_no_margin() {
        let logits: Vec<f32> = (0..64).map(|i| (i * 37 % 64) as f32 / 10.0).collect();
        let sampler = Sampler::new(Sampling::at(800), Digest::of(b"margin"));
        for position in 0..20 {
            let token = sampler.choose(&logits, position).expect("finite");
            assert_eq!(sampler.margin(&logits, position, token), Ok(0.0));
            let other = (token + 1) % 64;
            assert!(sampler.margin(&logits, position, other).expect("finite") > 0.0);
        }
        let sampler = Sampler::new(Sampling { top_k: 2, ..Sampling::at(800) }, Digest::of(b"margin"));
        assert_eq!(sampler.margin(&logits, 0, 0), Ok(f32::INFINITY));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for sampling in [Sampling::GREEDY, Sampling::at(1000)] {
            let sampler = Sampler::new(sampling, Digest::of(b"any"));
            assert_eq!(sampler.choose(&[], 0), Err(NotFinite));
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut logits = vec![1.0; 70];
                for at in [0, 40, 69] {
                    logits[at] = bad;
                    assert_eq!(sampler.choose(&logits, 0), Err(NotFinite));
                    logits[at] = 1.0;
                }
            }
            assert_eq!(sampler.margin(&[1.0], 0, 1), Err(NotFinite));
        }
    }

    #[test]
    fn log_probabilities_are_of_the_models_own_distribution() {
        let logits: Vec<f32> = [0.5f32, 0.25, 0.25].iter().map(|p| p.ln() + 3.0).collect();
        assert!((logprob(&logits, 0) - 0.5f32.ln()).abs() < 1e-6);
        assert_eq!(logprob(&[7.0], 0), 0.0);
    }
}
