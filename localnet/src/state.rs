//! States: one map of trie nodes shared by all of them, each counted by how many places refer to it. A state is a
//! root; a block adds the nodes that it made and, when its parent's state is dropped, takes away those that it
//! replaced.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;
use sp_core::{H256, storage::StateVersion};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{BackendTransaction, TrieBackend, TrieBackendBuilder, TrieBackendStorage};
use sp_trie::{DBValue, prefixed_key};

/// The trie format of the chain.
pub(crate) const STATE_VERSION: StateVersion = StateVersion::V1;

/// One state, to be read or built upon.
pub(crate) type State = TrieBackend<NodeStore, BlakeTwo256>;

/// All trie nodes of all kept states. A clone shares them.
#[derive(Clone, Default)]
pub(crate) struct NodeStore(Arc<RwLock<HashMap<Vec<u8>, Node>>>);

struct Node {
    value: DBValue,
    references: i32,
}

/// The nodes that a block made no longer needed: taken away with its parent's state.
#[derive(Default)]
pub(crate) struct Obsolete(Vec<(Vec<u8>, i32)>);

impl TrieBackendStorage<BlakeTwo256> for NodeStore {
    fn get(&self, key: &H256, prefix: hash_db::Prefix<'_>) -> Result<Option<DBValue>, String> {
        let key = prefixed_key::<BlakeTwo256>(key, prefix);
        Ok(self.0.read().get(&key).map(|node| node.value.clone()))
    }
}

impl NodeStore {
    /// The state at a root.
    pub fn state(&self, root: H256) -> State {
        TrieBackendBuilder::new(self.clone(), root).build()
    }

    /// Add what a block made.
    pub fn apply(&self, mut changes: BackendTransaction<BlakeTwo256>) -> Obsolete {
        let mut nodes = self.0.write();
        let mut obsolete = Vec::new();
        for (key, (value, references)) in changes.drain() {
            if references < 0 {
                obsolete.push((key, -references));
            } else if references > 0 {
                nodes.entry(key).or_insert(Node { value, references: 0 }).references += references;
            }
        }
        Obsolete(obsolete)
    }

    /// Take away what only a dropped state needed.
    pub fn drop_obsolete(&self, Obsolete(obsolete): Obsolete) {
        let mut nodes = self.0.write();
        for (key, references) in obsolete {
            if let Some(node) = nodes.get_mut(&key) {
                node.references -= references;
                if node.references <= 0 {
                    nodes.remove(&key);
                }
            }
        }
    }

    /// How many nodes are kept.
    pub fn len(&self) -> usize {
        self.0.read().len()
    }
}
