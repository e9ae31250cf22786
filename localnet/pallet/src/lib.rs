//! The subnet pallet of the embedded chain: `SubtensorModule` as a client sees it. Call names, indices and argument
//! types, storage names, hashers and defaults, event and error indices are those of Subtensor's spec 425; the code is
//! our own.
//!
//! What follows the chain's rules: who gets a seat and who loses it, what an axon may announce, every refusal of
//! weights and their order, when an epoch runs, Yuma over it, what is issued and who is paid, every trade of stake.
//!
//! What is simpler than the chain:
//! * nobody authors blocks, so that the fees of trades are burned and those of transactions recycled;
//! * child keys, stake locks and leases do not exist;
//! * a network that is dissolved is gone at once, and its owner gets no refund.
//!
//! Integers only: no float takes part in what is paid.

// The chain's calls have the arguments they have.
#![allow(clippy::too_many_arguments)]
// The macros of FRAME write qualified paths into this crate.
#![allow(unused_qualifications)]

mod accounts;
mod adoption;
mod alpha;
mod calls;
mod coinbase;
mod constants;
mod dissolve;
mod emission;
mod epoch;
mod errors;
mod events;
mod genesis;
mod guards;
mod hotkeys;
mod identity;
mod info;
mod invariants;
mod mechanisms;
mod networks;
mod owner;
mod payout;
mod pool;
mod pulses;
mod rate_limits;
mod registration;
mod rename;
mod root;
mod root_claims;
mod schedule;
mod seats;
mod serving;
mod stake_weight;
mod staking;
mod storage;
mod symbols;
mod take;
mod tao;
mod tempo;
mod trim;
mod types;
mod weights;

pub use genesis::{GenesisNeuron, GenesisSubnet, Hyperparameters};
pub use guards::Refusal;
pub use info::{
    Availability, DelegateInfo, DynamicInfo, HyperparamEntry, HyperparamValue, Metagraph, NeuronInfo, NeuronInfoLite,
    SelectiveMetagraph, StakeAvailability, StakeByColdkey, StakeInfo, StakeOn, SubnetHyperparams, SubnetHyperparamsV2,
    SubnetInfo, SubnetInfov2, SubnetPrice, SubnetState,
};
pub use invariants::Violation;
pub use pallet::*;
pub use pool::SimSwapResult;
pub use pulses::PulseSource;
pub use rate_limits::TransactionType;
pub use types::{
    AxonInfo, ChainIdentityV2, EpochConsensus, Hyperparameter, I32F32, I64F64, I96F32, LockState, MinerCollateralState,
    NeuronCertificate, PrometheusInfo, RateLimitKey, RecycleOrBurnEnum, RootClaimTypeEnum, SafeFloat, SubnetIdentityV3,
    U64F64, U96F32,
};

use alpha::UnassignedAlpha;
use codec::Decode;
use frame_support::pallet_macros::import_section;

/// The root network: it has stake, no miners and no weights.
pub const ROOT: u16 = 0;

/// The most bytes of a timelocked commit.
pub const MAX_COMMIT_BYTES: u32 = 5_000;

/// The account that the chain's defaults name: thirty-two zero bytes.
fn zero_account<T: frame_system::Config>() -> T::AccountId {
    T::AccountId::decode(&mut sp_runtime::traits::TrailingZeroInput::zeroes()).expect("zeros decode to an account id")
}

#[import_section(storage::accounts::accounts)]
#[import_section(storage::children::children)]
#[import_section(storage::commits::commits)]
#[import_section(storage::emission::emission)]
#[import_section(storage::hyperparameters::hyperparameters)]
#[import_section(storage::locks::locks)]
#[import_section(storage::mechanisms::mechanisms)]
#[import_section(storage::networks::networks)]
#[import_section(storage::neurons::neurons)]
#[import_section(storage::newer::newer)]
#[import_section(storage::pool::pool)]
#[import_section(storage::rate_limits::rate_limits)]
#[import_section(storage::registration::registration)]
#[import_section(storage::results::results)]
#[import_section(storage::root::root)]
#[import_section(storage::schedule::schedule)]
#[import_section(storage::stake::stake)]
#[import_section(constants::constants)]
#[import_section(errors::errors)]
#[import_section(events::events)]
#[import_section(calls::calls)]
#[frame_support::pallet]
pub mod pallet {
    use std::collections::{BTreeMap, BTreeSet, VecDeque};

    use frame_support::{
        PalletId,
        dispatch::Pays,
        ensure,
        pallet_prelude::*,
        traits::{ConstBool, ConstU8, ConstU16, ConstU32, ConstU64, fungible},
    };
    use frame_system::pallet_prelude::*;

    use codec::Compact;
    use sp_core::{H160, H256};
    use sp_runtime::{DispatchError, Percent};

    use super::{MAX_COMMIT_BYTES, zero_account};
    use crate::{
        genesis::GenesisSubnet,
        pulses::PulseSource,
        staking::PriceLimit,
        types::{
            AxonInfo, ChainIdentityV2, EpochConsensus, I64F64, I96F32, LockState, MinerCollateralState,
            NeuronCertificate, PrometheusInfo, RateLimitKey, RecycleOrBurnEnum, RootClaimTypeEnum, SafeFloat,
            SubnetIdentityV3, U64F64, U96F32,
        },
        weights::{commit_weight, row_weight},
    };

    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>>
        + pallet_alpha_assets::Config
        + pallet_subtensor_swap::Config
    {
        /// TAO.
        type Currency: fungible::Mutate<Self::AccountId> + fungible::Inspect<Self::AccountId, Balance = u64>;
        /// Where a subnet's TAO lies.
        #[pallet::constant]
        type SubtensorPalletId: Get<PalletId>;
        /// The tempo of a new network.
        #[pallet::constant]
        type InitialTempo: Get<u16>;
        /// The longest tempo, after which an epoch runs whatever the schedule says.
        #[pallet::constant]
        type MaxTempo: Get<u16>;
        /// Blocks that a new network waits before its owner may start it.
        #[pallet::constant]
        type InitialStartCallDelay: Get<u64>;
        /// The randomness beacon that timelocked rows wait for.
        type Drand: PulseSource;
    }

    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The networks that exist from the start, root aside.
        pub subnets: Vec<GenesisSubnet<T::AccountId>>,
        /// Stake (in rao) below which a hotkey may not set weights and does not count at an epoch.
        pub stake_threshold: u64,
        /// The lock that a new network costs, in rao.
        pub network_min_lock_cost: u64,
        /// Fewest blocks between two new networks.
        pub network_rate_limit: u64,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::build_genesis(self);
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::decay_burns();
            Self::reveal_timelocked_commits();
            Self::run_coinbase();
            Weight::zero()
        }

        #[cfg(debug_assertions)]
        fn on_finalize(_: BlockNumberFor<T>) {
            Self::assert_books();
        }
    }
}
