//! Choices that an owner or a coldkey makes.

use std::collections::BTreeSet;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// What becomes of a reward that nobody may have.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub enum RecycleOrBurnEnum {
    /// It stays issued and belongs to nobody.
    #[default]
    Burn,
    /// It is taken back out of the issuance.
    Recycle,
}

/// What becomes of the alpha that stake on root earns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum RootClaimTypeEnum {
    /// It is sold for TAO, which is staked on root.
    #[default]
    Swap,
    /// It is kept as alpha.
    Keep,
    /// It is kept as alpha in some subnets and sold in the others.
    KeepSubnets {
        /// Where it is kept.
        subnets: BTreeSet<u16>,
    },
}

/// How a subnet's epoch finds what its neurons earn.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, MaxEncodedLen,
)]
pub enum EpochConsensus {
    /// By the validators' weights.
    #[default]
    Yuma,
    /// Not at all.
    Null,
}
