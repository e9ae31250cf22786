//! Liquid alpha: a moving average with a speed of its own for each pair.

use substrate_fixed::types::I32F32;

use super::{
    average::Average,
    fixed::{ONE, ZERO, times},
    matrix::Matrix,
    row::Row,
    speed::Speed,
};

/// The moving average with a speed of its own for each pair. Two quirks of the chain are kept: a miner that the new
/// row doesn't name loses its bond at once (an explicit zero lets it decay), and rows that aren't ascending are read
/// as if the entries out of order were missing, for the speed only.
///
/// `walks` says how many entries of each old row the chain gets to see as it walks along the seats.
pub(crate) fn liquid_average(
    new: &Matrix,
    old: &Matrix,
    walks: &[usize],
    consensus: &[I32F32],
    speed: &Speed,
) -> Average {
    let mut average = Average::with_room(new.rows().count(), new.entries(), consensus.len());
    // What one row says of each seat; cleared after each row, so that a row costs what it names.
    let mut seats = vec![Seat::default(); consensus.len()];
    let mut speeds = Vec::new();
    for ((new, old), walk) in new.rows().zip(old.rows()).zip(walks) {
        let walked = { old }.take(*walk);
        ascending(new).for_each(|(uid, value)| seats[usize::from(uid)].weight = value);
        ascending(walked).for_each(|(uid, value)| seats[usize::from(uid)].bond = value);
        old.iter().for_each(|(uid, value)| seats[usize::from(uid)].stored = value);

        speeds.clear();
        speeds.extend(new.uids.iter().map(|uid| seats[usize::from(*uid)].difference(consensus[usize::from(*uid)])));
        speed.of_all(&mut speeds);

        for ((uid, value), alpha) in new.iter().zip(&speeds) {
            let kept = times(ONE.saturating_sub(*alpha), seats[usize::from(uid)].stored);
            let bond = kept.saturating_add(times(*alpha, value).max(ZERO)).min(ONE);
            average.push(uid, bond);
        }
        average.end_row();
        new.uids.iter().chain(old.uids).for_each(|uid| seats[usize::from(*uid)] = Seat::default());
    }
    average
}

#[derive(Clone, Copy, Default)]
struct Seat {
    weight: I32F32,
    bond: I32F32,
    /// The bond that decays: unlike `bond`, the last one stored, whatever the row's order.
    stored: I32F32,
}

impl Seat {
    /// How far the weight is above consensus, or below the bond.
    fn difference(self, consensus: I32F32) -> I32F32 {
        let buying = self.weight >= self.bond;
        let (larger, smaller) = if buying { (self.weight, consensus) } else { (self.bond, self.weight) };
        larger.saturating_sub(smaller).clamp(ZERO, ONE)
    }
}

/// The entries that a walk over ascending uids meets: each greater than all before it.
fn ascending(row: Row<'_>) -> impl Iterator<Item = (u16, I32F32)> {
    let mut next = 0u32;
    row.iter().filter(move |(uid, _)| {
        let met = u32::from(*uid) >= next;
        next = next.max(u32::from(*uid) + 1);
        met
    })
}
