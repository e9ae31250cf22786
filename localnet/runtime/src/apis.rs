//! The chain's own runtime APIs, as far as the embedded chain serves them: names and arguments are what `state_call`
//! takes.

use std::collections::BTreeMap;

use pallet_subtensor::{
    Availability, DelegateInfo, DynamicInfo, HyperparamEntry, LockState, Metagraph, NeuronInfo, NeuronInfoLite,
    SelectiveMetagraph, SimSwapResult, StakeByColdkey, StakeInfo, StakeOn, SubnetHyperparams, SubnetHyperparamsV2,
    SubnetInfo, SubnetInfov2, SubnetPrice, SubnetState, U64F64,
};

use crate::AccountId;

sp_api::decl_runtime_apis! {
    /// Hotkeys that others stake to.
    pub trait DelegateInfoRuntimeApi {
        /// All.
        fn get_delegates() -> Vec<DelegateInfo<AccountId>>;
        /// One.
        fn get_delegate(delegate_account: AccountId) -> Option<DelegateInfo<AccountId>>;
        /// Where a coldkey has stake on them.
        fn get_delegated(delegatee_account: AccountId) -> Vec<(DelegateInfo<AccountId>, StakeOn)>;
    }

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

    /// Subnets. None, or an empty list, where there is no such subnet.
    pub trait SubnetInfoRuntimeApi {
        /// Settings in short.
        fn get_subnet_info(netuid: u16) -> Option<SubnetInfo<AccountId>>;
        /// Of all.
        fn get_subnets_info() -> Vec<Option<SubnetInfo<AccountId>>>;
        /// Settings in short, and what the owner says of the subnet.
        fn get_subnet_info_v2(netuid: u16) -> Option<SubnetInfov2<AccountId>>;
        /// Of all.
        fn get_subnets_info_v2() -> Vec<Option<SubnetInfov2<AccountId>>>;
        /// Hyperparameters, first edition.
        fn get_subnet_hyperparams(netuid: u16) -> Option<SubnetHyperparams>;
        /// Hyperparameters, second edition.
        fn get_subnet_hyperparams_v2(netuid: u16) -> Option<SubnetHyperparamsV2>;
        /// Hyperparameters by name.
        #[api_version(2)]
        fn get_subnet_hyperparams_v3(netuid: u16) -> Option<Vec<HyperparamEntry>>;
        /// Pools and emission of all.
        fn get_all_dynamic_info() -> Vec<Option<DynamicInfo<AccountId>>>;
        /// All as a whole.
        fn get_all_metagraphs() -> Vec<Option<Metagraph<AccountId>>>;
        /// One as a whole.
        fn get_metagraph(netuid: u16) -> Option<Metagraph<AccountId>>;
        /// All mechanisms of all.
        fn get_all_mechagraphs() -> Vec<Option<Metagraph<AccountId>>>;
        /// One mechanism.
        fn get_mechagraph(netuid: u16, mecid: u8) -> Option<Metagraph<AccountId>>;
        /// Pool and emission.
        fn get_dynamic_info(netuid: u16) -> Option<DynamicInfo<AccountId>>;
        /// Neurons by column.
        fn get_subnet_state(netuid: u16) -> Option<SubnetState<AccountId>>;
        /// Some fields of the metagraph, by their places.
        fn get_selective_metagraph(
            netuid: u16,
            metagraph_indexes: Vec<u16>,
        ) -> Option<SelectiveMetagraph<AccountId>>;
        /// Where a coldkey's earnings go.
        fn get_coldkey_auto_stake_hotkey(coldkey: AccountId, netuid: u16) -> Option<AccountId>;
        /// Some fields of a mechanism's metagraph, by their places.
        fn get_selective_mechagraph(
            netuid: u16,
            subid: u8,
            metagraph_indexes: Vec<u16>,
        ) -> Option<SelectiveMetagraph<AccountId>>;
        /// The subnet that would make room for a new one.
        fn get_subnet_to_prune() -> Option<u16>;
        /// The account of the subnet's TAO.
        fn get_subnet_account_id(netuid: u16) -> Option<AccountId>;
        /// The block of the next epoch.
        fn get_next_epoch_start_block(netuid: u16) -> Option<u64>;
    }

    /// Stake, in rao of alpha.
    pub trait StakeInfoRuntimeApi {
        /// All of a coldkey.
        fn get_stake_info_for_coldkey(coldkey_account: AccountId) -> Vec<StakeInfo<AccountId>>;
        /// All of each.
        fn get_stake_info_for_coldkeys(
            coldkey_accounts: Vec<AccountId>,
        ) -> StakeByColdkey<AccountId>;
        /// A coldkey's on one hotkey.
        fn get_stake_info_for_hotkey_coldkey_netuid(
            hotkey_account: AccountId,
            coldkey_account: AccountId,
            netuid: u16,
        ) -> Option<StakeInfo<AccountId>>;
        /// What may be unstaked.
        fn get_stake_availability_for_coldkeys(
            coldkey_accounts: Vec<AccountId>,
            netuids: Option<Vec<u16>>,
        ) -> BTreeMap<AccountId, Availability>;
        /// What a move costs.
        fn get_stake_fee(
            origin: Option<(AccountId, u16)>,
            origin_coldkey_account: AccountId,
            destination: Option<(AccountId, u16)>,
            destination_coldkey_account: AccountId,
            amount: u64,
        ) -> u64;
        /// A coldkey's lock. Nobody has one here.
        fn get_coldkey_lock(coldkey: AccountId, netuid: u16) -> Option<LockState>;
        /// What locks on a hotkey have come to mean: nothing here.
        fn get_hotkey_conviction(hotkey: AccountId, netuid: u16) -> U64F64;
        /// The hotkey with most of it: none here.
        fn get_most_convicted_hotkey_on_subnet(netuid: u16) -> Option<AccountId>;
    }

    /// New networks.
    pub trait SubnetRegistrationRuntimeApi {
        /// What one costs, in rao.
        fn get_network_registration_cost() -> u64;
    }

    /// Prices.
    pub trait SwapRuntimeApi {
        /// A subnet's alpha in rao of TAO.
        fn current_alpha_price(netuid: u16) -> u64;
        /// Of all subnets.
        fn current_alpha_price_all() -> Vec<SubnetPrice>;
        /// What TAO would buy.
        fn sim_swap_tao_for_alpha(netuid: u16, tao: u64) -> SimSwapResult;
        /// What alpha would sell for.
        fn sim_swap_alpha_for_tao(netuid: u16, alpha: u64) -> SimSwapResult;
    }

    /// Baskets of root, of runtimes after 425: newer clients ask for them whenever they tell a balance. There are none.
    pub trait BetaBasketRuntimeApi {
        /// What a coldkey's would pay, in rao.
        fn get_root_basket_owed(coldkey: AccountId) -> u64;
        /// Hotkey, basket tokens and what they would pay, in rao.
        fn get_root_basket_positions(coldkey: AccountId) -> Vec<(AccountId, u64, u64)>;
    }
}
