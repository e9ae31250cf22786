//! New coins per block.

/// Supply of TAO, and of each subnet's alpha, in rao.
const SUPPLY: u64 = 21_000_000_000_000_000;
/// Emission per block before the first halving, in rao.
const FIRST_EMISSION: u64 = 1_000_000_000;

/// New coins per block, in rao, at an issuance in rao: halved each time that half of what was left has been issued.
/// Holds for TAO and, on its own issuance, for each subnet's alpha.
pub fn block_emission(issuance: u64) -> u64 {
    let left = SUPPLY.saturating_sub(issuance);
    if left == 0 {
        return 0;
    }
    // The halvings so far: the largest k with left · 2^k <= SUPPLY.
    let halvings = (SUPPLY / left).ilog2();
    FIRST_EMISSION.checked_shr(halvings).unwrap_or(0)
}

/// The issuance in rao after a run of blocks, each of which issues all that it may.
pub fn issuance_after(issuance: u64, blocks: u64) -> u64 {
    let (mut issuance, mut left) = (issuance, blocks);
    while left > 0 {
        let emission = block_emission(issuance);
        if emission == 0 {
            break;
        }
        // The blocks that begin before the next halving.
        let run = next_halving(issuance).saturating_sub(issuance).div_ceil(emission).clamp(1, left);
        issuance += emission * run;
        left -= run;
    }
    issuance
}

/// The issuance at which the next halving comes, in rao; the largest number where all is issued.
pub(crate) fn next_halving(issuance: u64) -> u64 {
    let left = SUPPLY.saturating_sub(issuance);
    if left == 0 {
        return u64::MAX;
    }
    let halvings = (SUPPLY / left).ilog2();
    // The least issuance that leaves no more than SUPPLY / 2^(halvings + 1).
    SUPPLY - SUPPLY.checked_shr(halvings + 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use substrate_fixed::{transcendental::log2, types::I96F32};

    use super::*;

    /// As the chain computes it: by a logarithm, and in steps of 2^-32 of the supply.
    fn by_logarithm(issuance: u64) -> u64 {
        let one = I96F32::from_num(1);
        let issuance = I96F32::from_num(issuance);
        if issuance >= I96F32::from_num(SUPPLY) {
            return 0;
        }
        let issued = issuance.checked_div(I96F32::from_num(SUPPLY)).unwrap();
        let halvings: I96F32 = log2(one.checked_div(one - issued).unwrap()).unwrap();
        let halvings = halvings.floor().saturating_to_num::<u64>();
        let divisor = (0..halvings).fold(one, |divisor, _| divisor.saturating_mul(I96F32::from_num(2)));
        let part = one.checked_div(divisor).unwrap_or_default();
        part.saturating_mul(I96F32::from_num(FIRST_EMISSION)).saturating_to_num()
    }

    #[test]
    fn every_halving_is_where_the_logarithm_has_it() {
        let mut issuance = 0;
        for _ in 0..40 {
            issuance = next_halving(issuance);
            for near in [issuance.saturating_sub(1), issuance, issuance.saturating_add(1)] {
                assert_eq!(block_emission(near), by_logarithm(near), "at {near}");
            }
            if issuance < SUPPLY {
                assert!(block_emission(issuance) < block_emission(issuance - 1) || block_emission(issuance) == 0);
            }
        }
    }

    proptest! {
        #[test]
        fn emission_is_that_of_the_logarithm(issuance in 0..SUPPLY + 1_000, left in 0..=SUPPLY, shift in 0u32..50) {
            prop_assert_eq!(block_emission(issuance), by_logarithm(issuance));
            let late = SUPPLY - (left >> shift);
            prop_assert_eq!(block_emission(late), by_logarithm(late));
        }

        #[test]
        fn nothing_changes_before_the_next_halving(issuance in 0..SUPPLY, part in 0.0f64..1.0) {
            let next = next_halving(issuance);
            prop_assert!(next > issuance);
            let between = issuance + ((next.min(SUPPLY) - 1 - issuance) as f64 * part) as u64;
            prop_assert_eq!(block_emission(between), block_emission(issuance));
        }
    }
}
