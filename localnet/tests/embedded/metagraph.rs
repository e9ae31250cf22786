//! Metagraphs and their parts, against storage.

use codec::{Compact, Decode, Encode};
use frame_support::BoundedVec;
use localnet::{Genesis, dev_account};
use node_subtensor_runtime::{
    Runtime,
    pallet_commitments::{self, CommitmentInfo, Data},
};

use crate::{
    answers::{Axon, Dynamic, Identity, Metagraph, Neuron, Selective, State, Subnet, SubnetIdentity},
    node::{Fate, Node},
    worked::{THRESHOLD, Worked, blake, item, key, write},
};

const OWNER: &str = "//Owner";
const OWNER_HOTKEY: &str = "//Owner//hotkey";

fn compact<V>(values: impl IntoIterator<Item = V>) -> Vec<Compact<V>> {
    values.into_iter().map(Compact).collect()
}

fn text(text: &str) -> Vec<Compact<u8>> {
    compact(text.bytes())
}

impl Worked {
    async fn column<V: Decode>(&self, map: &str, netuid: u16) -> Vec<V> {
        self.of(map, netuid).await
    }

    async fn metagraph(&self, netuid: u16) -> Metagraph {
        self.node.call::<Option<Metagraph>>("SubnetInfoRuntimeApi_get_metagraph", netuid).await.unwrap()
    }
}

#[tokio::test]
async fn the_columns_are_those_of_storage() {
    let worked = Worked::start().await;
    let state: State = worked.node.call::<Option<_>>("SubnetInfoRuntimeApi_get_subnet_state", 1u16).await.unwrap();
    let keys = [OWNER_HOTKEY, "//Validator", "//Good", "//Poor"].map(|uri| dev_account(uri).public());
    assert_eq!(state.netuid, Compact(1));
    assert_eq!(state.hotkeys, keys);
    assert_eq!(state.coldkeys, [OWNER, "//Alice", "//Bob", "//Bob"].map(|uri| dev_account(uri).public()));
    assert_eq!(state.active, worked.column::<bool>("Active", 1).await);
    assert_eq!(state.validator_permit, worked.column::<bool>("ValidatorPermit", 1).await);
    assert_eq!(state.last_update, compact(worked.column::<u64>("LastUpdate", 1).await));
    assert_eq!(state.emission, compact(worked.column::<u64>("Emission", 1).await));
    assert_eq!(state.dividends, compact(worked.column::<u16>("Dividends", 1).await));
    assert_eq!(state.incentives, compact(worked.column::<u16>("Incentive", 1).await));
    assert_eq!(state.consensus, compact(worked.column::<u16>("Consensus", 1).await));
    assert!(state.emission[1].0 > 0 && state.emission[2].0 > state.emission[3].0, "{:?}", state.emission);
    assert!(state.incentives[2].0 > 8 * state.incentives[3].0 && state.incentives[3].0 > 0);
    assert_eq!(state.dividends, compact([0, 65_535, 0, 0]));
    // The chain no longer computes these.
    assert_eq!((state.pruning_score.len(), state.trust.len(), state.rank.len()), (0, 0, 0));
    assert_eq!(state.block_at_registration, compact([0u64; 4]));

    let tao_weight = 971_718_665_099_567_868u128;
    for (uid, hotkey) in keys.iter().enumerate() {
        let stake = async |netuid: u16| -> u64 {
            worked.node.of_subnet("TotalHotkeyAlpha", &[blake(hotkey), netuid.encode()].concat()).await
        };
        let (alpha, tao) = (stake(1).await, stake(0).await);
        assert_eq!((state.alpha_stake[uid].0, state.tao_stake[uid].0), (alpha, tao), "{uid}");
        let total = u128::from(alpha) + ((u128::from(tao) * tao_weight) >> 64);
        assert!(total.abs_diff(state.total_stake[uid].0.into()) <= 100, "{uid}: {total} {:?}", state.total_stake[uid]);
        for (network, netuid) in [0u16, 1, 2].into_iter().enumerate() {
            let rest = [blake(hotkey), netuid.encode()].concat();
            let earned: u64 = worked.node.of_subnet("LastHotkeyEmissionOnNetuid", &rest).await;
            assert_eq!(state.emission_history[network][uid].0, earned, "{uid} {netuid}");
        }
    }
    assert_eq!(state.tao_stake[1].0, 500_000_000_000);
    assert!(state.emission_history[1][2].0 > 0);
    let none: Option<State> = worked.node.call("SubnetInfoRuntimeApi_get_subnet_state", 9u16).await;
    assert_eq!(none, None);
}

#[tokio::test]
async fn pools_are_those_of_storage() {
    let worked = Worked::start().await;
    let identity = SubnetIdentity { subnet_name: b"Assay".to_vec(), discord: b"d".to_vec(), ..Default::default() };
    let (name, empty) = (b"Assay".to_vec(), Vec::<u8>::new());
    let stored = (name, &empty, &empty, &empty, b"d".to_vec(), &empty, &empty, &empty).encode();
    write(&worked.node, vec![(key("SubnetIdentitiesV3", &blake(&1u16.encode())), stored)]).await;
    let all: Vec<Option<Dynamic>> = worked.node.call("SubnetInfoRuntimeApi_get_all_dynamic_info", ()).await;
    let netuids: Vec<u16> = all.iter().map(|one| one.as_ref().unwrap().netuid.0).collect();
    assert_eq!(netuids, [0, 1, 2]);
    for (netuid, all) in (0u16..).zip(all) {
        let one: Option<Dynamic> = worked.node.call("SubnetInfoRuntimeApi_get_dynamic_info", netuid).await;
        assert_eq!(one, all);
        let one = one.unwrap();
        let number = async |map| worked.of::<u64>(map, netuid).await;
        assert_eq!(one.tempo.0, worked.of::<u16>("Tempo", netuid).await);
        assert_eq!(one.last_step.0, number("LastMechansimStepBlock").await);
        assert_eq!(one.blocks_since_last_step.0, worked.node.handle.best().number - one.last_step.0);
        assert_eq!(one.alpha_in.0, number("SubnetAlphaIn").await);
        assert_eq!(one.alpha_out.0, number("SubnetAlphaOut").await);
        assert_eq!(one.tao_in.0, number("SubnetTAO").await);
        assert_eq!(one.alpha_out_emission.0, number("SubnetAlphaOutEmission").await);
        assert_eq!(one.alpha_in_emission.0, number("SubnetAlphaInEmission").await);
        assert_eq!(one.tao_in_emission.0, number("SubnetTaoInEmission").await);
        let pending = number("PendingServerEmission").await + number("PendingValidatorEmission").await;
        assert_eq!(one.pending_alpha_emission.0, pending);
        assert_eq!((one.emission.0, one.pending_root_emission.0), (0, 0));
        assert_eq!(one.subnet_volume.0, worked.of::<u128>("SubnetVolume", netuid).await);
        assert_eq!(one.network_registered_at.0, number("NetworkRegisteredAt").await);
        assert_eq!(one.moving_price, worked.of::<i128>("SubnetMovingPrice", netuid).await);
        assert_eq!(one.subnet_identity, (netuid == 1).then(|| identity.clone()));
        let owned = netuid != 0;
        assert_eq!(one.owner_hotkey, if owned { dev_account(OWNER_HOTKEY).public() } else { [0; 32] });
        assert_eq!(one.owner_coldkey, if owned { dev_account(OWNER).public() } else { [0; 32] });
        assert_eq!(one.subnet_name, text(["root", "Assay", "unknown"][usize::from(netuid)]));
        let symbol: Vec<u8> = worked.of("TokenSymbol", netuid).await;
        assert_eq!(one.token_symbol, if owned { compact(symbol) } else { text("𝜏") });
        assert_eq!(owned, pending > 0);
    }
    let none: Option<Dynamic> = worked.node.call("SubnetInfoRuntimeApi_get_dynamic_info", 9u16).await;
    assert_eq!(none, None);
}

#[tokio::test]
async fn a_metagraph_is_all_of_it() {
    let worked = Worked::start().await;
    let empty = Vec::<u8>::new();
    let identity = (b"Bob".to_vec(), &empty, &empty, &empty, &empty, b"mines".to_vec(), &empty).encode();
    let bob = dev_account("//Bob").public();
    write(&worked.node, vec![(key("IdentitiesV2", &blake(&bob)), identity)]).await;

    let graph = worked.metagraph(1).await;
    let pool: Dynamic = worked.node.call::<Option<_>>("SubnetInfoRuntimeApi_get_dynamic_info", 1u16).await.unwrap();
    let state: State = worked.node.call::<Option<_>>("SubnetInfoRuntimeApi_get_subnet_state", 1u16).await.unwrap();
    assert_eq!((graph.netuid.0, graph.block.0), (1, worked.node.handle.best().number));
    assert_eq!((&graph.name, &graph.symbol), (&pool.subnet_name, &pool.token_symbol));
    assert_eq!((graph.owner_hotkey, graph.owner_coldkey), (pool.owner_hotkey, pool.owner_coldkey));
    assert_eq!((graph.last_step, graph.blocks_since_last_step), (pool.last_step, pool.blocks_since_last_step));
    assert_eq!((graph.alpha_in, graph.alpha_out, graph.tao_in), (pool.alpha_in, pool.alpha_out, pool.tao_in));
    let emissions = (graph.alpha_out_emission, graph.alpha_in_emission, graph.tao_in_emission);
    assert_eq!(emissions, (pool.alpha_out_emission, pool.alpha_in_emission, pool.tao_in_emission));
    assert_eq!((graph.pending_alpha_emission, graph.subnet_volume), (pool.pending_alpha_emission, pool.subnet_volume));
    assert_eq!((graph.moving_price, graph.tempo), (pool.moving_price, pool.tempo));
    assert_eq!((graph.hotkeys.clone(), graph.coldkeys), (state.hotkeys, state.coldkeys));
    assert_eq!((graph.active, graph.validator_permit), (state.active, state.validator_permit));
    assert_eq!((graph.last_update, graph.emission), (state.last_update, state.emission));
    assert_eq!(
        (graph.dividends, graph.incentives, graph.consensus),
        (state.dividends, state.incentives, state.consensus)
    );
    assert_eq!(
        (graph.alpha_stake, graph.tao_stake, graph.total_stake),
        (state.alpha_stake, state.tao_stake, state.total_stake)
    );
    assert_eq!(graph.block_at_registration, state.block_at_registration);
    assert_eq!((graph.pruning_score.len(), graph.trust.len(), graph.rank.len()), (0, 0, 0));

    let number = async |map| worked.of::<u16>(map, 1).await;
    assert_eq!(graph.num_uids.0, 4);
    assert_eq!(graph.max_uids.0, number("MaxAllowedUids").await);
    assert_eq!(graph.max_validators.0, number("MaxAllowedValidators").await);
    assert_eq!(graph.immunity_period.0, number("ImmunityPeriod").await);
    assert_eq!(graph.min_allowed_weights.0, number("MinAllowedWeights").await);
    assert_eq!(graph.kappa.0, number("Kappa").await);
    assert_eq!(graph.max_weights_limit.0, u16::MAX);
    // 13889 thousandths of a tempo of 20.
    assert_eq!(graph.activity_cutoff.0, 277);
    assert_eq!(graph.burn.0, worked.of::<u64>("Burn", 1).await);
    assert_eq!(graph.max_burn.0, worked.of::<u64>("MaxBurn", 1).await);
    assert_eq!((graph.alpha_low.0, graph.alpha_high.0), (45_875, 58_982));
    assert!(graph.registration_allowed && graph.pow_registration_allowed && !graph.commit_reveal_weights_enabled);

    let named =
        |of: &Option<Identity>| of.as_ref().map(|identity| (identity.name.clone(), identity.description.clone()));
    let identities: Vec<_> = graph.identities.iter().map(named).collect();
    let bobs = Some((b"Bob".to_vec(), b"mines".to_vec()));
    assert_eq!(identities, [None, None, bobs.clone(), bobs]);
    let served = Axon { block: 4, version: 1, ip: 0x7f00_0002, port: 8091, ip_type: 4, protocol: 4, ..Axon::default() };
    assert_eq!(graph.axons, [Axon::default(), Axon::default(), served, Axon::default()]);
    for (uid, hotkey) in graph.hotkeys.iter().enumerate() {
        let rest = [1u16.encode(), blake(hotkey)].concat();
        let dividends: u64 = worked.node.of_subnet("AlphaDividendsPerSubnet", &rest).await;
        assert_eq!(graph.alpha_dividends_per_hotkey[uid], (*hotkey, Compact(dividends)));
        assert_eq!(graph.tao_dividends_per_hotkey[uid], (*hotkey, Compact(0)));
        assert_eq!(dividends > 0, uid == 1);
    }

    let all: Vec<Option<Metagraph>> = worked.node.call("SubnetInfoRuntimeApi_get_all_metagraphs", ()).await;
    assert_eq!(all[1], Some(worked.metagraph(1).await));
    assert_eq!((all.len(), all[2].as_ref().map(|graph| graph.num_uids.0)), (3, Some(3)));
    let none: Option<Metagraph> = worked.node.call("SubnetInfoRuntimeApi_get_metagraph", 9u16).await;
    assert_eq!(none, None);
}

#[tokio::test]
async fn a_mechanism_has_columns_of_its_own() {
    let worked = Worked::start().await;
    let second = 4_096 + 1;
    let count = (key("MechanismCountCurrent", &[&sp_core::twox_64(&[1, 0])[..], &[1, 0]].concat()), 2u8.encode());
    let columns = vec![
        count,
        item("Incentive", second, [7u16, 8, 9, 10].to_vec()),
        item("LastUpdate", second, [1u64, 2, 3, 4].to_vec()),
    ];
    write(&worked.node, columns).await;

    let of = async |mecid: u8| -> Option<Metagraph> {
        worked.node.call("SubnetInfoRuntimeApi_get_mechagraph", (1u16, mecid)).await
    };
    let main = worked.metagraph(1).await;
    assert_eq!(of(0).await.unwrap(), main);
    let expected = Metagraph {
        netuid: Compact(second),
        incentives: compact([7, 8, 9, 10]),
        last_update: compact([1, 2, 3, 4]),
        ..worked.metagraph(1).await
    };
    assert_eq!(of(1).await.unwrap(), expected);
    assert_eq!(of(2).await, None);
    let all: Vec<Option<Metagraph>> = worked.node.call("SubnetInfoRuntimeApi_get_all_mechagraphs", ()).await;
    let netuids: Vec<u16> = all.iter().map(|one| one.as_ref().unwrap().netuid.0).collect();
    assert_eq!(netuids, [0, 1, second, 2]);
    assert_eq!(all[2].as_ref().unwrap(), &expected);
}

#[tokio::test]
async fn fields_are_chosen_by_their_places() {
    let worked = Worked::start().await;
    let select = async |netuid: u16, places: &[u16]| -> Option<Selective> {
        worked.node.call("SubnetInfoRuntimeApi_get_selective_metagraph", (netuid, places.to_vec())).await
    };
    // What SDK 10 asks for: all of them.
    let places: Vec<u16> = (0..=73).collect();
    let all = select(1, &places).await.unwrap();
    let graph = worked.metagraph(1).await;
    // By rising stake; the poor one has too little.
    let mut uids: Vec<u16> = (0..4).filter(|uid| graph.total_stake[usize::from(*uid)].0 > THRESHOLD).collect();
    uids.sort_by_key(|uid| graph.total_stake[usize::from(*uid)].0);
    assert_eq!((uids.last(), uids.contains(&3)), (Some(&1), false));
    let validators = Some(compact(uids));
    let expected =
        Selective { validators: validators.clone(), commitments: Some(Vec::new()), ..Selective::from(graph) };
    assert_eq!(all, expected);
    // Each alone, at the place that it has in the metagraph.
    let names = all.present();
    assert_eq!((names.len(), names[0], names[51], names[70]), (71, "name", "hotkeys", "alpha_dividends_per_hotkey"));
    for (place, name) in (1u16..).zip(&names) {
        let one = select(1, &[0, place]).await.unwrap();
        assert_eq!((one.netuid.0, one.present()), (1, vec![*name]), "{place}");
    }
    // Who does not ask for the netuid is told root's; places that do not exist are none.
    let few = select(1, &[8, 8, 72, 74, 500]).await.unwrap();
    assert_eq!((few.netuid.0, few.present(), few.tempo), (0, vec!["tempo"], Some(Compact(20))));
    assert_eq!((few.validators, few.commitments), (validators, None));
    assert_eq!(select(9, &places).await, None);

    let second = 4_096 + 1;
    write(&worked.node, vec![item("Incentive", second, [7u16, 8, 9, 10].to_vec())]).await;
    let select = async |mecid: u8, places: &[u16]| -> Option<Selective> {
        let arguments = (1u16, mecid, places.to_vec());
        worked.node.call("SubnetInfoRuntimeApi_get_selective_mechagraph", arguments).await
    };
    let one = select(1, &[61, 62, 59]).await.unwrap();
    assert_eq!(one.present(), ["last_update", "dividends", "incentives"]);
    assert_eq!((one.netuid.0, one.incentives, one.last_update), (1, Some(compact([7, 8, 9, 10])), Some(vec![])));
    assert_eq!(one.dividends, all.dividends);
    let main = select(0, &places).await.unwrap();
    assert_eq!(main.incentives, all.incentives);
}

#[tokio::test]
async fn commitments_are_told_as_they_are_stored() {
    let worked = Worked::start().await;
    let fields = BoundedVec::truncate_from(vec![Data::Raw(BoundedVec::truncate_from(b"https://assay".to_vec()))]);
    let call =
        pallet_commitments::Call::<Runtime>::set_commitment { netuid: 1, info: Box::new(CommitmentInfo { fields }) };
    let good = dev_account("//Good");
    assert_eq!(worked.node.send(&good, call).await, Fate::Done);
    let told: Option<Selective> =
        worked.node.call("SubnetInfoRuntimeApi_get_selective_metagraph", (1u16, vec![0u16, 73])).await;
    let told = told.unwrap().commitments.unwrap();
    assert_eq!((told.len(), told[0].0), (1, good.public()));
    let bytes: Vec<u8> = told[0].1.iter().map(|byte| byte.0).collect();
    // Deposit, block, number of fields, what kind of field: clients skip these fourteen.
    assert_eq!(bytes[14..], *b"https://assay");
    assert_eq!(bytes[8..12], (worked.node.handle.best().number as u32).to_le_bytes());
    let other: Option<Selective> =
        worked.node.call("SubnetInfoRuntimeApi_get_selective_mechagraph", (2u16, 0u8, vec![73u16])).await;
    assert_eq!(other.unwrap().commitments, Some(vec![]));
}

#[tokio::test]
async fn neurons_have_their_rows() {
    let worked = Worked::start().await;
    let neurons: Vec<Neuron> = worked.node.call("NeuronInfoRuntimeApi_get_neurons", 1u16).await;
    let graph = worked.metagraph(1).await;
    assert_eq!(neurons.len(), 4);
    for (uid, neuron) in neurons.iter().enumerate() {
        assert_eq!((usize::from(neuron.uid.0), neuron.netuid.0), (uid, 1));
        assert_eq!((neuron.hotkey, neuron.coldkey), (graph.hotkeys[uid], graph.coldkeys[uid]));
        assert_eq!(neuron.stake, [(graph.coldkeys[uid], graph.alpha_stake[uid])]);
        assert_eq!((neuron.emission, neuron.incentive), (graph.emission[uid], graph.incentives[uid]));
        assert_eq!((neuron.dividends, neuron.consensus), (graph.dividends[uid], graph.consensus[uid]));
        assert_eq!((neuron.last_update, neuron.active), (graph.last_update[uid], graph.active[uid]));
        assert_eq!((neuron.validator_permit, &neuron.axon_info), (graph.validator_permit[uid], &graph.axons[uid]));
        assert_eq!((neuron.rank.0, neuron.trust.0, neuron.pruning_score.0), (0, 0, u16::MAX));
        let rest = [1u16.encode(), (uid as u16).encode()].concat();
        let weights: Vec<(Compact<u16>, Compact<u16>)> = worked
            .node
            .of_subnet::<Vec<(u16, u16)>>("Weights", &rest)
            .await
            .into_iter()
            .map(|(uid, value)| (Compact(uid), Compact(value)))
            .collect();
        assert_eq!(neuron.weights, weights);
        let bonds: Vec<(u16, u16)> = worked.node.of_subnet("Bonds", &rest).await;
        assert_eq!(neuron.bonds.iter().map(|(uid, value)| (uid.0, value.0)).collect::<Vec<_>>(), bonds);
        let one: Option<Neuron> = worked.node.call("NeuronInfoRuntimeApi_get_neuron", (1u16, uid as u16)).await;
        assert_eq!(one.as_ref(), Some(neuron));
    }
    assert_eq!(neurons[1].weights, [(Compact(2), Compact(65_535)), (Compact(3), Compact(7_282))]);
    assert!(!neurons[1].bonds.is_empty() && neurons[1].validator_trust.0 > 65_000);
    let none: Option<Neuron> = worked.node.call("NeuronInfoRuntimeApi_get_neuron", (1u16, 4u16)).await;
    assert_eq!(none, None);
}

#[tokio::test]
async fn subnets_are_told_in_short() {
    let worked = Worked::start().await;
    let all: Vec<Option<Subnet>> = worked.node.call("SubnetInfoRuntimeApi_get_subnets_info", ()).await;
    let named: Vec<Option<(Subnet, Option<SubnetIdentity>)>> =
        worked.node.call("SubnetInfoRuntimeApi_get_subnets_info_v2", ()).await;
    assert_eq!((all.len(), named.len()), (3, 3));
    for (netuid, (one, named)) in (0u16..).zip(all.into_iter().zip(named)) {
        let (one, (again, identity)) = (one.unwrap(), named.unwrap());
        assert_eq!((&one, identity), (&again, None));
        let alone: Option<Subnet> = worked.node.call("SubnetInfoRuntimeApi_get_subnet_info", netuid).await;
        assert_eq!(alone.as_ref(), Some(&one));
        assert_eq!((one.netuid.0, one.max_weights_limit.0), (netuid, u16::MAX));
        assert_eq!(one.tempo.0, worked.of::<u16>("Tempo", netuid).await);
        assert_eq!(one.subnetwork_n.0, worked.of::<u16>("SubnetworkN", netuid).await);
        assert_eq!(one.max_allowed_uids.0, worked.of::<u16>("MaxAllowedUids", netuid).await);
        assert_eq!(one.blocks_since_last_step.0, worked.of::<u64>("BlocksSinceLastStep", netuid).await);
        assert_eq!((one.network_modality.0, one.emission_value.0, one.network_connect.len()), (0, 0, 0));
    }
    let none: Option<(Subnet, Option<SubnetIdentity>)> =
        worked.node.call("SubnetInfoRuntimeApi_get_subnet_info_v2", 9u16).await;
    assert_eq!(none, None);
}

#[tokio::test]
async fn small_questions_are_answered() {
    let node = Node::start(Genesis::default()).await;
    let account: Option<[u8; 32]> = node.call("SubnetInfoRuntimeApi_get_subnet_account_id", 1u16).await;
    // "modl", the pallet's id, the netuid.
    let expected = [&b"modlsubtensr"[..], &[1, 0], &[0; 18]].concat();
    assert_eq!(account.map(Vec::from), Some(expected));
    let none: Option<[u8; 32]> = node.call("SubnetInfoRuntimeApi_get_subnet_account_id", 9u16).await;
    assert_eq!(none, None);

    let alice = dev_account("//Alice").public();
    let destination = async || -> Option<[u8; 32]> {
        node.call("SubnetInfoRuntimeApi_get_coldkey_auto_stake_hotkey", (alice, 1u16)).await
    };
    assert_eq!(destination().await, None);
    let chosen = (key("AutoStakeDestination", &[blake(&alice), 1u16.encode()].concat()), [7u8; 32].to_vec());
    write(&node, vec![chosen]).await;
    assert_eq!(destination().await, Some([7; 32]));

    let prune = async || -> Option<u16> { node.call("SubnetInfoRuntimeApi_get_subnet_to_prune", ()).await };
    assert_eq!(prune().await, None);
    write(&node, vec![(key("NetworkImmunityPeriod", &[]), 0u64.encode())]).await;
    assert_eq!(prune().await, Some(1));
    // A second one, younger and with a lower price, goes first; of equal price it stays.
    let added = vec![
        item("NetworksAdded", 2, true),
        item("NetworkRegisteredAt", 2, 1u64),
        item("SubnetMechanism", 2, 1u16),
        item("SubnetMovingPrice", 1, 5i128),
        item("SubnetMovingPrice", 2, 4i128),
    ];
    write(&node, added).await;
    assert_eq!(prune().await, Some(2));
    // The average moves with every block, so what is written is not what is compared.
    write(&node, vec![item("SubnetMovingPrice", 1, 4i128)]).await;
    let price = async |netuid: u16| -> i128 { node.of_subnet("SubnetMovingPrice", &netuid.to_le_bytes()).await };
    let first_goes = price(1).await <= price(2).await;
    assert_eq!(prune().await, Some(if first_goes { 1 } else { 2 }));
}
