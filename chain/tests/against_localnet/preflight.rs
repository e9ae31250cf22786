//! What is foreseen of calls about weights, and what the chain says to them.

use std::collections::BTreeSet;

use assay_chain::{Client, Objection, Precheck, Refusal, WeightsCall, WeightsState, commit_hash};
use codec::{Decode, Encode};
use frame_support::BoundedVec;
use localnet::{Beacon, Config, Handle, Rejected, dev_account, spawn};
use node_subtensor_runtime::{
    Runtime,
    pallet_drand::LastStoredRound,
    pallet_subtensor::{
        Call, CommitRevealWeightsEnabled, CommitRevealWeightsVersion, LastEpochBlock, LastUpdate,
        MechanismCountCurrent, MinAllowedWeights, Pallet, PendingEpochAt, RevealPeriodEpochs, StakeThreshold,
        SubnetEpochIndex, Tempo, TimelockedWeightCommits, ValidatorPermit, WeightCommits, WeightsSetRateLimit,
        WeightsVersionKey,
    },
};
use primitives::{Keypair, MechId, NetUid, Uid, Weights};
use sp_core::H256;

use crate::{
    node::{COMMITTED, NET, STAKE, STRICT, alice, genesis, miner, validator},
    raw::{Fate, Sender, id, item},
};

const SALT: [u16; 2] = [3, 4];

struct Chain {
    node: Handle,
    client: Client,
    sender: Sender,
}

impl Chain {
    /// No pulses are written but by hand.
    async fn start() -> Self {
        let config = Config { genesis: genesis(), beacon: Beacon::Quicknet, ..Config::test() };
        let node = spawn(config).await.unwrap();
        let client = Client::connect(&node.url()).await.unwrap();
        Self { node, client, sender: Sender::default() }
    }

    fn put(&mut self, items: Vec<(Vec<u8>, Vec<u8>)>) {
        self.sender.put(&self.node, items);
    }

    async fn state(&self, netuid: NetUid, mechanism: MechId, who: &Keypair) -> WeightsState {
        self.client.weights_state(netuid, mechanism, who.hotkey(), None).await.unwrap()
    }

    /// Foresee, send anyway, and compare.
    async fn compare(&mut self, who: &Keypair, netuid: NetUid, mechanism: MechId, call: &RawCall) -> Fate {
        let state = self.state(netuid, mechanism, who).await;
        let foreseen = call.check(&state, who);
        let fate = self.sender.send(&self.node, who, call.call(netuid, mechanism));
        assert_eq!(fate_of(&foreseen), fate, "{foreseen:?}\nof {call:?}\nin {state:#?}");
        fate
    }
}

/// A call with arguments that a client would not send, too.
#[derive(Clone, Debug)]
enum RawCall {
    Set { uids: Vec<u16>, values: Vec<u16>, version_key: u64 },
    Commit,
    Reveal { uids: Vec<u16>, values: Vec<u16>, version_key: u64 },
    Timelocked { bytes: usize, round: u64, version: u16 },
}

impl RawCall {
    fn check(&self, state: &WeightsState, who: &Keypair) -> Result<(), Objection> {
        match self {
            Self::Set { uids, values, version_key } => state.check_set(uids, values, *version_key),
            Self::Commit => state.check(&WeightsCall::Commit),
            Self::Reveal { uids, values, version_key } => {
                let hash = hash(who, state.netuid, state.mechanism, uids, values, *version_key);
                state.check_reveal(&hash, uids, values, *version_key)
            }
            Self::Timelocked { bytes, round, version } => state.check(&WeightsCall::CommitTimelocked {
                ciphertext_bytes: *bytes,
                round: *round,
                version: *version,
            }),
        }
    }

    /// The main mechanism has calls of its own.
    fn call(&self, NetUid(netuid): NetUid, MechId(mecid): MechId) -> Call<Runtime> {
        match self.clone() {
            Self::Set { uids: dests, values: weights, version_key } if mecid == 0 => {
                Call::set_weights { netuid, dests, weights, version_key }
            }
            Self::Set { uids: dests, values: weights, version_key } => {
                Call::set_mechanism_weights { netuid, mecid, dests, weights, version_key }
            }
            Self::Commit => {
                let commit_hash = H256([9; 32]);
                Call::commit_mechanism_weights { netuid, mecid, commit_hash }
            }
            Self::Reveal { uids, values, version_key } => {
                let salt = SALT.to_vec();
                Call::reveal_mechanism_weights { netuid, mecid, uids, values, salt, version_key }
            }
            Self::Timelocked { bytes, round: reveal_round, version: commit_reveal_version } => {
                let commit = BoundedVec::truncate_from(vec![7; bytes]);
                Call::commit_timelocked_mechanism_weights { netuid, mecid, commit, reveal_round, commit_reveal_version }
            }
        }
    }
}

fn hash(who: &Keypair, netuid: NetUid, mechanism: MechId, uids: &[u16], values: &[u16], version_key: u64) -> [u8; 32] {
    let index = netuid.storage_index(mechanism);
    Pallet::<Runtime>::get_commit_hash(&id(who), index, uids, values, &SALT, version_key).0
}

/// What the chain says where this is right.
fn fate_of(foreseen: &Result<(), Objection>) -> Fate {
    match foreseen {
        Ok(()) => Fate::Done,
        Err(Objection::Invalid { check, .. }) => Fate::Refused(check.code()),
        Err(Objection::Refused { refusal, .. }) => Fate::Failed(refusal.to_string()),
        Err(other) => panic!("{other}"),
    }
}

/// To derive one takes longer than all else in a case.
struct People {
    owner: Keypair,
    validator: Keypair,
    miner: Keypair,
    stranger: Keypair,
    other: Keypair,
}

impl People {
    fn new() -> Self {
        Self {
            owner: dev_account("//Owner//hotkey"),
            validator: validator(),
            miner: miner(),
            stranger: dev_account("//Stranger"),
            other: dev_account("//Ferdie"),
        }
    }
}

/// Chosen by a number that goes on from one choice to the next: the same choices in every run.
struct Dice(u64);

impl Dice {
    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }
}

/// One subnet's state, signer and call, most of them such as the chain accepts and each thing now and then otherwise.
struct Case<'a> {
    who: &'a Keypair,
    netuid: NetUid,
    mechanism: MechId,
    items: Vec<(Vec<u8>, Vec<u8>)>,
    call: RawCall,
}

fn case<'a>(dice: &mut Dice, people: &'a People, head: u64, stake: u64) -> Case<'a> {
    let mut rarely = |many: u64| dice.one_in(many);
    let (stranger, owner, unpermitted) = (rarely(12), rarely(8), rarely(8));
    let (nowhere, root) = (rarely(20), rarely(20));
    let (runs_next, too_poor, exactly, lower_version) = (rarely(6), rarely(12), rarely(4), rarely(3));
    let runs_next = runs_next && !nowhere && !root;
    let (direct, kind) = (rarely(2), dice.below(9));
    let who = match (stranger, owner, unpermitted && !runs_next) {
        (true, ..) => &people.stranger,
        (_, true, _) => &people.owner,
        (_, _, true) => &people.miner,
        _ => &people.validator,
    };
    let netuid = if nowhere {
        NetUid(9)
    } else if root {
        NetUid(0)
    } else {
        NET
    };
    let mechanism = MechId(dice.of(&[0, 0, 1, 2]));
    let mechanisms = dice.of(&[1u8, 2, 3, 3]);
    // The state is written in the next block, and the call is in the one after.
    let block = head + 2;
    let (index, net) = (netuid.storage_index(mechanism), netuid.0);

    // Where the block runs an epoch, permits are as it leaves them.
    let epoch_index = dice.of(&[5u64, 6]);
    let last_epoch = if runs_next { block - 30 } else { block - 3 };
    let epoch = epoch_index + u64::from(runs_next);
    let permit = runs_next || !dice.one_in(6);
    let threshold = match (too_poor, exactly && !runs_next && netuid == NET) {
        (true, _) => u64::MAX,
        (_, true) => stake + dice.below(2),
        _ => 0,
    };
    let committed = if matches!(kind, 0..=4) && direct { dice.one_in(8) } else { !dice.one_in(8) };
    let limit = dice.of(&[0u64, 1, 2, 3, 50]);
    let updates: Vec<u64> = (0..3).map(|_| dice.of(&[0, 1, block - 3, block - 2, block - 1])).collect();
    let network_key = dice.of(&[0u64, 0, 7]);
    let version_key = if lower_version { 6 } else { dice.of(&[7, 8]) };
    let fewest = dice.of(&[1u16, 1, 2, 3, 9]);
    let period = dice.of(&[1u64, 1, 2]);

    let mut uids = dice.of(&[vec![0, 1, 2], vec![2, 0, 1], vec![2, 1], vec![1], vec![2], vec![]]);
    match dice.below(10) {
        0 if !uids.is_empty() => uids[0] = 3,
        1 | 2 if uids.len() > 1 => uids[1] = uids[0],
        3 => uids = vec![0, 1, 2, 3],
        _ => {}
    }
    let values = vec![1; uids.len() + usize::from(dice.one_in(10))];
    let call = match kind {
        0..=4 if direct => RawCall::Set { uids: uids.clone(), values: values.clone(), version_key },
        0..=4 => RawCall::Reveal { uids: uids.clone(), values: values.clone(), version_key },
        5 | 6 => RawCall::Commit,
        _ => RawCall::Timelocked {
            bytes: 20,
            round: dice.of(&[999, 1_000, 1_000, u64::MAX]),
            version: dice.of(&[3, 4, 4, 4, 4, 5]),
        },
    };

    // Hashes of earlier epochs, and now and then the one that is revealed.
    let ours = hash(who, netuid, mechanism, &uids, &values, version_key);
    let due = epoch.saturating_sub(period);
    let waiting = dice.of(&[0u64, 1, 2, 9, 10, 10]);
    let first = due - dice.of(&[0, 2]);
    let mut hashes: Vec<(H256, u64, u64, u64)> =
        (0..waiting).map(|nth| (H256::repeat_byte(nth as u8), first + nth.min(4) / 2, 1, 0)).collect();
    let committed_in = dice.of(&[due, due, due, due, due + 1, due.saturating_sub(1)]);
    if matches!(call, RawCall::Reveal { .. }) && !dice.one_in(8) {
        let at = dice.below(hashes.len() as u64 + 1) as usize;
        hashes.insert(at, (H256(ours), committed_in, 1, 0));
    }
    let locked = dice.of(&[0usize, 1, 9, 10, 11]);
    let commit = |who: &Keypair| (id(who), 1u64, vec![7u8; 20], u64::MAX);
    let mut locked = vec![commit(who); locked];
    locked.push(commit(&people.other));

    let mut items = vec![
        item(StakeThreshold::<Runtime>::hashed_key(), threshold),
        item(CommitRevealWeightsEnabled::<Runtime>::hashed_key_for(net), committed),
        item(CommitRevealWeightsVersion::<Runtime>::hashed_key(), 4u16),
        item(RevealPeriodEpochs::<Runtime>::hashed_key_for(net), period),
        item(WeightsSetRateLimit::<Runtime>::hashed_key_for(net), limit),
        item(WeightsVersionKey::<Runtime>::hashed_key_for(net), network_key),
        item(MinAllowedWeights::<Runtime>::hashed_key_for(net), fewest),
        item(WeightCommits::<Runtime>::hashed_key_for(index, id(who)), hashes),
        item(TimelockedWeightCommits::<Runtime>::hashed_key_for(index, epoch), locked),
        item(LastStoredRound::<Runtime>::hashed_key(), 1_000u64),
        item(SubnetEpochIndex::<Runtime>::hashed_key_for(net), epoch_index),
        item(Tempo::<Runtime>::hashed_key_for(net), if netuid == NET { 20u16 } else { 0 }),
    ];
    if netuid == NET {
        items.extend([
            item(MechanismCountCurrent::<Runtime>::hashed_key_for(net), mechanisms),
            item(LastUpdate::<Runtime>::hashed_key_for(index), updates),
            item(ValidatorPermit::<Runtime>::hashed_key_for(net), vec![permit, permit, false]),
            item(LastEpochBlock::<Runtime>::hashed_key_for(net), last_epoch),
            item(PendingEpochAt::<Runtime>::hashed_key_for(net), 0u64),
        ]);
    }
    Case { who, netuid, mechanism, items, call }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_state_the_chain_says_what_was_foreseen() {
    let mut chain = Chain::start().await;
    // Stake on root counts by its weight, down to the last rao.
    let stake = Call::add_stake { hotkey: id(&validator()), netuid: 0, amount_staked: 1_234_567_891 };
    assert_eq!(chain.sender.send(&chain.node, &alice(), stake), Fate::Done);
    let weighted = chain.state(NET, MechId(0), &validator()).await.stake - STAKE;
    assert!((1..1_234_567_891).contains(&weighted));
    chain.node.author_blocks(60).unwrap();
    let (people, mut dice, mut seen) = (People::new(), Dice(1), BTreeSet::new());
    for _ in 0..450 {
        let head = chain.node.best().number;
        let stake = chain.state(NET, MechId(0), &people.validator).await.stake;
        let Case { who, netuid, mechanism, items, call } = case(&mut dice, &people, head, stake);
        chain.put(items);
        let fate = chain.compare(who, netuid, mechanism, &call).await;
        let name = match call {
            RawCall::Set { .. } => "set",
            RawCall::Commit => "commit",
            RawCall::Reveal { .. } => "reveal",
            RawCall::Timelocked { .. } => "timelocked",
        };
        seen.insert(match fate {
            Fate::Done => format!("{name} done"),
            Fate::Failed(error) => format!("{name} {}", error.trim_start_matches("SubtensorModule.")),
            Fate::Refused(code) => format!("{name} {code}"),
        });
    }
    let row = [
        "CanNotSetRootNetworkWeights",
        "DuplicateUids",
        "HotKeyNotRegisteredInSubNet",
        "IncorrectWeightVersionKey",
        "MechanismDoesNotExist",
        "NeuronNoValidatorPermit",
        "UidVecContainInvalidOne",
        "UidsLengthExceedUidsInSubNet",
        "WeightVecLengthIsLow",
        "WeightVecNotEqualSize",
        "done",
    ];
    let mut expected: BTreeSet<String> =
        row.iter().flat_map(|name| [format!("set {name}"), format!("reveal {name}")]).collect();
    // A mechanism that does not exist is too early for who has a seat, and has no commits of others.
    let others = [
        "set 1",
        "set 6",
        "set CommitRevealEnabled",
        "reveal 1",
        "reveal 16",
        "reveal 17",
        "reveal CommitRevealDisabled",
        "reveal SubnetNotExists",
        "commit 1",
        "commit 6",
        "commit CommitRevealDisabled",
        "commit HotKeyNotRegisteredInSubNet",
        "commit MechanismDoesNotExist",
        "commit TooManyUnrevealedCommits",
        "commit done",
        "timelocked 1",
        "timelocked 15",
        "timelocked CommitRevealDisabled",
        "timelocked CommittingWeightsTooFast",
        "timelocked HotKeyNotRegisteredInSubNet",
        "timelocked IncorrectCommitRevealVersion",
        "timelocked MechanismDoesNotExist",
        "timelocked TooManyUnrevealedCommits",
        "timelocked done",
    ];
    expected.extend(others.map(str::to_owned));
    assert_eq!(seen.symmetric_difference(&expected).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// Until that block the objection stands, and in that block the chain takes the call.
async fn stands_until(chain: &mut Chain, who: &Keypair, call: &RawCall, expected: &str) {
    let mut foreseen = None;
    loop {
        let state = chain.state(NET, MechId(0), who).await;
        let next = state.block.number + 1;
        match call.check(&state, who) {
            Ok(()) => {
                assert_eq!(Some(next), foreseen);
                assert_eq!(chain.compare(who, NET, MechId(0), call).await, Fate::Done);
                return;
            }
            Err(objection) => {
                assert!(objection.is_retryable());
                let until = objection.until().unwrap();
                assert_eq!(objection.to_string(), format!("{expected} until block {until}"));
                assert!(next < until && foreseen.is_none_or(|foreseen| foreseen == until));
                foreseen = Some(until);
                let fate = chain.compare(who, NET, MechId(0), call).await;
                assert_ne!(fate, Fate::Done);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_time_heals_is_told_with_its_block() {
    let mut chain = Chain::start().await;
    let who = validator();
    let row = || (vec![2u16, 0], vec![1u16, 1]);
    chain.node.author_blocks(2).unwrap();
    chain.put(vec![item(WeightsSetRateLimit::<Runtime>::hashed_key_for(1), 6u64)]);
    let (uids, values) = row();
    let set = RawCall::Set { uids, values, version_key: 0 };
    assert_eq!(chain.compare(&who, NET, MechId(0), &set).await, Fate::Done);
    stands_until(&mut chain, &who, &set, "RateLimitExceeded (check 6)").await;

    let commit_reveal = item(CommitRevealWeightsEnabled::<Runtime>::hashed_key_for(1), true);
    chain.put(vec![commit_reveal]);
    stands_until(&mut chain, &who, &RawCall::Commit, "RateLimitExceeded (check 6)").await;
    let timelocked = RawCall::Timelocked { bytes: 20, round: u64::MAX, version: 4 };
    stands_until(&mut chain, &who, &timelocked, "SubtensorModule.CommittingWeightsTooFast").await;

    // Ten of each kind wait: of hashes for the first to expire, of timelocked ones for the next epoch.
    chain.put(vec![item(WeightsSetRateLimit::<Runtime>::hashed_key_for(1), 0u64)]);
    while chain.node.best().number % 20 != 5 {
        chain.node.author_block().unwrap();
    }
    let epoch = chain.state(NET, MechId(0), &who).await.schedule.epoch_index;
    let (uids, values) = row();
    let reveal = RawCall::Reveal { uids: uids.clone(), values: values.clone(), version_key: 0 };
    let ours = hash(&who, NET, MechId(0), &uids, &values, 0);
    let mut commits = vec![(H256::zero(), epoch, 1u64, 0u64); 9];
    commits.push((H256(ours), epoch, 1, 0));
    let locked = vec![(id(&who), 1u64, vec![7u8; 20], u64::MAX); 10];
    chain.put(vec![
        item(WeightCommits::<Runtime>::hashed_key_for(1, id(&who)), commits),
        item(TimelockedWeightCommits::<Runtime>::hashed_key_for(1, epoch), locked),
    ]);
    let state = chain.state(NET, MechId(0), &who).await;
    let too_many = state.check(&WeightsCall::Commit).unwrap_err();
    assert_eq!(too_many.until(), state.schedule.epoch_block(state.block.number, epoch + 2));
    stands_until(&mut chain, &who, &timelocked, "SubtensorModule.TooManyUnrevealedCommits").await;
    chain.put(vec![item(SubnetEpochIndex::<Runtime>::hashed_key_for(1), epoch)]);
    stands_until(&mut chain, &who, &reveal, "CommitBlockNotInRevealRange (check 17)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_asks_with_a_row() {
    let mut chain = Chain::start().await;
    let (node, client, who) = (&chain.node, &chain.client, validator());
    node.author_blocks(2).unwrap();
    let weights = Weights::new([(Uid(0), 1), (Uid(2), 65_535)]).unwrap();
    let state = client.weights_state(NET, MechId(0), who.hotkey(), None).await.unwrap();
    assert_eq!(state.check(&WeightsCall::Set { weights: &weights, version_key: 0 }), Ok(()));
    assert_eq!(state.check(&WeightsCall::Commit), Err(Refusal::CommitRevealDisabled.into()));
    let strict = client.weights_state(STRICT, MechId(0), who.hotkey(), None).await.unwrap();
    let version = strict.check(&WeightsCall::Set { weights: &weights, version_key: 6 }).unwrap_err();
    assert_eq!(
        (version.to_string().as_str(), version.is_retryable()),
        ("SubtensorModule.IncorrectWeightVersionKey", false)
    );
    let hash = commit_hash(who.hotkey(), COMMITTED, MechId(0), &weights, &SALT, 0);
    let committed = client.weights_state(COMMITTED, MechId(0), who.hotkey(), None).await.unwrap();
    assert_eq!((committed.stake, committed.uid, committed.commits.as_deref()), (STAKE, Some(Uid(1)), None));
    let reveal = WeightsCall::Reveal { hash, weights: &weights, version_key: 0 };
    assert_eq!(committed.check(&reveal), Err(Precheck::CommitNotFound.into()));
    let locked = |ciphertext_bytes| WeightsCall::CommitTimelocked { ciphertext_bytes, round: 1_000, version: 4 };
    assert_eq!(committed.check(&locked(5_000)), Ok(()));
    let too_long = committed.check(&locked(5_001)).unwrap_err();
    assert_eq!((&too_long, too_long.is_retryable()), (&Objection::TooLong { bytes: 5_001 }, false));

    // What is a byte too long is no transaction; one of the greatest length is.
    let commit = BoundedVec::truncate_from(vec![7; 5_000]);
    let (netuid, reveal_round, commit_reveal_version) = (COMMITTED.0, 1_000, 4);
    let call = Call::commit_timelocked_weights { netuid, commit, reveal_round, commit_reveal_version };
    let bytes = chain.sender.sign(&chain.node, &who, call.clone());
    let inner = Vec::<u8>::decode(&mut &bytes[..]).unwrap();
    let length = codec::Compact(5_000u32).encode();
    let at = inner.windows(6).position(|window| window == [&length[..], &[7; 4]].concat()).unwrap();
    let longer = codec::Compact(5_001u32).encode();
    let longer = [&inner[..at], &longer[..], &[7], &inner[at + 2..]].concat().encode();
    assert!(matches!(chain.node.submit(longer), Err(Rejected::Format(_))));
    assert_eq!(chain.sender.send(&chain.node, &who, call), Fate::Done);
    let committed = chain.state(COMMITTED, MechId(0), &who).await;
    assert_eq!((committed.timelocked_commits, committed.last_update), (1, committed.block.number));
}
