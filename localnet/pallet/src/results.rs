//! What an epoch found for a subnet: the sum over its mechanisms, each counting by its part of the emission.

use scoring::yuma::EpochOutput;
use sp_runtime::traits::Bounded;

use crate::*;

/// By uid.
pub(crate) struct SubnetResults {
    active: Vec<bool>,
    stake_weight: Vec<u16>,
    consensus: Vec<u16>,
    dividends: Vec<u16>,
    validator_trust: Vec<u16>,
    validator_permit: Vec<bool>,
    emission: Vec<u64>,
    /// Paid to miners, in rao.
    pub server_emission: Vec<u64>,
    /// Paid to validators, in rao.
    pub validator_emission: Vec<u64>,
}

impl SubnetResults {
    pub fn new(seats: usize) -> Self {
        Self {
            active: vec![false; seats],
            stake_weight: vec![0; seats],
            consensus: vec![0; seats],
            dividends: vec![0; seats],
            validator_trust: vec![0; seats],
            validator_permit: vec![false; seats],
            emission: vec![0; seats],
            server_emission: vec![0; seats],
            validator_emission: vec![0; seats],
        }
    }

    /// Add a mechanism's results. What is paid is added as it is: it was split before. `weight` is in units of 2^-64;
    /// as on the chain, what is stored as `Emission` is weighted though it was split.
    pub fn add(&mut self, output: &EpochOutput, weight: u128) {
        or(&mut self.active, &output.active);
        or(&mut self.validator_permit, &output.validator_permits);
        add_weighted(&mut self.stake_weight, &output.stake_weight, weight);
        add_weighted(&mut self.consensus, &output.consensus, weight);
        add_weighted(&mut self.dividends, &output.dividends, weight);
        add_weighted(&mut self.validator_trust, &output.validator_trust, weight);
        add_weighted(&mut self.emission, &output.emission, weight);
        let whole = 1 << 64;
        add_weighted(&mut self.server_emission, &output.server_emission, whole);
        add_weighted(&mut self.validator_emission, &output.validator_emission, whole);
    }

    /// Write what clients read.
    pub fn store<T: Config>(&self, netuid: u16) {
        Active::<T>::insert(netuid, &self.active);
        StakeWeight::<T>::insert(netuid, &self.stake_weight);
        Consensus::<T>::insert(netuid, &self.consensus);
        Dividends::<T>::insert(netuid, &self.dividends);
        ValidatorTrust::<T>::insert(netuid, &self.validator_trust);
        ValidatorPermit::<T>::insert(netuid, &self.validator_permit);
        Emission::<T>::insert(netuid, &self.emission);
    }
}

fn or(sum: &mut [bool], values: &[bool]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum |= value);
}

/// Rounded down at each mechanism, not at the end.
fn add_weighted<V: Copy + Into<u64> + TryFrom<u64> + Bounded>(sum: &mut [V], values: &[V], weight: u128) {
    for (sum, value) in sum.iter_mut().zip(values) {
        let weighted = (u128::from((*value).into()) * weight) >> 64;
        let total = (*sum).into().saturating_add(u64::try_from(weighted).unwrap_or(u64::MAX));
        *sum = V::try_from(total).unwrap_or(V::max_value());
    }
}
