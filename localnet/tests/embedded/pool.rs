//! Pools: their price, its average, what a trade comes to, and the fee.

use localnet::{Genesis, SubnetGenesis, dev_account};
use node_subtensor_runtime::{
    Runtime, RuntimeEvent,
    pallet_subtensor_swap::{self as swap, FeeRate},
};
use pallet_subtensor::{
    EMAPriceHalvingBlocks, Event, I96F32, SimSwapResult, SubnetEmissionEnabled, SubnetMovingAlpha, SubnetMovingPrice,
    SubnetPrice,
};
use primitives::NetUid;

use crate::{
    account::alice,
    node::{Fate, Node},
    stake::{add, failed, remove},
    state::item,
    subnet::{genesis, register},
};

const NET: u16 = 1;
const TAO: u64 = 1_000_000_000;

#[tokio::test]
async fn a_trade_comes_to_what_was_told_before_it() {
    let node = Node::start(genesis(|_| {})).await;
    let hotkey = dev_account("//Validator");
    assert_eq!(node.send(&alice(), register(&hotkey)).await, Fate::Done);
    // Then nothing but trades moves the pool.
    node.put(vec![item(SubnetEmissionEnabled::<Runtime>::hashed_key_for(NET), false)]).await;
    for amount in [TAO, 1_000 * TAO, 300_000 * TAO] {
        let (tao, alpha) = node.pool(NET).await;
        assert_eq!(node.price(NET).await, u64::try_from(u128::from(tao) * 1_000_000_000 / u128::from(alpha)).unwrap());

        let told: SimSwapResult = node.call("SwapRuntimeApi_sim_swap_tao_for_alpha", (NET, amount)).await;
        assert_eq!(node.send(&alice(), add(&hotkey, NET, amount)).await, Fate::Done);
        let events = node.subtensor_events().await;
        let Some(Event::StakeAdded(_, _, paid, bought, NET, fee)) = events.last() else { panic!("{events:?}") };
        let at_price = u64::try_from(u128::from(amount) * u128::from(alpha) / u128::from(tao)).unwrap();
        let expected = SimSwapResult {
            tao_amount: paid - fee,
            alpha_amount: *bought,
            tao_fee: *fee,
            alpha_slippage: told.alpha_slippage,
            ..SimSwapResult::default()
        };
        assert_eq!((told, *paid), (expected, amount));
        assert!(told.alpha_slippage.abs_diff(at_price - bought) <= 1, "{told:?}");

        let (tao, alpha) = node.pool(NET).await;
        let selling = bought / 2;
        let told: SimSwapResult = node.call("SwapRuntimeApi_sim_swap_alpha_for_tao", (NET, selling)).await;
        assert_eq!(node.send(&alice(), remove(&hotkey, NET, selling)).await, Fate::Done);
        let events = node.subtensor_events().await;
        let Some(Event::StakeRemoved(_, _, got, sold, NET, fee)) = events.last() else { panic!("{events:?}") };
        let at_price = u64::try_from(u128::from(selling) * u128::from(tao) / u128::from(alpha)).unwrap();
        let expected = SimSwapResult {
            tao_amount: *got,
            alpha_amount: *sold,
            alpha_fee: *fee,
            tao_slippage: told.tao_slippage,
            ..SimSwapResult::default()
        };
        assert_eq!((told, sold + fee), (expected, selling));
        assert!(told.tao_slippage.abs_diff(at_price - got) <= 1, "{told:?}");
    }
    let prices: Vec<SubnetPrice> = node.call("SwapRuntimeApi_current_alpha_price_all", ()).await;
    let price = node.price(NET).await;
    assert_eq!(prices, [SubnetPrice { netuid: 0, price: TAO }, SubnetPrice { netuid: NET, price }]);
    let told: SimSwapResult = node.call("SwapRuntimeApi_sim_swap_tao_for_alpha", (0u16, TAO)).await;
    assert_eq!(told, SimSwapResult { tao_amount: TAO, alpha_amount: TAO, ..SimSwapResult::default() });
    // More than the pool takes.
    let told: SimSwapResult = node.call("SwapRuntimeApi_sim_swap_tao_for_alpha", (NET, u64::MAX)).await;
    assert_eq!(told, SimSwapResult::default());
}

#[tokio::test]
async fn the_average_follows_the_price() {
    let mut genesis = Genesis::default();
    genesis.subnets[0] = SubnetGenesis { pool: (500_000 * TAO, 1_000_000 * TAO), ..SubnetGenesis::new(NetUid(NET)) };
    let node = Node::start(genesis).await;
    let hotkey = dev_account("//Validator");
    assert_eq!(node.send(&alice(), register(&hotkey)).await, Fate::Done);
    let average = async || -> f64 {
        let average: I96F32 = node.read(SubnetMovingPrice::<Runtime>::hashed_key_for(NET)).await;
        average.bits as f64 / 2f64.powi(32)
    };
    assert!((average().await - 0.5).abs() < 1e-4);
    // Half of the way in a block, for a subnet that is old already.
    node.put(vec![
        item(SubnetMovingAlpha::<Runtime>::hashed_key(), I96F32 { bits: 1 << 31 }),
        item(EMAPriceHalvingBlocks::<Runtime>::hashed_key_for(NET), 0u64),
    ])
    .await;
    assert_eq!(node.send(&alice(), add(&hotkey, NET, 100_000 * TAO)).await, Fate::Done);
    let (before, price) = (average().await, node.price(NET).await as f64 / 1e9);
    assert!((before - 0.5).abs() < 1e-4 && (price - 0.72).abs() < 1e-3, "{before} {price}");
    node.blocks(1);
    let price = node.price(NET).await as f64 / 1e9;
    assert!((average().await - (before + price) / 2.0).abs() < 1e-6);

    // Beyond one TAO a price does not count.
    assert_eq!(node.send(&alice(), add(&hotkey, NET, 400_000 * TAO)).await, Fate::Done);
    assert!(node.price(NET).await > 1_900_000_000);
    let before = average().await;
    node.blocks(1);
    assert!((average().await - (before + 1.0) / 2.0).abs() < 1e-6);
}

#[tokio::test]
async fn sudo_sets_a_pools_fee() {
    let node = Node::start(genesis(|_| {})).await;
    let hotkey = dev_account("//Validator");
    assert_eq!(node.send(&alice(), register(&hotkey)).await, Fate::Done);
    let set = |netuid, rate| swap::Call::<Runtime>::set_fee_rate { netuid, rate };
    assert_eq!(node.send(&alice(), set(NET, 0)).await, failed("BadOrigin"));
    assert_eq!(node.sudo(set(NET, 10_001)).await, failed("FeeRateTooHigh"));
    assert_eq!(node.sudo(set(9, 0)).await, failed("MechanismDoesNotExist"));
    assert_eq!(node.storage::<u16>(&FeeRate::<Runtime>::hashed_key_for(NET)).await, None);
    for (rate, expected) in [(0, 0), (10_000, 15_259_021_896)] {
        assert_eq!(node.sudo(set(NET, rate)).await, Fate::Done);
        let told = RuntimeEvent::Swap(swap::Event::FeeRateSet { netuid: NET, rate });
        assert!(node.events().await.iter().any(|record| record.event == told));
        assert_eq!(node.send(&alice(), add(&hotkey, NET, 100 * TAO)).await, Fate::Done);
        let events = node.subtensor_events().await;
        let Some(Event::StakeAdded(.., fee)) = events.last() else { panic!("{events:?}") };
        assert_eq!(*fee, expected);
    }
    // Whom the calls of old versions find.
    let old = swap::Call::<Runtime>::toggle_user_liquidity { netuid: NET, enable: true };
    assert_eq!(node.send(&alice(), old).await, failed("Deprecated"));
}
