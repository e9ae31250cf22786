//! Root: the stake in TAO, and what it may claim of every subnet.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod root {
    #[pallet::type_value]
    pub fn DefaultRootClaimableThreshold<T: Config>() -> I96F32 {
        I96F32 { bits: 500_000 << 32 }
    }

    #[pallet::storage]
    pub type RootProp<T> = StorageMap<_, Identity, u16, U96F32, ValueQuery>;
    #[pallet::storage]
    pub type RootClaimableThreshold<T: Config> =
        StorageMap<_, Blake2_128Concat, u16, I96F32, ValueQuery, DefaultRootClaimableThreshold<T>>;
    #[pallet::storage]
    pub type RootClaimable<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountOf<T>, BTreeMap<u16, I96F32>, ValueQuery>;
    #[pallet::storage]
    pub type RootClaimed<T: Config> = StorageNMap<
        _,
        (NMapKey<Identity, u16>, NMapKey<Blake2_128Concat, AccountOf<T>>, NMapKey<Blake2_128Concat, AccountOf<T>>),
        u128,
        ValueQuery,
    >;
    #[pallet::storage]
    pub type RootClaimType<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, RootClaimTypeEnum, ValueQuery>;
    #[pallet::storage]
    pub type NumRootClaim<T> = StorageValue<_, u64, ValueQuery, ConstU64<5>>;
}
