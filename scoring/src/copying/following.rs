//! What is said of a validator.

use primitives::Registration;
use serde::Serialize;

use super::{
    changes::{Change, Changes},
    history::{CopyingError, Epoch, Search, check},
    regression::{Fit, Moments, dot},
};

/// What explains nearly as much as what explains most.
const ALIKE: f64 = 0.9;

/// Where a validator's row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// From rows of earlier epochs, in whole or in part.
    Copies,
    /// From what the others measured too, when they did.
    Honest,
    /// The rows don't tell.
    Undecided,
}

/// How a validator's row follows those of others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Following {
    /// Whose row.
    pub validator: Registration,
    /// What is said of it.
    pub verdict: Verdict,
    /// The part of its changes that repeats what others changed `lag` epochs before, beyond what those who are merely slow
    /// would repeat: about the share that is copied, 1 for a plain copy, 0 or less for an honest row.
    pub score: f64,
    /// The chance of such evidence, or stronger one, were it honest; all lags and validators that were tried are allowed for.
    pub p_value: f64,
    /// So many epochs back lies what it follows best.
    pub lag: Option<usize>,
    /// The validator that it follows; none where it is the others' consensus.
    pub of: Option<Registration>,
    /// The mean correlation of its changes with those of what it follows, `lag` epochs before, -1 to 1.
    pub correlation: f64,
    /// The same with the others' consensus in the same epoch.
    pub contemporaneous: f64,
    /// Epochs in which its row changed and could be compared.
    pub epochs: usize,
}

/// What can be said of each validator with rows in these consecutive epochs, ascending by registration.
///
/// Costs validators² × epochs × lags × miners.
pub fn copying(epochs: &[Epoch], search: &Search) -> Result<Vec<Following>, CopyingError> {
    check(epochs, search)?;
    let changes = Changes::of(epochs, search.max_lag);
    let about = |validator| Suspect { changes: &changes, search, validator }.following();
    Ok((0..changes.validators.len()).map(about).collect())
}

/// What a row may follow.
#[derive(Clone, Copy)]
enum Source {
    /// The mean of all others.
    Rest,
    /// The consensus of all.
    Consensus,
    /// One validator.
    Own(usize),
}

/// Evidence that a row follows a source at a lag.
#[derive(Clone, Copy)]
struct Evidence {
    source: Source,
    lag: usize,
    score: f64,
    p_value: f64,
}

struct Suspect<'a> {
    changes: &'a Changes,
    search: &'a Search,
    validator: usize,
}

impl Suspect<'_> {
    fn following(&self) -> Following {
        let moments: Vec<_> = (0..self.changes.len()).map(|step| self.moments(step, None)).collect();
        let epochs = moments.iter().flatten().count();
        let mut following = Following {
            validator: self.changes.validators[self.validator],
            verdict: Verdict::Undecided,
            score: 0.0,
            p_value: 1.0,
            lag: None,
            of: None,
            correlation: 0.0,
            contemporaneous: self.correlation(Source::Rest, 0),
            epochs,
        };
        let fit = Fit::of(&moments).filter(|_| epochs >= self.search.least_epochs);
        let Some(fit) = fit else { return following };
        let of_all = self.rest_evidence(&fit);
        let of_one = self.suspected(&fit).and_then(|(source, lag)| self.one_evidence(source, lag));
        let found = of_one.map_or(of_all, |of_one| self.stronger(of_all, of_one));
        following.score = found.score;
        following.p_value = [Some(of_all), of_one].iter().flatten().map(|one| one.p_value * 2.0).fold(1.0, f64::min);
        following.lag = Some(found.lag);
        following.correlation = self.correlation(found.source, found.lag);
        following.of = match found.source {
            Source::Rest | Source::Consensus => None,
            Source::Own(other) => Some(self.changes.validators[other]),
        };
        let copies = following.p_value < self.search.significance && following.score >= self.search.least_score;
        following.verdict = match copies {
            true => Verdict::Copies,
            false if self.honest(&fit) < self.search.clearing => Verdict::Honest,
            false => Verdict::Undecided,
        };
        following
    }

    /// Its own change in a step, where there is one.
    fn change(&self, step: usize) -> Option<&Change> {
        self.changes.own(step, self.validator).filter(|change| !change.is_empty())
    }

    fn source(&self, source: Source, step: usize) -> Option<&Change> {
        match source {
            Source::Rest => self.changes.rest(step, self.validator),
            Source::Consensus => self.changes.consensus(step),
            Source::Own(other) => self.changes.own(step, other),
        }
    }

    /// The regressors of a step: the changes of the mean of the others at every lag, and those of one source more.
    fn regressors(&self, step: usize, one: Option<Source>) -> Option<Vec<&[f64]>> {
        let lags = |source| (0..=self.search.max_lag).map(move |lag| (source, lag));
        let change = |(source, lag)| Some(self.source(source, step.checked_sub(lag)?)?.as_slice());
        lags(Source::Rest).chain(one.into_iter().flat_map(lags)).map(change).collect()
    }

    fn moments(&self, step: usize, one: Option<Source>) -> Option<Moments> {
        Some(Moments::of(self.change(step)?, &self.regressors(step, one)?))
    }

    /// That it follows the others' consensus: a coefficient that is above 0 and above the one before it.
    fn rest_evidence(&self, fit: &Fit) -> Evidence {
        let lags = self.search.max_lag;
        let at = |lag: usize| {
            let (before, then) = (fit.coefficients[lag - 1], fit.coefficients[lag]);
            let chance = fit.chance(&[(lag, 1.0)], 0.0).max(fit.chance(&[(lag, 1.0), (lag - 1, -1.0)], 0.0));
            let p_value = (chance * lags as f64).min(1.0);
            Evidence { source: Source::Rest, lag, score: then.min(then - before), p_value }
        };
        let better = |a: Evidence, b: Evidence| if b.stronger_than(&a) { b } else { a };
        (2..=lags).map(at).fold(at(1), better)
    }

    /// Which one, and at what lag, explains most of what the mean of the others leaves.
    fn suspected(&self, fit: &Fit) -> Option<(Source, usize)> {
        let (all, lags) = (self.changes.validators.len(), self.search.max_lag);
        let others = (0..all).filter(|other| *other != self.validator).map(Source::Own);
        // Of several that explain as much the first: the consensus, and the longest lag, for copies of copies.
        let sources = || [Source::Consensus].into_iter().chain(others.clone());
        let tried: Vec<(Source, usize)> =
            sources().flat_map(|source| (1..=lags).map(move |lag| (source, lag))).collect();
        let mut sums = vec![(0.0, 0_u32); tried.len()];
        for step in lags..self.changes.len() {
            let (Some(change), Some(regressors)) = (self.change(step), self.regressors(step, None)) else { continue };
            let mut left = change.clone();
            for (regressor, coefficient) in regressors.iter().zip(&fit.coefficients) {
                left.iter_mut().zip(*regressor).for_each(|(left, value)| *left -= coefficient * value);
            }
            for ((source, lag), (sum, count)) in tried.iter().zip(&mut sums) {
                if let Some(source) = self.source(*source, step - lag).filter(|change| !change.is_empty()) {
                    (*sum, *count) = (*sum + dot(&left, source), *count + 1);
                }
            }
        }
        let strength = |(sum, count): &(f64, u32)| sum / f64::from((*count).max(1)).sqrt();
        let most = sums.iter().map(strength).fold(0.0, f64::max);
        let alike = tried.iter().zip(&sums).filter(|(_, sums)| most > 0.0 && strength(sums) >= ALIKE * most);
        let first = |(source, lag): &(Source, usize)| (matches!(source, Source::Consensus), *lag);
        alike.map(|(tried, _)| *tried).reduce(|best, one| if first(&one) > first(&best) { one } else { best })
    }

    /// That it follows this source: beside what the mean of the others changed, what changed there then explains more than
    /// nothing, and more than what changed there at any other time.
    fn one_evidence(&self, source: Source, lag: usize) -> Option<Evidence> {
        let moments: Vec<_> = (0..self.changes.len()).map(|step| self.moments(step, Some(source))).collect();
        if moments.iter().flatten().count() < self.search.least_epochs {
            return None;
        }
        let fit = Fit::of(&moments)?;
        let first = self.search.max_lag + 1;
        let then = first + lag;
        let others = (first..=first + self.search.max_lag).filter(|at| *at != then);
        let above = |at: usize| fit.chance(&[(then, 1.0), (at, -1.0)], 0.0);
        let chance = others.clone().map(above).fold(fit.chance(&[(then, 1.0)], 0.0), f64::max);
        let highest = others.map(|at| fit.coefficients[at]).fold(0.0, f64::max);
        let tried = self.changes.validators.len() * self.search.max_lag;
        let score = fit.coefficients[then] - highest;
        Some(Evidence { source, lag, score, p_value: (chance * tried as f64).min(1.0) })
    }

    /// Of two that both convict, what the row is more like; else the one that is less likely by chance.
    fn stronger(&self, all: Evidence, one: Evidence) -> Evidence {
        let both = [all, one].iter().all(|evidence| evidence.p_value * 2.0 < self.search.significance);
        let likeness = |evidence: &Evidence| self.correlation(evidence.source, evidence.lag);
        let second = if both { likeness(&one) > likeness(&all) } else { one.stronger_than(&all) };
        if second { one } else { all }
    }

    /// The chance of such a row, or one more alike, were it no more like the others' in its own epoch than in any before, or
    /// were there a bump that counts.
    fn honest(&self, fit: &Fit) -> f64 {
        let than = |lag: usize| fit.chance(&[(0, 1.0), (lag, -1.0)], 0.0);
        let flat = |lag: usize| fit.chance(&[(lag, -1.0), (lag - 1, 1.0)], -self.search.least_score);
        (1..=self.search.max_lag).flat_map(|lag| [than(lag), flat(lag)]).fold(fit.chance(&[(0, 1.0)], 0.0), f64::max)
    }

    /// The mean of the correlations over epochs in which both changed.
    fn correlation(&self, source: Source, lag: usize) -> f64 {
        let of_step = |step: usize| {
            let (change, other) = (self.change(step)?, self.source(source, step.checked_sub(lag)?)?);
            (!other.is_empty()).then(|| dot(change, other))
        };
        let (sum, count) =
            (0..self.changes.len()).filter_map(of_step).fold((0.0, 0_u32), |(sum, count), one| (sum + one, count + 1));
        sum / f64::from(count.max(1))
    }
}

impl Evidence {
    fn stronger_than(&self, other: &Self) -> bool {
        self.p_value < other.p_value || (self.p_value == other.p_value && self.score > other.score)
    }
}
