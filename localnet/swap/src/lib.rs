//! The pools of the embedded chain, where TAO is traded against a subnet's alpha: names, indices and types are those of
//! `Swap` at Subtensor's spec 425, the code is our own.
//!
//! The pallet holds each pool's curve and fee. What a pool holds is kept by the subnet pallet, which asks for a
//! [quote](Pallet::quote) and moves the coins. Integers only.

// The calls of old versions have the arguments they have.
#![allow(clippy::too_many_arguments)]
// The macros of FRAME write qualified paths into this crate.
#![allow(unused_qualifications)]

mod balancer;
mod power;
mod quote;

pub use balancer::{Balancer, Price, Reserves};
pub use pallet::*;
pub use quote::{Order, Swapped};

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::ensure;
use scale_info::TypeInfo;

/// The least that a pool must hold of what it is to pay, in rao.
pub const MINIMUM_RESERVE: u64 = 1_000_000;

/// The highest fee, of 65,535.
const MAX_FEE_RATE: u16 = 10_000;

/// Whoever knows which subnets there are.
pub trait SubnetInfo {
    /// Whether there is such a subnet.
    fn exists(netuid: u16) -> bool;
}

/// A price in the calls of old versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
pub struct TickIndex(i32);

/// A position in the calls of old versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen)]
pub struct PositionId(u128);

#[frame_support::pallet]
pub mod pallet {
    use frame_support::{PalletId, pallet_prelude::*, traits::ConstU16};
    use frame_system::pallet_prelude::*;

    use super::{Balancer, MAX_FEE_RATE, MINIMUM_RESERVE, PositionId, SubnetInfo, TickIndex};

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Which subnets there are.
        type SubnetInfo: SubnetInfo;
    }

    #[pallet::extra_constants]
    impl<T: Config> Pallet<T> {
        #[pallet::constant_name(ProtocolId)]
        pub fn protocol_id() -> PalletId {
            PalletId(*b"ten/swap")
        }
        #[pallet::constant_name(MaxFeeRate)]
        pub fn max_fee_rate() -> u16 {
            MAX_FEE_RATE
        }
        #[pallet::constant_name(MinimumLiquidity)]
        pub fn minimum_liquidity() -> u64 {
            1_000
        }
        #[pallet::constant_name(MinimumReserve)]
        pub fn minimum_reserve() -> u64 {
            MINIMUM_RESERVE
        }
    }

    /// A subnet's fee, of 65,535.
    #[pallet::storage]
    pub type FeeRate<T> = StorageMap<_, Twox64Concat, u16, u16, ValueQuery, ConstU16<33>>;
    #[pallet::storage]
    pub type SwapBalancer<T> = StorageMap<_, Twox64Concat, u16, Balancer, ValueQuery>;
    #[pallet::storage]
    pub type PalSwapInitialized<T> = StorageMap<_, Twox64Concat, u16, bool, ValueQuery>;
    #[pallet::storage]
    pub type HasMigrationRun<T> = StorageMap<_, Identity, BoundedVec<u8, ConstU32<128>>, bool, ValueQuery>;
    #[pallet::storage]
    pub type ScrapReservoirAlpha<T> = StorageMap<_, Twox64Concat, u16, u64, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A subnet's fee changed.
        FeeRateSet { netuid: u16, rate: u16 },
    }

    /// Every error of the chain, in its order. Those with a comment are raised here.
    #[pallet::error]
    pub enum Error<T> {
        /// Above `MaxFeeRate`.
        FeeRateTooHigh,
        InsufficientInputAmount,
        /// The pool does not hold what it would have to pay.
        InsufficientLiquidity,
        /// The price is beyond the limit already.
        PriceLimitExceeded,
        InsufficientBalance,
        InvalidTickRange,
        InvalidLiquidityValue,
        /// Below `MinimumReserve`, or too little to be paid for anything.
        ReservesTooLow,
        /// No such subnet.
        MechanismDoesNotExist,
        SubtokenDisabled,
        ReservesOutOfBalance,
        /// More than a thousand times what the pool holds.
        SwapInputTooLarge,
        /// The call is of an old version.
        Deprecated,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Set a subnet's fee. For sudo.
        #[pallet::call_index(0)]
        #[pallet::weight(Weight::from_parts(15_000_000, 0))]
        pub fn set_fee_rate(origin: OriginFor<T>, netuid: u16, rate: u16) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_fee_rate(netuid, rate)
        }

        /// Deprecated.
        #[pallet::call_index(4)]
        #[pallet::weight(Weight::from_parts(15_000_000, 0))]
        pub fn toggle_user_liquidity(_origin: OriginFor<T>, _netuid: u16, _enable: bool) -> DispatchResult {
            Err(Error::<T>::Deprecated.into())
        }

        /// Deprecated.
        #[pallet::call_index(1)]
        #[pallet::weight(Weight::from_parts(15_000_000, 0))]
        pub fn add_liquidity(
            _origin: OriginFor<T>,
            _hotkey: T::AccountId,
            _netuid: u16,
            _tick_low: TickIndex,
            _tick_high: TickIndex,
            _liquidity: u64,
        ) -> DispatchResult {
            Err(Error::<T>::Deprecated.into())
        }

        /// Deprecated.
        #[pallet::call_index(2)]
        #[pallet::weight(Weight::from_parts(15_000_000, 0))]
        pub fn remove_liquidity(
            _origin: OriginFor<T>,
            _hotkey: T::AccountId,
            _netuid: u16,
            _position_id: PositionId,
        ) -> DispatchResult {
            Err(Error::<T>::Deprecated.into())
        }

        /// Deprecated.
        #[pallet::call_index(3)]
        #[pallet::weight(Weight::from_parts(15_000_000, 0))]
        pub fn modify_position(
            _origin: OriginFor<T>,
            _hotkey: T::AccountId,
            _netuid: u16,
            _position_id: PositionId,
            _liquidity_delta: i64,
        ) -> DispatchResult {
            Err(Error::<T>::Deprecated.into())
        }

        /// Deprecated.
        #[pallet::call_index(5)]
        #[pallet::weight(Weight::from_parts(15_000_000, 0))]
        pub fn disable_lp(_origin: OriginFor<T>) -> DispatchResult {
            Err(Error::<T>::Deprecated.into())
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The price of a pool's alpha.
    pub fn price(netuid: u16, reserves: Reserves) -> Price {
        SwapBalancer::<T>::get(netuid).price(reserves)
    }

    /// From now on the pool trades by the curve that is stored.
    pub fn initialise(netuid: u16) {
        if !PalSwapInitialized::<T>::get(netuid) {
            SwapBalancer::<T>::insert(netuid, Balancer::default());
            PalSwapInitialized::<T>::insert(netuid, true);
        }
    }

    /// Move the weights so that what is added to the reserves leaves the price. False, and nothing done, where the
    /// weights would leave their bounds.
    pub fn add_liquidity_at_price(netuid: u16, reserves: Reserves, added: Reserves) -> bool {
        match SwapBalancer::<T>::get(netuid).with_added(reserves, added) {
            Some(balancer) => {
                SwapBalancer::<T>::insert(netuid, balancer);
                true
            }
            None => false,
        }
    }

    /// The subnet is gone.
    pub fn forget(netuid: u16) {
        FeeRate::<T>::remove(netuid);
        SwapBalancer::<T>::remove(netuid);
        PalSwapInitialized::<T>::remove(netuid);
        ScrapReservoirAlpha::<T>::remove(netuid);
    }

    fn do_set_fee_rate(netuid: u16, rate: u16) -> frame_support::pallet_prelude::DispatchResult {
        ensure!(T::SubnetInfo::exists(netuid), Error::<T>::MechanismDoesNotExist);
        ensure!(rate <= MAX_FEE_RATE, Error::<T>::FeeRateTooHigh);
        FeeRate::<T>::insert(netuid, rate);
        Self::deposit_event(Event::FeeRateSet { netuid, rate });
        Ok(())
    }
}
