//! Stake, and those who hold it for others, against storage.

use std::collections::BTreeMap;

use codec::{Compact, Encode};
use localnet::dev_account;

use crate::{
    answers::{Delegate, Stake},
    worked::{Worked, blake, key, write},
};

type Account = [u8; 32];
/// Total, locked and available, by netuid.
type Availability = BTreeMap<u16, (Compact<u64>, Compact<u64>, Compact<u64>)>;
/// Stake by netuid.
type Staked = Vec<(Compact<u16>, Compact<u64>)>;

fn coldkey(uri: &str) -> Account {
    dev_account(uri).public()
}

impl Worked {
    async fn alpha_of(&self, hotkey: &Account, netuid: u16) -> u64 {
        self.node.of_subnet("TotalHotkeyAlpha", &[blake(hotkey), netuid.encode()].concat()).await
    }

    async fn stakes(&self, coldkey: Account) -> Vec<Stake> {
        self.node.call("StakeInfoRuntimeApi_get_stake_info_for_coldkey", coldkey).await
    }
}

#[tokio::test]
async fn everybodys_stake_adds_up_to_the_hotkeys() {
    let worked = Worked::start().await;
    let validator = worked.validator.public();
    let (alice, charlie, dave) = (coldkey("//Alice"), coldkey("//Charlie"), coldkey("//Dave"));
    let mut sums: BTreeMap<u16, u64> = BTreeMap::new();
    for coldkey in [alice, charlie, dave] {
        for stake in worked.stakes(coldkey).await {
            assert_eq!((stake.hotkey, stake.coldkey), (validator, coldkey));
            let rest = [stake.netuid.0.encode(), blake(&validator)].concat();
            let dividends: u64 = worked.node.of_subnet("AlphaDividendsPerSubnet", &rest).await;
            assert_eq!(stake.emission.0, dividends);
            assert_eq!((stake.locked.0, stake.tao_emission.0, stake.drain.0), (0, 0, 0));
            // Nobody has a seat on root.
            assert_eq!(stake.is_registered, stake.netuid.0 != 0);
            *sums.entry(stake.netuid.0).or_default() += stake.stake.0;
        }
    }
    assert_eq!(sums.keys().copied().collect::<Vec<_>>(), [0, 1, 2]);
    for (netuid, sum) in sums {
        // Each share is rounded down.
        let total = worked.alpha_of(&validator, netuid).await;
        assert!(sum <= total && total - sum <= 3, "{netuid}: {sum} of {total}");
    }
    let netuids = |stakes: &[Stake]| stakes.iter().map(|stake| stake.netuid.0).collect::<Vec<_>>();
    let charlies = worked.stakes(charlie).await;
    assert_eq!(netuids(&charlies), [0, 1]);
    // The dividends of an epoch made thirty TAO's worth grow, without the take: all nominators alike.
    let daves = worked.stakes(dave).await;
    let ratio = charlies[1].stake.0 as f64 / daves[0].stake.0 as f64;
    assert!((ratio - 30.0 / 7.0).abs() < 0.05, "{ratio}");
    assert_eq!(netuids(&worked.stakes(coldkey("//Eve")).await), [0u16; 0]);

    let both: Vec<(Account, Vec<Stake>)> = worked
        .node
        .call("StakeInfoRuntimeApi_get_stake_info_for_coldkeys", vec![charlie, coldkey("//Eve"), dave])
        .await;
    assert_eq!(both, [(charlie, charlies), (coldkey("//Eve"), vec![]), (dave, daves)]);
}

#[tokio::test]
async fn one_position_is_told_even_where_there_is_none() {
    let worked = Worked::start().await;
    let (validator, charlie) = (worked.validator.public(), coldkey("//Charlie"));
    let one = async |netuid: u16| -> Stake {
        let arguments = (validator, charlie, netuid);
        let answer: Option<Stake> =
            worked.node.call("StakeInfoRuntimeApi_get_stake_info_for_hotkey_coldkey_netuid", arguments).await;
        answer.unwrap()
    };
    let all = worked.stakes(charlie).await;
    assert_eq!((one(0).await, one(1).await), (all.into_iter().next().unwrap(), worked.stakes(charlie).await.remove(1)));
    let nothing = one(2).await;
    assert_eq!((nothing.stake.0, nothing.is_registered, nothing.netuid.0), (0, true, 2));
    assert!(!one(9).await.is_registered);
}

#[tokio::test]
async fn all_stake_is_available() {
    let worked = Worked::start().await;
    let (charlie, eve) = (coldkey("//Charlie"), coldkey("//Eve"));
    let of = async |netuids: Option<Vec<u16>>| -> BTreeMap<Account, Availability> {
        let arguments = (vec![charlie, eve], netuids);
        worked.node.call("StakeInfoRuntimeApi_get_stake_availability_for_coldkeys", arguments).await
    };
    let staked: Availability = worked
        .stakes(charlie)
        .await
        .into_iter()
        .map(|stake| (stake.netuid.0, (stake.stake, Compact(0), stake.stake)))
        .collect();
    let all = of(None).await;
    assert_eq!((&all[&charlie], all[&eve].len()), (&staked, 0));
    let one: Availability = [(1, staked[&1])].into();
    assert_eq!(of(Some(vec![1, 1, 9])).await[&charlie], one);
    assert_eq!(of(Some(vec![])).await[&charlie], Availability::new());
    assert_eq!(of(Some(vec![0, 1, 2, 9])).await[&charlie], Availability::new());
}

#[tokio::test]
async fn nobody_locks() {
    let worked = Worked::start().await;
    let (validator, charlie) = (worked.validator.public(), coldkey("//Charlie"));
    let lock: Option<(u64, u128, u64)> =
        worked.node.call("StakeInfoRuntimeApi_get_coldkey_lock", (charlie, 1u16)).await;
    let conviction: u128 = worked.node.call("StakeInfoRuntimeApi_get_hotkey_conviction", (validator, 1u16)).await;
    let most: Option<Account> = worked.node.call("StakeInfoRuntimeApi_get_most_convicted_hotkey_on_subnet", 1u16).await;
    assert_eq!((lock, conviction, most), (None, 0, None));
    let owed: u64 = worked.node.call("BetaBasketRuntimeApi_get_root_basket_owed", charlie).await;
    let baskets: Vec<(Account, u64, u64)> =
        worked.node.call("BetaBasketRuntimeApi_get_root_basket_positions", charlie).await;
    assert_eq!((owed, baskets.len()), (0, 0));
}

#[tokio::test]
async fn a_delegate_has_nominators_and_returns() {
    let worked = Worked::start().await;
    let validator = worked.validator.public();
    let take = 6_554u16;
    write(&worked.node, vec![(key("Delegates", &blake(&validator)), take.encode())]).await;
    // Charlie and Dave made it a delegate when they staked to it; nobody did so with a miner.
    let delegates: Vec<Delegate> = worked.node.call("DelegateInfoRuntimeApi_get_delegates", ()).await;
    let one: Option<Delegate> = worked.node.call("DelegateInfoRuntimeApi_get_delegate", validator).await;
    let one = one.unwrap();
    assert_eq!(delegates, std::slice::from_ref(&one));
    assert_eq!((one.hotkey, one.owner, one.take.0), (validator, coldkey("//Alice"), take));
    assert_eq!(one.registrations, [Compact(1), Compact(2)]);
    assert_eq!(one.validator_permits, [Compact(1), Compact(2)]);

    let mut nominators: BTreeMap<Account, Staked> = BTreeMap::new();
    for uri in ["//Alice", "//Charlie", "//Dave"] {
        let stakes = worked.stakes(coldkey(uri)).await.into_iter().map(|stake| (stake.netuid, stake.stake));
        nominators.insert(coldkey(uri), stakes.collect());
    }
    assert_eq!(one.nominators, nominators.into_iter().collect::<Vec<_>>());

    // uid 1 of both; their tempo is 20, so there are 360 epochs in a day.
    let emission = async |netuid: u16| worked.of::<Vec<u64>>("Emission", netuid).await[1];
    let daily = (emission(1).await + emission(2).await) * 360;
    assert!(daily > 0);
    assert_eq!(one.total_daily_return.0, daily);
    let kept = daily as f64 * (1.0 - f64::from(take) / 65_535.0);
    let per_1000 = kept * 1e12 / worked.alpha_of(&validator, 0).await as f64;
    assert!((one.return_per_1000.0 as f64 - per_1000).abs() < 2.0, "{} {per_1000}", one.return_per_1000.0);

    let delegated: Vec<(Delegate, Compact<u16>, Compact<u64>)> =
        worked.node.call("DelegateInfoRuntimeApi_get_delegated", coldkey("//Charlie")).await;
    let stakes: Staked = delegated.iter().map(|(_, netuid, stake)| (*netuid, *stake)).collect();
    let expected = worked.stakes(coldkey("//Charlie")).await;
    assert_eq!(stakes, expected.iter().map(|stake| (stake.netuid, stake.stake)).collect::<Staked>());
    let shorter = Delegate { nominators: vec![], ..one };
    assert!(delegated.iter().all(|(delegate, _, _)| *delegate == shorter));
    let none: Option<Delegate> = worked.node.call("DelegateInfoRuntimeApi_get_delegate", [9u8; 32]).await;
    assert_eq!(none, None);
}
