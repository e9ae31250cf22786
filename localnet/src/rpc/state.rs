//! `state_*`: storage, metadata and calls of the runtime.

use std::collections::HashMap;

use codec::Decode;
use jsonrpsee::core::RegisterMethodError;
use node_subtensor_runtime::Version;
use serde_json::{Value, json};
use sp_core::{Get as _, H256};
use sp_state_machine::{IterArgs, backend::Backend, prove_read};

use super::{
    Module,
    error::{Answer, block_range, client, count, invalid_params},
    wire::{Bytes, hex, method},
};
use crate::{blocks::Blocks, chain::Chain, executor, state::State};

/// Keys in one page, as a Substrate node limits them.
const MAX_PAGE: usize = 1_000;
/// Values in one answer, where a Substrate node has no limit.
const MAX_VALUES: usize = 10_000;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "state_getRuntimeVersion", |mut params, chain| {
        let state = chain.state(params.optional_next()?).map_err(client)?;
        Ok(json!(executor::read(&state, Version::get).map_err(client)?))
    })?;
    method(module, "state_getMetadata", |mut params, chain| {
        let encoded = chain.call(params.optional_next()?, "Metadata_metadata", &[]).map_err(client)?;
        Ok(json!(Bytes(Vec::decode(&mut &encoded[..]).map_err(client)?)))
    })?;
    method(module, "state_call", |mut params, chain| {
        let (name, arguments): (String, Bytes) = (params.next()?, params.next()?);
        let at = params.optional_next()?;
        Ok(json!(Bytes(chain.call(at, &name, &arguments.0).map_err(client)?)))
    })?;
    method(module, "state_getStorage", |mut params, chain| {
        let key: Bytes = params.next()?;
        let state = chain.state(params.optional_next()?).map_err(client)?;
        Ok(json!(value(&state, &key)?))
    })?;
    method(module, "state_getStorageHash", |mut params, chain| {
        let key: Bytes = params.next()?;
        let state = chain.state(params.optional_next()?).map_err(client)?;
        Ok(json!(state.storage_hash(&key.0).map_err(client)?))
    })?;
    method(module, "state_getStorageSize", |mut params, chain| {
        let key: Bytes = params.next()?;
        let state = chain.state(params.optional_next()?).map_err(client)?;
        if let Some(value) = value(&state, &key)? {
            return Ok(json!(value.0.len()));
        }
        // No value's key, so it is meant as the start of several.
        let sum: usize = pairs(&state, &key)?.iter().map(|(_, value)| value.0.len()).sum();
        Ok(json!((sum > 0).then_some(sum)))
    })?;
    method(module, "state_queryStorageAt", |mut params, chain| {
        let (keys, at): (Vec<Bytes>, Option<H256>) = (params.next()?, params.optional_next()?);
        let block = at.or_else(|| chain.blocks(Blocks::head));
        let state = chain.state(block).map_err(client)?;
        let found = keys.iter().map(|key| Ok(json!([key, value(&state, key)?])));
        Ok(json!([{ "block": block, "changes": found.collect::<Answer<Vec<_>>>()? }]))
    })?;
    method(module, "state_queryStorage", |mut params, chain| {
        let (keys, from): (Vec<Bytes>, H256) = (params.next()?, params.next()?);
        changes(chain, &keys, from, params.optional_next()?)
    })?;
    method(module, "state_getKeysPaged", |mut params, chain| {
        let (prefix, page): (Option<Bytes>, usize) = (params.next()?, params.next()?);
        let start: Option<Bytes> = params.optional_next()?;
        if page > MAX_PAGE {
            return Err(count(page, MAX_PAGE));
        }
        let state = chain.state(params.optional_next()?).map_err(client)?;
        Ok(json!(keys(&state, &prefix.unwrap_or_default(), start.as_ref(), page)?))
    })?;
    method(module, "state_getKeys", |mut params, chain| {
        let prefix: Option<Bytes> = params.optional_next()?;
        let state = chain.state(params.optional_next()?).map_err(client)?;
        let found = keys(&state, &prefix.unwrap_or_default(), None, MAX_VALUES + 1)?;
        if found.len() > MAX_VALUES { Err(count(found.len(), MAX_VALUES)) } else { Ok(json!(found)) }
    })?;
    method(module, "state_getPairs", |mut params, chain| {
        let prefix: Bytes = params.next()?;
        let state = chain.state(params.optional_next()?).map_err(client)?;
        Ok(json!(pairs(&state, &prefix)?))
    })?;
    method(module, "state_getReadProof", |mut params, chain| {
        let (keys, at): (Vec<Bytes>, Option<H256>) = (params.next()?, params.optional_next()?);
        if keys.len() > MAX_PAGE {
            return Err(count(keys.len(), MAX_PAGE));
        }
        let at = at.or_else(|| chain.blocks(Blocks::head));
        let state = chain.state(at).map_err(client)?;
        let proof = prove_read(state, keys.into_iter().map(|key| key.0)).map_err(client)?;
        Ok(json!({ "at": at, "proof": proof.into_iter_nodes().map(Bytes).collect::<Vec<_>>() }))
    })?;
    for (alias, name) in [
        ("chain_getRuntimeVersion", "state_getRuntimeVersion"),
        ("state_callAt", "state_call"),
        ("state_getStorageAt", "state_getStorage"),
        ("state_getStorageHashAt", "state_getStorageHash"),
        ("state_getStorageSizeAt", "state_getStorageSize"),
        ("state_getKeysPagedAt", "state_getKeysPaged"),
    ] {
        module.register_alias(alias, name)?;
    }
    Ok(())
}

fn value(state: &State, key: &Bytes) -> Answer<Option<Bytes>> {
    Ok(state.storage(&key.0).map_err(client)?.map(Bytes))
}

fn keys(state: &State, prefix: &Bytes, start: Option<&Bytes>, most: usize) -> Answer<Vec<String>> {
    let mut range = IterArgs::default();
    range.prefix = Some(&prefix.0);
    range.start_at = start.map(|start| start.0.as_slice());
    range.start_at_exclusive = true;
    let keys = state.keys(range).map_err(client)?.take(most);
    keys.map(|key| key.map(|key| hex(&key)).map_err(client)).collect()
}

fn pairs(state: &State, prefix: &Bytes) -> Answer<Vec<(Bytes, Bytes)>> {
    let mut range = IterArgs::default();
    range.prefix = Some(&prefix.0);
    let pairs = state.pairs(range).map_err(client)?.take(MAX_VALUES + 1);
    let pairs: Vec<_> =
        pairs.map(|pair| pair.map(|(key, value)| (Bytes(key), Bytes(value))).map_err(client)).collect::<Answer<_>>()?;
    if pairs.len() > MAX_VALUES { Err(count(pairs.len(), MAX_VALUES)) } else { Ok(pairs) }
}

/// The values at a block, and those that are others in each later one.
fn changes(chain: &Chain, keys: &[Bytes], from: H256, to: Option<H256>) -> Answer<Value> {
    let to = to.or_else(|| chain.blocks(Blocks::head)).unwrap_or_default();
    let refused = |details: &str| block_range(from, to, details);
    let unknown = || refused("Header was not found in the database");
    let range = chain.blocks(|blocks| Some((blocks.number(Some(from))?, blocks.number(Some(to))?)));
    let (first, last) = range.ok_or_else(unknown)?;
    if first > last {
        return Err(refused("from number > to number"));
    }
    if ((last - first) as usize).saturating_mul(keys.len()) > MAX_VALUES {
        return Err(invalid_params(format!("more than {MAX_VALUES} values")));
    }
    let (mut found, mut known) = (Vec::new(), HashMap::new());
    for number in first..=last {
        let hash = chain.blocks(|blocks| blocks.hash(number)).ok_or_else(unknown)?;
        let state = chain.state(Some(hash)).map_err(client)?;
        let mut changes = Vec::new();
        for key in keys {
            let value = value(&state, key)?;
            if known.get(&key.0) != Some(&value) {
                changes.push(json!([key, value]));
                known.insert(&key.0, value);
            }
        }
        if !changes.is_empty() {
            found.push(json!({ "block": hash, "changes": changes }));
        }
    }
    Ok(Value::Array(found))
}
