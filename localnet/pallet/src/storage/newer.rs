//! Storage of runtimes after 425, which newer clients read without asking whether it is there. Nothing of it is ever
//! written: its defaults say that a subnet runs Yuma and asks for no collateral.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod newer {
    #[pallet::type_value]
    pub fn DefaultDrainRatio<T: Config>() -> U64F64 {
        U64F64::from_int(1)
    }

    #[pallet::storage]
    pub type SubnetEpochConsensus<T> = StorageMap<_, Identity, u16, EpochConsensus, ValueQuery>;
    #[pallet::storage]
    pub type CollateralLockShare<T> = StorageMap<_, Identity, u16, u16, ValueQuery>;
    #[pallet::storage]
    pub type CollateralDrainRatio<T: Config> = StorageMap<_, Identity, u16, U64F64, ValueQuery, DefaultDrainRatio<T>>;
    #[pallet::storage]
    pub type MinerCollateral<T: Config> = StorageNMap<
        _,
        (NMapKey<Identity, u16>, NMapKey<Blake2_128Concat, AccountOf<T>>, NMapKey<Blake2_128Concat, AccountOf<T>>),
        MinerCollateralState,
        OptionQuery,
    >;
}
