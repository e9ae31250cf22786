//! What counts of the weights and bonds that are stored, and the bonds to store.

use super::{
    EpochInput, Rows, StoredRows,
    fixed::{self, ZERO},
    is_owner,
    matrix::Matrix,
};

/// Stored weights that count, each row normalised: set by a permitted validator, not on itself (the owner may), and
/// not before the miner took its seat; with commit-reveal, nor committed before that.
pub(super) fn counted_weights<R: StoredRows>(input: &EpochInput<R>, permits: &[bool]) -> Matrix {
    let registered = registrations(input);
    // Who was registered before this block, was so when the row was set and when it was committed.
    let since = |i: usize| {
        let updated = input.last_update.get(i).copied().unwrap_or(0);
        let committed = input.commit_blocks.as_ref().map_or(u64::MAX, |blocks| at_or_never(blocks, i));
        if permits[i] { updated.min(committed.saturating_add(1)) } else { 0 }
    };
    let in_full = weights_in_full(input, &registered, since);
    let mut weights = in_full.unwrap_or_else(|| weights_by_entries(input, &registered, since));
    weights.normalize_rows();
    weights
}

fn weights_by_entries<R: StoredRows>(
    input: &EpochInput<R>,
    registered: &[u64],
    since: impl Fn(usize) -> u64,
) -> Matrix {
    let mut weights = Matrix::with_room(registered.len(), input.weights.entries());
    for (uid, i) in (0..=u16::MAX).zip(0..registered.len()) {
        let (since, own) = (since(i), if is_owner(input, i) { None } else { Some(uid) });
        if since > 0 {
            input.weights.row(uid).for_each(|(j, weight)| {
                let counts = registered.get(usize::from(j)).is_some_and(|registered| *registered < since);
                if counts && Some(j) != own {
                    weights.push(j, fixed::whole(weight));
                }
            });
        }
        weights.end_row();
    }
    weights
}

/// A matrix in full, in which each row that has weights or bonds has its place. None where few seats are weighed, or one
/// twice in a row, and for liquid alpha, which tells what isn't weighed from what is weighed with 0.
fn weights_in_full<R: StoredRows>(
    input: &EpochInput<R>,
    registered: &[u64],
    since: impl Fn(usize) -> u64,
) -> Option<Matrix> {
    let n = registered.len();
    let lengths = (0..=u16::MAX).zip(0..n).map(|(uid, i)| {
        let weighed = if since(i) > 0 { input.weights.row(uid).count() } else { 0 };
        (weighed, weighed > 0 || input.bonds.row(uid).next().is_some())
    });
    let lengths: Vec<(usize, bool)> = lengths.collect();
    let (weighed, filled) =
        lengths.iter().fold((0, 0), |(all, rows), (weighed, filled)| (all + weighed, rows + usize::from(*filled)));
    if input.is_liquid() || weighed < filled * n / 2 {
        return None;
    }
    let mut weights = Matrix::full_with_room(n, filled, n);
    for ((uid, i), (_, filled)) in (0..=u16::MAX).zip(0..n).zip(lengths) {
        if !filled {
            weights.end_row();
            continue;
        }
        let (row, since, mut twice) = (weights.add_full_row(), since(i), false);
        if since > 0 {
            input.weights.row(uid).for_each(|(j, weight)| {
                let j = usize::from(j);
                if let (Some(entry), Some(registered)) = (row.get_mut(j), registered.get(j))
                    && *registered < since
                {
                    twice |= *entry != ZERO;
                    *entry = fixed::whole(weight);
                }
            });
        }
        if twice {
            return None;
        }
        if !is_owner(input, i) {
            row[i] = ZERO;
        }
    }
    Some(weights)
}

/// The bonds that an epoch starts from.
pub(super) struct OldBonds {
    pub matrix: Matrix,
    /// For liquid alpha: how many entries of each row stand before the first that names no seat. The chain keeps it, and
    /// as it walks along the seats it waits there for one that never comes.
    pub walks: Vec<usize>,
}

/// Stored bonds in miners that had their seat at the last epoch.
pub(super) fn old_bonds<R: StoredRows>(input: &EpochInput<R>) -> OldBonds {
    let (registered, since) = (registrations(input), bonds_since(input));
    let mut matrix = Matrix::with_room(registered.len(), input.bonds.entries());
    let mut walks = Vec::with_capacity(registered.len());
    for uid in (0..=u16::MAX).take(registered.len()) {
        let before = matrix.entries();
        let mut walk = None;
        input.bonds.row(uid).for_each(|(j, bond)| match registered.get(usize::from(j)) {
            Some(registered) if *registered < since => {
                matrix.push(j, if input.yuma3 { fixed::share(bond) } else { fixed::whole(bond) });
            }
            None if since > 0 => walk = walk.or(Some(matrix.entries() - before)),
            _ => {}
        });
        walks.push(walk.unwrap_or(matrix.entries() - before));
        matrix.end_row();
    }
    OldBonds { matrix, walks }
}

/// Bonds count in who was registered before this block.
pub(super) fn bonds_since<R: StoredRows>(input: &EpochInput<R>) -> u64 {
    match input.last_mechanism_step_block {
        0 => input.block.saturating_sub(input.tempo.into()),
        block => block.saturating_add(1),
    }
}

/// When each seat was registered: in block 0 where it isn't known.
pub(super) fn registrations<R: StoredRows>(input: &EpochInput<R>) -> Vec<u64> {
    let mut registered = input.block_at_registration.clone();
    registered.resize(input.seats(), 0);
    registered
}

/// The block of a seat's earliest commit.
fn at_or_never(blocks: &[u64], i: usize) -> u64 {
    blocks.get(i).copied().unwrap_or(u64::MAX)
}

/// Rows of those with a new permit are replaced, those of other seats are cleared. What belongs to no seat stays.
pub(super) fn stored_bonds<R: StoredRows>(
    input: &EpochInput<R>,
    bonds: Vec<Vec<(u16, u16)>>,
    permits: &[bool],
    new_permits: &[bool],
) -> Rows {
    let seated = |uid: u16| usize::from(uid) < input.seats();
    let kept = |uid: u16| if seated(uid) { Vec::new() } else { input.bonds.row(uid).collect() };
    let mut stored: Rows = input.bonds.uids().map(|uid| (uid, kept(uid))).collect();
    for (uid, ((row, had), has)) in (0..=u16::MAX).zip(bonds.into_iter().zip(permits).zip(new_permits)) {
        if *has {
            stored.insert(uid, row);
        } else if *had {
            stored.insert(uid, Vec::new());
        }
    }
    stored
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yuma::LiquidAlpha;

    const SEATS: u16 = 6;

    fn input(weights: Rows) -> EpochInput {
        let n = usize::from(SEATS);
        EpochInput {
            block: 100,
            tempo: 10,
            activity_cutoff: 50,
            last_update: vec![99; n],
            block_at_registration: vec![1; n],
            last_mechanism_step_block: 90,
            stake: vec![1; n],
            stake_fraction: Vec::new(),
            stake_threshold: 0,
            owner_uid: None,
            validator_permits: vec![true; n],
            max_allowed_validators: SEATS,
            weights,
            bonds: Rows::new(),
            commit_blocks: None,
            kappa: 32_767,
            bonds_penalty: u16::MAX,
            bonds_moving_average: 900_000,
            yuma3: true,
            liquid_alpha: None,
            emission: 1_000,
        }
    }

    fn is_full(input: &EpochInput) -> bool {
        counted_weights(input, &[true; SEATS as usize]).is_full()
    }

    #[test]
    fn rows_that_name_most_seats_are_held_in_full() {
        let all: Vec<(u16, u16)> = (0..SEATS).map(|uid| (uid, 7)).collect();
        let half = input(Rows::from([(0, all[..3].to_vec()), (2, all[3..].to_vec())]));
        assert!(is_full(&half));
        assert!(!is_full(&input(Rows::from([(0, all[..3].to_vec()), (2, all[4..].to_vec())]))));
        // Bonds alone take a row, too.
        assert!(!is_full(&EpochInput { bonds: Rows::from([(1, all[..1].to_vec())]), ..half.clone() }));
        let liquid_alpha = Some(LiquidAlpha { alpha_low: 1, alpha_high: 2, sigmoid_steepness: 3 });
        assert!(!is_full(&EpochInput { liquid_alpha, ..half.clone() }));
        assert!(is_full(&EpochInput { liquid_alpha, yuma3: false, ..half }));
    }

    #[test]
    fn a_seat_that_is_weighed_twice_has_no_place_in_full() {
        let twice = |first, second| input(Rows::from([(0, vec![(3, first), (1, 7), (2, 7), (3, second)])]));
        assert!(!is_full(&twice(5, 0)));
        assert!(!is_full(&twice(5, 6)));
        // The last one counts, and the first one comes to nothing.
        assert!(is_full(&twice(0, 5)));
    }
}
