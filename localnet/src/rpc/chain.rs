//! `chain_*`: blocks.

use jsonrpsee::core::RegisterMethodError;
use serde_json::{Value, json};
use sp_core::H256;

use super::{
    Module,
    error::{Answer, invalid_params},
    wire::{hex, method},
};
use crate::{blocks::Blocks, chain::Chain};

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "chain_getBlockHash", |mut params, chain| {
        match params.optional_next::<Value>()?.unwrap_or(Value::Null) {
            Value::Array(numbers) => {
                let hashes: Result<Vec<Value>, _> =
                    numbers.iter().take(1_024).map(|number| hash_of(chain, number)).collect();
                Ok(Value::Array(hashes?))
            }
            number => hash_of(chain, &number),
        }
    })?;
    module.register_alias("chain_getHead", "chain_getBlockHash")?;
    method(module, "chain_getFinalizedHead", |_, chain| {
        Ok(json!(chain.blocks(|blocks| blocks.hash(blocks.finalised()))))
    })?;
    module.register_alias("chain_getFinalisedHead", "chain_getFinalizedHead")?;
    method(module, "chain_getHeader", |mut params, chain| {
        let hash: Option<H256> = params.optional_next()?;
        Ok(json!(chain.blocks(|blocks| blocks.header(hash))))
    })?;
    method(module, "chain_getBlock", |mut params, chain| {
        let hash: Option<H256> = params.optional_next()?;
        let Some((header, body)) = chain.blocks(|blocks| blocks.body(hash)) else {
            return Ok(Value::Null);
        };
        let extrinsics: Vec<String> = body.iter().map(|extrinsic| hex(extrinsic)).collect();
        Ok(json!({ "block": { "header": header, "extrinsics": extrinsics }, "justifications": null }))
    })?;
    Ok(())
}

/// A number may come as a number or in hex; none means the best block.
fn hash_of(chain: &Chain, number: &Value) -> Answer<Value> {
    let number = match number {
        Value::Null => return Ok(json!(chain.blocks(Blocks::head))),
        Value::Number(number) => number.as_u64(),
        Value::String(text) => u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok(),
        _ => None,
    };
    let number = number.ok_or_else(|| invalid_params("not a block number"))?;
    let hash = u32::try_from(number).ok().and_then(|number| chain.blocks(|blocks| blocks.hash(number)));
    Ok(json!(hash))
}
