//! When each key last did what it may not do too often.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod rate_limits {
    #[pallet::storage]
    pub type TxRateLimit<T> = StorageValue<_, u64, ValueQuery, ConstU64<1_000>>;
    #[pallet::storage]
    pub type TxDelegateTakeRateLimit<T> = StorageValue<_, u64, ValueQuery, ConstU64<216_000>>;
    #[pallet::storage]
    pub type TxChildkeyTakeRateLimit<T> = StorageValue<_, u64, ValueQuery, ConstU64<216_000>>;
    #[pallet::storage]
    pub type WeightsVersionKeyRateLimit<T> = StorageValue<_, u64, ValueQuery, ConstU64<5>>;
    #[pallet::storage]
    pub type LastRateLimitedBlock<T: Config> = StorageMap<_, Identity, RateLimitKey<AccountOf<T>>, u64, ValueQuery>;
    #[pallet::storage]
    pub type TransactionKeyLastBlock<T: Config> = StorageNMap<
        _,
        (NMapKey<Blake2_128Concat, AccountOf<T>>, NMapKey<Identity, u16>, NMapKey<Identity, u16>),
        u64,
        ValueQuery,
    >;
    #[pallet::storage]
    pub type LastTxBlock<T: Config> = StorageMap<_, Identity, AccountOf<T>, u64, ValueQuery>;
    #[pallet::storage]
    pub type LastTxBlockChildKeyTake<T: Config> = StorageMap<_, Identity, AccountOf<T>, u64, ValueQuery>;
    #[pallet::storage]
    pub type LastTxBlockDelegateTake<T: Config> = StorageMap<_, Identity, AccountOf<T>, u64, ValueQuery>;
    #[pallet::storage]
    pub type LastHotkeySwapOnNetuid<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, u64, ValueQuery>;
}
