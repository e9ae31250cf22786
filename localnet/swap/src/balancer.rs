//! A pool's curve. With weights `a` of alpha and `t` of TAO, `a + t = 1`, a trade keeps `alpha^a * tao^t`. New
//! liquidity moves the weights instead of the price. At equal weights it is the constant product.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::U256;
use sp_runtime::Perquintill;

use crate::power::{UNIT, power};

/// TAO per alpha, in units of 2^-64.
pub type Price = u128;

/// The weight of TAO, in the chain's encoding; alpha has the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
pub struct Balancer {
    quote: Perquintill,
}

impl Default for Balancer {
    fn default() -> Self {
        Self { quote: Perquintill::from_parts(UNIT / 2) }
    }
}

/// What a pool holds, in rao.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Reserves {
    pub tao: u64,
    pub alpha: u64,
}

impl Balancer {
    /// No weight may fall below a hundredth.
    const LEAST: u64 = UNIT / 100;

    fn of_tao(self) -> u64 {
        self.quote.deconstruct()
    }

    fn of_alpha(self) -> u64 {
        UNIT.saturating_sub(self.of_tao())
    }

    /// The price of the next bit of alpha; 0 where there is no alpha.
    pub fn price(self, reserves: Reserves) -> Price {
        let weights = ratio(self.of_alpha().into(), self.of_tao().into());
        let held = ratio(reserves.tao.into(), reserves.alpha.into());
        u128::try_from((U256::from(weights) * U256::from(held)) >> 64).unwrap_or(u128::MAX)
    }

    /// The alpha that `tao` buys.
    pub(crate) fn alpha_for(self, tao: u64, reserves: Reserves) -> u64 {
        output(reserves.tao, tao, reserves.alpha, self.of_tao(), self.of_alpha())
    }

    /// The TAO that `alpha` sells for.
    pub(crate) fn tao_for(self, alpha: u64, reserves: Reserves) -> u64 {
        output(reserves.alpha, alpha, reserves.tao, self.of_alpha(), self.of_tao())
    }

    /// The TAO that moves the price up to `target`.
    pub(crate) fn tao_until(self, target: Price, reserves: Reserves) -> u64 {
        grown(reserves.tao, target, self.price(reserves), self.of_alpha())
    }

    /// The alpha that moves the price down to `target`.
    pub(crate) fn alpha_until(self, target: Price, reserves: Reserves) -> u64 {
        grown(reserves.alpha, self.price(reserves), target, self.of_tao())
    }

    /// The weights that keep the price when both reserves grow. None where they would leave their bounds.
    pub(crate) fn with_added(self, reserves: Reserves, added: Reserves) -> Option<Self> {
        let weighted = |weight: u64, one: u64, other: u128| {
            let product = u128::from(one).saturating_mul(other);
            let rounded = (U256::from(product) * U256::from(weight) + U256::from(UNIT / 2)) / U256::from(UNIT);
            u128::try_from(rounded).unwrap_or(u128::MAX)
        };
        let alpha = u128::from(reserves.alpha) + u128::from(added.alpha);
        let tao = u128::from(reserves.tao) + u128::from(added.tao);
        let of_alpha = weighted(self.of_alpha(), reserves.tao, alpha);
        let of_tao = weighted(self.of_tao(), reserves.alpha, tao);
        let sum = of_alpha.saturating_add(of_tao);
        let quote = if sum == 0 { Self::default().quote } else { Perquintill::from_rational(of_tao, sum) };
        let balancer = Self { quote };
        (balancer.of_tao() >= Self::LEAST && balancer.of_alpha() >= Self::LEAST).then_some(balancer)
    }
}

/// What a pool pays for `input`: `pays * (1 - (takes / (takes + input)) ^ (p / q))`, rounded down.
fn output(takes: u64, input: u64, pays: u64, p: u64, q: u64) -> u64 {
    let Some(left) = power(takes.into(), u128::from(takes) + u128::from(input), p, q) else { return 0 };
    let paid = (1u128 << 64).saturating_sub(ratio(left.into(), UNIT.into()));
    u64::try_from((U256::from(pays) * U256::from(paid)) >> 64).unwrap_or(u64::MAX)
}

/// By how much a reserve grows when it is multiplied by `(numerator / denominator) ^ weight`, rounded down.
fn grown(reserve: u64, numerator: u128, denominator: u128, weight: u64) -> u64 {
    let Some(factor) = power(numerator, denominator, weight, UNIT) else { return 0 };
    let growth = ratio(factor.into(), UNIT.into()).saturating_sub(1 << 64);
    u64::try_from((U256::from(reserve) * U256::from(growth)) >> 64).unwrap_or(u64::MAX)
}

/// `part / whole` in units of 2^-64, rounded down; 0 where `whole` is.
fn ratio(part: u128, whole: u128) -> u128 {
    if whole == 0 {
        return 0;
    }
    u128::try_from((U256::from(part) << 64) / U256::from(whole)).unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAO: u64 = 1_000_000_000;
    const POOL: Reserves = Reserves { tao: 1_000 * TAO, alpha: 2_000 * TAO };
    const ONE: Price = 1 << 64;

    #[test]
    fn equal_weights_keep_the_product() {
        let even = Balancer::default();
        assert_eq!(even.price(POOL), ONE / 2);
        // 2000 * 1000 / 1001 are left of 2000.
        assert_eq!(even.alpha_for(TAO, POOL), 1_998_001_998);
        assert_eq!(even.tao_for(2 * TAO, POOL), 999_000_999);
        assert_eq!(even.price(Reserves { tao: TAO, alpha: 0 }), 0);
    }

    #[test]
    fn liquidity_moves_the_weights_and_not_the_price() {
        let added = Reserves { tao: 300 * TAO, alpha: 100 * TAO };
        let heavier = Balancer::default().with_added(POOL, added).unwrap();
        let grown = Reserves { tao: POOL.tao + added.tao, alpha: POOL.alpha + added.alpha };
        assert!(heavier.of_tao() > UNIT / 2);
        assert!(heavier.price(grown).abs_diff(ONE / 2) < ONE / 1_000_000_000_000_000);
        // A pool of unequal weights still charges more the more is bought.
        let (some, more) = (heavier.alpha_for(TAO, grown), heavier.alpha_for(2 * TAO, grown));
        assert!(some < 2 * TAO && more < 2 * some && more > 2 * some - TAO / 100, "{some} {more}");
        assert_eq!(heavier.with_added(grown, Reserves { tao: u64::MAX / 2, alpha: 0 }), None);
    }

    #[test]
    fn a_limit_is_where_the_price_ends() {
        let even = Balancer::default();
        let tao = even.tao_until(ONE * 6 / 10, POOL);
        let after = Reserves { tao: POOL.tao + tao, alpha: POOL.alpha - even.alpha_for(tao, POOL) };
        assert!(even.price(after) <= ONE * 6 / 10 && even.price(after) > ONE * 599_999 / 1_000_000);
        let alpha = even.alpha_until(ONE * 4 / 10, POOL);
        let after = Reserves { tao: POOL.tao - even.tao_for(alpha, POOL), alpha: POOL.alpha + alpha };
        assert!(even.price(after) >= ONE * 4 / 10 && even.price(after) < ONE * 400_001 / 1_000_000);
    }
}
