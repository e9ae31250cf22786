//! From standings to the row that goes on chain.

use codec::{Decode, Encode};
use primitives::{BlockRef, Hyperparameters, Metagraph, Neuron, Registration, Uid, Weights, WeightsError};
use serde::{Deserialize, Serialize};

use crate::{
    incentive::Incentive,
    score::Score,
    stages::{BITS, Laid, WeightMap},
    table::ScoreTable,
};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// The seat.
    pub uid: Uid,
    /// Its tenant.
    pub registration: Registration,
}

/// All that weights need to know of the chain, read at one block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
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
    /// Fewer have earned something than the rules demand.
    #[error("only {earned} miners of the subnet have earned anything, and the rules demand {needed}")]
    TooFewEarned {
        /// How many have; copies count as one.
        earned: usize,
        /// How many it takes.
        needed: u16,
    },
    /// A tournament so one-sided that no strengths follow from it.
    #[error("the tournament is too one-sided for strengths: raise pairwise.prior_milli")]
    NoStrengths,
    /// The seat that the rules burn is not one of the subnet.
    #[error("the rules burn the share of uid {0}, which has no seat")]
    NoBurnSeat(Uid),
    /// A snapshot with one seat twice.
    #[error("the snapshot is not one of a subnet")]
    Seats(#[from] WeightsError),
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
    /// What the tenant's standing counts; none where it was not scored lately.
    pub standing: Option<Score>,
    /// How many miners share one weight with it, itself included, because their answers are alike.
    pub copies: usize,
    /// Its weight before it is rounded, in units of 2^-32 of the largest one.
    pub exact: u64,
    /// Its weight; none where the row leaves it out.
    pub value: Option<u16>,
}

/// A row that was computed, seat by seat, and who is king by it.
pub(crate) struct RowPlan {
    pub shares: Vec<Share>,
    pub king: Option<Registration>,
}

impl RowPlan {
    pub fn row(&self) -> Result<Weights, NoWeights> {
        Ok(Weights::new(self.shares.iter().filter_map(|share| Some((share.uid, share.value?))))?)
    }
}

/// The row that follows from the standings, seat by seat in the snapshot's order: largest value 65535, so that the chain's
/// upscaling leaves it alone.
///
/// Who lost the seat, or was not asked lately, has no weight; nor has the validator itself. Where the chain or [`Zeros`]
/// want more uids named than have earned weight, others are named with the weight 0.
pub fn shares(table: &ScoreTable, snapshot: &Snapshot) -> Result<Vec<Share>, NoWeights> {
    plan(table, snapshot).map(|plan| plan.shares)
}

/// The row of [`shares`].
pub fn weights(table: &ScoreTable, snapshot: &Snapshot) -> Result<Weights, NoWeights> {
    plan(table, snapshot)?.row()
}

pub(crate) fn plan(table: &ScoreTable, snapshot: &Snapshot) -> Result<RowPlan, NoWeights> {
    let incentive = table.incentive();
    let miners: Vec<Registration> = snapshot.seats.iter().map(|seat| seat.registration).collect();
    let mut standings: Vec<Option<Score>> = miners.iter().map(|miner| table.standing(miner)).collect();
    // Copies are one miner: they play one tournament, and share what the best of them is worth.
    let groups = incentive.duplicates.groups(&table.state().alike, &miners);
    incentive.pairwise.rank(&table.state().wins, &miners, &groups, &mut standings)?;
    let burn_seat = match incentive.limits.burn() {
        Some(uid) => {
            let seat = snapshot.seats.iter().position(|seat| seat.uid == uid);
            Some(seat.ok_or(NoWeights::NoBurnSeat(uid))?)
        }
        None => None,
    };

    let mut united = vec![Score::ZERO; miners.len()];
    let mut sizes = vec![0; miners.len()];
    for ((group, standing), miner) in groups.iter().zip(&standings).zip(&miners) {
        let standing = standing.unwrap_or_default();
        united[*group] = united[*group].max(standing);
        sizes[*group] += usize::from(standing > Score::ZERO);
        debug_assert!(miner.hotkey != table.header().validator || standing == Score::ZERO);
    }
    let earned = united.iter().filter(|standing| **standing > Score::ZERO).count();
    let enough = earned >= usize::from(incentive.limits.min_miners);

    let mut king = table.state().throne.king().copied();
    let laid = if enough {
        let weights = match incentive.weights {
            WeightMap::KingOfTheHill { alpha_ppm, .. } => {
                let seated = candidates(king, &miners, &groups, &standings);
                king = table.state().throne.heir(&seated, alpha_ppm);
                let reigning = king.and_then(|king| miners.iter().position(|miner| *miner == king));
                let group = reigning.map(|at| groups[at]);
                (0..miners.len()).map(|at| if Some(at) == group { 1 << BITS } else { 0 }).collect()
            }
            map => map.weigh(&united),
        };
        incentive.limits.lay(&weights)
    } else if incentive.limits.burn_when_idle && burn_seat.is_some() {
        Laid { weights: vec![0; miners.len()], burnt: 1 << BITS }
    } else {
        return Err(nothing(incentive, &standings, earned));
    };

    let share = |at: usize, seat: &Seat| {
        let standing = standings[at];
        let group = groups[at];
        let copies = sizes[group].max(1);
        let of_group = if standing > Some(Score::ZERO) { laid.weights[group] / copies as u64 } else { 0 };
        let exact = of_group + if burn_seat == Some(at) { laid.burnt } else { 0 };
        Share { uid: seat.uid, registration: seat.registration, standing, copies, exact, value: None }
    };
    let mut shares: Vec<Share> = snapshot.seats.iter().enumerate().map(|(at, seat)| share(at, seat)).collect();
    let largest = shares.iter().map(|share| share.exact).max().unwrap_or(0).max(1);
    for share in &mut shares {
        // Copies that share the largest weight, or a burn seat that earns something too, move the unit.
        let exact = (u128::from(share.exact) << BITS) / u128::from(largest);
        share.exact = u64::try_from(exact).unwrap_or(u64::MAX);
        share.value = Some(rounded(share.exact)).filter(|value| *value > 0);
    }
    name_more(&mut shares, incentive.zeros, snapshot.min_allowed_weights);
    Ok(RowPlan { shares, king })
}

/// Who may be king, with their standings. Copies of a king that reigns are not its challengers: they have its share already,
/// and a throne that goes from copy to copy would make everybody else begin anew.
fn candidates(
    king: Option<Registration>,
    miners: &[Registration],
    groups: &[usize],
    standings: &[Option<Score>],
) -> Vec<(Registration, Score)> {
    let reigns = |at: &usize| Some(miners[*at]) == king && standings[*at] > Some(Score::ZERO);
    let reigning = (0..miners.len()).find(reigns);
    let is_copy = |at: usize| reigning.is_some_and(|king| king != at && groups[king] == groups[at]);
    let standing = |at: usize| if is_copy(at) { Score::ZERO } else { standings[at].unwrap_or_default() };
    miners.iter().enumerate().map(|(at, miner)| (*miner, standing(at))).collect()
}

/// Why there is no row where fewer have earned something than must have.
fn nothing(incentive: &Incentive, standings: &[Option<Score>], earned: usize) -> NoWeights {
    match (standings.iter().any(Option::is_some), earned) {
        (false, _) => NoWeights::NobodyScored,
        (true, 0) => NoWeights::NobodyEarned,
        (true, earned) => NoWeights::TooFewEarned { earned, needed: incentive.limits.min_miners },
    }
}

/// Names as many seats with 0 as are wanted, the lowest uids first.
fn name_more(shares: &mut [Share], zeros: Zeros, min_allowed_weights: u16) {
    let required = match zeros {
        Zeros::Omit => usize::from(min_allowed_weights).min(shares.len()),
        Zeros::Explicit => shares.len(),
    };
    let named = shares.iter().filter(|share| share.value.is_some()).count();
    let mut unnamed: Vec<&mut Share> = shares.iter_mut().filter(|share| share.value.is_none()).collect();
    unnamed.sort_unstable_by_key(|share| share.uid);
    for share in unnamed.into_iter().take(required.saturating_sub(named)) {
        share.value = Some(0);
    }
}
