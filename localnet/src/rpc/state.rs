//! `state_*`: storage, metadata and calls of the runtime.

use codec::Decode;
use jsonrpsee::core::RegisterMethodError;
use node_subtensor_runtime::{TransactionPayment, Version};
use serde_json::json;
use sp_core::{Get as _, H256};
use sp_state_machine::{IterArgs, backend::Backend};

use super::{
    Module,
    error::{Answer, client, invalid_params, rejected},
    wire::{Bytes, hex, method},
};
use crate::{blocks::Blocks, chain::Chain, executor, pool};

/// Keys in one answer, as a Substrate node limits them.
const MAX_KEYS: usize = 1_000;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "state_getRuntimeVersion", |mut params, chain| {
        let state = chain.state(params.optional_next()?).map_err(client)?;
        Ok(json!(executor::read(&state, Version::get).map_err(client)?))
    })?;
    module.register_alias("chain_getRuntimeVersion", "state_getRuntimeVersion")?;
    method(module, "state_getMetadata", |mut params, chain| {
        let encoded = chain.call(params.optional_next()?, "Metadata_metadata", &[]).map_err(client)?;
        Ok(json!(Bytes(Vec::decode(&mut &encoded[..]).map_err(client)?)))
    })?;
    method(module, "state_call", |mut params, chain| {
        let (name, arguments): (String, Bytes) = (params.next()?, params.next()?);
        let at = params.optional_next()?;
        Ok(json!(Bytes(chain.call(at, &name, &arguments.0).map_err(client)?)))
    })?;
    module.register_alias("state_callAt", "state_call")?;
    method(module, "state_getStorage", |mut params, chain| {
        let key: Bytes = params.next()?;
        Ok(json!(value(chain, params.optional_next()?, &key)?))
    })?;
    module.register_alias("state_getStorageAt", "state_getStorage")?;
    method(module, "state_getStorageHash", |mut params, chain| {
        let key: Bytes = params.next()?;
        let state = chain.state(params.optional_next()?).map_err(client)?;
        Ok(json!(state.storage_hash(&key.0).map_err(client)?))
    })?;
    method(module, "state_getStorageSize", |mut params, chain| {
        let key: Bytes = params.next()?;
        Ok(json!(value(chain, params.optional_next()?, &key)?.map(|value| value.0.len())))
    })?;
    method(module, "state_queryStorageAt", |mut params, chain| {
        let (keys, at): (Vec<Bytes>, Option<H256>) = (params.next()?, params.optional_next()?);
        let block = at.or_else(|| chain.blocks(Blocks::head));
        let state = chain.state(block).map_err(client)?;
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let value = state.storage(&key.0).map_err(client)?.map(Bytes);
            found.push(json!([key, value]));
        }
        Ok(json!([{ "block": block, "changes": found }]))
    })?;
    method(module, "state_getKeysPaged", |mut params, chain| {
        let (prefix, count): (Option<Bytes>, usize) = (params.next()?, params.next()?);
        let start: Option<Bytes> = params.optional_next()?;
        if count > MAX_KEYS {
            return Err(invalid_params(format!("count exceeds maximum value {MAX_KEYS}")));
        }
        let state = chain.state(params.optional_next()?).map_err(client)?;
        let prefix = prefix.unwrap_or_default();
        let mut range = IterArgs::default();
        range.prefix = Some(&prefix.0);
        range.start_at = start.as_ref().map(|start| start.0.as_slice());
        range.start_at_exclusive = true;
        let keys: Result<Vec<String>, _> = state
            .keys(range)
            .map_err(client)?
            .take(count)
            .map(|key| key.map(|key| hex(&key)).map_err(client))
            .collect();
        Ok(json!(keys?))
    })?;
    module.register_alias("state_getKeysPagedAt", "state_getKeysPaged")?;
    method(module, "payment_queryInfo", |mut params, chain| {
        let extrinsic: Bytes = params.next()?;
        let state = chain.state(params.optional_next()?).map_err(client)?;
        let len = u32::try_from(extrinsic.0.len()).map_err(client)?;
        let extrinsic = pool::decode(&extrinsic.0).map_err(rejected)?;
        let info = executor::read(&state, || TransactionPayment::query_info(extrinsic, len)).map_err(client)?;
        serde_json::to_value(info).map_err(client)
    })?;
    Ok(())
}

fn value(chain: &Chain, at: Option<H256>, key: &Bytes) -> Answer<Option<Bytes>> {
    let state = chain.state(at).map_err(client)?;
    Ok(state.storage(&key.0).map_err(client)?.map(Bytes))
}
