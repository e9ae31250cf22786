//! `dev_*`: what only a chain for tests can do.

use jsonrpsee::core::RegisterMethodError;
use serde_json::json;

use super::{
    Module,
    error::{client, invalid_params},
    wire::method,
};
use crate::author;

/// Blocks in one request.
const MAX_BLOCKS: u32 = 10_000;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    // Make blocks now; the answer is the hash of the best one.
    method(module, "dev_newBlock", |mut params, chain| {
        let count: u32 = params.optional_next()?.unwrap_or(1);
        if count > MAX_BLOCKS {
            return Err(invalid_params(format!("more than {MAX_BLOCKS} blocks")));
        }
        for _ in 0..count {
            author::author_block(chain).map_err(client)?;
        }
        Ok(json!(chain.blocks(|blocks| blocks.best().0)))
    })
}
