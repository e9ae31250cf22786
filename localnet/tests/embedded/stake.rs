//! Stake: bought and sold within limits, moved, given away and given up.

use localnet::{Genesis, SubnetGenesis, dev_account};
use node_subtensor_runtime::Runtime;
use pallet_alpha_assets::{AlphaBurned, AlphaRecycled, TotalAlphaIssuance};
use pallet_subtensor::{Call, Delegates, Event, Keys, MaxAllowedUids, Owner, TransferToggle, TxDelegateTakeRateLimit};
use primitives::{Keypair, NetUid};

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    state::item,
    subnet::register,
};

const ROOT: u16 = 0;
const NET: u16 = 1;
const OTHER: u16 = 2;
const TAO: u64 = 1_000_000_000;

pub fn add(hotkey: &Keypair, netuid: u16, amount_staked: u64) -> Call<Runtime> {
    Call::add_stake { hotkey: id(hotkey), netuid, amount_staked }
}

pub fn remove(hotkey: &Keypair, netuid: u16, amount_unstaked: u64) -> Call<Runtime> {
    Call::remove_stake { hotkey: id(hotkey), netuid, amount_unstaked }
}

pub fn failed(error: &str) -> Fate {
    Fate::Failed(error.into())
}

/// Two subnets, where an alpha of the second costs half a TAO, and two hotkeys of Alice's in the first.
async fn start() -> (Node, Keypair, Keypair) {
    let mut genesis = Genesis::default();
    genesis.subnets.push(SubnetGenesis { pool: (500_000 * TAO, 1_000_000 * TAO), ..SubnetGenesis::new(NetUid(OTHER)) });
    let node = Node::start(genesis).await;
    let (one, two) = (dev_account("//One"), dev_account("//Two"));
    for hotkey in [&one, &two] {
        assert_eq!(node.send(&alice(), register(hotkey)).await, Fate::Done);
    }
    (node, one, two)
}

/// What a pool pays whose product is constant: it took `paid_in` and has `after` since, and `rest` is what is left of
/// what it paid from.
fn other_side(after: u64, paid_in: u64, rest: u64, paid_out: u64) -> u64 {
    let product = u128::from(rest + paid_out) * u128::from(paid_in);
    u64::try_from(product / u128::from(after)).unwrap()
}

#[tokio::test]
async fn stake_is_bought_shared_and_sold_at_the_pools_price() {
    let (node, hotkey, _) = start().await;
    let (bob, before) = (dev_account("//Bob"), node.free(&id(&alice())).await);
    assert_eq!(node.send(&alice(), add(&hotkey, NET, 1_000 * TAO)).await, Fate::Done);
    let events = node.subtensor_events().await;
    let Some(Event::StakeAdded(_, _, paid, alpha, NET, fee)) = events.last().cloned() else { panic!("{events:?}") };
    // 33 of 65,535.
    assert_eq!((paid, fee), (1_000 * TAO, 503_547_722));
    let (tao_in, alpha_in) = node.pool(NET).await;
    assert!(alpha.abs_diff(other_side(tao_in, paid - fee, alpha_in, alpha)) <= 1);
    assert_eq!(node.staked(NET, &hotkey, &alice()).await, alpha);
    let spent = before - node.free(&id(&alice())).await;
    assert!(spent > 1_000 * TAO && spent < 1_000 * TAO + TAO / 100, "{spent}");

    assert_eq!(node.send(&bob, add(&hotkey, NET, 500 * TAO)).await, Fate::Done);
    let bobs = node.staked(NET, &hotkey, &bob).await;
    assert_eq!(node.staked(NET, &hotkey, &alice()).await, alpha);

    // More than there is means all of it.
    let before = node.free(&id(&alice())).await;
    assert_eq!(node.send(&alice(), remove(&hotkey, NET, u64::MAX)).await, Fate::Done);
    let events = node.subtensor_events().await;
    let Some(Event::StakeRemoved(_, _, got, sold, NET, fee)) = events.last().cloned() else { panic!("{events:?}") };
    assert_eq!((sold + fee, fee), (alpha, u64::try_from(u128::from(alpha) * 33 / 65_535).unwrap()));
    let (tao_in, alpha_in) = node.pool(NET).await;
    assert!(got.abs_diff(other_side(alpha_in, sold, tao_in, got)) <= 1);
    let returned = node.free(&id(&alice())).await - before;
    assert!(returned <= got && returned > got - TAO / 100, "{returned}");
    assert_eq!(node.staked(NET, &hotkey, &alice()).await, 0);
    assert_eq!(node.staked(NET, &hotkey, &bob).await, bobs);
    let burned: u64 = node.read(AlphaBurned::<Runtime>::hashed_key_for(NET)).await;
    assert_eq!(burned, fee);
}

#[tokio::test]
async fn stake_that_cannot_be_bought_or_sold_is_refused_by_name() {
    let (node, hotkey, _) = start().await;
    let nobody = dev_account("//Nobody");
    for (call, error) in [
        (add(&nobody, NET, TAO), "HotKeyAccountNotExists"),
        (add(&hotkey, 9, TAO), "SubnetNotExists"),
        (add(&hotkey, NET, 1_000), "AmountTooLow"),
        // The least is 0.002 TAO beside the fee.
        (add(&hotkey, NET, 2_001_006), "AmountTooLow"),
        (add(&hotkey, NET, 2_000_000 * TAO), "NotEnoughBalanceToStake"),
        (add(&hotkey, NET, u64::MAX), "InsufficientLiquidity"),
        (remove(&hotkey, NET, TAO), "AmountTooLow"),
        (remove(&hotkey, 9, TAO), "SubtokenDisabled"),
        (Call::unstake_all { hotkey: id(&nobody) }, "HotKeyAccountNotExists"),
        (Call::unstake_all_alpha { hotkey: id(&hotkey) }, "AmountTooLow"),
    ] {
        let words = format!("{call:?}");
        assert_eq!(node.send(&alice(), call).await, failed(error), "{words}");
    }
    assert_eq!(node.send(&alice(), add(&hotkey, NET, 2_001_008)).await, Fate::Done);
}

#[tokio::test]
async fn a_limit_bounds_the_price() {
    let (node, hotkey, _) = start().await;
    let within = |netuid, limit_price, allow_partial| Call::<Runtime>::add_stake_limit {
        hotkey: id(&hotkey),
        netuid,
        amount_staked: 100_000 * TAO,
        limit_price,
        allow_partial,
    };
    let limit = 1_001_000_000;
    assert_eq!(node.send(&alice(), within(NET, 999_000_000, true)).await, failed("PriceLimitExceeded"));
    assert_eq!(node.send(&alice(), within(NET, limit, false)).await, failed("SlippageTooHigh"));
    assert_eq!(node.send(&alice(), within(ROOT, 999_999_999, false)).await, failed("SlippageTooHigh"));
    assert_eq!(node.send(&alice(), within(NET, limit, true)).await, Fate::Done);
    // A thousandth of the price is half a thousandth of a pool of a million.
    let staked = node.staked(NET, &hotkey, &alice()).await;
    assert!(staked > 490 * TAO && staked < 500 * TAO, "{staked}");
    let price = node.price(NET).await;
    assert!(price <= limit && price > limit - 10, "{price}");

    let down_to = |limit_price, allow_partial| Call::<Runtime>::remove_stake_limit {
        hotkey: id(&hotkey),
        netuid: NET,
        amount_unstaked: staked,
        limit_price,
        allow_partial,
    };
    let limit = 1_000_500_000;
    assert_eq!(node.send(&alice(), down_to(1_002_000_000, true)).await, failed("PriceLimitExceeded"));
    assert_eq!(node.send(&alice(), down_to(limit, false)).await, failed("SlippageTooHigh"));
    assert_eq!(node.send(&alice(), down_to(limit, true)).await, Fate::Done);
    let price = node.price(NET).await;
    assert!(price >= limit && price < limit + 10, "{price}");
    let rest = node.staked(NET, &hotkey, &alice()).await;
    assert!(rest.abs_diff(staked / 2) < 5 * TAO, "{rest}");

    let all = |limit_price| Call::<Runtime>::remove_stake_full_limit { hotkey: id(&hotkey), netuid: NET, limit_price };
    assert_eq!(node.send(&alice(), all(Some(2 * TAO))).await, failed("PriceLimitExceeded"));
    assert_eq!(node.send(&alice(), all(Some(TAO / 2))).await, Fate::Done);
    assert_eq!(node.staked(NET, &hotkey, &alice()).await, 0);
    assert_eq!(node.send(&alice(), all(None)).await, failed("AmountTooLow"));
}

#[tokio::test]
async fn stake_moves_between_hotkeys_and_coldkeys_for_nothing() {
    let (node, one, two) = start().await;
    let bob = dev_account("//Bob");
    let shift = |to: &Keypair, destination_netuid, alpha_amount| Call::<Runtime>::move_stake {
        origin_hotkey: id(&one),
        destination_hotkey: id(to),
        origin_netuid: NET,
        destination_netuid,
        alpha_amount,
    };
    let give = |alpha_amount| Call::<Runtime>::transfer_stake {
        destination_coldkey: id(&bob),
        hotkey: id(&one),
        origin_netuid: NET,
        destination_netuid: NET,
        alpha_amount,
    };
    assert_eq!(node.send(&alice(), add(&one, NET, 1_000 * TAO)).await, Fate::Done);
    let staked = node.staked(NET, &one, &alice()).await;
    for (call, error) in [
        (shift(&one, NET, TAO), "SameNetuid"),
        (shift(&two, 9, TAO), "SubnetNotExists"),
        (shift(&dev_account("//Nobody"), NET, TAO), "HotKeyAccountNotExists"),
        (shift(&two, NET, staked + 1), "NotEnoughStakeToWithdraw"),
        (shift(&two, NET, 1_000_000), "AmountTooLow"),
        (give(staked + 1), "NotEnoughStakeToWithdraw"),
    ] {
        let words = format!("{call:?}");
        assert_eq!(node.send(&alice(), call).await, failed(error), "{words}");
    }
    assert_eq!(node.send(&alice(), shift(&two, NET, 400 * TAO)).await, Fate::Done);
    assert_eq!(node.send(&alice(), give(100 * TAO)).await, Fate::Done);
    assert_eq!(node.staked(NET, &one, &alice()).await, staked - 500 * TAO);
    assert_eq!(node.staked(NET, &two, &alice()).await, 400 * TAO);
    assert_eq!(node.staked(NET, &one, &bob).await, 100 * TAO);
    // Who has others' stake says what it takes.
    assert_eq!(node.storage::<u16>(&Delegates::<Runtime>::hashed_key_for(id(&one))).await, Some(11_796));
    assert_eq!(node.storage::<u16>(&Delegates::<Runtime>::hashed_key_for(id(&two))).await, None);

    node.put(vec![item(TransferToggle::<Runtime>::hashed_key_for(NET), false)]).await;
    assert_eq!(node.send(&alice(), give(TAO)).await, failed("TransferDisallowed"));
    assert_eq!(node.send(&alice(), shift(&two, NET, TAO)).await, Fate::Done);
}

#[tokio::test]
async fn stake_moves_between_subnets_for_one_fee() {
    let (node, one, two) = start().await;
    assert_eq!(node.send(&alice(), add(&one, NET, 1_000 * TAO)).await, Fate::Done);
    let swap = |alpha_amount| Call::<Runtime>::swap_stake {
        hotkey: id(&one),
        origin_netuid: NET,
        destination_netuid: OTHER,
        alpha_amount,
    };
    let swap_within = |alpha_amount, limit_price, allow_partial| Call::<Runtime>::swap_stake_limit {
        hotkey: id(&one),
        origin_netuid: NET,
        destination_netuid: OTHER,
        alpha_amount,
        limit_price,
        allow_partial,
    };
    assert_eq!(node.send(&alice(), swap(100 * TAO)).await, Fate::Done);
    let events = node.subtensor_events().await;
    let [.., Event::StakeRemoved(_, _, tao, _, NET, fee), Event::StakeAdded(_, _, paid, alpha, OTHER, 0), swapped] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((tao, *fee), (paid, 50_354_772));
    assert_eq!(*swapped, Event::StakeSwapped(id(&alice()), id(&one), NET, OTHER, *tao));
    // Alice's thousand raised the price by a fifth of a percent.
    assert!(*tao > 100 * TAO && *tao < 100_200_000_000, "{tao}");
    // Half a TAO each.
    assert!(*alpha > 200 * TAO && *alpha < 200_400_000_000, "{alpha}");
    assert_eq!(node.staked(OTHER, &one, &alice()).await, *alpha);

    // Alpha of the one costs two of the other's.
    assert_eq!(node.send(&alice(), swap_within(800 * TAO, 1_999_000_000, false)).await, failed("SlippageTooHigh"));
    assert_eq!(node.send(&alice(), swap_within(800 * TAO, 1_999_000_000, true)).await, Fate::Done);
    let events = node.subtensor_events().await;
    let [.., Event::StakeRemoved(_, _, _, sold, NET, _), Event::StakeAdded(_, _, _, bought, OTHER, _), _] = &events[..]
    else {
        panic!("{events:?}")
    };
    let rate = u128::from(*bought) * u128::from(TAO) / u128::from(*sold);
    assert!((1_999_000_000..1_999_010_000).contains(&rate), "{rate}");
    let left = node.staked(NET, &one, &alice()).await;
    assert!(left > 98 * TAO && left < 800 * TAO, "only a part: {left}");

    // Leaving root is free, as is the price there.
    assert_eq!(node.send(&alice(), add(&one, ROOT, 100 * TAO)).await, Fate::Done);
    assert_eq!(node.staked(ROOT, &one, &alice()).await, 100 * TAO);
    let shift = Call::<Runtime>::move_stake {
        origin_hotkey: id(&one),
        destination_hotkey: id(&two),
        origin_netuid: ROOT,
        destination_netuid: NET,
        alpha_amount: 100 * TAO,
    };
    assert_eq!(node.send(&alice(), shift).await, Fate::Done);
    let events = node.subtensor_events().await;
    let [.., Event::StakeRemoved(_, _, tao, _, ROOT, 0), Event::StakeAdded(_, _, _, alpha, NET, fee), moved] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((*tao, *fee), (100 * TAO, 50_354_772));
    assert_eq!(*moved, Event::StakeMoved(id(&alice()), id(&one), ROOT, id(&two), NET, *tao));
    assert_eq!(node.staked(NET, &two, &alice()).await, *alpha);
    assert_eq!(node.staked(ROOT, &one, &alice()).await, 0);
}

#[tokio::test]
async fn all_stake_leaves_at_once() {
    let (node, hotkey, _) = start().await;
    for netuid in [ROOT, NET, OTHER] {
        assert_eq!(node.send(&alice(), add(&hotkey, netuid, 100 * TAO)).await, Fate::Done);
    }
    assert_eq!(node.send(&alice(), Call::unstake_all_alpha { hotkey: id(&hotkey) }).await, Fate::Done);
    let on_root = node.staked(ROOT, &hotkey, &alice()).await;
    assert!(on_root < 300 * TAO && on_root > 299 * TAO, "{on_root}");
    for netuid in [NET, OTHER] {
        assert_eq!(node.staked(netuid, &hotkey, &alice()).await, 0);
        assert_eq!(node.send(&alice(), add(&hotkey, netuid, 100 * TAO)).await, Fate::Done);
    }
    let before = node.free(&id(&alice())).await;
    assert_eq!(node.send(&alice(), Call::unstake_all { hotkey: id(&hotkey) }).await, Fate::Done);
    for netuid in [ROOT, NET, OTHER] {
        assert_eq!(node.staked(netuid, &hotkey, &alice()).await, 0);
    }
    let returned = node.free(&id(&alice())).await - before;
    assert!(returned > 498 * TAO && returned < 500 * TAO, "{returned}");
}

#[tokio::test]
async fn alpha_is_given_up() {
    let (node, hotkey, _) = start().await;
    let assets = async |netuid| -> (u64, u64, u64) {
        (
            node.read(TotalAlphaIssuance::<Runtime>::hashed_key_for(netuid)).await,
            node.read(AlphaBurned::<Runtime>::hashed_key_for(netuid)).await,
            node.read(AlphaRecycled::<Runtime>::hashed_key_for(netuid)).await,
        )
    };
    let recycle = |amount, netuid| Call::<Runtime>::recycle_alpha { hotkey: id(&hotkey), amount, netuid };
    let burn = |amount, netuid| Call::<Runtime>::burn_alpha { hotkey: id(&hotkey), amount, netuid };
    assert_eq!(node.send(&alice(), add(&hotkey, NET, 100 * TAO)).await, Fate::Done);
    let staked = node.staked(NET, &hotkey, &alice()).await;

    let before = assets(NET).await;
    assert_eq!(node.send(&alice(), burn(10 * TAO, NET)).await, Fate::Done);
    let burned = assets(NET).await;
    assert_eq!(burned.1 - before.1, 10 * TAO);
    assert_eq!(node.send(&alice(), recycle(20 * TAO, NET)).await, Fate::Done);
    let recycled = assets(NET).await;
    // Of the alpha that a block issues, root's part is recycled too.
    let by_block = burned.2 - before.2;
    assert_eq!(recycled.2 - burned.2, 20 * TAO + by_block);
    assert_eq!(burned.0 - recycled.0, 20 * TAO - (burned.0 - before.0));
    assert_eq!(node.staked(NET, &hotkey, &alice()).await, staked - 30 * TAO);

    assert_eq!(node.send(&alice(), burn(1, ROOT)).await, failed("CannotBurnOrRecycleOnRootSubnet"));
    assert_eq!(node.send(&alice(), recycle(1, ROOT)).await, failed("CannotBurnOrRecycleOnRootSubnet"));
    assert_eq!(node.send(&alice(), burn(1, 9)).await, failed("SubnetNotExists"));

    let before = assets(OTHER).await;
    let call = Call::add_stake_burn { hotkey: id(&hotkey), netuid: OTHER, amount: 10 * TAO, limit: None };
    assert_eq!(node.send(&alice(), call).await, Fate::Done);
    let bought = assets(OTHER).await.1 - before.1;
    assert!(bought > 19 * TAO && bought < 20 * TAO, "{bought}");
    let events = node.subtensor_events().await;
    assert_eq!(events.last(), Some(&Event::AddStakeBurn(OTHER, id(&hotkey), 10 * TAO, bought)));
    assert_eq!(node.staked(OTHER, &hotkey, &alice()).await, 0);
}

#[tokio::test]
async fn a_take_has_bounds_and_rises_rarely() {
    let (node, hotkey, _) = start().await;
    let less = |hotkey: &Keypair, take| Call::<Runtime>::decrease_take { hotkey: id(hotkey), take };
    let more = |take| Call::<Runtime>::increase_take { hotkey: id(&hotkey), take };
    assert_eq!(node.send(&dev_account("//Bob"), less(&hotkey, 0)).await, failed("NonAssociatedColdKey"));
    assert_eq!(node.send(&alice(), less(&dev_account("//Nobody"), 0)).await, failed("HotKeyAccountNotExists"));
    assert_eq!(node.send(&alice(), more(11_797)).await, failed("DelegateTakeTooHigh"));
    assert_eq!(node.send(&alice(), less(&hotkey, 5_000)).await, Fate::Done);
    assert_eq!(node.subtensor_events().await, [Event::TakeDecreased(id(&alice()), id(&hotkey), 5_000)]);
    assert_eq!(node.send(&alice(), less(&hotkey, 5_000)).await, failed("DelegateTakeTooLow"));
    assert_eq!(node.send(&alice(), more(5_000)).await, failed("DelegateTakeTooLow"));
    assert_eq!(node.send(&alice(), more(6_000)).await, failed("DelegateTxRateLimitExceeded"));
    node.put(vec![item(TxDelegateTakeRateLimit::<Runtime>::hashed_key(), 1u64)]).await;
    assert_eq!(node.send(&alice(), more(6_000)).await, Fate::Done);
    assert_eq!(node.subtensor_events().await, [Event::TakeIncreased(id(&alice()), id(&hotkey), 6_000)]);
    assert_eq!(node.read::<u16>(Delegates::<Runtime>::hashed_key_for(id(&hotkey))).await, 6_000);
}

#[tokio::test]
async fn a_hotkey_belongs_to_who_asks_first() {
    let (node, ..) = start().await;
    let hotkey = dev_account("//Unknown");
    let owner = Owner::<Runtime>::hashed_key_for(id(&hotkey));
    let call = || Call::<Runtime>::try_associate_hotkey { hotkey: id(&hotkey) };
    for coldkey in [dev_account("//Bob"), alice()] {
        assert_eq!(node.send(&coldkey, call()).await, Fate::Done);
        assert_eq!(node.storage(&owner).await, Some(id(&dev_account("//Bob"))));
    }
}

#[tokio::test]
async fn seats_on_root_go_to_those_with_most_stake() {
    let (node, one, two) = start().await;
    let sit = |hotkey: &Keypair| Call::<Runtime>::root_register { hotkey: id(hotkey) };
    node.put(vec![item(MaxAllowedUids::<Runtime>::hashed_key_for(ROOT), 1u16)]).await;
    assert_eq!(node.send(&alice(), sit(&one)).await, Fate::Done);
    assert_eq!(node.subtensor_events().await, [Event::NeuronRegistered(ROOT, 0, id(&one))]);
    assert_eq!(node.send(&alice(), sit(&one)).await, failed("HotKeyAlreadyRegisteredInSubNet"));
    assert_eq!(node.send(&alice(), sit(&two)).await, failed("StakeTooLowForRoot"));
    assert_eq!(node.send(&alice(), add(&two, ROOT, TAO)).await, Fate::Done);
    assert_eq!(node.send(&alice(), sit(&two)).await, Fate::Done);
    assert_eq!(node.storage(&Keys::<Runtime>::hashed_key_for(ROOT, 0)).await, Some(id(&two)));
}
