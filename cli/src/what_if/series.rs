//! How far the rows of both rules were apart, over the whole log, in few points.

use primitives::{BlockNumber, Weights};
use scoring::concentration::{herfindahl, total_variation};
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
    /// The Herfindahl-Hirschman index of the logged row,
    pub herfindahl_before: f64,
    /// and of the other one.
    pub herfindahl_after: Option<f64>,
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
}

impl Series {
    /// The next row.
    pub fn push(&mut self, record: u64, round: u64, block: BlockNumber, logged: &Weights, other: Option<&Weights>) {
        let point = Point {
            record,
            round,
            block,
            distance: other.map(|other| total_variation(logged, other)),
            herfindahl_before: herfindahl(logged.iter()),
            herfindahl_after: other.map(|other| herfindahl(other.iter())),
        };
        self.without += u64::from(other.is_none());
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
    pub fn into_points(self) -> Vec<Point> {
        let mut points = self.points;
        let last = self.last.filter(|last| points.last() != Some(last));
        points.extend(last);
        points
    }
}

#[cfg(test)]
mod tests {
    use primitives::Uid;

    use super::*;

    #[test]
    fn a_long_log_keeps_its_ends_and_few_points_evenly_between() {
        let row = Weights::new([(Uid(1), 5)]).unwrap();
        for rows in [0_u64, 1, 2, 399, 400, 401, 402, 800, 801, 25_001] {
            let mut series = Series::default();
            (0..rows).for_each(|at| series.push(at, at, at, &row, (at % 2 == 0).then_some(&row)));
            assert_eq!(series.rows(), (rows, rows / 2));
            let points = series.into_points();
            assert_eq!(points.first().map(|point| point.record), (rows > 0).then_some(0));
            assert_eq!(points.last().map(|point| point.record), rows.checked_sub(1));
            assert!(points.len() <= MOST + 1 && points.len() as u64 >= rows.min(MOST as u64 / 2), "{rows}");
            let gaps: Vec<u64> = points.windows(2).map(|pair| pair[1].record - pair[0].record).collect();
            let (last, even) = gaps.split_last().map_or((0, &[][..]), |(last, even)| (*last, even));
            let gap = even.first().copied().unwrap_or(last);
            assert!(even.iter().all(|found| *found == gap) && last <= gap, "{rows}: {gaps:?}");
        }
    }
}
