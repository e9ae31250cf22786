//! What subscribers hear: heads, values, the runtime's version.

use std::{collections::HashSet, sync::Arc};

use jsonrpsee::{
    PendingSubscriptionSink, SubscriptionSink,
    core::{RegisterMethodError, SubscriptionResult},
};
use node_subtensor_runtime::{Header, Version};
use serde::Serialize;
use serde_json::{Value, json};
use sp_core::{Get as _, H256};
use sp_state_machine::backend::Backend;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    Module,
    error::invalid_params,
    wire::{Bytes, message},
};
use crate::{
    blocks::Blocks,
    chain::{Chain, News},
    executor,
};

/// Keys of one subscription.
const MAX_KEYS: usize = 1_000;

/// Which block a subscription to heads begins with, and what it takes of the news.
#[derive(Clone, Copy)]
struct Heads {
    first: fn(&Blocks) -> u32,
    next: fn(News) -> Option<Header>,
}

pub(super) fn register(module: &mut Module) -> Result<(), RegisterMethodError> {
    let best = Heads { first: Blocks::head_number, next: |news| Some(news.header) };
    let finalised = Heads { first: Blocks::finalised, next: |news| news.finalised };
    for (subscribe, kind, unsubscribe, which) in [
        ("chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads", best),
        ("chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads", best),
        ("chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads", finalised),
    ] {
        module.register_subscription(subscribe, kind, unsubscribe, move |_, pending, chain, _| {
            heads(chain.as_ref().clone(), pending, which)
        })?;
    }
    let version = ("state_subscribeRuntimeVersion", "state_unsubscribeRuntimeVersion");
    module.register_subscription(version.0, "state_runtimeVersion", version.1, |_, pending, chain, _| {
        versions(chain.as_ref().clone(), pending)
    })?;
    module.register_subscription(
        "state_subscribeStorage",
        "state_storage",
        "state_unsubscribeStorage",
        |params, pending, chain, _| async move {
            match params.one::<Vec<Bytes>>() {
                Ok(keys) if keys.len() <= MAX_KEYS => values(chain.as_ref().clone(), pending, keys).await,
                Ok(_) => {
                    pending.reject(invalid_params("too many keys")).await;
                    Ok(())
                }
                Err(error) => {
                    pending.reject(error).await;
                    Ok(())
                }
            }
        },
    )?;
    for (alias, name) in [
        ("chain_subscribeNewHead", "chain_subscribeNewHeads"),
        ("chain_unsubscribeNewHead", "chain_unsubscribeNewHeads"),
        ("subscribe_newHead", "chain_subscribeNewHeads"),
        ("unsubscribe_newHead", "chain_unsubscribeNewHeads"),
        ("chain_subscribeFinalisedHeads", "chain_subscribeFinalizedHeads"),
        ("chain_unsubscribeFinalisedHeads", "chain_unsubscribeFinalizedHeads"),
        ("chain_subscribeRuntimeVersion", version.0),
        ("chain_unsubscribeRuntimeVersion", version.1),
    ] {
        module.register_alias(alias, name)?;
    }
    Ok(())
}

/// Some news came faster than they were heard.
struct Missed;

/// The next news after a revision. None when nobody listens any more.
async fn hear(sink: &SubscriptionSink, news: &mut Receiver<News>, known: u64) -> Option<Result<News, Missed>> {
    loop {
        tokio::select! {
            () = sink.closed() => return None,
            heard = news.recv() => match heard {
                Ok(news) if news.revision > known => return Some(Ok(news)),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Some(Err(Missed)),
                Err(RecvError::Closed) => return None,
            },
        }
    }
}

async fn send(sink: &SubscriptionSink, value: &impl Serialize) -> SubscriptionResult {
    if let Some(message) = message(value) {
        sink.send(message).await?;
    }
    Ok(())
}

/// A head and every later one. Who reads too slowly misses some.
async fn heads(chain: Arc<Chain>, pending: PendingSubscriptionSink, which: Heads) -> SubscriptionResult {
    let mut news = chain.subscribe();
    let (known, first) = chain.blocks(|blocks| (blocks.revision(), blocks.header_at((which.first)(blocks))));
    let sink = pending.accept().await?;
    if let Some(first) = first {
        send(&sink, &first).await?;
    }
    while let Some(heard) = hear(&sink, &mut news, known).await {
        if let Ok(news) = heard
            && let Some(header) = (which.next)(news)
        {
            send(&sink, &header).await?;
        }
    }
    Ok(())
}

/// The runtime's version, and again whenever it is another one.
async fn versions(chain: Arc<Chain>, pending: PendingSubscriptionSink) -> SubscriptionResult {
    let mut news = chain.subscribe();
    let known = chain.blocks(Blocks::revision);
    let sink = pending.accept().await?;
    let mut sent = None;
    loop {
        let state = chain.state(None).ok();
        let version = state.and_then(|state| executor::read(&state, Version::get).ok());
        if let Some(version) = version
            && sent.as_ref() != Some(&version)
        {
            send(&sink, &version).await?;
            sent = Some(version);
        }
        if hear(&sink, &mut news, known).await.is_none() {
            return Ok(());
        }
    }
}

/// The values of some keys, and again whenever a block changes one.
async fn values(chain: Arc<Chain>, pending: PendingSubscriptionSink, keys: Vec<Bytes>) -> SubscriptionResult {
    let mut news = chain.subscribe();
    let (known, head) = chain.blocks(|blocks| (blocks.revision(), blocks.head()));
    let sink = pending.accept().await?;
    let mut found = head.and_then(|head| values_at(&chain, &keys, head, None));
    loop {
        if let Some(found) = found {
            send(&sink, &found).await?;
        }
        found = match hear(&sink, &mut news, known).await {
            None => return Ok(()),
            Some(Ok(news)) => values_at(&chain, &keys, news.hash, news.changed.as_deref()),
            Some(Err(Missed)) => chain.blocks(Blocks::head).and_then(|head| values_at(&chain, &keys, head, None)),
        };
    }
}

/// Those of the values that may have changed.
fn values_at(chain: &Chain, keys: &[Bytes], at: H256, changed: Option<&HashSet<Vec<u8>>>) -> Option<Value> {
    let state = chain.state(Some(at)).ok()?;
    let found: Vec<Value> = keys
        .iter()
        .filter(|key| changed.is_none_or(|changed| changed.contains(&key.0)))
        .map(|key| json!([key, state.storage(&key.0).ok().flatten().map(Bytes)]))
        .collect();
    (!found.is_empty()).then(|| json!({ "block": at, "changes": found }))
}
