//! From standings to the row that goes on chain.

use primitives::{BlockRef, Hyperparameters, Metagraph, Neuron, Registration, Uid, Weights, WeightsError};
use serde::{Deserialize, Serialize};

use crate::{score::Score, table::ScoreTable};

/// Binary places of a weight before it is rounded.
const BITS: u32 = 32;

/// How standings become weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WeightPolicy {
    /// In proportion to the standing raised to a power. Above 1 it pays to be one good miner rather than two bad
    /// ones.
    Proportional {
        /// 1 to 16.
        power: u32,
    },
    /// All to the best; equals share.
    WinnerTakesAll,
}

/// What a row says of seats that have earned nothing.
///
/// An epoch with liquid alpha forgets the bond to a seat that a row leaves out at once, while the bond to a seat that is
/// named with 0 fades as the others do. Without liquid alpha both fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zeros {
    /// Nothing: they are left out.
    #[default]
    Omit,
    /// Every seat is named, with 0 where it has earned nothing.
    Explicit,
}

/// A seat and who sits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// The seat.
    pub uid: Uid,
    /// Its tenant.
    pub registration: Registration,
}

/// All that weights need to know of the chain, read at one block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// When.
    pub block: BlockRef,
    /// Every seat of the subnet, the validator's own included.
    pub seats: Vec<Seat>,
    /// Fewest uids that a row may name.
    pub min_allowed_weights: u16,
}

/// Why there are no weights to set. Nothing is set then: weight is never made up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWeights {
    /// Nobody who sits in the subnet was scored lately.
    #[error("no miner of the subnet was scored lately")]
    NobodyScored,
    /// All who were scored failed.
    #[error("no miner of the subnet has earned anything")]
    NobodyEarned,
    /// A snapshot with one seat twice.
    #[error("the snapshot is not one of a subnet")]
    Seats(#[from] WeightsError),
}

impl Default for WeightPolicy {
    fn default() -> Self {
        Self::Proportional { power: 2 }
    }
}

impl WeightPolicy {
    /// The power that standings are raised to; 1 where the policy has none.
    pub(crate) fn power(&self) -> u32 {
        match self {
            Self::Proportional { power } => *power,
            Self::WinnerTakesAll => 1,
        }
    }

    /// A standing's weight before it is rounded, in units of 2^-32 of the best one's.
    fn exact(&self, standing: Score, best: Score) -> u64 {
        if standing == Score::ZERO {
            return 0;
        }
        match self {
            Self::WinnerTakesAll => {
                if standing == best {
                    1 << BITS
                } else {
                    0
                }
            }
            Self::Proportional { power } => {
                let ratio = (u128::from(standing.nano()) << BITS) / u128::from(best.nano().max(1));
                let share = (0..*power).fold(1 << BITS, |share, _| (share * ratio) >> BITS);
                u64::try_from(share).unwrap_or(1 << BITS)
            }
        }
    }
}

/// From units of 2^-32 to the chain's: 65535 for the best.
fn rounded(exact: u64) -> u16 {
    let rounded = (u128::from(exact) * u128::from(u16::MAX) + (1 << (BITS - 1))) >> BITS;
    u16::try_from(rounded).unwrap_or(u16::MAX)
}

impl Snapshot {
    /// Of a metagraph and the hyperparameters at the same block.
    pub fn new(metagraph: &Metagraph, hyperparameters: &Hyperparameters) -> Self {
        let seat = |neuron: &Neuron| Seat { uid: neuron.uid, registration: neuron.registration() };
        Self {
            block: metagraph.block,
            seats: metagraph.neurons.iter().map(seat).collect(),
            min_allowed_weights: hyperparameters.min_allowed_weights,
        }
    }
}

/// Where a seat's weight comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The seat.
    pub uid: Uid,
    /// Its tenant.
    pub registration: Registration,
    /// The tenant's standing; none where it was not scored lately.
    pub standing: Option<Score>,
    /// Its weight before it is rounded, in units of 2^-32 of the best one's.
    pub exact: u64,
    /// Its weight; none where the row leaves it out.
    pub value: Option<u16>,
}

/// The row that follows from the standings, seat by seat in the snapshot's order: largest value 65535, so that the chain's
/// upscaling leaves it alone.
///
/// Who lost the seat, or was not asked lately, has no weight; nor has the validator itself. Where the chain or [`Zeros`]
/// want more uids named than have earned weight, others are named with the weight 0.
pub fn shares(table: &ScoreTable, snapshot: &Snapshot) -> Result<Vec<Share>, NoWeights> {
    let standings = || snapshot.seats.iter().map(|seat| table.standing(&seat.registration));
    let best = standings().flatten().max().ok_or(NoWeights::NobodyScored)?;
    if best == Score::ZERO {
        return Err(NoWeights::NobodyEarned);
    }
    let policy = table.config().weights;
    let share = |(seat, standing): (&Seat, Option<Score>)| {
        let exact = standing.map_or(0, |standing| policy.exact(standing, best));
        let value = Some(rounded(exact)).filter(|value| *value > 0);
        Share { uid: seat.uid, registration: seat.registration, standing, exact, value }
    };
    let mut shares: Vec<Share> = snapshot.seats.iter().zip(standings()).map(share).collect();

    let required = match table.config().zeros {
        Zeros::Omit => usize::from(snapshot.min_allowed_weights).min(shares.len()),
        Zeros::Explicit => shares.len(),
    };
    let named = shares.iter().filter(|share| share.value.is_some()).count();
    let mut unnamed: Vec<&mut Share> = shares.iter_mut().filter(|share| share.value.is_none()).collect();
    unnamed.sort_unstable_by_key(|share| share.uid);
    for share in unnamed.into_iter().take(required.saturating_sub(named)) {
        share.value = Some(0);
    }
    Ok(shares)
}

/// The row of [`shares`].
pub fn weights(table: &ScoreTable, snapshot: &Snapshot) -> Result<Weights, NoWeights> {
    let shares = shares(table, snapshot)?;
    Ok(Weights::new(shares.into_iter().filter_map(|share| Some((share.uid, share.value?))))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_as_good_is_paid_a_quarter() {
        let weigh = |policy: WeightPolicy, nano| rounded(policy.exact(Score::from_nano(nano).unwrap(), Score::ONE));
        let square = WeightPolicy::default();
        assert_eq!(weigh(square, 1_000_000_000), 65_535);
        assert_eq!(weigh(square, 500_000_000), 16_384);
        assert_eq!(weigh(square, 1), 0);
        assert_eq!(weigh(square, 0), 0);
        assert_eq!(weigh(WeightPolicy::Proportional { power: 1 }, 500_000_000), 32_768);
        assert_eq!(weigh(WeightPolicy::WinnerTakesAll, 999_999_999), 0);
        assert_eq!(weigh(WeightPolicy::WinnerTakesAll, 1_000_000_000), 65_535);
    }
}
