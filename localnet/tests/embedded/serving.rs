//! Axons, certificates and metrics: what a hotkey may announce, and what of it is kept.

use localnet::{Genesis, GenesisNeuron, dev_account};
use node_subtensor_runtime::{
    Runtime, RuntimeEvent,
    pallet_subtensor::{self, AxonInfo, Call, Event, NeuronCertificate, PrometheusInfo},
};
use primitives::Keypair;

use crate::{
    account::{alice, id},
    node::{Fate, Node},
    subnet::{genesis, serve},
};

const NET: u16 = 1;

fn miner() -> Keypair {
    dev_account("//Miner")
}

fn seated(serving_rate_limit: u64) -> Genesis {
    let mut genesis = genesis(|rules| rules.serving_rate_limit = serving_rate_limit);
    let miner =
        GenesisNeuron { hotkey: miner().hotkey(), coldkey: alice().coldkey(), stake_rao: 0, validator_permit: false };
    genesis.subnets[0].neurons = vec![miner];
    genesis
}

fn prometheus(ip: u128, port: u16, ip_type: u8) -> Call<Runtime> {
    Call::serve_prometheus { netuid: NET, version: 7, ip, port, ip_type }
}

fn tls(certificate: &[u8]) -> Call<Runtime> {
    Call::serve_axon_tls {
        netuid: NET,
        version: 7,
        ip: 0x7f00_0002,
        port: 8091,
        ip_type: 4,
        protocol: 1,
        placeholder1: 2,
        placeholder2: 3,
        certificate: certificate.to_vec(),
    }
}

fn custom(code: u8) -> Fate {
    Fate::Refused(format!("Custom error: {code}"))
}

async fn certificate(node: &Node) -> Option<NeuronCertificate> {
    node.storage(&pallet_subtensor::NeuronCertificates::<Runtime>::hashed_key_for(NET, id(&miner()))).await
}

#[tokio::test]
async fn metrics() {
    let node = Node::start(seated(0)).await;
    assert_eq!(node.send(&miner(), prometheus(0x7f00_0002, 9100, 4)).await, Fate::Done);
    let event = RuntimeEvent::from(Event::PrometheusServed(NET, id(&miner())));
    assert!(node.events().await.iter().any(|record| record.event == event));
    let key = pallet_subtensor::Prometheus::<Runtime>::hashed_key_for(NET, id(&miner()));
    let stored: Option<PrometheusInfo> = node.storage(&key).await;
    assert_eq!(stored, Some(PrometheusInfo { block: 1, version: 7, ip: 0x7f00_0002, port: 9100, ip_type: 4 }));
    assert_eq!(node.send(&miner(), prometheus(2, 9100, 6)).await, Fate::Done);
}

#[tokio::test]
async fn refusals_of_metrics() {
    let node = Node::start(seated(5)).await;
    let send = async |ip, port, ip_type| node.send(&miner(), prometheus(ip, port, ip_type)).await;
    assert_eq!(send(0, 9100, 4).await, custom(11), "unlike an axon's");
    assert_eq!(send(0x7f00_0001, 9100, 4).await, custom(11));
    assert_eq!(send(u128::MAX, 9100, 6).await, custom(11));
    assert_eq!(send(1, 9100, 6).await, custom(11));
    assert_eq!(send(2, 9100, 5).await, custom(255));
    assert_eq!(send(2, 0, 4).await, custom(13));
    let stranger = dev_account("//Stranger");
    assert_eq!(node.send(&stranger, prometheus(2, 9100, 4)).await, custom(10));
    assert_eq!(node.send(&stranger, prometheus(0, 9100, 4)).await, custom(11), "the address is looked at first");
    assert_eq!(send(2, 9100, 4).await, Fate::Done);
    assert_eq!(send(2, 9100, 4).await, custom(12));
    // The axon has a clock of its own.
    assert_eq!(node.send(&miner(), serve(2, 8091, 4)).await, Fate::Done);
    assert_eq!(node.send(&miner(), serve(2, 8091, 4)).await, custom(12));
    node.blocks(2);
    assert_eq!(send(2, 9100, 4).await, custom(12));
    node.blocks(1);
    assert_eq!(send(2, 9100, 4).await, Fate::Done, "five blocks later");
}

#[tokio::test]
async fn a_certificate_is_an_algorithm_and_a_key() {
    let node = Node::start(seated(0)).await;
    let key: Vec<u8> = (0..64).collect();
    let long = [&[4][..], &key].concat();
    assert_eq!(node.send(&miner(), tls(&long)).await, Fate::Done);
    assert_eq!(certificate(&node).await, Some(NeuronCertificate { public_key: key.clone(), algorithm: 4 }));
    let axon_key = pallet_subtensor::Axons::<Runtime>::hashed_key_for(NET, id(&miner()));
    let axon = AxonInfo {
        block: 1,
        version: 7,
        ip: 0x7f00_0002,
        port: 8091,
        ip_type: 4,
        protocol: 1,
        placeholder1: 2,
        placeholder2: 3,
    };
    assert_eq!(node.storage::<AxonInfo>(&axon_key).await, Some(axon));

    // What is no certificate is passed over, and the axon is announced all the same.
    for bytes in [&[][..], &[&long[..], &[0]].concat()] {
        assert_eq!(node.send(&miner(), tls(bytes)).await, Fate::Done);
        assert_eq!(certificate(&node).await.map(|certificate| certificate.algorithm), Some(4));
    }
    assert_eq!(node.send(&miner(), serve(0x7f00_0002, 8091, 4)).await, Fate::Done);
    assert!(certificate(&node).await.is_some(), "it stays without being announced again");
    assert_eq!(node.send(&miner(), tls(&[9])).await, Fate::Done);
    assert_eq!(certificate(&node).await, Some(NeuronCertificate { public_key: vec![], algorithm: 9 }));
}
