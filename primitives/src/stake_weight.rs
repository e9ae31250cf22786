//! What a hotkey's stake weighs on a subnet.

/// Alpha and weighted TAO in whole rao and in 2^-32 of one, rounded as the chain does: the weight is a fraction of
/// `u64::MAX`, to 32 binary places.
pub fn stake_weight(alpha: u64, tao: u64, tao_weight: u64) -> (u64, u32) {
    let weight = (u128::from(tao_weight) << 32) / u128::from(u64::MAX);
    let bits = (u128::from(alpha) << 32).saturating_add(u128::from(tao) * weight);
    // The low half is the fraction.
    (u64::try_from(bits >> 32).unwrap_or(u64::MAX), bits as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tao_counts_by_its_weight() {
        let half = u64::MAX / 2 + 1;
        assert_eq!(stake_weight(10, 1_000, half).0, 510);
        assert_eq!(stake_weight(10, 1_000, 0).0, 10);
        assert_eq!(stake_weight(u64::MAX, u64::MAX, u64::MAX).0, u64::MAX);
    }
}
