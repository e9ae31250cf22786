//! Accounts: who owns which key, and what each may take.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod accounts {
    type AccountOf<T> = <T as frame_system::Config>::AccountId;

    /// The owner of accounts that nobody owns.
    #[pallet::type_value]
    pub fn ZeroAccount<T: Config>() -> T::AccountId {
        zero_account::<T>()
    }

    #[pallet::storage]
    pub type Owner<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, AccountOf<T>, ValueQuery, ZeroAccount<T>>;
    #[pallet::storage]
    pub type OwnedHotkeys<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, Vec<AccountOf<T>>, ValueQuery>;
    #[pallet::storage]
    pub type StakingHotkeys<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, Vec<AccountOf<T>>, ValueQuery>;
    #[pallet::storage]
    pub type Delegates<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, u16, ValueQuery, ConstU16<11_796>>;
    #[pallet::storage]
    pub type AccountFlags<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, u128, ValueQuery>;
    #[pallet::storage]
    pub type AutoStakeDestination<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, AccountOf<T>, OptionQuery>;
    #[pallet::storage]
    pub type AutoStakeDestinationColdkeys<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, Vec<AccountOf<T>>, ValueQuery>;
    #[pallet::storage]
    pub type StakingColdkeysByIndex<T: Config> = StorageMap<_, Identity, u64, AccountOf<T>, OptionQuery>;
    #[pallet::storage]
    pub type StakingColdkeys<T: Config> = StorageMap<_, Identity, AccountOf<T>, u64, OptionQuery>;
    #[pallet::storage]
    pub type NumStakingColdkeys<T> = StorageValue<_, u64, ValueQuery>;
    #[pallet::storage]
    pub type IdentitiesV2<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, ChainIdentityV2, OptionQuery>;
    #[pallet::storage]
    pub type AutoParentDelegationEnabled<T: Config> =
        StorageMap<_, Blake2_128Concat, AccountOf<T>, bool, ValueQuery, ConstBool<true>>;
}
