//! Kills between any two steps, against a chain.

mod reveal;

use std::{pin::pin, time::Duration};

use localnet::{Config as Chain, Genesis, GenesisNeuron, Handle, SubnetGenesis, dev_account};
use primitives::Registration;
use scoring::{Incentive, Registry, Snapshot};
use tempfile::TempDir;

use super::*;
use crate::{
    identity::Identity,
    scene::{killed, round, validator},
    store::Store,
};

const NET: NetUid = NetUid(1);

/// A chain with a validator (uid 1) and a miner (uid 2), a store that has seen the miner do well, and a plan.
struct Scene {
    node: Handle,
    chain: Client,
    folder: TempDir,
    config: Config,
}

impl Scene {
    async fn new(change: impl FnOnce(&mut SubnetGenesis)) -> Self {
        Self::on(Chain { genesis: Self::genesis(change), ..Chain::test() }).await
    }

    fn genesis(change: impl FnOnce(&mut SubnetGenesis)) -> Genesis {
        let seat = |key: Keypair, stake_rao, validator_permit| GenesisNeuron {
            hotkey: key.hotkey(),
            coldkey: dev_account("//Bob").coldkey(),
            stake_rao,
            validator_permit,
        };
        let mut subnet = SubnetGenesis::new(NET);
        subnet.neurons = vec![seat(validator(), 5_000_000_000, true), seat(dev_account("//Miner"), 0, false)];
        change(&mut subnet);
        Genesis { subnets: vec![subnet], ..Genesis::default() }
    }

    async fn on(config: Chain) -> Self {
        let node = localnet::spawn(config).await.unwrap();
        let chain = Client::connect(&node.url()).await.unwrap();
        node.author_blocks(5).unwrap();
        let folder = TempDir::new().unwrap();
        let config = Config::test(NET, folder.path());
        Self { node, chain, folder, config }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("store.sqlite")
    }

    fn open(&self, path: &std::path::Path) -> Delivery {
        let validator = validator().hotkey();
        let config = &self.config;
        let identity = Identity { genesis: self.chain.genesis(), netuid: NET, mech: config.mech, validator };
        let store = Store::open(path, &identity, &Incentive::default(), &Registry::default()).unwrap();
        Delivery::new(config, crate::scene::validator(), self.chain.clone(), SharedStore::new(store))
    }

    /// A store with a round in its log and weights planned for this epoch.
    async fn planned(&self) -> (Delivery, Submission) {
        let delivery = self.open(&self.path());
        let metagraph = self.chain.metagraph(NET, None).await.unwrap();
        let rules = self.chain.hyperparameters(NET, Some(metagraph.block.hash)).await.unwrap();
        let miner: Registration = metagraph.by_hotkey(&dev_account("//Miner").hotkey()).unwrap().registration();
        let uid = metagraph.by_hotkey(&validator().hotkey()).unwrap().uid;
        let (block, snapshot) = (metagraph.block, Snapshot::new(&metagraph, &rules));
        let planned = delivery.store.with(move |store| {
            let records = round(store.table(), block, &[(miner, 20)]);
            store.append(&records)?;
            store.plan(rules.epoch_index, rules.last_epoch_block, uid, snapshot, rules.weights_version)
        });
        let submission = planned.await.unwrap().unwrap();
        assert_eq!(submission.weights.uids(), [2]);
        (delivery, submission)
    }

    /// Make blocks up to one.
    fn until(&self, block: u64) {
        self.node.author_blocks(u32::try_from(block - self.node.best().number).unwrap()).unwrap();
    }

    /// The validator's row on chain.
    async fn row(&self) -> Vec<(primitives::Uid, u16)> {
        self.chain.read_weights(NET, self.config.mech, primitives::Uid(1), None).await.unwrap()
    }

    /// Kill the validator and start it again with what was on disk. Returns its unfinished submission.
    async fn killed(&self, delivery: Delivery) -> (Delivery, Submission, TempDir) {
        self.killed_at(&self.path(), delivery).await
    }

    async fn killed_at(&self, path: &std::path::Path, delivery: Delivery) -> (Delivery, Submission, TempDir) {
        let folder = TempDir::new().unwrap();
        let copy = killed(path, &folder);
        drop(delivery);
        let delivery = self.open(&copy);
        let mut unfinished = delivery.store.with(|store| store.unfinished()).await.unwrap();
        assert_eq!(unfinished.len(), 1);
        (delivery, unfinished.remove(0), folder)
    }

    /// Make blocks until `work` is done.
    async fn run<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut clock = tokio::time::interval(Duration::from_millis(30));
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = clock.tick() => drop(self.node.author_block().unwrap()),
            }
        }
    }

    /// How many transactions of the validator the chain has taken: rows of weights, as it sends nothing else.
    async fn rows(&self) -> u64 {
        let weights = primitives::Weights::new([(primitives::Uid(2), u16::MAX)]).unwrap();
        self.chain.prepare_set(&validator(), &Row::new(NET, weights.clone(), 0)).await.unwrap().nonce
    }
}

async fn finish(scene: &Scene, delivery: &Delivery, submission: Submission) -> State {
    scene.run(delivery.deliver(submission)).await.unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_planned() {
    let scene = Scene::new(|_| {}).await;
    let (delivery, _) = scene.planned().await;
    let (delivery, submission, _folder) = scene.killed(delivery).await;
    assert_eq!(submission.state, State::Planned);
    assert!(matches!(finish(&scene, &delivery, submission).await, State::Verified { .. }));
    assert_eq!(scene.rows().await, 1);
    let landed = delivery.store.with(|store| Ok(store.table().last_weights().cloned())).await.unwrap().unwrap();
    let row = scene.chain.read_weights(NET, MechId(0), primitives::Uid(1), None).await.unwrap();
    assert_eq!(row, landed.iter().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_signed_and_before_anything_was_sent() {
    let scene = Scene::new(|_| {}).await;
    let (delivery, submission) = scene.planned().await;
    delivery.sign(submission).await.unwrap();
    let (delivery, submission, _folder) = scene.killed(delivery).await;
    let State::Signed(call) = &submission.state else { panic!("{submission:?}") };
    let hash = call.hash;
    assert!(matches!(finish(&scene, &delivery, submission).await, State::Verified { .. }));
    assert_eq!(scene.rows().await, 1);
    let submission = delivery.store.with(|store| store.submissions()).await.unwrap().remove(0);
    assert_eq!((submission.attempts, hash), (1, hash));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_sent_and_not_in_a_block() {
    let scene = Scene::new(|_| {}).await;
    let (delivery, submission) = scene.planned().await;
    let signed = delivery.sign(submission).await.unwrap();
    let State::Signed(call) = &signed.state else { panic!("{signed:?}") };
    // In the node's queue; nobody waits for it any more.
    let sent = tokio::time::timeout(Duration::from_millis(300), scene.chain.submit(call)).await;
    assert!(sent.is_err());
    let (delivery, submission, _folder) = scene.killed(delivery).await;
    assert!(matches!(finish(&scene, &delivery, submission).await, State::Verified { .. }));
    assert_eq!(scene.rows().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_landed_and_not_written_down() {
    let scene = Scene::new(|_| {}).await;
    let (delivery, submission) = scene.planned().await;
    let signed = delivery.sign(submission).await.unwrap();
    let State::Signed(call) = &signed.state else { panic!("{signed:?}") };
    let landed = scene.run(scene.chain.submit(call)).await.unwrap();
    // The epoch has long passed when the validator comes back.
    scene.node.author_blocks(45).unwrap();
    let (delivery, submission, _folder) = scene.killed(delivery).await;
    assert_eq!(finish(&scene, &delivery, submission).await, State::Verified { block: landed.block });
    assert_eq!(scene.rows().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_when_landed_and_not_read_back() {
    let scene = Scene::new(|_| {}).await;
    let (delivery, submission) = scene.planned().await;
    let signed = delivery.sign(submission).await.unwrap();
    let State::Signed(call) = &signed.state else { panic!("{signed:?}") };
    let block = scene.run(scene.chain.submit(call)).await.unwrap().block;
    delivery.landed(signed, block).await.unwrap();
    let (delivery, submission, _folder) = scene.killed(delivery).await;
    assert!(matches!(submission.state, State::Landed { .. }));
    assert_eq!(finish(&scene, &delivery, submission).await, State::Verified { block });
    assert_eq!(scene.rows().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_upgrade_between_signing_and_sending_costs_a_signature() {
    let scene = Scene::new(|_| {}).await;
    let (delivery, submission) = scene.planned().await;
    let signed = delivery.sign(submission).await.unwrap();
    let State::Signed(call) = signed.state.clone() else { panic!("{signed:?}") };
    scene.node.bump_spec_version().unwrap();
    let held = scene.run(delivery.submit(signed, &call, true)).await.unwrap_err();
    assert!(matches!(held, Held::Chain(ChainError::Invalid(Invalidity::BadProof))), "{held:?}");
    let submission = delivery.store.with(|store| store.unfinished()).await.unwrap().remove(0);
    assert_eq!(submission.attempts, 2);
    assert!(matches!(finish(&scene, &delivery, submission).await, State::Verified { .. }));
    assert_eq!(scene.rows().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_epoch_has_passed_is_given_up() {
    let scene = Scene::new(|_| {}).await;
    let (delivery, submission) = scene.planned().await;
    scene.node.author_blocks(40).unwrap();
    assert_eq!(finish(&scene, &delivery, submission).await, State::Abandoned(Abandoned::EpochPassed));
    assert_eq!(scene.rows().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_died_unsent_is_proven_absent_first() {
    let scene = Scene::new(|_| {}).await;
    let (delivery, submission) = scene.planned().await;
    let signed = delivery.sign(submission).await.unwrap();
    let State::Signed(call) = &signed.state else { panic!("{signed:?}") };
    scene.node.author_blocks(u32::try_from(call.period).unwrap() + 10).unwrap();
    let (delivery, submission, _folder) = scene.killed(delivery).await;
    assert_eq!(finish(&scene, &delivery, submission).await, State::Abandoned(Abandoned::EpochPassed));
    assert_eq!(scene.rows().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_chain_refuses_is_given_up_by_its_own_name() {
    let without_permit = Scene::new(|subnet| subnet.neurons[0].validator_permit = false).await;
    let (delivery, submission) = without_permit.planned().await;
    let State::Abandoned(Abandoned::Refused(name)) = finish(&without_permit, &delivery, submission).await else {
        panic!("not refused")
    };
    assert_eq!(name, "NeuronNoValidatorPermit");
    // It was foreseen: nothing was sent.
    assert_eq!(without_permit.rows().await, 0);
}
