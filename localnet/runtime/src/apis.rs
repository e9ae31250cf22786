//! The chain's own runtime APIs, as far as the embedded chain serves them: names and arguments are what `state_call`
//! takes.

use pallet_subtensor::{NeuronInfo, NeuronInfoLite};

use crate::AccountId;

sp_api::decl_runtime_apis! {
    /// Neurons of a subnet.
    pub trait NeuronInfoRuntimeApi {
        /// All, with their rows.
        fn get_neurons(netuid: u16) -> Vec<NeuronInfo<AccountId>>;
        /// One, with its rows.
        fn get_neuron(netuid: u16, uid: u16) -> Option<NeuronInfo<AccountId>>;
        /// All.
        fn get_neurons_lite(netuid: u16) -> Vec<NeuronInfoLite<AccountId>>;
        /// One.
        fn get_neuron_lite(netuid: u16, uid: u16) -> Option<NeuronInfoLite<AccountId>>;
    }

    /// Subnets.
    pub trait SubnetInfoRuntimeApi {
        /// The block of the next epoch.
        fn get_next_epoch_start_block(netuid: u16) -> Option<u64>;
    }

    /// New networks.
    pub trait SubnetRegistrationRuntimeApi {
        /// What one costs, in rao.
        fn get_network_registration_cost() -> u64;
    }

    /// Prices.
    pub trait SwapRuntimeApi {
        /// A subnet's alpha in rao of TAO: always one TAO here.
        fn current_alpha_price(netuid: u16) -> u64;
    }
}
