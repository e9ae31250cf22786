//! Chance, from a seed: a number for each place, whoever asks first. So what one agent does moves no other agent's luck,
//! and two runs of one seed differ by what was changed in them.

use std::sync::LazyLock;

/// How many equally likely values stand for a normal distribution.
pub(crate) const LEVELS: usize = 1 << 10;

/// Quantiles of the standard normal distribution, in the middle of equally likely parts.
static NORMAL: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..LEVELS).map(|level| quantile((level as f64 + 0.5) / LEVELS as f64)).collect());

/// Mixes all bits (the finaliser of splitmix64; Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014).
pub(crate) fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The key of a place below another one.
pub(crate) fn key(above: u64, place: u64) -> u64 {
    mixed(above ^ mixed(place))
}

/// Numbers of one place, in their order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draws(u64);

impl Draws {
    pub fn new(key: u64) -> Self {
        Self(key)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// Of the standard normal distribution, by [`LEVELS`] values.
    pub fn normal(&mut self) -> f64 {
        normal(level(self.bits()))
    }
}

/// A level out of the highest bits.
pub(crate) fn level(bits: u64) -> usize {
    (bits >> (u64::BITS - LEVELS.trailing_zeros())) as usize
}

/// The value of a level.
pub(crate) fn normal(level: usize) -> f64 {
    NORMAL[level % LEVELS]
}

/// A chance in units of 2^-32, as halves of drawn bits are compared with.
pub(crate) fn chance(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * (1_u64 << 32) as f64) as u64
}

/// What a standard normal variable is below with this chance (Wichura, "Algorithm AS 241", Applied Statistics 37, 1988, the
/// shorter form: seven digits).
fn quantile(chance: f64) -> f64 {
    let centred = chance - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180625 - centred * centred;
        return centred * (((59.109_374_720 * r + 159.291_132_02) * r + 50.434_271_938) * r + 3.387_132_717_9)
            / (((67.187_563_600 * r + 78.757_757_664) * r + 17.895_169_469) * r + 1.0);
    }
    let tail = if centred < 0.0 { chance } else { 1.0 - chance };
    let r = libm::log(tail);
    let r = (-r).sqrt();
    let far = if r <= 5.0 {
        let r = r - 1.6;
        (((0.170_238_211_03 * r + 1.306_728_481_6) * r + 2.756_815_390_0) * r + 1.423_437_277_7)
            / ((0.120_211_329_75 * r + 0.737_001_642_50) * r + 1.0)
    } else {
        let r = r - 5.0;
        (((0.017_337_203_997 * r + 0.428_682_943_37) * r + 3.081_226_386_0) * r + 6.657_905_115_0)
            / ((0.012_258_202_635 * r + 0.241_978_942_25) * r + 1.0)
    };
    if centred < 0.0 { -far } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of the normal distribution.
    #[test]
    fn quantiles_are_those_of_the_tables() {
        let known =
            [(0.5, 0.0), (0.841_344_746, 1.0), (0.975, 1.959_963_985), (0.999, 3.090_232_306), (0.9999, 3.719_016_485)];
        for (chance, z) in known {
            assert!((quantile(chance) - z).abs() < 1e-6, "{chance}: {}", quantile(chance));
            assert!((quantile(1.0 - chance) + z).abs() < 1e-6, "{chance}");
        }
    }

    #[test]
    fn draws_are_normal_and_each_place_has_its_own() {
        let mut draws = Draws::new(key(7, 3));
        let drawn: Vec<f64> = (0..100_000).map(|_| draws.normal()).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let variance = drawn.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / drawn.len() as f64;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
        assert_ne!(key(1, 2), key(2, 1));
        assert_eq!(Draws::new(5).bits(), Draws::new(5).bits());
        // Splitmix64's first number of the seed 0, as Vigna's reference implementation prints it.
        assert_eq!(mixed(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!((chance(1.0), chance(0.5), chance(-1.0)), (1 << 32, 1 << 31, 0));
    }
}
