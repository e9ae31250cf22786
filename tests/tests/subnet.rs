//! From the first block to the pay day, on real parts: who answers is paid, who cheats is not.

use assay_tests::Subnet;
use cli::demo::{cast::Role, stage::NETUID};
use primitives::{MechId, Metagraph};

/// Alpha of a role's miner, in rao.
fn stake(subnet: &Subnet, metagraph: &Metagraph, role: Role) -> u64 {
    metagraph.by_hotkey(&subnet.hotkey(role)).expect("registered").stake_rao
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn honest_miners_are_paid_and_cheats_are_not() {
    let roles = [
        Role::Fast,
        Role::Medium,
        Role::Quantiser,
        Role::Cacher,
        Role::Relayer,
        Role::Cooler,
        Role::Forger,
        Role::OtherModel,
        Role::Silent,
    ];
    let subnet = Subnet::open(40, &roles).await.unwrap();
    // Permits are given at an epoch: before the first one nobody may set weights.
    let metagraph = subnet.epoch().await.unwrap();
    for role in roles {
        assert_eq!(stake(&subnet, &metagraph, role), 0, "paid before anybody set weights");
    }

    let validator = subnet.validator().await.unwrap();
    for _ in 0..12 {
        subnet.round(&validator).await.unwrap();
    }
    let submission = subnet.weights(&validator).await.unwrap();
    assert!(matches!(submission.state, validator::State::Verified { .. }), "{submission:?}");

    // What the chain holds is what the log says.
    let metagraph = subnet.client.metagraph(NETUID, None).await.unwrap();
    let uid = metagraph.by_hotkey(&validator.hotkey()).unwrap().uid;
    let on_chain = subnet.client.read_weights(NETUID, MechId(0), uid, None).await.unwrap();
    let store = validator::Store::open_read_only(&subnet.validator_config().store_path).unwrap();
    assert_eq!(store.replay(&scoring::Registry::default()).unwrap().counts.weights, 1);
    let records = store.records(0).unwrap();
    let logged = records.iter().rev().find_map(|record| match record {
        scoring::Record::Weights(record) => Some(record.weights.iter().collect()),
        _ => None,
    });
    assert_eq!(Some(on_chain), logged);

    let paid = subnet.epoch().await.unwrap();
    let (fast, medium) = (stake(&subnet, &paid, Role::Fast), stake(&subnet, &paid, Role::Medium));
    assert!(fast > 0 && medium > 0, "honest miners earned {fast} and {medium} rao");
    for cheat in roles.into_iter().filter(|role| !role.is_honest()) {
        let earned = stake(&subnet, &paid, cheat);
        assert!(earned * 10 < medium.min(fast), "{cheat} earned {earned} rao, honest miners {fast} and {medium}");
    }
    validator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restarted_validator_keeps_its_scores() {
    let subnet = Subnet::open(60, &[Role::Fast]).await.unwrap();
    subnet.epoch().await.unwrap();
    let validator = subnet.validator().await.unwrap();
    for _ in 0..3 {
        subnet.round(&validator).await.unwrap();
    }
    let rounds = validator.status().borrow().rounds;
    // Dropped, not shut down: as a crash leaves it.
    drop(validator);
    let validator = loop {
        match subnet.validator().await {
            // The last task lets go of the store a moment after the drop.
            Err(validator::SpawnError::Store(validator::StoreError::Locked { .. })) => tokio::task::yield_now().await,
            started => break started.unwrap(),
        }
    };
    assert!(validator.status().borrow().rounds >= rounds);
    subnet.round(&validator).await.unwrap();
    let submission = subnet.weights(&validator).await.unwrap();
    assert!(matches!(submission.state, validator::State::Verified { .. }), "{submission:?}");
    validator.shutdown().await;
}
