//! The rules of a subnet and of the chain, changed and read by name. Which there are and what each one takes is what the
//! node's metadata says.

use primitives::{BlockHash, Keypair, NetUid};
use scale_info::{Field, PortableRegistry, Variant, form::PortableForm};
use serde::{Deserialize, Serialize};
use subxt::dynamic::Value;

use crate::{
    ChainError, Client, Landed,
    call::number,
    storage::{At, Entry, Key, SUBTENSOR},
    value_text::{Kind, Unlike, parts},
};

const ADMIN: &str = "AdminUtils";
const UTILITY: &str = "Utility";
const PREFIX: &str = "sudo_set_";
/// Names that a search comes up with.
const NEAR: usize = 3;

/// Where a rule is stored under another name than that of its call.
const STORED: &[(&str, &str)] = &[
    ("activity_cutoff_factor", "ActivityCutoffFactorMilli"),
    ("bonds_reset_enabled", "BondsResetOn"),
    ("commit_reveal_version", "CommitRevealWeightsVersion"),
    ("commit_reveal_weights_interval", "RevealPeriodEpochs"),
    ("default_take", "MaxDelegateTake"),
    ("ema_price_halving_period", "EMAPriceHalvingBlocks"),
    ("liquid_alpha_enabled", "LiquidAlphaOn"),
    ("lock_reduction_interval", "NetworkLockReductionInterval"),
    ("mechanism_count", "MechanismCountCurrent"),
    ("num_root_claims", "NumRootClaim"),
    ("owner_hparam_rate_limit", "OwnerHyperparamRateLimit"),
    ("owner_immune_neuron_limit", "ImmuneOwnerUidsLimit"),
    ("rao_recycled", "RAORecycledForRegistration"),
    ("sn_owner_hotkey", "SubnetOwnerHotkey"),
    ("tao_flow_normalization_exponent", "FlowNormExponent"),
    ("tao_flow_smoothing_factor", "FlowEmaSmoothingFactor"),
    ("toggle_transfer", "TransferToggle"),
    ("trim_to_max_allowed_uids", "MaxAllowedUids"),
    ("yuma3_enabled", "Yuma3On"),
];

/// Names that people know from elsewhere: the chain's own answers and the SDKs.
const ALIASES: &[(&str, &str)] = &[
    ("bonds_moving_avg", "bonds_moving_average"),
    ("commit_reveal", "commit_reveal_weights_enabled"),
    ("commit_reveal_enabled", "commit_reveal_weights_enabled"),
    ("commit_reveal_period", "commit_reveal_weights_interval"),
    ("max_regs_per_block", "max_registrations_per_block"),
    ("max_validators", "max_allowed_validators"),
    ("mechanisms", "mechanism_count"),
    ("owner_hotkey", "sn_owner_hotkey"),
    ("registration_allowed", "network_registration_allowed"),
    ("target_regs_per_interval", "target_registrations_per_interval"),
    ("transfers_enabled", "toggle_transfer"),
    ("weights_rate_limit", "weights_set_rate_limit"),
    ("weights_version", "weights_version_key"),
];

/// A rule that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HyperparameterCall {
    /// The rule's name: that of the call without what every call has in front.
    pub name: String,
    /// The pallet of the call.
    pub pallet: String,
    /// The call.
    pub call: String,
    /// What it takes, in words; nothing where the call is the whole message.
    pub takes: String,
    /// Whether it is of a subnet, rather than of the whole chain.
    pub of_subnet: bool,
    /// The storage item of the subnet pallet that keeps it, where it is known which.
    pub storage: Option<String>,
}

/// A rule as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hyperparameter {
    /// Its name.
    pub name: String,
    /// What the chain keeps, as [`Client::set_hyperparameter`] reads it.
    pub value: String,
}

/// A rule that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HyperparameterSet {
    /// Its name, whatever name was asked for.
    pub name: String,
    /// What the chain keeps since then, read back; none where it is not known what keeps it.
    pub value: Option<String>,
    /// When.
    #[serde(flatten)]
    pub landed: Landed,
}

impl Client {
    /// What can be set, by what the node's metadata has at the finalised head, in the order of the names. A rule that
    /// owners and root set by different calls is listed twice.
    pub async fn hyperparameter_calls(&self) -> Result<Vec<HyperparameterCall>, ChainError> {
        self.read_at(None, |at| async move {
            let mut calls: Vec<_> = setters(&at).map(|setter| setter.described(&at)).collect();
            calls.sort_by(|a, b| (&a.name, &a.pallet).cmp(&(&b.name, &b.pallet)));
            Ok(calls)
        })
        .await
    }

    /// The rules of a subnet that can be set and read, at a block; at the finalised head where none is given.
    pub async fn hyperparameter_values(
        &self,
        netuid: NetUid,
        at: Option<BlockHash>,
    ) -> Result<Vec<Hyperparameter>, ChainError> {
        self.read_at(at, |at| async move { values(&at, netuid).await }).await
    }

    /// Set a rule by its name, or by one that people know it by, to a value in words: `10`, `true`, `0.5`,
    /// `45875,58982`, `none`, an address. The name and the value are checked before anything is sent, and what the
    /// chain keeps is read back. With `via_sudo` the signer is the sudo key rather than the subnet's owner. The rules
    /// of the whole chain don't look at `netuid`.
    pub async fn set_hyperparameter(
        &self,
        signer: &Keypair,
        netuid: NetUid,
        name: &str,
        value: &str,
        via_sudo: bool,
    ) -> Result<HyperparameterSet, ChainError> {
        let set = self.set_hyperparameters(signer, netuid, &[(name, value)], via_sudo).await?;
        set.into_iter().next().ok_or_else(|| ChainError::malformed("a hyperparameter", "it was set and is not there"))
    }

    /// As [`Client::set_hyperparameter`], several in their order: all of them, or none where the chain refuses one.
    /// Of a rule that is named twice the last value counts.
    pub async fn set_hyperparameters(
        &self,
        signer: &Keypair,
        netuid: NetUid,
        rules: &[(&str, &str)],
        via_sudo: bool,
    ) -> Result<Vec<HyperparameterSet>, ChainError> {
        let plan = |at: At| async move {
            let mut plans = Vec::new();
            for (name, value) in rules {
                plans.push(plan(&at, netuid, name, value, via_sudo).await?);
            }
            Ok(plans)
        };
        let plans = self.read_at(None, plan).await?;
        let (pallet, call, arguments) = match plans.as_slice() {
            [] => return Ok(Vec::new()),
            [plan] => (plan.pallet.as_str(), plan.call.as_str(), plan.arguments()),
            plans => {
                let calls = plans.iter().map(|plan| {
                    let call = Value::named_variant(plan.call.as_str(), plan.arguments());
                    Value::unnamed_variant(plan.pallet.as_str(), [call])
                });
                (UTILITY, "batch_all", vec![("calls", Value::unnamed_composite(calls))])
            }
        };
        let landed = if via_sudo {
            self.sudo(signer, pallet, call, arguments).await?
        } else {
            self.call_with(signer, pallet, call, arguments).await?
        };
        let plans = &plans;
        let read_back = |at: At| async move {
            let mut kept = Vec::new();
            for (place, plan) in plans.iter().enumerate() {
                if plans[place + 1..].iter().all(|later| later.name != plan.name) {
                    kept.push((plan, plan.kept(&at, netuid).await?));
                }
            }
            Ok(kept)
        };
        let kept = self.read_at(Some(landed.block.hash), read_back).await?;
        let sets = kept.into_iter().map(|(plan, value)| match value {
            Some(kept) if kept != plan.asked => {
                Err(ChainError::NotKept { name: plan.name.clone(), asked: plan.asked.clone(), kept })
            }
            value => Ok(HyperparameterSet { name: plan.name.clone(), value, landed }),
        });
        sets.collect()
    }
}

/// A call that sets a rule.
struct Setter<'a> {
    pallet: &'static str,
    variant: &'a Variant<PortableForm>,
    name: &'a str,
}

/// A call that is about to be sent.
struct Plan {
    name: String,
    pallet: String,
    call: String,
    arguments: Vec<(String, Value)>,
    /// What the chain should say afterwards.
    asked: String,
}

impl Plan {
    fn arguments(&self) -> Vec<(&str, Value)> {
        self.arguments.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
    }

    /// What the chain says afterwards, where it is known what keeps it.
    async fn kept(&self, at: &At, netuid: NetUid) -> Result<Option<String>, ChainError> {
        let setter = setters(at).find(|setter| setter.pallet == self.pallet && setter.variant.name == self.call);
        match setter.and_then(|setter| Some((setter.stored(at)?, setter))) {
            Some((storage, setter)) => setter.value(at, storage, netuid).await.map(Some),
            None => Ok(None),
        }
    }
}

fn setters(at: &At) -> impl Iterator<Item = Setter<'_>> {
    let metadata = at.runtime.metadata_ref();
    let of = move |pallet: &'static str| {
        let variants = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.call_variants());
        variants.unwrap_or_default().iter().filter_map(move |variant| {
            let name = match variant.name.as_str() {
                "sudo_trim_to_max_allowed_uids" => "trim_to_max_allowed_uids",
                "set_tempo" => "tempo",
                "set_activity_cutoff_factor" => "activity_cutoff_factor",
                "trigger_epoch" => "trigger_epoch",
                name => name.strip_prefix(PREFIX)?,
            };
            Some(Setter { pallet, variant, name })
        })
    };
    of(ADMIN).chain(of(SUBTENSOR))
}

impl<'a> Setter<'a> {
    fn of_subnet(&self) -> bool {
        self.variant.fields.first().and_then(|field| field.name.as_deref()) == Some("netuid")
    }

    /// What is to be said besides which subnet.
    fn fields(&self) -> &'a [Field<PortableForm>] {
        &self.variant.fields[usize::from(self.of_subnet())..]
    }

    fn kinds<'b>(&self, types: &'b PortableRegistry) -> impl Iterator<Item = Kind<'b>>
    where
        'a: 'b,
    {
        self.fields().iter().map(move |field| Kind { types, id: field.ty.id, name: field.type_name.as_deref() })
    }

    fn takes(&self, types: &PortableRegistry) -> String {
        self.kinds(types).map(Kind::wanted).collect::<Vec<_>>().join(",")
    }

    /// The storage item that keeps it: of that name, and keyed by the subnet or by nothing.
    fn stored<'b>(&self, at: &'b At) -> Option<&'b str> {
        let named = STORED.iter().find(|(name, _)| *name == self.name).map(|(_, storage)| *storage);
        let same = |entry: &str| match named {
            Some(named) => entry == named,
            None => entry.to_lowercase() == self.name.replace('_', ""),
        };
        let storage = at.runtime.metadata_ref().pallet_by_name(SUBTENSOR)?.storage()?;
        let keys = usize::from(self.of_subnet());
        let found = storage.entries().iter().find(|entry| same(entry.name()) && entry.keys().len() == keys)?;
        (!self.fields().is_empty()).then(|| found.name())
    }

    fn described(&self, at: &At) -> HyperparameterCall {
        HyperparameterCall {
            name: self.name.to_owned(),
            pallet: self.pallet.to_owned(),
            call: self.variant.name.clone(),
            takes: self.takes(at.runtime.metadata_ref().types()),
            of_subnet: self.of_subnet(),
            storage: self.stored(at).map(str::to_owned),
        }
    }

    fn key<'b>(&self, at: &'b At, storage: &'b str, netuid: NetUid) -> Result<(Entry<'b, Value>, Key), ChainError> {
        let entry = at.entry::<Value>(storage)?;
        let key = if self.of_subnet() { entry.key((netuid.0,))? } else { entry.key(())? };
        Ok((entry, key))
    }

    /// How what is stored is shown.
    fn shown(&self, at: &At, entry: &Entry<'_, Value>, bytes: Option<&[u8]>) -> Result<String, ChainError> {
        let types = at.runtime.metadata_ref().types();
        let name = match self.fields() {
            [field] => field.type_name.as_deref(),
            _ => None,
        };
        let kind = Kind { types, id: entry.type_id(), name };
        match bytes {
            Some(bytes) => kind.show(bytes).ok_or_else(|| ChainError::malformed("a hyperparameter", "not of its type")),
            None => Ok("none".to_owned()),
        }
    }

    async fn value(&self, at: &At, storage: &str, netuid: NetUid) -> Result<String, ChainError> {
        let (entry, key) = self.key(at, storage, netuid)?;
        let found = at.fetch(std::slice::from_ref(&key)).await?;
        self.shown(at, &entry, entry.bytes(&found, &key))
    }
}

/// Find the call, read the value, and see that there is such a subnet.
async fn plan(at: &At, netuid: NetUid, name: &str, value: &str, via_sudo: bool) -> Result<Plan, ChainError> {
    let setter = find(at, name, via_sudo)?;
    let types = at.runtime.metadata_ref().types();
    let unlike = |Unlike(_)| ChainError::BadValue {
        name: setter.name.to_owned(),
        value: value.to_owned(),
        wanted: setter.takes(types),
    };
    let kinds: Vec<Kind<'_>> = setter.kinds(types).collect();
    let texts = match kinds.len() {
        0 if value.trim().is_empty() => Vec::new(),
        0 => {
            return Err(ChainError::BadValue {
                name: setter.name.into(),
                value: value.into(),
                wanted: "nothing".into(),
            });
        }
        1 => vec![value],
        _ => parts(value),
    };
    if texts.len() != kinds.len() {
        return Err(unlike(Unlike(String::new())));
    }
    let values = kinds.iter().zip(&texts).map(|(kind, text)| kind.read(text));
    let values = values.collect::<Result<Vec<_>, _>>().map_err(unlike)?;
    let asked = kinds.iter().zip(&values).map(|(kind, value)| kind.normal(value).unwrap_or_default());
    let asked = asked.collect::<Vec<_>>().join(",");
    let mut arguments = Vec::new();
    if setter.of_subnet() {
        let added = at.entry::<bool>("NetworksAdded")?;
        if !at.value(&added, (netuid.0,)).await?.unwrap_or_default() {
            return Err(ChainError::UnknownNetUid(netuid));
        }
        arguments.push(("netuid".to_owned(), number(netuid.0)));
    }
    let names = setter.fields().iter().map(|field| field.name.clone().unwrap_or_default());
    arguments.extend(names.zip(values));
    Ok(Plan {
        name: setter.name.to_owned(),
        pallet: setter.pallet.to_owned(),
        call: setter.variant.name.clone(),
        arguments,
        asked,
    })
}

/// The call behind a name. Where owner and root have one each, the one of who signs.
fn find<'a>(at: &'a At, asked: &str, via_sudo: bool) -> Result<Setter<'a>, ChainError> {
    let wanted = asked.to_lowercase();
    let wanted = wanted.strip_prefix(PREFIX).unwrap_or(&wanted);
    let wanted = ALIASES.iter().find(|(alias, _)| *alias == wanted).map_or(wanted, |(_, name)| *name);
    let plain = wanted.replace('_', "");
    let preferred = if via_sudo { ADMIN } else { SUBTENSOR };
    let mut by_name: Vec<_> = setters(at).filter(|setter| setter.name == wanted).collect();
    if by_name.is_empty() {
        // By the name of what keeps it, which is what readers of the chain know.
        by_name = setters(at)
            .filter(|setter| setter.stored(at).is_some_and(|storage| storage.to_lowercase() == plain))
            .filter(|setter| setter.name != "trim_to_max_allowed_uids")
            .collect();
    }
    let place = by_name.iter().position(|setter| setter.pallet == preferred).unwrap_or(0);
    if place < by_name.len() {
        return Ok(by_name.swap_remove(place));
    }
    let known = setters(at).map(|setter| setter.name).chain(ALIASES.iter().map(|(alias, _)| *alias));
    Err(ChainError::UnknownHyperparameter { name: asked.to_owned(), near: near(wanted, known) })
}

async fn values(at: &At, netuid: NetUid) -> Result<Vec<Hyperparameter>, ChainError> {
    let added = at.entry::<bool>("NetworksAdded")?;
    let added_key = added.key((netuid.0,))?;
    let mut keys = vec![added_key.clone()];
    let mut wanted = Vec::new();
    let mut setters: Vec<_> = setters(at).filter(Setter::of_subnet).collect();
    setters.sort_by_key(|setter| setter.name);
    // Two names for one item make one row.
    setters.dedup_by_key(|setter| setter.name);
    setters.retain(|setter| !matches!(setter.name, "trim_to_max_allowed_uids" | "subnet_owner_hotkey"));
    for setter in setters {
        let Some(storage) = setter.stored(at) else { continue };
        let (entry, key) = setter.key(at, storage, netuid)?;
        keys.push(key.clone());
        wanted.push((setter, entry, key));
    }
    let found = at.fetch(&keys).await?;
    if !added.require(&found, &added_key)? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    let values = wanted.iter().map(|(setter, entry, key)| {
        let value = setter.shown(at, entry, entry.bytes(&found, key))?;
        Ok(Hyperparameter { name: setter.name.to_owned(), value })
    });
    values.collect()
}

/// The names that are most like another one.
fn near<'a>(wanted: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut known: Vec<(usize, &str)> = known.map(|name| (unlikeness(wanted, name), name)).collect();
    known.sort_unstable();
    known.dedup();
    known.into_iter().take(NEAR).map(|(_, name)| name.to_owned()).collect()
}

/// Letters to insert, delete or replace; a name that holds all that was asked for is near whatever else it holds.
fn unlikeness(wanted: &str, name: &str) -> usize {
    if !wanted.is_empty() && name.contains(wanted) {
        return 1;
    }
    let wanted: Vec<char> = wanted.chars().collect();
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (place, letter) in name.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], place + 1);
        for (column, other) in wanted.iter().enumerate() {
            let replaced = diagonal + usize::from(*other != letter);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[wanted.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_near() {
        let known = ["tempo", "kappa", "max_burn", "min_burn", "immunity_period", "serving_rate_limit"];
        assert_eq!(near("tmepo", known.into_iter())[0], "tempo");
        assert_eq!(near("imunity_period", known.into_iter())[0], "immunity_period");
        assert_eq!(near("burn", known.into_iter())[..2], ["max_burn", "min_burn"]);
        assert_eq!(unlikeness("kitten", "sitting"), 3);
    }
}
