//! A number for each ordered pair of miners, fading round by round.

use codec::{Decode, Encode};
use primitives::Registration;

use crate::score::PPM;

/// A matrix over the miners that were seen, in the order in which they came; in millionths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Pairs {
    miners: Vec<Registration>,
    /// Row by row.
    cells: Vec<u64>,
}

/// Two numbers of a pair: of the first about the second, and the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pair {
    pub there: u64,
    pub back: u64,
}

impl Pairs {
    /// A round of these miners is over: all numbers fade to so many rounds, and `seen` says by how much those of each
    /// pair of them grow.
    pub fn close_round<T>(&mut self, round: &[(Registration, T)], rounds: u32, seen: impl Fn(&T, &T) -> Pair) {
        let fading = u64::from(rounds.max(1));
        self.cells.iter_mut().for_each(|cell| *cell -= cell.div_ceil(fading));
        let places: Vec<usize> = round.iter().map(|(miner, _)| self.place(miner)).collect();
        let n = self.miners.len();
        for (i, (at, (_, first))) in places.iter().zip(round).enumerate() {
            for (to, (_, second)) in places.iter().zip(round).skip(i + 1) {
                let Pair { there, back } = seen(first, second);
                self.cells[at * n + to] += there * PPM / 2;
                self.cells[to * n + at] += back * PPM / 2;
            }
        }
    }

    /// The numbers of two miners.
    pub fn get(&self, first: &Registration, second: &Registration) -> Pair {
        let place = |wanted| self.miners.iter().position(|miner| miner == wanted);
        let (Some(at), Some(to)) = (place(first), place(second)) else { return Pair::default() };
        let n = self.miners.len();
        Pair { there: self.cells[at * n + to], back: self.cells[to * n + at] }
    }

    /// Forget who left.
    pub fn retain(&mut self, keep: impl Fn(&Registration) -> bool) {
        let n = self.miners.len();
        let kept: Vec<usize> = (0..n).filter(|at| keep(&self.miners[*at])).collect();
        if kept.len() < n {
            self.cells =
                kept.iter().flat_map(|at| kept.iter().map(move |to| at * n + to)).map(|i| self.cells[i]).collect();
            self.miners = kept.into_iter().map(|at| self.miners[at]).collect();
        }
    }

    fn place(&mut self, wanted: &Registration) -> usize {
        let n = self.miners.len();
        if let Some(at) = self.miners.iter().position(|miner| miner == wanted) {
            return at;
        }
        let mut cells = Vec::with_capacity((n + 1) * (n + 1));
        for row in self.cells.chunks(n.max(1)) {
            cells.extend_from_slice(row);
            cells.push(0);
        }
        cells.resize((n + 1) * (n + 1), 0);
        self.cells = cells;
        self.miners.push(*wanted);
        n
    }
}

#[cfg(test)]
mod tests {
    use primitives::Hotkey;

    use super::*;

    fn miner(index: u8) -> Registration {
        Registration { hotkey: Hotkey([index; 32]), block: 1 }
    }

    #[test]
    fn numbers_grow_and_fade_pair_by_pair() {
        let mut pairs = Pairs::default();
        let more = |a: &u32, b: &u32| Pair { there: 2 * u64::from(a > b), back: 2 * u64::from(b > a) };
        pairs.close_round(&[(miner(1), 5), (miner(2), 3)], 2, more);
        assert_eq!(pairs.get(&miner(1), &miner(2)), Pair { there: PPM, back: 0 });
        pairs.close_round(&[(miner(3), 1), (miner(1), 2)], 2, more);
        assert_eq!(pairs.get(&miner(2), &miner(1)), Pair { there: 0, back: PPM / 2 });
        assert_eq!(pairs.get(&miner(1), &miner(3)), Pair { there: PPM, back: 0 });
        assert_eq!(pairs.get(&miner(2), &miner(3)), Pair::default());
        assert_eq!(pairs.get(&miner(2), &miner(9)), Pair::default());
        pairs.retain(|miner| miner.hotkey.0[0] != 2);
        assert_eq!(pairs.get(&miner(1), &miner(3)), Pair { there: PPM, back: 0 });
        assert_eq!(pairs.cells.len(), 4);
        for _ in 0..64 {
            pairs.close_round(&[] as &[(Registration, u32)], 2, more);
        }
        assert!(pairs.cells.iter().all(|cell| *cell == 0));
    }
}
