//! A subnet of a running chain, and the same subnet on paper: after every block they must be the same.

use std::fmt::Debug;

use jsonrpsee::{core::client::ClientT, rpc_params};
use node_subtensor_runtime::{AccountId, Runtime};
use pallet_alpha_assets::{AlphaBurned, AlphaRecycled};
use pallet_subtensor::{
    Active, AlphaDividendsPerSubnet, BlockAtRegistration, Bonds, Consensus, Delegates, Dividends, Emission, Incentive,
    LastHotkeyEmissionOnNetuid, LastUpdate, MinerBurned, Pallet, RecycleOrBurn, RecycleOrBurnEnum,
    RootAlphaDividendsPerSubnet, StakeWeight, SubnetworkN, TotalHotkeyAlpha, ValidatorPermit, ValidatorTrust, Weights,
};
use primitives::{Hotkey, Uid};
use scoring::{
    emission::{Incentives, block_emission},
    yuma::Rows,
};
use simulation::{Chain, chain::Epoch};
use sp_core::{Bytes, storage::Storage};
use sp_state_machine::BasicExternalities;

use crate::{
    node::Node,
    paper::{account, genesis, owner_of, pending, rules, tenant, terms, unassigned},
};

impl Node {
    /// What the pallets of subnets have stored after the best block, to be read by their own getters.
    pub async fn state(&self) -> BasicExternalities {
        let mut storage = Storage::default();
        for pallet in ["System", "SubtensorModule", "AlphaAssets"] {
            let prefix = Bytes(sp_core::twox_128(pallet.as_bytes()).to_vec());
            let pairs: Vec<(Bytes, Bytes)> = self.rpc.request("state_getPairs", rpc_params![prefix]).await.unwrap();
            storage.top.extend(pairs.into_iter().map(|(key, value)| (key.0, value.0)));
        }
        BasicExternalities::new(storage)
    }
}

/// All but [`Node::state`] is to be called within a state.
pub struct Twin {
    pub netuid: u16,
    pub paper: Chain,
    /// What happened since.
    pub seen: Seen,
    /// Who ever sat.
    hotkeys: Vec<Hotkey>,
    /// Alpha of nobody before the paper begins, in rao.
    unassigned: u64,
    /// Alpha burned and recycled so far, in rao.
    burned: u64,
    recycled: u64,
}

/// Amounts are in rao, over all epochs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub epochs: u32,
    pub withheld: u64,
    pub claimable: u64,
    pub recycled: u64,
    pub newcomers: u32,
    /// Of these, who had lost a seat before.
    pub returned: u32,
    pub sold: u64,
}

impl Twin {
    /// On paper from the state on.
    pub fn of(netuid: u16) -> Self {
        Self {
            netuid,
            paper: Chain::new(genesis(netuid)).unwrap(),
            seen: Seen::default(),
            hotkeys: (0..SubnetworkN::<Runtime>::get(netuid)).map(|uid| tenant(netuid, uid)).collect(),
            unassigned: unassigned(netuid),
            burned: AlphaBurned::<Runtime>::get(netuid),
            recycled: AlphaRecycled::<Runtime>::get(netuid),
        }
    }

    /// The state's block begins on paper. What an epoch paid must be what it paid on the chain. Whether root sells in the
    /// block, the state before it says.
    pub fn step(&mut self, root_sells: bool) -> Option<Epoch> {
        let (terms, before) = (terms(self.netuid, root_sells), self.paper.alpha_issuance());
        self.paper.set_terms(terms);
        let epoch = self.paper.step();
        self.recycled += before + block_emission(before) + terms.alpha_in - self.paper.alpha_issuance();
        if let Some(epoch) = &epoch {
            self.compare_payment(epoch);
            self.note(epoch);
        }
        epoch
    }

    /// A seat was bought. The paper has no pool: how much alpha its price bought, which is recycled, the chain says.
    pub fn register(&mut self, hotkey: &AccountId) {
        let bought = AlphaRecycled::<Runtime>::get(self.netuid) - self.recycled;
        self.recycled += bought;
        let (take, hotkey) = (Delegates::<Runtime>::get(hotkey), Hotkey(*hotkey.as_ref()));
        self.paper.register(hotkey, owner_of(&hotkey), take, bought).expect("a seat");
        if self.hotkeys.contains(&hotkey) {
            self.seen.returned += 1;
        } else {
            self.hotkeys.push(hotkey);
        }
        self.seen.newcomers += 1;
    }

    /// Alpha was sold. What the fee burned, the chain says.
    pub fn sell(&mut self, hotkey: &Hotkey, amount: u64) {
        self.burned = AlphaBurned::<Runtime>::get(self.netuid);
        assert_eq!(self.paper.sell(hotkey, amount), amount);
        self.seen.sold += amount;
    }

    /// All that both keep.
    pub fn compare(&self) {
        let (netuid, paper) = (self.netuid, &self.paper);
        let seats = SubnetworkN::<Runtime>::get(netuid);
        let seated = |uid| (tenant(netuid, uid), BlockAtRegistration::<Runtime>::get(netuid, uid));
        let on_paper = |uid| paper.tenant(Uid(uid)).map(|seat| (seat.hotkey, seat.block)).unwrap();
        self.same("seats", (0..seats).map(seated).collect::<Vec<_>>(), (0..paper.seats()).map(on_paper).collect());
        self.same("rules", &rules(netuid), paper.rules());

        let results = paper.results();
        self.same("active", &Active::<Runtime>::get(netuid), &results.active);
        let weight = padded(StakeWeight::<Runtime>::get(netuid), seats);
        self.same("stake weight", &weight, &results.stake_weight);
        self.same("consensus", &Consensus::<Runtime>::get(netuid), &results.consensus);
        self.same("dividends", &Dividends::<Runtime>::get(netuid), &results.dividends);
        self.same("trust", &ValidatorTrust::<Runtime>::get(netuid), &results.validator_trust);
        self.same("permits", &ValidatorPermit::<Runtime>::get(netuid), &results.validator_permits);
        self.same("emission", &Emission::<Runtime>::get(netuid), &results.emission);
        (0..paper.rules().mechanism_count_current).for_each(|mecid| self.compare_mechanism(mecid));

        let stakes = self.hotkeys.iter().map(|hotkey| TotalHotkeyAlpha::<Runtime>::get(account(hotkey), netuid));
        let on_paper = self.hotkeys.iter().map(|hotkey| paper.stake(hotkey));
        self.same("stakes", stakes.collect::<Vec<_>>(), on_paper.collect());
        self.same("pending", pending(netuid), paper.pending());
        self.same("issuance", Pallet::<Runtime>::alpha_issuance(netuid), paper.alpha_issuance());
        self.same("burned", AlphaBurned::<Runtime>::get(netuid), self.burned);
        self.same("recycled", AlphaRecycled::<Runtime>::get(netuid), self.recycled);
        self.same("unassigned", unassigned(netuid) - self.unassigned, paper.unassigned());
        self.same("seat to prune", Pallet::<Runtime>::get_neuron_to_prune(netuid).map(Uid), paper.seat_to_prune());
    }

    fn compare_mechanism(&self, mecid: u8) {
        let (index, paper) = (Pallet::<Runtime>::storage_index(self.netuid, mecid), &self.paper);
        let incentive = Incentive::<Runtime>::get(index);
        self.same("incentive", &padded(incentive, paper.seats())[..], paper.incentive(mecid).unwrap());
        let updates = LastUpdate::<Runtime>::get(index);
        self.same("last updates", &padded(updates, paper.seats())[..], paper.last_updates(mecid).unwrap());
        self.same("weights", &Weights::<Runtime>::iter_prefix(index).collect(), paper.rows(mecid).unwrap());
        // The chain keeps an empty row, too.
        let some = |rows: Rows| rows.into_iter().filter(|(_, row)| !row.is_empty()).collect::<Rows>();
        let bonds = some(Bonds::<Runtime>::iter_prefix(index).collect());
        self.same("bonds", bonds, some(paper.bonds(mecid).unwrap().clone()));
    }

    /// By the hotkeys that sat when the epoch ran: later calls of its block don't change what it paid.
    fn compare_payment(&self, epoch: &Epoch) {
        let (netuid, paid) = (self.netuid, &epoch.payment);
        for (uid, seat) in (0u16..).zip(&paid.seats) {
            let hotkey = account(&self.paper.tenant(Uid(uid)).unwrap().hotkey);
            let at = usize::from(uid);
            let earned = epoch.combined.server_emission[at] + epoch.combined.validator_emission[at];
            self.same("earned", LastHotkeyEmissionOnNetuid::<Runtime>::get(&hotkey, netuid), earned);
            let root = RootAlphaDividendsPerSubnet::<Runtime>::get(netuid, &hotkey);
            // What root may not claim is staked at once.
            let (claimable, staked) = if seat.claimable > 0 { (root, 0) } else { (0, root) };
            let dividend = AlphaDividendsPerSubnet::<Runtime>::get(netuid, &hotkey) + staked;
            self.same("dividend", (dividend, claimable), (seat.dividend - seat.take, seat.claimable));
        }
        let total = paid.seats.iter().map(|seat| seat.incentive).sum::<u64>() + paid.withheld;
        let incentives = Incentives { total, withheld: paid.withheld, validators: 0 };
        self.same("withheld", MinerBurned::<Runtime>::get(netuid).bits, incentives.withheld_share());
    }

    fn note(&mut self, epoch: &Epoch) {
        let paid = &epoch.payment;
        self.seen.epochs += 1;
        self.seen.withheld += paid.withheld;
        self.seen.claimable += paid.seats.iter().map(|seat| seat.claimable).sum::<u64>();
        self.seen.recycled += paid.recycled;
        if RecycleOrBurn::<Runtime>::get(self.netuid) == RecycleOrBurnEnum::Burn {
            self.burned += paid.withheld;
        }
    }

    fn same<V: PartialEq + Debug>(&self, what: &str, chain: V, paper: V) {
        let (netuid, block) = (self.netuid, self.paper.block());
        assert_eq!(chain, paper, "{what} of subnet {netuid} after block {block}: on the chain and on paper");
    }
}

/// Some lists the chain makes at the first epoch.
fn padded<V: Clone + Default>(mut values: Vec<V>, seats: u16) -> Vec<V> {
    values.resize(seats.into(), V::default());
    values
}
