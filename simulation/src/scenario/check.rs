//! Whether a scenario makes sense.

use scoring::Registry;

use super::{MinerStrategy, Scenario, ScenarioError, ValidatorStrategy};

/// More than there is: the chain has 21 million of each coin.
const MOST_COINS: f64 = 21e6;
/// What nobody waits for.
const MOST_EPOCHS: f64 = 1e6;
const HOUR_MS: f64 = 3.6e6;

/// Numbers held against their ranges; keeps the first that is outside.
struct Ranges {
    above: String,
    wrong: Option<ScenarioError>,
}

impl Ranges {
    fn of(above: impl Into<String>) -> Self {
        Self { above: above.into(), wrong: None }
    }

    fn within(mut self, name: &str, value: impl Into<f64>, least: f64, most: f64) -> Self {
        let value = value.into();
        // Not so of NaN.
        if self.wrong.is_none() && !(least..=most).contains(&value) {
            let key = format!("{}.{name}", self.above);
            self.wrong = Some(ScenarioError::Range { key, value, least, most });
        }
        self
    }

    fn end(self) -> Result<(), ScenarioError> {
        self.wrong.map_or(Ok(()), Err)
    }
}

impl Scenario {
    /// Whether it makes sense, but for what it sweeps: see [`Self::grid`]. Rules may name the tasks and scorers of `registry`.
    pub fn check(&self, registry: &Registry) -> Result<(), ScenarioError> {
        if self.validators.is_empty() {
            return Err(ScenarioError::Empty { key: "validators".into(), reason: "nobody would set weights" });
        }
        if self.miners.is_empty() {
            return Err(ScenarioError::Empty { key: "miners".into(), reason: "nobody would be judged" });
        }
        self.check_subnet()?;
        self.check_mechanisms(registry)?;
        self.check_names()?;
        self.check_miners()?;
        self.check_validators()?;
        self.check_run()?;
        self.check_seats()
    }

    fn check_subnet(&self) -> Result<(), ScenarioError> {
        let subnet = &self.subnet;
        Ranges::of("subnet")
            .within("tempo", subnet.tempo, 2.0, 50_400.0)
            .within("max_allowed_uids", subnet.max_allowed_uids, 3.0, 4_096.0)
            .within("max_allowed_validators", subnet.max_allowed_validators, 1.0, 4_096.0)
            .within("bonds_moving_average", subnet.bonds_moving_average as f64, 0.0, 1e6)
            .within("reveal_period_epochs", subnet.reveal_period_epochs as f64, 1.0, 100.0)
            .within("max_burn", subnet.max_burn as f64, subnet.min_burn as f64, MOST_COINS * 1e9)
            .within("issuance_alpha", subnet.issuance_alpha, 0.0, MOST_COINS)
            .within("alpha_price_tao", subnet.alpha_price_tao, 1e-9, MOST_COINS)
            .end()
    }

    fn check_mechanisms(&self, registry: &Registry) -> Result<(), ScenarioError> {
        let build = |key: String, incentive| match registry.build(incentive) {
            Ok(_) => Ok(()),
            Err(source) => Err(ScenarioError::Incentive { key: format!("{key}.{}", source.field()), source }),
        };
        build("incentive".into(), &self.incentive)?;
        let count = self.mechanisms.len();
        let most = ScenarioError::Range { key: "mechanisms".into(), value: count as f64, least: 1.0, most: 16.0 };
        if count > 16 {
            return Err(most);
        }
        for (at, mechanism) in self.mechanisms.iter().enumerate() {
            if let Some(incentive) = &mechanism.incentive {
                build(format!("mechanisms[{at}].incentive"), incentive)?;
            }
        }
        let shares = self.mechanisms.iter().filter_map(|mechanism| mechanism.emission_share);
        let (said, total) = shares.fold((0, 0_u64), |(said, total), share| (said + 1, total + u64::from(share)));
        if said > 0 && (said < count || total != u64::from(u16::MAX)) {
            return Err(ScenarioError::Shares { total });
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), ScenarioError> {
        let miners = self.miners.iter().map(|group| ("miners", &group.name));
        let validators = self.validators.iter().map(|group| ("validators", &group.name));
        let names: Vec<(&str, &String)> = miners.chain(validators).collect();
        for (at, (list, name)) in names.iter().enumerate() {
            if name.is_empty() || name.contains('.') {
                let reason = "a group needs a name, without a dot";
                return Err(ScenarioError::Empty { key: format!("{list}.name"), reason });
            }
            if names[..at].iter().any(|(_, other)| other == name) {
                return Err(ScenarioError::Repeated { key: (*list).into(), name: (*name).clone() });
            }
        }
        Ok(())
    }

    fn check_miners(&self) -> Result<(), ScenarioError> {
        for group in &self.miners {
            let above = format!("miners.{}", group.name);
            Ranges::of(&above)
                .within("count", group.count, 1.0, 4_096.0)
                .within("skill", group.skill, 0.0, 1.0)
                .within("skill_spread", group.skill_spread, 0.0, 1.0)
                .within("skill_noise", group.skill_noise, 0.0, 1.0)
                .within("latency_ms", group.latency_ms, 0.0, HOUR_MS)
                .within("latency_spread", group.latency_spread, 0.0, 3.0)
                .within("latency_noise", group.latency_noise, 0.0, 3.0)
                .within("drift_epochs", group.drift_epochs, 0.0, MOST_EPOCHS)
                .within("answer_rate", group.answer_rate, 0.0, 1.0)
                .within("cost_alpha_per_answer", group.cost_alpha_per_answer, 0.0, MOST_COINS)
                .within("cost_alpha_per_epoch", group.cost_alpha_per_epoch, 0.0, MOST_COINS)
                .within("sold_share", group.sold_share, 0.0, 1.0)
                .within("mechanism", group.mechanism.unwrap_or(0), 0.0, self.mechanisms.len().max(1) as f64 - 1.0)
                .end()?;
            let strategy = Ranges::of(format!("{above}.strategy"));
            match &group.strategy {
                MinerStrategy::Honest {} => strategy,
                MinerStrategy::Lazy { answered_share } => strategy.within("answered_share", *answered_share, 0.0, 1.0),
                MinerStrategy::Cacher { repeated_share, repeated_skill, detection } => strategy
                    .within("repeated_share", *repeated_share, 0.0, 1.0)
                    .within("repeated_skill", *repeated_skill, 0.0, 1.0)
                    .within("detection", *detection, 0.0, 1.0),
                MinerStrategy::Quantiser { detection } => strategy.within("detection", *detection, 0.0, 1.0),
                MinerStrategy::Sybil { uids, capacity_uids, .. } => {
                    strategy.within("uids", *uids, 1.0, 4_096.0).within("capacity_uids", *capacity_uids, 1e-3, 4_096.0)
                }
                MinerStrategy::Copier { victim, delay_ms, detection } => {
                    if let Some(victim) = victim {
                        self.check_group(format!("{above}.strategy.victim"), victim)?;
                    }
                    strategy.within("delay_ms", *delay_ms, 0.0, HOUR_MS).within("detection", *detection, 0.0, 1.0)
                }
            }
            .end()?;
        }
        Ok(())
    }

    fn check_validators(&self) -> Result<(), ScenarioError> {
        for group in &self.validators {
            let above = format!("validators.{}", group.name);
            Ranges::of(&above)
                .within("count", group.count, 1.0, 4_096.0)
                .within("stake_alpha", group.stake_alpha, 0.0, MOST_COINS)
                .within("root_stake_tao", group.root_stake_tao, 0.0, MOST_COINS)
                .within("take", group.take, 0.0, 1.0)
                .within("cost_alpha_per_answer", group.cost_alpha_per_answer, 0.0, MOST_COINS)
                .within("cost_alpha_per_epoch", group.cost_alpha_per_epoch, 0.0, MOST_COINS)
                .within("sold_share", group.sold_share, 0.0, 1.0)
                .end()?;
            match &group.strategy {
                ValidatorStrategy::Colluding { miners } => {
                    self.check_group(format!("{above}.strategy.miners"), miners)?;
                }
                ValidatorStrategy::Lazy { worked_epochs, .. } => {
                    let worked = *worked_epochs as f64;
                    Ranges::of(format!("{above}.strategy")).within("worked_epochs", worked, 1.0, MOST_EPOCHS).end()?;
                }
                ValidatorStrategy::Honest {} | ValidatorStrategy::WeightCopier {} => {}
            }
        }
        Ok(())
    }

    fn check_run(&self) -> Result<(), ScenarioError> {
        let run = &self.run;
        Ranges::of("run")
            .within("epochs", run.epochs as f64, 1.0, MOST_EPOCHS)
            .within("rounds_per_epoch", run.rounds_per_epoch as f64, 1.0, 10_000.0)
            .within("answer_tokens", run.answer_tokens, 1.0, 1e6)
            .within("runs", run.runs, 1.0, 1e5)
            .within("newcomers_per_epoch", run.newcomers_per_epoch, 0.0, 1_000.0)
            .within("confidence", run.confidence, 0.5, 0.999_999)
            .end()?;
        run.newcomers.as_ref().map_or(Ok(()), |name| self.check_group("run.newcomers".into(), name))
    }

    fn check_group(&self, key: String, name: &str) -> Result<(), ScenarioError> {
        if self.miners.iter().any(|group| group.name == name) {
            return Ok(());
        }
        let known = self.miners.iter().map(|group| group.name.as_str()).collect::<Vec<_>>().join(", ");
        Err(ScenarioError::Unknown { key, name: name.into(), known })
    }

    fn check_seats(&self) -> Result<(), ScenarioError> {
        let miners = self.miners.iter().map(|group| u64::from(group.count) * u64::from(group.seats_each()));
        let validators: u64 = self.validators.iter().map(|group| u64::from(group.count)).sum();
        let (agents, most) = (miners.sum::<u64>() + validators, self.subnet.max_allowed_uids);
        if agents + 1 > u64::from(most) {
            return Err(ScenarioError::Seats { agents, most });
        }
        let staked: f64 = self.validators.iter().map(|group| f64::from(group.count) * group.stake_alpha).sum();
        let value = self.subnet.issuance_alpha + staked;
        let key = "subnet.issuance_alpha, with what is staked,".to_owned();
        if value > MOST_COINS {
            return Err(ScenarioError::Range { key, value, least: 0.0, most: MOST_COINS });
        }
        Ok(())
    }
}
