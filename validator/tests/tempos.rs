//! Hundreds of tempos behind a road on which everything goes wrong: no epoch goes without its weights, and none gets
//! them twice.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use assay_validator::{
    CommitReveal, Config, Handle, Identity, Referee, SpawnError, State, Status, Store, StoreError, spawn_with,
};
use async_trait::async_trait;
use chain::{Client, Deadlines};
use fault_proxy::{Mood, Proxy, Weights as Chances};
use localnet::{Beacon, Genesis, GenesisNeuron, SubnetGenesis, dev_account};
use model::ModelError;
use primitives::{BlockNumber, BlockRef, Digest, MechId, NetUid, Registration, Request};
use scoring::{
    Check, Evidence, Incentive, Outcome, Output, Record, Reference, Registry, Round, Score, ScoreTable, Scored,
    proof::Shown,
};
use tempfile::TempDir;
use tokio::time::timeout;

const NET: NetUid = NetUid(1);
const TEMPO: u64 = 40;
/// Blocks before an epoch in which weights are due.
const MARGIN: u64 = 20;
/// Blocks that follow one before it is final.
const DEPTH: u32 = 3;
/// A validator is killed and started again after so many tempos.
const LIFE: u64 = 12;

/// Nobody answers here, so nobody is judged: the scores are in the store.
struct Nobody;

#[async_trait]
impl Referee for Nobody {
    async fn judge(&self, _: &Request, _: &Digest, _: &Output, _: &Shown) -> Result<Reference, ModelError> {
        Err(ModelError::Stopped)
    }

    async fn resemblance(&self, _: &str, _: &str) -> Result<Score, ModelError> {
        Err(ModelError::Stopped)
    }

    async fn likelihood(&self, _: &Request, _: &str) -> Result<Score, ModelError> {
        Err(ModelError::Stopped)
    }
}

/// A chain whose unfinalised blocks are replaced now and then, and two roads to it.
struct Scene {
    node: localnet::Handle,
    roads: [Proxy; 2],
    chain: Client,
    folder: TempDir,
    commit_reveal: Option<CommitReveal>,
    /// Blocks up to this one were counted.
    counted: u32,
    /// Calls about weights that a final block holds and that succeeded, by the epoch in which they landed.
    landed: BTreeMap<u64, Vec<String>>,
    dice: u64,
}

impl Scene {
    async fn new(commit_reveal: Option<CommitReveal>, seed: u64) -> Self {
        let seat = |uri: &str, stake_rao, validator_permit| GenesisNeuron {
            hotkey: dev_account(uri).hotkey(),
            coldkey: dev_account("//Bob").coldkey(),
            stake_rao,
            validator_permit,
        };
        let mut subnet = SubnetGenesis::new(NET);
        subnet.rules.tempo = TEMPO as u16;
        subnet.rules.commit_reveal_weights_enabled = commit_reveal.is_some();
        subnet.neurons =
            vec![seat("//Validator", 5_000_000_000, true), seat("//Good", 0, false), seat("//Better", 0, false)];
        let genesis = Genesis { subnets: vec![subnet], ..Genesis::default() };
        // A round of the beacon in each block, and none where nothing is locked: its signatures take long.
        let timelocked = commit_reveal == Some(CommitReveal::Timelocked);
        let config = localnet::Config {
            genesis,
            beacon: if timelocked { Beacon::Local } else { Beacon::Quicknet },
            slot: Some(Duration::from_secs(3)),
            finality_depth: DEPTH,
            ..localnet::Config::test()
        };
        let node = localnet::spawn(config).await.unwrap();
        node.author_blocks(2 * DEPTH).unwrap();
        let roads = [Proxy::to(node.addr(), seed).await.unwrap(), Proxy::to(node.addr(), seed + 1).await.unwrap()];
        // Blocks come every few milliseconds here: what takes seconds on the chain takes as much less.
        let deadlines = Deadlines {
            connect: Duration::from_secs(5),
            call: Duration::from_millis(250),
            land: Duration::from_secs(30),
            silence: Duration::from_millis(300),
        };
        let urls = roads.each_ref().map(Proxy::url);
        let chain = Client::connect_any(&urls[0], &urls[1..], deadlines).await.unwrap();
        // A look at the chain is some thirty messages: every third one meets with a fault.
        let chances = Chances {
            delay: 20,
            swap: 1,
            lose: 1,
            garble: 2,
            hang: 1,
            cut: 2,
            longest_delay: Duration::from_millis(20),
            longest_hang: Duration::from_millis(300),
            ..Chances::default()
        };
        roads.iter().for_each(|road| road.set(Mood::Random(chances)));
        let folder = TempDir::new().unwrap();
        Self { node, roads, chain, folder, commit_reveal, counted: 0, landed: BTreeMap::new(), dice: seed }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("validator.sqlite")
    }

    fn config(&self) -> Config {
        Config {
            // What is in the store is all that is scored.
            round_blocks: u64::MAX,
            weights_margin_blocks: MARGIN,
            commit_reveal: self.commit_reveal.unwrap_or_default(),
            ..Config::test(NET, self.folder.path())
        }
    }

    /// One of so many, the same for the same seed.
    fn roll(&mut self, sides: u64) -> u64 {
        let digest = Digest::of(&self.dice.to_le_bytes());
        self.dice = u64::from_le_bytes(digest.0[..8].try_into().unwrap());
        self.dice % sides
    }

    /// Open the store as soon as the one who was killed has let go of it, and write a round in which two miners did
    /// otherwise well than before: each life sets another row.
    async fn score(&mut self) {
        let validator = dev_account("//Validator").hotkey();
        let identity = Identity { genesis: self.node.genesis(), netuid: NET, mech: MechId(0), validator };
        let mut store = loop {
            match Store::open(&self.path(), &identity, &Incentive::default(), &Registry::default()) {
                Err(StoreError::Locked { .. }) => tokio::task::yield_now().await,
                store => break store.unwrap(),
            }
        };
        let records = round(store.table(), self.node.finalised(), &[20, 18 + u32::try_from(self.roll(3)).unwrap()]);
        store.append(&records).unwrap();
    }

    async fn spawn(&self) -> Handle {
        loop {
            match spawn_with(self.config(), dev_account("//Validator"), Arc::new(Nobody), self.chain.clone()).await {
                Ok(handle) => return handle,
                // The road is as bad at the start as later: whoever starts it tries again.
                Err(SpawnError::Chain(error)) => assert!(error.is_retryable() || error.is_gone(), "{error:?}"),
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    /// The block whose epoch comes next.
    fn next_epoch(&self) -> BlockNumber {
        (self.node.best().number / TEMPO + 1) * TEMPO
    }

    /// Make a block, sometimes another one in the place of the last ones; and count what is final by now.
    fn block(&mut self) {
        self.node.author_block().unwrap();
        if self.roll(9) == 0 {
            let depth = 1 + self.roll(u64::from(DEPTH) - 1);
            self.node.reorg(u32::try_from(depth).unwrap()).unwrap();
        }
        let last = u32::try_from(self.node.finalised().number).unwrap();
        for number in self.counted + 1..=last {
            for extrinsic in self.node.block_log(number).unwrap().extrinsics {
                if extrinsic.signer.is_some() {
                    assert_eq!(extrinsic.result, "ok", "{extrinsic:?}");
                    self.landed.entry(u64::from(number) / TEMPO).or_default().push(extrinsic.call);
                }
            }
        }
        self.counted = last;
    }

    /// One tempo. Blocks come quickly while nothing is to be done for them, and slowly while the validator has not got
    /// its weights on chain: as slowly as the faults, scaled to them, leave room on a real one.
    async fn tempo(&mut self, validator: &Handle) {
        let epoch_index = self.next_epoch() / TEMPO - 1;
        let end = self.next_epoch();
        let mut status = validator.status();
        let hash = self.commit_reveal == Some(CommitReveal::Hash);
        // A hash has to be revealed early in the next epoch.
        let revealed =
            |now: &Status| !hash || now.last_submission.as_ref().is_none_or(|last| last.epoch_index + 1 >= epoch_index);
        let settled = |now: &Status| {
            now.submission.as_ref().is_some_and(|submission| {
                submission.epoch_index == epoch_index
                    && matches!(submission.state, State::Committed | State::Verified { .. })
            }) && revealed(now)
        };
        while self.node.best().number < end {
            let left = end - self.node.best().number;
            let pause = match left {
                MARGIN.. if revealed(&status.borrow()) => 2,
                7.. => 40,
                // As long as a busy machine may hold the validator up.
                _ => 3_000,
            };
            // What is settled needs no more time in this tempo.
            tokio::time::sleep(Duration::from_millis(2)).await;
            let _ = timeout(Duration::from_millis(pause), status.wait_for(settled)).await;
            self.block();
        }
    }
}

/// A round in which each miner answered 20 tokens, so many of them well.
fn round(table: &ScoreTable, at: BlockRef, matched: &[u32]) -> Vec<Record> {
    let round = Round { round: table.round().map_or(0, |last| last.round + 1), block: at };
    let mut table = table.clone();
    table.apply(&Record::Round(round)).unwrap();
    let miners = ["//Good", "//Better"].map(|uri| Registration { hotkey: dev_account(uri).hotkey(), block: 0 });
    let scored = miners.into_iter().zip(matched).map(|(miner, matched)| {
        let check = Check::Tokens { answered: 20, matched: *matched, margin_micro: 0, complete: true };
        let outcome = check.outcome(table.incentive());
        let evidence =
            Evidence { outcome, latency_us: 1_000, first_token_us: Some(500), check: Some(check), sketch: None };
        let challenge = table.challenge("generate", &miner.hotkey).unwrap();
        Record::Scored(Box::new(Scored {
            round: round.round,
            miner,
            task: challenge.task,
            challenge: challenge.digest,
            request_digest: Some(Digest([1; 32])),
            response_digest: (outcome == Outcome::Ok).then_some(Digest([2; 32])),
            score: table.score(&evidence),
            evidence,
        }))
    });
    [Record::Round(round)].into_iter().chain(scored).collect()
}

async fn play(commit_reveal: Option<CommitReveal>, tempos: u64, seed: u64) {
    let mut scene = Scene::new(commit_reveal, seed).await;
    scene.score().await;
    let mut validator = scene.spawn().await;
    for tempo in 0..tempos {
        scene.tempo(&validator).await;
        if tempo % LIFE == LIFE - 1 {
            // Killed wherever it is; what it was about to do, it does in its next life.
            drop(validator);
            scene.score().await;
            validator = scene.spawn().await;
        }
    }
    // What is committed in the last epoch is revealed in the next one.
    for _ in 0..2 {
        scene.tempo(&validator).await;
    }
    validator.shutdown().await;

    let submissions = Store::open_read_only(&scene.path()).unwrap().submissions().unwrap();
    for epoch in 0..tempos {
        let found: Vec<_> = submissions.iter().filter(|submission| submission.epoch_index == epoch).collect();
        assert_eq!(found.len(), 1, "epoch {epoch}");
        assert!(matches!(found[0].state, State::Verified { .. }), "{:?}", found[0]);
        let calls = scene.landed.get(&epoch).map(|calls| calls.iter().map(String::as_str).collect::<Vec<_>>());
        // The root of the score log goes its own way.
        let mut calls = calls.unwrap_or_default();
        calls.retain(|call| *call != "Commitments.set_commitment");
        let of = |name: &str| calls.iter().filter(|call| **call == format!("SubtensorModule.{name}")).count();
        match commit_reveal {
            None => assert_eq!((of("set_weights"), calls.len()), (1, 1), "epoch {epoch}: {calls:?}"),
            Some(CommitReveal::Timelocked) => {
                assert_eq!((of("commit_timelocked_weights"), calls.len()), (1, 1), "epoch {epoch}: {calls:?}");
            }
            Some(CommitReveal::Hash) => {
                let revealed = usize::from(epoch > 0);
                assert_eq!((of("commit_weights"), of("reveal_weights")), (1, revealed), "epoch {epoch}: {calls:?}");
            }
        }
    }
    let faults: u64 = scene.roads.iter().flat_map(|road| road.faults().into_values()).sum();
    assert!(faults > tempos, "{faults} faults in {tempos} tempos");
}

/// Together, as most of the time is waiting.
#[tokio::test(flavor = "multi_thread")]
async fn no_weights_are_lost_and_none_are_set_twice_in_500_tempos() {
    let plays = [
        tokio::spawn(play(None, 200, 1)),
        tokio::spawn(play(Some(CommitReveal::Timelocked), 150, 2)),
        tokio::spawn(play(Some(CommitReveal::Hash), 150, 3)),
    ];
    for play in plays {
        play.await.unwrap();
    }
}
