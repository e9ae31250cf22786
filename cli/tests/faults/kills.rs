//! kill -9 at any moment: while it starts, while it works, while it writes.

use std::{fs, path::Path, time::Duration};

use assay_cli::demo::cast::Role;
use primitives::Digest;
use protos::{CLOCK_WINDOW_MS, Reason, wire::SignedRequest};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{
    asker::{generate, now_ms},
    dice::{Dice, faults},
    process::{PATIENCE, files, stop, until},
    stage::{Stage, model},
};

/// Between two requests: a miner grants an address so many a second.
const PACE: Duration = Duration::from_millis(15);

/// How long the next life lasts, and from when: every third ends while it starts, the others some time after it is up.
async fn life(dice: &mut Dice, up: impl Future<Output = ()>) {
    let (starting, ms) = (dice.roll(3) == 0, dice.roll(2_000));
    if starting {
        sleep(Duration::from_millis(ms / 3)).await;
    } else {
        up.await;
        sleep(Duration::from_millis(ms)).await;
    }
}

/// The files of a folder of wallets, by what is in them.
fn contents(folder: &Path) -> Vec<(String, Digest)> {
    let read = |name: String| {
        let digest = Digest::of(&fs::read(folder.join(&name)).unwrap());
        (name, digest)
    };
    files(folder).into_iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_validator_loses_nothing_and_doubles_nothing() {
    let stage = Stage::open(&[Role::Fast, Role::Cacher]).await;
    let (kills, mut dice) = (faults(6), Dice::new());
    let wallets = stage.folder().join("wallets/w/hotkeys");
    let keys = contents(&wallets);
    let mut kept = Vec::new();
    let mut child = stage.validator_process(&stage.chain.url()).spawn().unwrap();
    for kill in 1..=kills {
        life(&mut dice, stage.healthy()).await;
        // What was seen once is acknowledged.
        let seen = stage.records();
        child.kill().await.unwrap();
        let now = stage.records();
        for earlier in [&kept, &seen] {
            assert!(
                now.len() >= earlier.len() && now[..earlier.len()] == earlier[..],
                "kill {kill}: records were lost"
            );
        }
        kept = now;
        child = stage.validator_process(&stage.chain.url()).spawn().unwrap();
    }
    // It lives on: what the last kill cut off is settled, and another row follows.
    stage.next_row().await;
    // It reads what the chain took back a moment before it is counted.
    until("the row is counted", async || {
        (stage.metric(r#"validator_weights_total{end="verified"}"#).await >= Some(1.0)).then_some(())
    })
    .await;
    for counted in [
        "validator_weights_verified_block",
        "validator_finalised_block",
        "validator_rounds_total",
        "validator_round_seconds_count",
        r#"validator_answers_total{outcome="ok"}"#,
        "validator_tempo_blocks",
    ] {
        until(counted, async || (stage.metric(counted).await >= Some(1.0)).then_some(())).await;
    }
    until("the permit is seen", async || (stage.metric("validator_permit").await == Some(1.0)).then_some(())).await;
    assert_eq!(stage.metric("validator_reveals_lost_total").await, Some(0.0));
    stop(&mut child).await;
    assert!(stage.records().len() > kept.len());
    assert!(contents(&wallets) == keys, "keys were changed");
    println!("{kills} kills of the validator");
    let replayed = stage.nothing_lost_or_doubled().await;
    let at_least_one = |pointer: &str| replayed.pointer(pointer).and_then(Value::as_u64) >= Some(1);
    assert!(at_least_one("/chain/rows") && at_least_one("/chain/anchors"), "{replayed}");
}

/// What was sent to the miner, and whether any of the answer came back.
struct Sent {
    request: SignedRequest,
    at_ms: u64,
    begun: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_miner_serves_nothing_twice() {
    let stage = Stage::open(&[]).await;
    let (kills, mut dice) = (faults(6), Dice::new());
    let asker = stage.asker();
    let (state, wallets) = (stage.folder().join("state"), stage.folder().join("wallets/w/hotkeys"));
    let keys = contents(&wallets);
    let mut certificate = None;
    let (mut served, mut cut, mut replayed) = (0, 0, 0);
    // What this life and the one before were sent, and what came of it.
    let (mut new, mut old) = (Vec::<Sent>::new(), Vec::<Sent>::new());
    for kill in 0..=kills {
        old = new.drain(..).filter(|sent| sent.begun).rev().take(16).chain(old).collect();
        let mut child = stage.miner_process(&model()).spawn().unwrap();
        let asking = async {
            loop {
                sleep(PACE).await;
                // What an earlier life has begun to serve comes again, as soon as somebody is there.
                old.retain(|sent| now_ms() < sent.at_ms + CLOCK_WINDOW_MS - 500);
                if let Some(sent) = old.last() {
                    match asker.refused(&sent.request).await {
                        Some(Reason::Stale | Reason::Replayed) => {
                            replayed += 1;
                            old.pop();
                        }
                        None | Some(Reason::Starting | Reason::TooManyRequests) => {}
                        Some(other) => panic!("{other}"),
                    }
                    continue;
                }
                let at_ms = now_ms();
                let request = asker.seal(&generate(24), at_ms);
                new.push(Sent { request: request.clone(), at_ms, begun: false });
                let last = new.len() - 1;
                let answer = asker.send(&request, |_| new[last].begun = true).await;
                served += u64::from(answer.is_ok());
            }
        };
        tokio::select! {
            () = asking => {}
            // In the middle of whatever is asked just then.
            killed = async { life(&mut dice, stage.miner_serves()).await; child.kill().await } => killed.unwrap(),
        }
        cut += u64::from(new.last().is_some_and(|last| last.begun));
        if state.exists() {
            let written = files(&state);
            let known = ["lock", "served", "tls.pem", "tls.pem.part"];
            assert!(written.iter().all(|name| known.contains(&name.as_str())), "kill {kill}: {written:?}");
        }
        if let Ok(pem) = fs::read(state.join("tls.pem")) {
            assert!(*certificate.get_or_insert_with(|| pem.clone()) == pem, "kill {kill}: another certificate");
        }
    }
    // It lives on, known to the chain as it was.
    let mut child = stage.miner_process(&model()).spawn().unwrap();
    stage.miner_serves().await;
    asker.ask().await.unwrap();
    let metagraph = stage.client.metagraph(super::stage::NETUID, None).await.unwrap();
    assert_eq!(metagraph.by_hotkey(&stage.miner).unwrap().endpoint.unwrap().0, stage.listen);
    timeout(PATIENCE, stop(&mut child)).await.unwrap();
    assert_eq!(files(&state), ["lock", "served", "tls.pem"]);
    assert!(contents(&wallets) == keys, "keys were changed");
    println!("{kills} kills of the miner: {served} answers, {cut} cut off, {replayed} sent again and refused");
    assert!(served > 0);
}
