//! `chain_*`: blocks.

use std::sync::Arc;

use jsonrpsee::{
    PendingSubscriptionSink,
    core::{RegisterMethodError, SubscriptionResult},
};
use serde_json::{Value, json};
use sp_core::H256;
use tokio::sync::broadcast::error::RecvError;

use super::{
    Module,
    error::{Answer, invalid_params},
    wire::{hex, message, method},
};
use crate::chain::Chain;

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
    method(module, "chain_getFinalizedHead", |_, chain| Ok(json!(chain.blocks(|blocks| blocks.best().0))))?;
    module.register_alias("chain_getFinalisedHead", "chain_getFinalizedHead")?;
    method(module, "chain_getHeader", |mut params, chain| {
        let hash: Option<H256> = params.optional_next()?;
        Ok(json!(chain.blocks(|blocks| blocks.header(hash).cloned())))
    })?;
    method(module, "chain_getBlock", |mut params, chain| {
        let hash: Option<H256> = params.optional_next()?;
        let Some((header, body)) = chain.blocks(|blocks| {
            let (header, body) = blocks.body(hash)?;
            Some((header.clone(), body))
        }) else {
            return Ok(Value::Null);
        };
        let extrinsics: Vec<String> = body.iter().map(|extrinsic| hex(extrinsic)).collect();
        Ok(json!({ "block": { "header": header, "extrinsics": extrinsics }, "justifications": null }))
    })?;
    for (subscribe, notification, unsubscribe) in [
        ("chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads"),
        ("chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads"),
        ("chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads"),
    ] {
        module.register_subscription(subscribe, notification, unsubscribe, |_, pending, chain, _| {
            heads(chain.as_ref().clone(), pending)
        })?;
    }
    module.register_alias("chain_subscribeNewHead", "chain_subscribeNewHeads")?;
    module.register_alias("chain_unsubscribeNewHead", "chain_unsubscribeNewHeads")
}

/// A number may come as a number or in hex; none means the best block.
fn hash_of(chain: &Chain, number: &Value) -> Answer<Value> {
    let number = match number {
        Value::Null => return Ok(json!(chain.blocks(|blocks| blocks.best().0))),
        Value::Number(number) => number.as_u64(),
        Value::String(text) => u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok(),
        _ => None,
    };
    let number = number.ok_or_else(|| invalid_params("not a block number"))?;
    let hash = u32::try_from(number).ok().and_then(|number| chain.blocks(|blocks| blocks.hash(number)));
    Ok(json!(hash))
}

/// The best header and every later one. Who reads too slowly misses some.
async fn heads(chain: Arc<Chain>, pending: PendingSubscriptionSink) -> SubscriptionResult {
    let mut blocks = chain.subscribe();
    let best = chain.blocks(|blocks| blocks.best().1.clone());
    let sink = pending.accept().await?;
    let mut sent = best.number;
    if let Some(message) = message(&best) {
        sink.send(message).await?;
    }
    loop {
        tokio::select! {
            () = sink.closed() => return Ok(()),
            block = blocks.recv() => match block {
                Ok(block) if block.header.number > sent => {
                    sent = block.header.number;
                    if let Some(message) = message(&block.header) {
                        sink.send(message).await?;
                    }
                }
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}
