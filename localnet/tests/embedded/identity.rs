//! What coldkeys and subnets say of themselves.

use localnet::{Genesis, dev_account};
use node_subtensor_runtime::{
    Runtime, RuntimeEvent,
    pallet_subtensor::{self, Call, ChainIdentityV2, Event, SubnetIdentityV3},
};
use primitives::Keypair;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::{genesis, register},
};

const NET: u16 = 1;

fn bob() -> Keypair {
    dev_account("//Bob")
}

fn owned() -> Genesis {
    let mut genesis = genesis(|_| {});
    genesis.subnets[0].owner = bob().coldkey();
    genesis
}

fn failed(name: &str) -> Fate {
    Fate::Failed(name.to_owned())
}

async fn says(node: &Node, event: Event<Runtime>) -> bool {
    let event = RuntimeEvent::from(event);
    node.events().await.iter().any(|record| record.event == event)
}

fn set(identity: ChainIdentityV2) -> Call<Runtime> {
    let ChainIdentityV2 { name, url, github_repo, image, discord, description, additional } = identity;
    Call::set_identity { name, url, github_repo, image, discord, description, additional }
}

fn set_of_subnet(netuid: u16, identity: SubnetIdentityV3) -> Call<Runtime> {
    let SubnetIdentityV3 {
        subnet_name,
        github_repo,
        subnet_contact,
        subnet_url,
        discord,
        description,
        logo_url,
        additional,
    } = identity;
    Call::set_subnet_identity {
        netuid,
        subnet_name,
        github_repo,
        subnet_contact,
        subnet_url,
        discord,
        description,
        logo_url,
        additional,
    }
}

#[tokio::test]
async fn of_a_coldkey_with_a_seat() {
    let node = Node::start(Genesis::default()).await;
    let longest = ChainIdentityV2 {
        name: vec![b'n'; 256],
        url: vec![b'u'; 256],
        github_repo: vec![b'g'; 256],
        image: vec![b'i'; 1_024],
        discord: vec![b'd'; 256],
        description: vec![b'd'; 1_024],
        additional: vec![b'a'; 1_024],
    };
    assert_eq!(node.send(&alice(), set(longest.clone())).await, failed("HotKeyNotRegisteredInNetwork"));
    assert_eq!(node.send(&alice(), register(&dev_account("//Miner"))).await, Fate::Done);
    assert_eq!(node.send(&alice(), set(longest.clone())).await, Fate::Done);
    assert!(says(&node, Event::ChainIdentitySet(id(&alice()))).await);
    let key = pallet_subtensor::IdentitiesV2::<Runtime>::hashed_key_for(id(&alice()));
    assert_eq!(node.storage::<ChainIdentityV2>(&key).await, Some(longest.clone()));

    let too_long: [fn(&mut ChainIdentityV2); 7] = [
        |identity| identity.name.push(0),
        |identity| identity.url.push(0),
        |identity| identity.github_repo.push(0),
        |identity| identity.image.push(0),
        |identity| identity.discord.push(0),
        |identity| identity.description.push(0),
        |identity| identity.additional.push(0),
    ];
    for lengthen in too_long {
        let mut identity = longest.clone();
        lengthen(&mut identity);
        assert_eq!(node.send(&alice(), set(identity)).await, failed("InvalidIdentity"));
    }
    assert_eq!(node.storage::<ChainIdentityV2>(&key).await, Some(longest));
}

#[tokio::test]
async fn of_a_subnet() {
    let node = Node::start(owned()).await;
    let longest = SubnetIdentityV3 {
        subnet_name: vec![b's'; 256],
        github_repo: vec![b'g'; 1_024],
        subnet_contact: vec![b'c'; 1_024],
        subnet_url: vec![b'u'; 1_024],
        discord: vec![b'd'; 256],
        description: vec![b'd'; 1_024],
        logo_url: vec![b'l'; 1_024],
        additional: vec![b'a'; 1_024],
    };
    assert_eq!(node.send(&alice(), set_of_subnet(NET, longest.clone())).await, failed("NotSubnetOwner"));
    assert_eq!(node.send(&bob(), set_of_subnet(9, longest.clone())).await, failed("SubnetNotExists"));
    assert_eq!(node.send(&bob(), set_of_subnet(NET, longest.clone())).await, Fate::Done);
    assert!(says(&node, Event::SubnetIdentitySet(NET)).await);
    let key = pallet_subtensor::SubnetIdentitiesV3::<Runtime>::hashed_key_for(NET);
    assert_eq!(node.storage::<SubnetIdentityV3>(&key).await, Some(longest.clone()));

    let too_long: [fn(&mut SubnetIdentityV3); 8] = [
        |identity| identity.subnet_name.push(0),
        |identity| identity.github_repo.push(0),
        |identity| identity.subnet_contact.push(0),
        |identity| identity.subnet_url.push(0),
        |identity| identity.discord.push(0),
        |identity| identity.description.push(0),
        |identity| identity.logo_url.push(0),
        |identity| identity.additional.push(0),
    ];
    for lengthen in too_long {
        let mut identity = longest.clone();
        lengthen(&mut identity);
        assert_eq!(node.send(&bob(), set_of_subnet(NET, identity)).await, failed("InvalidIdentity"));
    }
}

#[tokio::test]
async fn symbols_are_letters_that_no_other_subnet_has() {
    let node = Node::start(owned()).await;
    let update = |netuid, symbol: &str| Call::<Runtime>::update_symbol { netuid, symbol: symbol.as_bytes().to_vec() };
    let symbol = async |netuid: u16| {
        let key = pallet_subtensor::TokenSymbol::<Runtime>::hashed_key_for(netuid);
        String::from_utf8(node.storage::<Vec<u8>>(&key).await.unwrap()).unwrap()
    };
    assert_eq!(symbol(NET).await, "α");
    assert_eq!(node.send(&alice(), update(NET, "β")).await, failed("BadOrigin"));
    assert_eq!(node.send(&bob(), update(NET, "ß")).await, failed("SymbolDoesNotExist"));
    assert_eq!(node.send(&bob(), update(NET, "Τ")).await, failed("SymbolDoesNotExist"), "root's");
    assert_eq!(node.send(&bob(), update(NET, "α")).await, failed("SymbolAlreadyInUse"));
    assert_eq!(node.send(&bob(), update(NET, "β")).await, Fate::Done);
    assert!(says(&node, Event::SymbolUpdated(NET, "β".into())).await);
    assert_eq!(symbol(NET).await, "β");

    // The second subnet's letter is taken, so it gets the first that is free.
    let create = Call::<Runtime>::register_network { hotkey: id(&dev_account("//Second")) };
    assert_eq!(node.send(&bob(), create).await, Fate::Done);
    assert_eq!(symbol(2).await, "α");
    assert_eq!(node.sudo(update(2, "\u{db0}")).await, Fate::Done, "the last of the letters");
    assert_eq!(symbol(2).await, "\u{db0}");
}
