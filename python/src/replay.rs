//! A log, recomputed.

use arrow_array::RecordBatch;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArrayMethods};
use primitives::Weights;
use pyo3::prelude::*;
use scoring::{Columns, Counts, Header, Record};

use crate::{
    checks::Checks,
    failure::Failure,
    logged::{Entries, Landed, scores, standings},
    rules,
    source::{Source, replayed},
    table,
};

/// A log that was recomputed and agrees with itself.
///
/// Attributes
/// ----------
/// header : dict
///     Whose log it is: `version`, `genesis`, `netuid`, `mech`, `validator`, and the `rules`.
/// rules_digest : str
///     Names the rules, hex.
/// counts : dict of str to int
///     Records of each kind: `rounds`, `scored`, `weights`, `landed`, `seals`, `anchored`.
/// records : int
///     All records.
/// head : str
///     Hash of the last record, hex.
/// digest : str
///     Names all that the records came to, hex.
/// scores : pyarrow.Table
///     The answers: `seq` uint64, `round` uint64, `miner` dictionary of SS58 texts, `registered` uint64 (block), `task` and `outcome`
///     dictionaries of texts, `latency_us` uint64, `first_token_us` uint64 or null (microseconds), `score_nano` uint32 (billionths).
/// checks : pyarrow.Table
///     What the check of each answer showed, an entry per answer as in `scores`, null where a check has no such thing: `seq` uint64,
///     `kind` dictionary of texts (`tokens`, `proven`, `logprobs`, `unaudited`, `cosines`, `marked`), `answered` and `matched` uint32
///     (tokens), `complete` bool, `margin_micro` uint64 (sum over tokens), `peak_micro` int64 (the sequential test's highest sum, both in
///     millionths), and of the proof `mismatches` uint32 (of the worst chunk), `mantissa_mean_milli` uint32 (thousandths),
///     `opening_ppm` uint32 (distance of the furthest opened row, millionths of its length).
/// weights : pyarrow.Table
///     An entry per row of weights and uid that it names: `seq`, `round` and `block` uint64, `uid` uint16, `miner` dictionary of
///     SS58 texts or null where nobody sat there, `weight` uint16 (share of the largest, 65535).
/// landed : pyarrow.Table
///     Rows that the chain was seen to hold: `seq` and `block` uint64, `uids` and `weights` lists of uint16, `call` text (hex) or
///     null.
/// standings : pyarrow.Table
///     The miners at the end: `miner` text, `registered` uint64, `score_nano` uint32, `answers`, `successes` and `last_round`
///     uint64, `barred` uint32.
#[pyclass(frozen, module = "assay")]
pub struct Replay {
    header: Header,
    counts: Counts,
    records: u64,
    head: String,
    digest: String,
    scores: RecordBatch,
    checks: RecordBatch,
    rows: Vec<LoggedRow>,
    weights: RecordBatch,
    landed: RecordBatch,
    standings: RecordBatch,
}

struct LoggedRow {
    round: u64,
    weights: Weights,
}

/// Recomputes a log: every score from its evidence, every row of weights from the scores, every seal from the records before
/// it.
///
/// Parameters
/// ----------
/// source : str or an object with `__arrow_c_stream__`
///     A file of JSON lines, or batches with the columns `seq`, `hash` and `record`.
/// rules : str, optional
///     The rules under which it must have been written, as JSON or TOML.
///
/// Returns
/// -------
/// Replay
///
/// Raises
/// ------
/// ReplayError
///     A log that can't be read or doesn't agree with itself, or one of other rules.
#[pyfunction]
#[pyo3(signature = (source, /, rules = None))]
pub fn replay(py: Python<'_>, source: &Bound<'_, PyAny>, rules: Option<&str>) -> Result<Replay, Failure> {
    let source = Source::of(source)?;
    py.detach(|| Replay::of(source, rules))
}

impl Replay {
    fn of(source: Source, rules: Option<&str>) -> Result<Self, Failure> {
        let given = rules.map(rules::incentive).transpose()?;
        let (mut answers, mut checks) = (Columns::default(), Checks::default());
        let mut rows = Vec::new();
        let (mut entries, mut landed) = (Entries::default(), Landed::default());
        let replay = replayed(source.records()?, |sealed, record| {
            match record {
                Record::Header(header) => {
                    let logged = header.rules.digest();
                    if let Some(given) = given.as_ref().map(|given| given.digest()).filter(|given| *given != logged) {
                        return Err(Failure::OtherRules { logged, given });
                    }
                }
                Record::Scored(answer) => {
                    answers.push(sealed.seq, record);
                    checks.push(sealed.seq, answer);
                }
                Record::Weights(weighed) => {
                    entries.push(sealed.seq, weighed);
                    rows.push(LoggedRow { round: weighed.round, weights: weighed.weights.clone() });
                }
                Record::Landed(seen) => landed.push(sealed.seq, seen),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            header: replay.table.header().clone(),
            counts: replay.counts,
            records: replay.log().len(),
            head: replay.log().head().to_string(),
            digest: replay.digest().to_string(),
            scores: scores(answers)?,
            checks: checks.finish()?,
            rows,
            weights: entries.finish()?,
            landed: landed.finish()?,
            standings: standings(&replay.table)?,
        })
    }
}

#[pymethods]
impl Replay {
    #[getter]
    fn header<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        rules::loaded(py, &self.header)
    }

    #[getter]
    fn rules_digest(&self) -> String {
        self.header.rules.digest().to_string()
    }

    #[getter]
    fn counts(&self, py: Python<'_>) -> PyResult<Py<pyo3::types::PyDict>> {
        let Counts { rounds, scored, weights, landed, seals, anchored } = self.counts;
        let counts = pyo3::types::PyDict::new(py);
        let all = [rounds, scored, weights, landed, seals, anchored];
        for (name, count) in ["rounds", "scored", "weights", "landed", "seals", "anchored"].into_iter().zip(all) {
            counts.set_item(name, count)?;
        }
        Ok(counts.unbind())
    }

    #[getter]
    fn records(&self) -> u64 {
        self.records
    }

    #[getter]
    fn head(&self) -> &str {
        &self.head
    }

    #[getter]
    fn digest(&self) -> &str {
        &self.digest
    }

    #[getter]
    fn scores<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        table::handed_over(py, self.scores.clone())
    }

    #[getter]
    fn checks<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        table::handed_over(py, self.checks.clone())
    }

    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        table::handed_over(py, self.weights.clone())
    }

    #[getter]
    fn landed<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        table::handed_over(py, self.landed.clone())
    }

    #[getter]
    fn standings<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>, Failure> {
        table::handed_over(py, self.standings.clone())
    }

    /// The rows of weights as a matrix.
    ///
    /// Returns
    /// -------
    /// rounds : numpy.ndarray[uint64], shape (rows,)
    ///     The round after which each row was computed.
    /// weights : numpy.ndarray[uint16], shape (rows, n)
    ///     A column per uid up to the highest that a row names; 0 where one isn't named.
    fn weights_matrix<'py>(&self, py: Python<'py>) -> (Bound<'py, PyArray1<u64>>, Bound<'py, PyArray2<u16>>) {
        let named = self.rows.iter().flat_map(|row| row.weights.iter().map(|(uid, _)| usize::from(uid.0) + 1));
        let matrix = PyArray2::<u16>::zeros(py, [self.rows.len(), named.max().unwrap_or(0)], false);
        let mut entries = matrix.readwrite();
        let mut entries = entries.as_array_mut();
        for (at, row) in self.rows.iter().enumerate() {
            for (uid, value) in row.weights.iter() {
                if let Some(entry) = entries.get_mut([at, usize::from(uid.0)]) {
                    *entry = value;
                }
            }
        }
        let rounds: Vec<u64> = self.rows.iter().map(|row| row.round).collect();
        (rounds.into_pyarray(py), matrix)
    }

    fn __repr__(&self) -> String {
        let Counts { scored, weights, seals, .. } = self.counts;
        format!("Replay(records={}, scored={scored}, weights={weights}, seals={seals})", self.records)
    }
}
