//! Who is there from the start, who comes and who must go.

use std::collections::BTreeMap;

use primitives::{Coldkey, Hotkey, Registration};
use scoring::Mechanism;

use super::{Holder, World};
use crate::{
    agents::{Agent, Cast, Miner, Side, Validator, coldkey, hotkey, place},
    chain::{Genesis, GenesisSeat},
    draws::key,
    scenario::{RAO, Scenario},
};

/// All who are there from the start.
pub(super) struct Company {
    pub genesis: Genesis,
    pub agents: Vec<Agent>,
    pub miners: Vec<Miner>,
    pub validators: Vec<Validator>,
    pub holders: BTreeMap<Hotkey, Holder>,
}

/// The owner, validators and miners, in this order, as far as there are seats.
pub(super) fn assemble(scenario: &Scenario, cast: &Cast, seed: u64, mechanisms: &[Mechanism]) -> Company {
    let owner = place(Side::Validators, usize::MAX, 0, 0);
    let genesis = scenario.subnet.genesis((hotkey(owner), coldkey(owner)), &scenario.mechanisms);
    let mut company =
        Company { genesis, agents: Vec::new(), miners: Vec::new(), validators: Vec::new(), holders: BTreeMap::new() };
    company.genesis.seats.push(GenesisSeat::new(hotkey(owner), coldkey(owner)));
    for (group, of) in scenario.validators.iter().enumerate() {
        for number in 0..of.count.into() {
            company.add_validator(cast, seed, (group, number), mechanisms);
        }
    }
    for (group, of) in scenario.miners.iter().enumerate() {
        for number in 0..of.count.into() {
            company.add_agent(Side::Miners, group);
            let like = cast.like(Side::Miners, group, number);
            company.add_miner(cast, seed, (group, number, 0), like);
        }
    }
    // Further seats of one operator come after all first ones, so that who deviates moves nobody else.
    let mut agent = company.validators.len();
    for (group, of) in scenario.miners.iter().enumerate() {
        for number in 0..of.count.into() {
            let like = cast.like(Side::Miners, group, number);
            for seat in 1..u64::from(cast.miners[like].seats_each()) {
                let miner = company.add_miner(cast, seed, (group, number, seat), like);
                company.miners[miner].agent = agent;
            }
            agent += 1;
        }
    }
    company.fill(scenario);
    company
}

impl Company {
    fn add_agent(&mut self, side: Side, group: usize) {
        self.agents.push(Agent { side, group, earned_rao: 0, cost_alpha: 0.0 });
    }

    fn add_validator(&mut self, cast: &Cast, seed: u64, (group, number): (usize, u64), mechanisms: &[Mechanism]) {
        let at = place(Side::Validators, group, number, 0);
        let like = cast.like(Side::Validators, group, number);
        let of = &cast.validators[like];
        let seat = GenesisSeat {
            stake: (of.stake_alpha * RAO) as u64,
            root_stake: (of.root_stake_tao * RAO) as u64,
            take: (of.take * f64::from(u16::MAX)) as u16,
            validator_permit: true,
            ..GenesisSeat::new(hotkey(at), coldkey(at))
        };
        self.add_agent(Side::Validators, group);
        let registration = Registration { hotkey: seat.hotkey, block: 0 };
        let agent = self.agents.len() - 1;
        let validator = Validator::new((agent, like), key(seed, at), registration, &of.strategy, mechanisms);
        self.holders.insert(seat.hotkey, Holder::Validator(self.validators.len()));
        self.validators.push(validator);
        self.genesis.seats.push(seat);
    }

    /// A seat of the last agent's.
    fn add_miner(&mut self, cast: &Cast, seed: u64, (group, number, seat): (usize, u64, u64), like: usize) -> usize {
        let at = place(Side::Miners, group, number, seat);
        let registration = Registration { hotkey: hotkey(at), block: 0 };
        let agent = self.agents.len().saturating_sub(1);
        let miner = Miner::new(agent, (like, number), key(seed, at), registration, cast.miners[like].mechanism);
        self.holders.insert(registration.hotkey, Holder::Miner(self.miners.len()));
        self.genesis.seats.push(GenesisSeat::new(registration.hotkey, coldkey(at)));
        self.miners.push(miner);
        self.miners.len() - 1
    }

    /// The books of the start: what is staked is issued. Who finds no seat has to buy one.
    fn fill(&mut self, scenario: &Scenario) {
        let genesis = &mut self.genesis;
        genesis.seats.truncate(scenario.subnet.max_allowed_uids.into());
        let staked = |of: fn(&GenesisSeat) -> u64| genesis.seats.iter().map(of).fold(0, u64::saturating_add);
        let (alpha, root) = (staked(|seat| seat.stake), staked(|seat| seat.root_stake));
        genesis.alpha.alpha_issuance = genesis.alpha.alpha_issuance.saturating_add(alpha);
        genesis.terms.root_tao = genesis.terms.root_tao.max(root);
    }
}

impl World<'_> {
    /// Miners pay for their seats from the start, too: one that wants several pays for each.
    pub(super) fn take_seats(&mut self) {
        let cost = self.in_alpha(self.chain.rules().burn);
        for (at, miner) in self.miners.iter_mut().enumerate() {
            miner.uid = self.chain.seat_of(&miner.registration.hotkey);
            match miner.uid {
                Some(_) => {
                    self.agents[miner.agent].cost_alpha += cost;
                    self.record.spent(Side::Miners, self.agents[miner.agent].group, cost);
                }
                None => self.waiting.push(at),
            }
        }
        for validator in &mut self.validators {
            validator.uid = self.chain.seat_of(&validator.hotkey);
        }
    }

    /// Who waits and who is new buys a seat.
    pub(super) fn arrive(&mut self, epoch: u64) {
        for at in std::mem::take(&mut self.waiting) {
            self.register(at, epoch);
        }
        let run = &self.scenario.run;
        // Whole ones, of the rate's sum so far.
        let until = |epochs: u64| (run.newcomers_per_epoch * epochs as f64) as u64;
        let group = run.newcomers.as_ref().and_then(|name| self.scenario.miners.iter().position(|of| of.name == *name));
        let group = group.unwrap_or(0);
        for _ in until(epoch)..until(epoch + 1) {
            let number = self.counts[group];
            self.counts[group] += 1;
            let agent = self.agents.len();
            self.agents.push(Agent { side: Side::Miners, group, earned_rao: 0, cost_alpha: 0.0 });
            self.record.joined(Side::Miners, group);
            for seat in 0..u64::from(self.cast.miners[group].seats_each()) {
                let at = place(Side::Miners, group, number, seat);
                let registration = Registration { hotkey: hotkey(at), block: 0 };
                let mechanism = self.cast.miners[group].mechanism;
                let miner = Miner::new(agent, (group, number), key(self.seed, at), registration, mechanism);
                self.holders.insert(registration.hotkey, Holder::Miner(self.miners.len()));
                self.miners.push(miner);
                self.register(self.miners.len() - 1, epoch);
            }
        }
    }

    fn register(&mut self, at: usize, epoch: u64) {
        let (hotkey, agent) = (self.miners[at].registration.hotkey, self.miners[at].agent);
        let cost = self.in_alpha(self.chain.rules().burn);
        // What counts is that it isn't the owner's.
        let coldkey = Coldkey(hotkey.0);
        let Some(seated) = self.chain.register(hotkey, coldkey, 0, (cost * RAO) as u64) else { return };
        if let Some(left) = seated.left {
            self.leave(&left.hotkey, epoch);
        }
        let group = self.agents[agent].group;
        self.agents[agent].cost_alpha += cost;
        self.record.spent(Side::Miners, group, cost);
        let miner = &mut self.miners[at];
        (miner.uid, miner.came) = (Some(seated.uid), epoch);
        miner.registration.block = self.chain.block();
    }

    /// A seat's holder has lost it.
    fn leave(&mut self, hotkey: &Hotkey, epoch: u64) {
        match self.holders.get(hotkey) {
            Some(Holder::Miner(at)) => {
                let miner = &mut self.miners[*at];
                miner.uid = None;
                self.record.left(Side::Miners, self.agents[miner.agent].group, epoch - miner.came);
            }
            Some(Holder::Validator(at)) => {
                let validator = &mut self.validators[*at];
                validator.uid = None;
                self.record.left(Side::Validators, self.agents[validator.agent].group, epoch);
            }
            None => {}
        }
    }
}
