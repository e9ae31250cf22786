//! A chain in another process, and what its developer tells it.

use std::{path::Path, time::Duration};

use jsonrpsee::{
    core::{ClientError, client::ClientT, traits::ToRpcParams},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Faults,
    dump::{Dump, DumpError},
};

/// Blocks in one request: at the slowest they take as many seconds as a request may.
const MINED_AT_ONCE: u32 = 250;
/// A dump has the whole state.
const MAX_ANSWER: u32 = 256 << 20;

/// An embedded chain that listens somewhere.
pub struct Control {
    client: WsClient,
}

/// Why it did not do as it was told.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody answers there.
    #[error("can't connect to {url}")]
    Connect {
        /// Where.
        url: String,
        /// What the connection said.
        #[source]
        source: ClientError,
    },
    /// It refused, or it is no embedded chain.
    #[error("{method} failed")]
    Request {
        /// Which request.
        method: &'static str,
        /// What was answered.
        #[source]
        source: ClientError,
    },
    /// The answer to `dev_dump` is not hex.
    #[error("dev_dump answered with something else than bytes")]
    Dump(#[source] hex::FromHexError),
    /// The file can't be written, or what was answered is no dump.
    #[error(transparent)]
    File(#[from] DumpError),
}

impl Control {
    /// Connect to a chain at `ws://…`.
    pub async fn connect(url: &str) -> Result<Self, ControlError> {
        let builder =
            WsClientBuilder::default().max_response_size(MAX_ANSWER).request_timeout(Duration::from_secs(300));
        let client =
            builder.build(url).await.map_err(|source| ControlError::Connect { url: url.to_owned(), source })?;
        Ok(Self { client })
    }

    /// Make blocks; returns the height afterwards.
    pub async fn mine(&self, count: u32) -> Result<u64, ControlError> {
        let mut left = count;
        while left > 0 {
            let now = left.min(MINED_AT_ONCE);
            self.ask::<Value>("dev_newBlock", rpc_params![now]).await?;
            left -= now;
        }
        let method = "chain_getHeader";
        let header: Value = self.ask(method, rpc_params![]).await?;
        let digits = header["number"].as_str().unwrap_or_default().trim_start_matches("0x");
        Ok(u64::from_str_radix(digits, 16).unwrap_or_default())
    }

    /// Let the chain's clock leap; returns the next block's time, in milliseconds since 1970.
    pub async fn increase_time(&self, seconds: u64) -> Result<u64, ControlError> {
        self.ask("dev_increaseTime", rpc_params![seconds]).await
    }

    /// Remember the chain as it is; returns the number by which to come back.
    pub async fn snapshot(&self) -> Result<u64, ControlError> {
        self.ask("dev_snapshot", rpc_params![]).await
    }

    /// Go back to a snapshot; false where there is none of this number.
    pub async fn revert(&self, snapshot: u64) -> Result<bool, ControlError> {
        self.ask("dev_revert", rpc_params![snapshot]).await
    }

    /// Write the chain into a file, for [`Config::load`](crate::Config::load). The file is as before or whole.
    pub async fn dump(&self, path: &Path) -> Result<(), ControlError> {
        let text: String = self.ask("dev_dump", rpc_params![]).await?;
        let bytes = hex::decode(text.trim_start_matches("0x")).map_err(ControlError::Dump)?;
        Dump::from_bytes(&bytes, path)?.write(path)?;
        Ok(())
    }

    /// Replace the last blocks by others; returns the best block's hash.
    pub async fn reorg(&self, depth: u32) -> Result<String, ControlError> {
        self.ask("dev_reorg", rpc_params![depth]).await
    }

    /// Let the runtime's version rise; returns it.
    pub async fn bump_spec_version(&self) -> Result<u32, ControlError> {
        self.ask("dev_bumpSpecVersion", rpc_params![]).await
    }

    /// What goes wrong on purpose from now on.
    pub async fn set_faults(&self, faults: &Faults) -> Result<(), ControlError> {
        self.ask::<Value>("dev_setFault", rpc_params![json(faults)]).await.map(drop)
    }

    async fn ask<R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: impl ToRpcParams + Send,
    ) -> Result<R, ControlError> {
        self.client.request(method, params).await.map_err(|source| ControlError::Request { method, source })
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
