//! `author_*`: transactions.

use jsonrpsee::core::{RegisterMethodError, SubscriptionError};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    Module,
    error::{client, rejected},
    wire::{Bytes, message, method},
};
use crate::pool::Status;

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    method(module, "author_submitExtrinsic", |mut params, chain| {
        let extrinsic: Bytes = params.next()?;
        Ok(json!(chain.pool.submit(chain, extrinsic.0, None).map_err(rejected)?))
    })?;
    method(module, "author_pendingExtrinsics", |_, chain| {
        Ok(json!(chain.pool.pending().into_iter().map(Bytes).collect::<Vec<_>>()))
    })?;
    module.register_subscription(
        "author_submitAndWatchExtrinsic",
        "author_extrinsicUpdate",
        "author_unwatchExtrinsic",
        |params, pending, chain, _| async move {
            let extrinsic = match params.one::<Bytes>() {
                Ok(extrinsic) => extrinsic,
                Err(error) => {
                    pending.reject(error).await;
                    return Ok(());
                }
            };
            // A transaction has a handful of statuses, and its watcher goes with it.
            let (watcher, mut statuses) = mpsc::unbounded_channel();
            let chain = chain.as_ref().clone();
            let submitted =
                tokio::task::spawn_blocking(move || chain.pool.submit(&chain, extrinsic.0, Some(watcher))).await;
            let refused = match submitted {
                Ok(Ok(_)) => None,
                Ok(Err(reason)) => Some(rejected(reason)),
                Err(panicked) => Some(client(panicked)),
            };
            if let Some(error) = refused {
                pending.reject(error).await;
                return Ok(());
            }
            let sink = pending.accept().await?;
            loop {
                tokio::select! {
                    () = sink.closed() => return Ok(()),
                    status = statuses.recv() => {
                        let Some(status) = status else { return Ok::<(), SubscriptionError>(()) };
                        if let Some(message) = message(&in_words(status)) {
                            sink.send(message).await?;
                        }
                    }
                }
            }
        },
    )?;
    Ok(())
}

fn in_words(status: Status) -> Value {
    match status {
        Status::Ready => json!("ready"),
        Status::Future => json!("future"),
        Status::InBlock(hash) => json!({ "inBlock": hash }),
        Status::Retracted(hash) => json!({ "retracted": hash }),
        Status::Finalized(hash) => json!({ "finalized": hash }),
        Status::Usurped(hash) => json!({ "usurped": hash }),
        Status::Invalid => json!("invalid"),
        Status::Dropped => json!("dropped"),
    }
}
