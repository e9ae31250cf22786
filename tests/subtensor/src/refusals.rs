//! Calls that the chain turns down, each for the reason that was foretold.

use chain::{Invalidity, Precheck, Refusal, Value};
use primitives::{MechId, NetUid};

use crate::{
    attempt::{Attempt, Place},
    fate::{No, one_of},
    report::{Checked, Notes, skip},
    settings::{Rule, Settings},
    stage::{SUBTENSOR, Stage, number},
};

/// Commits of a hash that one hotkey may have waiting.
const MOST_COMMITS: usize = 10;

fn of<'a>(stage: &'a Stage, key: &'a primitives::Keypair, mech: u8) -> Place<'a> {
    Place { key, netuid: stage.netuid, mech: MechId(mech) }
}

fn set(uids: &[u16], values: &[u16], version_key: u64) -> Attempt {
    Attempt::Set { uids: uids.to_vec(), values: values.to_vec(), version_key }
}

/// While rows are set in the open.
pub async fn while_open(stage: &Stage, settings: &mut Settings, notes: &mut Notes<'_>) -> Checked<()> {
    let accounts = &stage.accounts;
    let (validator, miner, stranger) = (&accounts.validator, &accounts.miners[0], &accounts.stranger);
    let office = stage.office();
    let seats = stage.seats().await?;
    let key = office.read(Rule::WEIGHTS_VERSION_KEY).await?;
    let count = u8::try_from(office.read(Rule::MECHANISM_COUNT).await?).unwrap_or(u8::MAX);
    let (a, b) = (stage.uid(miner.hotkey()).await?.0, stage.uid(accounts.miners[1].hotkey()).await?.0);
    let crowd: Vec<u16> = (0..=seats).collect();
    let ones = vec![1; crowd.len()];

    let as_validator = of(stage, validator, 0);
    let hasty = "refused: a row too soon after another";
    if accounts.sudo.is_none() {
        // While the last row is fresh: the limit is what it is.
        let again = set(&[a, b], &[1, 1], key);
        notes.check(hasty, again.refused(stage, as_validator, &[Precheck::RateLimitExceeded.into()])).await;
    }
    let rows: [(&str, Place<'_>, Attempt, Vec<No>); 8] = [
        ("a uid twice", as_validator, set(&[a, a], &[1, 1], key), vec![Refusal::DuplicateUids.into()]),
        (
            "a uid without a seat",
            as_validator,
            set(&[a, seats], &[1, 1], key),
            vec![Refusal::UidVecContainInvalidOne.into()],
        ),
        (
            "more uids than seats",
            as_validator,
            set(&crowd, &ones, key),
            vec![Refusal::UidsLengthExceedUidsInSubNet.into()],
        ),
        ("more uids than values", as_validator, set(&[a, b], &[1], key), vec![Refusal::WeightVecNotEqualSize.into()]),
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
    ];
    for (name, place, attempt, reasons) in rows {
        notes.check(format!("refused: {name}"), attempt.refused(stage, place, &reasons)).await;
    }
    let disabled = [Refusal::CommitRevealDisabled.into()];
    let commit = Attempt::Commit.refused(stage, as_validator, &disabled);
    notes.check("refused: a commit while rows are open", commit).await;
    let locked = Attempt::CommitTimelocked { bytes: vec![0; 64], round: u64::MAX, version: 4 };
    let locked = locked.refused(stage, as_validator, &disabled);
    notes.check("refused: a timelocked row while rows are open", locked).await;

    let root = Place { key: validator, netuid: NetUid(0), mech: MechId(0) };
    let reasons = [Refusal::CommitRevealEnabled.into(), Refusal::CanNotSetRootNetworkWeights.into()];
    let row = set(&[0], &[1], 0);
    notes.check("refused: weights on root", row.refused(stage, root, &reasons)).await;

    with_rules(stage, settings, notes, (a, b)).await
}

/// By rules that are set for the purpose, one at a time.
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
    // Above what the miner has, and no more than what the validator has.
    let between = threshold.max(poor.saturating_add(1));
    let cases = [
        (
            "a version that is too old",
            (Rule::WEIGHTS_VERSION_KEY, version + 7),
            as_validator,
            set(&[a, b], &[1, 1], version + 6),
            No::from(Refusal::IncorrectWeightVersionKey),
        ),
        (
            "too short a row",
            (Rule::MIN_ALLOWED_WEIGHTS, 3),
            as_validator,
            set(&[a], &[1], version),
            Refusal::WeightVecLengthIsLow.into(),
        ),
        (
            "a row too soon after another",
            (Rule::WEIGHTS_SET_RATE_LIMIT, 100_000),
            as_validator,
            set(&[a, b], &[1, 1], version),
            Precheck::RateLimitExceeded.into(),
        ),
        (
            "a row without stake",
            (Rule::STAKE_THRESHOLD, between),
            as_miner,
            set(&[a, b], &[1, 1], version),
            Precheck::StakeAmountTooLow.into(),
        ),
    ];
    for (name, change, place, attempt, reason) in cases {
        let name = format!("refused: {name}");
        if accounts.sudo.is_none() {
            if change.0 == Rule::WEIGHTS_SET_RATE_LIMIT {
                continue;
            }
            notes.skip(name, format!("{} is for sudo to set and to put back", change.0.name()));
            continue;
        }
        if change.0 == Rule::STAKE_THRESHOLD && between > rich {
            notes.skip(name, "the miner has as much stake as the validator");
            continue;
        }
        let check = async {
            let mut rules: Vec<_> = usual.into_iter().filter(|(rule, _)| *rule != change.0).collect();
            rules.push(change);
            settings.change(office, &rules).await?;
            attempt.refused(stage, place, &[reason]).await
        };
        notes.check(name, check).await;
    }
    if accounts.sudo.is_some() {
        settings.change(office, &usual).await?;
    }
    Ok(())
}

/// While rows are committed first.
pub async fn while_committed(stage: &Stage, notes: &mut Notes<'_>) -> Checked<()> {
    let validator = &stage.accounts.validator;
    let place = of(stage, validator, 0);
    let row = stage.row(1).await?;
    let version_key = stage.office().read(Rule::WEIGHTS_VERSION_KEY).await?;
    let open = Attempt::set(&row, version_key);
    let reasons = [Refusal::CommitRevealEnabled.into()];
    notes.check("refused: a row in the open", open.refused(stage, place, &reasons)).await;

    let version = stage.client.stored::<u16>(SUBTENSOR, "CommitRevealWeightsVersion", (), None).await?;
    let version = version.unwrap_or_default();
    let other = Attempt::CommitTimelocked { bytes: vec![0; 64], round: u64::MAX, version: version.wrapping_add(1) };
    let reasons = [Refusal::IncorrectCommitRevealVersion.into()];
    notes.check("refused: another version of timelock", other.refused(stage, place, &reasons)).await;

    let name = "refused: a round of the past";
    match stage.client.beacon(None).await?.last_stored_round.checked_sub(1) {
        Some(round) => {
            let past = Attempt::CommitTimelocked { bytes: vec![0; 64], round, version };
            let reasons = [Precheck::InvalidRevealRound.into()];
            notes.check(name, past.refused(stage, place, &reasons)).await;
        }
        None => notes.skip(name, "the chain has no round yet"),
    }
    notes.check("refused: one commit too many", too_many(stage)).await;
    Ok(())
}

/// All in one transaction, so that none of them stays.
async fn too_many(stage: &Stage) -> Checked {
    if stage.office().read(Rule::WEIGHTS_SET_RATE_LIMIT).await? > 0 {
        return skip("the limit between two commits comes first");
    }
    let calls = (0..=MOST_COMMITS).map(|mark| {
        let hash = [u8::try_from(mark).unwrap_or_default(); 32];
        let arguments = [("netuid", number(stage.netuid.0)), ("commit_hash", Value::from_bytes(hash))];
        Value::unnamed_variant(SUBTENSOR, [Value::named_variant("commit_weights", arguments)])
    });
    let arguments = vec![("calls", Value::unnamed_composite(calls))];
    let call = stage.client.call_with(&stage.accounts.miners[1], "Utility", "batch_all", arguments);
    let said = No::said(stage.blocks.during(call).await?)?;
    one_of(&said, &[Refusal::TooManyUnrevealedCommits.into()])
}

/// What only an owner or root may do.
pub async fn of_strangers(stage: &Stage, notes: &mut Notes<'_>) {
    notes.check("refused: an owner's call by a stranger", admin(stage)).await;
    notes.check("refused: sudo by a stranger", sudo(stage)).await;
    notes.check("refused: a second seat", second_seat(stage)).await;
    notes.check("refused: a second start", second_start(stage)).await;
}

fn immunity(stage: &Stage) -> Vec<(&'static str, Value)> {
    vec![("netuid", number(stage.netuid.0)), ("immunity_period", number(1u16))]
}

async fn admin(stage: &Stage) -> Checked {
    let stranger = &stage.accounts.stranger;
    let call = stage.client.call_with(stranger, "AdminUtils", "sudo_set_immunity_period", immunity(stage));
    let said = No::said(stage.blocks.during(call).await?)?;
    one_of(&said, &[No::runtime("BadOrigin")])
}

async fn sudo(stage: &Stage) -> Checked {
    let stranger = &stage.accounts.stranger;
    let call = stage.client.sudo(stranger, "AdminUtils", "sudo_set_immunity_period", immunity(stage));
    let said = No::said(stage.blocks.during(call).await?)?;
    one_of(&said, &[No::Invalid(Invalidity::BadSigner), Refusal::RequireSudo.into()])
}

async fn second_seat(stage: &Stage) -> Checked {
    let hotkey = stage.accounts.validator.hotkey();
    let coldkey = stage.accounts.coldkey_of(&stage.client, hotkey).await?;
    let call = stage.client.burned_register(&coldkey, stage.netuid, hotkey);
    let said = No::said(stage.blocks.during(call).await?)?;
    let name = Refusal::HotKeyAlreadyRegisteredInSubNet;
    one_of(&said, &[name.into(), Precheck::HotKeyAlreadyRegisteredInSubNet.into()])
}

async fn second_start(stage: &Stage) -> Checked {
    let Some(owner) = &stage.owner else { return skip("the subnet's owner is none of the given keys") };
    let said = No::said(stage.blocks.during(stage.client.start_call(owner, stage.netuid)).await?)?;
    one_of(&said, &[Refusal::FirstEmissionBlockNumberAlreadySet.into()])
}
