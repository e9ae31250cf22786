//! Who sits where, and what was measured of them.

use std::collections::BTreeMap;

use dashboard::{Matrix, Miner, Row, Window};
use primitives::{Metagraph, MetagraphRows, Registration, Uid};
use scoring::{
    ScoreTable,
    reliability::{Ledger, Period},
};

use super::history::{Answer, History};

/// What was measured of those that have a seat.
pub(crate) fn miners(
    metagraph: &Metagraph,
    table: &ScoreTable,
    ledger: &Ledger,
    history: &History,
    capacity: &BTreeMap<Registration, u32>,
    now: u64,
) -> Vec<Miner> {
    let standings: BTreeMap<_, _> = table.standings().collect();
    let measured = metagraph.neurons.iter().filter_map(|neuron| {
        let miner = neuron.registration();
        let standing = standings.get(&miner)?;
        let answers = || history.of(&miner);
        Some(Miner {
            uid: neuron.uid,
            score_nano: standing.score.nano(),
            answers: standing.answers,
            successes: standing.successes,
            barred_answers: standing.barred,
            history_milli: answers().map(|answer| answer.map(|answer| answer.score_milli)).collect(),
            outcomes: counts(answers().flatten(), |answer| answer.outcome),
            proofs: counts(answers().flatten(), |answer| answer.proof),
            reliability: ledger.figures(&miner, now).into(),
            capacity_used_ppm: capacity.get(&miner).copied(),
        })
    });
    measured.collect()
}

/// The windows of the figures of reliability.
pub(crate) fn windows(ledger: &Ledger, now: u64) -> Vec<Window> {
    let rounds = ledger.rounds(now);
    Period::ALL
        .into_iter()
        .zip(rounds)
        .map(|(period, rounds)| Window { name: period.as_str().into(), rounds })
        .collect()
}

/// The rows that there are.
pub(crate) fn matrix(rows: &MetagraphRows) -> Matrix {
    let named = rows.rows.iter().enumerate().filter(|(_, row)| !row.weights.is_empty());
    let named = named.filter_map(|(seat, row)| {
        let (uids, values) = row.weights.iter().copied().unzip();
        Some(Row { uid: Uid(u16::try_from(seat).ok()?), uids, values })
    });
    Matrix { block: Some(rows.block.number), rows: named.collect() }
}

fn counts<T: Ord>(answers: impl Iterator<Item = Answer>, of: impl Fn(&Answer) -> T) -> BTreeMap<T, u32> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(of(&answer)).or_default() += 1;
    }
    counts
}
