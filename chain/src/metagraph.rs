//! A subnet as it stood at one block, in three requests whatever its size.

use primitives::{
    BlockHash, BlockNumber, Certificate, Coldkey, Endpoint, Hotkey, Hyperparameters, MechId, Metagraph, NetUid, Neuron,
    Uid,
};
use subxt::{ext::scale_decode::DecodeAsType, utils::AccountId32};

use crate::{
    ChainError, Client,
    batch::{Batch, One},
    hyperparameters::Rules,
    storage::{At, Found},
};

/// The announced axon, as stored. Fields not named here are not needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Axon {
    ip: u128,
    port: u16,
    ip_type: u8,
}

/// The announced key for TLS, as stored.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct NeuronCertificate {
    public_key: Vec<u8>,
    algorithm: u8,
}

impl From<NeuronCertificate> for Certificate {
    fn from(stored: NeuronCertificate) -> Self {
        Self { algorithm: stored.algorithm, public_key: stored.public_key }
    }
}

impl Client {
    /// The subnet at a block, with what its main mechanism found; at the finalised head where none is given.
    pub async fn metagraph(&self, netuid: NetUid, at: Option<BlockHash>) -> Result<Metagraph, ChainError> {
        self.mechanism_metagraph(netuid, MechId(0), at).await
    }

    /// As [`Client::metagraph`], with what one of the subnet's mechanisms found.
    pub async fn mechanism_metagraph(
        &self,
        netuid: NetUid,
        mechanism: MechId,
        at: Option<BlockHash>,
    ) -> Result<Metagraph, ChainError> {
        self.read_at(at, |at| async move {
            let (batch, wanted) = wanted(&at, netuid, mechanism)?;
            let found = batch.fetch().await?;
            seated(&at, &wanted, &found).await
        })
        .await
    }

    /// The subnet and its rules, both at one block.
    pub async fn subnet(
        &self,
        netuid: NetUid,
        mechanism: MechId,
        at: Option<BlockHash>,
    ) -> Result<(Metagraph, Hyperparameters), ChainError> {
        self.read_at(at, |at| async move {
            let (mut batch, wanted) = wanted(&at, netuid, mechanism)?;
            let rules = Rules::wanted(&mut batch, netuid)?;
            let found = batch.fetch().await?;
            Ok((seated(&at, &wanted, &found).await?, rules.of(&found)?))
        })
        .await
    }

    /// The seat of a hotkey at a block.
    pub async fn uid(&self, netuid: NetUid, hotkey: Hotkey, at: Option<BlockHash>) -> Result<Uid, ChainError> {
        self.read_at(at, |at| async move { seat(&at, netuid, hotkey).await }).await
    }
}

/// The seat of a hotkey, or why it has none.
pub(crate) async fn seat(at: &At, netuid: NetUid, hotkey: Hotkey) -> Result<Uid, ChainError> {
    let mut batch = Batch::new(at);
    let added = batch.want::<bool>("NetworksAdded", (netuid.0,))?;
    let uid = batch.want::<u16>("Uids", (netuid.0, hotkey.0))?;
    let found = batch.fetch().await?;
    if !added.of(&found)? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    uid.maybe(&found)?.map(Uid).ok_or(ChainError::NotRegistered { netuid, hotkey })
}

/// What is stored by subnet: one value, or one list of values by uid.
struct Wanted<'a> {
    netuid: NetUid,
    mechanism: MechId,
    added: One<'a, bool>,
    mechanisms: One<'a, u8>,
    seats: One<'a, u16>,
    cutoff: ActivityCutoff<'a>,
    permits: One<'a, Vec<bool>>,
    stake_weights: One<'a, Vec<u16>>,
    last_updates: One<'a, Vec<BlockNumber>>,
    incentives: One<'a, Vec<u16>>,
    dividends: One<'a, Vec<u16>>,
    consensus: One<'a, Vec<u16>>,
    trusts: One<'a, Vec<u16>>,
    emissions: One<'a, Vec<u64>>,
}

fn wanted(at: &At, netuid: NetUid, mechanism: MechId) -> Result<(Batch<'_>, Wanted<'_>), ChainError> {
    let (net, index) = ((netuid.0,), (netuid.storage_index(mechanism),));
    let mut batch = Batch::new(at);
    let wanted = Wanted {
        netuid,
        mechanism,
        added: batch.want("NetworksAdded", net)?,
        mechanisms: batch.want("MechanismCountCurrent", net)?,
        seats: batch.want("SubnetworkN", net)?,
        cutoff: ActivityCutoff::wanted(&mut batch, netuid)?,
        permits: batch.want("ValidatorPermit", net)?,
        stake_weights: batch.want("StakeWeight", net)?,
        last_updates: batch.want("LastUpdate", index)?,
        incentives: batch.want("Incentive", index)?,
        dividends: batch.want("Dividends", net)?,
        consensus: batch.want("Consensus", net)?,
        trusts: batch.want("ValidatorTrust", net)?,
        emissions: batch.want("Emission", net)?,
    };
    Ok((batch, wanted))
}

/// The metagraph, once what is stored by subnet is found.
async fn seated(at: &At, wanted: &Wanted<'_>, found: &Found) -> Result<Metagraph, ChainError> {
    let (netuid, mechanism) = (wanted.netuid, wanted.mechanism);
    if !wanted.added.of(found)? {
        return Err(ChainError::UnknownNetUid(netuid));
    }
    if mechanism.0 >= wanted.mechanisms.of(found)? {
        return Err(ChainError::UnknownMechanism { netuid, mechanism });
    }
    let seats = wanted.seats.of(found)?;
    let cutoff = wanted.cutoff.of(found)?;
    let permits = wanted.permits.of(found)?;
    let stake_weights = wanted.stake_weights.of(found)?;
    let last_updates = wanted.last_updates.of(found)?;
    let incentives = wanted.incentives.of(found)?;
    let dividends = wanted.dividends.of(found)?;
    let consensus = wanted.consensus.of(found)?;
    let trusts = wanted.trusts.of(found)?;
    let emissions = wanted.emissions.of(found)?;

    let mut batch = Batch::new(at);
    let hotkeys = batch.want_all::<AccountId32, _>("Keys", (0..seats).map(|uid| (netuid.0, uid)))?;
    let registered = batch.want_all::<u64, _>("BlockAtRegistration", (0..seats).map(|uid| (netuid.0, uid)))?;
    let by_seat = batch.fetch().await?;
    let hotkeys: Vec<[u8; 32]> = hotkeys.of(&by_seat)?.into_iter().map(|hotkey| hotkey.0).collect();
    let registered = registered.of(&by_seat)?;

    let mut batch = Batch::new(at);
    let here = || hotkeys.iter().map(|hotkey| (netuid.0, *hotkey));
    let axons = batch.want_all::<Axon, _>("Axons", here())?;
    let certificates = batch.want_all::<NeuronCertificate, _>("NeuronCertificates", here())?;
    let owners = batch.want_all::<AccountId32, _>("Owner", hotkeys.iter().map(|hotkey| (*hotkey,)))?;
    let stakes = batch.want_all::<u64, _>("TotalHotkeyAlpha", hotkeys.iter().map(|hotkey| (*hotkey, netuid.0)))?;
    let by_hotkey = batch.fetch().await?;
    let owners = owners.of(&by_hotkey)?;
    let stakes = stakes.of(&by_hotkey)?;
    let certificates = certificates.maybe(&by_hotkey)?;
    let axons = axons.maybe(&by_hotkey)?;

    let announced = axons.into_iter().zip(certificates);
    let seats = (0..seats).zip(hotkeys).zip(registered).zip(owners).zip(stakes).zip(announced);
    let neurons = seats.map(|(((((uid, hotkey), registered_at), owner), stake_rao), (axon, certificate))| {
        let seat = usize::from(uid);
        // A column is shorter than the subnet where the chain has not written it yet: that means zero.
        let last_update = last_updates.get(seat).copied().unwrap_or_default();
        Neuron {
            uid: Uid(uid),
            hotkey: Hotkey(hotkey),
            coldkey: Coldkey(owner.0),
            registered_at,
            endpoint: axon.and_then(|axon| Endpoint::from_chain(axon.ip, axon.port, axon.ip_type)),
            certificate: certificate.map(Certificate::from),
            validator_permit: permits.get(seat).copied().unwrap_or_default(),
            active: last_update.saturating_add(cutoff) >= at.block.number,
            stake_rao,
            stake_weight: stake_weights.get(seat).copied().unwrap_or_default(),
            last_update,
            incentive: incentives.get(seat).copied().unwrap_or_default(),
            dividends: dividends.get(seat).copied().unwrap_or_default(),
            consensus: consensus.get(seat).copied().unwrap_or_default(),
            validator_trust: trusts.get(seat).copied().unwrap_or_default(),
            emission_rao: emissions.get(seat).copied().unwrap_or_default(),
        }
    });
    Ok(Metagraph { netuid, mechanism, block: at.block, neurons: neurons.collect() })
}

/// After how many blocks without new weights a validator is inactive.
enum ActivityCutoff<'a> {
    /// In thousandths of a tempo.
    Factor { milli: One<'a, u32>, tempo: One<'a, u16> },
    /// In blocks: runtimes before tempos could change.
    Blocks(One<'a, u16>),
}

impl<'a> ActivityCutoff<'a> {
    /// By the rule of the block's runtime. A newer one still stores what only older ones read.
    fn wanted(batch: &mut Batch<'a>, netuid: NetUid) -> Result<Self, ChainError> {
        let net = (netuid.0,);
        match batch.want("ActivityCutoffFactorMilli", net) {
            Ok(milli) => Ok(Self::Factor { milli, tempo: batch.want("Tempo", net)? }),
            Err(absent) => batch.want("ActivityCutoff", net).map(Self::Blocks).map_err(|_| absent),
        }
    }

    fn of(&self, found: &Found) -> Result<u64, ChainError> {
        match self {
            Self::Factor { milli, tempo } => {
                let (activity_cutoff_factor_milli, tempo) = (milli.of(found)?, tempo.of(found)?);
                let rules = Hyperparameters { activity_cutoff_factor_milli, tempo, ..Hyperparameters::default() };
                Ok(rules.activity_cutoff())
            }
            Self::Blocks(blocks) => blocks.of(found).map(u64::from),
        }
    }
}
