//! A trial of rules before they cost anyone: made-up subnets are scored by their stages, and every row is looked at.
//!
//! Only two things are not the rules' own, so that each answer is worth exactly what a trial wants: what is asked, and the
//! scorer. What the scorer makes of right answers is said beside it.
//!
//! ```
//! use assay_scoring::{Incentive, Registry, trial};
//!
//! let mechanism = Registry::default().build(&Incentive::default()).unwrap();
//! let verdict = trial::prove(&mechanism);
//! assert!(verdict.is_sound());
//! // A quarter for half, by the power of 2.
//! assert!((verdict.pay.half_as_good - 0.25).abs() < 1e-6);
//! ```

mod advice;
mod family;
mod finding;
mod laws;
mod pace;
mod pay;
mod schedule;
mod subnet;

pub use finding::{Finding, Severity};
pub use pace::{Courses, Pace, Step};
pub use pay::{Pay, Point};

use serde::Serialize;

use crate::{divergence::Divergence, incentive::Incentive, mechanism::Mechanism, score::Score, weights::NoWeights};
use laws::Docket;

/// What a trial came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The rules.
    #[serde(skip)]
    incentive: Incentive,
    /// All that was found, the worst first.
    pub findings: Vec<Finding>,
    /// What is paid for what.
    pub pay: Pay,
    /// How fast.
    pub pace: Pace,
    /// What one miner of sixteen is paid by the score of its answers.
    pub curve: Vec<Point>,
    /// And over time.
    pub courses: Courses,
}

/// Why a trial can't go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Trouble {
    #[error("{subnet}: {source}")]
    Row { subnet: String, source: NoWeights },
    #[error("the rules refuse their own records")]
    Record(#[from] Divergence),
}

/// Tries rules out. It takes as long as replaying some hundred thousand records does.
pub fn prove(mechanism: &Mechanism) -> Verdict {
    let mut verdict = Verdict {
        incentive: mechanism.incentive().clone(),
        findings: advice::look(mechanism.incentive()),
        pay: Pay::default(),
        pace: Pace::default(),
        curve: Vec::new(),
        courses: Courses::default(),
    };
    let mut docket = Docket::default();
    if let Err(trouble) = verdict.look(mechanism, &mut docket) {
        verdict.findings.push(Finding::error("no_row", trouble.to_string()));
    }
    verdict.findings.extend(docket.findings());
    verdict.findings.sort_by_key(|finding| finding.severity);
    verdict
}

impl Verdict {
    /// Whether there is no error.
    pub fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    fn look(&mut self, mechanism: &Mechanism, docket: &mut Docket) -> Result<(), Trouble> {
        if subnet::right_answers(mechanism).1 == Score::ZERO {
            let sentence = "even the best answer is worth nothing: look at speed and quality";
            self.findings.push(Finding::error("right_answers", sentence.into()));
            return Ok(());
        }
        let (held, largest) = family::hold(mechanism, docket)?;
        let (paid, pay, curve) = pay::look(mechanism, &largest, docket)?;
        (self.pay, self.curve) = (pay, curve);
        let (paced, pace, courses) = pace::look(mechanism, docket)?;
        (self.pace, self.courses) = (pace, courses);
        self.findings.extend(paid);
        self.findings.extend(paced);
        self.findings.extend(held);
        Ok(())
    }
}
