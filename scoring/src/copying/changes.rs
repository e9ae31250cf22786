//! How rows change from epoch to epoch.

use std::collections::BTreeMap;

use primitives::Registration;

use super::history::Epoch;

/// Shorter ones are what rounding to 16 bits makes of no change.
const LEAST_CHANGE: f64 = 1e-4;

/// A change of a row: by miner, of length 1; empty where nothing changed.
pub(super) type Change = Vec<f64>;

/// All changes of a history: of each validator, of the others together, and of the consensus of all.
pub(super) struct Changes {
    /// Ascending.
    pub validators: Vec<Registration>,
    steps: Vec<Step>,
}

/// From one epoch to the next; by validator, none where a row is missing before or after.
struct Step {
    own: Vec<Option<Change>>,
    rest: Vec<Option<Change>>,
    consensus: Option<Change>,
}

impl Changes {
    /// Of a history in which rows may be `lags` epochs old.
    pub fn of(epochs: &[Epoch], lags: usize) -> Self {
        let rows = || epochs.iter().flat_map(|epoch| &epoch.rows);
        let weights = rows().map(|row| &row.weights).chain(epochs.iter().filter_map(|epoch| epoch.consensus.as_ref()));
        let validators = numbered(rows().map(|row| row.validator));
        let miners = numbered(weights.flatten().map(|(miner, _)| *miner));
        let tables: Vec<Table> = epochs.iter().map(|epoch| Table::of(epoch, &validators, &miners)).collect();
        // An old row has the weight of whoever had a seat then: who isn't in its seat for so long is left out.
        let settled = |after: usize, miner: usize| {
            tables[(after - 1).saturating_sub(lags)..=after].iter().all(|table| table.named[miner])
        };
        let step = |after: usize| {
            let miners: Vec<bool> = (0..miners.len()).map(|miner| settled(after, miner)).collect();
            Step::between(&tables[after - 1], &tables[after], &miners)
        };
        let steps = (1..tables.len()).map(step).collect();
        Self { validators: validators.into_keys().collect(), steps }
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// How a validator's row changed in a step.
    pub fn own(&self, step: usize, validator: usize) -> Option<&Change> {
        self.steps[step].own[validator].as_ref()
    }

    /// How the mean of all others' rows, by stake, changed in it.
    pub fn rest(&self, step: usize, validator: usize) -> Option<&Change> {
        self.steps[step].rest[validator].as_ref()
    }

    /// How the consensus changed in it.
    pub fn consensus(&self, step: usize) -> Option<&Change> {
        self.steps[step].consensus.as_ref()
    }
}

fn numbered(names: impl Iterator<Item = Registration>) -> Places {
    let mut places: Places = names.map(|name| (name, 0)).collect();
    places.values_mut().enumerate().for_each(|(place, value)| *value = place);
    places
}

type Places = BTreeMap<Registration, usize>;

/// The rows of one epoch, by validator and miner.
struct Table {
    rows: Vec<Option<Vec<f64>>>,
    stakes: Vec<f64>,
    consensus: Vec<f64>,
    /// Which miners anybody named.
    named: Vec<bool>,
}

impl Table {
    fn of(epoch: &Epoch, validators: &Places, miners: &Places) -> Self {
        let mut table = Self {
            rows: vec![None; validators.len()],
            stakes: vec![0.0; validators.len()],
            consensus: vec![0.0; miners.len()],
            named: vec![false; miners.len()],
        };
        let by_miner = |weights: &[(Registration, u16)]| {
            let mut values = vec![0.0; miners.len()];
            weights.iter().for_each(|(miner, weight)| values[miners[miner]] = f64::from(*weight));
            values
        };
        for row in &epoch.rows {
            let validator = validators[&row.validator];
            (table.rows[validator], table.stakes[validator]) = (Some(by_miner(&row.weights)), row.stake as f64);
            row.weights.iter().for_each(|(miner, _)| table.named[miners[miner]] = true);
        }
        table.consensus = match &epoch.consensus {
            Some(weights) => by_miner(weights),
            None => table.medians(),
        };
        table
    }

    /// For each miner the median, by stake, of the shares that validators give to it.
    fn medians(&self) -> Vec<f64> {
        let all = vec![true; self.named.len()];
        let known = |(row, stake): (&Option<Vec<f64>>, &f64)| Some((shares(row.as_ref()?, &all)?, *stake));
        let rows: Vec<(Vec<f64>, f64)> = self.rows.iter().zip(&self.stakes).filter_map(known).collect();
        let whole: f64 = rows.iter().map(|(_, stake)| stake).sum();
        let median = |miner: usize| {
            let mut votes: Vec<(f64, f64)> = rows.iter().map(|(row, stake)| (row[miner], *stake)).collect();
            votes.sort_by(|a, b| b.0.total_cmp(&a.0));
            let mut held = 0.0;
            let decides = |(_, stake): &&(f64, f64)| {
                held += stake;
                held * 2.0 >= whole
            };
            votes.iter().find(decides).map_or(0.0, |(value, _)| *value)
        };
        (0..self.named.len()).map(median).collect()
    }
}

/// A row as shares of these miners; none where they have none.
fn shares(row: &[f64], miners: &[bool]) -> Option<Vec<f64>> {
    let mut shares: Vec<f64> =
        row.iter().zip(miners).map(|(value, counts)| if *counts { *value } else { 0.0 }).collect();
    let whole: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= whole);
    (whole > 0.0).then_some(shares)
}

/// A validator's shares before and after a step, and its stake after it.
struct Pair {
    before: Vec<f64>,
    after: Vec<f64>,
    stake: f64,
}

impl Step {
    /// Of shares among these miners: who comes or goes moves everybody's share, and among those who stay it doesn't show.
    fn between(before: &Table, after: &Table, miners: &[bool]) -> Self {
        let pair = |validator: usize| {
            let share = |table: &Table| shares(table.rows[validator].as_ref()?, miners);
            Some(Pair { before: share(before)?, after: share(after)?, stake: after.stakes[validator] })
        };
        let pairs: Vec<Option<Pair>> = (0..before.rows.len()).map(pair).collect();
        let mut sums = Pair { before: vec![0.0; miners.len()], after: vec![0.0; miners.len()], stake: 0.0 };
        for pair in pairs.iter().flatten() {
            sums.stake += pair.stake;
            add(&mut sums.before, &pair.before, pair.stake);
            add(&mut sums.after, &pair.after, pair.stake);
        }
        let counting = pairs.iter().flatten().filter(|pair| pair.stake > 0.0).count();
        let own = |pair: &Pair| change(&pair.before, &pair.after);
        let rest = |pair: &Option<Pair>| {
            let pair = pair.as_ref()?;
            let others = counting - usize::from(pair.stake > 0.0);
            let without = |sums: &[f64], own: &[f64]| -> Vec<f64> {
                sums.iter().zip(own).map(|(sum, own)| (sum - pair.stake * own).max(0.0)).collect()
            };
            let (mut before, mut after) = (without(&sums.before, &pair.before), without(&sums.after, &pair.after));
            let stake = sums.stake - pair.stake;
            before.iter_mut().chain(&mut after).for_each(|value| *value /= stake);
            (others > 0 && stake > 0.0).then(|| change(&before, &after))
        };
        let consensus = shares(&before.consensus, miners).zip(shares(&after.consensus, miners));
        Self {
            own: pairs.iter().map(|pair| pair.as_ref().map(own)).collect(),
            rest: pairs.iter().map(rest).collect(),
            consensus: consensus.map(|(before, after)| change(&before, &after)),
        }
    }
}

fn add(sums: &mut [f64], values: &[f64], times: f64) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += times * value);
}

fn change(before: &[f64], after: &[f64]) -> Change {
    let mut change: Vec<f64> = before.iter().zip(after).map(|(before, after)| after.sqrt() - before.sqrt()).collect();
    let length = change.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length < LEAST_CHANGE {
        return Vec::new();
    }
    change.iter_mut().for_each(|value| *value /= length);
    change
}

#[cfg(test)]
mod tests {
    use primitives::Hotkey;

    use super::*;
    use crate::copying::ValidatorRow;

    fn who(key: u8) -> Registration {
        Registration { hotkey: Hotkey([key; 32]), block: 1 }
    }

    fn row(validator: u8, stake: u64, weights: &[(u8, u16)]) -> ValidatorRow {
        let weights = weights.iter().map(|(miner, weight)| (who(*miner), *weight)).collect();
        ValidatorRow { validator: who(validator), stake, weights }
    }

    fn epoch(rows: Vec<ValidatorRow>) -> Epoch {
        Epoch { rows, consensus: None }
    }

    #[test]
    fn who_comes_and_goes_is_no_change_of_the_others() {
        let before = vec![row(1, 5, &[(11, 2), (12, 2)]), row(2, 5, &[(11, 1), (12, 3)])];
        // 13 takes a seat, at twice the scale; the second moves weight from 12 to 11.
        let after = vec![row(1, 5, &[(11, 4), (12, 4), (13, 4)]), row(2, 5, &[(11, 2), (12, 2), (13, 9)])];
        let changes = Changes::of(&[before, after].map(epoch), 1);
        assert_eq!((changes.len(), changes.validators.len()), (1, 2));
        assert!(changes.own(0, 0).unwrap().is_empty() && changes.rest(0, 1).unwrap().is_empty());
        let moved = changes.own(0, 1).unwrap();
        assert!(moved[0] > 0.0 && moved[1] < 0.0 && moved[2] == 0.0);
        assert!((moved.iter().map(|value| value * value).sum::<f64>() - 1.0).abs() < 1e-12);
        let others = changes.rest(0, 0).unwrap();
        assert!(others.iter().zip(moved).all(|(one, other)| (one - other).abs() < 1e-12));
    }

    #[test]
    fn a_missing_row_is_no_change_at_all() {
        let full = |first: u16| vec![row(1, 1, &[(11, first), (12, 1)]), row(2, 0, &[(11, 1), (12, first)])];
        let without = vec![row(2, 0, &[(11, 1), (12, 5)])];
        let changes = Changes::of(&[full(1), without, full(2), full(3), vec![row(1, 1, &[(11, 0)])]].map(epoch), 1);
        let known = |step: usize| changes.own(step, 0).is_some();
        assert_eq!([0, 1, 2, 3].map(known), [false, false, true, false]);
        // Only the first has stake: there are no others for it.
        assert!(changes.rest(2, 0).is_none() && changes.rest(2, 1).is_some());
        assert_eq!(Changes::of(&[], 1).len(), 0);
    }
}
