//! What blocks issue and who gets it: TAO by price, alpha by work and stake, a part of it to who stakes on root.

use std::collections::{BTreeMap, BTreeSet};

use localnet::{Genesis, SubnetGenesis, dev_account};
use node_subtensor_runtime::{Runtime, pallet_balances};
use pallet_alpha_assets::AlphaRecycled;
use pallet_subtensor::{
    AutoStakeDestination, Call, Event, I96F32, MinerBurned, NumRootClaim, PendingRootAlphaDivs,
    RootAlphaDividendsPerSubnet, RootClaimTypeEnum, RootClaimable, RootProp, SubnetAlphaInEmission,
    SubnetAlphaOutEmission, SubnetEmissionEnabled, SubnetExcessTao, SubnetProtocolAlpha, SubnetRootSellTao,
    SubnetTaoInEmission, TotalIssuance, TotalStake, U96F32,
};
use primitives::{Keypair, NetUid};

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    stake::{add, failed},
    state::item,
    subnet::{register, set_weights},
};

const ROOT: u16 = 0;
const NET: u16 = 1;
const OTHER: u16 = 2;
const TAO: u64 = 1_000_000_000;

fn two_subnets(price_of_other: (u64, u64)) -> Genesis {
    let mut genesis = Genesis::default();
    genesis.subnets.push(SubnetGenesis {
        pool: (price_of_other.0 * TAO, price_of_other.1 * TAO),
        ..SubnetGenesis::new(NetUid(OTHER))
    });
    genesis
}

impl Node {
    async fn issuance(&self) -> u64 {
        let counted: u64 = self.read(TotalIssuance::<Runtime>::hashed_key()).await;
        let exists: u64 = self.read(pallet_balances::TotalIssuance::<Runtime>::hashed_key()).await;
        assert_eq!(counted, exists);
        counted
    }

    /// What a subnet got in the last block: TAO into its pool, alpha beside it, and TAO that bought alpha.
    async fn got(&self, netuid: u16) -> (u64, u64, u64) {
        (
            self.read(SubnetTaoInEmission::<Runtime>::hashed_key_for(netuid)).await,
            self.read(SubnetAlphaInEmission::<Runtime>::hashed_key_for(netuid)).await,
            self.read(SubnetExcessTao::<Runtime>::hashed_key_for(netuid)).await,
        )
    }
}

#[tokio::test]
async fn without_stake_on_root_a_blocks_tao_buys_alpha() {
    let node = Node::start(Genesis::default()).await;
    node.blocks(1);
    let (issued, pool, stake) = (node.issuance().await, node.pool(NET).await, TotalStake::<Runtime>::hashed_key());
    let stake_before: u64 = node.read(&stake).await;
    let held: u64 = node.read(SubnetProtocolAlpha::<Runtime>::hashed_key_for(NET)).await;
    node.blocks(1);
    assert_eq!(node.issuance().await - issued, TAO);
    assert_eq!(node.read::<u64>(&stake).await - stake_before, TAO);
    assert_eq!(node.got(NET).await, (0, 0, TAO));
    assert_eq!(node.read::<u64>(SubnetAlphaOutEmission::<Runtime>::hashed_key_for(NET)).await, TAO);
    let (tao, alpha) = node.pool(NET).await;
    assert_eq!(tao - pool.0, TAO);
    // It is the chain's own, and nobody's.
    assert_eq!(node.read::<u64>(SubnetProtocolAlpha::<Runtime>::hashed_key_for(NET)).await - held, pool.1 - alpha);
}

#[tokio::test]
async fn with_stake_on_root_pools_grow_at_their_price() {
    let node = Node::start(Genesis::default()).await;
    let hotkey = dev_account("//Validator");
    assert_eq!(node.send(&alice(), register(&hotkey)).await, Fate::Done);
    assert_eq!(node.send(&alice(), add(&hotkey, ROOT, 500_000 * TAO)).await, Fate::Done);
    node.blocks(1);
    let (issued, proportion): (u64, U96F32) =
        (node.issuance().await, node.read(RootProp::<Runtime>::hashed_key_for(NET)).await);
    // A TAO on root counts as 0.052677 alpha; there are a million in the pool.
    let proportion = proportion.bits as f64 / 2f64.powi(32);
    assert!((proportion - 26_338.5 / 1_026_338.5).abs() < 1e-6, "{proportion}");
    let before: u64 = node.read(AlphaRecycled::<Runtime>::hashed_key_for(NET)).await;
    node.blocks(1);
    let (tao_in, alpha_in, excess) = node.got(NET).await;
    assert!(tao_in > 0 && excess > 0 && (TAO - tao_in - excess) <= 1, "{tao_in} {excess}");
    assert_eq!(node.issuance().await - issued, tao_in + excess);
    // As much alpha as root has a part in, and as much TAO as that is worth.
    assert!((alpha_in as f64 - proportion * TAO as f64).abs() < 10.0, "{alpha_in}");
    assert!((tao_in as f64 / alpha_in as f64 - node.price(NET).await as f64 / 1e9).abs() < 1e-5);
    // One subnet's alpha costs no more than one TAO: root's part of it is not worth selling, and is taken back.
    let recycled = node.read::<u64>(AlphaRecycled::<Runtime>::hashed_key_for(NET)).await - before;
    // Root's part of the validators' half of what is left of the owner's 18 percent.
    assert!((recycled as f64 - proportion * 0.41 * TAO as f64).abs() < 1e4, "{recycled}");
    assert_eq!(node.read::<u64>(PendingRootAlphaDivs::<Runtime>::hashed_key_for(NET)).await, 0);
}

#[tokio::test]
async fn subnets_share_by_price_and_by_what_their_miners_got() {
    let node = Node::start(two_subnets((500_000, 1_000_000))).await;
    let shares = async || -> [u64; 2] {
        node.blocks(1);
        let ((one, _, one_excess), (two, _, two_excess)) = (node.got(NET).await, node.got(OTHER).await);
        [one + one_excess, two + two_excess]
    };
    let [one, two] = shares().await;
    assert!(one.abs_diff(TAO / 3 * 2) < 10_000 && two.abs_diff(TAO / 3) < 10_000, "{one} {two}");
    // Nothing that the miners of the one would have got was paid.
    let whole = I96F32 { bits: 1 << 32 };
    node.put(vec![item(MinerBurned::<Runtime>::hashed_key_for(NET), whole)]).await;
    assert_eq!(shares().await, [0, TAO]);
    node.put(vec![
        item(MinerBurned::<Runtime>::hashed_key_for(NET), I96F32 { bits: 1 << 31 }),
        item(SubnetEmissionEnabled::<Runtime>::hashed_key_for(OTHER), true),
    ])
    .await;
    let [one, two] = shares().await;
    assert!(one.abs_diff(TAO / 2) < 10_000 && two.abs_diff(TAO / 2) < 10_000, "{one} {two}");
    node.put(vec![item(SubnetEmissionEnabled::<Runtime>::hashed_key_for(OTHER), false)]).await;
    assert_eq!(shares().await, [TAO, 0]);
    node.put(vec![item(SubnetEmissionEnabled::<Runtime>::hashed_key_for(NET), false)]).await;
    let issued = node.issuance().await;
    assert_eq!(shares().await, [0, 0]);
    assert_eq!(node.issuance().await, issued);
}

/// A validator and a miner of Alice's, with the validator's weights set. Ends at block 21.
async fn working(genesis: Genesis) -> (Node, Keypair, Keypair) {
    let node = Node::start(genesis).await;
    let (validator, miner) = (dev_account("//Validator"), dev_account("//Miner"));
    for hotkey in [&validator, &miner] {
        assert_eq!(node.send(&alice(), register(hotkey)).await, Fate::Done);
    }
    assert_eq!(node.send(&alice(), add(&validator, NET, 1_000 * TAO)).await, Fate::Done);
    node.blocks(17);
    assert_eq!(node.send(&validator, set_weights(&[2], &[1])).await, Fate::Done);
    (node, validator, miner)
}

#[tokio::test]
async fn who_stakes_to_a_validator_shares_its_dividends() {
    let (node, validator, miner) = working(Genesis::default()).await;
    let bob = dev_account("//Bob");
    assert_eq!(node.send(&bob, add(&validator, NET, 3_000 * TAO)).await, Fate::Done);
    let auto = |hotkey: &Keypair| Call::<Runtime>::set_coldkey_auto_stake_hotkey { netuid: NET, hotkey: id(hotkey) };
    assert_eq!(node.send(&alice(), auto(&dev_account("//Nobody"))).await, failed("HotKeyNotRegisteredInSubNet"));
    assert_eq!(node.blocks(16), 39);
    let before = [node.staked(NET, &validator, &alice()).await, node.staked(NET, &validator, &bob).await];
    node.blocks(1);
    let after = [node.staked(NET, &validator, &alice()).await, node.staked(NET, &validator, &bob).await];
    let mined = node.staked(NET, &miner, &alice()).await;
    let (alices, bobs) = (after[0] - before[0], after[1] - before[1]);
    assert!((alices + bobs).abs_diff(mined) < 100, "{alices} {bobs} {mined}");
    // 18 percent of what the stake of both earned is Alice's, as it is her validator, and counts among her stake when
    // the rest is shared.
    let take = mined as f64 * 11_796.0 / 65_535.0;
    let part = before[1] as f64 / ((before[0] + before[1]) as f64 + take);
    let expected = (mined as f64 - take) * part;
    assert!((bobs as f64 / expected - 1.0).abs() < 1e-6, "{bobs} {expected}");

    // From now on what Alice's miners earn is staked to her validator.
    assert_eq!(node.send(&alice(), auto(&validator)).await, Fate::Done);
    assert_eq!(node.send(&alice(), auto(&validator)).await, failed("SameAutoStakeHotkeyAlreadySet"));
    let destination = AutoStakeDestination::<Runtime>::hashed_key_for(id(&alice()), NET);
    assert_eq!(node.storage(&destination).await, Some(id(&validator)));
    assert_eq!(node.blocks(18), 60);
    let events = node.subtensor_events().await;
    let added = events.iter().find_map(|event| match event {
        Event::AutoStakeAdded(NET, to, from, of, amount) => Some((to.clone(), from.clone(), of.clone(), *amount)),
        _ => None,
    });
    let (to, from, of, amount) = added.unwrap();
    assert_eq!((to, from, of), (id(&validator), id(&miner), id(&alice())));
    assert!(amount.abs_diff(mined) < mined / 1_000, "{amount} {mined}");
    assert_eq!(node.staked(NET, &miner, &alice()).await, mined);
}

#[tokio::test]
async fn who_stakes_on_root_claims_its_part_of_every_subnet() {
    // Alpha of both together costs more than a TAO.
    let (node, validator, _) = working(two_subnets((900_000, 1_000_000))).await;
    let bob = dev_account("//Bob");
    node.put(vec![item(NumRootClaim::<Runtime>::hashed_key(), 0u64)]).await;
    assert_eq!(node.send(&bob, add(&validator, ROOT, 100_000 * TAO)).await, Fate::Done);
    assert_eq!(node.blocks(16), 39);
    let waiting: u64 = node.read(PendingRootAlphaDivs::<Runtime>::hashed_key_for(NET)).await;
    assert!(waiting > 0);
    node.blocks(1);
    assert_eq!(node.read::<u64>(PendingRootAlphaDivs::<Runtime>::hashed_key_for(NET)).await, 0);
    // Less the validator's 18 percent.
    let dividend: u64 = node.read(RootAlphaDividendsPerSubnet::<Runtime>::hashed_key_for(NET, id(&validator))).await;
    let expected = (waiting as f64 / 15.0 * 16.0) * (1.0 - 11_796.0 / 65_535.0);
    assert!((dividend as f64 / expected - 1.0).abs() < 0.1, "{dividend} {expected}");
    let rates: BTreeMap<u16, I96F32> = node.read(RootClaimable::<Runtime>::hashed_key_for(id(&validator))).await;
    let rate = rates[&NET].bits;
    assert_eq!(rate, (i128::from(dividend) << 32) / i128::from(100_000 * TAO));

    let claim = |subnets: &[u16]| Call::<Runtime>::claim_root { subnets: BTreeSet::from_iter(subnets.iter().copied()) };
    let keep = RootClaimTypeEnum::Keep;
    assert_eq!(node.send(&bob, claim(&[])).await, failed("InvalidSubnetNumber"));
    assert_eq!(node.send(&bob, claim(&[1, 2, 3, 4, 5, 6])).await, failed("InvalidSubnetNumber"));
    let call = Call::set_root_claim_type { new_root_claim_type: keep.clone() };
    assert_eq!(node.send(&bob, call).await, Fate::Done);
    assert_eq!(node.subtensor_events().await, [Event::RootClaimTypeSet(id(&bob), keep)]);
    // Who came to root after the dividend has no part in it.
    assert_eq!(node.send(&alice(), add(&validator, ROOT, 100_000 * TAO)).await, Fate::Done);
    let alices = node.staked(NET, &validator, &alice()).await;
    assert_eq!(node.send(&alice(), claim(&[NET])).await, Fate::Done);
    assert_eq!(node.staked(NET, &validator, &alice()).await, alices);

    assert_eq!(node.staked(NET, &validator, &bob).await, 0);
    assert_eq!(node.send(&bob, claim(&[NET])).await, Fate::Done);
    let claimed = node.staked(NET, &validator, &bob).await;
    assert!(claimed <= dividend && dividend - claimed <= (100_000 * TAO) >> 32, "{claimed} {dividend}");
    assert_eq!(node.subtensor_events().await, [Event::RootClaimed(id(&bob))]);
    assert_eq!(node.send(&bob, claim(&[NET])).await, Fate::Done);
    assert_eq!(node.staked(NET, &validator, &bob).await, claimed);

    // The next is sold, and the TAO staked on root.
    let call = Call::set_root_claim_type { new_root_claim_type: RootClaimTypeEnum::Swap };
    assert_eq!(node.send(&bob, call).await, Fate::Done);
    node.blocks(20);
    let dividend: u64 = node.read(RootAlphaDividendsPerSubnet::<Runtime>::hashed_key_for(NET, id(&validator))).await;
    assert_eq!(node.staked(ROOT, &validator, &bob).await, 100_000 * TAO);
    let kept = node.staked(NET, &validator, &bob).await;
    assert_eq!(node.send(&bob, claim(&[NET])).await, Fate::Done);
    let sold = node.staked(ROOT, &validator, &bob).await - 100_000 * TAO;
    assert_eq!(node.read::<u64>(SubnetRootSellTao::<Runtime>::hashed_key_for(NET)).await, sold);
    // Half of it: the other half is Alice's, who is on root by now. Without a fee.
    assert!((sold as f64 / (dividend as f64 / 2.0) - 1.0).abs() < 0.02, "{sold} {dividend}");
    assert_eq!(node.staked(NET, &validator, &bob).await, kept);

    // Whoever does not claim is claimed for.
    assert_eq!(node.sudo(Call::<Runtime>::sudo_set_num_root_claims { new_value: 5 }).await, Fate::Done);
    let before = node.staked(ROOT, &validator, &alice()).await;
    node.blocks(20);
    assert!(node.staked(ROOT, &validator, &alice()).await > before);
}
