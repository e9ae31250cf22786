//! What hotkeys publish, and when it is opened.

use codec::{Decode, Encode};
use frame_support::BoundedVec;
use jsonrpsee::{core::client::ClientT, rpc_params};
use localnet::{Beacon, Config, Genesis, dev_account};
use node_subtensor_runtime::{
    AccountId, Runtime, RuntimeCall, RuntimeEvent,
    pallet_commitments::{self, CommitmentInfo, Data, Encrypted, Event, Large, Registration, UsageTracker},
    pallet_drand::{bls, timelock},
};
use primitives::Keypair;
use sp_core::{twox_64, twox_128};

use crate::{
    account::{alice, id},
    beacon::{last_round, pulse, vector},
    node::{Fate, Node},
    subnet::register,
};

const NET: u16 = 1;

type Info = CommitmentInfo<<Runtime as pallet_commitments::Config>::MaxFields>;
type Commitment = Registration<u64, <Runtime as pallet_commitments::Config>::MaxFields, u32>;

fn info(fields: impl IntoIterator<Item = Data>) -> Info {
    CommitmentInfo { fields: BoundedVec::truncate_from(fields.into_iter().collect()) }
}

fn raw(bytes: &[u8]) -> Data {
    Data::Raw(BoundedVec::truncate_from(bytes.to_vec()))
}

fn big(bytes: usize) -> Data {
    Data::BigRaw(Large::truncate_from(vec![7; bytes]))
}

fn publish(fields: impl IntoIterator<Item = Data>) -> pallet_commitments::Call<Runtime> {
    pallet_commitments::Call::set_commitment { netuid: NET, info: Box::new(info(fields)) }
}

fn sudo(call: impl Into<RuntimeCall>) -> pallet_sudo::Call<Runtime> {
    pallet_sudo::Call::sudo { call: Box::new(call.into()) }
}

async fn of<V: Decode>(node: &Node, item: &str, who: &Keypair) -> Option<V> {
    let who = who.public();
    let prefix = [twox_128(b"Commitments"), twox_128(item.as_bytes())].concat();
    node.storage(&[&prefix[..], &NET.to_le_bytes(), &twox_64(&who), &who].concat()).await
}

async fn waiting(node: &Node) -> Vec<(u16, AccountId)> {
    node.storage(&[twox_128(b"Commitments"), twox_128(b"TimelockedIndex")].concat()).await.unwrap_or_default()
}

async fn events(node: &Node) -> Vec<Event<Runtime>> {
    let events = node.events().await.into_iter();
    events
        .filter_map(|record| match record.event {
            RuntimeEvent::Commitments(event) => Some(event),
            _ => None,
        })
        .collect()
}

async fn seated(config: Config) -> (Node, Keypair) {
    let (node, hotkey) = (Node::with(config).await, dev_account("//Miner"));
    assert_eq!(node.send(&alice(), register(&hotkey)).await, Fate::Done);
    (node, hotkey)
}

#[tokio::test]
async fn who_has_a_seat_publishes_and_the_last_publication_stands() {
    let (node, hotkey) = seated(Config::test()).await;
    let first = [raw(b"https://example.org"), Data::Sha256([1; 32]), big(300)];
    // A hotkey has no TAO: publishing is free.
    assert_eq!(node.send(&hotkey, publish(first.clone())).await, Fate::Done);
    assert_eq!(events(&node).await, [Event::Commitment { netuid: NET, who: id(&hotkey) }]);
    let stored: Commitment = of(&node, "CommitmentOf", &hotkey).await.unwrap();
    assert_eq!(stored, Registration { deposit: 0, block: 2, info: info(first) });

    assert_eq!(node.send(&hotkey, publish([raw(b"")])).await, Fate::Done);
    let stored: Commitment = of(&node, "CommitmentOf", &hotkey).await.unwrap();
    assert_eq!(stored, Registration { deposit: 0, block: 3, info: info([raw(b"")]) });
    assert_eq!(of::<u32>(&node, "LastCommitment", &hotkey).await, Some(3));

    let nobody = dev_account("//Nobody");
    assert_eq!(node.send(&nobody, publish([])).await, Fate::Failed("AccountNotAllowedCommit".into()));
    let elsewhere = pallet_commitments::Call::set_commitment { netuid: 2, info: Box::new(info([])) };
    assert_eq!(node.send(&hotkey, elsewhere).await, Fate::Failed("AccountNotAllowedCommit".into()));
}

#[tokio::test]
async fn what_fits_into_an_epoch_is_limited() {
    let mut genesis = Genesis::default();
    genesis.subnets[0].rules.tempo = 20;
    let (node, hotkey) = seated(Config { genesis, ..Config::test() }).await;
    // Six times 512 bytes, and 28 are left, less than the least that counts.
    for _ in 0..2 {
        assert_eq!(node.send(&hotkey, publish([big(512), big(512), big(512)])).await, Fate::Done);
    }
    assert_eq!(node.send(&hotkey, publish([raw(b"x")])).await, Fate::Failed("SpaceLimitExceeded".into()));
    let used: UsageTracker = of(&node, "UsedSpaceOf", &hotkey).await.unwrap();
    assert_eq!(used, UsageTracker { last_epoch: 0, used_space: 6 * 512 });

    let limit = |new_limit| pallet_commitments::Call::<Runtime>::set_max_space { new_limit };
    assert_eq!(node.send(&hotkey, limit(1 << 20)).await, Fate::Failed("BadOrigin".into()));
    assert_eq!(node.send(&alice(), sudo(limit(6 * 512 + 100))).await, Fate::Done);
    assert_eq!(node.send(&hotkey, publish([raw(b"x")])).await, Fate::Done);
    assert_eq!(node.send(&hotkey, publish([])).await, Fate::Failed("SpaceLimitExceeded".into()));

    // The next epoch counts anew.
    node.blocks(20);
    assert_eq!(node.send(&hotkey, publish([])).await, Fate::Done);
    let used: UsageTracker = of(&node, "UsedSpaceOf", &hotkey).await.unwrap();
    assert_eq!(used, UsageTracker { last_epoch: 1, used_space: 100 });
}

#[tokio::test]
async fn a_publication_has_three_fields_at_most() {
    let (node, hotkey) = seated(Config::test()).await;
    // Pallet, call, netuid, how many fields, and as many that are nothing.
    let call = |fields: u8| {
        let bytes = [&[18, 0][..], &NET.encode(), &[fields << 2], &vec![0; fields.into()]].concat();
        RuntimeCall::decode(&mut &bytes[..])
    };
    assert!(call(4).is_err());
    assert_eq!(node.send(&hotkey, call(3).unwrap()).await, Fate::Done);
}

#[tokio::test]
async fn a_locked_field_opens_when_the_chains_beacon_signs_its_round() {
    let (node, hotkey) = seated(Config::test()).await;
    let key = Beacon::Local.public_key();
    let round = last_round(&node).await + 20;
    let secrets = timelock::Secrets { key: [1; 32], sigma: [2; 32], nonce: [3; 12] };
    let lock = |round, message: &[u8]| {
        let encrypted = timelock::encrypt(&key, round, message, &secrets).unwrap();
        Data::TimelockEncrypted { encrypted: Encrypted::truncate_from(encrypted), reveal_round: round }
    };
    let nonsense = Data::TimelockEncrypted { encrypted: Encrypted::truncate_from(vec![9; 300]), reveal_round: round };
    let fields = [lock(round, b"a secret"), nonsense, lock(round + 8, b"another")];
    assert_eq!(node.send(&hotkey, publish(fields.clone())).await, Fate::Done);
    let locked = Event::TimelockCommitment { netuid: NET, who: id(&hotkey), reveal_round: round };
    assert_eq!(events(&node).await, [locked]);
    assert_eq!(waiting(&node).await, [(NET, id(&hotkey))]);

    // Block 2 was made now; four rounds a block, and the block after the pulse opens.
    while last_round(&node).await < round {
        assert!(of::<Vec<(Vec<u8>, u64)>>(&node, "RevealedCommitments", &hotkey).await.is_none());
        node.blocks(1);
    }
    let opened_at = node.blocks(1);
    let revealed: Vec<(Vec<u8>, u64)> = of(&node, "RevealedCommitments", &hotkey).await.unwrap();
    assert_eq!(revealed, [(b"a secret".to_vec(), opened_at)]);
    assert_eq!(events(&node).await, [Event::CommitmentRevealed { netuid: NET, who: id(&hotkey) }]);
    // What could not be opened is gone too.
    let left: Commitment = of(&node, "CommitmentOf", &hotkey).await.unwrap();
    assert_eq!(left.info, info([fields[2].clone()]));

    let opened_at = node.blocks(2);
    let revealed: Vec<(Vec<u8>, u64)> = of(&node, "RevealedCommitments", &hotkey).await.unwrap();
    assert_eq!(revealed[1..], [(b"another".to_vec(), opened_at)]);
    assert!(of::<Commitment>(&node, "CommitmentOf", &hotkey).await.is_none());
    assert_eq!(waiting(&node).await, []);
}

#[tokio::test]
async fn time_that_leaps_skips_rounds_but_not_those_that_are_waited_for() {
    let (node, hotkey) = seated(Config::test()).await;
    let round = last_round(&node).await + 20_000;
    let secrets = timelock::Secrets { key: [1; 32], sigma: [2; 32], nonce: [3; 12] };
    let encrypted = timelock::encrypt(&Beacon::Local.public_key(), round, b"far", &secrets).unwrap();
    let field = Data::TimelockEncrypted { encrypted: Encrypted::truncate_from(encrypted), reveal_round: round };
    assert_eq!(node.send(&hotkey, publish([field])).await, Fate::Done);
    node.handle.increase_time(100_000).unwrap();
    node.blocks(1);
    assert!(last_round(&node).await > round + 10_000);
    assert!(pulse(&node, round).await.is_some());
    assert!(pulse(&node, round + 1).await.is_none());
    let opened_at = node.blocks(1);
    let revealed: Vec<(Vec<u8>, u64)> = of(&node, "RevealedCommitments", &hotkey).await.unwrap();
    assert_eq!(revealed, [(b"far".to_vec(), opened_at)]);
}

#[tokio::test]
async fn what_was_locked_to_quicknet_opens_with_its_pulse() {
    let (node, hotkey) = seated(Config { beacon: Beacon::Quicknet, ..Config::test() }).await;
    let vector = vector();
    let encrypted = Encrypted::truncate_from(vector.ciphertext);
    let field = Data::TimelockEncrypted { encrypted, reveal_round: vector.round };
    assert_eq!(node.send(&hotkey, publish([field])).await, Fate::Done);
    node.blocks(3);
    assert_eq!(waiting(&node).await, [(NET, id(&hotkey))]);
    let pulse = rpc_params![vector.round, hex::encode(vector.signature)];
    node.rpc.request::<String, _>("dev_writePulse", pulse).await.unwrap();
    let opened_at = node.blocks(2);
    let revealed: Vec<(Vec<u8>, u64)> = of(&node, "RevealedCommitments", &hotkey).await.unwrap();
    assert_eq!(revealed, [(vector.payload, opened_at)]);
}

#[tokio::test]
async fn a_flag_clears_the_bonds_of_who_asks_where_the_subnet_allows_it() {
    let (node, hotkey) = seated(Config::test()).await;
    let key = |map: &str, key: &[u8]| {
        [&twox_128(b"SubtensorModule")[..], &twox_128(map.as_bytes()), &NET.to_le_bytes(), key].concat()
    };
    let bonds_of = |holder: u16| key("Bonds", &holder.to_le_bytes());
    let bonds: Vec<(u16, u16)> = vec![(0, 500), (1, 600)];
    let write = |items: Vec<(Vec<u8>, Vec<u8>)>| sudo(frame_system::Call::set_storage { items });
    // uid 0 is the owner's, uid 1 the hotkey's.
    let held = vec![(bonds_of(0), bonds.encode()), (bonds_of(1), bonds.encode())];
    assert_eq!(node.send(&alice(), write(held)).await, Fate::Done);

    assert_eq!(node.send(&hotkey, publish([Data::ResetBondsFlag])).await, Fate::Done);
    assert_eq!(node.storage::<Vec<(u16, u16)>>(&bonds_of(0)).await.unwrap(), bonds);
    assert_eq!(of::<u32>(&node, "LastBondsReset", &hotkey).await, Some(3));

    assert_eq!(node.send(&alice(), write(vec![(key("BondsResetOn", &[]), true.encode())])).await, Fate::Done);
    assert_eq!(node.send(&hotkey, publish([raw(b"hello"), Data::ResetBondsFlag])).await, Fate::Done);
    for holder in [0, 1] {
        assert_eq!(node.storage::<Vec<(u16, u16)>>(&bonds_of(holder)).await.unwrap(), [(0, 500)]);
    }
}

#[test]
fn fields_have_the_chains_encoding() {
    let examples = [
        (Data::None, "00".to_owned()),
        (raw(b""), "01".to_owned()),
        (raw(b"abc"), "04616263".to_owned()),
        (raw(&[9; 128]), format!("81{}", "09".repeat(128))),
        (Data::BlakeTwo256([1; 32]), format!("82{}", "01".repeat(32))),
        (Data::Sha256([1; 32]), format!("83{}", "01".repeat(32))),
        (Data::Keccak256([1; 32]), format!("84{}", "01".repeat(32))),
        (Data::ShaThree256([1; 32]), format!("85{}", "01".repeat(32))),
        (
            Data::TimelockEncrypted { encrypted: Encrypted::truncate_from(vec![5, 6]), reveal_round: 258 },
            "860805060201000000000000".to_owned(),
        ),
        (Data::ResetBondsFlag, "87".to_owned()),
        (big(2), "88080707".to_owned()),
    ];
    for (data, bytes) in examples {
        assert_eq!(hex::encode(data.encode()), bytes);
        assert_eq!(Data::decode(&mut &hex::decode(bytes).unwrap()[..]).unwrap(), data);
    }
    assert!(Data::decode(&mut &[137][..]).is_err());
    assert!(Data::decode(&mut &[5, 1, 2, 3][..]).is_err());
    assert!(bls::PublicKey::from_bytes(&Beacon::Local.public_key()).is_some());
}
