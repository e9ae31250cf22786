//! A subnet's pool: TAO against alpha, and its price.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod pool {
    /// Three millionths.
    #[pallet::type_value]
    pub fn DefaultMovingAlpha<T: Config>() -> I96F32 {
        I96F32 { bits: 12_884 }
    }
    #[pallet::type_value]
    pub fn DefaultFlowNormExponent<T: Config>() -> U64F64 {
        U64F64 { bits: 1 << 64 }
    }

    #[pallet::storage]
    pub type SubnetTAO<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetAlphaIn<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetAlphaOut<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetProtocolAlpha<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetVolume<T> = StorageMap<_, Identity, u16, u128, ValueQuery>;
    #[pallet::storage]
    pub type SubnetMovingAlpha<T: Config> = StorageValue<_, I96F32, ValueQuery, DefaultMovingAlpha<T>>;
    #[pallet::storage]
    pub type SubnetMovingPrice<T> = StorageMap<_, Identity, u16, I96F32, ValueQuery>;
    #[pallet::storage]
    pub type EMAPriceHalvingBlocks<T> = StorageMap<_, Identity, u16, u64, ValueQuery, ConstU64<201_600>>;
    #[pallet::storage]
    pub type SubnetTaoFlow<T> = StorageMap<_, Identity, u16, i64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetEmaTaoFlow<T> = StorageMap<_, Identity, u16, (u64, I64F64), OptionQuery>;
    #[pallet::storage]
    pub type NetTaoFlowEnabled<T> = StorageValue<_, bool, ValueQuery>;
    #[pallet::storage]
    pub type SubnetProtocolFlow<T> = StorageMap<_, Identity, u16, i64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetEmaProtocolFlow<T> = StorageMap<_, Identity, u16, (u64, I64F64), OptionQuery>;
    #[pallet::storage]
    pub type TaoFlowCutoff<T> = StorageValue<_, I64F64, ValueQuery>;
    #[pallet::storage]
    pub type FlowNormExponent<T: Config> = StorageValue<_, U64F64, ValueQuery, DefaultFlowNormExponent<T>>;
    #[pallet::storage]
    pub type FlowEmaSmoothingFactor<T> = StorageValue<_, u64, ValueQuery, ConstU64<29_597_889_189_195_937>>;
    #[pallet::storage]
    pub type SubnetMechanism<T> = StorageMap<_, Identity, u16, u16, ValueQuery>;
    #[pallet::storage]
    pub type TransferToggle<T> = StorageMap<_, Identity, u16, bool, ValueQuery, ConstBool<true>>;
}
