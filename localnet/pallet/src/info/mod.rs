//! What the chain's runtime APIs answer: its structs, field by field in its order and in its encoding.

mod delegate;
mod dynamic;
mod hyperparams;
mod metagraph;
mod neuron;
mod price;
mod selective;
mod stake;
mod state;
mod subnet;

pub use delegate::{DelegateInfo, StakeOn};
pub use dynamic::DynamicInfo;
pub use hyperparams::{HyperparamEntry, HyperparamValue, SubnetHyperparams, SubnetHyperparamsV2};
pub use metagraph::Metagraph;
pub use neuron::{NeuronInfo, NeuronInfoLite};
pub use price::SubnetPrice;
pub use selective::SelectiveMetagraph;
pub use stake::{Availability, StakeAvailability, StakeByColdkey, StakeInfo};
pub use state::SubnetState;
pub use subnet::{SubnetInfo, SubnetInfov2};

use codec::Compact;

use crate::*;

impl<T: Config> Pallet<T> {
    /// Every network, root too, in order.
    pub fn netuids() -> Vec<u16> {
        let root = NetworksAdded::<T>::get(ROOT).then_some(ROOT);
        root.into_iter().chain(Self::subnets()).collect()
    }

    /// A subnet's name: what its owner called it, or `unknown`, as the chain says of a netuid outside its own list.
    fn subnet_name(netuid: u16) -> Vec<u8> {
        let named = SubnetIdentitiesV3::<T>::get(netuid).map(|identity| identity.subnet_name);
        match named.filter(|name| !name.is_empty()) {
            Some(name) => name,
            None if netuid == ROOT => b"root".to_vec(),
            None => b"unknown".to_vec(),
        }
    }
}

/// A vector as the APIs encode it: every entry in as few bytes as it needs.
fn compact<V>(values: Vec<V>) -> Vec<Compact<V>> {
    values.into_iter().map(Compact).collect()
}
