//! What one epoch reads and writes, in the chain's own integer types.

use serde::{Deserialize, Serialize};

use super::rows::Rows;

/// Settings of liquid alpha, the chain's per-pair bond speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiquidAlpha {
    /// Slowest bond speed, of 65535.
    pub alpha_low: u16,
    /// Fastest bond speed, of 65535.
    pub alpha_high: u16,
    /// Steepness of the sigmoid between them, in hundredths; may be negative.
    pub sigmoid_steepness: i16,
}

/// All that an epoch of one mechanism depends on. Vectors are indexed by uid and have one entry per seat (n seats);
/// a shorter one is read as the chain would: what is missing counts as zero or false, as no commit, and as inactive.
/// Matrices are [`Rows`], or whatever else is [`super::StoredRows`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochInput<R = Rows> {
    /// The block in which the epoch runs.
    pub block: u64,
    /// Blocks between epochs.
    pub tempo: u16,
    /// Blocks after which a neuron that set no weights is inactive.
    pub activity_cutoff: u64,
    /// `LastUpdate`: block of the last weights of each seat.
    pub last_update: Vec<u64>,
    /// Block at which each seat was registered.
    pub block_at_registration: Vec<u64>,
    /// The block of this mechanism's last epoch; 0 before the first.
    pub last_mechanism_step_block: u64,
    /// Total stake weight of each seat, in rao; its length is n.
    pub stake: Vec<u64>,
    /// What the stake of each seat has beyond whole rao, in units of 2^-32: TAO on root counts by a fraction. It takes
    /// no part in the threshold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stake_fraction: Vec<u32>,
    /// Stake below this counts as none, in rao.
    pub stake_threshold: u64,
    /// The seat of the subnet's owner: exempt from the threshold, always permitted, may weigh itself.
    #[serde(default)]
    pub owner_uid: Option<u16>,
    /// Permits decided by the previous epoch.
    pub validator_permits: Vec<bool>,
    /// Seats with a permit.
    pub max_allowed_validators: u16,
    /// Stored weights, `Weights[netuid_index]`.
    pub weights: R,
    /// Stored bonds, `Bonds[netuid_index]`.
    pub bonds: R,
    /// With commit-reveal: the block of each seat's earliest unexpired commit, `u64::MAX` for none. None where
    /// commit-reveal is off.
    #[serde(default)]
    pub commit_blocks: Option<Vec<u64>>,
    /// The majority of stake that sets consensus, of 65535.
    pub kappa: u16,
    /// How much of the clipping also applies to bonds, of 65535.
    pub bonds_penalty: u16,
    /// How much of the old bonds remains, in millionths.
    pub bonds_moving_average: u64,
    /// Yuma 3 rather than Yuma 2.
    pub yuma3: bool,
    /// Liquid alpha; used by Yuma 3 only.
    #[serde(default)]
    pub liquid_alpha: Option<LiquidAlpha>,
    /// What is to be paid out, in rao.
    pub emission: u64,
}

impl<R> EpochInput<R> {
    /// Whether each pair has a bond speed of its own.
    pub(crate) fn is_liquid(&self) -> bool {
        self.yuma3 && self.liquid_alpha.is_some()
    }
}

/// What an epoch writes. Vectors are indexed by uid, n entries each; u16 values are shares of 65535, truncated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochOutput {
    /// Who set weights recently enough.
    pub active: Vec<bool>,
    /// Bonds as stored afterwards.
    pub bonds: Rows,
    /// Stake-weighted median of the weights on each seat.
    pub consensus: Vec<u16>,
    /// Share of the validators' emission.
    pub dividends: Vec<u16>,
    /// `Emission` as stored, in rao: share of incentive and dividends together.
    pub emission: Vec<u64>,
    /// Share of the miners' emission.
    pub incentive: Vec<u16>,
    /// Paid as a miner, in rao.
    pub server_emission: Vec<u64>,
    /// Normalised stake.
    pub stake_weight: Vec<u16>,
    /// Paid as a validator, in rao.
    pub validator_emission: Vec<u64>,
    /// Permits for the next epoch.
    pub validator_permits: Vec<bool>,
    /// How much of its own weights survived clipping.
    pub validator_trust: Vec<u16>,
}
