//! How alike texts are.

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use scoring::{Score, similarity};

use crate::failure::Failure;

/// What two texts have in common, counted.
///
/// Attributes
/// ----------
/// matched, candidate, reference : int
///     Pieces in both, in the candidate and in the reference.
/// precision, recall, f_measure : float
///     Shares, 0 to 1: of the candidate, of the reference, and their harmonic mean.
#[pyclass(frozen, module = "assay", eq, skip_from_py_object)]
#[derive(Clone, Copy, PartialEq)]
pub struct Overlap(similarity::Overlap);

#[pymethods]
impl Overlap {
    #[getter]
    fn matched(&self) -> u64 {
        self.0.matched
    }

    #[getter]
    fn candidate(&self) -> u64 {
        self.0.candidate
    }

    #[getter]
    fn reference(&self) -> u64 {
        self.0.reference
    }

    #[getter]
    fn precision(&self) -> f64 {
        self.0.precision().as_f64()
    }

    #[getter]
    fn recall(&self) -> f64 {
        self.0.recall().as_f64()
    }

    #[getter]
    fn f_measure(&self) -> f64 {
        self.0.f_measure().as_f64()
    }

    fn __repr__(&self) -> String {
        let similarity::Overlap { matched, candidate, reference } = self.0;
        format!("Overlap(matched={matched}, candidate={candidate}, reference={reference})")
    }
}

/// One text or several.
#[derive(FromPyObject)]
pub enum Texts {
    One(String),
    Many(Vec<String>),
}

/// The same of one pair or of each pair of several.
#[derive(IntoPyObject)]
pub enum Scores<'py> {
    One(f64),
    Many(Bound<'py, PyArray1<f64>>),
}

fn scores<'py>(
    py: Python<'py>,
    candidate: Texts,
    reference: Texts,
    score: fn(&str, &str) -> Score,
) -> Result<Scores<'py>, Failure> {
    let wrong = |what: String| Failure::Array { name: "reference", what };
    match (candidate, reference) {
        (Texts::One(candidate), Texts::One(reference)) => Ok(Scores::One(score(&candidate, &reference).as_f64())),
        (Texts::Many(candidates), Texts::Many(references)) if candidates.len() == references.len() => {
            let each = || candidates.iter().zip(&references).map(|(a, b)| score(a, b).as_f64()).collect::<Vec<_>>();
            Ok(Scores::Many(py.detach(each).into_pyarray(py)))
        }
        (Texts::Many(candidates), Texts::Many(references)) => {
            Err(wrong(format!("{} texts for {} candidates", references.len(), candidates.len())))
        }
        _ => Err(wrong("one text for several, or several for one".into())),
    }
}

/// Whether texts are the same but for case, punctuation, articles and spaces, as SQuAD compares them.
///
/// Parameters
/// ----------
/// candidate, reference : str, or as many of both
///     Texts.
///
/// Returns
/// -------
/// float or numpy.ndarray[float64], shape (n,)
///     1 or 0.
#[pyfunction]
#[pyo3(signature = (candidate, reference, /))]
pub fn exact(py: Python<'_>, candidate: Texts, reference: Texts) -> Result<Scores<'_>, Failure> {
    scores(py, candidate, reference, similarity::exact)
}

/// Whether texts are the same to the byte.
///
/// Parameters
/// ----------
/// candidate, reference : str, or as many of both
///     Texts.
///
/// Returns
/// -------
/// float or numpy.ndarray[float64], shape (n,)
///     1 or 0.
#[pyfunction]
#[pyo3(signature = (candidate, reference, /))]
pub fn exact_raw(py: Python<'_>, candidate: Texts, reference: Texts) -> Result<Scores<'_>, Failure> {
    scores(py, candidate, reference, similarity::exact_raw)
}

/// chrF2 as sacrebleu's defaults have it: sequences of 1 to 6 characters in common.
///
/// Parameters
/// ----------
/// candidate, reference : str, or as many of both
///     Texts.
///
/// Returns
/// -------
/// float or numpy.ndarray[float64], shape (n,)
///     0 to 1.
#[pyfunction]
#[pyo3(signature = (candidate, reference, /))]
pub fn chrf(py: Python<'_>, candidate: Texts, reference: Texts) -> Result<Scores<'_>, Failure> {
    scores(py, candidate, reference, similarity::chrf)
}

/// A text as `exact` compares it.
///
/// Parameters
/// ----------
/// text : str
///     A text.
///
/// Returns
/// -------
/// str
///     Lower case, no ASCII punctuation, no articles, single spaces.
#[pyfunction]
#[pyo3(signature = (text, /))]
pub fn normalise(text: &str) -> String {
    similarity::normalise(text)
}

/// What counts as a word.
#[derive(Clone, Copy)]
pub struct Words(similarity::Words);

impl<'py> FromPyObject<'_, 'py> for Words {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match given.extract::<String>()?.as_str() {
            "ascii" => Ok(Self(similarity::Words::Ascii)),
            "unicode" => Ok(Self(similarity::Words::Unicode)),
            other => {
                Err(Failure::Array { name: "words", what: format!("{other:?} is neither \"ascii\" nor \"unicode\"") }
                    .into())
            }
        }
    }
}

/// ROUGE-1: words in common.
///
/// Parameters
/// ----------
/// candidate, reference : str
///     Texts.
/// words : {"unicode", "ascii"}
///     What a word is: runs of letters and digits of any script, or of a-z and 0-9 as the package rouge-score has it.
///
/// Returns
/// -------
/// Overlap
#[pyfunction]
#[pyo3(signature = (candidate, reference, /, *, words = Words(similarity::Words::Unicode)), text_signature = "(candidate, reference, /, *, words='unicode')")]
pub fn rouge_1(candidate: &str, reference: &str, words: Words) -> Overlap {
    Overlap(similarity::rouge_1(candidate, reference, words.0))
}

/// ROUGE-2: pairs of neighbouring words in common.
///
/// Parameters
/// ----------
/// candidate, reference : str
///     Texts.
/// words : {"unicode", "ascii"}
///     What a word is, as in `rouge_1`.
///
/// Returns
/// -------
/// Overlap
#[pyfunction]
#[pyo3(signature = (candidate, reference, /, *, words = Words(similarity::Words::Unicode)), text_signature = "(candidate, reference, /, *, words='unicode')")]
pub fn rouge_2(candidate: &str, reference: &str, words: Words) -> Overlap {
    Overlap(similarity::rouge_2(candidate, reference, words.0))
}

/// ROUGE-L: the longest sequence of words that both have in this order.
///
/// Parameters
/// ----------
/// candidate, reference : str
///     Texts.
/// words : {"unicode", "ascii"}
///     What a word is, as in `rouge_1`.
///
/// Returns
/// -------
/// Overlap
#[pyfunction]
#[pyo3(signature = (candidate, reference, /, *, words = Words(similarity::Words::Unicode)), text_signature = "(candidate, reference, /, *, words='unicode')")]
pub fn rouge_l(candidate: &str, reference: &str, words: Words) -> Overlap {
    Overlap(similarity::rouge_l(candidate, reference, words.0))
}
