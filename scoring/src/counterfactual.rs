//! "What if": the evidence of a log, judged under other rules than those it was written by.
//!
//! It answers what a log can answer: how the same answers would have been judged, scored and weighed. Whatever the logged
//! rules decided before an answer was seen, or kept no number of, is refused.

use std::collections::BTreeMap;

use primitives::Weights;

use crate::{
    divergence::Divergence,
    incentive::Incentive,
    plugin::Plugin,
    record::{Header, Record, Round},
    registry::Registry,
    rules::Rules,
    stages::{Gate, Verifies},
    table::ScoreTable,
    weights::{NoWeights, Share, Snapshot},
};

/// A log so far under other rules. Its records must be those that a [`crate::Replay`] has accepted. Its size is that of the
/// subnet, however long the log.
#[derive(Clone, Debug)]
pub struct WhatIf {
    table: ScoreTable,
    never_asked: Vec<String>,
    left_out: BTreeMap<String, u64>,
}

/// A row of the log, and what the other rules have in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reweighed<'a> {
    /// The round after which it was computed.
    pub round: u64,
    /// The subnet that it was for.
    pub snapshot: &'a Snapshot,
    /// As it was logged.
    pub logged: &'a Weights,
    /// Under the other rules, seat by seat in the snapshot's order.
    pub other: Result<Vec<Share>, NoWeights>,
}

/// Why a log says nothing about other rules.
#[derive(Debug, thiserror::Error)]
pub enum Unanswerable {
    /// The log, or the rules, make no sense.
    #[error(transparent)]
    Diverged(#[from] Divergence),
    /// Answers that were compared with the model, and rules that judge texts.
    #[error(
        "the log verified the model and kept no marks of texts: rules with gate.verifies = \"answer\" can't judge it"
    )]
    Unmarked,
    /// Answers that were marked by their text, and rules that judge who gave them.
    #[error(
        "the log verified answers by their texts and compared none with a model: rules with gate.verifies = \"model\" \
         can't judge it"
    )]
    Uncompared,
    /// Texts that another scorer marked; the log keeps its marks, not the texts.
    #[error("the log keeps the marks of the scorer {logged:?}, not the texts, and the other rules have {other:?}")]
    OtherMarks {
        /// The log's scorer with its settings, as JSON.
        logged: String,
        /// The other one.
        other: String,
    },
    /// Rules that look for copies.
    #[error("the log kept no sketches of answers: rules that look for duplicates can't judge it")]
    Unsketched,
    /// Copies are looked for among answers that were wrong by the log's gate, and so were not sketched.
    #[error(
        "the log sketched no answers with marks below its gate.mark_gate_ppm of {logged}: duplicates can't be found with \
         one of {other}"
    )]
    SketchedAbove {
        /// The log's.
        logged: u32,
        /// The other rules'.
        other: u32,
    },
    /// A number with which answers were counted or chosen when they were seen.
    #[error("the log was counted with {field} = {logged}: it can't say what {other} would have given")]
    Counted {
        /// Which setting.
        field: &'static str,
        /// The log's.
        logged: u32,
        /// The other rules'.
        other: u32,
    },
    /// The weaker check is accepted by one of them only.
    #[error(
        "the log was counted with gate.logprob_share_ppm = {logged}: it can't say what the check of tokens, or of \
         probabilities, would have given with {other}"
    )]
    WeakerCheck {
        /// The log's.
        logged: u32,
        /// The other rules'.
        other: u32,
    },
    /// Other questions.
    #[error("the log was asked with {field} {logged}: it can't say what would have been answered with {other}")]
    Asked {
        /// Which setting.
        field: String,
        /// The log's, as JSON.
        logged: String,
        /// The other rules', as JSON.
        other: String,
    },
    /// Nothing of the log counts.
    #[error("the log asked {asked}, and the other rules name none of it")]
    NoTask {
        /// The log's tasks.
        asked: String,
    },
}

impl WhatIf {
    /// Before the first record after a log's header. The log's thresholds of proofs, which come from a calibration and not
    /// from settings, hold under the other rules too.
    pub fn begin(header: &Header, other: &Incentive, registry: &Registry) -> Result<Self, Unanswerable> {
        let logged = header.rules.incentive();
        let other = Incentive { proof: logged.proof.clone(), ..other.clone() };
        judges_alike(logged, &other)?;
        counts_alike(&logged.gate, &other.gate, logged)?;
        asks_alike(logged, &other)?;
        let names = |task: &&Plugin| logged.tasks.iter().all(|asked| asked.kind != task.kind);
        let never_asked = other.tasks.iter().filter(names).map(|task| task.kind.clone()).collect();
        let table = ScoreTable::new(Header { rules: Rules::from(other), ..header.clone() }, registry)?;
        Ok(Self { table, never_asked, left_out: BTreeMap::new() })
    }

    /// The next record of the log. At a row of weights, that row and the other rules'.
    pub fn take<'a>(&mut self, record: &'a Record) -> Result<Option<Reweighed<'a>>, Divergence> {
        match record {
            Record::Scored(scored) => {
                if !self.table.rejudge(scored)? {
                    *self.left_out.entry(scored.task.clone()).or_default() += 1;
                }
            }
            Record::Weights(record) => {
                let other = self.table.reweigh(record)?;
                let (snapshot, logged) = (&record.snapshot, &record.weights);
                return Ok(Some(Reweighed { round: record.round, snapshot, logged, other }));
            }
            Record::Header(_) | Record::Round(Round { .. }) => self.table.apply(record)?,
            Record::Landed(_) | Record::Seal(_) | Record::Anchored(_) => {}
        }
        Ok(None)
    }

    /// The standings under the other rules. Its last weights are the last ones that these rules had.
    pub fn table(&self) -> &ScoreTable {
        &self.table
    }

    /// Tasks of the other rules that the log's rules don't name: they count for nothing.
    pub fn never_asked(&self) -> &[String] {
        &self.never_asked
    }

    /// How many answers to tasks that the other rules don't name were left out, by task.
    pub fn left_out(&self) -> &BTreeMap<String, u64> {
        &self.left_out
    }
}

fn judges_alike(logged: &Incentive, other: &Incentive) -> Result<(), Unanswerable> {
    match (logged.gate.verifies, other.gate.verifies) {
        (Verifies::Model, Verifies::Answer) => return Err(Unanswerable::Unmarked),
        (Verifies::Answer, Verifies::Model) => return Err(Unanswerable::Uncompared),
        (Verifies::Answer, Verifies::Answer) if logged.quality != other.quality => {
            return Err(Unanswerable::OtherMarks { logged: json(&logged.quality), other: json(&other.quality) });
        }
        _ => {}
    }
    let gates = (logged.gate.mark_gate_ppm, other.gate.mark_gate_ppm);
    match (other.duplicates.looks(), logged.duplicates.looks()) {
        (true, false) => Err(Unanswerable::Unsketched),
        (true, true) if gates.1 < gates.0 => Err(Unanswerable::SketchedAbove { logged: gates.0, other: gates.1 }),
        _ => Ok(()),
    }
}

/// That the numbers in the log's checks are the ones that the other rules would have taken.
fn counts_alike(logged: &Gate, other: &Gate, rules: &Incentive) -> Result<(), Unanswerable> {
    let same = |field, logged, other| match logged == other {
        true => Ok(()),
        false => Err(Unanswerable::Counted { field, logged, other }),
    };
    same("gate.audit_probability_ppm", logged.audit_probability_ppm, other.audit_probability_ppm)?;
    if logged.verifies == Verifies::Answer {
        return Ok(());
    }
    if rules.proof.is_none() {
        same("gate.margin_tolerance_micro", logged.margin_tolerance_micro, other.margin_tolerance_micro)?;
    }
    match (logged.logprob_share_ppm, other.logprob_share_ppm) {
        (0, 0) => Ok(()),
        // Where proofs are demanded, an answer with probabilities in the place of one fails without them.
        (1.., 0) if rules.proof.is_some() => Ok(()),
        (0, 1..) | (1.., 0) => {
            Err(Unanswerable::WeakerCheck { logged: logged.logprob_share_ppm, other: other.logprob_share_ppm })
        }
        (1.., 1..) => {
            same("gate.logprob_tolerance_micro", logged.logprob_tolerance_micro, other.logprob_tolerance_micro)
        }
    }
}

/// That the questions are the ones that the other rules would have asked, of the tasks that both name.
fn asks_alike(logged: &Incentive, other: &Incentive) -> Result<(), Unanswerable> {
    let asked = |field: String, logged, other| Unanswerable::Asked { field, logged, other };
    if logged.same_question != other.same_question {
        let (logged, other) = (logged.same_question.to_string(), other.same_question.to_string());
        return Err(asked("same_question =".into(), logged, other));
    }
    let both = |task: &Plugin| other.tasks.iter().find(|other| other.kind == task.kind).cloned();
    let mut common = logged.tasks.iter().filter_map(|task| Some((task, both(task)?))).peekable();
    if common.peek().is_none() {
        let names: Vec<&str> = logged.tasks.iter().map(|task| &*task.kind).collect();
        return Err(Unanswerable::NoTask { asked: names.join(", ") });
    }
    match common.find(|(task, other)| **task != *other) {
        Some((task, other)) => Err(asked("the task".into(), json(task), json(&other))),
        None => Ok(()),
    }
}

fn json(plugin: &Plugin) -> String {
    serde_json::to_string(plugin).unwrap_or_else(|_| plugin.kind.clone())
}
