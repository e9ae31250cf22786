//! The rows of both rules over the whole log, in few points.

use std::collections::BTreeMap;

use primitives::{BlockNumber, Hotkey, Registration, Weights};
use scoring::{
    Snapshot,
    concentration::{Concentration, total_variation},
};
use serde::Serialize;

/// Points that are kept at most, and one.
const MOST: usize = 400;

/// One row of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Its record.
    pub record: u64,
    /// Its round.
    pub round: u64,
    /// Its block.
    pub block: BlockNumber,
    /// Total variation distance of both rows; none where the other rules have none.
    pub distance: Option<f64>,
    /// How concentrated the logged row is,
    pub concentration_before: Concentration,
    /// and the other one.
    pub concentration_after: Option<Concentration>,
    /// What stands on chain by either rules: shares of 1 of those who have any, by their place among all miners.
    #[serde(skip)]
    shares: Vec<(u32, [f32; 2])>,
}

/// A row of the log, as it comes.
pub struct Row<'a> {
    pub record: u64,
    pub round: u64,
    pub snapshot: &'a Snapshot,
    pub logged: &'a Weights,
    /// None where the other rules have none,
    pub other: Option<&'a Weights>,
    /// and the last one that they had stands on.
    pub standing: &'a Weights,
    /// Whose rows they are.
    pub validator: &'a Hotkey,
}

/// All rows so far: the first, then every so many, and the last.
#[derive(Clone, Debug, Default)]
pub struct Series {
    points: Vec<Point>,
    last: Option<Point>,
    /// Rows between two kept ones are a power of two.
    doublings: u32,
    rows: u64,
    without: u64,
    miners: BTreeMap<Registration, u32>,
}

impl Series {
    /// The next row.
    pub fn push(&mut self, row: &Row<'_>) {
        let point = Point {
            record: row.record,
            round: row.round,
            block: row.snapshot.block.number,
            distance: row.other.map(|other| total_variation(row.logged, other)),
            concentration_before: concentration(row.snapshot, row.validator, row.logged),
            concentration_after: row.other.map(|other| concentration(row.snapshot, row.validator, other)),
            shares: self.shares(row),
        };
        self.without += u64::from(row.other.is_none());
        if self.rows.is_multiple_of(1 << self.doublings) {
            if self.points.len() == MOST {
                let mut place = 0;
                self.points.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.doublings += 1;
            }
            self.points.push(point.clone());
        }
        self.last = Some(point);
        self.rows += 1;
    }

    /// How many rows there are, and how many of them the other rules don't have.
    pub fn rows(&self) -> (u64, u64) {
        (self.rows, self.without)
    }

    /// In the order of the log.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().chain(self.last.iter().filter(|last| self.points.last() != Some(last)))
    }

    /// A miner's share of what stands on chain by either rules, at each point.
    pub fn course(&self, miner: &Registration) -> Vec<[f64; 2]> {
        let place = self.miners.get(miner);
        let at = |point: &Point| {
            let found = place.and_then(|place| point.shares.iter().find(|(miner, _)| miner == place));
            found.map_or([0.0; 2], |(_, shares)| shares.map(f64::from))
        };
        self.points().map(at).collect()
    }

    fn shares(&mut self, row: &Row<'_>) -> Vec<(u32, [f32; 2])> {
        let rows = [row.logged, row.standing];
        let wholes = rows.map(whole);
        let mut shares = Vec::new();
        for seat in &row.snapshot.seats {
            let of = [0, 1].map(|at| (f64::from(rows[at].get(seat.uid)) / wholes[at]) as f32);
            if of != [0.0; 2] {
                let next = self.miners.len() as u32;
                shares.push((*self.miners.entry(seat.registration).or_insert(next), of));
            }
        }
        shares
    }
}

/// What the shares of a row are of: the sum of its values, 1 where there is none.
pub fn whole(row: &Weights) -> f64 {
    row.iter().map(|(_, value)| f64::from(value)).sum::<f64>().max(1.0)
}

/// How a row is spread over all miners of a subnet, those without a weight too.
pub fn concentration(snapshot: &Snapshot, validator: &Hotkey, row: &Weights) -> Concentration {
    let miners = snapshot.seats.iter().filter(|seat| seat.registration.hotkey != *validator);
    Concentration::of(miners.map(|seat| row.get(seat.uid)))
}

#[cfg(test)]
mod tests {
    use primitives::{BlockHash, BlockRef, Uid};
    use scoring::Seat;

    use super::*;

    #[test]
    fn a_long_log_keeps_its_ends_and_few_points_evenly_between() {
        let logged = Weights::new([(Uid(1), 3), (Uid(2), 1)]).unwrap();
        let other = Weights::new([(Uid(2), 9)]).unwrap();
        let miner = |uid| Registration { hotkey: Hotkey([uid; 32]), block: 7 };
        for rows in [0_u64, 1, 2, 399, 400, 401, 402, 800, 801, 25_001] {
            let mut series = Series::default();
            for at in 0..rows {
                let seat = |uid| Seat { uid: Uid(u16::from(uid)), registration: miner(uid) };
                let block = BlockRef { number: at, hash: BlockHash([0; 32]) };
                let snapshot = Snapshot { block, seats: vec![seat(1), seat(2)], min_allowed_weights: 0 };
                series.push(&Row {
                    record: at,
                    round: at,
                    snapshot: &snapshot,
                    logged: &logged,
                    other: (at % 2 == 0).then_some(&other),
                    standing: &other,
                    validator: &Hotkey([9; 32]),
                });
            }
            assert_eq!(series.rows(), (rows, rows / 2));
            let points: Vec<&Point> = series.points().collect();
            assert_eq!(points.first().map(|point| point.record), (rows > 0).then_some(0));
            assert_eq!(points.last().map(|point| point.record), rows.checked_sub(1));
            assert!(points.len() <= MOST + 1 && points.len() as u64 >= rows.min(MOST as u64 / 2), "{rows}");
            let gaps: Vec<u64> = points.windows(2).map(|pair| pair[1].record - pair[0].record).collect();
            let (last, even) = gaps.split_last().map_or((0, &[][..]), |(last, even)| (*last, even));
            let gap = even.first().copied().unwrap_or(last);
            assert!(even.iter().all(|found| *found == gap) && last <= gap, "{rows}: {gaps:?}");
            assert_eq!(series.course(&miner(1)), vec![[0.75, 0.0]; points.len()]);
            assert_eq!(series.course(&miner(2)), vec![[0.25, 1.0]; points.len()]);
            assert_eq!(series.course(&miner(3)), vec![[0.0; 2]; points.len()]);
        }
    }
}
