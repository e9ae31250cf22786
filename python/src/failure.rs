//! Why something can't be answered, in one line.

use std::{error::Error, io, path::PathBuf};

use pyo3::{PyErr, create_exception, exceptions::PyValueError};
use scoring::{Divergence, IncentiveError, LogError, Unanswerable, copying, statistics, yuma};

create_exception!(assay, AssayError, PyValueError, "What all errors of this package are.");
create_exception!(assay, EpochError, AssayError, "Arrays that are no epoch's input.");
create_exception!(
    assay,
    ReplayError,
    AssayError,
    "A log that can't be read, doesn't agree with itself, or says nothing of other rules."
);
create_exception!(assay, RulesError, AssayError, "Rules that make no sense. The line names the setting.");
create_exception!(assay, ScenarioError, AssayError, "A scenario that makes no sense. The line names the setting.");
create_exception!(assay, StatisticsError, AssayError, "Samples of which a test says nothing.");

/// Every way in which a call fails.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An array of another type, shape or order than is needed.
    #[error("{name}: {what}")]
    Array {
        /// The argument.
        name: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// Arrays that don't fit together.
    #[error(transparent)]
    Epoch(#[from] yuma::InputError),
    /// Text that is no epoch's input.
    #[error("not an epoch's input")]
    EpochText(#[source] serde_json::Error),
    /// A log that can't be opened.
    #[error("can't open {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A table that is not one of records.
    #[error("not a table of records: {0}")]
    Table(String),
    /// A log that doesn't agree with itself.
    #[error(transparent)]
    Replay(#[from] scoring::ReplayError),
    /// The log was written by other rules than it should be.
    #[error(
        "the log was written under the rules {logged}, not {given}; what_if() says what other rules would have paid"
    )]
    OtherRules {
        /// Names the log's.
        logged: primitives::Digest,
        /// Names those that were given.
        given: primitives::Digest,
    },
    /// A log that says nothing of other rules.
    #[error(transparent)]
    Unanswerable(#[from] Unanswerable),
    /// A record that other rules can't follow.
    #[error("record {seq} can't be judged by other rules")]
    Diverged {
        /// Its number.
        seq: u64,
        /// Why.
        #[source]
        source: Divergence,
    },
    /// One of many configurations.
    #[error("configuration {at}")]
    Configuration {
        /// Its place, from 0.
        at: usize,
        /// What is wrong with it.
        #[source]
        source: Box<Failure>,
    },
    /// Rules that can't be read.
    #[error("not rules: {0}")]
    RulesText(String),
    /// Rules that make no sense.
    #[error(transparent)]
    Rules(#[from] IncentiveError),
    /// Evidence that can't be read.
    #[error("not the evidence of an answer")]
    Evidence(#[source] serde_json::Error),
    /// Samples that say nothing.
    #[error(transparent)]
    Statistics(#[from] statistics::StatisticsError),
    /// Numbers between which no sequential test can be made.
    #[error("no test: it needs 0 < null < alternative < 1, and alpha and beta between 0 and 0.5")]
    NoTest,
    /// Rows of which it can't be asked who copies.
    #[error(transparent)]
    Copying(#[from] copying::CopyingError),
    /// A scenario that makes no sense.
    #[error(transparent)]
    Scenario(#[from] simulation::ScenarioError),
    /// Results that no JSON can say.
    #[error("no outcome")]
    Outcome(#[source] serde_json::Error),
    /// Somebody told the work to stop.
    #[error("stopped")]
    Stopped,
    /// What Python itself raised.
    #[error(transparent)]
    Python(#[from] PyErr),
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self::Replay(error.into())
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        let line = line(&failure);
        match failure.innermost() {
            Failure::Python(_) => match failure {
                Failure::Python(error) => error,
                _ => AssayError::new_err(line),
            },
            Failure::Array { .. } | Failure::Copying(_) | Failure::Outcome(_) => AssayError::new_err(line),
            Failure::Epoch(_) | Failure::EpochText(_) => EpochError::new_err(line),
            Failure::Open { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                pyo3::exceptions::PyFileNotFoundError::new_err(line)
            }
            Failure::Open { .. } => pyo3::exceptions::PyOSError::new_err(line),
            Failure::RulesText(_) | Failure::Rules(_) | Failure::Evidence(_) => RulesError::new_err(line),
            Failure::Scenario(_) => ScenarioError::new_err(line),
            Failure::Statistics(_) | Failure::NoTest => StatisticsError::new_err(line),
            Failure::Stopped => pyo3::exceptions::PyKeyboardInterrupt::new_err(line),
            _ => ReplayError::new_err(line),
        }
    }
}

impl Failure {
    /// The failure itself, whichever configuration it belongs to.
    fn innermost(&self) -> &Self {
        match self {
            Self::Configuration { source, .. } => source.innermost(),
            other => other,
        }
    }
}

/// An error and its causes.
fn line(error: &dyn Error) -> String {
    let mut all = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        all = format!("{all}: {error}");
        cause = error.source();
    }
    all.replace(['\n', '\r'], " ")
}
