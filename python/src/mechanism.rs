//! A subnet's rules at work on single answers.

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use scoring::{Check, Evidence, Outcome, Score};

use crate::{failure::Failure, numbers::Numbers, rules};

/// A subnet's mechanism: its rules, and the tasks and the scorer that they name.
///
/// Attributes
/// ----------
/// incentive : dict
///     The rules with every setting.
/// digest : str
///     Names them, hex.
/// tasks : list of str
///     In the order in which they are asked.
#[pyclass(frozen, subclass, module = "assay._assay")]
pub struct Mechanism(scoring::Mechanism);

/// Billionths.
type Nano<'py> = Bound<'py, PyArray1<u32>>;

#[pymethods]
impl Mechanism {
    #[new]
    #[pyo3(signature = (rules, /))]
    fn new(rules: &str) -> Result<Self, Failure> {
        Ok(Self(rules::mechanism(&rules::incentive(rules)?)?))
    }

    #[getter]
    fn incentive<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        rules::loaded(py, self.0.incentive())
    }

    #[getter]
    fn digest(&self) -> String {
        self.0.incentive().digest().to_string()
    }

    #[getter]
    fn tasks(&self) -> Vec<&str> {
        self.0.tasks().collect()
    }

    /// What one answer is worth, by its evidence as JSON.
    ///
    /// Parameters
    /// ----------
    /// evidence : str
    ///     As a `scored` record of the log has it.
    ///
    /// Returns
    /// -------
    /// int
    ///     Billionths.
    fn score_json(&self, evidence: &str) -> Result<u32, Failure> {
        let evidence: Evidence = serde_json::from_str(evidence).map_err(Failure::Evidence)?;
        Ok(self.0.score(&evidence).nano())
    }

    /// What answers are worth whose tokens were compared with the model's.
    ///
    /// Parameters
    /// ----------
    /// answered, matched : array_like[uint32], shape (n,)
    ///     Tokens of each answer, and those of them that matched.
    /// latency_us : array_like[uint64], shape (n,)
    ///     Microseconds to the end of each answer.
    /// first_token_us : array_like[uint64], shape (n,), optional
    ///     Microseconds to its first token.
    /// complete : array_like[bool], shape (n,), optional
    ///     Whether it ended where it had to; all did where it is None.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray[uint32], shape (n,)
    ///     Billionths; 0 where the gate doesn't let an answer through.
    ///
    /// Raises
    /// ------
    /// AssayError
    ///     Arrays of different lengths or types.
    #[pyo3(signature = (answered, matched, latency_us, *, first_token_us = None, complete = None))]
    fn score_tokens<'py>(
        &self,
        py: Python<'py>,
        answered: &Bound<'py, PyAny>,
        matched: &Bound<'py, PyAny>,
        latency_us: &Bound<'py, PyAny>,
        first_token_us: Option<&Bound<'py, PyAny>>,
        complete: Option<&Bound<'py, PyAny>>,
    ) -> Result<Nano<'py>, Failure> {
        let answered = Numbers::<u32>::of("answered", answered)?;
        let matched = Numbers::<u32>::of("matched", matched)?;
        let complete = Numbers::<bool>::maybe("complete", complete)?;
        let times = Times::of(latency_us, first_token_us)?;
        let (answered, matched) = (answered.values(), matched.values());
        let complete = complete.as_ref().map(|complete| complete.values());
        same_length(answered.len(), "matched", matched.len())?;
        if let Some(complete) = &complete {
            same_length(answered.len(), "complete", complete.len())?;
        }
        let check = |at: usize| Check::Tokens {
            answered: answered[at],
            matched: matched[at],
            margin_micro: 0,
            complete: complete.as_ref().is_none_or(|complete| complete[at]),
        };
        Ok(self.all(answered.len(), &times, check)?.into_pyarray(py))
    }

    /// What answers are worth whose texts were marked.
    ///
    /// Parameters
    /// ----------
    /// answered : array_like[uint32], shape (n,)
    ///     Tokens of each answer.
    /// mark_nano : array_like[uint32], shape (n,)
    ///     What the scorer said, billionths.
    /// latency_us : array_like[uint64], shape (n,)
    ///     Microseconds to the end of each answer.
    /// first_token_us : array_like[uint64], shape (n,), optional
    ///     Microseconds to its first token.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray[uint32], shape (n,)
    ///     Billionths; 0 where the gate doesn't let an answer through.
    ///
    /// Raises
    /// ------
    /// AssayError
    ///     Arrays of different lengths or types, marks above a billion.
    #[pyo3(signature = (answered, mark_nano, latency_us, *, first_token_us = None))]
    fn score_marks<'py>(
        &self,
        py: Python<'py>,
        answered: &Bound<'py, PyAny>,
        mark_nano: &Bound<'py, PyAny>,
        latency_us: &Bound<'py, PyAny>,
        first_token_us: Option<&Bound<'py, PyAny>>,
    ) -> Result<Nano<'py>, Failure> {
        let answered = Numbers::<u32>::of("answered", answered)?;
        let marks = Numbers::<u32>::of("mark_nano", mark_nano)?;
        let times = Times::of(latency_us, first_token_us)?;
        let answered = answered.values();
        let marks: Option<Vec<Score>> = marks.values().iter().map(|mark| Score::from_nano(*mark)).collect();
        let marks = marks.ok_or_else(|| Failure::Array {
            name: "mark_nano",
            what: "a mark is at most 1000000000 billionths".into(),
        })?;
        same_length(answered.len(), "mark_nano", marks.len())?;
        let check = |at: usize| Check::Marked { answered: answered[at], mark: marks[at] };
        Ok(self.all(answered.len(), &times, check)?.into_pyarray(py))
    }

    fn __repr__(&self) -> String {
        let incentive = self.0.incentive();
        format!("Mechanism(tasks={:?}, quality={:?})", self.tasks(), incentive.quality.kind)
    }
}

impl Mechanism {
    /// The scores of so many answers, each with the outcome that follows from its check.
    fn all(&self, answers: usize, times: &Times<'_>, check: impl Fn(usize) -> Check) -> Result<Vec<u32>, Failure> {
        let latency = times.latency.values();
        let first = times.first_token.as_ref().map(|first| first.values());
        same_length(answers, "latency_us", latency.len())?;
        if let Some(first) = &first {
            same_length(answers, "first_token_us", first.len())?;
        }
        let score = |at: usize| {
            let check = check(at);
            let outcome = check.outcome(self.0.incentive());
            let first_token_us = first.as_ref().map(|first| first[at]);
            let evidence =
                Evidence { outcome, latency_us: latency[at], first_token_us, check: Some(check), sketch: None };
            if outcome == Outcome::Ok { self.0.score(&evidence).nano() } else { 0 }
        };
        Ok((0..answers).map(score).collect())
    }
}

struct Times<'py> {
    latency: Numbers<'py, u64>,
    first_token: Option<Numbers<'py, u64>>,
}

impl<'py> Times<'py> {
    fn of(latency: &Bound<'py, PyAny>, first_token: Option<&Bound<'py, PyAny>>) -> Result<Self, Failure> {
        let latency = Numbers::of("latency_us", latency)?;
        Ok(Self { latency, first_token: Numbers::maybe("first_token_us", first_token)? })
    }
}

fn same_length(answers: usize, name: &'static str, length: usize) -> Result<(), Failure> {
    if length == answers {
        return Ok(());
    }
    Err(Failure::Array { name, what: format!("{length} entries for {answers} answers") })
}
