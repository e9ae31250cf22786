//! Stake that is bound.

use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

use super::U64F64;

/// Alpha that a coldkey locked, and how much that has come to mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[allow(missing_docs)]
pub struct LockState {
    pub locked_mass: u64,
    pub conviction: U64F64,
    pub last_update: u64,
}

/// Alpha that a registration locked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
#[allow(missing_docs)]
pub struct MinerCollateralState {
    pub locked: u64,
    pub drain_ratio: U64F64,
    pub min_locked: u64,
    pub earned: u64,
}
