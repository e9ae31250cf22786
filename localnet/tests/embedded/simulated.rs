//! The simulator against this chain: the same agents do the same, and both come to the same, bit for bit.

use std::time::Duration;

use localnet::{Config, dev_account};
use node_subtensor_runtime::Runtime;
use pallet_subtensor::{
    AlphaSigmoidSteepness, BurnHalfLife, Delegates, I96F32, LastEpochBlock, MechanismCountCurrent,
    MechanismEmissionSplit, NumRootClaim, RecycleOrBurn, RecycleOrBurnEnum, RevealPeriodEpochs, SubnetMovingPrice,
};
use primitives::{Keypair, Uid};

use crate::{
    account::id,
    agents::{Agents, COMMITTED, LIQUID, Move, OLD, SUBNETS, TEMPO, genesis},
    node::{Fate, Node},
    paper::root_sells,
    stake::{add, remove},
    state::item,
    subnet::set_weights,
    twin::Twin,
    weights::{two_subnets, validator},
};

const ROOT: u16 = 0;
const TAO: u64 = 1_000_000_000;
/// The beacon speaks once in a block.
const ROUND: Duration = Duration::from_secs(3);

/// Three subnets of one chain, and each of them on paper.
struct World {
    node: Node,
    agents: Agents,
    twins: Vec<Twin>,
    /// Whether root sells in the next block.
    root_sells: bool,
}

#[tokio::test]
async fn it_pays_what_the_chain_pays() {
    let mut world = World::start().await;
    let mut failed = 0;
    for block in 1..=33 * TEMPO {
        if block == 20 * TEMPO {
            world.lower_prices().await;
        }
        let moves = world.agents.moves(&world.node, &world.twins, block).await;
        failed += world.block(moves).await;
    }
    // Wrong rows were wrong on both, and somebody came back.
    assert!(failed > 10, "{failed}");
    assert!(world.twins.iter().any(|twin| twin.seen.returned > 0));
    for twin in &world.twins {
        let seen = twin.seen;
        assert!(seen.epochs >= 33 && seen.withheld > 0 && seen.newcomers >= 3 && seen.sold > 0, "{seen:?}");
        // Root's part is kept for it, or recycled where nobody of it stakes.
        assert!(if twin.netuid == COMMITTED { seen.recycled } else { seen.claimable } > 0, "{seen:?}");
    }
}

#[tokio::test]
async fn what_root_earned_is_staked_where_it_is_more_than_root_has() {
    let node = Node::start(two_subnets(&[])).await;
    let bob = dev_account("//Bob");
    // Much waits for root when most of its stake goes.
    assert_eq!(node.send(&bob, add(&validator(), ROOT, 900_000 * TAO)).await, Fate::Done);
    node.blocks(8);
    assert_eq!(node.send(&bob, remove(&validator(), ROOT, 900_000 * TAO - TAO / 50)).await, Fate::Done);
    let mut twin = node.state().await.execute_with(|| Twin::of(1));
    assert_eq!(node.send(&validator(), set_weights(&[2], &[1])).await, Fate::Done);
    let mut epoch = node.state().await.execute_with(|| {
        let epoch = twin.step(root_sells());
        twin.paper.set_weights(0, Uid(1), &[(2, 1)]).unwrap();
        twin.compare();
        epoch
    });
    while epoch.is_none() {
        node.blocks(1);
        epoch = node.state().await.execute_with(|| {
            let epoch = twin.step(root_sells());
            twin.compare();
            epoch
        });
    }
    let epoch = epoch.unwrap();
    assert!(epoch.drained.root > TAO / 20 && epoch.payment.recycled == 0 && twin.seen.claimable == 0);
}

impl World {
    /// Ends within the first tempo, before anybody set a row.
    async fn start() -> Self {
        let agents = Agents::new();
        let genesis = genesis(&agents);
        let node = Node::with(Config { genesis, slot: Some(ROUND), ..Config::test() }).await;
        let [first, second]: [&Keypair; 2] = [&agents.setters[1], &agents.setters[2]];
        node.put(vec![
            item(NumRootClaim::<Runtime>::hashed_key(), 0u64),
            item(MechanismCountCurrent::<Runtime>::hashed_key_for(OLD), 2u8),
            item(MechanismEmissionSplit::<Runtime>::hashed_key_for(OLD), vec![16_384u16, 49_151]),
            item(RecycleOrBurn::<Runtime>::hashed_key_for(LIQUID), RecycleOrBurnEnum::Recycle),
            item(AlphaSigmoidSteepness::<Runtime>::hashed_key_for(LIQUID), 500i16),
            item(BurnHalfLife::<Runtime>::hashed_key_for(LIQUID), 30u16),
            item(RevealPeriodEpochs::<Runtime>::hashed_key_for(COMMITTED), 2u64),
            item(Delegates::<Runtime>::hashed_key_for(id(first)), 5_000u16),
            item(Delegates::<Runtime>::hashed_key_for(id(second)), 0u16),
            // Of three epochs in one block the third would be put off.
            item(LastEpochBlock::<Runtime>::hashed_key_for(LIQUID), 1u64),
            item(LastEpochBlock::<Runtime>::hashed_key_for(COMMITTED), 3u64),
        ])
        .await;
        // Nobody on root stakes to the validators of the third subnet.
        for (coldkey, hotkey, tao) in [("//Charlie", first, 200_000), ("//Dave", second, 60_000)] {
            assert_eq!(node.send(&dev_account(coldkey), add(hotkey, ROOT, tao * TAO)).await, Fate::Done);
        }
        let (twins, root_sells) = node.state().await.execute_with(|| (SUBNETS.map(Twin::of).into(), root_sells()));
        Self { node, agents, twins, root_sells }
    }

    /// From here on the prices of all subnets add up to less than one TAO. Takes a block.
    async fn lower_prices(&mut self) {
        assert!(self.root_sells);
        let low = |netuid| item(SubnetMovingPrice::<Runtime>::hashed_key_for(netuid), I96F32 { bits: 1 << 29 });
        self.node.put(SUBNETS.map(low).into()).await;
        self.node.state().await.execute_with(|| self.follow(Vec::new(), Vec::new()));
        assert!(!self.root_sells);
    }

    /// Make a block with these calls, on the chain and on paper. Returns how many of them failed on both.
    async fn block(&mut self, moves: Vec<Move>) -> usize {
        let (mut sent, mut refused) = (Vec::new(), 0);
        for one in moves {
            match self.node.offer(&one.who, one.call.clone()).await {
                Ok(extrinsic) => sent.push((extrinsic, one)),
                Err(fate) => {
                    assert_eq!(one.on_paper(&mut self.twins), fate);
                    refused += 1;
                }
            }
        }
        self.node.blocks(1);
        let fates = self.node.fates().await;
        refused + self.node.state().await.execute_with(|| self.follow(sent, fates))
    }

    /// The block in whose state we are, on paper: what the chain does by itself, and then the calls as it took them.
    fn follow(&mut self, mut sent: Vec<(Vec<u8>, Move)>, fates: Vec<(Vec<u8>, Fate)>) -> usize {
        for twin in &mut self.twins {
            twin.step(self.root_sells);
        }
        let mut failed = 0;
        for (extrinsic, fate) in fates {
            if let Some(at) = sent.iter().position(|(other, _)| *other == extrinsic) {
                failed += usize::from(fate != Fate::Done);
                assert_eq!(sent.swap_remove(at).1.on_paper(&mut self.twins), fate);
            }
        }
        assert!(sent.is_empty());
        self.twins.iter().for_each(Twin::compare);
        self.root_sells = root_sells();
        failed
    }
}
