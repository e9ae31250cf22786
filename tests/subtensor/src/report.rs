//! What was checked, and what came of it.

use std::{
    fmt,
    future::Future,
    time::{Duration, Instant},
};

use chain::ChainError;
use primitives::NetUid;
use serde::Serialize;

/// Why a check is not fulfilled.
#[derive(Debug)]
pub enum Trouble {
    /// It can't be made here, for this reason.
    Skip(String),
    /// It was made and failed.
    Fail(anyhow::Error),
}

/// What a check found, in a few words.
pub type Checked<T = String> = Result<T, Trouble>;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should.
    Ok,
    /// Otherwise.
    Failed,
    /// It was not made.
    Skipped,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Which.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, or what is wrong, or why it was not made.
    pub detail: String,
    /// How long it took.
    pub seconds: f64,
}

/// The whole run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The node.
    pub url: String,
    /// The chain's name: the hash of its block 0.
    pub genesis: Option<String>,
    /// What the runtime calls itself.
    pub spec_name: Option<String>,
    /// And its version.
    pub spec_version: Option<u64>,
    /// How blocks come.
    pub pace: Option<String>,
    /// Which subnet it was tried on.
    pub netuid: Option<NetUid>,
    /// Rules that were changed and stay so.
    pub left_changed: Vec<String>,
    /// Each check, in order.
    pub checks: Vec<Check>,
    /// Whether it came to weights: what they need was to be had.
    pub complete: bool,
    /// How many checks ended well.
    pub ok: usize,
    /// How many did not.
    pub failed: usize,
    /// How many were not made.
    pub skipped: usize,
    /// How long all took.
    pub seconds: f64,
}

/// Takes checks down and tells of each.
pub struct Notes<'a> {
    /// What is known so far.
    pub report: Report,
    began: Instant,
    tell: Box<dyn FnMut(&Check) + Send + 'a>,
}

impl Report {
    /// Whether it came to weights, and nothing failed.
    pub fn is_good(&self) -> bool {
        self.complete && self.failed == 0
    }

    /// The names of the checks that ended in a way.
    pub fn named(&self, outcome: Outcome) -> Vec<&str> {
        self.checks.iter().filter(|check| check.outcome == outcome).map(|check| check.name.as_str()).collect()
    }
}

impl<'a> Notes<'a> {
    /// An empty report of a node.
    pub fn new(url: &str, tell: impl FnMut(&Check) + Send + 'a) -> Self {
        let report = Report { url: url.to_owned(), ..Report::default() };
        Self { report, began: Instant::now(), tell: Box::new(tell) }
    }

    /// Make a check and take it down; whether it ended well.
    pub async fn check(&mut self, name: impl Into<String>, check: impl Future<Output = Checked>) -> bool {
        let began = Instant::now();
        let result = Box::pin(check).await;
        self.note(name, began.elapsed(), result)
    }

    /// As [`Notes::check`], for one that yields what later ones need.
    pub async fn need<T>(&mut self, name: &str, check: impl Future<Output = Checked<(T, String)>>) -> Option<T> {
        let began = Instant::now();
        let result = Box::pin(check).await;
        self.took(name, began.elapsed(), result)
    }

    /// As [`Notes::need`], for one that was made already.
    pub fn took<T>(&mut self, name: &str, took: Duration, result: Checked<(T, String)>) -> Option<T> {
        let (value, result) = match result {
            Ok((value, detail)) => (Some(value), Ok(detail)),
            Err(trouble) => (None, Err(trouble)),
        };
        self.note(name, took, result);
        value
    }

    /// Take down that a check can't be made.
    pub fn skip(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.note(name, Duration::ZERO, Err(Trouble::Skip(why.into())));
    }

    /// Take down that something went wrong between checks.
    pub fn fail(&mut self, name: impl Into<String>, trouble: Trouble) {
        self.note(name, Duration::ZERO, Err(trouble));
    }

    /// Take down what came of a check; whether it ended well.
    pub fn note(&mut self, name: impl Into<String>, took: Duration, result: Checked) -> bool {
        let (outcome, detail) = match result {
            Ok(detail) => (Outcome::Ok, detail),
            Err(Trouble::Skip(why)) => (Outcome::Skipped, why),
            Err(Trouble::Fail(error)) => (Outcome::Failed, format!("{error:#}")),
        };
        match outcome {
            Outcome::Ok => self.report.ok += 1,
            Outcome::Failed => self.report.failed += 1,
            Outcome::Skipped => self.report.skipped += 1,
        }
        let check = Check { name: name.into(), outcome, detail, seconds: took.as_secs_f64() };
        (self.tell)(&check);
        self.report.checks.push(check);
        outcome == Outcome::Ok
    }

    /// The report, once all is done.
    pub fn close(mut self) -> Report {
        self.report.seconds = self.began.elapsed().as_secs_f64();
        self.report
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            Outcome::Ok => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        write!(f, "{outcome:<7}  {:<38}  {}  {:.1} s", self.name, self.detail, self.seconds)
    }
}

impl From<ChainError> for Trouble {
    fn from(error: ChainError) -> Self {
        Self::Fail(error.into())
    }
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Fail(error)
    }
}

/// A result, and how long it took.
pub async fn timed<T>(check: impl Future<Output = Checked<T>>) -> (Duration, Checked<T>) {
    let began = Instant::now();
    let result = Box::pin(check).await;
    (began.elapsed(), result)
}

/// Fail with a sentence.
pub fn fail<T>(sentence: impl Into<String>) -> Checked<T> {
    Err(Trouble::Fail(anyhow::Error::msg(sentence.into())))
}

/// Skip for a reason.
pub fn skip<T>(why: impl Into<String>) -> Checked<T> {
    Err(Trouble::Skip(why.into()))
}

/// Fail unless two things are the same.
pub fn same<T: PartialEq + fmt::Debug>(what: &str, found: &T, expected: &T) -> Checked<()> {
    if found == expected {
        return Ok(());
    }
    fail(format!("{what} is {found:?}, not {expected:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn checks_are_counted_and_told() {
        let mut told = Vec::new();
        let mut notes = Notes::new("ws://x", |check| told.push(check.to_string()));
        assert!(notes.check("a", async { Ok("fine".to_owned()) }).await);
        assert!(!notes.check("b", async { fail("broken") }).await);
        assert!(!notes.check("c", async { skip("not here") }).await);
        assert_eq!(notes.need("d", async { Ok((7, String::new())) }).await, Some(7));
        let report = notes.close();
        assert_eq!((report.ok, report.failed, report.skipped), (2, 1, 1));
        assert_eq!((report.named(Outcome::Failed), report.is_good()), (vec!["b"], false));
        assert!(told[0].starts_with("ok       a ") && told[1].starts_with("FAILED   b "), "{told:?}");
        assert!(told[2].starts_with("skipped  c ") && told[2].contains("not here"), "{told:?}");
        // Where nothing failed because nothing could be tried, that is no success.
        assert!(!Report::default().is_good());
        assert!(Report { complete: true, ..Report::default() }.is_good());
    }
}
