//! A subnet as it stood at one block, in three requests whatever its size.

use primitives::{BlockHash, BlockNumber, Coldkey, Endpoint, Hotkey, MechId, Metagraph, NetUid, Neuron, Uid};
use subxt::{
    ext::{frame_decode::storage::IntoEncodableValues, scale_decode::DecodeAsType},
    utils::AccountId32,
};

use crate::{
    ChainError, Client,
    storage::{At, Entry, Key},
};

/// The announced axon, as stored. Fields not named here are not needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Axon {
    ip: u128,
    port: u16,
    ip_type: u8,
}

impl Client {
    /// The subnet at a block; at the finalised head where none is given.
    pub async fn metagraph(&self, netuid: NetUid, at: Option<BlockHash>) -> Result<Metagraph, ChainError> {
        self.read_at(at, |at| async move { metagraph(&at, netuid).await }).await
    }

    /// The seat of a hotkey at a block.
    pub async fn uid(&self, netuid: NetUid, hotkey: Hotkey, at: Option<BlockHash>) -> Result<Uid, ChainError> {
        self.read_at(at, |at| async move { seat(&at, netuid, hotkey).await }).await
    }
}

/// The seat of a hotkey, or why it has none.
pub(crate) async fn seat(at: &At, netuid: NetUid, hotkey: Hotkey) -> Result<Uid, ChainError> {
    let (added, uids) = (at.entry::<bool>("NetworksAdded")?, at.entry::<u16>("Uids")?);
    let (added_key, uid_key) = (added.key((netuid.0,))?, uids.key((netuid.0, hotkey.0))?);
    let found = at.fetch(&[added_key.clone(), uid_key.clone()]).await?;
    if !added.require(&found, &added_key)? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    let uid = uids.decode(&found, &uid_key)?;
    uid.map(Uid).ok_or(ChainError::NotRegistered { netuid, hotkey })
}

async fn metagraph(at: &At, netuid: NetUid) -> Result<Metagraph, ChainError> {
    // First what is stored by subnet.
    let index = netuid.storage_index(MechId(0));
    let added = at.entry::<bool>("NetworksAdded")?;
    let seats = at.entry::<u16>("SubnetworkN")?;
    let permits = Column::new(at, "ValidatorPermit", netuid.0)?;
    let last_updates = Column::new(at, "LastUpdate", index)?;
    let incentives = Column::new(at, "Incentive", index)?;
    let dividends = Column::new(at, "Dividends", netuid.0)?;
    let consensus = Column::new(at, "Consensus", netuid.0)?;
    let trusts = Column::new(at, "ValidatorTrust", netuid.0)?;
    let emissions = Column::new(at, "Emission", netuid.0)?;
    let (added_key, seats_key) = (added.key((netuid.0,))?, seats.key((netuid.0,))?);
    let found = at
        .fetch(&[
            added_key.clone(),
            seats_key.clone(),
            permits.key.clone(),
            last_updates.key.clone(),
            incentives.key.clone(),
            dividends.key.clone(),
            consensus.key.clone(),
            trusts.key.clone(),
            emissions.key.clone(),
        ])
        .await?;
    if !added.require(&found, &added_key)? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    let seats = seats.require(&found, &seats_key)?;
    let permits: Vec<bool> = permits.entry.require(&found, &permits.key)?;
    let last_updates: Vec<BlockNumber> = last_updates.entry.require(&found, &last_updates.key)?;
    let incentives: Vec<u16> = incentives.entry.require(&found, &incentives.key)?;
    let dividends: Vec<u16> = dividends.entry.require(&found, &dividends.key)?;
    let consensus: Vec<u16> = consensus.entry.require(&found, &consensus.key)?;
    let trusts: Vec<u16> = trusts.entry.require(&found, &trusts.key)?;
    let emissions: Vec<u64> = emissions.entry.require(&found, &emissions.key)?;

    // Then by seat.
    let keys_entry = at.entry::<AccountId32>("Keys")?;
    let registered_entry = at.entry::<u64>("BlockAtRegistration")?;
    let hotkey_keys = keyed(&keys_entry, (0..seats).map(|uid| (netuid.0, uid)))?;
    let registered_keys = keyed(&registered_entry, (0..seats).map(|uid| (netuid.0, uid)))?;
    let by_seat = at.fetch(&[&hotkey_keys[..], &registered_keys[..]].concat()).await?;
    let hotkeys = hotkey_keys.iter().map(|key| Ok(keys_entry.require(&by_seat, key)?.0));
    let hotkeys = hotkeys.collect::<Result<Vec<[u8; 32]>, ChainError>>()?;

    // Then by hotkey.
    let axon_entry = at.entry::<Axon>("Axons")?;
    let owner_entry = at.entry::<AccountId32>("Owner")?;
    let stake_entry = at.entry::<u64>("TotalHotkeyAlpha")?;
    let axon_keys = keyed(&axon_entry, hotkeys.iter().map(|hotkey| (netuid.0, *hotkey)))?;
    let owner_keys = keyed(&owner_entry, hotkeys.iter().map(|hotkey| (*hotkey,)))?;
    let stake_keys = keyed(&stake_entry, hotkeys.iter().map(|hotkey| (*hotkey, netuid.0)))?;
    let by_hotkey = at.fetch(&[&axon_keys[..], &owner_keys[..], &stake_keys[..]].concat()).await?;

    let mut neurons = Vec::with_capacity(hotkeys.len());
    for (seat, hotkey) in hotkeys.into_iter().enumerate() {
        let axon = axon_entry.decode(&by_hotkey, &axon_keys[seat])?;
        // A column is shorter than the subnet where the chain has not written it yet: that means zero.
        neurons.push(Neuron {
            uid: Uid(u16::try_from(seat).unwrap_or(u16::MAX)),
            hotkey: Hotkey(hotkey),
            coldkey: Coldkey(owner_entry.require(&by_hotkey, &owner_keys[seat])?.0),
            registered_at: registered_entry.require(&by_seat, &registered_keys[seat])?,
            endpoint: axon.and_then(|axon| Endpoint::from_chain(axon.ip, axon.port, axon.ip_type)),
            validator_permit: permits.get(seat).copied().unwrap_or_default(),
            stake_rao: stake_entry.require(&by_hotkey, &stake_keys[seat])?,
            last_update: last_updates.get(seat).copied().unwrap_or_default(),
            incentive: incentives.get(seat).copied().unwrap_or_default(),
            dividends: dividends.get(seat).copied().unwrap_or_default(),
            consensus: consensus.get(seat).copied().unwrap_or_default(),
            validator_trust: trusts.get(seat).copied().unwrap_or_default(),
            emission_rao: emissions.get(seat).copied().unwrap_or_default(),
        });
    }
    Ok(Metagraph { netuid, block: at.block, neurons })
}

/// One value for every seat, stored as one list.
struct Column<'a, T> {
    entry: Entry<'a, Vec<T>>,
    key: Key,
}

impl<'a, T> Column<'a, T>
where
    Vec<T>: DecodeAsType,
{
    fn new(at: &'a At, name: &'static str, index: u16) -> Result<Self, ChainError> {
        let entry = at.entry(name)?;
        let key = entry.key((index,))?;
        Ok(Self { entry, key })
    }
}

fn keyed<T: DecodeAsType, K: IntoEncodableValues>(
    entry: &Entry<'_, T>,
    parts: impl Iterator<Item = K>,
) -> Result<Vec<Key>, ChainError> {
    parts.map(|parts| entry.key(parts)).collect()
}
