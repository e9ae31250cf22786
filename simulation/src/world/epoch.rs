//! One epoch: who comes, rounds of challenges, rows, and what the chain pays.

use primitives::{BlockHash, BlockRef, Registration, Uid};
use scoring::{Seat, Snapshot, rehearsal::Act};

use super::{Holder, World, record::Earned};
use crate::{
    agents::{Agent, Side, View},
    chain::Epoch,
    scenario::{MinerGroup, MinerStrategy},
};

impl World<'_> {
    /// From the block after the last epoch to the one that runs the next.
    pub(super) fn epoch(&mut self, epoch: u64) {
        let next = self.chain.next_epoch_block().unwrap_or(self.chain.block().saturating_add(1));
        // The scenario's tempo leaves a block between two epochs.
        let mut paid = self.chain.step();
        self.arrive(epoch);
        for miner in &mut self.miners {
            miner.wake(epoch, &self.cast.miners[miner.like], &self.tempers[miner.like]);
        }
        self.ask(epoch);
        while paid.is_none() && self.chain.block().saturating_add(1) < next {
            paid = self.chain.step();
        }
        self.weigh(epoch);
        let stakes = self.stakes();
        let ran = paid.unwrap_or_else(|| self.chain.advance_to_epoch());
        self.settle(&ran, epoch, &stakes);
    }

    /// Every validator that asks asks every miner in every round.
    fn ask(&mut self, epoch: u64) {
        let victims = self.victims();
        let run = &self.scenario.run;
        let (block, tempo) = (self.chain.block(), u64::from(self.scenario.subnet.tempo));
        let mut answered = vec![0_u64; self.miners.len()];
        for validator in self.validators.iter_mut().filter(|validator| validator.uid.is_some()) {
            validator.judged = 0;
            if !validator.asks(epoch) {
                continue;
            }
            for (mechanism, asked) in (0u8..).zip(&self.asked) {
                for round in 0..run.rounds_per_epoch {
                    let at = block + round * tempo / (run.rounds_per_epoch + 1);
                    let number = epoch * run.rounds_per_epoch + round;
                    let Some((table, question)) = validator.table(mechanism, number) else { continue };
                    table.begin_round(at);
                    let mut judged = 0;
                    for (miner, answered) in self.miners.iter().zip(&mut answered) {
                        if miner.uid.is_none() || miner.mechanism.is_some_and(|of| of != mechanism) {
                            continue;
                        }
                        let victim = victims.get(miner.like).and_then(|victims| {
                            let number = usize::try_from(miner.number).unwrap_or(0);
                            let victim = &self.miners[*victims.get(number.checked_rem(victims.len())?)?];
                            Some((victim, &self.tempers[victim.like]))
                        });
                        let act = miner.act(&self.tempers[miner.like], victim, question, asked);
                        judged += 1;
                        *answered += u64::from(act != Act::Fail);
                        table.see(miner.registration, &act);
                    }
                    validator.judged += judged;
                }
            }
        }
        for (miner, answered) in self.miners.iter_mut().zip(answered) {
            miner.answered = answered;
        }
    }

    /// For each that miners are like: whom they copy, if they do.
    fn victims(&self) -> Vec<Vec<usize>> {
        let honest = |name: &Option<String>| {
            let groups = &self.scenario.miners;
            match name {
                Some(name) => groups.iter().position(|group| group.name == *name),
                None => groups.iter().position(|group| group.strategy == MinerStrategy::Honest {}),
            }
        };
        let of = |group: &MinerGroup| match &group.strategy {
            MinerStrategy::Copier { victim, .. } => {
                let group = honest(victim);
                // Who copies copies no other copier.
                let fits = |at: &usize| {
                    let miner = &self.miners[*at];
                    Some(self.agents[miner.agent].group) == group
                        && miner.uid.is_some()
                        && !self.tempers[miner.like].copies()
                };
                (0..self.miners.len()).filter(fits).collect()
            }
            _ => Vec::new(),
        };
        self.cast.miners.iter().map(of).collect()
    }

    /// Validators set their rows, or commit them; who copies does so last.
    fn weigh(&mut self, epoch: u64) {
        let scenario = self.scenario;
        let group_of = |agent: usize| {
            let agent = self.agents.get(agent).filter(|agent| agent.side == Side::Miners)?;
            Some(scenario.miners.get(agent.group)?.name.as_str())
        };
        let snapshot = self.snapshot();
        let copies = self.validators.iter().any(|validator| validator.copies() && validator.uid.is_some());
        for mechanism in (0u8..).take(self.mechanisms.len()) {
            let mut consensus = Vec::new();
            for last in [false, true] {
                if last && copies {
                    consensus = self.chain.foreseen(mechanism).map_or(Vec::new(), |output| output.consensus);
                }
                for at in 0..self.validators.len() {
                    if self.validators[at].copies() != last {
                        continue;
                    }
                    let view = View {
                        chain: &self.chain,
                        mechanism,
                        epoch,
                        snapshot: &snapshot,
                        miners: &self.miners,
                        consensus: &consensus,
                    };
                    let row = self.validators[at].row(&view, &group_of);
                    let (Some(row), Some(uid)) = (row, self.validators[at].uid) else { continue };
                    // What the chain refuses isn't there.
                    let _ = match self.chain.rules().commit_reveal_weights_enabled {
                        true => self.chain.commit_weights(mechanism, uid, row, 0),
                        false => self.chain.set_weights(mechanism, uid, &row),
                    };
                }
            }
        }
    }

    fn snapshot(&self) -> Snapshot {
        let seat = |uid: u16| {
            let registration: Registration = self.chain.tenant(Uid(uid))?;
            Some(Seat { uid: Uid(uid), registration })
        };
        Snapshot {
            block: BlockRef { number: self.chain.block(), hash: BlockHash([0; 32]) },
            seats: (0..self.chain.seats()).filter_map(seat).collect(),
            min_allowed_weights: self.scenario.subnet.min_allowed_weights,
        }
    }

    /// What each agent earned and spent.
    fn settle(&mut self, ran: &Epoch, epoch: u64, stakes: &[u64]) {
        let mut earned = Vec::with_capacity(stakes.len());
        for (at, (paid, stake)) in ran.payment.seats.iter().zip(stakes).enumerate() {
            let uid = Uid(u16::try_from(at).unwrap_or(u16::MAX));
            let Some(hotkey) = self.chain.tenant(uid).map(|tenant| tenant.hotkey) else { continue };
            let (agent, sold_share) = match self.holders.get(&hotkey) {
                Some(Holder::Miner(at)) => (self.miners[*at].agent, self.cast.miners[self.miners[*at].like].sold_share),
                Some(Holder::Validator(at)) => {
                    let validator = &self.validators[*at];
                    (validator.agent, self.cast.validators[validator.like].sold_share)
                }
                // The owner.
                None => continue,
            };
            let staked = paid.incentive.saturating_add(paid.dividend);
            self.chain.sell(&hotkey, (staked as f64 * sold_share) as u64);
            // What waits to be claimed is its stakers', too.
            let rao = staked.saturating_add(paid.claimable);
            let trust = ran.combined.validator_trust.get(at).copied().unwrap_or(0);
            let Agent { side, group, ref mut earned_rao, .. } = self.agents[agent];
            *earned_rao = earned_rao.saturating_add(rao);
            earned.push(Earned { side, group, agent, rao, trust, stake: *stake });
        }
        self.spend();
        self.record.close(epoch, ran, &earned);
    }

    /// Alpha staked to each seat.
    fn stakes(&self) -> Vec<u64> {
        let stake = |uid| self.chain.tenant(Uid(uid)).map_or(0, |tenant| self.chain.stake(&tenant.hotkey));
        (0..self.chain.seats()).map(stake).collect()
    }

    fn spend(&mut self) {
        let mut costs: Vec<(usize, f64)> = Vec::with_capacity(self.miners.len() + self.validators.len());
        for miner in self.miners.iter().filter(|miner| miner.uid.is_some()) {
            let like = &self.cast.miners[miner.like];
            let upkeep = like.cost_alpha_per_epoch / f64::from(like.seats_each());
            costs.push((miner.agent, miner.answered as f64 * like.cost_alpha_per_answer + upkeep));
        }
        for validator in self.validators.iter().filter(|validator| validator.uid.is_some()) {
            let like = &self.cast.validators[validator.like];
            let asked = validator.judged as f64 * like.cost_alpha_per_answer;
            costs.push((validator.agent, asked + like.cost_alpha_per_epoch));
        }
        for (agent, cost) in costs {
            let agent = &mut self.agents[agent];
            agent.cost_alpha += cost;
            self.record.spent(agent.side, agent.group, cost);
        }
    }
}
