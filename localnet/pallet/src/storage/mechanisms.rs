//! Mechanisms: how many a subnet has, and how they share its emission.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod mechanisms {
    #[pallet::storage]
    pub type MaxMechanismCount<T> = StorageValue<_, u8, ValueQuery, ConstU8<2>>;
    #[pallet::storage]
    pub type MechanismCountCurrent<T> = StorageMap<_, Twox64Concat, u16, u8, ValueQuery, ConstU8<1>>;
    #[pallet::storage]
    pub type MechanismEmissionSplit<T> = StorageMap<_, Twox64Concat, u16, Vec<u16>, OptionQuery>;
}
