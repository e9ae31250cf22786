//! Stake: alpha on hotkeys, shared between coldkeys.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod stake {
    #[pallet::storage]
    pub type TotalHotkeyAlpha<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type TotalHotkeyAlphaLastEpoch<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type TotalHotkeyShares<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, U64F64, ValueQuery>;
    #[pallet::storage]
    pub type Alpha<T: Config> = StorageNMap<
        _,
        (NMapKey<Blake2_128Concat, AccountOf<T>>, NMapKey<Blake2_128Concat, AccountOf<T>>, NMapKey<Identity, u16>),
        U64F64,
        ValueQuery,
    >;
    #[pallet::storage]
    pub type TotalHotkeySharesV2<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, SafeFloat, ValueQuery>;
    #[pallet::storage]
    pub type AlphaV2<T: Config> = StorageNMap<
        _,
        (NMapKey<Blake2_128Concat, AccountOf<T>>, NMapKey<Blake2_128Concat, AccountOf<T>>, NMapKey<Identity, u16>),
        SafeFloat,
        ValueQuery,
    >;
    #[pallet::storage]
    pub type AlphaDividendsPerSubnet<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, u64, ValueQuery>;
    #[pallet::storage]
    pub type RootAlphaDividendsPerSubnet<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, u64, ValueQuery>;
    #[pallet::storage]
    pub type LastHotkeyEmissionOnNetuid<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type LastColdkeyHotkeyStakeBlock<T: Config> =
        StorageDoubleMap<_, Twox64Concat, AccountOf<T>, Twox64Concat, AccountOf<T>, u64, OptionQuery>;
    #[pallet::storage]
    pub type NominatorMinRequiredStake<T> = StorageValue<_, u64, ValueQuery>;
    #[pallet::storage]
    pub type TotalStake<T> = StorageValue<_, u64, ValueQuery>;
    #[pallet::storage]
    pub type StakeThreshold<T> = StorageValue<_, u64, ValueQuery>;
    #[pallet::storage]
    pub type TaoWeight<T> = StorageValue<_, u64, ValueQuery, ConstU64<971_718_665_099_567_868>>;
    #[pallet::storage]
    pub type MinDelegateTake<T> = StorageValue<_, u16, ValueQuery>;
    #[pallet::storage]
    pub type MaxDelegateTake<T> = StorageValue<_, u16, ValueQuery, ConstU16<11_796>>;
}
