//! Who signs.

use anyhow::Context as _;
use chain::{ChainError, Client, Value};
use primitives::{Coldkey, Hotkey, Keypair, NetUid};

use crate::{
    blocks::Blocks,
    options::Options,
    report::{Checked, fail, skip},
};

/// One TAO in rao.
pub const TAO: u64 = 1_000_000_000;
/// What an owner without an account stands for.
const NOBODY: [u8; 32] = [0; 32];
/// Tried where a hotkey belongs to somebody else.
const OTHER: &str = "//assay";

/// The keys of a run.
pub struct Accounts {
    /// The key that may sudo, if it is one of ours.
    pub sudo: Option<Keypair>,
    /// Owns the subnet, unless it is another one's.
    pub owner: Keypair,
    /// Sits on the new subnet's first seat.
    pub owner_hotkey: Keypair,
    /// Sets weights.
    pub validator: Keypair,
    /// Serve.
    pub miners: [Keypair; 2],
    /// Has no seat.
    pub stranger: Keypair,
    /// All that could own a hotkey or pay.
    coldkeys: Vec<Keypair>,
}

impl Accounts {
    /// Derive the keys, and see what the chain says of them.
    pub async fn find(client: &Client, options: &Options) -> Checked<Self> {
        let given = key(&options.sudo)?;
        let holder = match client.stored::<[u8; 32]>("Sudo", "Key", (), None).await {
            // A chain without that pallet.
            Err(ChainError::Unsupported { .. }) => None,
            holder => holder?,
        };
        let sudo = (holder == Some(given.public())).then(|| given.clone());
        let owner = key(&options.owner)?;
        let mut coldkeys = vec![owner.clone(), given];
        for uri in [&options.validator, &options.miners[0], &options.miners[1], &options.stranger] {
            coldkeys.push(key(uri)?);
        }
        let owner_hotkey = usable(client, &format!("{}//hotkey", options.owner), &coldkeys[..1]).await?;
        let validator = usable(client, &options.validator, &coldkeys).await?;
        let first = usable(client, &options.miners[0], &coldkeys).await?;
        let second = usable(client, &options.miners[1], &coldkeys).await?;
        let stranger = key(&options.stranger)?;
        Ok(Self { sudo, owner, owner_hotkey, validator, miners: [first, second], stranger, coldkeys })
    }

    /// In words.
    pub fn describe(&self) -> String {
        let sudo = if self.sudo.is_some() { "sudo" } else { "no sudo" };
        format!("{sudo}, validator {}, owner {}", self.validator.hotkey(), self.owner.coldkey())
    }

    /// See to it that the stranger has no seat on a subnet: on another's chain it may.
    pub async fn estrange(&mut self, client: &Client, options: &Options, netuid: NetUid) -> Checked<()> {
        let mut uri = options.stranger.clone();
        for _ in 0..8 {
            let stranger = key(&uri)?;
            if client.stored::<u16>("SubtensorModule", "Uids", (netuid.0, stranger.public()), None).await?.is_none() {
                self.stranger = stranger;
                return Ok(());
            }
            uri.push_str(OTHER);
        }
        fail(format!("{uri} and those before have seats on subnet {netuid}"))
    }

    /// The key that owns a hotkey, or that will.
    pub async fn coldkey_of(&self, client: &Client, hotkey: Hotkey) -> Checked<Keypair> {
        match owner_of(client, hotkey).await? {
            None => Ok(self.owner.clone()),
            Some(owner) => match self.coldkeys.iter().find(|key| key.coldkey() == owner) {
                Some(key) => Ok(key.clone()),
                None => skip(format!("hotkey {hotkey} belongs to {owner}, which is none of the given keys")),
            },
        }
    }

    /// See to it that an account has so much. Whoever of the given keys is rich gives it; with sudo it is made where
    /// nobody is.
    pub async fn fund(&self, client: &Client, blocks: &Blocks, account: Coldkey, wanted_rao: u64) -> Checked<()> {
        let has_rao = client.balance(account, None).await?;
        if has_rao >= wanted_rao {
            return Ok(());
        }
        let missing_rao = wanted_rao - has_rao;
        for giver in self.coldkeys.iter().filter(|key| key.coldkey() != account) {
            // A TAO is left for what the giver has to do.
            if client.balance(giver.coldkey(), None).await? > missing_rao + TAO {
                blocks.during(client.transfer(giver, account, missing_rao)).await??;
                return Ok(());
            }
        }
        let Some(sudo) = &self.sudo else {
            return skip(format!(
                "{account} has {has_rao} rao and needs {wanted_rao}, and none of the given keys is rich"
            ));
        };
        let arguments = vec![
            ("who", Value::unnamed_variant("Id", [Value::from_bytes(account.0)])),
            ("new_free", Value::u128(wanted_rao.into())),
        ];
        blocks.during(client.sudo(sudo, "Balances", "force_set_balance", arguments)).await??;
        Ok(())
    }
}

/// The key of a URI, or of one derived from it, that nobody owns but one of these.
async fn usable(client: &Client, uri: &str, coldkeys: &[Keypair]) -> Checked<Keypair> {
    let mut uri = uri.to_owned();
    for _ in 0..8 {
        let keypair = key(&uri)?;
        let owner = owner_of(client, keypair.hotkey()).await?;
        if owner.is_none_or(|owner| coldkeys.iter().any(|key| key.coldkey() == owner)) {
            return Ok(keypair);
        }
        uri.push_str(OTHER);
    }
    fail(format!("{uri} and what is derived from it belongs to others"))
}

async fn owner_of(client: &Client, hotkey: Hotkey) -> Result<Option<Coldkey>, ChainError> {
    let owner = client.stored::<[u8; 32]>("SubtensorModule", "Owner", (hotkey.0,), None).await?;
    Ok(owner.filter(|owner| *owner != NOBODY).map(Coldkey))
}

fn key(uri: &str) -> Checked<Keypair> {
    Ok(Keypair::from_uri(uri).with_context(|| format!("{uri} is no secret URI"))?)
}
