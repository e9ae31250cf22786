use std::time::Duration;

use assay_chain::{Client, WeightsCall, WeightsPayload, encrypt, reveal_round};
use frame_support::BoundedVec;
use localnet::{Config, spawn};
use node_subtensor_runtime::{
    Runtime,
    pallet_subtensor::{Call, RevealPeriodEpochs, Tempo},
};
use primitives::{MechId, Uid, Weights};

use crate::{
    node::{COMMITTED, genesis, validator},
    raw::{Fate, Sender, item},
};

/// The chain opens what was locked here, with code of its own, when it was foreseen: a few blocks after the first that
/// tries to.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_row_comes_out_when_it_is_due() {
    let who = validator();
    for slot_ms in [250, 2_000, 12_000] {
        let slot = Some(Duration::from_millis(slot_ms));
        let node = spawn(Config { genesis: genesis(), slot, ..Config::test() }).await.unwrap();
        let client = Client::connect(&node.url()).await.unwrap();
        let mut sender = Sender::default();
        node.author_blocks(3).unwrap();
        for (case, (tempo, period)) in [(20u16, 1u64), (20, 2), (9, 3)].into_iter().enumerate() {
            sender.put(
                &node,
                vec![
                    item(Tempo::<Runtime>::hashed_key_for(COMMITTED.0), tempo),
                    item(RevealPeriodEpochs::<Runtime>::hashed_key_for(COMMITTED.0), period),
                ],
            );
            let state = client.weights_state(COMMITTED, MechId(0), who.hotkey(), None).await.unwrap();
            let (head, at) = (state.block.number, Some(state.block.hash));
            let (beacon, clock) = (client.beacon(at).await.unwrap(), client.block_clock(at).await.unwrap());
            let reveal_block = state.schedule.reveal_block(head, state.reveal_period_epochs).unwrap();
            let round = reveal_round(&beacon, &clock, reveal_block);

            let weights = Weights::new([(Uid(0), 1 + case as u16), (Uid(2), 65_535)]).unwrap();
            let payload = WeightsPayload { hotkey: Some(who.hotkey()), weights: weights.clone(), version_key: 0 };
            let ciphertext = encrypt(&beacon.public_key, round, &payload.encode()).unwrap();
            let version = state.commit_reveal_weights_version;
            let call = WeightsCall::CommitTimelocked { ciphertext_bytes: ciphertext.len(), round, version };
            assert_eq!(state.check(&call), Ok(()));
            let call = Call::commit_timelocked_weights {
                netuid: COMMITTED.0,
                commit: BoundedVec::truncate_from(ciphertext),
                reveal_round: round,
                commit_reveal_version: version,
            };
            assert_eq!(sender.send(&node, &who, call), Fate::Done);
            let revealed = loop {
                let verdict = client.verify_weights(COMMITTED, MechId(0), who.hotkey(), &weights, None).await.unwrap();
                let block = node.author_block().unwrap().number - 1;
                if verdict.is_verified() {
                    break block;
                }
                let known = client.beacon(None).await.unwrap().last_stored_round >= round;
                // Rounds come every three seconds, and it is the one before the last that is signed by then.
                let early = clock.time_of(block + 1) + 6_000 < clock.time_of(reveal_block + 3);
                assert!(!(known && early), "slot {slot_ms}: the round is known at {block}, {reveal_block} reveals");
                assert!(block < reveal_block + 5, "slot {slot_ms}, tempo {tempo}, period {period}");
            };
            assert!((reveal_block..=reveal_block + 4).contains(&revealed), "{revealed}, not about {reveal_block}");
        }
    }
}
