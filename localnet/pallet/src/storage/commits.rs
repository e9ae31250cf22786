//! Rows of weights that are committed and not yet revealed.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod commits {
    #[pallet::storage]
    pub type WeightCommits<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        u16,
        Twox64Concat,
        AccountOf<T>,
        VecDeque<(H256, u64, u64, u64)>,
        OptionQuery,
    >;
    #[pallet::storage]
    pub type TimelockedWeightCommits<T: Config> = StorageDoubleMap<
        _,
        Twox64Concat,
        u16,
        Twox64Concat,
        u64,
        VecDeque<(AccountOf<T>, u64, BoundedVec<u8, ConstU32<MAX_COMMIT_BYTES>>, u64)>,
        ValueQuery,
    >;
    #[pallet::storage]
    pub type CommitRevealWeightsVersion<T> = StorageValue<_, u16, ValueQuery, ConstU16<4>>;
}
