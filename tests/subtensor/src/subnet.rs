//! A subnet with an owner, a validator with stake and two miners.

use anyhow::Context as _;
use chain::{ChainError, Client, Invalidity, Precheck, Refusal, Value};
use primitives::{Coldkey, Keypair, NetUid};

use crate::{
    accounts::{Accounts, TAO},
    blocks::Blocks,
    options::Options,
    report::{Checked, fail, same, skip},
    settings::{Office, Rule, Settings},
    stage::{SUBTENSOR, Stage, number},
};

/// What a run costs besides the subnet: seats, stake and fees.
const SPENT: u64 = 300 * TAO;
/// What the validator stakes.
const STAKE: u64 = 100 * TAO;
/// What every account gets for fees.
const FEES: u64 = TAO;
/// Seats, where there are to be two mechanisms: seats times mechanisms are 256 at most.
const SEATS: u64 = 128;
const MECHANISMS: u64 = 2;
/// However quick blocks are.
const LONGEST_TEMPO: u64 = 200;
/// How often a seat is asked for, where too many were bought lately.
const ATTEMPTS: u32 = 5;

/// Which subnet is used, and whose it is.
pub struct Found {
    /// Which.
    pub netuid: NetUid,
    /// Whether it was made just now.
    pub is_new: bool,
    /// The owner's coldkey, if it is one of ours.
    pub owner: Option<Keypair>,
}

/// Find the subnet that was named, or make one.
pub async fn find(
    client: &Client,
    blocks: &Blocks,
    accounts: &Accounts,
    options: &Options,
    settings: &mut Settings,
) -> Checked<(Found, String)> {
    if let Some(netuid) = options.netuid {
        let added = client.stored::<bool>(SUBTENSOR, "NetworksAdded", (netuid.0,), None).await?;
        if added != Some(true) {
            return fail(format!("there is no subnet {netuid}"));
        }
        let owner = client.stored::<[u8; 32]>(SUBTENSOR, "SubnetOwner", (netuid.0,), None).await?.map(Coldkey);
        let keys = [Some(&accounts.owner), accounts.sudo.as_ref()];
        let ours = keys.into_iter().flatten().find(|key| Some(key.coldkey()) == owner).cloned();
        let whose = if ours.is_some() { "ours" } else { "another's" };
        return Ok((Found { netuid, is_new: false, owner: ours }, format!("{netuid}, {whose}")));
    }
    let office = Office { client, blocks, accounts, owner: None, netuid: NetUid(0) };
    if accounts.sudo.is_some() {
        // Where that can't be, the limits may not be in the way all the same.
        for rule in [Rule::NETWORK_RATE_LIMIT, Rule::START_CALL_DELAY] {
            settings.change(office, &[(rule, 0)]).await.ok();
        }
    }
    let price = client.network_price(None).await?;
    accounts.fund(client, blocks, accounts.owner.coldkey(), price.saturating_add(SPENT)).await?;
    let created = client.register_network(&accounts.owner, accounts.owner_hotkey.hotkey());
    let (netuid, landed) = match blocks.during(created).await? {
        Err(error) if error.is_refusal() && (error.is_retryable() || is_full(&error)) => {
            return skip(format!("no subnet can be made now, name one with --netuid: {error}"));
        }
        created => created?,
    };
    let owner = client.stored::<[u8; 32]>(SUBTENSOR, "SubnetOwner", (netuid.0,), Some(landed.block.hash)).await?;
    same("the new subnet's owner", &owner, &Some(accounts.owner.public()))?;
    let seat = client.stored::<u16>(SUBTENSOR, "Uids", (netuid.0, accounts.owner_hotkey.public()), None).await?;
    same("the seat of the owner's hotkey", &seat, &Some(0))?;
    let detail = format!("{netuid}, made at block {} for {} TAO", landed.block.number, price / TAO);
    Ok((Found { netuid, is_new: true, owner: Some(accounts.owner.clone()) }, detail))
}

/// Whether the chain takes no more subnets.
fn is_full(error: &ChainError) -> bool {
    matches!(error.refusal(), Some(Refusal::SubnetLimitReached | Refusal::SubNetRegistrationDisabled))
}

/// Let a new subnet begin.
pub async fn start(stage: &Stage) -> Checked {
    let is_on = || stage.client.stored::<bool>(SUBTENSOR, "SubtokenEnabled", (stage.netuid.0,), None);
    if is_on().await? == Some(true) {
        return Ok("it runs already".into());
    }
    let Some(owner) = &stage.owner else {
        // The first subnet of a localnet has no owner who could.
        let Some(sudo) = &stage.accounts.sudo else { return skip("the subnet's owner is none of the given keys") };
        let arguments = vec![("netuid", number(stage.netuid.0)), ("subtoken_enabled", Value::bool(true))];
        let landed = stage.land(stage.client.sudo(sudo, "AdminUtils", "sudo_set_subtoken_enabled", arguments)).await?;
        same("SubtokenEnabled", &is_on().await?, &Some(true))?;
        return Ok(format!("by sudo, at block {}", landed.block.number));
    };
    let at = stage.client.stored::<u64>(SUBTENSOR, "NetworkRegisteredAt", (stage.netuid.0,), None).await?;
    let delay = stage.client.stored::<u64>(SUBTENSOR, "StartCallDelay", (), None).await?;
    stage.blocks.until(at.unwrap_or_default().saturating_add(delay.unwrap_or_default())).await?;
    let landed = stage.land(stage.client.start_call(owner, stage.netuid)).await?;
    same("SubtokenEnabled", &is_on().await?, &Some(true))?;
    Ok(format!("at block {}", landed.block.number))
}

/// Change the rules so that a run is quick.
pub async fn configure(stage: &Stage, settings: &mut Settings) -> Checked {
    let office = stage.office();
    if stage.accounts.sudo.is_none() {
        settings.change(office, &[(Rule::SERVING_RATE_LIMIT, 0)]).await?;
        return Ok("as far as its owner may".into());
    }
    let tempo = tempo(stage);
    let rules = [
        (Rule::ADMIN_FREEZE_WINDOW, 0),
        (Rule::TEMPO, tempo),
        (Rule::SERVING_RATE_LIMIT, 0),
        (Rule::WEIGHTS_SET_RATE_LIMIT, 0),
        (Rule::REVEAL_PERIOD, 1),
        (Rule::COMMIT_REVEAL, 1),
        (Rule::MIN_ALLOWED_WEIGHTS, 1),
        (Rule::WEIGHTS_VERSION_KEY, 0),
        (Rule::STAKE_THRESHOLD, 0),
    ];
    settings.change(office, &rules).await?;
    Ok(format!("tempo {tempo}, no rate limits, commit-reveal on"))
}

/// Give the subnet a second mechanism.
pub async fn mechanisms(stage: &Stage, settings: &mut Settings) -> Checked {
    let office = stage.office();
    let has = office.read(Rule::MECHANISM_COUNT).await?;
    if has >= MECHANISMS {
        return Ok(format!("has {has}"));
    }
    let most = stage.client.stored::<u64>(SUBTENSOR, "MaxMechanismCount", (), None).await?.unwrap_or(1);
    let seats = u64::from(stage.seats().await?);
    if most < MECHANISMS || seats > SEATS {
        return skip(format!("the chain allows {most}, and {seats} seats are taken"));
    }
    let mut rules = vec![(Rule::MECHANISM_COUNT, MECHANISMS)];
    if office.read(Rule::MAX_ALLOWED_UIDS).await? > SEATS {
        rules.insert(0, (Rule::MAX_ALLOWED_UIDS, SEATS));
    }
    settings.change(office, &rules).await?;
    Ok(format!("{MECHANISMS}, for {SEATS} seats at most"))
}

/// As many blocks as make an epoch of the wanted length, and enough for a few transactions to be final.
fn tempo(stage: &Stage) -> u64 {
    let wanted = u64::try_from(stage.options.epoch.as_millis()).unwrap_or(u64::MAX);
    // A commit or a reveal is sent, final, and followed by what is refused after it.
    // A burst of blocks leaps over none of them.
    let least = (10 + 3 * stage.lag).max(16).max(4 * stage.blocks.leap());
    wanted.div_ceil(stage.blocks.block_ms()).clamp(least, least.max(LONGEST_TEMPO))
}

/// Give everybody a seat.
pub async fn register(stage: &Stage) -> Checked {
    let accounts = &stage.accounts;
    let mut bought = 0;
    for (place, hotkey) in [&accounts.validator, &accounts.miners[0], &accounts.miners[1]].into_iter().enumerate() {
        let key = hotkey.hotkey();
        let seat = stage.client.stored::<u16>(SUBTENSOR, "Uids", (stage.netuid.0, key.0), None).await?;
        if seat.is_some() {
            continue;
        }
        let coldkey = accounts.coldkey_of(&stage.client, key).await?;
        let price = stage.client.registration_price(stage.netuid, None).await?;
        accounts.fund(&stage.client, &stage.blocks, coldkey.coldkey(), price.saturating_mul(2) + FEES).await?;
        // Somebody else's registration makes it dearer, not twice as dear.
        let register = || stage.client.register(&coldkey, stage.netuid, key, Some(price.saturating_mul(2)));
        let mut attempt = 1;
        let seat = loop {
            match stage.blocks.during(register()).await? {
                Err(error) if attempt < ATTEMPTS && is_crowded(&error) => {
                    attempt += 1;
                    stage.blocks.next().await?;
                }
                Err(error) if error.is_refusal() && (error.is_retryable() || is_full(&error)) => {
                    return skip(format!("no seat can be bought: {error}"));
                }
                seat => break seat?,
            }
        };
        let at = Some(seat.landed.block.hash);
        let found = stage.client.stored::<[u8; 32]>(SUBTENSOR, "Keys", (stage.netuid.0, seat.uid.0), at).await?;
        same("the hotkey on the new seat", &found, &Some(key.0))?;
        let owner = stage.client.stored::<[u8; 32]>(SUBTENSOR, "Owner", (key.0,), at).await?;
        same("the hotkey's coldkey", &owner, &Some(coldkey.public()))?;
        bought += 1;
        // The block before has a subnet without this seat, and still has its state.
        let Some(earlier) = stage.client.block_hash(seat.landed.block.number.saturating_sub(1)).await? else {
            return fail("the node does not know the block before a registration");
        };
        if place == 2 {
            let old = stage.client.metagraph(stage.netuid, Some(earlier)).await?;
            if old.by_hotkey(&key).is_some() || old.block.hash != earlier {
                return fail(format!("the metagraph of block {} has a seat that was bought later", old.block.number));
            }
            let seats = stage.client.stored::<u16>(SUBTENSOR, "SubnetworkN", (stage.netuid.0,), Some(earlier)).await?;
            same("seats in the metagraph of the block before", &old.neurons.len(), &usize::from(seats.unwrap_or(0)))?;
        }
    }
    Ok(format!("{bought} seats bought, {} taken", stage.seats().await?))
}

/// Whether too many seats were bought in this block or interval.
fn is_crowded(error: &ChainError) -> bool {
    let crowded = |refusal: &Refusal| {
        matches!(refusal, Refusal::TooManyRegistrationsThisBlock | Refusal::TooManyRegistrationsThisInterval)
    };
    error.refusal().is_some_and(crowded)
}

/// Stake behind the validator, so that it gets a permit.
pub async fn stake(stage: &Stage) -> Checked {
    let hotkey = stage.accounts.validator.hotkey();
    let threshold = stage.client.stored::<u64>(SUBTENSOR, "StakeThreshold", (), None).await?.unwrap_or_default();
    let has = stage.client.total_stake(stage.netuid, hotkey, None).await?;
    if has >= threshold.max(10 * TAO) {
        return Ok(format!("has {has} rao of alpha"));
    }
    let coldkey = stage.accounts.coldkey_of(&stage.client, hotkey).await?;
    let mut amount = STAKE.max(threshold.saturating_mul(2));
    let accounts = &stage.accounts;
    accounts.fund(&stage.client, &stage.blocks, coldkey.coldkey(), amount.saturating_add(FEES)).await?;
    let landed = loop {
        match stage.blocks.during(stage.client.add_stake(&coldkey, stage.netuid, hotkey, amount)).await? {
            // A shallow pool sells less.
            Err(error) if amount > TAO && is_shallow(&error) => amount /= 10,
            Err(error) if is_shallow(&error) || matches!(error.refusal(), Some(Refusal::SubtokenDisabled)) => {
                return skip(format!("nothing can be staked here: {error}"));
            }
            landed => break landed?,
        }
    };
    let now = stage.client.total_stake(stage.netuid, hotkey, Some(landed.block.hash)).await?;
    let ours = match stage.client.stake(coldkey.coldkey(), stage.netuid, hotkey, Some(landed.block.hash)).await {
        // The old metadata format describes no runtime API.
        Err(ChainError::Unsupported { .. }) => now,
        ours => ours?,
    };
    if now <= has || ours == 0 || ours > now {
        return fail(format!("{amount} rao were staked, and {ours} of {now} rao of alpha are there"));
    }
    Ok(format!("{} TAO made {ours} rao of alpha", amount / TAO))
}

/// Whether the subnet's pool has too little.
fn is_shallow(error: &ChainError) -> bool {
    let shallow = |refusal: &Refusal| {
        matches!(refusal, Refusal::InsufficientLiquidity | Refusal::SlippageTooHigh) || refusal.pallet() == Some("Swap")
    };
    error.refusal().is_some_and(shallow)
        || matches!(
            error,
            ChainError::Invalid(Invalidity::Custom(Precheck::InsufficientLiquidity | Precheck::SlippageTooHigh))
        )
}

/// Give everybody who signs what costs a fee the TAO for it.
pub async fn fund(stage: &Stage) -> Checked {
    let accounts = &stage.accounts;
    let [first, second] = &accounts.miners;
    let owner = accounts.coldkey_of(&stage.client, accounts.validator.hotkey()).await;
    let owner = owner.as_ref().unwrap_or(&accounts.owner);
    for key in [&accounts.validator, first, second, &accounts.stranger, owner] {
        accounts.fund(&stage.client, &stage.blocks, key.coldkey(), FEES).await?;
    }
    Ok("validator, miners, stranger and owner can pay fees".into())
}

/// The owner of a subnet that was named pays for what it sets.
pub async fn fund_owner(stage: &Stage) -> Checked<()> {
    let Some(owner) = &stage.owner else { return Ok(()) };
    stage.accounts.fund(&stage.client, &stage.blocks, owner.coldkey(), FEES).await
}

/// Wait until the validator has a permit: it is given at an epoch.
pub async fn permit(stage: &Stage, staked: bool) -> Checked {
    let uid = stage.uid(stage.accounts.validator.hotkey()).await?;
    let mut epochs = 0;
    while !stage.has_permit(uid).await? {
        if !staked {
            return skip("the validator has no permit, and needs stake for one");
        }
        if epochs == 3 {
            let most = stage.client.stored::<u16>(SUBTENSOR, "MaxAllowedValidators", (stage.netuid.0,), None).await?;
            let permits = stage.permits().await?;
            if permits >= usize::from(most.unwrap_or(u16::MAX)) {
                return skip(format!("{permits} others have more stake, and more permits there are not"));
            }
            return fail("three epochs went by and the validator has no permit");
        }
        let (schedule, head) = stage.schedule().await?;
        let next = schedule.next_epoch_block(head).context("the subnet has no epochs")?;
        stage.blocks.until(next).await?;
        epochs += 1;
    }
    Ok(format!("uid {uid} after {epochs} epochs"))
}

/// The name and version that the runtime goes by.
pub async fn runtime(client: &Client) -> Result<(String, u64), ChainError> {
    let version: serde_json::Value = client.request("state_getRuntimeVersion", &[] as &[()]).await?;
    let name = version["specName"].as_str().unwrap_or_default().to_owned();
    Ok((name, version["specVersion"].as_u64().unwrap_or_default()))
}
