//! Rules that are changed for the run, and put back.

use anyhow::Context as _;
use chain::{ChainError, Client, Refusal, Value};
use primitives::{EpochSchedule, Keypair, NetUid};

use crate::{
    accounts::Accounts,
    blocks::Blocks,
    report::{Checked, Trouble, fail, skip},
};

const SUBTENSOR: &str = "SubtensorModule";
const ADMIN: &str = "AdminUtils";

/// A rule, by the names that the chain has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pallet: &'static str,
    call: &'static str,
    argument: &'static str,
    kept_in: (&'static str, &'static str),
    of_subnet: bool,
    /// Whether a subnet's owner may set it, too.
    of_owner: bool,
    is_flag: bool,
}

const fn root(call: &'static str, argument: &'static str, item: &'static str) -> Rule {
    let kept_in = (SUBTENSOR, item);
    Rule { pallet: ADMIN, call, argument, kept_in, of_subnet: false, of_owner: false, is_flag: false }
}

const fn subnet(call: &'static str, argument: &'static str, item: &'static str) -> Rule {
    Rule { of_subnet: true, ..root(call, argument, item) }
}

const fn owned(call: &'static str, argument: &'static str, item: &'static str) -> Rule {
    Rule { of_owner: true, ..subnet(call, argument, item) }
}

#[allow(missing_docs)] // the names are the chain's
impl Rule {
    pub const ADMIN_FREEZE_WINDOW: Self = root("sudo_set_admin_freeze_window", "window", "AdminFreezeWindow");
    pub const NETWORK_RATE_LIMIT: Self = root("sudo_set_network_rate_limit", "rate_limit", "NetworkRateLimit");
    pub const START_CALL_DELAY: Self = root("sudo_set_start_call_delay", "delay", "StartCallDelay");
    pub const STAKE_THRESHOLD: Self = root("sudo_set_stake_threshold", "min_stake", "StakeThreshold");
    pub const MAX_SPACE: Self = Rule {
        pallet: "Commitments",
        kept_in: ("Commitments", "MaxSpace"),
        ..root("set_max_space", "new_limit", "MaxSpace")
    };
    pub const TEMPO: Self = subnet("sudo_set_tempo", "tempo", "Tempo");
    pub const WEIGHTS_SET_RATE_LIMIT: Self =
        subnet("sudo_set_weights_set_rate_limit", "weights_set_rate_limit", "WeightsSetRateLimit");
    pub const SERVING_RATE_LIMIT: Self = owned("sudo_set_serving_rate_limit", "serving_rate_limit", "ServingRateLimit");
    pub const MIN_ALLOWED_WEIGHTS: Self =
        owned("sudo_set_min_allowed_weights", "min_allowed_weights", "MinAllowedWeights");
    pub const MAX_ALLOWED_UIDS: Self = owned("sudo_set_max_allowed_uids", "max_allowed_uids", "MaxAllowedUids");
    pub const WEIGHTS_VERSION_KEY: Self =
        owned("sudo_set_weights_version_key", "weights_version_key", "WeightsVersionKey");
    pub const REVEAL_PERIOD: Self = owned("sudo_set_commit_reveal_weights_interval", "interval", "RevealPeriodEpochs");
    pub const MECHANISM_COUNT: Self = owned("sudo_set_mechanism_count", "mechanism_count", "MechanismCountCurrent");
    pub const COMMIT_REVEAL: Self = Rule {
        is_flag: true,
        ..owned("sudo_set_commit_reveal_weights_enabled", "enabled", "CommitRevealWeightsEnabled")
    };
}

impl Rule {
    /// Where it is kept.
    pub fn name(&self) -> &'static str {
        self.kept_in.1
    }
}

/// A rule as it was before.
#[derive(Clone, Copy, Debug)]
struct Before {
    rule: Rule,
    value: u64,
}

/// What was changed.
#[derive(Default)]
pub struct Settings {
    before: Vec<Before>,
}

/// Who changes rules where, and how.
#[derive(Clone, Copy)]
pub struct Office<'a> {
    /// The chain.
    pub client: &'a Client,
    /// Its blocks.
    pub blocks: &'a Blocks,
    /// The keys.
    pub accounts: &'a Accounts,
    /// The key of the subnet's owner, if it is one of ours.
    pub owner: Option<&'a Keypair>,
    /// The subnet.
    pub netuid: NetUid,
}

impl Settings {
    /// Change rules, all in one transaction where that is possible. What has the value already is left alone.
    pub async fn change(&mut self, office: Office<'_>, wanted: &[(Rule, u64)]) -> Checked<()> {
        let mut changes = Vec::new();
        for (rule, value) in wanted {
            let now = office.read(*rule).await?;
            if now != *value {
                changes.push((*rule, *value));
                self.before.push(Before { rule: *rule, value: now });
            }
        }
        Box::pin(office.write(&changes)).await
    }

    /// Put all back, the last change first. What belongs to a new subnet stays. `left` is told what is not as it was,
    /// also where it could not be put back.
    pub async fn restore(&mut self, office: Office<'_>, is_new: bool, left: &mut Vec<String>) -> Checked<()> {
        let mut changes: Vec<(Rule, u64)> = Vec::new();
        for Before { rule, value } in std::mem::take(&mut self.before) {
            // The first value is what stood there before the run.
            if !changes.iter().any(|(known, _)| *known == rule) {
                changes.push((rule, value));
            }
        }
        changes.reverse();
        let mut differing = Vec::new();
        for (rule, value) in &changes {
            if !(is_new && rule.of_subnet) && office.read(*rule).await? != *value {
                differing.push((*rule, *value));
            }
        }
        let written = Box::pin(office.write(&differing)).await;
        for (rule, was) in changes {
            let now = office.read(rule).await?;
            if now != was {
                left.push(format!("{} is {now}, was {was}", rule.name()));
            }
        }
        written
    }
}

impl Office<'_> {
    /// A rule as it is at the finalised head.
    pub async fn read(&self, rule: Rule) -> Checked<u64> {
        let (pallet, item) = rule.kept_in;
        let client = self.client;
        let value = match (rule.is_flag, rule.of_subnet) {
            (true, _) => client.stored::<bool>(pallet, item, (self.netuid.0,), None).await?.map(u64::from),
            (false, true) => client.stored::<u64>(pallet, item, (self.netuid.0,), None).await?,
            (false, false) => client.stored::<u64>(pallet, item, (), None).await?,
        };
        Ok(value.with_context(|| format!("{pallet}.{item} has no value"))?)
    }

    async fn write(&self, changes: &[(Rule, u64)]) -> Checked<()> {
        if changes.is_empty() {
            return Ok(());
        }
        match &self.accounts.sudo {
            Some(sudo) => Box::pin(self.write_as_root(sudo, changes)).await?,
            None => Box::pin(self.write_as_owner(changes)).await?,
        }
        for (rule, value) in changes {
            let kept = self.read(*rule).await?;
            if kept != *value {
                return fail(format!("{} was set to {value}, and the chain keeps {kept}", rule.name()));
            }
        }
        Ok(())
    }

    /// All in one transaction; one by one where the chain takes them not like that, so that what it refuses is named.
    async fn write_as_root(&self, sudo: &Keypair, changes: &[(Rule, u64)]) -> Checked<()> {
        let calls = changes.iter().map(|(rule, value)| {
            let call = Value::named_variant(rule.call, self.arguments(*rule, *value));
            Value::unnamed_variant(rule.pallet, [call])
        });
        let arguments = vec![("calls", Value::unnamed_composite(calls))];
        match self.blocks.during(self.client.sudo(sudo, "Utility", "batch_all", arguments)).await? {
            Ok(_) => return Ok(()),
            Err(error) if error.is_refusal() || matches!(error, ChainError::Unsupported { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let mut refused = Vec::new();
        for (rule, value) in changes {
            let call = self.client.sudo(sudo, rule.pallet, rule.call, self.arguments(*rule, *value));
            if let Err(error) = self.blocks.during(call).await? {
                refused.push(format!("{} can't be {value}: {error}", rule.name()));
            }
        }
        if refused.is_empty() { Ok(()) } else { fail(refused.join("; ")) }
    }

    async fn write_as_owner(&self, changes: &[(Rule, u64)]) -> Checked<()> {
        if let Some((rule, _)) = changes.iter().find(|(rule, _)| !rule.of_owner) {
            return skip(format!("{} is for sudo to set", rule.name()));
        }
        let Some(owner) = self.owner else {
            return skip("the subnet's owner is none of the given keys");
        };
        for (rule, value) in changes {
            let call = || self.client.call_with(owner, rule.pallet, rule.call, self.arguments(*rule, *value));
            let mut answer = self.blocks.during(call()).await?;
            let is_frozen = |error: &ChainError| {
                error.refusal().is_some_and(|refusal| *refusal == Refusal::AdminActionProhibitedDuringWeightsWindow)
            };
            if answer.as_ref().err().is_some_and(is_frozen) {
                self.thaw().await?;
                answer = self.blocks.during(call()).await?;
            }
            match answer {
                Ok(_) => {}
                // The owner's own limits are no fault of anybody's.
                Err(error) if error.is_refusal() && error.is_retryable() => {
                    return Err(Trouble::Skip(format!("{} can't be set now: {error}", rule.name())));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Rules are frozen for some blocks before each epoch.
    async fn thaw(&self) -> Checked<()> {
        let best = self.client.best().await?;
        let rules = self.client.hyperparameters(self.netuid, Some(best.hash)).await?;
        if let Some(epoch) = EpochSchedule::from(&rules).next_epoch_block(best.number) {
            self.blocks.until(epoch).await?;
        }
        Ok(())
    }

    fn arguments(&self, rule: Rule, value: u64) -> Vec<(&'static str, Value)> {
        let value = if rule.is_flag { Value::bool(value != 0) } else { Value::u128(value.into()) };
        let mut arguments = vec![(rule.argument, value)];
        if rule.of_subnet {
            arguments.insert(0, ("netuid", Value::u128(self.netuid.0.into())));
        }
        arguments
    }
}
