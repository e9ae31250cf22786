//! What became of a transaction, by the events of the block that includes it.

use primitives::BlockHash;
use subxt::{
    config::substrate::{H256, SubstrateConfig},
    error::DispatchError,
    events::{Event, Events, Phase},
    ext::{frame_decode::storage::encode_storage_key_prefix, scale_decode::DecodeAsFields},
};

use crate::{ChainError, Landed, Refusal, connection::Connection, storage::At, transaction::Transaction};

/// Whether a transaction succeeded in a block; none where the block does not include it.
pub(crate) async fn outcome(at: &At, transaction: &Transaction) -> Result<Option<Landed>, ChainError> {
    let Some(index) = index_in(&at.connection, at.block.hash, transaction).await? else { return Ok(None) };
    for event in events(at).await?.iter() {
        let event = event.map_err(|error| ChainError::malformed("events", error))?;
        if event.phase() != Phase::ApplyExtrinsic(index) || event.pallet_name() != "System" {
            continue;
        }
        match event.event_name() {
            "ExtrinsicSuccess" => return Ok(Some(Landed { block: at.block })),
            "ExtrinsicFailed" => {
                let error = DispatchError::decode_from(event.field_bytes(), at.runtime.metadata());
                let refusal = Refusal::from(error.map_err(|error| ChainError::malformed("dispatch error", error))?);
                return Err(ChainError::Refused { block: at.block, refusal });
            }
            _ => {}
        }
    }
    Err(ChainError::malformed("events", "the transaction neither succeeded nor failed"))
}

/// The fields of the first event of a name that a landed transaction caused.
pub(crate) async fn event<E: DecodeAsFields>(
    at: &At,
    transaction: &Transaction,
    pallet: &str,
    name: &str,
) -> Result<E, ChainError> {
    let decode = |event: Event<'_, SubstrateConfig>| {
        let unsupported = |error| ChainError::unsupported(format!("event {pallet}.{name}"), error);
        event.decode_fields_unchecked_as().map_err(unsupported)
    };
    of_event(at, transaction, pallet, name, decode).await
}

/// What became of a call that another one carried, and that says so in the one field of an event. The carrier succeeds
/// whatever comes of it.
pub(crate) async fn inner_outcome(
    at: &At,
    transaction: &Transaction,
    pallet: &str,
    name: &str,
) -> Result<Landed, ChainError> {
    let decode = |event: Event<'_, SubstrateConfig>| match event.field_bytes() {
        [0, ..] => Ok(Landed { block: at.block }),
        [1, error @ ..] => {
            let error = DispatchError::decode_from(error, at.runtime.metadata());
            let refusal = Refusal::from(error.map_err(|error| ChainError::malformed("dispatch error", error))?);
            Err(ChainError::Refused { block: at.block, refusal })
        }
        _ => Err(ChainError::malformed("events", "a result that is neither success nor failure")),
    };
    of_event(at, transaction, pallet, name, decode).await
}

async fn of_event<T>(
    at: &At,
    transaction: &Transaction,
    pallet: &str,
    name: &str,
    decode: impl FnOnce(Event<'_, SubstrateConfig>) -> Result<T, ChainError>,
) -> Result<T, ChainError> {
    if let Some(index) = index_in(&at.connection, at.block.hash, transaction).await? {
        for event in events(at).await?.iter() {
            let event = event.map_err(|error| ChainError::malformed("events", error))?;
            let ours = event.phase() == Phase::ApplyExtrinsic(index);
            if ours && event.pallet_name() == pallet && event.event_name() == name {
                return decode(event);
            }
        }
    }
    Err(ChainError::Unsupported { item: format!("event {pallet}.{name}"), source: None })
}

/// Where in a block a transaction is.
pub(crate) async fn index_in(
    connection: &Connection,
    block: BlockHash,
    transaction: &Transaction,
) -> Result<Option<u32>, ChainError> {
    let body = connection.methods.chain_get_block(Some(H256(block.0))).await;
    let body = body.map_err(connection.error("chain_getBlock"))?.ok_or(ChainError::UnknownBlock(block))?;
    let index = body.block.extrinsics.iter().position(|included| included.0 == transaction.bytes);
    Ok(index.and_then(|index| u32::try_from(index).ok()))
}

async fn events(at: &At) -> Result<Events<SubstrateConfig>, ChainError> {
    let key = encode_storage_key_prefix("System", "Events");
    let bytes = at.connection.stored(&key, at.hash()).await?.unwrap_or_default();
    Ok(at.runtime.events().from_bytes(bytes))
}
