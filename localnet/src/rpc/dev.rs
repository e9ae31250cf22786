//! `dev_*`: what only a chain for tests can do.

use codec::Encode;
use jsonrpsee::core::RegisterMethodError;
use node_subtensor_runtime::pallet_drand::{Pulse, bls::SIGNATURE_BYTES};
use serde_json::json;

use super::{
    Module,
    error::{client, invalid_params, rejected},
    wire::{Bytes, method},
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
    })?;
    // Send a pulse that the chain's beacon signed elsewhere; the answer is the hash of the transaction that writes it.
    method(module, "dev_writePulse", |mut params, chain| {
        let (round, signature): (u64, Bytes) = (params.next()?, params.next()?);
        let signature: [u8; SIGNATURE_BYTES] =
            signature.0.try_into().map_err(|_| invalid_params(format!("a signature has {SIGNATURE_BYTES} bytes")))?;
        let best = chain.blocks(|blocks| blocks.best().1.number);
        let extrinsic = chain.pulses.transaction(best, vec![Pulse::new(round, signature)]);
        Ok(json!(chain.pool.submit(chain, extrinsic.encode(), None).map_err(rejected)?))
    })
}
