//! `system_*`: who this node is.

use jsonrpsee::core::RegisterMethodError;
use node_subtensor_runtime::AccountId;
use serde_json::json;
use sp_core::crypto::Ss58Codec;

use super::{
    Module,
    error::{client, invalid_params},
    wire::method,
};
use crate::blocks::Blocks;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "system_chain", |_, _| Ok(json!("Bittensor")))?;
    method(module, "system_name", |_, _| Ok(json!("assay-localnet")))?;
    method(module, "system_version", |_, _| Ok(json!(env!("CARGO_PKG_VERSION"))))?;
    method(module, "system_chainType", |_, _| Ok(json!("Development")))?;
    method(module, "system_nodeRoles", |_, _| Ok(json!(["Authority"])))?;
    method(module, "system_peers", |_, _| Ok(json!([])))?;
    method(module, "system_health", |_, _| Ok(json!({ "peers": 0, "isSyncing": false, "shouldHavePeers": false })))?;
    method(module, "system_syncState", |_, chain| {
        let best = chain.blocks(Blocks::head_number);
        Ok(json!({ "startingBlock": 0, "currentBlock": best, "highestBlock": best }))
    })?;
    method(module, "system_properties", |_, _| {
        Ok(json!({ "ss58Format": 42, "tokenDecimals": 9, "tokenSymbol": "TAO" }))
    })?;
    method(module, "system_accountNextIndex", |mut params, chain| {
        let address: String = params.next()?;
        // An address has 48 characters; decoding is quadratic.
        if address.len() > 64 {
            return Err(invalid_params("not an address"));
        }
        let who = AccountId::from_ss58check(&address).map_err(|error| invalid_params(format!("{error:?}")))?;
        Ok(json!(chain.next_nonce(&who).map_err(client)?))
    })?;
    module.register_alias("account_nextIndex", "system_accountNextIndex")
}
