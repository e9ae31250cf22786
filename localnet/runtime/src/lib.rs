//! The runtime of the embedded chain: a FRAME runtime compiled natively, with the pallet indices, the transaction
//! extensions and the version of Subtensor's spec 425.
//!
//! The name of this crate and the place of its types are part of what clients expect: Python's SCALE codec finds the
//! enum of events as `node_subtensor_runtime::RuntimeEvent`.

#![recursion_limit = "256"]
// The macros of FRAME write qualified paths into this crate.
#![allow(unused_qualifications)]

mod answers;
mod apis;
mod aura;
mod beacon;
mod check_nonce;
pub mod extensions;
mod proxies;
mod recycle;
mod subnets;
mod version;

pub use answers::{RUNTIME_API_VERSIONS, RuntimeApi, RuntimeApiImpl, api};
pub use apis::*;
pub use aura::{SLOT_DURATION_MS, SlotDuration};
pub use beacon::awaited_rounds;
pub use check_nonce::CheckNonce;
pub use pallet_admin_utils;
pub use pallet_balances;
pub use pallet_commitments;
pub use pallet_drand;
pub use pallet_proxy;
pub use pallet_shield;
pub use pallet_subtensor;
pub use pallet_subtensor_swap;
pub use pallet_sudo;
pub use pallet_timestamp;
pub use proxies::ProxyType;
pub use version::Version;

use beacon::Beacon;
use recycle::Recycle;

use frame_support::{
    PalletId, construct_runtime, derive_impl, parameter_types,
    traits::{ConstU8, ConstU16, ConstU32, ConstU64},
    weights::{
        Weight, WeightToFee,
        constants::{RocksDbWeight, WEIGHT_REF_TIME_PER_SECOND},
    },
};
use sp_core::hex2array;
use sp_runtime::{
    Cow, MultiAddress, MultiSignature, Perbill, generic,
    traits::{AccountIdLookup, BlakeTwo256, IdentifyAccount, Verify},
};
use sp_version::RuntimeVersion;

/// An sr25519, ed25519 or ECDSA signature.
pub type Signature = MultiSignature;
/// A public key or its hash.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// How a transaction names an account.
pub type Address = MultiAddress<AccountId, ()>;
/// Rao.
pub type Balance = u64;
/// Transactions of an account so far.
pub type Nonce = u32;
/// A block's height.
pub type BlockNumber = u32;
/// BLAKE2-256.
pub type Hash = sp_core::H256;
/// A block's header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// A transaction as it is sent.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;

/// The extensions of every Substrate chain, with this chain's nonce check.
pub type SystemTxExtension = (
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckMortality<Runtime>,
    CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
);
/// The chain's own extensions.
pub type CustomTxExtension = (
    extensions::ChargeTransactionPaymentWrapper<Runtime>,
    extensions::SudoTransactionExtension<Runtime>,
    extensions::CheckShieldedTxValidity<Runtime>,
    extensions::SubtensorTransactionExtension<Runtime>,
    extensions::DrandPriority<Runtime>,
);
/// What is signed with every call, in order.
pub type TxExtension =
    (SystemTxExtension, CustomTxExtension, frame_metadata_hash_extension::CheckMetadataHash<Runtime>);

/// Runs blocks.
pub type Executive =
    frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

/// The version that clients read and sign, unless a chain has raised its own: [`Version`].
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("node-subtensor"),
    impl_name: Cow::Borrowed("node-subtensor"),
    authoring_version: 1,
    spec_version: 425,
    impl_version: 1,
    apis: RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

construct_runtime!(
    pub struct Runtime {
        System: frame_system = 0,
        Timestamp: pallet_timestamp = 2,
        Aura: aura = 3,
        Balances: pallet_balances = 5,
        TransactionPayment: pallet_transaction_payment = 6,
        SubtensorModule: pallet_subtensor = 7,
        Utility: pallet_utility = 11,
        Sudo: pallet_sudo = 12,
        Proxy: pallet_proxy = 16,
        Commitments: pallet_commitments = 18,
        AdminUtils: pallet_admin_utils = 19,
        Drand: pallet_drand = 26,
        Swap: pallet_subtensor_swap = 28,
        MevShield: pallet_shield = 30,
        AlphaAssets: pallet_alpha_assets = 31,
    }
);

parameter_types! {
    /// Who makes the blocks: `//Alice`, as on every development chain.
    pub const Author: [u8; 32] = hex2array!("d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d");
    pub const BlockHashCount: BlockNumber = 2400;
    pub const SubtensorPalletId: PalletId = PalletId(*b"subtensr");
    pub BlockWeights: frame_system::limits::BlockWeights = frame_system::limits::BlockWeights::with_sensible_defaults(
        Weight::from_parts(4 * WEIGHT_REF_TIME_PER_SECOND, u64::MAX),
        NORMAL_SHARE,
    );
    pub BlockLength: frame_system::limits::BlockLength =
        frame_system::limits::BlockLength::max_with_normal_ratio(10 * 1024 * 1024, NORMAL_SHARE);
}

/// Of a block, for calls that are nothing special.
const NORMAL_SHARE: Perbill = Perbill::from_percent(75);

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type AccountData = pallet_balances::AccountData<Balance>;
    type AccountId = AccountId;
    type Block = Block;
    type BlockHashCount = BlockHashCount;
    type BlockLength = BlockLength;
    type BlockWeights = BlockWeights;
    type DbWeight = RocksDbWeight;
    type Lookup = AccountIdLookup<AccountId, ()>;
    type MaxConsumers = ConstU32<16>;
    type Nonce = Nonce;
    type SS58Prefix = ConstU16<42>;
    type Version = Version;
}

impl pallet_timestamp::Config for Runtime {
    type MinimumPeriod = aura::MinimumPeriod;
    type Moment = u64;
    type OnTimestampSet = ();
    type WeightInfo = ();
}

impl aura::Config for Runtime {
    type SlotDuration = SlotDuration;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Runtime {
    type AccountStore = System;
    type Balance = Balance;
    type DustRemoval = Recycle;
    type ExistentialDeposit = ConstU64<500>;
    type MaxFreezes = ConstU32<50>;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ConstU32<50>;
}

/// One rao for 20,000 picoseconds of work.
pub struct LinearFee;

impl WeightToFee for LinearFee {
    type Balance = Balance;

    fn weight_to_fee(weight: &Weight) -> Balance {
        weight.ref_time() / 20_000
    }
}

#[derive_impl(pallet_transaction_payment::config_preludes::TestDefaultConfig)]
impl pallet_transaction_payment::Config for Runtime {
    type LengthToFee = LinearFee;
    type OnChargeTransaction = pallet_transaction_payment::FungibleAdapter<Balances, Recycle>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightToFee = LinearFee;
}

impl pallet_subtensor::Config for Runtime {
    type Currency = Balances;
    type Drand = Beacon;
    type InitialStartCallDelay = ConstU64<0>;
    type InitialTempo = ConstU16<360>;
    type MaxTempo = ConstU16<50_400>;
    type SubtensorPalletId = SubtensorPalletId;
}

impl pallet_subtensor_swap::Config for Runtime {
    type SubnetInfo = SubtensorModule;
}

impl pallet_alpha_assets::Config for Runtime {}
impl pallet_admin_utils::Config for Runtime {}

impl pallet_utility::Config for Runtime {
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

impl pallet_sudo::Config for Runtime {
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

impl pallet_commitments::Config for Runtime {
    type FieldDeposit = ConstU64<0>;
    type InitialDeposit = ConstU64<0>;
    type MaxFields = ConstU32<3>;
    type Subnets = Runtime;
}

impl pallet_proxy::Config for Runtime {
    type AnnouncementDepositBase = ConstU64<36_000_000>;
    type AnnouncementDepositFactor = ConstU64<68_000_000>;
    type BlockNumberProvider = System;
    type CallHasher = BlakeTwo256;
    type Currency = Balances;
    type MaxPending = ConstU32<75>;
    type MaxProxies = ConstU32<20>;
    type ProxyDepositBase = ConstU64<60_000_000>;
    type ProxyDepositFactor = ConstU64<33_000_000>;
    type ProxyType = ProxyType;
    type RuntimeCall = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
}

impl pallet_shield::Config for Runtime {
    type Author = Author;
}

impl pallet_drand::Config for Runtime {
    type HttpFetchTimeout = ConstU64<1_000>;
    type Public = <Signature as Verify>::Signer;
    type Signature = Signature;
    type UnsignedPriority = ConstU64<{ 1 << 20 }>;
}

/// The transactions that a block's author adds itself: the clock and its key.
pub fn inherents(data: &sp_inherents::InherentData) -> Vec<UncheckedExtrinsic> {
    data.create_extrinsics()
}
