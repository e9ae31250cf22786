//! The standings of all miners. Records are the only way in, for a running validator and for a replay alike, and every
//! record is recomputed before it counts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use primitives::{Digest, Hotkey, Registration, Weights};

use crate::{
    challenge::{Challenge, Seed},
    config::{ConfigError, ScoringConfig},
    evidence::Evidence,
    outcome::Outcome,
    record::{Header, LOG_VERSION, Landed, Record, Round, Scored, WeightsRecord},
    registry::Registry,
    score::Score,
    weights::{NoWeights, weights},
};

/// Why a record does not follow from those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// A log of another version.
    #[error("the log has version {0}; this program reads version {LOG_VERSION}")]
    Version(u32),
    /// Rules that make no sense here.
    #[error("the rules in the header make no sense")]
    Config(#[from] ConfigError),
    /// Something else where the header must be.
    #[error("the log begins with a {0} record, not with its header")]
    NoHeader(&'static str),
    /// A header in the middle.
    #[error("a second header")]
    SecondHeader,
    /// Rounds or their blocks run backwards.
    #[error("round {found} at block {block} follows round {last} at block {last_block}")]
    RoundOrder {
        /// The round before.
        last: u64,
        /// Its block.
        last_block: u64,
        /// This round.
        found: u64,
        /// Its block.
        block: u64,
    },
    /// A record of a round that is not the current one.
    #[error("a record of round {found} in round {current:?}")]
    WrongRound {
        /// The current round, if one began.
        current: Option<u64>,
        /// The record's.
        found: u64,
    },
    /// A task that the rules don't name.
    #[error("the rules know no task {0:?}")]
    Task(String),
    /// The validator does not score itself.
    #[error("the validator scored itself")]
    Oneself,
    /// One miner scored twice for one task in one round.
    #[error("{miner} was scored twice for {task} in this round")]
    Repeated {
        /// Whom.
        miner: Registration,
        /// For what.
        task: String,
    },
    /// Another challenge than the seed gives: the validator chose it.
    #[error("the challenge of {miner} is {found}, but the seed gives {expected}")]
    Challenge {
        /// Who was asked.
        miner: Registration,
        /// What the seed gives.
        expected: Digest,
        /// What the record says.
        found: Digest,
    },
    /// An outcome that does not follow from the check.
    #[error("the outcome {outcome} of {miner} does not follow from its evidence")]
    Evidence {
        /// Whose.
        miner: Registration,
        /// The outcome in the record.
        outcome: Outcome,
    },
    /// Another score than the evidence gives.
    #[error("the score of {miner} is {found}, but the evidence gives {expected}")]
    Score {
        /// Whose.
        miner: Registration,
        /// What the evidence gives.
        expected: Score,
        /// What the record says.
        found: Score,
    },
    /// Other weights than the standings give.
    #[error("the weights are {found:?}, but the standings give {expected:?}")]
    Weights {
        /// What the standings give.
        expected: Weights,
        /// What the record says.
        found: Weights,
    },
    /// Weights where the standings give none.
    #[error("weights were set where there are none")]
    NoWeights(#[from] NoWeights),
    /// A row on chain that was not computed, or that was seen there before.
    #[error("the chain holds {found:?}, which does not wait to be seen there; the last weights were {expected:?}")]
    Landed {
        /// The last weights, if any.
        expected: Option<Weights>,
        /// The chain's.
        found: Weights,
    },
}

/// One miner's standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Moving average of its scores.
    pub score: Score,
    /// How often it was scored.
    pub challenges: u64,
    /// How often it failed.
    pub failures: u64,
    /// The round in which it was last scored.
    pub last_round: u64,
    /// Answers to come that are worth nothing, because an earlier one was false.
    pub barred: u32,
}

/// The standings of all miners by [`Registration`]: a miner that leaves and returns begins anew.
#[derive(Clone, Debug)]
pub struct ScoreTable {
    header: Header,
    registry: Registry,
    round: Option<Round>,
    scored: BTreeSet<(Registration, String)>,
    standings: BTreeMap<Registration, Standing>,
    weights: Option<Weights>,
    /// Rows that were computed and have not been seen on chain, oldest first. A committed row is seen epochs later.
    waiting: VecDeque<Weights>,
}

/// Rows that may wait to be seen on chain: more than there are epochs between a commit and its reveal.
const MAX_WAITING: usize = 128;

impl ScoreTable {
    /// An empty table under the rules of a header.
    pub fn new(header: Header, registry: Registry) -> Result<Self, Divergence> {
        if header.version != LOG_VERSION {
            return Err(Divergence::Version(header.version));
        }
        registry.check(&header.config)?;
        let (standings, scored, waiting) = Default::default();
        Ok(Self { header, registry, round: None, scored, standings, weights: None, waiting })
    }

    /// Takes the next record in, if it follows from those before; otherwise nothing changes.
    pub fn apply(&mut self, record: &Record) -> Result<(), Divergence> {
        match record {
            Record::Header(_) => Err(Divergence::SecondHeader),
            Record::Round(round) => self.begin(round),
            Record::Scored(scored) => self.count(scored),
            Record::Weights(record) => self.check_weights(record),
            Record::Landed(landed) => self.check_landed(landed),
        }
    }

    /// The challenge of a miner in the current round; none before the first round, or for a task that the rules don't
    /// name.
    pub fn challenge(&self, task: &str, miner: &Hotkey) -> Option<Challenge> {
        let Round { round, block } = self.round?;
        let named = self.config().tasks.iter().any(|name| name == task);
        let task = named.then(|| self.registry.task(task))??;
        let seed = Seed { block_hash: block.hash, validator: self.header.validator, round, miner: *miner };
        Some(task.derive(&seed))
    }

    /// The score of an answer under the table's rules.
    pub fn score(&self, evidence: &Evidence) -> Score {
        let scorer = self.registry.scorer(&self.config().scorer);
        scorer.map_or(Score::ZERO, |scorer| scorer.score(evidence, self.config()))
    }

    /// The header of the log.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The rules.
    pub fn config(&self) -> &ScoringConfig {
        &self.header.config
    }

    /// The current round.
    pub fn round(&self) -> Option<Round> {
        self.round
    }

    /// Whether a miner was scored for a task in the current round: after a restart, who remains to be asked.
    pub fn is_scored(&self, miner: &Registration, task: &str) -> bool {
        self.scored.contains(&(*miner, task.to_owned()))
    }

    /// The last weights that were computed.
    pub fn last_weights(&self) -> Option<&Weights> {
        self.weights.as_ref()
    }

    /// All standings.
    pub fn standings(&self) -> impl ExactSizeIterator<Item = (&Registration, &Standing)> {
        self.standings.iter()
    }

    /// The score that counts for weights: none for a miner that was not scored lately, and for the validator.
    pub(crate) fn standing(&self, miner: &Registration) -> Option<Score> {
        let standing = self.standings.get(miner)?;
        let age = self.round?.round.saturating_sub(standing.last_round);
        (age < self.config().stale_after_rounds).then_some(standing.score)
    }

    fn begin(&mut self, next: &Round) -> Result<(), Divergence> {
        if let Some(last) = self.round.filter(|last| next.round <= last.round || next.block.number < last.block.number)
        {
            return Err(Divergence::RoundOrder {
                last: last.round,
                last_block: last.block.number,
                found: next.round,
                block: next.block.number,
            });
        }
        self.round = Some(*next);
        self.scored.clear();
        Ok(())
    }

    fn check_round(&self, found: u64) -> Result<(), Divergence> {
        match self.round.map(|round| round.round) {
            Some(current) if current == found => Ok(()),
            current => Err(Divergence::WrongRound { current, found }),
        }
    }

    fn count(&mut self, scored: &Scored) -> Result<(), Divergence> {
        self.check_round(scored.round)?;
        let miner = scored.miner;
        if miner.hotkey == self.header.validator {
            return Err(Divergence::Oneself);
        }
        let challenge = self.challenge(&scored.task, &miner.hotkey);
        let expected = challenge.ok_or_else(|| Divergence::Task(scored.task.clone()))?.digest;
        if expected != scored.challenge {
            return Err(Divergence::Challenge { miner, expected, found: scored.challenge });
        }
        if !scored.evidence.is_consistent(self.config()) {
            return Err(Divergence::Evidence { miner, outcome: scored.evidence.outcome });
        }
        let expected = self.score(&scored.evidence);
        if expected != scored.score {
            return Err(Divergence::Score { miner, expected, found: scored.score });
        }
        let key = (miner, scored.task.clone());
        if self.scored.contains(&key) {
            return Err(Divergence::Repeated { miner, task: key.1 });
        }

        self.scored.insert(key);
        let failed = scored.evidence.outcome != Outcome::Ok;
        let config = &self.header.config;
        let standing = self.standings.entry(miner).or_default();
        let barred = standing.barred > 0;
        let rate = if failed || barred { config.failure_rate_ppm } else { config.success_rate_ppm };
        let worth = if barred { Score::ZERO } else { scored.score };
        standing.score = standing.score.step_towards(worth, rate.into());
        standing.barred = match scored.evidence.outcome {
            Outcome::WrongOutput | Outcome::BadProof => config.penalty_answers,
            _ => standing.barred.saturating_sub(1),
        };
        standing.challenges += 1;
        standing.failures += u64::from(failed);
        standing.last_round = scored.round;
        Ok(())
    }

    fn check_weights(&mut self, record: &WeightsRecord) -> Result<(), Divergence> {
        self.check_round(record.round)?;
        let expected = weights(self, &record.snapshot)?;
        if expected != record.weights {
            return Err(Divergence::Weights { expected, found: record.weights.clone() });
        }
        if self.waiting.len() == MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(expected.clone());
        self.weights = Some(expected);
        // Who has left never comes back under the same registration.
        let seated: BTreeSet<Registration> = record.snapshot.seats.iter().map(|seat| seat.registration).collect();
        self.standings.retain(|miner, _| seated.contains(miner));
        Ok(())
    }

    /// Rows land in the order in which they were computed; one that is overtaken is lost.
    fn check_landed(&mut self, landed: &Landed) -> Result<(), Divergence> {
        match self.waiting.iter().position(|row| *row == landed.weights) {
            Some(at) => {
                self.waiting.drain(..=at);
                Ok(())
            }
            None => Err(Divergence::Landed { expected: self.weights.clone(), found: landed.weights.clone() }),
        }
    }
}
