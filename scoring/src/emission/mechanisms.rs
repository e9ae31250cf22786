//! Mechanisms of one subnet: how they share an emission, and what their epochs come to together.

use crate::yuma::EpochOutput;

/// 1, in the units of [`mechanism_weight`].
const WHOLE: u128 = 1 << 64;

/// Each mechanism's part of an emission, in rao: by parts of 65535 where there is one for each, all alike otherwise. What
/// rounding leaves goes to the main one.
pub fn split_emission(emission: u64, count: u8, split: Option<&[u16]>) -> Vec<u64> {
    let mut parts: Vec<u64> = match split.filter(|split| split.len() == usize::from(count)) {
        Some(split) => split.iter().map(|part| share(emission, *part)).collect(),
        None => vec![emission.checked_div(count.into()).unwrap_or(0); count.into()],
    };
    let given = parts.iter().fold(0u64, |sum, part| sum.saturating_add(*part));
    if let Some(main) = parts.first_mut() {
        *main = main.saturating_add(emission.saturating_sub(given));
    }
    parts
}

/// `part` of 65535, rounded down.
fn share(emission: u64, part: u16) -> u64 {
    u64::try_from(u128::from(emission) * u128::from(part) / u128::from(u16::MAX)).unwrap_or(u64::MAX)
}

/// What a mechanism's results count in those of the subnet, in units of 2^-64: its part of the emission, or, where
/// nothing is emitted, all for the main one.
pub fn mechanism_weight(mechanism: u8, part: u64, emission: u64) -> u128 {
    match (u128::from(part) << 64).checked_div(emission.into()) {
        Some(weight) => weight,
        None if mechanism == 0 => WHOLE,
        None => 0,
    }
}

/// What an epoch found for a subnet: the sum over its mechanisms, each counting by its part of the emission. By uid.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Combined {
    /// Who set weights in any of them recently enough.
    pub active: Vec<bool>,
    /// Normalised stake, of 65535.
    pub stake_weight: Vec<u16>,
    /// Of 65535.
    pub consensus: Vec<u16>,
    /// Of 65535.
    pub dividends: Vec<u16>,
    /// Of 65535.
    pub validator_trust: Vec<u16>,
    /// Permits for the next epoch.
    pub validator_permits: Vec<bool>,
    /// `Emission` as stored, in rao; by it a seat is kept. As on the chain, weighted though it was split before.
    pub emission: Vec<u64>,
    /// Paid to miners, in rao.
    pub server_emission: Vec<u64>,
    /// Paid to validators, in rao.
    pub validator_emission: Vec<u64>,
}

impl Combined {
    /// Of no mechanism yet.
    pub fn new(seats: usize) -> Self {
        Self {
            active: vec![false; seats],
            stake_weight: vec![0; seats],
            consensus: vec![0; seats],
            dividends: vec![0; seats],
            validator_trust: vec![0; seats],
            validator_permits: vec![false; seats],
            emission: vec![0; seats],
            server_emission: vec![0; seats],
            validator_emission: vec![0; seats],
        }
    }

    /// Adds a mechanism's results with their [`mechanism_weight`]. What is paid is added as it is: it was split before.
    pub fn add(&mut self, output: &EpochOutput, weight: u128) {
        or(&mut self.active, &output.active);
        or(&mut self.validator_permits, &output.validator_permits);
        add_weighted(&mut self.stake_weight, &output.stake_weight, weight);
        add_weighted(&mut self.consensus, &output.consensus, weight);
        add_weighted(&mut self.dividends, &output.dividends, weight);
        add_weighted(&mut self.validator_trust, &output.validator_trust, weight);
        add_weighted(&mut self.emission, &output.emission, weight);
        add_weighted(&mut self.server_emission, &output.server_emission, WHOLE);
        add_weighted(&mut self.validator_emission, &output.validator_emission, WHOLE);
    }
}

fn or(sum: &mut [bool], values: &[bool]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum |= value);
}

/// Rounded down at each mechanism, not at the end; stops at the largest number.
fn add_weighted<V: Copy + Into<u64> + TryFrom<u64>>(sum: &mut [V], values: &[V], weight: u128) {
    for (sum, value) in sum.iter_mut().zip(values) {
        let weighted = (u128::from((*value).into()) * weight) >> 64;
        let total = (*sum).into().saturating_add(u64::try_from(weighted).unwrap_or(u64::MAX));
        let most = u64::MAX >> (u64::BITS as usize - 8 * size_of::<V>());
        *sum = V::try_from(total.min(most)).unwrap_or(*sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_gives_all() {
        assert_eq!(split_emission(100, 3, None), [34, 33, 33]);
        assert_eq!(split_emission(100, 2, Some(&[16_384, 49_151])), [26, 74]);
        // A split of another number of mechanisms is none.
        assert_eq!(split_emission(100, 2, Some(&[65_535])), [50, 50]);
        assert_eq!(split_emission(u64::MAX, 1, Some(&[65_535])), [u64::MAX]);
        assert_eq!(split_emission(5, 0, None), Vec::<u64>::new());
    }

    #[test]
    fn results_count_by_the_part_of_the_emission() {
        assert_eq!(mechanism_weight(0, 25, 100), 1 << 62);
        assert_eq!((mechanism_weight(0, 0, 0), mechanism_weight(1, 0, 0)), (WHOLE, 0));
        let output = EpochOutput {
            active: vec![true, false],
            bonds: Default::default(),
            consensus: vec![65_535, 3],
            dividends: vec![0, 65_535],
            emission: vec![u64::MAX, 7],
            incentive: vec![65_535, 0],
            server_emission: vec![10, 0],
            stake_weight: vec![1, 65_534],
            validator_emission: vec![0, u64::MAX],
            validator_permits: vec![false, true],
            validator_trust: vec![65_535, 1],
        };
        let mut combined = Combined::new(2);
        combined.add(&output, 1 << 63);
        assert_eq!((&combined.consensus, &combined.emission), (&vec![32_767, 1], &vec![u64::MAX / 2, 3]));
        combined.add(&output, WHOLE);
        assert_eq!(combined.consensus, [65_535, 4]);
        assert_eq!((combined.emission, combined.server_emission), (vec![u64::MAX, 10], vec![20, 0]));
        assert_eq!((combined.validator_emission, combined.active), (vec![0, u64::MAX], vec![true, false]));
        assert_eq!(combined.validator_permits, [false, true]);
    }
}
