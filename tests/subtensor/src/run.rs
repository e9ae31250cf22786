//! The whole run, in the order in which one thing needs another.

use chain::{Client, Deadlines};
use futures::future::join;
use primitives::{MechId, NetUid};

use crate::{
    accounts::Accounts,
    axon,
    blocks::Blocks,
    commitment, hashed,
    options::Options,
    plain, pulse, reads, refusals,
    report::{Check, Checked, Notes, Report, Trouble, timed},
    settings::{Rule, Settings},
    stage::Stage,
    subnet, timelocked,
    turns::{Turn, together},
};

/// Blocks that an epoch has to have left for a commit, till it is final, and for what is refused after it.
const COMMIT_BLOCKS: u64 = 4;

/// Run everything against a node. `tell` hears of each check as it is made.
pub async fn run(options: &Options, tell: impl FnMut(&Check) + Send) -> Report {
    let mut notes = Notes::new(&options.url, tell);
    let mut settings = Settings::default();
    if let Some(stage) = Box::pin(open(options, &mut notes, &mut settings)).await {
        Box::pin(everything(&stage, &mut notes, &mut settings)).await;
        let mut left = Vec::new();
        let restored = async {
            settings.restore(stage.office(), stage.is_new, &mut left).await?;
            Ok(if stage.is_new { "the chain's rules; the new subnet keeps its own".into() } else { "all".to_owned() })
        };
        notes.check("rules put back", restored).await;
        notes.report.left_changed = left;
    }
    notes.close()
}

/// From the first connection to a subnet.
async fn open(options: &Options, notes: &mut Notes<'_>, settings: &mut Settings) -> Option<Stage> {
    let connected = async {
        let usual = Deadlines::default();
        let deadlines = Deadlines { land: usual.land.max(options.patience), ..usual };
        let client = Client::connect_with(&options.url, deadlines).await?;
        let (name, version) = subnet::runtime(&client).await?;
        let detail = format!("{name} {version}, genesis {}", client.genesis());
        Ok(((client, name, version), detail))
    };
    let (client, name, version) = notes.need("connect", connected).await?;
    notes.report.genesis = Some(client.genesis().to_string());
    notes.report.spec_name = Some(name);
    notes.report.spec_version = Some(version);

    let watched = async {
        let blocks = Blocks::watch(&client, options.patience).await?;
        let words = blocks.to_string();
        Ok((blocks, words))
    };
    let blocks = notes.need("blocks", watched).await?;
    notes.report.pace = Some(blocks.to_string());

    let lag = async {
        let lag = blocks.lag().await?;
        Ok((lag, format!("{lag} blocks behind the best one")))
    };
    let lag = notes.need("finality", lag).await?;

    let found = async {
        let accounts = Accounts::find(&client, options).await?;
        let words = accounts.describe();
        Ok((accounts, words))
    };
    let mut accounts = notes.need("accounts", found).await?;
    let found = subnet::find(&client, &blocks, &accounts, options, settings);
    let subnet::Found { netuid, is_new, owner } = notes.need("subnet", found).await?;
    notes.report.netuid = Some(netuid);
    note(notes, "a stranger", accounts.estrange(&client, options, netuid).await);
    let mark = client.best().await.map_or(0, |best| best.number % 1_000);
    let mark = u16::try_from(mark).unwrap_or_default();
    Some(Stage { client, blocks, lag, accounts, netuid, is_new, owner, mark, options: options.clone() })
}

async fn everything(stage: &Stage, notes: &mut Notes<'_>, settings: &mut Settings) {
    note(notes, "fees of the owner", subnet::fund_owner(stage).await);
    notes.check("subnet started", subnet::start(stage)).await;
    notes.check("rules for a quick run", subnet::configure(stage, settings)).await;
    notes.check("two mechanisms", subnet::mechanisms(stage, settings)).await;
    let seated = notes.check("seats", subnet::register(stage)).await;
    notes.check("read the subnet", reads::subnet(stage, stage.netuid)).await;
    notes.check("read root", reads::subnet(stage, NetUid(0))).await;
    notes.check("read subnet 1", reads::subnet(stage, NetUid(1))).await;
    notes.check("read what is not", reads::nothing(stage)).await;
    if !seated {
        notes.skip("all else", "it needs the seats");
        return;
    }
    let staked = notes.check("stake", subnet::stake(stage)).await;
    notes.check("fees", subnet::fund(stage)).await;
    Box::pin(announcements(stage, notes, settings)).await;
    // Without new stake it may have one all the same.
    if !notes.check("permit", subnet::permit(stage, staked)).await {
        notes.skip("weights", "the validator needs a permit");
        return;
    }
    notes.report.complete = true;
    Box::pin(committed(stage, notes, settings)).await;
    Box::pin(open_rows(stage, notes, settings)).await;
}

/// What is announced and published, and what of that is refused.
async fn announcements(stage: &Stage, notes: &mut Notes<'_>, settings: &mut Settings) {
    let [first, second] = &stage.accounts.miners;
    let (validator, stranger) = (&stage.accounts.validator, &stage.accounts.stranger);
    let turns = vec![
        Turn::new("axon", first, axon::serve(stage)),
        Turn::new("axon with a key", second, axon::serve_tls(stage)),
        Turn::new("commitment", validator, commitment::publish(stage)),
        Turn::new("refused: a commitment of a stranger", stranger, commitment::stranger(stage)),
        Turn::new("axon taken back", first, axon::unserve(stage)),
        Turn::new("refused: an owner's call by a stranger", stranger, refusals::owners_call(stage)),
    ];
    together(notes, turns).await;
    let turns = vec![
        Turn::new("refused: an axon at 127.0.0.1", first, axon::loopback(stage, first)),
        Turn::new("refused: an axon at port 0", second, axon::port_zero(stage, second)),
        Turn::new("refused: an axon of version 5", validator, axon::version_five(stage, validator)),
        Turn::new("refused: an axon of a stranger", stranger, axon::stranger(stage)),
    ];
    together(notes, turns).await;
    let owner = &stage.accounts.owner;
    let coldkey = stage.accounts.coldkey_of(&stage.client, validator.hotkey()).await;
    let coldkey = coldkey.as_ref().unwrap_or(owner);
    let turns = vec![
        Turn::new("refused: sudo by a stranger", stranger, refusals::sudo(stage)),
        Turn::new("refused: a second start", stage.owner.as_ref().unwrap_or(owner), refusals::second_start(stage)),
        Turn::new("refused: a second seat", coldkey, refusals::second_seat(stage)),
    ];
    together(notes, turns).await;

    let space = stage.office().read(Rule::MAX_SPACE).await;
    let limits = async |settings: &mut Settings, serving: u64, space: u64| {
        let limits = [(Rule::SERVING_RATE_LIMIT, serving), (Rule::MAX_SPACE, space)];
        let limited = stage.accounts.sudo.is_some();
        if limited { settings.change(stage.office(), &limits).await } else { Ok(()) }
    };
    note(notes, "limits", Box::pin(limits(settings, 10_000, commitment::LEAST - 1)).await);
    let turns = vec![
        Turn::new("refused: an axon too soon", second, axon::too_fast(stage)),
        Turn::new("refused: a commitment too much", validator, commitment::too_much(stage)),
    ];
    together(notes, turns).await;
    match space {
        Ok(space) => note(notes, "limits", Box::pin(limits(settings, 0, space)).await),
        Err(trouble) => notes.fail("limits", trouble),
    }
}

/// Rows that are committed first, and what is refused meanwhile.
async fn committed(stage: &Stage, notes: &mut Notes<'_>, settings: &mut Settings) {
    let on = switch(stage, settings, true);
    if !notes.check("commit-reveal on", on).await {
        notes.skip("committed rows", "commit-reveal is off");
        return;
    }
    let accounts = &stage.accounts;
    // On another's subnet only the validator has a permit, and one row on each mechanism: there it waits its turn.
    let mut main = None;
    let other = timed(timelocked::commit(stage, &accounts.validator, MechId(1), 33_333));
    let other = if stage.is_new {
        let first = timed(timelocked::commit(stage, &accounts.owner_hotkey, MechId(0), 22_222));
        let ((took, first), other) = join(first, other).await;
        main = notes.took("timelocked row", took, first);
        other
    } else {
        other.await
    };
    let other = notes.took("timelocked row of a mechanism", other.0, other.1);
    if [&main, &other].into_iter().flatten().any(timelocked::Locked::waits_for_known) {
        notes.check("a pulse from outside", pulse::write_known(stage)).await;
    }
    note(notes, "room in the epoch", stage.room(COMMIT_BLOCKS + stage.lag).await);
    let hashed = notes.need("hashed row", hashed::commit(stage)).await;
    if let Some(hashed) = &hashed {
        // Neither gets into a block, so both can be the validator's next one.
        let (early, salt) =
            join(timed(hashed::too_early(stage, hashed)), timed(hashed::other_salt(stage, hashed))).await;
        notes.note("refused: a reveal too early", early.0, early.1);
        notes.note("refused: a reveal with another salt", salt.0, salt.1);
    }
    let refused = Box::pin(refusals::while_committed(stage, notes)).await;
    note(notes, "refusals while rows are committed", refused);
    if let Some(hashed) = &hashed {
        notes.check("hashed row revealed", hashed::reveal(stage, hashed)).await;
    }
    if !stage.is_new {
        main = notes.need("timelocked row", timelocked::commit(stage, &accounts.validator, MechId(0), 22_222)).await;
    }
    for (name, locked) in [("timelocked row revealed", &main), ("timelocked row of a mechanism revealed", &other)] {
        if let Some(locked) = locked {
            notes.check(name, timelocked::revealed(stage, locked)).await;
        }
    }
}

/// Rows that are set in the open, and what is refused then.
async fn open_rows(stage: &Stage, notes: &mut Notes<'_>, settings: &mut Settings) {
    let off = switch(stage, settings, false);
    if !notes.check("commit-reveal off", off).await {
        notes.skip("open rows", "commit-reveal is on");
        return;
    }
    notes.check("row", plain::set(stage, MechId(0), 44_444)).await;
    notes.check("row of a mechanism", plain::set(stage, MechId(1), 55_555)).await;
    notes.check("row as the chain scales it", plain::scaled(stage)).await;
    let refused = Box::pin(refusals::while_open(stage, settings, notes)).await;
    note(notes, "refusals while rows are open", refused);
}

async fn switch(stage: &Stage, settings: &mut Settings, on: bool) -> Checked {
    settings.change(stage.office(), &[(Rule::COMMIT_REVEAL, on.into())]).await?;
    Ok(format!("CommitRevealWeightsEnabled is {on}"))
}

/// Tell only of trouble.
fn note(notes: &mut Notes<'_>, name: &str, result: Checked<()>) {
    match result {
        Ok(()) => {}
        Err(Trouble::Skip(why)) => notes.skip(name, why),
        Err(trouble) => notes.fail(name, trouble),
    }
}
