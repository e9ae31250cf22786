//! The randomness with which miners sample and validators check: Gumbel noise that anyone can make again from a seed.
//!
//! A token is drawn as `argmax(logit / T + gumbel)`, which samples the softmax exactly. With the noise fixed by the
//! request, the honest answer is fixed too, up to rounding in the model.

use primitives::Digest;

const SEED_CONTEXT: &str = "assay 2026 sampling seed v1";

/// The seed of a request's noise. The digest is that of the signed envelope: it covers the receiver and a nonce, so
/// neither a cached answer nor another miner's fits.
pub fn sampling_seed(request_digest: &Digest) -> Digest {
    Digest::derive(SEED_CONTEXT, &[&request_digest.0])
}

/// The noise on one token at one position of the answer.
pub fn gumbel(seed: &Digest, position: u32, token: u32) -> f32 {
    let block = philox4x32_10([token / 4, position, 0, 0], key(seed));
    from_bits(block[token as usize % 4])
}

/// The noise on all tokens of a vocabulary at one position: `[vocabulary]`, entry t = [`gumbel`] of token t.
pub fn gumbel_row(seed: &Digest, position: u32, vocabulary: usize) -> Vec<f32> {
    let key = key(seed);
    let mut row = Vec::with_capacity(vocabulary.next_multiple_of(4));
    for block in (0u32..).take(vocabulary.div_ceil(4)) {
        row.extend(philox4x32_10([block, position, 0, 0], key).map(from_bits));
    }
    row.truncate(vocabulary);
    row
}

/// Philox4x32 with ten rounds: four random words from a 128-bit counter and a 64-bit key (Salmon et al., "Parallel
/// random numbers: as easy as 1, 2, 3", 2011).
pub fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let first = u64::from(counter[0]) * 0xD251_1F53;
        let second = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
    }
    counter
}

/// The key of a seed's noise.
pub fn key(seed: &Digest) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h, ..] = seed.0;
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// `-ln(-ln u)` with u strictly between 0 and 1; in f64 by `libm`, so that all platforms agree.
fn from_bits(bits: u32) -> f32 {
    let uniform = (f64::from(bits) + 0.5) / 4_294_967_296.0;
    -libm::log(-libm::log(uniform)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_known_answers() {
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, answer) in cases {
            assert_eq!(philox4x32_10(counter, key), answer);
        }
    }

    #[test]
    fn a_row_is_its_entries() {
        let seed = Digest::of(b"seed");
        for vocabulary in [0, 1, 4, 7, 130] {
            let row = gumbel_row(&seed, 3, vocabulary);
            let each: Vec<f32> = (0..vocabulary as u32).map(|token| gumbel(&seed, 3, token)).collect();
            assert_eq!(row, each);
        }
        assert_ne!(gumbel_row(&seed, 3, 8), gumbel_row(&seed, 4, 8));
        assert_ne!(gumbel_row(&seed, 3, 8), gumbel_row(&Digest::of(b"other"), 3, 8));
    }

    #[test]
    fn noise_is_finite_and_gumbel() {
        assert!(from_bits(0).is_finite() && from_bits(u32::MAX).is_finite());
        let row = gumbel_row(&Digest::of(b"mean"), 0, 100_000);
        let mean = row.iter().map(|value| f64::from(*value)).sum::<f64>() / row.len() as f64;
        // The Euler-Mascheroni constant; the standard error of the mean is 0.004.
        assert!((mean - 0.577_215_7).abs() < 0.02, "{mean}");
    }

    #[test]
    fn the_seed_is_fresh_for_each_request() {
        let digest = Digest::of(b"request");
        assert_ne!(sampling_seed(&digest), digest);
        assert_ne!(sampling_seed(&digest), sampling_seed(&Digest::of(b"another")));
    }
}
