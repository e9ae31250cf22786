//! A log, judged under other rules.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, UInt16Array, UInt32Array, UInt64Array};
use primitives::Hotkey;
use pyo3::prelude::*;
use scoring::{Record, Registry, Reweighed, Texts};

use crate::{
    failure::Failure,
    logged::standings,
    rules,
    source::{Source, replayed},
    summary::Summary,
    table,
};

/// What other rules make of a log.
///
/// Attributes
/// ----------
/// rules_before, rules_after : str
///     Name the log's rules and the other ones, hex.
/// never_asked : list of str
///     Tasks of the other rules that the log never asked.
/// left_out : dict of str to int
///     Answers to tasks that the other rules don't name, by task.
/// rows : pyarrow.Table
///     An entry per row of weights and seat: `seq`, `round` and `block` uint64, `uid` uint16, `miner` dictionary of SS58 texts,
///     `before` and `after` uint16 (share of the largest, 65535; 0 where the row leaves the seat out, and `after` null where
///     the other rules have no row), `standing_nano` uint32 or null (billionths, under the other rules, before the map to
///     weights), `copies` uint32 or null (miners that share one weight with it, itself included).
/// refused : list of tuple of (int, str)
///     Rounds in which the other rules have no row, and why.
/// standings : pyarrow.Table
///     The miners at the end under the other rules, as `Replay.standings`.
/// summary : dict
///     As a row of `sweep`.
#[pyclass(frozen, module = "assay")]
pub struct WhatIf {
    #[pyo3(get)]
    rules_before: String,
    #[pyo3(get)]
    rules_after: String,
    #[pyo3(get)]
    never_asked: Vec<String>,
    #[pyo3(get)]
    left_out: std::collections::BTreeMap<String, u64>,
    #[pyo3(get)]
    refused: Vec<(u64, String)>,
    rows: RecordBatch,
    standings: RecordBatch,
    summary: RecordBatch,
}

/// Judges a log under other rules than those it was written by, while it is recomputed.
///
/// Parameters
/// ----------
/// source : str or an object with `__arrow_c_stream__`
///     A file of JSON lines, or batches with the columns `seq`, `hash` and `record`.
/// rules : str
///     The other rules, as JSON or TOML.
///
/// Returns
/// -------
/// WhatIf
///
/// Raises
/// ------
/// ReplayError
///     A log that doesn't agree with itself, or that says nothing of these rules.
/// RulesError
///     Rules that make no sense.
#[pyfunction]
#[pyo3(signature = (source, rules, /))]
pub fn what_if(py: Python<'_>, source: &Bound<'_, PyAny>, rules: &str) -> Result<WhatIf, Failure> {
    let source = Source::of(source)?;
    py.detach(|| WhatIf::of(source, rules))
}

impl WhatIf {
    fn of(source: Source, rules: &str) -> Result<Self, Failure> {
        let other = rules::incentive(rules)?;
        rules::mechanism(&other)?;
        let mut what_if = None;
        let (mut entries, mut summary, mut refused) = (Entries::default(), Summary::default(), Vec::new());
        let replay = replayed(source.records()?, |sealed, record| {
            if let Record::Header(header) = record {
                what_if = Some(scoring::WhatIf::begin(header, &other, &Registry::default())?);
                return Ok(());
            }
            let Some(running) = &mut what_if else { return Ok(()) };
            let diverged = |source| Failure::Diverged { seq: sealed.seq, source };
            if let Some(row) = running.take(record).map_err(diverged)? {
                if let Err(why) = &row.other {
                    refused.push((row.round, why.to_string()));
                }
                entries.push(sealed.seq, &row);
                summary.take(&row, running.table().last_weights());
            }
            Ok(())
        })?;
        let what_if = what_if.ok_or(scoring::ReplayError::Empty)?;
        Ok(Self {
            rules_before: replay.table.header().rules.digest().to_string(),
            rules_after: what_if.table().incentive().digest().to_string(),
            never_asked: what_if.never_asked().to_vec(),
            left_out: what_if.left_out().clone(),
            refused,
            rows: entries.finish()?,
            standings: standings(what_if.table())?,
            summary: Summary::table(&[(what_if.table().incentive().digest(), summary)])?,
        })
    }
}

#[pymethods]
impl WhatIf {
    #[getter]
    fn rows<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        table::handed_over(py, self.rows.clone())
    }

    #[getter]
    fn standings<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        table::handed_over(py, self.standings.clone())
    }

    #[getter]
    fn summary<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        let rows = table::handed_over(py, self.summary.clone())?.call_method0("to_pylist")?;
        Ok(rows.get_item(0)?)
    }

    fn __repr__(&self) -> String {
        format!("WhatIf(rows={}, refused={})", self.rows.num_rows(), self.refused.len())
    }
}

/// Seats of rows.
#[derive(Default)]
struct Entries {
    seq: Vec<u64>,
    round: Vec<u64>,
    block: Vec<u64>,
    uid: Vec<u16>,
    miner: Texts<Hotkey>,
    before: Vec<u16>,
    after: Vec<Option<u16>>,
    standing_nano: Vec<Option<u32>>,
    copies: Vec<Option<u32>>,
}

impl Entries {
    fn push(&mut self, seq: u64, row: &Reweighed<'_>) {
        for (at, seat) in row.snapshot.seats.iter().enumerate() {
            let share = row.other.as_ref().ok().and_then(|shares| shares.get(at));
            self.seq.push(seq);
            self.round.push(row.round);
            self.block.push(row.snapshot.block.number);
            self.uid.push(seat.uid.0);
            self.miner.push(Some(&seat.registration.hotkey), |miner| (*miner, miner.to_string()));
            self.before.push(row.logged.get(seat.uid));
            self.after.push(share.map(|share| share.value.unwrap_or(0)));
            self.standing_nano.push(share.and_then(|share| Some(share.standing?.nano())));
            self.copies.push(share.and_then(|share| u32::try_from(share.copies).ok()));
        }
    }

    fn finish(self) -> Result<RecordBatch, Failure> {
        table::batch([
            ("seq", Arc::new(UInt64Array::from(self.seq)) as ArrayRef, false),
            ("round", Arc::new(UInt64Array::from(self.round)) as ArrayRef, false),
            ("block", Arc::new(UInt64Array::from(self.block)) as ArrayRef, false),
            ("uid", Arc::new(UInt16Array::from(self.uid)) as ArrayRef, false),
            ("miner", table::dictionary(self.miner)?, false),
            ("before", Arc::new(UInt16Array::from(self.before)) as ArrayRef, false),
            ("after", Arc::new(UInt16Array::from(self.after)) as ArrayRef, true),
            ("standing_nano", Arc::new(UInt32Array::from(self.standing_nano)) as ArrayRef, true),
            ("copies", Arc::new(UInt32Array::from(self.copies)) as ArrayRef, true),
        ])
    }
}
