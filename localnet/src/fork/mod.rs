//! One subnet of a running chain, copied: neurons, rows of weights and bonds, hyperparameters, stake, and the pool.
//!
//! Values are copied as bytes, not understood: an item is taken over if its keys and its value have the same shape on
//! both chains, and is named in [`Fork::skipped`] if not.

mod items;
mod remote;
mod shape;

use node_subtensor_runtime::{BlockNumber, SubtensorModule, System};
use primitives::{BlockHash, BlockRef, NetUid};
use sp_core::{H256, storage::Storage};
use sp_state_machine::BasicExternalities;

use items::Keyed;
use remote::Remote;

/// What was copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Fork {
    /// Which subnet.
    pub netuid: NetUid,
    /// As of which block.
    pub at: BlockRef,
    /// Storage items that exist here and have another shape there, or do not exist there.
    pub skipped: Vec<String>,
    pub(crate) storage: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Why nothing was copied.
#[derive(Debug, thiserror::Error)]
pub enum ForkError {
    /// Nobody answers there.
    #[error("can't connect to {url}")]
    Connect {
        /// Where.
        url: String,
        /// What the connection said.
        #[source]
        source: jsonrpsee::core::ClientError,
    },
    /// The node refused a request. A pruned node refuses old blocks: ask an archive.
    #[error("{method} failed")]
    Request {
        /// Which request.
        method: &'static str,
        /// What the node said.
        #[source]
        source: jsonrpsee::core::ClientError,
    },
    /// The node's answer is no such thing.
    #[error("{method}: {reason}")]
    Answer {
        /// Which request.
        method: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such subnet at that block.
    #[error("no subnet {netuid} at block {block}")]
    NoSubnet {
        /// Which.
        netuid: u16,
        /// At which block.
        block: u64,
    },
    /// More than a subnet is expected to have.
    #[error("more than {limit} values to copy")]
    TooMuch {
        /// How many are copied at most.
        limit: usize,
    },
}

impl Fork {
    /// The number of [`Fork::at`], as the chain counts.
    pub(crate) fn block_number(&self) -> BlockNumber {
        BlockNumber::try_from(self.at.number).unwrap_or(BlockNumber::MAX)
    }

    /// Into a state without this subnet.
    pub(crate) fn put(&self, state: &mut Storage) {
        state.top.extend(self.storage.iter().cloned());
        BasicExternalities::execute_with_storage(state, || {
            System::set_block_number(self.block_number());
            SubtensorModule::adopt_network(self.netuid.0);
        });
    }
}

/// Copy a subnet from the node at `url` (`ws://` or `wss://`), as of a block or else the last final one.
pub async fn fork(url: &str, netuid: NetUid, at: Option<BlockHash>) -> Result<Fork, ForkError> {
    let remote = Remote::connect(url, at.map(|hash| H256(hash.0))).await?;
    let there = remote.metadata().await?;
    let compared = items::compare(&there);
    let mut storage = Vec::new();

    let exists = compared.items.iter().find(|item| item.name == "NetworksAdded");
    let added = match exists {
        Some(item) => remote.values(vec![item.key(&[&netuid.0.to_le_bytes()])]).await?,
        None => Vec::new(),
    };
    if !added.iter().any(|(_, value)| value == &[1]) {
        return Err(ForkError::NoSubnet { netuid: netuid.0, block: remote.block.number });
    }

    // What is keyed by netuid, or by the storage index of one of its mechanisms.
    let mechanisms = (0..items::MAX_MECHANISMS).map(|mecid| mecid * 4_096 + netuid.0);
    let indices: Vec<[u8; 2]> = mechanisms.map(u16::to_le_bytes).collect();
    let mut hotkeys = Vec::new();
    for item in compared.items.iter().filter(|item| item.keyed == Keyed::ByNetuid) {
        for index in &indices {
            let found = remote.below(&item.key(&[index])).await?;
            if item.name == "Keys" {
                hotkeys.extend(found.iter().map(|(_, hotkey)| hotkey.clone()));
            }
            storage.extend(found);
        }
    }
    // What is keyed by hotkey: of the hotkeys with a seat, in this subnet and on root.
    let netuids = [netuid.0.to_le_bytes(), [0, 0]];
    let mut exact = Vec::new();
    for item in &compared.items {
        match item.keyed {
            Keyed::Alone => exact.push(item.prefix.clone()),
            Keyed::ByHotkey => exact.extend(hotkeys.iter().map(|hotkey| item.key(&[hotkey]))),
            Keyed::ByHotkeyAndNetuid => {
                for hotkey in &hotkeys {
                    exact.extend(netuids.iter().map(|netuid| item.key(&[hotkey, netuid])));
                }
            }
            Keyed::ByHotkeyColdkeyAndNetuid => {
                for hotkey in &hotkeys {
                    let shares = remote.below(&item.key(&[hotkey])).await?;
                    storage.extend(shares.into_iter().filter(|(key, _)| netuids.iter().any(|id| key.ends_with(id))));
                }
            }
            Keyed::ByNetuid | Keyed::Otherwise => {}
        }
    }
    storage.extend(remote.values(exact).await?);
    Ok(Fork { netuid, at: remote.block, skipped: compared.skipped, storage })
}
