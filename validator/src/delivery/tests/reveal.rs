//! Rows that are committed first: revealed by the chain or by us, killed anywhere in between, late, moved or lost.

use localnet::{Beacon, Limits};
use primitives::{MechId, Uid};

use super::*;
use crate::journal::Commit;

/// Epochs run at blocks 60, 120, and so on.
const TEMPO: u64 = 60;

fn commits(subnet: &mut SubnetGenesis) {
    subnet.rules.commit_reveal_weights_enabled = true;
    subnet.rules.tempo = 60;
    // Room for a second mechanism.
    subnet.rules.max_allowed_uids = 64;
}

async fn committing() -> Scene {
    Scene::new(commits).await
}

async fn with_hashes() -> Scene {
    let mut scene = committing().await;
    scene.config.commit_reveal = CommitReveal::Hash;
    scene
}

fn committed(submission: &Submission) -> &Commit {
    assert_eq!(submission.state, State::Committed);
    submission.commit.as_deref().unwrap()
}

/// As root, in the next blocks.
async fn set(scene: &Scene, name: &str, value: &str) {
    let alice = dev_account("//Alice");
    let window = vec![("window", chain::Value::u128(0))];
    scene.run(scene.chain.sudo(&alice, "AdminUtils", "sudo_set_admin_freeze_window", window)).await.unwrap();
    scene.run(scene.chain.set_hyperparameter(&alice, NET, name, value, true)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timelocked_row_is_verified_when_the_chain_has_revealed_it() {
    let scene = committing().await;
    let (delivery, submission) = scene.planned().await;
    let weights = submission.weights.clone();
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    let commit = committed(&submission);
    assert!(matches!(commit.call.call, RowCall::CommitTimelocked { reveal_block: TEMPO, .. }), "{commit:?}");
    assert_eq!((commit.epoch, submission.attempts), (0, 1));
    // Nothing to do yet, and nothing is done.
    scene.until(TEMPO - 2);
    let submission = delivery.deliver(submission).await.unwrap();
    assert_eq!((&submission.state, scene.row().await), (&State::Committed, Vec::new()));
    scene.until(TEMPO + 4);
    let submission = delivery.deliver(submission).await.unwrap();
    assert!(matches!(submission.state, State::Verified { .. }), "{submission:?}");
    assert_eq!(scene.row().await, weights.iter().collect::<Vec<_>>());
    assert_eq!(scene.rows().await, 1);
    let landed = delivery.store.with(|store| Ok(store.table().last_weights().cloned())).await.unwrap();
    assert_eq!(landed, Some(weights));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_step_of_a_timelocked_row() {
    let scene = committing().await;
    let (delivery, submission) = scene.planned().await;
    delivery.sign(submission).await.unwrap();
    let (delivery, submission, signed) = scene.killed(delivery).await;
    let State::Signed(call) = submission.state.clone() else { panic!("{submission:?}") };
    // Sent, and in the node's queue.
    assert!(tokio::time::timeout(Duration::from_millis(300), scene.chain.submit(&call)).await.is_err());
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    committed(&submission);
    let (delivery, submission, _committed) = scene.killed_at(&signed.path().join("copy.sqlite"), delivery).await;
    committed(&submission);
    scene.until(TEMPO + 4);
    assert!(matches!(finish(&scene, &delivery, submission).await, State::Verified { .. }));
    assert_eq!(scene.rows().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_is_revealed_in_its_epoch_with_the_salt_that_survived_a_kill() {
    let scene = with_hashes().await;
    let (delivery, submission) = scene.planned().await;
    let weights = submission.weights.clone();
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    assert!(matches!(committed(&submission).call.call, RowCall::CommitHash { .. }));
    let (delivery, submission, _folder) = scene.killed(delivery).await;
    scene.until(TEMPO - 2);
    let submission = delivery.deliver(submission).await.unwrap();
    assert_eq!((&submission.state, scene.rows().await), (&State::Committed, 1));
    scene.until(TEMPO);
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    assert!(matches!(submission.state, State::Verified { .. }), "{submission:?}");
    assert_eq!(submission.attempts, 2);
    assert_eq!(scene.row().await, weights.iter().collect::<Vec<_>>());
    assert_eq!(scene.rows().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reveal_that_was_sent_and_not_written_down_is_sent_once() {
    let scene = with_hashes().await;
    let (delivery, submission) = scene.planned().await;
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    scene.until(TEMPO);
    let signed = delivery.sign(submission).await.unwrap();
    let State::Signed(call) = &signed.state else { panic!("{signed:?}") };
    assert!(matches!(call.call, RowCall::RevealHash { .. }));
    let landed = scene.run(scene.chain.submit(call)).await.unwrap();
    let (delivery, submission, _folder) = scene.killed(delivery).await;
    assert_eq!(finish(&scene, &delivery, submission).await, State::Verified { block: landed.block });
    assert_eq!(scene.rows().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_that_nobody_revealed_in_time_is_lost_with_its_reason() {
    let scene = with_hashes().await;
    let (delivery, submission) = scene.planned().await;
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    committed(&submission);
    scene.until(2 * TEMPO + 1);
    let lost = Abandoned::NotRevealed("ExpiredWeightCommit".into());
    assert_eq!(finish(&scene, &delivery, submission).await, State::Abandoned(lost));
    assert_eq!(scene.rows().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_aims_anew_when_the_schedule_moves() {
    let scene = committing().await;
    let (delivery, submission) = scene.planned().await;
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    let first = committed(&submission).clone();
    // The cycle starts over, and the epoch comes later.
    set(&scene, "tempo", "90").await;
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    let second = committed(&submission).clone();
    assert_eq!((submission.attempts, second.epoch), (2, first.epoch));
    let reveals = |commit: &Commit| match commit.call.call {
        RowCall::CommitTimelocked { reveal_block, round, .. } => (reveal_block, round),
        _ => panic!("{commit:?}"),
    };
    assert!(reveals(&second) > reveals(&first), "{:?} {:?}", reveals(&first), reveals(&second));
    // It stays as it is while the schedule does.
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    assert_eq!(submission.attempts, 2);
    scene.until(reveals(&second).0 + 4);
    assert!(matches!(finish(&scene, &delivery, submission).await, State::Verified { .. }));
    assert_eq!(scene.rows().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_chain_drops_without_a_word_is_lost_by_the_chains_own_name() {
    let scene = committing().await;
    let (delivery, submission) = scene.planned().await;
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    committed(&submission);
    set(&scene, "weights_version_key", "7").await;
    scene.until(TEMPO + 4);
    let lost = Abandoned::NotRevealed("IncorrectWeightVersionKey".into());
    assert_eq!(finish(&scene, &delivery, submission).await, State::Abandoned(lost));
    assert_eq!(scene.row().await, Vec::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_that_never_comes_loses_the_row() {
    let genesis = Scene::genesis(commits);
    // Nobody brings quicknet's pulses.
    let scene = Scene::on(Chain { genesis, beacon: Beacon::Quicknet, ..Chain::test() }).await;
    let (delivery, submission) = scene.planned().await;
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    scene.until(TEMPO + 10);
    // Late, and the chain still tries.
    let submission = delivery.deliver(submission).await.unwrap();
    committed(&submission);
    scene.until(2 * TEMPO + 2);
    let lost = Abandoned::NotRevealed("dropped".into());
    assert_eq!(finish(&scene, &delivery, submission).await, State::Abandoned(lost));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_revealed_while_nobody_looked() {
    let scene = committing().await;
    let (delivery, submission) = scene.planned().await;
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    scene.until(4 * TEMPO);
    let State::Verified { block } = finish(&scene, &delivery, submission).await else { panic!("not verified") };
    assert!((TEMPO..2 * TEMPO).contains(&block.number), "{block:?}");

    // The same, where the states of that time are gone, and another row stands there by now.
    let limits = Limits { kept_blocks: 16, ..Limits::default() };
    let scene = Scene::on(Chain { genesis: Scene::genesis(commits), limits, ..Chain::test() }).await;
    let (delivery, submission) = scene.planned().await;
    let submission = scene.run(delivery.deliver(submission)).await.unwrap();
    let other = primitives::Weights::new([(Uid(0), u16::MAX)]).unwrap();
    scene.until(TEMPO + 4);
    let call = scene.chain.prepare_timelocked(&validator(), &Row::new(NET, other, 0)).await.unwrap();
    scene.run(scene.chain.submit(&call)).await.unwrap();
    scene.until(4 * TEMPO);
    assert_eq!(finish(&scene, &delivery, submission).await, State::Abandoned(Abandoned::Unobserved));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_mechanism_has_rows_of_its_own() {
    for commit_reveal in [None, Some(CommitReveal::Timelocked), Some(CommitReveal::Hash)] {
        let mut scene = committing().await;
        if commit_reveal.is_none() {
            set(&scene, "commit_reveal_weights_enabled", "false").await;
        }
        scene.config.mech = MechId(1);
        scene.config.commit_reveal = commit_reveal.unwrap_or_default();
        set(&scene, "mechanism_count", "2").await;
        let (delivery, submission) = scene.planned().await;
        let weights = submission.weights.clone();
        let mut submission = scene.run(delivery.deliver(submission)).await.unwrap();
        if commit_reveal.is_some() {
            committed(&submission);
            scene.until(TEMPO + 4);
            submission = scene.run(delivery.deliver(submission)).await.unwrap();
        }
        assert!(matches!(submission.state, State::Verified { .. }), "{submission:?}");
        assert_eq!(scene.row().await, weights.iter().collect::<Vec<_>>());
        assert_eq!(scene.chain.read_weights(NET, MechId(0), Uid(1), None).await.unwrap(), []);
    }
}
