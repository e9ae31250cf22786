//! The beacon on the chain: its pulses, and what they open.

use codec::{Decode, Encode};
use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::{Beacon, Config, Genesis};
use node_subtensor_runtime::{
    RuntimeCall, RuntimeEvent, Signature, UncheckedExtrinsic,
    pallet_drand::{self, BeaconConfiguration, Pulse, PulsesPayload, bls, timelock},
};
use proptest::prelude::*;
use serde::Deserialize;
use sp_core::{Pair, sr25519};
use sp_runtime::MultiSigner;

use crate::node::Node;

/// A message locked to a round of quicknet by the chain's own crates, and the signature that quicknet published.
#[derive(Deserialize)]
pub struct Vector {
    pub round: u64,
    #[serde(with = "hex")]
    pub public_key: Vec<u8>,
    #[serde(with = "hex")]
    pub signature: Vec<u8>,
    #[serde(with = "hex")]
    pub payload: Vec<u8>,
    #[serde(with = "hex")]
    pub ciphertext: Vec<u8>,
}

pub fn vector() -> Vector {
    serde_json::from_str(include_str!("../fixtures/quicknet-timelock.json")).unwrap()
}

async fn drand<V: Decode>(node: &Node, item: &str, key: &[u8]) -> Option<V> {
    node.storage(&[&sp_core::twox_128(b"Drand")[..], &sp_core::twox_128(item.as_bytes()), key].concat()).await
}

pub async fn pulse(node: &Node, round: u64) -> Option<Pulse> {
    let round = round.encode();
    drand(node, "Pulses", &[&sp_core::blake2_128(&round)[..], &round].concat()).await
}

pub async fn last_round(node: &Node) -> u64 {
    drand(node, "LastStoredRound", &[]).await.unwrap_or_default()
}

async fn now_ms(node: &Node) -> u64 {
    let key = [sp_core::twox_128(b"Timestamp"), sp_core::twox_128(b"Now")].concat();
    node.storage(&key).await.unwrap()
}

#[test]
fn quicknet_verifies() {
    let Vector { round, public_key, signature, .. } = vector();
    assert_eq!(public_key, BeaconConfiguration::quicknet().public_key.to_vec());
    assert!(verify(&public_key, &[(round, &signature)]));
    assert!(!verify(&public_key, &[(round + 1, &signature)]));
    let mut altered = signature.clone();
    altered[47] ^= 1;
    assert!(!verify(&public_key, &[(round, &altered)]));
    assert!(!verify(&public_key, &[(round, &signature[..47])]));
    assert!(!verify(&public_key[..95], &[(round, &signature)]));
    // The point at infinity verifies by its arithmetic: as a key it would let anyone sign anything.
    let infinity = |size: usize| [vec![0xc0u8], vec![0; size - 1]].concat();
    assert!(!verify(&infinity(96), &[(round, &infinity(48))]));
}

#[test]
fn signatures_verify_together_and_one_that_is_forged_fails_them_all() {
    let secret = bls::SecretKey::from_seed(b"a beacon");
    let signed = [7, 8, 9].map(|round| (round, secret.sign(round)));
    let [seven, eight, nine] = [&signed[0], &signed[1], &signed[2]].map(|(round, signature)| (*round, &signature[..]));
    assert!(verify(&secret.public(), &[seven, eight, nine]));
    assert!(!verify(&secret.public(), &[seven, (10, eight.1), nine]));
    // Exchanged, they have the same sum.
    assert!(!verify(&secret.public(), &[(7, eight.1), (8, seven.1), nine]));
}

fn verify(public_key: &[u8], signed: &[(u64, &[u8])]) -> bool {
    let signed: Option<Vec<_>> =
        signed.iter().map(|(round, signature)| Some((*round, bls::Signature::from_bytes(signature)?))).collect();
    bls::PublicKey::from_bytes(public_key).zip(signed).is_some_and(|(key, signed)| key.verify(&signed))
}

#[test]
fn what_the_chains_crates_lock_opens_and_what_we_lock_is_theirs() {
    let Vector { round, public_key, signature, payload, ciphertext } = vector();
    let (message, secrets) = timelock::open(&ciphertext, &signature).unwrap();
    assert_eq!(message, payload);
    // The same secrets give the same bytes, so ours is their encryption.
    assert_eq!(timelock::encrypt(&public_key, round, &payload, &secrets).unwrap(), ciphertext);

    let another = bls::SecretKey::from_seed(b"another").sign(round);
    assert_eq!(timelock::decrypt(&ciphertext, &another), Err(timelock::Error::Locked));
    assert_eq!(timelock::decrypt(&ciphertext, &[]), Err(timelock::Error::Point));
    let long = vec![0; timelock::MAX_CIPHERTEXT_BYTES + 1];
    assert_eq!(timelock::decrypt(&long, &signature), Err(timelock::Error::TooLong));
    assert_eq!(timelock::encrypt(&public_key, round, &long, &secrets), Err(timelock::Error::TooLong));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_message_comes_back(
        message in proptest::collection::vec(any::<u8>(), 0..600), round: u64, seed: [u8; 8], key: [u8; 32], sigma: [u8; 32],
        nonce: [u8; 12],
    ) {
        let secret = bls::SecretKey::from_seed(&seed);
        let locked = timelock::encrypt(&secret.public(), round, &message, &timelock::Secrets { key, sigma, nonce }).unwrap();
        prop_assert_eq!(timelock::decrypt(&locked, &secret.sign(round)).unwrap(), message);
    }

    #[test]
    fn hostile_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(timelock::decrypt(&bytes, &vector().signature).is_err());
        prop_assert!(timelock::decrypt(&vector().ciphertext, &bytes).is_err());
    }

    #[test]
    fn altered_bytes_are_refused(at in any::<prop::sample::Index>(), by in 1u8.., cut in any::<prop::sample::Index>()) {
        let Vector { signature, ciphertext, .. } = vector();
        let mut altered = ciphertext.clone();
        altered[at.index(ciphertext.len())] ^= by;
        prop_assert!(timelock::decrypt(&altered, &signature).is_err());
        prop_assert!(timelock::decrypt(&ciphertext[..cut.index(ciphertext.len())], &signature).is_err());
        let mut longer = ciphertext.clone();
        longer.push(by);
        prop_assert_eq!(timelock::decrypt(&longer, &signature), Err(timelock::Error::Format));
    }
}

#[tokio::test]
async fn each_block_writes_the_rounds_that_its_time_has_come_to() {
    let node = Node::start(Genesis::default()).await;
    node.blocks(1);
    let beacon: BeaconConfiguration = drand(&node, "BeaconConfig", &[]).await.unwrap();
    let first = beacon.round_at(now_ms(&node).await);
    assert_eq!((beacon.period, beacon.genesis_time), (3, 1_692_803_367));
    assert_eq!(last_round(&node).await, first);
    assert_eq!(drand::<u64>(&node, "OldestStoredRound", &[]).await, Some(first));

    node.blocks(2);
    assert_eq!(last_round(&node).await, first + 8);
    assert!(pulse(&node, first - 1).await.is_none());
    for round in first..=first + 8 {
        let pulse = pulse(&node, round).await.unwrap();
        assert!(verify(&beacon.public_key, &[(round, &pulse.signature)]), "{round}");
        assert_eq!(pulse.randomness.to_vec(), sp_core::sha2_256(&pulse.signature));
    }
    let written = node.events().await.into_iter().find_map(|record| match record.event {
        RuntimeEvent::Drand(pallet_drand::Event::NewPulse { rounds }) => Some(rounds),
        _ => None,
    });
    assert_eq!(written, Some((first + 5..=first + 8).collect()));
}

#[tokio::test]
async fn a_pulse_of_quicknet_is_taken_from_a_client_and_a_forged_one_is_not() {
    let node = Node::with(Config { beacon: Beacon::Quicknet, ..Config::test() }).await;
    let Vector { round, signature, .. } = vector();
    node.blocks(1);
    assert_eq!(last_round(&node).await, 0);

    let write = async |round: u64, signature: &[u8]| {
        let answer = node.rpc.request::<String, _>("dev_writePulse", rpc_params![round, hex::encode(signature)]).await;
        node.blocks(1);
        answer
    };
    // A round's signature for another round: taken into a block, verified there, and passed over.
    write(round + 1, &signature).await.unwrap();
    assert_eq!(last_round(&node).await, 0);
    assert!(pulse(&node, round + 1).await.is_none());

    write(round, &signature).await.unwrap();
    assert_eq!(last_round(&node).await, round);
    assert_eq!(pulse(&node, round).await.unwrap().signature.to_vec(), signature);

    let stale = write(round, &signature).await.unwrap_err().to_string();
    assert!(stale.contains("Transaction is outdated"), "{stale}");
    let short = write(round + 1, &signature[1..]).await.unwrap_err().to_string();
    assert!(short.contains("a signature has 48 bytes"), "{short}");
}

#[tokio::test]
async fn pulses_are_signed_by_who_sends_them_and_come_one_at_a_time() {
    let node = Node::with(Config { beacon: Beacon::Quicknet, ..Config::test() }).await;
    let Vector { round, signature, .. } = vector();
    let pulse = || Pulse::new(round, signature.clone().try_into().unwrap());
    let sender = sr25519::Pair::from_seed(&[7; 32]);
    let payload =
        |pulses, block_number| PulsesPayload { block_number, pulses, public: MultiSigner::from(sender.public()) };
    let send = async |pulses_payload: PulsesPayload<MultiSigner, u32>, signature: Option<sr25519::Signature>| {
        let signature = signature.map(Signature::from);
        let call = RuntimeCall::from(pallet_drand::Call::write_pulse { pulses_payload, signature });
        let hex = format!("0x{}", hex::encode(UncheckedExtrinsic::new_bare(call).encode()));
        let answer = node.rpc.request::<String, _>("author_submitExtrinsic", rpc_params![hex]).await;
        answer.map_err(|error| error.to_string())
    };
    let signed = |payload: &PulsesPayload<MultiSigner, u32>| Some(sender.sign(&payload.encode()));

    let refused = async |pulses, number, signature: Option<Option<sr25519::Signature>>| {
        let payload = payload(pulses, number);
        let signature = signature.unwrap_or_else(|| signed(&payload));
        send(payload, signature).await.unwrap_err()
    };
    assert!(refused(vec![pulse()], 0, Some(None)).await.contains("Invalid signing address"));
    assert!(refused(vec![pulse()], 0, Some(Some(sender.sign(b"else")))).await.contains("bad signature"));
    assert!(refused(vec![], 0, None).await.contains("call is not expected"));
    assert!(refused(vec![pulse(), pulse()], 0, None).await.contains("call is not expected"));
    assert!(refused(vec![pulse()], 2, None).await.contains("will be valid in the future"));

    let good = payload(vec![pulse()], 0);
    let signature = signed(&good);
    send(good, signature).await.unwrap();
    node.blocks(1);
    assert_eq!(last_round(&node).await, round);
}
