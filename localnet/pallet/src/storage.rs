//! Storage under the chain's names, hashers and defaults: what a client reads, not everything that Subtensor keeps.
//!
//! Maps of a mechanism are keyed by its *storage index* (`mecid * 4096 + netuid`), which for the main mechanism is the
//! netuid itself.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod storage {
    type AccountOf<T> = <T as frame_system::Config>::AccountId;

    /// The owner of accounts that nobody owns.
    #[pallet::type_value]
    pub fn ZeroAccount<T: Config>() -> T::AccountId {
        zero_account::<T>()
    }
    #[pallet::type_value]
    pub fn DefaultAlphaValues<T: Config>() -> (u16, u16) {
        (45_875, 58_982)
    }
    #[pallet::type_value]
    pub fn DefaultSteepness<T: Config>() -> i16 {
        1_000
    }
    #[pallet::type_value]
    pub fn DefaultTokenSymbol<T: Config>() -> Vec<u8> {
        "𝜏".as_bytes().to_vec()
    }
    #[pallet::type_value]
    pub fn DefaultBurnIncreaseMult<T: Config>() -> U64F64 {
        U64F64 { bits: 0x0001_428f_5c28_f5c2_9000 }
    }

    // Global.
    #[pallet::storage]
    pub type TaoWeight<T> = StorageValue<_, u64, ValueQuery, ConstU64<971_718_665_099_567_868>>;
    #[pallet::storage]
    pub type StakeThreshold<T> = StorageValue<_, u64, ValueQuery>;
    #[pallet::storage]
    pub type TotalStake<T> = StorageValue<_, u64, ValueQuery>;
    #[pallet::storage]
    pub type TotalNetworks<T> = StorageValue<_, u16, ValueQuery>;
    #[pallet::storage]
    pub type SubnetLimit<T> = StorageValue<_, u16, ValueQuery, ConstU16<128>>;
    #[pallet::storage]
    pub type NetworkMinLockCost<T> = StorageValue<_, u64, ValueQuery, ConstU64<1_000_000_000_000>>;
    #[pallet::storage]
    pub type NetworkRateLimit<T> = StorageValue<_, u64, ValueQuery, ConstU64<7_200>>;
    #[pallet::storage]
    pub type SubnetOwnerCut<T> = StorageValue<_, u16, ValueQuery, ConstU16<11_796>>;
    #[pallet::storage]
    pub type MaxEpochsPerBlock<T> = StorageValue<_, u8, ValueQuery, ConstU8<2>>;
    #[pallet::storage]
    pub type MaxMechanismCount<T> = StorageValue<_, u8, ValueQuery, ConstU8<2>>;
    #[pallet::storage]
    pub type CommitRevealWeightsVersion<T> = StorageValue<_, u16, ValueQuery, ConstU16<4>>;
    #[pallet::storage]
    pub type TxRateLimit<T> = StorageValue<_, u64, ValueQuery, ConstU64<1_000>>;

    // Keys.
    #[pallet::storage]
    pub type Owner<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, AccountOf<T>, ValueQuery, ZeroAccount<T>>;
    #[pallet::storage]
    pub type OwnedHotkeys<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, Vec<AccountOf<T>>, ValueQuery>;
    #[pallet::storage]
    pub type StakingHotkeys<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, Vec<AccountOf<T>>, ValueQuery>;
    #[pallet::storage]
    pub type Delegates<T: Config> = StorageMap<_, Blake2_128Concat, AccountOf<T>, u16, ValueQuery, ConstU16<11_796>>;

    // Stake.
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
    pub type AlphaDividendsPerSubnet<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, u64, ValueQuery>;
    #[pallet::storage]
    pub type LastHotkeyEmissionOnNetuid<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, u64, ValueQuery>;

    // A subnet's money.
    #[pallet::storage]
    pub type SubnetTAO<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetAlphaIn<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetAlphaOut<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetAlphaOutEmission<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetLocked<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type PendingServerEmission<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type PendingValidatorEmission<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type PendingRootAlphaDivs<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type PendingOwnerCut<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type RecycleOrBurn<T> = StorageMap<_, Identity, u16, RecycleOrBurnEnum, ValueQuery>;
    #[pallet::storage]
    pub type RAORecycledForRegistration<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;

    // A subnet.
    #[pallet::storage]
    pub type NetworksAdded<T> = StorageMap<_, Identity, u16, bool, ValueQuery>;
    #[pallet::storage]
    pub type NetworkRegisteredAt<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetOwner<T: Config> = StorageMap<_, Identity, u16, AccountOf<T>, ValueQuery, ZeroAccount<T>>;
    #[pallet::storage]
    pub type SubnetOwnerHotkey<T: Config> = StorageMap<_, Identity, u16, AccountOf<T>, ValueQuery, ZeroAccount<T>>;
    #[pallet::storage]
    pub type SubnetMechanism<T> = StorageMap<_, Identity, u16, u16, ValueQuery>;
    #[pallet::storage]
    pub type FirstEmissionBlockNumber<T> = StorageMap<_, Identity, u16, u64, OptionQuery>;
    #[pallet::storage]
    pub type SubtokenEnabled<T> = StorageMap<_, Identity, u16, bool, ValueQuery>;
    #[pallet::storage]
    pub type TokenSymbol<T: Config> = StorageMap<_, Identity, u16, Vec<u8>, ValueQuery, DefaultTokenSymbol<T>>;
    #[pallet::storage]
    pub type MechanismCountCurrent<T> = StorageMap<_, Twox64Concat, u16, u8, ValueQuery, ConstU8<1>>;
    #[pallet::storage]
    pub type MechanismEmissionSplit<T> = StorageMap<_, Twox64Concat, u16, Vec<u16>, OptionQuery>;

    // Hyperparameters.
    #[pallet::storage]
    pub type Tempo<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<360>>;
    #[pallet::storage]
    pub type ActivityCutoffFactorMilli<T> = StorageMap<_, Identity, u16, u32, ValueQuery, ConstU32<13_889>>;
    #[pallet::storage]
    pub type ActivityCutoff<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<5_000>>;
    #[pallet::storage]
    pub type ImmunityPeriod<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<4_096>>;
    #[pallet::storage]
    pub type MinAllowedWeights<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<1_024>>;
    #[pallet::storage]
    pub type MaxWeightsLimit<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<{ u16::MAX }>>;
    #[pallet::storage]
    pub type MaxAllowedUids<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<256>>;
    #[pallet::storage]
    pub type MinAllowedUids<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<64>>;
    #[pallet::storage]
    pub type MaxAllowedValidators<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<128>>;
    #[pallet::storage]
    pub type MinNonImmuneUids<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<10>>;
    #[pallet::storage]
    pub type ImmuneOwnerUidsLimit<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<1>>;
    #[pallet::storage]
    pub type WeightsVersionKey<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type WeightsSetRateLimit<T> = StorageMap<_, Identity, u16, u64, ValueQuery, ConstU64<100>>;
    #[pallet::storage]
    pub type ServingRateLimit<T> = StorageMap<_, Identity, u16, u64, ValueQuery, ConstU64<50>>;
    #[pallet::storage]
    pub type CommitRevealWeightsEnabled<T> = StorageMap<_, Identity, u16, bool, ValueQuery, ConstBool<true>>;
    #[pallet::storage]
    pub type RevealPeriodEpochs<T> = StorageMap<_, Twox64Concat, u16, u64, ValueQuery, ConstU64<1>>;
    #[pallet::storage]
    pub type Rho<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<10>>;
    #[pallet::storage]
    pub type Kappa<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<32_767>>;
    #[pallet::storage]
    pub type BondsMovingAverage<T> = StorageMap<_, Identity, u16, u64, ValueQuery, ConstU64<900_000>>;
    #[pallet::storage]
    pub type BondsPenalty<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<{ u16::MAX }>>;
    #[pallet::storage]
    pub type Yuma3On<T> = StorageMap<_, Blake2_128Concat, u16, bool, ValueQuery>;
    #[pallet::storage]
    pub type LiquidAlphaOn<T> = StorageMap<_, Blake2_128Concat, u16, bool, ValueQuery>;
    #[pallet::storage]
    pub type AlphaValues<T: Config> = StorageMap<_, Identity, u16, (u16, u16), ValueQuery, DefaultAlphaValues<T>>;
    #[pallet::storage]
    pub type AlphaSigmoidSteepness<T: Config> = StorageMap<_, Identity, u16, i16, ValueQuery, DefaultSteepness<T>>;
    #[pallet::storage]
    pub type OwnerCutEnabled<T> = StorageMap<_, Identity, u16, bool, ValueQuery, ConstBool<true>>;

    // Registration.
    #[pallet::storage]
    pub type NetworkRegistrationAllowed<T> = StorageMap<_, Identity, u16, bool, ValueQuery, ConstBool<true>>;
    #[pallet::storage]
    pub type RegistrationsThisBlock<T> = StorageMap<_, Identity, u16, u16, ValueQuery>;
    #[pallet::storage]
    pub type Burn<T> = StorageMap<_, Identity, u16, u64, ValueQuery, ConstU64<100_000_000>>;
    #[pallet::storage]
    pub type MinBurn<T> = StorageMap<_, Identity, u16, u64, ValueQuery, ConstU64<500_000>>;
    #[pallet::storage]
    pub type MaxBurn<T> = StorageMap<_, Identity, u16, u64, ValueQuery, ConstU64<100_000_000_000>>;
    #[pallet::storage]
    pub type BurnHalfLife<T> = StorageMap<_, Identity, u16, u16, ValueQuery, ConstU16<360>>;
    #[pallet::storage]
    pub type BurnIncreaseMult<T: Config> = StorageMap<_, Identity, u16, U64F64, ValueQuery, DefaultBurnIncreaseMult<T>>;

    // The epoch's schedule.
    #[pallet::storage]
    pub type LastEpochBlock<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type PendingEpochAt<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type SubnetEpochIndex<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type BlocksSinceLastStep<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type LastMechansimStepBlock<T> = StorageMap<_, Identity, u16, u64, ValueQuery>;

    // Neurons.
    #[pallet::storage]
    pub type SubnetworkN<T> = StorageMap<_, Identity, u16, u16, ValueQuery>;
    #[pallet::storage]
    pub type Uids<T: Config> = StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, u16, OptionQuery>;
    #[pallet::storage]
    pub type Keys<T: Config> =
        StorageDoubleMap<_, Identity, u16, Identity, u16, AccountOf<T>, ValueQuery, ZeroAccount<T>>;
    #[pallet::storage]
    pub type IsNetworkMember<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, AccountOf<T>, Identity, u16, bool, ValueQuery>;
    #[pallet::storage]
    pub type BlockAtRegistration<T> = StorageDoubleMap<_, Identity, u16, Identity, u16, u64, ValueQuery>;
    #[pallet::storage]
    pub type Axons<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, AxonInfo, OptionQuery>;
    #[pallet::storage]
    pub type NeuronCertificates<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, NeuronCertificate, OptionQuery>;
    #[pallet::storage]
    pub type Prometheus<T: Config> =
        StorageDoubleMap<_, Identity, u16, Blake2_128Concat, AccountOf<T>, PrometheusInfo, OptionQuery>;
    #[pallet::storage]
    pub type LastUpdate<T> = StorageMap<_, Identity, u16, Vec<u64>, ValueQuery>;
    #[pallet::storage]
    pub type Weights<T> = StorageDoubleMap<_, Identity, u16, Identity, u16, Vec<(u16, u16)>, ValueQuery>;
    #[pallet::storage]
    pub type Bonds<T> = StorageDoubleMap<_, Identity, u16, Identity, u16, Vec<(u16, u16)>, ValueQuery>;

    // What the last epoch found.
    #[pallet::storage]
    pub type Active<T> = StorageMap<_, Identity, u16, Vec<bool>, ValueQuery>;
    #[pallet::storage]
    pub type StakeWeight<T> = StorageMap<_, Identity, u16, Vec<u16>, ValueQuery>;
    #[pallet::storage]
    pub type Consensus<T> = StorageMap<_, Identity, u16, Vec<u16>, ValueQuery>;
    #[pallet::storage]
    pub type Incentive<T> = StorageMap<_, Identity, u16, Vec<u16>, ValueQuery>;
    #[pallet::storage]
    pub type Dividends<T> = StorageMap<_, Identity, u16, Vec<u16>, ValueQuery>;
    #[pallet::storage]
    pub type Emission<T> = StorageMap<_, Identity, u16, Vec<u64>, ValueQuery>;
    #[pallet::storage]
    pub type ValidatorTrust<T> = StorageMap<_, Identity, u16, Vec<u16>, ValueQuery>;
    #[pallet::storage]
    pub type ValidatorPermit<T> = StorageMap<_, Identity, u16, Vec<bool>, ValueQuery>;
}
