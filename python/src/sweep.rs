//! One log under many rules.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use primitives::Digest;
use pyo3::prelude::*;
use scoring::{Record, Registry, WhatIf};

use crate::{
    failure::Failure,
    rules,
    source::{Bytes, Source},
    summary::Summary,
    table,
};

/// Records that are decoded before the rules take their turns: as many as stay in a processor's cache.
const CHUNK: usize = 2_048;

/// Tells sweeps that run in other threads to stop.
#[pyclass(frozen, module = "assay._assay", skip_from_py_object)]
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Stop.
    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Judges a log under many rules in one pass. The records are taken as they are: `records` or `replay` must have accepted them.
///
/// Parameters
/// ----------
/// source : object with `__arrow_c_stream__`
///     Batches with the column `record`.
/// rules : list of str
///     Configurations, as JSON or TOML.
/// first : int
///     The place of the first one among all, for errors.
/// stop : Stop, optional
///     Ends it.
///
/// Returns
/// -------
/// pyarrow.Table
///     A row per configuration, in their order.
#[pyfunction]
#[pyo3(signature = (source, rules, /, first = 0, stop = None))]
pub fn sweep<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    rules: Vec<String>,
    first: usize,
    stop: Option<&Bound<'py, Stop>>,
) -> Result<Bound<'py, PyAny>, Failure> {
    let source = Source::of(source)?;
    let stop = stop.map_or_else(Stop::default, |stop| stop.get().clone());
    let batch = py.detach(|| {
        let mut runs = Runs::new(&rules, first)?;
        let Source::Arrow(batches) = source else {
            return Err(Failure::Table("a sweep reads a table of records".into()));
        };
        let mut chunk = Vec::with_capacity(CHUNK);
        let mut seq = 0;
        for batch in batches {
            let bytes = Bytes::of(&batch?)?;
            for at in 0..bytes.len() {
                let record = Record::decode(bytes.value(at));
                chunk.push(
                    record.map_err(|source| scoring::ReplayError::from(scoring::Broken::Record { seq, source }))?,
                );
                seq += 1;
                if chunk.len() == CHUNK {
                    runs.take(&chunk, seq, &stop)?;
                    chunk.clear();
                }
            }
        }
        runs.take(&chunk, seq, &stop)?;
        Summary::table(&runs.summaries)
    })?;
    table::handed_over(py, batch)
}

/// Configurations on their way through a log.
struct Runs {
    incentives: Vec<scoring::Incentive>,
    first: usize,
    running: Vec<WhatIf>,
    summaries: Vec<(Digest, Summary)>,
}

impl Runs {
    fn new(rules: &[String], first: usize) -> Result<Self, Failure> {
        let checked = |(at, text): (usize, &String)| {
            let incentive =
                rules::incentive(text).and_then(|incentive| rules::mechanism(&incentive).map(|_| incentive));
            incentive.map_err(|source| Failure::Configuration { at: first + at, source: Box::new(source) })
        };
        let incentives = rules.iter().enumerate().map(checked).collect::<Result<_, _>>()?;
        Ok(Self { incentives, first, running: Vec::new(), summaries: Vec::new() })
    }

    /// All configurations over the next records; `end` is the number after the last of them.
    fn take(&mut self, records: &[Record], end: u64, stop: &Stop) -> Result<(), Failure> {
        let mut records = records;
        if self.running.is_empty()
            && let Some((Record::Header(header), rest)) = records.split_first()
        {
            for (at, incentive) in self.incentives.iter().enumerate() {
                let begun = WhatIf::begin(header, incentive, &Registry::default()).map_err(Failure::from);
                let run =
                    begun.map_err(|source| Failure::Configuration { at: self.first + at, source: source.into() })?;
                self.summaries.push((run.table().incentive().digest(), Summary::default()));
                self.running.push(run);
            }
            records = rest;
        }
        let start = end - records.len() as u64;
        for (at, (run, (_, summary))) in self.running.iter_mut().zip(&mut self.summaries).enumerate() {
            if stop.0.load(Ordering::Relaxed) {
                return Err(Failure::Stopped);
            }
            Python::attach(|py| py.check_signals())?;
            for (seq, record) in (start..).zip(records) {
                let taken = run.take(record).map_err(|source| Failure::Diverged { seq, source });
                let row =
                    taken.map_err(|source| Failure::Configuration { at: self.first + at, source: source.into() })?;
                if let Some(row) = row {
                    summary.take(&row, run.table().last_weights());
                }
            }
        }
        Ok(())
    }
}
