//! What alpha costs, and what a new network costs.

use crate::{answers::Trade, worked::Worked};

const TAO: u64 = 1_000_000_000;

#[tokio::test]
async fn every_network_has_a_price() {
    let worked = Worked::start().await;
    let all: Vec<(u16, u64)> = worked.node.call("SwapRuntimeApi_current_alpha_price_all", ()).await;
    assert_eq!(all.iter().map(|(netuid, _)| *netuid).collect::<Vec<_>>(), [0, 1, 2]);
    for (netuid, price) in all {
        let one: u64 = worked.node.call("SwapRuntimeApi_current_alpha_price", netuid).await;
        assert_eq!(one, price);
        assert!(price > 0);
    }
    let root: u64 = worked.node.call("SwapRuntimeApi_current_alpha_price", 0u16).await;
    assert_eq!(root, TAO);
}

#[tokio::test]
async fn trades_can_be_tried() {
    let worked = Worked::start().await;
    let buy = async |netuid: u16, tao: u64| -> Trade {
        worked.node.call("SwapRuntimeApi_sim_swap_tao_for_alpha", (netuid, tao)).await
    };
    let sell = async |netuid: u16, alpha: u64| -> Trade {
        worked.node.call("SwapRuntimeApi_sim_swap_alpha_for_tao", (netuid, alpha)).await
    };
    // Root has no pool.
    let even =
        Trade { tao_amount: TAO, alpha_amount: TAO, tao_fee: 0, alpha_fee: 0, tao_slippage: 0, alpha_slippage: 0 };
    assert_eq!((&buy(0, TAO).await, &sell(0, TAO).await), (&even, &even));
    // Where there is no subnet, nothing comes of it.
    for trade in [buy(9, TAO).await, sell(9, TAO).await] {
        assert_eq!((trade.tao_amount, trade.alpha_amount), (0, 0));
    }

    let price: u64 = worked.node.call("SwapRuntimeApi_current_alpha_price", 1u16).await;
    let bought = buy(1, TAO).await;
    assert_eq!(bought.tao_amount + bought.tao_fee, TAO);
    assert_eq!((bought.alpha_fee, bought.tao_slippage), (0, 0));
    let at_price = u128::from(TAO) * u128::from(TAO) / u128::from(price);
    assert!(u128::from(bought.alpha_amount + bought.alpha_slippage).abs_diff(at_price) <= at_price / 100_000_000 + 2);
    let sold = sell(1, TAO).await;
    assert_eq!(sold.alpha_amount + sold.alpha_fee, TAO);
    assert_eq!((sold.tao_fee, sold.alpha_slippage), (0, 0));
    assert!((sold.tao_amount + sold.tao_slippage).abs_diff(price) <= 2);
}

#[tokio::test]
async fn a_move_costs_the_fee_of_where_it_ends() {
    let worked = Worked::start().await;
    let (validator, alice) = (worked.validator.public(), [1u8; 32]);
    let fee = async |from: Option<u16>, to: Option<u16>| -> u64 {
        let at = |netuid: Option<u16>| netuid.map(|netuid| (validator, netuid));
        worked.node.call("StakeInfoRuntimeApi_get_stake_fee", (at(from), alice, at(to), alice, TAO)).await
    };
    assert_eq!(fee(Some(1), Some(1)).await, 0);
    let buy: Trade = worked.node.call("SwapRuntimeApi_sim_swap_tao_for_alpha", (1u16, TAO)).await;
    for (from, to) in [(None, Some(1)), (Some(2), Some(1)), (Some(0), Some(1)), (Some(1), None)] {
        assert_eq!(fee(from, to).await, buy.tao_fee, "{from:?} {to:?}");
    }
    assert_eq!(fee(Some(1), Some(0)).await, 0);
}

#[tokio::test]
async fn a_new_network_has_a_price_too() {
    let worked = Worked::start().await;
    let cost: u64 = worked.node.call("SubnetRegistrationRuntimeApi_get_network_registration_cost", ()).await;
    assert_eq!(cost, 1_000 * TAO);
}
