//! What a proxy may do for an account.
//!
//! Calls are told apart by their names, so that a rule holds for a call that this runtime gets later.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::traits::{CallMetadata, GetCallMetadata, InstanceFilter};
use scale_info::TypeInfo;

use crate::{Balance, RuntimeCall};

/// Kinds of proxies, in the chain's order.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    Any,
    /// Run a subnet: its identity and the hyperparameters that are its owner's.
    Owner,
    /// Everything but sudo, paid registrations, dissolving networks and changing the coldkey.
    NonCritical,
    /// Everything but moving TAO or stake to others and changing the coldkey.
    NonTransfer,
    /// Nothing any more.
    Senate,
    /// Nothing that spends or moves TAO or stake, or changes keys.
    NonFungible,
    /// Nothing any more.
    Triumvirate,
    /// Nothing any more.
    Governance,
    /// Stake and unstake.
    Staking,
    /// Take seats.
    Registration,
    /// Move TAO or stake to others.
    Transfer,
    /// Move little of it.
    SmallTransfer,
    /// Nothing any more.
    RootWeights,
    /// Manage child keys.
    ChildKeys,
    /// Replace the runtime by sudo.
    SudoUncheckedSetCode,
    /// Change hotkeys.
    SwapHotkey,
    /// Run a subnet that is leased.
    SubnetLeaseBeneficiary,
    /// Claim what root stake earned.
    RootClaim,
}

/// Below it, in rao, a transfer is small.
const SMALL_TRANSFER: Balance = 500_000_000;

const TRANSFER: [&str; 3] = ["transfer_keep_alive", "transfer_allow_death", "transfer_all"];
const STAKE: [&str; 10] = [
    "add_stake",
    "add_stake_limit",
    "remove_stake",
    "remove_stake_limit",
    "remove_stake_full_limit",
    "unstake_all",
    "unstake_all_alpha",
    "move_stake",
    "swap_stake",
    "swap_stake_limit",
];
const COLDKEY_SWAP: [&str; 7] = [
    "schedule_swap_coldkey",
    "swap_coldkey",
    "announce_coldkey_swap",
    "swap_coldkey_announced",
    "clear_coldkey_swap_announcement",
    "dispute_coldkey_swap",
    "reset_coldkey_swap",
];
const HOTKEY_SWAP: [&str; 2] = ["swap_hotkey", "swap_hotkey_v2"];
const PAID_SEAT: [&str; 2] = ["burned_register", "root_register"];
const DISSOLVE: [&str; 2] = ["dissolve_network", "root_dissolve_network"];
const IDENTITY: [&str; 2] = ["set_subnet_identity", "update_symbol"];
/// Hyperparameters that a subnet's owner may set.
const OWNERS: [&str; 31] = [
    "sudo_set_serving_rate_limit",
    "sudo_set_max_difficulty",
    "sudo_set_weights_version_key",
    "sudo_set_adjustment_alpha",
    "sudo_set_immunity_period",
    "sudo_set_min_allowed_weights",
    "sudo_set_rho",
    "sudo_set_activity_cutoff",
    "sudo_set_min_burn",
    "sudo_set_max_burn",
    "sudo_set_bonds_moving_average",
    "sudo_set_bonds_penalty",
    "sudo_set_min_childkey_take_per_subnet",
    "sudo_set_commit_reveal_weights_enabled",
    "sudo_set_liquid_alpha_enabled",
    "sudo_set_alpha_values",
    "sudo_set_commit_reveal_weights_interval",
    "sudo_set_toggle_transfer",
    "sudo_set_recycle_or_burn",
    "sudo_set_alpha_sigmoid_steepness",
    "sudo_set_yuma3_enabled",
    "sudo_set_bonds_reset_enabled",
    "sudo_set_owner_immune_neuron_limit",
    "sudo_set_mechanism_count",
    "sudo_set_mechanism_emission_split",
    "sudo_trim_to_max_allowed_uids",
    "sudo_set_max_allowed_uids",
    "sudo_set_burn_half_life",
    "sudo_set_burn_increase_mult",
    "sudo_set_owner_cut_enabled",
    "sudo_set_owner_cut_auto_lock_enabled",
];

impl ProxyType {
    fn allows(self, call: &RuntimeCall) -> bool {
        let CallMetadata { function_name, pallet_name } = call.get_call_metadata();
        let of = |pallet: &str, calls: &[&str]| pallet_name == pallet && calls.contains(&function_name);
        let subnets = |calls: &[&str]| of("SubtensorModule", calls);
        let transfers = || of("Balances", &TRANSFER) || subnets(&["transfer_stake"]);
        let runs_subnet = || subnets(&IDENTITY) || of("AdminUtils", &OWNERS);
        let moves_value = || pallet_name == "Balances" || subnets(&["transfer_stake"]);
        let swaps_coldkey = || subnets(&COLDKEY_SWAP);
        match self {
            Self::Any => true,
            Self::Owner => runs_subnet(),
            Self::NonCritical => {
                !(pallet_name == "Sudo" || subnets(&PAID_SEAT) || subnets(&DISSOLVE) || swaps_coldkey())
            }
            Self::NonTransfer => !(moves_value() || swaps_coldkey()),
            Self::NonFungible => {
                let spends = subnets(&STAKE) || subnets(&PAID_SEAT);
                !(moves_value() || spends || subnets(&HOTKEY_SWAP) || swaps_coldkey())
            }
            Self::Staking => subnets(&STAKE) || subnets(&["set_root_claim_type"]),
            Self::Registration => subnets(&["register", "register_limit", "burned_register"]),
            Self::Transfer => transfers(),
            Self::SmallTransfer => moved(call).is_some_and(|rao| rao < SMALL_TRANSFER),
            Self::ChildKeys => subnets(&["set_children", "set_childkey_take"]),
            Self::SudoUncheckedSetCode => {
                use frame_system::Call::set_code;
                use pallet_sudo::Call::sudo_unchecked_weight;
                matches!(call, RuntimeCall::Sudo(sudo_unchecked_weight { call, .. })
                    if matches!(**call, RuntimeCall::System(set_code { .. })))
            }
            Self::SwapHotkey => subnets(&HOTKEY_SWAP),
            Self::SubnetLeaseBeneficiary => runs_subnet() || subnets(&["start_call"]),
            Self::RootClaim => subnets(&["claim_root"]),
            Self::Senate | Self::Triumvirate | Self::Governance | Self::RootWeights => false,
        }
    }
}

/// How much a call moves to someone else, in rao. None where it does not say.
fn moved(call: &RuntimeCall) -> Option<Balance> {
    use pallet_balances::Call::{transfer_allow_death, transfer_keep_alive};
    use pallet_subtensor::Call::transfer_stake;
    match call {
        RuntimeCall::Balances(transfer_allow_death { value, .. } | transfer_keep_alive { value, .. }) => Some(*value),
        RuntimeCall::SubtensorModule(transfer_stake { alpha_amount, .. }) => Some(*alpha_amount),
        _ => None,
    }
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        self.allows(call)
    }

    fn is_superset(&self, other: &Self) -> bool {
        match (self, other) {
            (one, same) if one == same => true,
            (Self::Any, _) => true,
            (_, Self::Any) => false,
            (Self::NonTransfer, other) => !matches!(other, Self::Transfer | Self::SmallTransfer),
            (Self::Transfer, Self::SmallTransfer) => true,
            _ => false,
        }
    }
}
