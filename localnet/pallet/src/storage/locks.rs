//! Locks: stake that its owner bound for a while. Nobody can lock here, so nothing of this is ever written.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod locks {
    #[pallet::storage]
    pub type Lock<T: Config> = StorageNMap<
        _,
        (NMapKey<Blake2_128Concat, AccountOf<T>>, NMapKey<Identity, u16>, NMapKey<Blake2_128Concat, AccountOf<T>>),
        LockState,
        OptionQuery,
    >;
    #[pallet::storage]
    pub type DecayingLock<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, bool, OptionQuery>;
    #[pallet::storage]
    pub type HotkeyLock<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, LockState, OptionQuery>;
    #[pallet::storage]
    pub type DecayingHotkeyLock<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, LockState, OptionQuery>;
    #[pallet::storage]
    pub type OwnerLock<T> = StorageMap<_, Identity, u16, LockState, OptionQuery>;
    #[pallet::storage]
    pub type DecayingOwnerLock<T> = StorageMap<_, Identity, u16, LockState, OptionQuery>;
    #[pallet::storage]
    pub type OwnerCutAutoLockEnabled<T> = StorageMap<_, Identity, u16, bool, ValueQuery>;
    #[pallet::storage]
    pub type UnlockRate<T> = StorageValue<_, u64, ValueQuery, ConstU64<934_866>>;
    #[pallet::storage]
    pub type MaturityRate<T> = StorageValue<_, u64, ValueQuery, ConstU64<934_866>>;
}
