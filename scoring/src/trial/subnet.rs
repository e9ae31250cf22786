//! A made-up subnet: miners of a given worth, scored by the stages of real rules.

use std::sync::Arc;

use primitives::{
    BlockHash, BlockRef, Digest, GenerateRequest, Hotkey, MechId, NetUid, Prompt, Registration, Request, Sampling, Uid,
};

use crate::{
    challenge::{Question, Task},
    divergence::Divergence,
    evidence::{Check, Evidence},
    incentive::Incentive,
    mechanism::Mechanism,
    record::{Header, LOG_VERSION, Record, Round, Scored, WeightsRecord},
    rehearsal::{Act as Deed, Answer},
    score::{PPM, Score},
    scorer::{Needs, Scorer},
    stages::Pairwise,
    stream::Choices,
    table::ScoreTable,
    weights::{NoWeights, Seat, Share, Snapshot, shares, weights},
};

/// Where a tournament is held, answers are so much better or worse than a miner's own score, in millionths of the best:
/// an order that no question ever changes has no strengths.
const VARIES_PPM: u64 = 250_000;
/// Tokens of a made-up answer.
const TOKENS: u32 = 32;
const VALIDATOR: Hotkey = Hotkey([0xff; 32]);
const OWNER: Hotkey = Hotkey([0xfe; 32]);

/// What a miner does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Answers at once, so well, and says what all miners of this voice say.
    Answer { score: Score, voice: u16 },
    /// Doesn't answer in time.
    Fail,
    /// Is found to have answered falsely.
    Cheat,
    /// Isn't asked: it announces no endpoint.
    Withdraw,
}

/// A question that costs nothing to make.
struct Blank;

/// Finds an answer as good as it says that it is.
struct Dial;

/// One validator's view of a made-up subnet.
#[derive(Clone)]
pub(super) struct Subnet {
    table: ScoreTable,
    /// Whether a miner's answers are better and worse from round to round.
    varies: bool,
}

impl Task for Blank {
    fn question(&self, _: &mut Choices) -> Question {
        Request::Generate(GenerateRequest::new(Prompt::Text(String::new()), TOKENS, Sampling::at(1_000))).into()
    }
}

impl Scorer for Dial {
    fn needs(&self) -> Needs {
        Needs::Text
    }

    fn grade(&self, check: &Check, _: &Evidence) -> Score {
        let nano = match *check {
            Check::Tokens { margin_micro, .. } | Check::Proven { margin_micro, .. } => margin_micro,
            Check::Marked { mark, .. } => mark.nano().into(),
            _ => 0,
        };
        Score::ratio(nano, Score::ONE.nano().into())
    }
}

/// The miner of a number: the higher, the later it came.
pub(super) fn miner(number: u16) -> Registration {
    let mut hotkey = [0; 32];
    hotkey[..2].copy_from_slice(&number.to_be_bytes());
    Registration { hotkey: Hotkey(hotkey), block: 100 + u64::from(number) }
}

impl Subnet {
    /// Nobody was asked yet. Tasks and scorer are such that each answer is worth what is wanted; all else is the rules',
    /// which are those of the mechanism or much like them.
    pub fn new(mechanism: &Mechanism, incentive: &Incentive) -> Self {
        let header = Header {
            version: LOG_VERSION,
            genesis: BlockHash([0; 32]),
            netuid: NetUid(1),
            mech: MechId(0),
            validator: VALIDATOR,
            rules: incentive.clone().into(),
        };
        let mechanism = mechanism.with_parts(incentive.clone(), Arc::new(Blank), Arc::new(Dial));
        let varies = incentive.pairwise != (Pairwise::None {});
        Self { table: ScoreTable::with_mechanism(header, mechanism), varies }
    }

    /// The same where every answer of a miner is equally good.
    pub fn steady(self) -> Self {
        Self { varies: false, ..self }
    }

    /// A round in which these miners are asked, in this order.
    pub fn round(&mut self, acts: impl IntoIterator<Item = (u16, Act)>) -> Result<(), Divergence> {
        let round = self.table.round().map_or(0, |round| round.round + 1);
        let block = BlockRef { number: 10 * round, hash: BlockHash(Digest::of(&round.to_le_bytes()).0) };
        self.table.apply(&Record::Round(Round { round, block }))?;
        let task = self.table.mechanism().turn(round).to_owned();
        for (number, act) in acts {
            let miner = miner(number);
            let Some(challenge) = self.table.challenge(&task, &miner.hotkey) else { continue };
            let act = if self.varies { varied(act, round) } else { act };
            let Some(deed) = deed(act) else { continue };
            let evidence = deed.evidence(self.table.incentive(), round);
            let scored = Scored {
                round,
                miner,
                task: task.clone(),
                challenge: challenge.digest,
                request_digest: None,
                response_digest: None,
                score: self.table.score(&evidence),
                evidence,
            };
            self.table.apply(&Record::Scored(Box::new(scored)))?;
        }
        Ok(())
    }

    /// So many rounds in which each miner does the same.
    pub fn rounds(&mut self, rounds: u64, acts: &[(u16, Act)]) -> Result<(), Divergence> {
        (0..rounds).try_for_each(|_| self.round(acts.iter().copied()))
    }

    /// The row over these miners, beside the validator and the seat that is burnt; the miners in their order.
    pub fn row(&self, miners: &[u16]) -> Result<Vec<Share>, NoWeights> {
        shares(&self.table, &self.snapshot(miners))
    }

    /// The same, written down: a king is crowned by it, and who isn't seated is forgotten.
    pub fn crown(&mut self, miners: &[u16]) -> Result<(), Divergence> {
        let snapshot = self.snapshot(miners);
        let Ok(weights) = weights(&self.table, &snapshot) else { return Ok(()) };
        let round = self.table.round().map_or(0, |round| round.round);
        self.table.apply(&Record::Weights(Box::new(WeightsRecord { round, snapshot, weights, version_key: 0 })))
    }

    fn snapshot(&self, miners: &[u16]) -> Snapshot {
        let burnt = self.table.incentive().limits.burn();
        let mut free = (0..).map(Uid).filter(|uid| Some(*uid) != burnt);
        let seated = miners.iter().map(|number| miner(*number));
        let own = Registration { hotkey: VALIDATOR, block: 1 };
        let seats = seated.chain([own]).zip(&mut free).map(|(registration, uid)| Seat { uid, registration });
        let owner = burnt.map(|uid| Seat { uid, registration: Registration { hotkey: OWNER, block: 0 } });
        let block = self.table.round().map_or(BlockRef { number: 0, hash: BlockHash([0; 32]) }, |round| round.block);
        Snapshot { block, seats: seats.chain(owner).collect(), min_allowed_weights: 1 }
    }
}

/// The same a little better or worse; copies alike.
fn varied(act: Act, round: u64) -> Act {
    let Act::Answer { score, voice } = act else { return act };
    let text = [&round.to_le_bytes()[..], &voice.to_le_bytes()].concat();
    let drawn = u64::from(u16::from_le_bytes([Digest::of(&text).0[0], Digest::of(&text).0[1]]));
    let whole = u64::from(Score::ONE.nano());
    let most = whole / PPM * VARIES_PPM;
    let moved = (u64::from(score.nano()) + 2 * most * drawn / u64::from(u16::MAX)).saturating_sub(most);
    let score = if score == Score::ZERO { score } else { Score::ratio(moved, whole) };
    Act::Answer { score, voice }
}

/// What it does when it is asked; nothing where it isn't.
fn deed(act: Act) -> Option<Deed> {
    match act {
        Act::Withdraw => None,
        Act::Fail => Some(Deed::Fail),
        Act::Cheat => Some(Deed::Cheat),
        Act::Answer { score, voice } => Some(Deed::Answer(answer(score, voice))),
    }
}

/// An answer that passes its check, with its worth where the dial reads it.
fn answer(score: Score, voice: u16) -> Answer {
    let dialled = Answer::at_once(TOKENS, Score::ONE);
    Answer { margin_micro: score.nano().into(), mark: score, voice: voice.into(), ..dialled }
}

/// The scores of right answers under the rules, the worst and the best: as slow and as little like the expected one as
/// passes, and at once and wholly right.
pub(super) fn right_answers(mechanism: &Mechanism) -> (Score, Score) {
    let incentive = mechanism.incentive();
    let gate = &incentive.gate;
    let least_matched = (u64::from(TOKENS) * u64::from(gate.match_gate_ppm)).div_ceil(PPM) as u32;
    let least_mark = Score::from_nano(gate.mark_gate_ppm.saturating_mul(1_000)).unwrap_or(Score::ONE);
    let of = |matched, mark, latency_us| {
        let answer = Answer { matched, margin_micro: 0, latency_us, first_token_us: latency_us / 2, ..answer(mark, 0) };
        mechanism.score(&Deed::Answer(answer).evidence(incentive, 0))
    };
    (of(least_matched, least_mark, u64::MAX), of(TOKENS, Score::ONE, 0))
}
