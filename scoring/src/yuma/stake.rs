//! Whose word counts: stake, and who gets a permit by it.

use substrate_fixed::types::{I32F32, I64F64};

use super::{EpochInput, StoredRows, fixed::ZERO, is_owner};

/// Stake of those above the threshold (the owner always is), as shares of their sum.
pub(crate) fn shares<R: StoredRows>(input: &EpochInput<R>) -> Vec<I32F32> {
    shares_without(input, None)
}

/// The same as if one seat had no stake.
pub(crate) fn shares_without<R: StoredRows>(input: &EpochInput<R>, left_out: Option<usize>) -> Vec<I32F32> {
    let counted = |i: usize| if left_out == Some(i) { I64F64::from_bits(0) } else { counted(input, i) };
    let stake: Vec<I64F64> = (0..input.seats()).map(counted).collect();
    // As the runtime forms it: without overflow checks.
    let total = stake.iter().fold(I64F64::from_bits(0), |sum, stake| sum.wrapping_add(*stake));
    let share = |stake: &I64F64| match stake.to_bits() {
        0 => ZERO,
        _ if total == 0 => I32F32::saturating_from_num(*stake),
        _ => I32F32::saturating_from_num(stake.checked_div(total).unwrap_or_default()),
    };
    stake.iter().map(share).collect()
}

/// A seat's stake in rao, or 0 below the threshold, with which whole rao are compared.
fn counted<R: StoredRows>(input: &EpochInput<R>, i: usize) -> I64F64 {
    // More than 2^63 rao saturate; there are 2^54.
    let whole = I64F64::saturating_from_num(input.stake[i]);
    if whole.saturating_to_num::<u64>() < input.stake_threshold && !is_owner(input, i) {
        return I64F64::from_bits(0);
    }
    let fraction = input.stake_fraction.get(i).copied().unwrap_or(0);
    whole.saturating_add(I64F64::from_bits(i128::from(fraction) << 32))
}

/// The `k` largest stakes that aren't 0; among equals the higher uid wins.
pub(crate) fn top(stake: &[I32F32], k: usize) -> Vec<bool> {
    let mut permits: Vec<bool> = stake.iter().map(|stake| *stake != ZERO).collect();
    let mut order: Vec<usize> = (0..stake.len()).collect();
    order.sort_by_key(|i| stake[*i]);
    order.iter().take(stake.len().saturating_sub(k)).for_each(|i| permits[*i] = false);
    permits
}
