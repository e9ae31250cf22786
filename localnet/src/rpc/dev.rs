//! `dev_*`: what only a chain for tests can do.

use codec::Encode;
use jsonrpsee::{core::RegisterMethodError, types::ErrorObjectOwned};
use node_subtensor_runtime::pallet_drand::{Pulse, bls::SIGNATURE_BYTES};
use serde_json::{Value, json};

use super::{
    Module,
    error::{client, invalid_params, rejected},
    wire::{Bytes, method},
};
use crate::{
    author, block_log,
    blocks::Blocks,
    clock::ClockError,
    rewind::{self, ReorgError},
};

/// Blocks in one request.
const MAX_BLOCKS: u32 = 10_000;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    // Make blocks now; the answer is the hash of the best one.
    method(module, "dev_newBlock", |mut params, chain| {
        let count: u32 = params.optional_next()?.unwrap_or(1);
        if count > MAX_BLOCKS {
            return Err(invalid_params(format!("more than {MAX_BLOCKS} blocks")));
        }
        author::author_blocks(chain, count, || true).map_err(client)?;
        Ok(json!(chain.blocks(Blocks::best).0))
    })?;
    // Send a pulse that the chain's beacon signed elsewhere; the answer is the hash of the transaction that writes it.
    method(module, "dev_writePulse", |mut params, chain| {
        let (round, signature): (u64, Bytes) = (params.next()?, params.next()?);
        let signature: [u8; SIGNATURE_BYTES] =
            signature.0.try_into().map_err(|_| invalid_params(format!("a signature has {SIGNATURE_BYTES} bytes")))?;
        let best = chain.blocks(Blocks::best).1.number;
        let extrinsic = chain.pulses.transaction(best, vec![Pulse::new(round, signature)]);
        Ok(json!(chain.pool.submit(chain, extrinsic.encode(), None).map_err(rejected)?))
    })?;
    module.register_alias("dev_mine", "dev_newBlock")?;
    // The next block's time, in milliseconds since 1970, is the answer of both.
    method(module, "dev_increaseTime", |mut params, chain| {
        let seconds: u64 = params.next()?;
        Ok(json!(chain.travel(|clock, reading| clock.advance(reading, seconds)).map_err(clock)?))
    })?;
    method(module, "dev_setNextBlockTimestamp", |mut params, chain| {
        let at_ms: u64 = params.next()?;
        Ok(json!(chain.travel(|clock, reading| clock.set_next(reading, at_ms)).map_err(clock)?))
    })?;
    method(module, "dev_snapshot", |_, chain| Ok(json!(rewind::snapshot(chain))))?;
    method(module, "dev_revert", |mut params, chain| {
        Ok(json!(rewind::revert(chain, params.next()?).map_err(client)?))
    })?;
    // The bytes of the file that can be loaded: where they are written is not for clients to say.
    method(module, "dev_dump", |_, chain| Ok(json!(Bytes(chain.dump().to_bytes()))))?;
    method(module, "dev_blockLog", |mut params, chain| {
        let number: Option<u32> = params.optional_next()?;
        let hash = chain.blocks(|blocks| number.map_or_else(|| blocks.head(), |number| blocks.hash(number)));
        Ok(json!(hash.and_then(|hash| block_log::block_log(chain, Some(hash)))))
    })?;
    method(module, "dev_faults", |_, chain| Ok(json!(chain.injected.get())))?;
    method(module, "dev_setFault", |mut params, chain| {
        chain.set_faults(params.next()?);
        Ok(json!(chain.injected.get()))
    })?;
    method(module, "dev_disconnect", |_, chain| {
        chain.injected.disconnect();
        Ok(Value::Null)
    })?;
    method(module, "dev_bumpSpecVersion", |_, chain| Ok(json!(author::bump_spec_version(chain).map_err(client)?)))?;
    // The answer is the hash of the best block.
    method(module, "dev_reorg", |mut params, chain| match rewind::reorg(chain, params.next()?) {
        Ok(()) => Ok(json!(chain.blocks(Blocks::best).0)),
        Err(error @ ReorgError::Depth { .. }) => Err(invalid_params(error)),
        Err(ReorgError::Author(error)) => Err(client(error)),
    })
}

fn clock(error: ClockError) -> ErrorObjectOwned {
    match error {
        ClockError::Past { .. } | ClockError::TooLate => invalid_params(error),
        ClockError::Runtime(panicked) => client(panicked),
    }
}
