//! Calls that the chain turns down, each for the reason that was foretold.

use chain::{Invalidity, Precheck, Refusal, Value, WeightsCall};
use primitives::{Keypair, MechId, NetUid};

use crate::{
    attempt::{Attempt, Place},
    fate::{No, one_of},
    report::{Checked, Notes, skip},
    settings::{Rule, Settings},
    stage::{SUBTENSOR, Stage, number},
    turns::{Turn, together},
};

/// Commits of a hash that one hotkey may have waiting.
const MOST_COMMITS: usize = 10;

fn of<'a>(stage: &'a Stage, key: &'a Keypair, mech: u8) -> Place<'a> {
    Place { key, netuid: stage.netuid, mech: MechId(mech) }
}

fn set(uids: &[u16], values: &[u16], version_key: u64) -> Attempt {
    Attempt::Set { uids: uids.to_vec(), values: values.to_vec(), version_key }
}

/// A check that the chain turns an attempt down for a reason.
fn refused<'a>(stage: &'a Stage, name: &str, place: Place<'a>, attempt: Attempt, reason: impl Into<No>) -> Turn<'a> {
    let reason = reason.into();
    Turn::new(name, place.key, async move { attempt.refused(stage, place, &[reason]).await })
}

/// Who may set weights besides the validator, so that both can at the same time.
fn second(stage: &Stage) -> &Keypair {
    if stage.is_new { &stage.accounts.owner_hotkey } else { &stage.accounts.validator }
}

/// While rows are set in the open.
pub async fn while_open(stage: &Stage, settings: &mut Settings, notes: &mut Notes<'_>) -> Checked<()> {
    let accounts = &stage.accounts;
    let (validator, stranger) = (&accounts.validator, &accounts.stranger);
    let [miner, other] = &accounts.miners;
    let second = second(stage);
    let office = stage.office();
    let seats = stage.seats().await?;
    let key = office.read(Rule::WEIGHTS_VERSION_KEY).await?;
    let count = u8::try_from(office.read(Rule::MECHANISM_COUNT).await?).unwrap_or(u8::MAX);
    let (a, b) = (stage.uid(miner.hotkey()).await?.0, stage.uid(other.hotkey()).await?.0);
    let crowd: Vec<u16> = (0..=seats).collect();
    let ones = vec![1; crowd.len()];

    let as_validator = of(stage, validator, 0);
    let hasty = "refused: a row too soon after another";
    if accounts.sudo.is_none() {
        // While the last row is fresh: the limit is what it is.
        let again = set(&[a, b], &[1, 1], key);
        notes.check(hasty, again.refused(stage, as_validator, &[Precheck::RateLimitExceeded.into()])).await;
    }
    let rows: [(&str, Place<'_>, Attempt, Vec<No>); 11] = [
        ("a uid twice", as_validator, set(&[a, a], &[1, 1], key), vec![Refusal::DuplicateUids.into()]),
        (
            "a uid without a seat",
            of(stage, second, 0),
            set(&[a, seats], &[1, 1], key),
            vec![Refusal::UidVecContainInvalidOne.into()],
        ),
        (
            "more uids than seats",
            of(stage, miner, 0),
            set(&crowd, &ones, key),
            vec![Refusal::UidsLengthExceedUidsInSubNet.into()],
        ),
        (
            "more uids than values",
            of(stage, other, 0),
            set(&[a, b], &[1], key),
            vec![Refusal::WeightVecNotEqualSize.into()],
        ),
        (
            "a mechanism that is not",
            of(stage, validator, count),
            set(&[a, b], &[1, 1], key),
            // Nobody has waited long enough on a mechanism that does not exist.
            vec![Precheck::RateLimitExceeded.into(), Refusal::MechanismDoesNotExist.into()],
        ),
        (
            "a mechanism that is not, by a stranger",
            of(stage, stranger, count),
            set(&[a, b], &[1, 1], key),
            vec![Refusal::MechanismDoesNotExist.into()],
        ),
        (
            "a row of a stranger",
            of(stage, stranger, 0),
            set(&[a, b], &[1, 1], key),
            vec![Refusal::HotKeyNotRegisteredInSubNet.into()],
        ),
        (
            "a row without a permit",
            of(stage, miner, 0),
            set(&[b, 0], &[1, 1], key),
            vec![Refusal::NeuronNoValidatorPermit.into()],
        ),
        ("a commit while rows are open", as_validator, Attempt::Commit, vec![Refusal::CommitRevealDisabled.into()]),
        (
            "a timelocked row while rows are open",
            of(stage, other, 0),
            Attempt::CommitTimelocked { bytes: vec![0; 64], round: u64::MAX, version: 4 },
            vec![Refusal::CommitRevealDisabled.into()],
        ),
        (
            "weights on root",
            Place { key: second, netuid: NetUid(0), mech: MechId(0) },
            set(&[0], &[1], 0),
            vec![Refusal::CommitRevealEnabled.into(), Refusal::CanNotSetRootNetworkWeights.into()],
        ),
    ];
    let turns = rows.into_iter().map(|(name, place, attempt, reasons)| {
        let check = async move { attempt.refused(stage, place, &reasons).await };
        Turn::new(format!("refused: {name}"), place.key, check)
    });
    together(notes, turns.collect()).await;

    with_rules(stage, settings, notes, (a, b)).await
}

/// By rules that are set for the purpose.
async fn with_rules(stage: &Stage, settings: &mut Settings, notes: &mut Notes<'_>, (a, b): (u16, u16)) -> Checked<()> {
    let (office, accounts) = (stage.office(), &stage.accounts);
    let as_validator = of(stage, &accounts.validator, 0);
    let as_miner = of(stage, &accounts.miners[0], 0);
    let threshold = office.read(Rule::STAKE_THRESHOLD).await?;
    let state = |place: Place<'_>| {
        let (netuid, mech, hotkey) = (place.netuid, place.mech, place.key.hotkey());
        async move { stage.client.weights_state(netuid, mech, hotkey, None).await }
    };
    let (rich, poor) = (state(as_validator).await?.stake, state(as_miner).await?.stake);
    let version = office.read(Rule::WEIGHTS_VERSION_KEY).await?;
    let usual = [
        (Rule::WEIGHTS_VERSION_KEY, version),
        (Rule::MIN_ALLOWED_WEIGHTS, office.read(Rule::MIN_ALLOWED_WEIGHTS).await?),
        (Rule::WEIGHTS_SET_RATE_LIMIT, office.read(Rule::WEIGHTS_SET_RATE_LIMIT).await?),
        (Rule::STAKE_THRESHOLD, threshold),
    ];
    // Well above what the miner has, who may earn more any time, and no more than what the validator has.
    let between = threshold.max(poor.saturating_add(rich.saturating_sub(poor) / 2).saturating_add(1));
    let (old, short) = ("refused: a version that is too old", "refused: too short a row");
    let (stakeless, hasty) = ("refused: a row without stake", "refused: a row too soon after another");
    if accounts.sudo.is_none() {
        for (name, rule) in
            [(old, Rule::WEIGHTS_VERSION_KEY), (short, Rule::MIN_ALLOWED_WEIGHTS), (stakeless, Rule::STAKE_THRESHOLD)]
        {
            notes.skip(name, format!("{} is for sudo to set and to put back", rule.name()));
        }
        return Ok(());
    }
    let newer = version + 7;
    let mut rules = vec![(Rule::WEIGHTS_VERSION_KEY, newer), (Rule::MIN_ALLOWED_WEIGHTS, 3)];
    if between <= rich {
        rules.push((Rule::STAKE_THRESHOLD, between));
    }
    settings.change(office, &rules).await?;
    let second = second(stage);
    let mut turns = vec![
        refused(stage, old, as_validator, set(&[a, b], &[1, 1], newer - 1), Refusal::IncorrectWeightVersionKey),
        refused(stage, short, of(stage, second, 0), set(&[a], &[1], newer), Refusal::WeightVecLengthIsLow),
    ];
    if between <= rich {
        let reason = Precheck::StakeAmountTooLow;
        turns.push(refused(stage, stakeless, as_miner, set(&[a, b], &[1, 1], newer), reason));
    } else {
        notes.skip(stakeless, "the miner has as much stake as the validator");
    }
    together(notes, turns).await;

    let mut rules = usual.to_vec();
    rules.retain(|(rule, _)| *rule != Rule::WEIGHTS_SET_RATE_LIMIT);
    rules.push((Rule::WEIGHTS_SET_RATE_LIMIT, 100_000));
    settings.change(office, &rules).await?;
    let attempt = set(&[a, b], &[1, 1], version);
    together(notes, vec![refused(stage, hasty, as_validator, attempt, Precheck::RateLimitExceeded)]).await;
    settings.change(office, &usual).await
}

/// While rows are committed first.
pub async fn while_committed(stage: &Stage, notes: &mut Notes<'_>) -> Checked<()> {
    let [miner, other] = &stage.accounts.miners;
    let validator = &stage.accounts.validator;
    let row = stage.row(1).await?;
    let version_key = stage.office().read(Rule::WEIGHTS_VERSION_KEY).await?;
    let version = stage.client.stored::<u16>(SUBTENSOR, "CommitRevealWeightsVersion", (), None).await?;
    let version = version.unwrap_or_default();
    let timelocked = |round, version| Attempt::CommitTimelocked { bytes: vec![0; 64], round, version };
    let mut turns = vec![
        refused(
            stage,
            "refused: a row in the open",
            of(stage, validator, 0),
            Attempt::set(&row, version_key),
            Refusal::CommitRevealEnabled,
        ),
        refused(
            stage,
            "refused: another version of timelock",
            of(stage, miner, 0),
            timelocked(u64::MAX, version.wrapping_add(1)),
            Refusal::IncorrectCommitRevealVersion,
        ),
        Turn::new("refused: one commit too many", other, too_many(stage)),
    ];
    let past = "refused: a round of the past";
    match stage.client.beacon(None).await?.last_stored_round.checked_sub(1) {
        Some(round) => {
            let place = of(stage, second(stage), 0);
            turns.push(refused(stage, past, place, timelocked(round, version), Precheck::InvalidRevealRound));
        }
        None => notes.skip(past, "the chain has no round yet"),
    }
    together(notes, turns).await;
    Ok(())
}

/// All in one transaction, so that none of them stays.
async fn too_many(stage: &Stage) -> Checked {
    if stage.office().read(Rule::WEIGHTS_SET_RATE_LIMIT).await? > 0 {
        return skip("the limit between two commits comes first");
    }
    let (other, main) = (&stage.accounts.miners[1], MechId(0));
    let state = stage.client.weights_state(stage.netuid, main, other.hotkey(), None).await?;
    match state.check(&WeightsCall::Commit) {
        Err(objection) if objection.name() != Refusal::TooManyUnrevealedCommits.name() => {
            return skip(format!("something else stands against it here: {objection}"));
        }
        _ => {}
    }
    let calls = (0..=MOST_COMMITS).map(|mark| {
        let hash = [u8::try_from(mark).unwrap_or_default(); 32];
        let arguments = [("netuid", number(stage.netuid.0)), ("commit_hash", Value::from_bytes(hash))];
        Value::unnamed_variant(SUBTENSOR, [Value::named_variant("commit_weights", arguments)])
    });
    let arguments = vec![("calls", Value::unnamed_composite(calls))];
    let call = stage.client.call_with(other, "Utility", "batch_all", arguments);
    let said = No::said(stage.blocks.during(call).await?)?;
    one_of(&said, &[Refusal::TooManyUnrevealedCommits.into()])
}

fn immunity(stage: &Stage) -> Vec<(&'static str, Value)> {
    vec![("netuid", number(stage.netuid.0)), ("immunity_period", number(1u16))]
}

/// What only an owner or root may do.
pub async fn owners_call(stage: &Stage) -> Checked {
    let stranger = &stage.accounts.stranger;
    let call = stage.client.call_with(stranger, "AdminUtils", "sudo_set_immunity_period", immunity(stage));
    let said = No::said(stage.blocks.during(call).await?)?;
    one_of(&said, &[No::runtime("BadOrigin")])
}

/// What only root may do.
pub async fn sudo(stage: &Stage) -> Checked {
    let stranger = &stage.accounts.stranger;
    let call = stage.client.sudo(stranger, "AdminUtils", "sudo_set_immunity_period", immunity(stage));
    let said = No::said(stage.blocks.during(call).await?)?;
    one_of(&said, &[No::Invalid(Invalidity::BadSigner), Refusal::RequireSudo.into()])
}

/// Nobody sits twice.
pub async fn second_seat(stage: &Stage) -> Checked {
    let hotkey = stage.accounts.validator.hotkey();
    let coldkey = stage.accounts.coldkey_of(&stage.client, hotkey).await?;
    let call = stage.client.burned_register(&coldkey, stage.netuid, hotkey);
    let said = No::said(stage.blocks.during(call).await?)?;
    if said.is(&Refusal::SubNetRegistrationDisabled.into()) {
        return skip("the subnet takes no registrations");
    }
    let name = Refusal::HotKeyAlreadyRegisteredInSubNet;
    one_of(&said, &[name.into(), Precheck::HotKeyAlreadyRegisteredInSubNet.into()])
}

/// No subnet starts twice.
pub async fn second_start(stage: &Stage) -> Checked {
    let Some(owner) = &stage.owner else { return skip("the subnet's owner is none of the given keys") };
    let begun = stage.client.stored::<u64>(SUBTENSOR, "FirstEmissionBlockNumber", (stage.netuid.0,), None).await?;
    if begun.is_none() {
        return skip("the subnet runs, and nobody started it");
    }
    let said = No::said(stage.blocks.during(stage.client.start_call(owner, stage.netuid)).await?)?;
    one_of(&said, &[Refusal::FirstEmissionBlockNumberAlreadySet.into()])
}
