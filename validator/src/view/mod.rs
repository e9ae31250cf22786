//! What is shown of a running validator: reliability in the metrics, and all else on the dashboard. It decides nothing.

mod clock;
#[cfg(test)]
mod endurance;
mod history;
mod seats;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chain::Client;
use dashboard::{Board, Head, Progress, Pulse, Skipped as NoRow, Submission as Line};
use primitives::{BlockNumber, BlockRef, Hyperparameters, Metagraph, MetagraphRows, Registration, Uid};
use scoring::{Record, Round, ScoreTable, reliability::Ledger};

use crate::{
    config::Config,
    journal::{State, Submission},
    metrics,
    store::Store,
    unix_time::unix_ms,
    view::{clock::Clock, history::History},
    weights_job::Skipped,
};

/// Submissions that are shown.
const SUBMISSIONS: usize = 32;
/// Where a node doesn't say how long blocks take.
const BLOCK_MS: u64 = 12_000;

/// Where the loops of a validator say what happens. Clones are the same view.
#[derive(Clone)]
pub(crate) struct View(Arc<Inner>);

struct Inner {
    board: Board,
    /// Whether anybody can look: else parts that take work are not made.
    shown: bool,
    chain: Pulse,
    rounds: Pulse,
    weights: Pulse,
    clock: Clock,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    ledger: Ledger,
    history: History,
    submissions: Vec<Submission>,
    /// How busy miners say that they are, in millionths of their places.
    capacity: BTreeMap<Registration, u32>,
    epoch_index: Option<u64>,
    /// Seats whose figures the metrics hold.
    measured: BTreeSet<Uid>,
    /// What the rows on chain that were read last belong to.
    rows_of: Option<Rows>,
}

/// What rows on chain change with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    epoch_index: Option<u64>,
    last_updates: Vec<BlockNumber>,
}

/// A round that is written.
pub(crate) struct Over {
    pub records: Vec<Record>,
    pub metagraph: Metagraph,
    /// The standings after it.
    pub table: ScoreTable,
    pub began_unix_ms: u64,
    pub took: Duration,
}

impl View {
    /// That nobody looks at.
    pub fn unseen(config: &Config, board: Board) -> Self {
        Self::with(config, board, false, Clock::new(0, BLOCK_MS))
    }

    /// Of a validator with this store: what the last seven days left in it is known from the start.
    pub async fn new(config: &Config, chain: &Client, board: Board, store: Store) -> (Self, Store) {
        if config.dashboard_listen.is_none() && config.metrics_listen.is_none() {
            return (Self::unseen(config, board), store);
        }
        let clock = match chain.block_clock(None).await {
            Ok(clock) => Clock::new(clock.block.number, clock.block_ms),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the chain doesn't say how long blocks take");
                Clock::new(store.last_round().map_or(0, |round| round.block.number), BLOCK_MS)
            }
        };
        let view = Self::with(config, board, true, clock);
        let url = bare(chain.url());
        view.live(|live| (live.chain_url, live.block_ms) = (Some(url), Some(clock.block_ms())));
        let remembered = view.clone();
        match tokio::task::spawn_blocking(move || (remembered.remember(&store), store)).await {
            Ok((read, store)) => {
                if let Err(error) = read {
                    tracing::error!(%error, "what miners did before the start can't be read");
                }
                (view, store)
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn with(config: &Config, board: Board, shown: bool, clock: Clock) -> Self {
        let pulse = |name| board.health().pulse(name, config.stale_after());
        let (chain, rounds, weights) = (pulse("chain"), pulse("rounds"), pulse("weights"));
        Self(Arc::new(Inner { shown, chain, rounds, weights, clock, seen: Mutex::default(), board }))
    }

    /// What a store says of the time before the start.
    fn remember(&self, store: &Store) -> Result<(), crate::StoreError> {
        let clock = self.0.clock;
        let mut seen = self.seen();
        let Seen { ledger, history, submissions, .. } = &mut *seen;
        let mut block = 0;
        store.since(clock.earliest_block(), |record| {
            if let Record::Round(round) = record {
                block = round.block.number;
            }
            ledger.apply(record, clock.second_of(block));
            history.apply(record, clock.unix_ms_of(block));
        })?;
        *submissions = store.submissions()?;
        let verified = submissions.iter().rev().find_map(|submission| match submission.state {
            State::Verified { block } => Some(block),
            _ => None,
        });
        if let Some(block) = verified {
            metrics::verified_at(block.number);
        }
        let old = submissions.len().saturating_sub(SUBMISSIONS);
        submissions.drain(..old);
        // Who sits where, and with them the miners, comes with the first round.
        let (rounds, windows) = (seen.history.rounds(), seats::windows(&seen.ledger, clock.second()));
        drop(seen);
        self.0.board.update(|subnet| {
            subnet.rounds = Arc::new(rounds);
            subnet.windows = Arc::new(windows);
        });
        self.publish_submissions();
        Ok(())
    }

    /// A finalised block.
    pub fn head(&self, head: BlockRef) {
        self.live(|live| {
            if live.head.is_none_or(|known| known.number < head.number) {
                live.head = Some(Head::new(head, unix_ms()));
                self.0.chain.done();
            }
        });
    }

    /// The chain could not be asked for its blocks.
    pub fn chain_failed(&self) {
        metrics::chain_failed();
        self.live(|live| live.chain_errors += 1);
    }

    /// What the loop of rounds says of itself.
    pub fn rounds(&self) -> &Pulse {
        &self.0.rounds
    }

    /// What the loop of weights says of itself.
    pub fn weights(&self) -> &Pulse {
        &self.0.weights
    }

    /// The subnet's rules at a block.
    pub fn rules(&self, head: BlockRef, rules: &Hyperparameters) {
        metrics::tempo(rules.tempo);
        let next = rules.next_epoch_block(head.number);
        self.seen().epoch_index = Some(rules.epoch_index);
        self.live(|live| {
            live.epoch_index = Some(rules.epoch_index);
            live.tempo_blocks = Some(rules.tempo.into());
            live.last_epoch_block = Some(rules.last_epoch_block);
            live.next_epoch_block = next;
            live.commit_reveal = Some(rules.commit_reveal_weights_enabled);
            live.skipped.take_if(|skipped| skipped.epoch_index != rules.epoch_index);
        });
    }

    /// No row for an epoch.
    pub fn skipped(&self, epoch_index: u64, why: &Skipped) {
        let (reason, detail) = (why.as_str().into(), why.to_string());
        self.live(|live| live.skipped = Some(NoRow { epoch_index, reason, detail }));
    }

    /// How far a row got.
    pub fn submission(&self, submission: &Submission) {
        let mut seen = self.seen();
        match seen.submissions.iter_mut().find(|known| known.id == submission.id) {
            Some(known) => known.clone_from(submission),
            None => seen.submissions.push(submission.clone()),
        }
        if seen.submissions.len() > SUBMISSIONS {
            seen.submissions.remove(0);
        }
        drop(seen);
        self.publish_submissions();
    }

    fn publish_submissions(&self) {
        let lines: Vec<Line> = self.seen().submissions.iter().map(line).collect();
        self.0.board.update(|subnet| subnet.submissions = Arc::new(lines));
    }

    /// So many miners are asked in a round.
    pub fn round_began(&self, round: Round, asked: usize, began_unix_ms: u64) {
        let asked = u32::try_from(asked).unwrap_or(u32::MAX);
        let (round, block) = (round.round, round.block.number);
        self.live(|live| live.round = Some(Progress { round, block, started_unix_ms: began_unix_ms, asked, ended: 0 }));
    }

    /// One of them answered, or failed to; and how busy it says that it is, in millionths.
    pub fn miner_ended(&self, miner: Registration, capacity_used_ppm: Option<u32>) {
        self.0.rounds.goes_on();
        if self.0.shown {
            let mut seen = self.seen();
            match capacity_used_ppm {
                Some(ppm) => drop(seen.capacity.insert(miner, ppm)),
                // What it said once may be true no more.
                None => drop(seen.capacity.remove(&miner)),
            }
        }
        self.live(|live| {
            if let Some(round) = &mut live.round {
                round.ended += 1;
            }
        });
    }

    /// There is no round under way, whatever became of it.
    pub fn round_ended(&self) {
        self.live(|live| live.round = None);
    }

    /// What a round came to.
    pub async fn round_over(&self, over: Over) {
        let view = self.clone();
        // Percentiles of every miner: much for a thread that others wait for.
        let taken = tokio::task::spawn_blocking(move || view.take(&over)).await;
        if let Err(error) = taken
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }

    fn take(&self, over: &Over) {
        let Inner { board, shown, clock, .. } = &*self.0;
        if !shown {
            return;
        }
        let mut seen = self.seen();
        let now = clock.second();
        for record in &over.records {
            seen.ledger.apply(record, now);
            seen.history.apply(record, over.began_unix_ms);
            if let Record::Scored(scored) = record {
                metrics::answer(scored.evidence.outcome, history::proof(&scored.evidence));
            }
        }
        seen.history.took(over.took);
        let seats: BTreeSet<_> = over.metagraph.neurons.iter().map(primitives::Neuron::registration).collect();
        seen.ledger.retain(|miner| seats.contains(miner));
        seen.capacity.retain(|miner, _| seats.contains(miner));
        let Seen { ledger, history, capacity, .. } = &*seen;
        let miners = seats::miners(&over.metagraph, &over.table, ledger, history, capacity, now);
        let measured: BTreeSet<Uid> = miners.iter().map(|miner| miner.uid).collect();
        for gone in seen.measured.difference(&measured) {
            metrics::unmeasured(*gone);
        }
        for miner in &miners {
            metrics::reliable(miner.uid, &miner.reliability);
            metrics::busy(miner.uid, miner.capacity_used_ppm);
            if let Some(neuron) = over.metagraph.neuron(miner.uid) {
                metrics::paid(neuron, miner.score_nano);
            }
        }
        let own = over.table.header().validator;
        metrics::own_seat(over.metagraph.by_hotkey(&own));
        seen.measured = measured;
        let (rounds, windows) = (seen.history.rounds(), seats::windows(&seen.ledger, now));
        drop(seen);
        let neurons = over.metagraph.neurons.iter().map(dashboard::Neuron::from).collect();
        board.update(|subnet| {
            subnet.neurons = Arc::new(neurons);
            subnet.miners = Arc::new(miners);
            subnet.rounds = Arc::new(rounds);
            subnet.windows = Arc::new(windows);
            subnet.live.round = None;
        });
    }

    /// Whether rows on chain may be others than those that were read last: what they belong to now.
    pub fn wants_rows(&self, metagraph: &Metagraph) -> Option<Rows> {
        if !self.0.shown {
            return None;
        }
        let seen = self.seen();
        let last_updates = metagraph.neurons.iter().map(|neuron| neuron.last_update).collect();
        let rows = Rows { epoch_index: seen.epoch_index, last_updates };
        (seen.rows_of.as_ref() != Some(&rows)).then_some(rows)
    }

    /// Rows on chain.
    pub fn rows(&self, of: Rows, rows: &MetagraphRows) {
        self.seen().rows_of = Some(of);
        let matrix = Arc::new(seats::matrix(rows));
        self.0.board.update(|subnet| subnet.weights = matrix);
    }

    fn live(&self, change: impl FnOnce(&mut dashboard::Live)) {
        self.0.board.update(|subnet| change(&mut subnet.live));
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A submission as it is shown.
fn line(submission: &Submission) -> Line {
    let Submission { epoch_index, planned_at, weights, attempts, commit, state, .. } = submission;
    let reason = match state {
        State::Abandoned(reason) => Some(match reason.detail() {
            Some(detail) => format!("{}: {detail}", reason.code()),
            None => reason.code().into(),
        }),
        _ => None,
    };
    let block = match state {
        State::InBlock { block, .. } | State::Landed { block, .. } | State::Verified { block } => Some(block.number),
        State::Committed => commit.as_ref().map(|commit| commit.block.number),
        State::Planned | State::Signed(_) | State::Abandoned(_) => None,
    };
    Line {
        epoch_index: *epoch_index,
        planned_at_block: *planned_at,
        uids: u32::try_from(weights.len()).unwrap_or(u32::MAX),
        attempts: *attempts,
        state: state.as_str().into(),
        reason,
        block,
    }
}

/// An address without what may be secret in it: a name, a password, a path, a query.
fn bare(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("ws://127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("wss://me:word@node.example:443/key?more=1", "wss://node.example:443"),
            ("wss://node.example?key=1#x", "wss://node.example"),
            ("wss://a@b@node.example/", "wss://node.example"),
        ] {
            assert_eq!(bare(url), shown);
        }
    }
}
