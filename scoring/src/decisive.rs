//! Which answers made the difference between two rules.
//!
//! A standing is a weighted sum of a miner's answers: each new one moves it, and what was there before fades by what that one
//! leaves of it. So the part of a standing that a single answer still makes up is known exactly, under either rules; where the
//! parts differ most, the difference was decided.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use primitives::Registration;
use serde::Serialize;

use crate::{
    record::Scored,
    table::{ScoreTable, Standing},
    weights::Snapshot,
};

/// The answers of each miner that tell two tables of the same log apart. Its size is that of the subnet, however long the log.
#[derive(Clone, Debug)]
pub struct Decisive {
    most: usize,
    miners: BTreeMap<Registration, Tracked>,
}

/// An answer, and what it still is of its miner's standing: `before` by one table's rules, `after` by the other's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecisiveAnswer {
    /// Its record.
    pub record: u64,
    /// Its round.
    pub round: u64,
    /// Whose it is.
    pub miner: Registration,
    /// Its task.
    pub task: String,
    /// What it was worth by itself, of 1.
    pub score_before: f64,
    /// And by the other rules.
    pub score_after: f64,
    /// Its part of the standing, of 1.
    pub part_before: f64,
    /// And by the other rules.
    pub part_after: f64,
}

#[derive(Clone, Debug, Default)]
struct Tracked {
    standings: [Standing; 2],
    answers: Vec<DecisiveAnswer>,
}

impl Decisive {
    /// Keeps so many answers of each miner.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), miners: BTreeMap::new() }
    }

    /// The next answer of the log, which both tables have taken.
    pub fn take(&mut self, record: u64, scored: &Scored, before: &ScoreTable, after: &ScoreTable) {
        let tracked = self.miners.entry(scored.miner).or_default();
        let mut parts = [0.0; 2];
        for (side, table) in [before, after].into_iter().enumerate() {
            let Some(now) = table.state().standings.get(&scored.miner) else { continue };
            let was = std::mem::replace(&mut tracked.standings[side], *now);
            // Its task isn't one of these rules'.
            if was.answers == now.answers {
                continue;
            }
            let kept = table.incentive().smoothing.keeps(&was, was.successes == now.successes);
            for answer in &mut tracked.answers {
                *answer.part(side) *= kept;
            }
            parts[side] = now.score.as_f64() - kept * was.score.as_f64();
        }
        let score = |table: &ScoreTable| table.score(&scored.evidence.under(table.incentive())).as_f64();
        tracked.answers.push(DecisiveAnswer {
            record,
            round: scored.round,
            miner: scored.miner,
            task: scored.task.clone(),
            score_before: scored.score.as_f64(),
            score_after: if after.mechanism().task(&scored.task).is_some() { score(after) } else { 0.0 },
            part_before: parts[0],
            part_after: parts[1],
        });
        if tracked.answers.len() > self.most {
            let least = (0..tracked.answers.len()).max_by(|a, b| tracked.answers[*a].order(&tracked.answers[*b]));
            least.map(|at| tracked.answers.remove(at));
        }
    }

    /// Who has no seat is forgotten, as by the tables.
    pub fn retain(&mut self, snapshot: &Snapshot) {
        let seated: BTreeSet<Registration> = snapshot.seats.iter().map(|seat| seat.registration).collect();
        self.miners.retain(|miner, _| seated.contains(miner));
    }

    /// The answers that made most of a difference so far, the largest first, and of each miner no more than some. Where the
    /// standings are the same under both rules, those that make up most of them.
    pub fn largest(&self, most: usize, of_each: usize) -> Vec<DecisiveAnswer> {
        let mut answers = Vec::new();
        for tracked in self.miners.values() {
            let mut own: Vec<&DecisiveAnswer> = tracked.answers.iter().collect();
            own.sort_by(|a, b| a.order(b));
            answers.extend(own.into_iter().take(of_each));
        }
        answers.sort_by(|a, b| a.order(b));
        answers.into_iter().take(most).cloned().collect()
    }
}

impl DecisiveAnswer {
    /// How much more of the standing it is by the other rules, of 1.
    pub fn difference(&self) -> f64 {
        self.part_after - self.part_before
    }

    fn part(&mut self, side: usize) -> &mut f64 {
        if side == 0 { &mut self.part_before } else { &mut self.part_after }
    }

    /// By what it decides, and what it decides alike by its size; later ones first.
    fn order(&self, other: &Self) -> Ordering {
        let size = |answer: &Self| answer.part_before.abs().max(answer.part_after.abs());
        let apart = other.difference().abs().total_cmp(&self.difference().abs());
        apart.then(size(other).total_cmp(&size(self))).then(other.record.cmp(&self.record))
    }
}
