//! The chain of blocks: every header, the bodies and states of the last ones.

use std::{collections::HashMap, sync::Arc};

use node_subtensor_runtime::Header;
use sp_core::H256;
use sp_runtime::traits::Header as _;

use crate::state::{NodeStore, Obsolete};

/// A block's transactions, encoded. Shared with whoever answers for them.
pub(crate) type Body = Arc<Vec<Vec<u8>>>;

/// A block as it is kept.
struct Entry {
    hash: H256,
    header: Header,
    kept: Option<Kept>,
}

/// What goes when the block leaves the window.
struct Kept {
    body: Body,
    obsolete: Obsolete,
}

/// One linear chain: a block's place is its number.
pub(crate) struct Blocks {
    entries: Vec<Entry>,
    by_hash: HashMap<H256, u32>,
    window: u32,
    oldest_kept: u32,
}

/// Why there is no state to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoState {
    #[error("UnknownBlock: Header was not found in the database: {0:?}")]
    Unknown(H256),
    #[error("UnknownBlock: State already discarded for {0:?}")]
    Discarded(H256),
}

impl Blocks {
    /// A chain of one block, keeping `window` states (at least one).
    pub fn new(genesis: Header, window: u32) -> Self {
        let hash = genesis.hash();
        let kept = Some(Kept { body: Body::default(), obsolete: Obsolete::default() });
        Self {
            entries: vec![Entry { hash, header: genesis, kept }],
            by_hash: HashMap::from([(hash, 0)]),
            window: window.max(1),
            oldest_kept: 0,
        }
    }

    /// Add a block, and drop what leaves the window.
    pub fn push(&mut self, header: Header, body: Body, obsolete: Obsolete, nodes: &NodeStore) -> H256 {
        let (hash, number) = (header.hash(), header.number);
        self.by_hash.insert(hash, number);
        self.entries.push(Entry { hash, header, kept: Some(Kept { body, obsolete }) });
        while self.oldest_kept + self.window <= number {
            self.entries[self.oldest_kept as usize].kept = None;
            self.oldest_kept += 1;
            // The nodes that the next block replaced were only needed by the state that went.
            if let Some(next) = &mut self.entries[self.oldest_kept as usize].kept {
                nodes.drop_obsolete(std::mem::take(&mut next.obsolete));
            }
        }
        hash
    }

    /// The last block.
    pub fn best(&self) -> (H256, &Header) {
        let last = &self.entries[self.entries.len() - 1];
        (last.hash, &last.header)
    }

    /// A block's hash by its number.
    pub fn hash(&self, number: u32) -> Option<H256> {
        self.entries.get(number as usize).map(|entry| entry.hash)
    }

    /// A header, of the best block where none is named.
    pub fn header(&self, hash: Option<H256>) -> Option<&Header> {
        self.entry(hash).map(|entry| &entry.header)
    }

    /// A block's transactions, if it is young enough.
    pub fn body(&self, hash: Option<H256>) -> Option<(&Header, Body)> {
        let entry = self.entry(hash)?;
        Some((&entry.header, entry.kept.as_ref()?.body.clone()))
    }

    /// The root of a block's state.
    pub fn state_root(&self, hash: Option<H256>) -> Result<H256, NoState> {
        let entry = self.entry(hash).ok_or(NoState::Unknown(hash.unwrap_or_default()))?;
        match entry.kept {
            Some(_) => Ok(*entry.header.state_root()),
            None => Err(NoState::Discarded(entry.hash)),
        }
    }

    fn entry(&self, hash: Option<H256>) -> Option<&Entry> {
        match hash {
            None => self.entries.last(),
            Some(hash) => self.entries.get(*self.by_hash.get(&hash)? as usize),
        }
    }
}
