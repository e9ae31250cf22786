//! The standings of all miners. Records are the only way in, for a running validator and for a replay alike, and every
//! record is recomputed before it counts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use codec::{Decode, Encode};
use primitives::{Hotkey, Registration, Weights};

use crate::{
    challenge::{Challenge, Seed},
    divergence::Divergence,
    evidence::Evidence,
    incentive::Incentive,
    mechanism::Mechanism,
    outcome::Outcome,
    record::{Header, LOG_VERSION, Landed, Record, Round, Scored, Seal, WeightsRecord},
    registry::Registry,
    score::Score,
    sketch::Sketch,
    stages::{Pairs, Throne, Uptime, WeightMap},
    weights::{Snapshot, plan},
};

mod rejudged;

/// One miner's standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Standing {
    /// What its scores come to.
    pub score: Score,
    /// How often it was scored.
    #[codec(compact)]
    pub answers: u64,
    /// How often it was worth something.
    #[codec(compact)]
    pub successes: u64,
    /// The round in which it was last scored.
    #[codec(compact)]
    pub last_round: u64,
    /// Answers to come that are worth nothing, because an earlier one was false.
    pub barred: u32,
    /// Tasks that it was scored for in that round, a bit each.
    tasks: u64,
    uptime: Uptime,
}

/// What a miner did in the current round, for stages that compare miners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Performance {
    sum: u64,
    answers: u32,
    /// Of its answers, by the places of their tasks.
    pub sketches: BTreeMap<u8, Sketch>,
}

impl Performance {
    /// Of one answer without a sketch.
    #[cfg(test)]
    pub fn of(score: Score) -> Self {
        Self { sum: score.nano().into(), answers: 1, sketches: BTreeMap::new() }
    }

    /// The mean of its scores.
    pub fn score(&self) -> Score {
        Score::ratio(self.sum, u64::from(self.answers) * u64::from(Score::ONE.nano()))
    }
}

/// The standings of all miners by [`Registration`]: a miner that leaves and returns begins anew.
#[derive(Clone, Debug)]
pub struct ScoreTable {
    header: Header,
    mechanism: Mechanism,
    state: State,
}

/// What records change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct State {
    round: Option<Round>,
    epoch: Option<u64>,
    pub standings: BTreeMap<Registration, Standing>,
    weights: Option<Weights>,
    /// Rows that were computed and have not been seen on chain, oldest first. A committed row is seen epochs later.
    waiting: VecDeque<Weights>,
    performances: BTreeMap<Registration, Performance>,
    pub throne: Throne,
    /// Faded wins.
    pub wins: Pairs,
    /// Faded rounds in common, and those of them with answers that are alike.
    pub alike: Pairs,
}

/// Rows that may wait to be seen on chain: more than there are epochs between a commit and its reveal.
const MAX_WAITING: usize = 128;

impl ScoreTable {
    /// An empty table under the rules of a header.
    pub fn new(header: Header, registry: &Registry) -> Result<Self, Divergence> {
        if header.version != LOG_VERSION {
            return Err(Divergence::Version(header.version));
        }
        let mechanism = registry.build(header.rules.incentive())?;
        Ok(Self { header, mechanism, state: State::default() })
    }

    /// An empty table of a mechanism that is there already, and whose rules the header names.
    pub(crate) fn with_mechanism(header: Header, mechanism: Mechanism) -> Self {
        Self { header, mechanism, state: State::default() }
    }

    /// The same table in another state, as [`Self::to_bytes`] said it. None where these are no bytes of a table.
    pub(crate) fn with_state(self, mut bytes: &[u8]) -> Option<Self> {
        let state = codec::DecodeAll::decode_all(&mut bytes).ok()?;
        Some(Self { state, ..self })
    }

    /// All that the records so far have come to.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.state.encode()
    }

    /// Takes the next record in, if it follows from those before; otherwise nothing changes. Seals are about the log and
    /// not about standings: see [`crate::Replay`].
    pub fn apply(&mut self, record: &Record) -> Result<(), Divergence> {
        match record {
            Record::Header(_) => Err(Divergence::SecondHeader),
            Record::Round(round) => self.begin(round),
            Record::Scored(scored) => self.count(scored),
            Record::Weights(record) => self.check_weights(record),
            Record::Landed(landed) => self.check_landed(landed),
            Record::Seal(_) | Record::Anchored(_) => Ok(()),
        }
    }

    /// The challenge of a miner in the current round; none before the first round, or for a task that the rules don't
    /// name.
    pub fn challenge(&self, task: &str, miner: &Hotkey) -> Option<Challenge> {
        self.mechanism.challenge(self.mechanism.task(task)?, &self.seed(miner)?)
    }

    /// The score of an answer under the table's rules.
    pub fn score(&self, evidence: &Evidence) -> Score {
        self.mechanism.score(evidence)
    }

    /// The header of the log.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The mechanism that the rules describe.
    pub fn mechanism(&self) -> &Mechanism {
        &self.mechanism
    }

    /// The rules.
    pub fn incentive(&self) -> &Incentive {
        self.mechanism.incentive()
    }

    /// The current round.
    pub fn round(&self) -> Option<Round> {
        self.state.round
    }

    /// The epoch of the last seal.
    pub fn epoch(&self) -> Option<u64> {
        self.state.epoch
    }

    /// Whether a miner was scored for a task in the current round: after a restart, who remains to be asked.
    pub fn is_scored(&self, miner: &Registration, task: &str) -> bool {
        let bits = self.state.standings.get(miner).map_or(0, |standing| self.tasks_of(standing));
        self.mechanism.task(task).is_some_and(|task| bits & (1 << task) != 0)
    }

    /// The last weights that were computed.
    pub fn last_weights(&self) -> Option<&Weights> {
        self.state.weights.as_ref()
    }

    /// All standings.
    pub fn standings(&self) -> impl ExactSizeIterator<Item = (&Registration, &Standing)> {
        self.state.standings.iter()
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// The standing that counts for weights, with its reliability: none for a miner that was not scored lately, and for the
    /// validator.
    pub(crate) fn standing(&self, miner: &Registration) -> Option<Score> {
        let standing = self.state.standings.get(miner)?;
        let age = self.state.round?.round.saturating_sub(standing.last_round);
        let reliable = self.incentive().reliability.share_ppm(&standing.uptime);
        (age < self.incentive().stale_after_rounds).then_some(standing.score.scaled(reliable))
    }

    fn seed(&self, miner: &Hotkey) -> Option<Seed> {
        let Round { round, block } = self.state.round?;
        Some(Seed { block_hash: block.hash, validator: self.header.validator, round, miner: *miner })
    }

    /// The tasks of the current round that a miner was scored for.
    fn tasks_of(&self, standing: &Standing) -> u64 {
        let current = self.state.round.is_some_and(|round| round.round == standing.last_round);
        if current && standing.answers > 0 { standing.tasks } else { 0 }
    }

    fn begin(&mut self, next: &Round) -> Result<(), Divergence> {
        let last = self.state.round;
        if let Some(last) = last.filter(|last| next.round <= last.round || next.block.number < last.block.number) {
            return Err(Divergence::RoundOrder {
                last: last.round,
                last_block: last.block.number,
                found: next.round,
                block: next.block.number,
            });
        }
        self.close_round();
        self.state.round = Some(*next);
        Ok(())
    }

    /// What the miners of a round did beside each other.
    fn close_round(&mut self) {
        let performances = std::mem::take(&mut self.state.performances);
        if performances.is_empty() {
            return;
        }
        let incentive = self.mechanism.incentive();
        if let WeightMap::KingOfTheHill { margin_ppm, .. } = incentive.weights {
            let scores = performances.iter().map(|(miner, performance)| (*miner, performance.score())).collect();
            self.state.throne.close_round(&scores, margin_ppm);
        }
        incentive.pairwise.close_round(&mut self.state.wins, &performances);
        incentive.duplicates.close_round(&mut self.state.alike, &performances);
    }

    fn check_round(&self, found: u64) -> Result<(), Divergence> {
        match self.state.round.map(|round| round.round) {
            Some(current) if current == found => Ok(()),
            current => Err(Divergence::WrongRound { current, found }),
        }
    }

    fn count(&mut self, scored: &Scored) -> Result<(), Divergence> {
        self.check_round(scored.round)?;
        let Scored { miner, ref evidence, .. } = *scored;
        if miner.hotkey == self.header.validator {
            return Err(Divergence::Oneself);
        }
        let named = self.mechanism.task(&scored.task);
        let derived = named.and_then(|task| Some((task, self.mechanism.challenge(task, &self.seed(&miner.hotkey)?)?)));
        let (task, challenge) = derived.ok_or_else(|| Divergence::Task(scored.task.clone()))?;
        if challenge.digest != scored.challenge {
            return Err(Divergence::Challenge { miner, expected: challenge.digest, found: scored.challenge });
        }
        let sketched = self.incentive().duplicates.looks() && evidence.outcome == Outcome::Ok;
        if !evidence.is_consistent(self.incentive()) || evidence.sketch.is_some() != sketched {
            return Err(Divergence::Evidence { miner, outcome: evidence.outcome });
        }
        let expected = self.score(evidence);
        if expected != scored.score {
            return Err(Divergence::Score { miner, expected, found: scored.score });
        }
        self.credit(miner, task, evidence, expected)
    }

    /// Counts an answer to a task of these rules in the current round, once.
    fn credit(
        &mut self,
        miner: Registration,
        task: usize,
        evidence: &Evidence,
        score: Score,
    ) -> Result<(), Divergence> {
        let current = self.state.round.map_or(0, |round| round.round);
        // A look and no entry: most miners are there, and nothing may change where the answer doesn't count.
        let known = self.state.standings.get_mut(&miner);
        let standing = known.as_deref().copied().unwrap_or_default();
        let tasks = if standing.answers > 0 && standing.last_round == current { standing.tasks } else { 0 };
        if tasks & (1 << task) != 0 {
            let name = self.mechanism.tasks().nth(task).unwrap_or_default();
            return Err(Divergence::Repeated { miner, task: name.to_owned() });
        }

        let incentive = self.mechanism.incentive();
        let barred = standing.barred > 0;
        let failed = evidence.outcome != Outcome::Ok || barred;
        let worth = if barred { Score::ZERO } else { score };
        let mut next = Standing {
            score: incentive.smoothing.step(&standing, worth, failed),
            answers: standing.answers + 1,
            successes: standing.successes + u64::from(!failed),
            last_round: current,
            barred: match evidence.outcome {
                Outcome::WrongOutput | Outcome::BadProof => incentive.gate.penalty_answers,
                _ => standing.barred.saturating_sub(1),
            },
            tasks: tasks | (1 << task),
            ..standing
        };
        incentive.reliability.count(&mut next.uptime, !failed);
        if incentive.compares_miners() {
            let performance = self.state.performances.entry(miner).or_default();
            performance.sum += u64::from(worth.nano());
            performance.answers += 1;
            // Below 64.
            performance.sketches.extend(evidence.sketch.map(|sketch| (task as u8, sketch)));
        }
        match known {
            Some(standing) => *standing = next,
            None => {
                self.state.standings.insert(miner, next);
            }
        }
        Ok(())
    }

    fn check_weights(&mut self, record: &WeightsRecord) -> Result<(), Divergence> {
        self.check_round(record.round)?;
        let plan = plan(self, &record.snapshot)?;
        let expected = plan.row()?;
        if expected != record.weights {
            return Err(Divergence::Weights { expected, found: record.weights.clone() });
        }
        let state = &mut self.state;
        if state.waiting.len() == MAX_WAITING {
            state.waiting.pop_front();
        }
        state.waiting.push_back(expected.clone());
        state.weights = Some(expected);
        state.throne.crown(plan.king);
        self.forget_others(&record.snapshot);
        Ok(())
    }

    /// Who has left never comes back under the same registration.
    fn forget_others(&mut self, snapshot: &Snapshot) {
        let state = &mut self.state;
        let seated: BTreeSet<Registration> = snapshot.seats.iter().map(|seat| seat.registration).collect();
        state.standings.retain(|miner, _| seated.contains(miner));
        state.throne.retain(|miner| seated.contains(miner));
        state.wins.retain(|miner| seated.contains(miner));
        state.alike.retain(|miner| seated.contains(miner));
    }

    /// Rows land in the order in which they were computed; one that is overtaken is lost.
    fn check_landed(&mut self, landed: &Landed) -> Result<(), Divergence> {
        match self.state.waiting.iter().position(|row| *row == landed.weights) {
            Some(at) => {
                self.state.waiting.drain(..=at);
                Ok(())
            }
            None => Err(Divergence::Landed { expected: self.state.weights.clone(), found: landed.weights.clone() }),
        }
    }

    /// A seal follows the ones before it.
    pub(crate) fn check_sealed(&mut self, seal: &Seal) -> Result<(), Divergence> {
        match self.state.epoch {
            Some(last) if seal.epoch <= last => Err(Divergence::SealOrder { last, found: seal.epoch }),
            _ => {
                self.state.epoch = Some(seal.epoch);
                Ok(())
            }
        }
    }
}
