//! Bytes that other programs made or have to read: rows under a lock, and what is committed of them.

use assay_chain::{MAX_COMMIT_BYTES, PayloadError, TimelockError, WeightsPayload, commit_hash, decrypt, encrypt};
use node_subtensor_runtime::pallet_drand::{bls::SecretKey, timelock};
use primitives::{Hotkey, MechId, NetUid, Uid, Weights};
use proptest::prelude::*;
use serde::Deserialize;

/// Made with Bittensor's own library, for a round of drand's quicknet.
#[derive(Deserialize)]
struct Locked {
    #[serde(with = "hex")]
    public_key: Vec<u8>,
    #[serde(with = "hex")]
    signature: Vec<u8>,
    round: u64,
    #[serde(with = "hex")]
    hotkey: [u8; 32],
    uids: Vec<u16>,
    values: Vec<u16>,
    version_key: u64,
    #[serde(with = "hex")]
    payload: Vec<u8>,
    #[serde(with = "hex")]
    ciphertext: Vec<u8>,
    bytes_by_uids: Vec<(u16, usize)>,
}

/// Made by the chain's own types.
#[derive(Deserialize)]
struct Committed {
    #[serde(with = "hex")]
    hotkey: [u8; 32],
    netuid: u16,
    mechanism: u8,
    uids: Vec<u16>,
    values: Vec<u16>,
    salt: Vec<u16>,
    version_key: u64,
    #[serde(with = "hex")]
    hash: [u8; 32],
}

fn locked() -> Locked {
    serde_json::from_str(include_str!("fixtures/timelocked-row.json")).unwrap()
}

fn row(uids: &[u16], values: &[u16]) -> Weights {
    Weights::new(uids.iter().map(|uid| Uid(*uid)).zip(values.iter().copied())).unwrap()
}

fn payload(locked: &Locked) -> WeightsPayload {
    let weights = row(&locked.uids, &locked.values);
    WeightsPayload { hotkey: Some(Hotkey(locked.hotkey)), weights, version_key: locked.version_key }
}

#[test]
fn a_row_has_the_chains_bytes() {
    let locked = locked();
    let payload = payload(&locked);
    assert_eq!(hex::encode(payload.encode()), hex::encode(&locked.payload));
    assert_eq!(WeightsPayload::decode(&locked.payload).unwrap(), payload);
    // The form of old is the same without the hotkey.
    let old = WeightsPayload { hotkey: None, ..payload };
    assert_eq!(old.encode(), locked.payload[33..]);
    assert_eq!(WeightsPayload::decode(&locked.payload[33..]).unwrap(), old);
}

#[test]
fn what_is_no_row_is_told_why() {
    let decode = WeightsPayload::decode;
    assert_eq!(decode(&[]), Err(PayloadError::Format));
    assert_eq!(decode(&[0xff; 40]), Err(PayloadError::Format));
    let unequal = [&[4, 1, 0, 0][..], &[0; 8]].concat();
    assert_eq!(decode(&unequal), Err(PayloadError::Lengths { uids: 1, values: 0 }));
    let twice = [&[8, 1, 0, 1, 0, 8, 5, 0, 6, 0][..], &[0; 8]].concat();
    assert_eq!(decode(&twice), Err(PayloadError::Duplicate(Uid(1))));
}

#[test]
fn what_bittensors_own_library_locked_opens() {
    let locked = locked();
    assert_eq!(decrypt(&locked.ciphertext, &locked.signature).unwrap(), locked.payload);
    let other = decrypt(&locked.ciphertext, &SecretKey::from_seed(b"another beacon").sign(locked.round));
    assert_eq!(other, Err(TimelockError::Locked));
}

#[test]
fn what_is_locked_opens_with_its_round_only() {
    let Locked { public_key, signature, round, .. } = locked();
    let message = b"message".as_slice();
    let ciphertext = encrypt(&public_key, round, message).unwrap();
    assert_eq!(decrypt(&ciphertext, &signature).unwrap(), message);
    assert_ne!(ciphertext, encrypt(&public_key, round, message).unwrap(), "nothing is used twice");
    let next = encrypt(&public_key, round + 1, message).unwrap();
    assert_eq!(decrypt(&next, &signature), Err(TimelockError::Locked));
    // Another implementation reads it too, and the other way round.
    assert_eq!(timelock::decrypt(&ciphertext, &signature).unwrap(), message);
    let secrets = timelock::Secrets { key: [1; 32], sigma: [2; 32], nonce: [3; 12] };
    let theirs = timelock::encrypt(&public_key, round, message, &secrets).unwrap();
    assert_eq!(decrypt(&theirs, &signature).unwrap(), message);
    let local = SecretKey::from_seed(b"a beacon of this test");
    let ours = encrypt(&local.public(), u64::MAX, &[]).unwrap();
    assert_eq!(decrypt(&ours, &local.sign(u64::MAX)).unwrap(), b"");
    assert_eq!(timelock::decrypt(&ours, &local.sign(u64::MAX)).unwrap(), b"");
}

#[test]
fn a_locked_row_is_as_long_as_that_of_others() {
    let locked = locked();
    assert_eq!(encrypt(&locked.public_key, locked.round, &locked.payload).unwrap().len(), locked.ciphertext.len());
    for (uids, bytes) in &locked.bytes_by_uids {
        let uids: Vec<u16> = (0..*uids).collect();
        let payload = WeightsPayload { weights: row(&uids, &uids), ..payload(&locked) }.encode();
        assert_eq!(encrypt(&locked.public_key, locked.round, &payload).unwrap().len(), *bytes, "{} uids", uids.len());
    }
}

#[test]
fn what_the_chain_would_not_take_is_refused() {
    let Locked { public_key, signature, ciphertext, round, .. } = locked();
    let longest = MAX_COMMIT_BYTES - 244;
    assert_eq!(encrypt(&public_key, round, &vec![0; longest]).unwrap().len(), MAX_COMMIT_BYTES);
    assert_eq!(encrypt(&public_key, round, &vec![0; longest + 1]), Err(TimelockError::TooLong));
    assert_eq!(encrypt(&public_key, round, &vec![0; 1 << 20]), Err(TimelockError::TooLong));
    assert_eq!(decrypt(&vec![0; MAX_COMMIT_BYTES + 1], &signature), Err(TimelockError::TooLong));
    let infinity = |bytes: usize| [vec![0xc0], vec![0; bytes - 1]].concat();
    for key in [&public_key[1..], &signature, &[0; 96], &infinity(96)] {
        assert_eq!(encrypt(key, round, b"message"), Err(TimelockError::PublicKey));
    }
    for signature in [&signature[1..], &public_key, &[0; 48], &infinity(48)] {
        assert_eq!(decrypt(&ciphertext, signature), Err(TimelockError::Signature));
    }
}

#[test]
fn a_commit_has_the_chains_hash() {
    let vectors: Vec<Committed> = serde_json::from_str(include_str!("fixtures/commit-hashes.json")).unwrap();
    assert_eq!(vectors.len(), 3);
    for Committed { hotkey, netuid, mechanism, uids, values, salt, version_key, hash } in vectors {
        let (netuid, mechanism) = (NetUid(netuid), MechId(mechanism));
        let ours = commit_hash(Hotkey(hotkey), netuid, mechanism, &row(&uids, &values), &salt, version_key);
        assert_eq!(hex::encode(ours), hex::encode(hash));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn altered_messages_do_not_open(at in 0usize..303, bit in 0u8..8, cut in 0usize..303) {
        let Locked { ciphertext, signature, .. } = locked();
        let mut altered = ciphertext.clone();
        altered[at] ^= 1 << bit;
        prop_assert!(decrypt(&altered, &signature).is_err());
        prop_assert_eq!(decrypt(&ciphertext[..cut], &signature), Err(TimelockError::Format));
    }

    #[test]
    fn lengths_that_lie_are_refused(field in 0usize..6, length in any::<u64>()) {
        let Locked { ciphertext, signature, .. } = locked();
        // Where the lengths of V, W, the body, the text, the nonce and the suite are.
        let at = [96, 136, 176, 184, 267, 287][field];
        let mut altered = ciphertext.clone();
        altered[at..at + 8].copy_from_slice(&length.to_le_bytes());
        prop_assume!(altered != ciphertext);
        prop_assert_eq!(decrypt(&altered, &signature), Err(TimelockError::Format));
    }

    #[test]
    fn any_bytes_are_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..400), key in prop::collection::vec(any::<u8>(), 96)) {
        let Locked { ciphertext, signature, .. } = locked();
        prop_assert!(decrypt(&bytes, &signature).is_err());
        prop_assert!(decrypt(&ciphertext, &bytes).is_err());
        prop_assert!(encrypt(&key, 1, &bytes).is_err());
        let _ = WeightsPayload::decode(&bytes);
    }

    #[test]
    fn rows_come_back(
        pairs in prop::collection::btree_map(any::<u16>(), any::<u16>(), 0..300),
        hotkey in prop::option::of(any::<[u8; 32]>()),
        version_key in any::<u64>(),
    ) {
        let weights = Weights::new(pairs.into_iter().map(|(uid, value)| (Uid(uid), value))).unwrap();
        let payload = WeightsPayload { hotkey: hotkey.map(Hotkey), weights, version_key };
        let decoded = WeightsPayload::decode(&payload.encode());
        // The form of old may read as one of today.
        prop_assert!(decoded.as_ref() == Ok(&payload) || payload.hotkey.is_none());
    }
}
