//! A clock that jumps by an hour.

use assay_cli::demo::cast::Role;
use protos::Reason;
use scoring::Outcome;

use super::{
    asker::{generate, now_ms},
    dice::faults,
    machine::{HOUR_MS, Machine},
    process::{PATIENCE, stop},
    stage::{Stage, model},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_whose_clock_jumps_is_refused_until_it_is_right_again() {
    let stage = Stage::open(&[Role::Fast]).await;
    let machine = Machine::new();
    let mut child = machine.run(&mut stage.validator_process(&stage.chain.url())).spawn().unwrap();
    stage.round_of(Outcome::Ok).await;
    for jump in 0..faults(2) {
        machine.set_clock(if jump % 2 == 0 { HOUR_MS } else { -HOUR_MS });
        stage.round_of(Outcome::Refused).await;
        // Neither blocks nor rows wait for a clock of ours.
        stage.next_row().await;
        stage.healthy().await;
        machine.set_clock(0);
        stage.round_of(Outcome::Ok).await;
    }
    // Started with a wrong clock, and set right while it runs.
    stop(&mut child).await;
    machine.set_clock(-HOUR_MS);
    let mut child = machine.run(&mut stage.validator_process(&stage.chain.url())).spawn().unwrap();
    stage.round_of(Outcome::Refused).await;
    machine.set_clock(0);
    stage.round_of(Outcome::Ok).await;
    stage.next_row().await;
    stop(&mut child).await;
    stage.nothing_lost_or_doubled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miner_whose_clock_jumps_serves_nothing_twice() {
    let stage = Stage::open(&[]).await;
    let (machine, asker) = (Machine::new(), stage.asker());
    let mut child = machine.run(&mut stage.miner_process(&model())).spawn().unwrap();
    stage.miner_serves().await;
    // A validator among those who ask.
    let mut validator = stage.validator_process(&stage.chain.url()).spawn().unwrap();
    stage.round_of(Outcome::Ok).await;
    for jump in 0..faults(2) {
        let (ahead, reason) = match jump % 2 {
            0 => (HOUR_MS, Reason::Stale),
            _ => (-HOUR_MS, Reason::FutureDated),
        };
        let (served, _) = asker.ask().await.unwrap();
        machine.set_clock(ahead);
        assert_eq!(asker.refused(&asker.seal(&generate(4), now_ms())).await, Some(reason));
        assert_eq!(asker.refused(&served).await, Some(reason));
        machine.set_clock(0);
        // By its time it would still be good.
        let again = asker.refused(&served).await;
        assert!(matches!(again, Some(Reason::Replayed | Reason::Stale)), "{again:?}");
        assert!(now_ms() < served_at(&served) + protos::CLOCK_WINDOW_MS, "too slow a machine to tell");
        asker.ask().await.unwrap();

        machine.set_clock(ahead);
        stage.round_of(Outcome::Refused).await;
        machine.set_clock(0);
        stage.round_of(Outcome::Ok).await;
    }
    stop(&mut validator).await;

    // The clock is set back to just before a request was served, and the miner starts again: it remembers on disk.
    let (served, _) = asker.ask().await.unwrap();
    child.kill().await.unwrap();
    machine.set_clock(i64::try_from(served_at(&served)).unwrap() - i64::try_from(now_ms()).unwrap() - 1_000);
    let mut child = machine.run(&mut stage.miner_process(&model())).spawn().unwrap();
    stage.miner_serves().await;
    assert_eq!(asker.refused(&served).await, Some(Reason::Stale));
    machine.set_clock(0);
    asker.ask().await.unwrap();
    tokio::time::timeout(PATIENCE, stop(&mut child)).await.unwrap();
    stage.nothing_lost_or_doubled().await;
}

fn served_at(request: &protos::wire::SignedRequest) -> u64 {
    request.auth.as_ref().unwrap().issued_ms
}
