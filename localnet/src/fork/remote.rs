//! The node that is copied from, at one block.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use frame_metadata::v14::RuntimeMetadataV14;
use jsonrpsee::{
    core::{client::ClientT, traits::ToRpcParams},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use primitives::{BlockHash, BlockRef};
use serde::{Deserialize, de::DeserializeOwned};
use sp_core::H256;

use super::{ForkError, items};

/// Values that a subnet has at most.
const MAX_VALUES: usize = 1_000_000;
/// Keys in one request: what nodes allow.
const PAGE: usize = 1_000;
/// Metadata is half a megabyte, a page of rows of weights a few.
const MAX_ANSWER: u32 = 64 << 20;

pub(super) struct Remote {
    client: WsClient,
    pub block: BlockRef,
    hash: H256,
    copied: AtomicUsize,
}

#[derive(Deserialize)]
struct Header {
    number: String,
}

#[derive(Deserialize)]
struct Changes {
    changes: Vec<(String, Option<String>)>,
}

impl Remote {
    /// A block, or the last final one.
    pub async fn connect(url: &str, at: Option<H256>) -> Result<Self, ForkError> {
        let builder = WsClientBuilder::default().max_response_size(MAX_ANSWER);
        let client = builder.build(url).await.map_err(|source| ForkError::Connect { url: url.to_owned(), source })?;
        let hash = match at {
            Some(hash) => hash,
            None => request(&client, "chain_getFinalizedHead", rpc_params![]).await?,
        };
        let method = "chain_getHeader";
        let header: Option<Header> = request(&client, method, rpc_params![hash]).await?;
        let number = header
            .as_ref()
            .and_then(|header| u64::from_str_radix(header.number.trim_start_matches("0x"), 16).ok())
            .ok_or_else(|| ForkError::Answer { method, reason: format!("no block {hash:?}") })?;
        let block = BlockRef { number, hash: BlockHash(hash.0) };
        Ok(Self { client, block, hash, copied: AtomicUsize::new(0) })
    }

    pub async fn metadata(&self) -> Result<RuntimeMetadataV14, ForkError> {
        let method = "state_getMetadata";
        let answer: String = request(&self.client, method, rpc_params![self.hash]).await?;
        let encoded = bytes(method, &answer)?;
        items::v14(&encoded).ok_or_else(|| ForkError::Answer { method, reason: "not metadata of version 14".into() })
    }

    /// Everything whose key begins so.
    pub async fn below(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>, ForkError> {
        let method = "state_getKeysPaged";
        let text = text(prefix);
        let (mut found, mut last) = (Vec::new(), None::<String>);
        loop {
            let page: Vec<String> = request(&self.client, method, rpc_params![&text, PAGE, &last, self.hash]).await?;
            let keys: Result<Vec<_>, _> = page.iter().map(|key| bytes(method, key)).collect();
            let keys = keys?;
            // A node that answers with other keys than were asked for would fill memory, or never end.
            let forward = keys.is_sorted() && keys.iter().all(|key| key.starts_with(prefix));
            if !forward || page.first().is_some_and(|first| last.as_ref().is_some_and(|last| first <= last)) {
                return Err(ForkError::Answer { method, reason: "keys that were not asked for".into() });
            }
            let full = page.len() >= PAGE;
            last = page.last().cloned();
            found.extend(self.values(keys).await?);
            if !full {
                return Ok(found);
            }
        }
    }

    /// The values of these keys, without those that have none.
    pub async fn values(&self, keys: Vec<Vec<u8>>) -> Result<Vec<(Vec<u8>, Vec<u8>)>, ForkError> {
        let method = "state_queryStorageAt";
        if self.copied.fetch_add(keys.len(), Ordering::Relaxed) + keys.len() > MAX_VALUES {
            return Err(ForkError::TooMuch { limit: MAX_VALUES });
        }
        let mut found = Vec::with_capacity(keys.len());
        for page in keys.chunks(PAGE) {
            let asked: Vec<String> = page.iter().map(|key| text(key)).collect();
            let answer: Vec<Changes> = request(&self.client, method, rpc_params![&asked, self.hash]).await?;
            let expected: HashSet<&String> = asked.iter().collect();
            for (key, value) in answer.into_iter().flat_map(|changes| changes.changes) {
                let Some(value) = value else { continue };
                if !expected.contains(&key) {
                    return Err(ForkError::Answer { method, reason: "a key that was not asked for".into() });
                }
                found.push((bytes(method, &key)?, bytes(method, &value)?));
            }
        }
        Ok(found)
    }
}

async fn request<R: DeserializeOwned>(
    client: &WsClient,
    method: &'static str,
    params: impl ToRpcParams + Send,
) -> Result<R, ForkError> {
    client.request(method, params).await.map_err(|source| ForkError::Request { method, source })
}

fn text(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn bytes(method: &'static str, text: &str) -> Result<Vec<u8>, ForkError> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text))
        .map_err(|error| ForkError::Answer { method, reason: error.to_string() })
}
