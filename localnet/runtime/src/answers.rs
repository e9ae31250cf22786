//! What the runtime answers through its APIs.

use std::collections::BTreeMap;

use codec::Encode as _;
use frame_support::traits::Get as _;
use pallet_subtensor::{
    Availability, DelegateInfo, DynamicInfo, HyperparamEntry, LockState, Metagraph, NeuronInfo, NeuronInfoLite,
    SelectiveMetagraph, SimSwapResult, StakeByColdkey, StakeInfo, StakeOn, SubnetHyperparams, SubnetHyperparamsV2,
    SubnetInfo, SubnetInfov2, SubnetPrice, SubnetState, U64F64,
};
use sp_api::impl_runtime_apis;
use sp_core::OpaqueMetadata;
use sp_runtime::{
    ApplyExtrinsicResult, ExtrinsicInclusionMode, Weight,
    traits::Block as BlockT,
    transaction_validity::{TransactionSource, TransactionValidity},
};
use sp_version::RuntimeVersion;

use crate::{
    AccountId, Balance, Block, Executive, Hash, Header, InherentDataExt, Nonce, Runtime, RuntimeCall, SubtensorModule,
    System, TransactionPayment, Version, apis,
};

impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            Version::get()
        }

        fn execute_block(block: Block) {
            Executive::execute_block(block);
        }

        fn initialize_block(header: &Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            OpaqueMetadata::new(Runtime::metadata().into())
        }

        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version)
        }

        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }

        fn finalize_block() -> Header {
            Executive::finalize_block()
        }

        fn inherent_extrinsics(data: sp_inherents::InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
            data.create_extrinsics()
        }

        fn check_inherents(block: Block, data: sp_inherents::InherentData) -> sp_inherents::CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            extrinsic: <Block as BlockT>::Extrinsic,
            hash: Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, extrinsic, hash)
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
        fn query_info(
            extrinsic: <Block as BlockT>::Extrinsic,
            len: u32,
        ) -> pallet_transaction_payment_rpc_runtime_api::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_info(extrinsic, len)
        }

        fn query_fee_details(
            extrinsic: <Block as BlockT>::Extrinsic,
            len: u32,
        ) -> pallet_transaction_payment::FeeDetails<Balance> {
            TransactionPayment::query_fee_details(extrinsic, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall>
        for Runtime
    {
        fn query_call_info(
            call: RuntimeCall,
            len: u32,
        ) -> pallet_transaction_payment::RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_call_info(call, len)
        }

        fn query_call_fee_details(
            call: RuntimeCall,
            len: u32,
        ) -> pallet_transaction_payment::FeeDetails<Balance> {
            TransactionPayment::query_call_fee_details(call, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl apis::DelegateInfoRuntimeApi<Block> for Runtime {
        fn get_delegates() -> Vec<DelegateInfo<AccountId>> {
            SubtensorModule::get_delegates()
        }

        fn get_delegate(delegate_account: AccountId) -> Option<DelegateInfo<AccountId>> {
            SubtensorModule::get_delegate(delegate_account)
        }

        fn get_delegated(delegatee_account: AccountId) -> Vec<(DelegateInfo<AccountId>, StakeOn)> {
            SubtensorModule::get_delegated(delegatee_account)
        }
    }

    impl apis::NeuronInfoRuntimeApi<Block> for Runtime {
        fn get_neurons(netuid: u16) -> Vec<NeuronInfo<AccountId>> {
            SubtensorModule::get_neurons(netuid)
        }

        fn get_neuron(netuid: u16, uid: u16) -> Option<NeuronInfo<AccountId>> {
            SubtensorModule::get_neuron(netuid, uid)
        }

        fn get_neurons_lite(netuid: u16) -> Vec<NeuronInfoLite<AccountId>> {
            SubtensorModule::get_neurons_lite(netuid)
        }

        fn get_neuron_lite(netuid: u16, uid: u16) -> Option<NeuronInfoLite<AccountId>> {
            SubtensorModule::get_neuron_lite(netuid, uid)
        }
    }

    #[api_version(2)]
    impl apis::SubnetInfoRuntimeApi<Block> for Runtime {
        fn get_subnet_info(netuid: u16) -> Option<SubnetInfo<AccountId>> {
            SubtensorModule::get_subnet_info(netuid)
        }

        fn get_subnets_info() -> Vec<Option<SubnetInfo<AccountId>>> {
            SubtensorModule::get_subnets_info()
        }

        fn get_subnet_info_v2(netuid: u16) -> Option<SubnetInfov2<AccountId>> {
            SubtensorModule::get_subnet_info_v2(netuid)
        }

        fn get_subnets_info_v2() -> Vec<Option<SubnetInfov2<AccountId>>> {
            SubtensorModule::get_subnets_info_v2()
        }

        fn get_subnet_hyperparams(netuid: u16) -> Option<SubnetHyperparams> {
            SubtensorModule::get_subnet_hyperparams(netuid)
        }

        fn get_subnet_hyperparams_v2(netuid: u16) -> Option<SubnetHyperparamsV2> {
            SubtensorModule::get_subnet_hyperparams_v2(netuid)
        }

        fn get_subnet_hyperparams_v3(netuid: u16) -> Option<Vec<HyperparamEntry>> {
            SubtensorModule::get_subnet_hyperparams_v3(netuid)
        }

        fn get_all_dynamic_info() -> Vec<Option<DynamicInfo<AccountId>>> {
            SubtensorModule::get_all_dynamic_info()
        }

        fn get_all_metagraphs() -> Vec<Option<Metagraph<AccountId>>> {
            SubtensorModule::get_all_metagraphs()
        }

        fn get_metagraph(netuid: u16) -> Option<Metagraph<AccountId>> {
            SubtensorModule::get_metagraph(netuid)
        }

        fn get_all_mechagraphs() -> Vec<Option<Metagraph<AccountId>>> {
            SubtensorModule::get_all_mechagraphs()
        }

        fn get_mechagraph(netuid: u16, mecid: u8) -> Option<Metagraph<AccountId>> {
            SubtensorModule::get_mechagraph(netuid, mecid)
        }

        fn get_dynamic_info(netuid: u16) -> Option<DynamicInfo<AccountId>> {
            SubtensorModule::get_dynamic_info(netuid)
        }

        fn get_subnet_state(netuid: u16) -> Option<SubnetState<AccountId>> {
            SubtensorModule::get_subnet_state(netuid)
        }

        fn get_selective_metagraph(
            netuid: u16,
            metagraph_indexes: Vec<u16>,
        ) -> Option<SelectiveMetagraph<AccountId>> {
            SubtensorModule::get_selective_metagraph(netuid, metagraph_indexes, || commitments(netuid))
        }

        fn get_coldkey_auto_stake_hotkey(coldkey: AccountId, netuid: u16) -> Option<AccountId> {
            SubtensorModule::get_coldkey_auto_stake_hotkey(coldkey, netuid)
        }

        fn get_selective_mechagraph(
            netuid: u16,
            subid: u8,
            metagraph_indexes: Vec<u16>,
        ) -> Option<SelectiveMetagraph<AccountId>> {
            SubtensorModule::get_selective_mechagraph(netuid, subid, metagraph_indexes, || commitments(netuid))
        }

        fn get_subnet_to_prune() -> Option<u16> {
            SubtensorModule::get_network_to_prune()
        }

        fn get_subnet_account_id(netuid: u16) -> Option<AccountId> {
            SubtensorModule::get_subnet_account_id(netuid)
        }

        fn get_next_epoch_start_block(netuid: u16) -> Option<u64> {
            SubtensorModule::next_epoch_block(netuid)
        }
    }

    impl apis::StakeInfoRuntimeApi<Block> for Runtime {
        fn get_stake_info_for_coldkey(coldkey_account: AccountId) -> Vec<StakeInfo<AccountId>> {
            SubtensorModule::get_stake_info_for_coldkey(coldkey_account)
        }

        fn get_stake_info_for_coldkeys(
            coldkey_accounts: Vec<AccountId>,
        ) -> StakeByColdkey<AccountId> {
            SubtensorModule::get_stake_info_for_coldkeys(coldkey_accounts)
        }

        fn get_stake_info_for_hotkey_coldkey_netuid(
            hotkey_account: AccountId,
            coldkey_account: AccountId,
            netuid: u16,
        ) -> Option<StakeInfo<AccountId>> {
            SubtensorModule::get_stake_info_for_hotkey_coldkey_netuid(hotkey_account, coldkey_account, netuid)
        }

        fn get_stake_availability_for_coldkeys(
            coldkey_accounts: Vec<AccountId>,
            netuids: Option<Vec<u16>>,
        ) -> BTreeMap<AccountId, Availability> {
            SubtensorModule::get_stake_availability_for_coldkeys(coldkey_accounts, netuids)
        }

        fn get_stake_fee(
            origin: Option<(AccountId, u16)>,
            _origin_coldkey_account: AccountId,
            destination: Option<(AccountId, u16)>,
            _destination_coldkey_account: AccountId,
            amount: u64,
        ) -> u64 {
            SubtensorModule::get_stake_fee(origin, destination, amount)
        }

        fn get_coldkey_lock(_coldkey: AccountId, _netuid: u16) -> Option<LockState> {
            None
        }

        fn get_hotkey_conviction(_hotkey: AccountId, _netuid: u16) -> U64F64 {
            U64F64::default()
        }

        fn get_most_convicted_hotkey_on_subnet(_netuid: u16) -> Option<AccountId> {
            None
        }
    }

    impl apis::SubnetRegistrationRuntimeApi<Block> for Runtime {
        fn get_network_registration_cost() -> u64 {
            SubtensorModule::network_lock_cost()
        }
    }

    impl apis::SwapRuntimeApi<Block> for Runtime {
        fn current_alpha_price(netuid: u16) -> u64 {
            SubtensorModule::alpha_price_rao(netuid)
        }

        fn current_alpha_price_all() -> Vec<SubnetPrice> {
            SubtensorModule::current_alpha_price_all()
        }

        fn sim_swap_tao_for_alpha(netuid: u16, tao: u64) -> SimSwapResult {
            SubtensorModule::sim_swap_tao_for_alpha(netuid, tao)
        }

        fn sim_swap_alpha_for_tao(netuid: u16, alpha: u64) -> SimSwapResult {
            SubtensorModule::sim_swap_alpha_for_tao(netuid, alpha)
        }
    }

    impl apis::BetaBasketRuntimeApi<Block> for Runtime {
        fn get_root_basket_owed(_coldkey: AccountId) -> u64 {
            0
        }

        fn get_root_basket_positions(_coldkey: AccountId) -> Vec<(AccountId, u64, u64)> {
            Vec::new()
        }
    }
}

/// What hotkeys committed to on a subnet, encoded as it is stored: clients skip what stands before the first field.
fn commitments(netuid: u16) -> Vec<(AccountId, Vec<u8>)> {
    let stored = pallet_commitments::CommitmentOf::<Runtime>::iter_prefix(netuid);
    stored.map(|(hotkey, registration)| (hotkey, registration.encode())).collect()
}
