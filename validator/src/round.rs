//! Rounds of challenges, each anchored at a finalised block: derive, ask everybody, judge, score, write down.

use std::{collections::HashSet, sync::Arc, time::Instant};

use chain::Client;
use futures::{StreamExt, stream};
use primitives::{BlockRef, Metagraph, Registration};
use protos::Binding;
use scoring::{Challenge, Evidence, Output, Record, Round, ScoreTable, Scored};
use tracing::{Instrument as _, Span, field};

use crate::{
    answer::{Answer, Failure},
    axon::Axon,
    client::MinerClient,
    config::Config,
    database::StoreError,
    handle::Progress,
    heads::Heads,
    judgement::{evidence, sketched},
    lot,
    referee::Referee,
    store::SharedStore,
    unix_time::unix_ms,
    view::{Over, View},
};

/// How often a miner is asked to open rows, where the road to it fails or it says to come again.
const OPEN_ATTEMPTS: u32 = 3;

/// Answers that are audited at the same time.
const AUDITS_TOGETHER: usize = 16;

pub(crate) struct Rounds {
    pub chain: Client,
    pub config: Config,
    pub client: MinerClient,
    pub referee: Arc<dyn Referee>,
    pub store: SharedStore,
    pub progress: Progress,
    pub view: View,
}

/// A miner of this round.
struct Asked {
    miner: Registration,
    challenge: Challenge,
    answer: Option<Answer>,
    /// Whether the lot fell on it.
    audited: bool,
}

impl Rounds {
    /// Follow the finalised blocks until the task is dropped. A round that is cut off leaves nothing behind.
    pub async fn run(self) {
        let mut heads = Heads::new(self.chain.clone(), self.view.clone());
        while let Some(head) = heads.next().await {
            match self.next(head).await {
                Ok(Some((round, table))) => {
                    self.run_one(round, table).await;
                    self.view.round_ended();
                }
                // Unless the last one could not be written: then another is due.
                Ok(None) => self.view.rounds().done(),
                Err(error) => {
                    self.view.rounds().failing("the store can't be read");
                    tracing::error!(%error, "the store can't be read");
                }
            }
        }
    }

    /// The round that begins at a head, and the standings with which it begins.
    async fn next(&self, head: BlockRef) -> Result<Option<(Round, ScoreTable)>, StoreError> {
        let every = self.config.round_blocks;
        self.store
            .with(move |store| {
                let last = store.last_round();
                if last.is_some_and(|last| head.number < last.block.number.saturating_add(every)) {
                    return Ok(None);
                }
                let round = Round { round: last.map_or(0, |last| last.round + 1), block: head };
                let mut table = store.table().clone();
                table.apply(&Record::Round(round))?;
                Ok(Some((round, table)))
            })
            .await
    }

    #[tracing::instrument(skip_all, name = "round", fields(round = round.round, block = round.block.number))]
    async fn run_one(&self, round: Round, table: ScoreTable) {
        let (began, began_unix_ms) = (Instant::now(), unix_ms());
        let metagraph = match self.chain.metagraph(self.config.netuid, Some(round.block.hash)).await {
            Ok(metagraph) => metagraph,
            Err(error) => {
                tracing::warn!(%error, "round skipped");
                return;
            }
        };
        let asked = self.ask(&table, &metagraph, table.mechanism().turn(round.round), began_unix_ms).await;
        let mut records = vec![Record::Round(round)];
        // Several at once: audits that come together share a run of the model.
        let mut scores = Vec::with_capacity(asked.len());
        for asked in &asked {
            scores.push(self.score(&table, &round, asked));
        }
        let mut scores = stream::iter(scores).buffered(AUDITS_TOGETHER);
        while let Some(scored) = scores.next().await {
            if let Some(scored) = scored {
                tracing::debug!(
                    miner = %scored.miner,
                    outcome = scored.evidence.outcome.as_str(),
                    score = scored.score.nano(),
                    latency_us = scored.evidence.latency_us,
                    "challenge scored"
                );
                records.push(Record::Scored(Box::new(scored)));
            }
        }
        let (miners, failed) = (asked.len(), asked.len() + 1 - records.len());
        let written = self.store.with(move |store| {
            store.append(&records)?;
            Ok((store.rounds(), store.table().clone(), records))
        });
        match written.await {
            Ok((rounds, table, records)) => {
                tracing::info!(miners, unjudged = failed, "round scored");
                self.progress.round(round, rounds);
                let took = began.elapsed();
                crate::metrics::round_scored(took);
                self.view.rounds().done();
                self.show(Over { records, metagraph, table, began_unix_ms, took }).await;
            }
            Err(error) => {
                crate::metrics::round_lost();
                self.view.rounds().failing("rounds can't be written to the store");
                tracing::error!(error = &error as &dyn std::error::Error, "round lost: the store can't be written")
            }
        }
    }

    /// Show what a round came to, and the rows on chain where they changed.
    async fn show(&self, over: Over) {
        let Some(of) = self.view.wants_rows(&over.metagraph) else { return self.view.round_over(over).await };
        let metagraph = Metagraph { mechanism: self.config.mech, ..over.metagraph.clone() };
        self.view.round_over(over).await;
        match self.chain.metagraph_rows(&metagraph).await {
            Ok(rows) => self.view.rows(of, &rows),
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "rows on chain not read"),
        }
    }

    /// Ask every neuron that announces an endpoint, ourselves excepted, at most so many at once: one that hangs keeps its
    /// own place busy and nobody else's. In order of hotkeys, whoever answered first. Judging comes later: it would slow
    /// down miners on the same machine and with them the times that are measured.
    async fn ask(&self, table: &ScoreTable, metagraph: &Metagraph, task: &str, began_unix_ms: u64) -> Vec<Asked> {
        let own = table.header().validator;
        let mut miners: Vec<(Registration, Axon)> = metagraph
            .neurons
            .iter()
            .filter(|neuron| neuron.hotkey != own)
            .filter_map(|neuron| Some((neuron.registration(), Axon::of(neuron)?)))
            .collect();
        miners.sort_unstable();
        if let Some(round) = table.round() {
            self.view.round_began(round, miners.len(), began_unix_ms);
        }
        let announced: HashSet<Axon> = miners.iter().map(|(_, axon)| *axon).collect();
        self.client.retain(|axon| announced.contains(axon));
        let asks = miners.into_iter().filter_map(|(miner, axon)| {
            let challenge = table.challenge(task, &miner.hotkey)?;
            let span = tracing::info_span!("challenge", task, miner = %miner.hotkey, outcome = field::Empty);
            let ask = async move {
                let binding =
                    Binding { receiver: miner.hotkey, netuid: metagraph.netuid, genesis: self.chain.genesis() };
                let deadline = self.config.request_deadline();
                let answer = match self.client.infer(axon, &binding, &challenge.request, deadline).await {
                    Ok(answer) => Some(answer),
                    Err(error) => {
                        tracing::error!(%error, task, "the challenge is outside the protocol's limits");
                        None
                    }
                };
                let (mut answer, mut audited) = (answer, true);
                if let Some(answer) = &mut answer {
                    audited = self.is_audited(table, answer);
                    if audited {
                        self.open(table, axon, &binding, &challenge, answer).await;
                    }
                }
                if let Some(answer) = &answer {
                    Span::current().record("outcome", answer.outcome().as_str());
                }
                if let Some(Err(failure)) = answer.as_ref().map(|answer| &answer.result) {
                    let outcome = failure.outcome();
                    tracing::debug!(miner = %miner, endpoint = %axon.endpoint, outcome = outcome.as_str(), %failure, "no answer");
                }
                self.view.miner_ended(miner, answer.as_ref().and_then(|answer| answer.capacity_used_ppm));
                Asked { miner, challenge, answer, audited }
            };
            Some(ask.instrument(span))
        });
        // One that hangs holds its own place only, not the places of all behind it.
        let asked = stream::iter(asks).buffer_unordered(self.config.concurrent_requests);
        let mut asked: Vec<Asked> = asked.collect().await;
        asked.sort_unstable_by_key(|asked| asked.miner);
        asked
    }

    /// Decided when the answer is there, and by nothing that a miner could know. One without the proof that is demanded
    /// needs no lot.
    fn is_audited(&self, table: &ScoreTable, answer: &Answer) -> bool {
        let incentive = table.incentive();
        match &answer.result {
            Ok(Output::Generation(_)) if incentive.proof.is_some() && answer.shown.proof.is_none() => true,
            Ok(Output::Generation(_)) => lot::falls(incentive.gate.audit_probability_ppm),
            Ok(Output::Embeddings(_) | Output::Tensors(_)) | Err(_) => true,
        }
    }

    /// Have a few rows of an answer opened, while the miner still has them. One that doesn't show them has no proof.
    async fn open(
        &self,
        table: &ScoreTable,
        axon: Axon,
        binding: &Binding,
        challenge: &Challenge,
        answer: &mut Answer,
    ) {
        let Some(rules) = &table.incentive().proof else { return };
        let (Ok(output), Some(digest), Some(_)) = (&answer.result, &answer.request_digest, &answer.shown.proof) else {
            return;
        };
        let Some(rows) = self.referee.rows(&challenge.request, output) else { return };
        let positions = lot::rows(rows, rules.thresholds.opened_rows);
        let deadline = self.config.request_deadline();
        let attempts = async {
            for attempt in 1..=OPEN_ATTEMPTS {
                let failure = match self.client.open(axon, binding, digest, &positions, deadline).await {
                    Ok(opened) => return opened,
                    Err(failure) => failure,
                };
                tracing::debug!(miner = %binding.receiver, attempt, %failure, "rows not opened");
                if let Failure::Refused(refusal) = failure {
                    let Some(after) = refusal.retry_after else { break };
                    tokio::time::sleep(after).await;
                }
            }
            Vec::new()
        };
        answer.shown.opened = tokio::time::timeout(deadline, attempts).await.unwrap_or_default();
    }

    /// What one answer was worth; none where that can't be said, which is our failure and not the miner's.
    async fn score(&self, table: &ScoreTable, round: &Round, asked: &Asked) -> Option<Scored> {
        let Asked { miner, challenge, answer, audited } = asked;
        let answer = answer.as_ref()?;
        let evidence = match audited {
            true => evidence(self.referee.as_ref(), table.mechanism(), challenge, answer).await,
            false => Ok(Evidence::unaudited(&challenge.request, &answer.observation())),
        };
        let evidence = evidence.inspect_err(|error| tracing::error!(%error, miner = %miner, "answer can't be judged"));
        let evidence = sketched(evidence.ok()?, answer, table.incentive().duplicates.looks());
        Some(Scored {
            round: round.round,
            miner: *miner,
            task: challenge.task.clone(),
            challenge: challenge.digest,
            request_digest: answer.request_digest,
            response_digest: answer.receipt.map(|receipt| receipt.digest),
            score: table.score(&evidence),
            evidence,
        })
    }
}
