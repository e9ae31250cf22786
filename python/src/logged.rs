//! What a log says, as columns: answers, rows of weights, what landed, standings.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt16Array, UInt32Array, UInt64Array};
use primitives::{Hotkey, Weights};
use scoring::{Columns, ScoreTable, Texts};

use crate::{failure::Failure, table};

/// Rows that the chain was seen to hold.
#[derive(Default)]
pub struct Landed {
    seq: Vec<u64>,
    block: Vec<u64>,
    call: Vec<Option<String>>,
    rows: Vec<Weights>,
}

impl Landed {
    /// Adds one.
    pub fn push(&mut self, seq: u64, seen: &scoring::Landed) {
        self.seq.push(seq);
        self.block.push(seen.block.number);
        self.call.push(seen.call.map(|call| call.to_string()));
        self.rows.push(seen.weights.clone());
    }

    /// All of them.
    pub fn finish(self) -> Result<RecordBatch, Failure> {
        table::batch([
            ("seq", Arc::new(UInt64Array::from(self.seq)) as ArrayRef, false),
            ("block", Arc::new(UInt64Array::from(self.block)) as ArrayRef, false),
            ("uids", table::lists(self.rows.iter(), Weights::uids), false),
            ("weights", table::lists(self.rows.iter(), Weights::values), false),
            ("call", Arc::new(StringArray::from(self.call)) as ArrayRef, true),
        ])
    }
}

/// Entries of rows of weights.
#[derive(Default)]
pub struct Entries {
    seq: Vec<u64>,
    round: Vec<u64>,
    block: Vec<u64>,
    uid: Vec<u16>,
    miner: Texts<Hotkey>,
    weight: Vec<u16>,
}

impl Entries {
    /// Adds those of one row.
    pub fn push(&mut self, seq: u64, row: &scoring::WeightsRecord) {
        let seats = row.snapshot.seats.iter().map(|seat| (seat.uid, seat.registration.hotkey));
        let seats: HashMap<_, _> = seats.collect();
        for (uid, weight) in row.weights.iter() {
            self.seq.push(seq);
            self.round.push(row.round);
            self.block.push(row.snapshot.block.number);
            self.uid.push(uid.0);
            self.miner.push(seats.get(&uid), |miner| (*miner, miner.to_string()));
            self.weight.push(weight);
        }
    }

    /// All of them.
    pub fn finish(self) -> Result<RecordBatch, Failure> {
        table::batch([
            ("seq", Arc::new(UInt64Array::from(self.seq)) as ArrayRef, false),
            ("round", Arc::new(UInt64Array::from(self.round)) as ArrayRef, false),
            ("block", Arc::new(UInt64Array::from(self.block)) as ArrayRef, false),
            ("uid", Arc::new(UInt16Array::from(self.uid)) as ArrayRef, false),
            ("miner", table::dictionary(self.miner)?, true),
            ("weight", Arc::new(UInt16Array::from(self.weight)) as ArrayRef, false),
        ])
    }
}

/// The answers, as their columns were collected.
pub fn scores(answers: Columns) -> Result<RecordBatch, Failure> {
    table::batch([
        ("seq", Arc::new(UInt64Array::from(answers.seq)) as ArrayRef, false),
        ("round", Arc::new(UInt64Array::from(answers.round)) as ArrayRef, true),
        ("miner", table::dictionary(answers.miner)?, true),
        ("registered", Arc::new(UInt64Array::from(answers.registered)) as ArrayRef, true),
        ("task", table::dictionary(answers.task)?, true),
        ("outcome", table::dictionary(answers.outcome)?, true),
        ("latency_us", Arc::new(UInt64Array::from(answers.latency_us)) as ArrayRef, true),
        ("first_token_us", Arc::new(UInt64Array::from(answers.first_token_us)) as ArrayRef, true),
        ("score_nano", Arc::new(UInt32Array::from(answers.score_nano)) as ArrayRef, true),
    ])
}

/// The standings of a table, by miner.
pub fn standings(table: &ScoreTable) -> Result<RecordBatch, Failure> {
    let all: Vec<_> = table.standings().collect();
    let numbers = |of: fn(&scoring::Standing) -> u64| {
        Arc::new(all.iter().map(|(_, standing)| of(standing)).collect::<UInt64Array>()) as ArrayRef
    };
    let small = |of: fn(&scoring::Standing) -> u32| {
        Arc::new(all.iter().map(|(_, standing)| of(standing)).collect::<UInt32Array>()) as ArrayRef
    };
    let miners: Vec<String> = all.iter().map(|(miner, _)| miner.hotkey.to_string()).collect();
    let registered: UInt64Array = all.iter().map(|(miner, _)| miner.block).collect();
    table::batch([
        ("miner", Arc::new(StringArray::from(miners)) as ArrayRef, false),
        ("registered", Arc::new(registered) as ArrayRef, false),
        ("score_nano", small(|standing| standing.score.nano()), false),
        ("answers", numbers(|standing| standing.answers), false),
        ("successes", numbers(|standing| standing.successes), false),
        ("last_round", numbers(|standing| standing.last_round), false),
        ("barred", small(|standing| standing.barred), false),
    ])
}
