//! What an epoch makes of one validator's row, with all else as it is.

use primitives::{Hotkey, Uid, Weights};

use crate::{
    weights::Snapshot,
    yuma::{EpochInput, Rows},
};

/// One alpha, in rao.
const ALPHA: u64 = 1_000_000_000;

/// The same epoch with `row` in the place of the validator's own; it counts as set at `block`, unless the validator set its
/// weights later.
pub fn with_row(input: &EpochInput, validator: Uid, row: &Weights, block: u64) -> EpochInput {
    let mut input = input.clone();
    input.weights.insert(validator.0, row.iter().map(|(uid, value)| (uid.0, value)).collect());
    let at = usize::from(validator.0);
    if input.last_update.len() <= at {
        input.last_update.resize(at + 1, 0);
    }
    input.last_update[at] = input.last_update[at].max(block.min(input.block));
    input
}

/// The first epoch of a subnet in which this validator alone has stake and says what is worth what: Yuma 3, without liquid
/// alpha, one alpha to be paid out. None where the validator has no seat.
pub fn alone(snapshot: &Snapshot, validator: &Hotkey) -> Option<(Uid, EpochInput)> {
    let own = snapshot.seats.iter().find(|seat| seat.registration.hotkey == *validator)?.uid;
    let seats = snapshot.seats.iter().map(|seat| usize::from(seat.uid.0) + 1).max()?;
    let mut block_at_registration = vec![0; seats];
    for seat in &snapshot.seats {
        block_at_registration[usize::from(seat.uid.0)] = seat.registration.block;
    }
    let only = |own_value| {
        let mut values = vec![0; seats];
        values[usize::from(own.0)] = own_value;
        values
    };
    let tempo = 360;
    let input = EpochInput {
        block: snapshot.block.number,
        tempo,
        activity_cutoff: tempo.into(),
        last_update: only(snapshot.block.number),
        block_at_registration,
        last_mechanism_step_block: 0,
        stake: only(ALPHA),
        stake_fraction: Vec::new(),
        stake_threshold: 0,
        owner_uid: None,
        validator_permits: (0..seats).map(|seat| seat == usize::from(own.0)).collect(),
        max_allowed_validators: 1,
        weights: Rows::new(),
        bonds: Rows::new(),
        commit_blocks: None,
        kappa: u16::MAX / 2,
        bonds_penalty: u16::MAX,
        bonds_moving_average: 900_000,
        yuma3: true,
        liquid_alpha: None,
        emission: ALPHA,
    };
    Some((own, input))
}
