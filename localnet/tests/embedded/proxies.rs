//! Who acts for another, and in what.

use localnet::{Genesis, dev_account};
use node_subtensor_runtime::{
    AccountId, ProxyType, Runtime, RuntimeCall, RuntimeEvent,
    pallet_proxy::{self, Event},
};
use primitives::Keypair;
use sp_runtime::{DispatchResult, MultiAddress};

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::register,
};

const TAO: u64 = 1_000_000_000;

fn address(who: &Keypair) -> MultiAddress<AccountId, ()> {
    MultiAddress::Id(id(who))
}

fn add(delegate: &Keypair, proxy_type: ProxyType, delay: u32) -> pallet_proxy::Call<Runtime> {
    pallet_proxy::Call::add_proxy { delegate: address(delegate), proxy_type, delay }
}

fn act_for(real: &Keypair, call: impl Into<RuntimeCall>) -> pallet_proxy::Call<Runtime> {
    pallet_proxy::Call::proxy { real: address(real), force_proxy_type: None, call: Box::new(call.into()) }
}

fn transfer(to: &Keypair, value: u64) -> pallet_balances::Call<Runtime> {
    pallet_balances::Call::transfer_keep_alive { dest: address(to), value }
}

/// What came of the call that a proxy made.
async fn made(node: &Node) -> DispatchResult {
    let mut events = node.events().await.into_iter();
    events
        .find_map(|record| match record.event {
            RuntimeEvent::Proxy(Event::ProxyExecuted { result }) => Some(result),
            _ => None,
        })
        .expect("executed")
}

#[tokio::test]
async fn a_proxy_does_what_its_kind_may_and_no_more() {
    let node = Node::start(Genesis::default()).await;
    let (bob, hotkey) = (dev_account("//Bob"), dev_account("//Miner"));
    assert_eq!(node.send(&bob, act_for(&alice(), register(&hotkey))).await, Fate::Failed("NotProxy".into()));
    assert_eq!(node.send(&alice(), add(&bob, ProxyType::Registration, 0)).await, Fate::Done);
    assert_eq!(node.send(&alice(), add(&bob, ProxyType::Registration, 0)).await, Fate::Failed("Duplicate".into()));

    assert_eq!(node.send(&bob, act_for(&alice(), register(&hotkey))).await, Fate::Done);
    assert_eq!(made(&node).await, Ok(()));
    let seat = [&1u16.to_le_bytes()[..], &sp_core::blake2_128(&hotkey.public()), &hotkey.public()].concat();
    assert_eq!(node.of_subnet::<u16>("Uids", &seat).await, 1);

    assert_eq!(node.send(&bob, act_for(&alice(), transfer(&bob, TAO))).await, Fate::Done);
    let filtered = frame_system::Error::<Runtime>::CallFiltered.into();
    assert_eq!(made(&node).await, Err(filtered));

    let remove = pallet_proxy::Call::remove_proxies {};
    assert_eq!(node.send(&alice(), remove).await, Fate::Done);
    assert_eq!(node.send(&bob, act_for(&alice(), register(&hotkey))).await, Fate::Failed("NotProxy".into()));
}

#[tokio::test]
async fn a_proxy_with_a_delay_announces_first() {
    let node = Node::start(Genesis::default()).await;
    let (bob, charlie) = (dev_account("//Bob"), dev_account("//Charlie"));
    assert_eq!(node.send(&alice(), add(&bob, ProxyType::Transfer, 3)).await, Fate::Done);
    let call = RuntimeCall::from(transfer(&charlie, TAO));
    assert_eq!(node.send(&bob, act_for(&alice(), call.clone())).await, Fate::Failed("Unannounced".into()));
    let call_hash = sp_core::blake2_256(&codec::Encode::encode(&call)).into();
    let announce = pallet_proxy::Call::<Runtime>::announce { real: address(&alice()), call_hash };
    assert_eq!(node.send(&bob, announce).await, Fate::Done);
    let announced = || pallet_proxy::Call::<Runtime>::proxy_announced {
        delegate: address(&bob),
        real: address(&alice()),
        force_proxy_type: None,
        call: Box::new(call.clone()),
    };
    assert_eq!(node.send(&bob, announced()).await, Fate::Failed("Unannounced".into()));
    node.blocks(1);
    assert_eq!(node.send(&bob, announced()).await, Fate::Done);
    assert_eq!(made(&node).await, Ok(()));
}

#[test]
fn kinds_allow_what_the_chain_lets_them() {
    use frame_support::traits::InstanceFilter;
    use pallet_subtensor::Call as Subnets;
    let who = || id(&alice());
    let call = |call: Subnets<Runtime>| RuntimeCall::from(call);
    let sudo_of = |call: RuntimeCall, weight| match weight {
        None => RuntimeCall::from(pallet_sudo::Call::sudo { call: Box::new(call) }),
        Some(weight) => RuntimeCall::from(pallet_sudo::Call::sudo_unchecked_weight { call: Box::new(call), weight }),
    };
    let remark = || RuntimeCall::from(frame_system::Call::remark { remark: vec![] });
    let set_code = || RuntimeCall::from(frame_system::Call::set_code { code: vec![] });
    let free = Some(sp_runtime::Weight::zero());
    let stake = || call(Subnets::add_stake { hotkey: who(), netuid: 1, amount_staked: TAO });
    let give = |alpha_amount| {
        let (origin_netuid, destination_netuid) = (1, 1);
        call(Subnets::transfer_stake {
            destination_coldkey: who(),
            hotkey: who(),
            origin_netuid,
            destination_netuid,
            alpha_amount,
        })
    };
    let pay = |value| RuntimeCall::from(transfer(&alice(), value));
    let serve = || call(crate::subnet::serve(1, 1, 4));
    let start = || call(Subnets::start_call { netuid: 1 });
    let seat = || call(register(&alice()));
    use ProxyType::*;
    const BROAD: [ProxyType; 4] = [Any, NonCritical, NonTransfer, NonFungible];
    let cases: [(RuntimeCall, &[ProxyType]); 11] = [
        (remark(), &BROAD),
        (serve(), &BROAD),
        (start(), &[Any, NonCritical, NonTransfer, NonFungible, SubnetLeaseBeneficiary]),
        (stake(), &[Any, NonCritical, NonTransfer, Staking]),
        (give(TAO / 2 - 1), &[Any, NonCritical, Transfer, SmallTransfer]),
        (give(TAO / 2), &[Any, NonCritical, Transfer]),
        (pay(TAO / 2 - 1), &[Any, NonCritical, Transfer, SmallTransfer]),
        (pay(TAO / 2), &[Any, NonCritical, Transfer]),
        (seat(), &[Any, NonTransfer, Registration]),
        (sudo_of(remark(), None), &[Any, NonTransfer, NonFungible]),
        (sudo_of(set_code(), free), &[Any, NonTransfer, NonFungible, SudoUncheckedSetCode]),
    ];
    let all = [
        Any,
        Owner,
        NonCritical,
        NonTransfer,
        Senate,
        NonFungible,
        Triumvirate,
        Governance,
        Staking,
        Registration,
        Transfer,
        SmallTransfer,
        RootWeights,
        ChildKeys,
        SudoUncheckedSetCode,
        SwapHotkey,
        SubnetLeaseBeneficiary,
        RootClaim,
    ];
    for (call, expected) in cases {
        let allowed: Vec<_> = all.into_iter().filter(|kind| kind.filter(&call)).collect();
        assert_eq!(allowed, expected, "{call:?}");
    }
    assert!(all.iter().enumerate().all(|(index, kind)| codec::Encode::encode(kind) == [index as u8]));
}
