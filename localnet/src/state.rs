//! States: one map of trie nodes shared by all of them, each counted by how many places refer to it. A state is a
//! root; a block's [`Delta`] says what tells its state from the one before.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Weak},
};

use parking_lot::{Mutex, RwLock};
use sp_core::{H256, storage::StateVersion};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{BackendTransaction, TrieBackend, TrieBackendBuilder, TrieBackendStorage};
use sp_trie::{DBValue, prefixed_key};

/// The trie format of the chain.
pub(crate) const STATE_VERSION: StateVersion = StateVersion::V1;

/// What a node takes besides key and value, in the map and in the differences that name it.
const BYTES_PER_NODE: usize = 160;

/// One state, to be read or built upon.
pub(crate) type State = TrieBackend<Reader, BlakeTwo256>;

/// A node's place in a trie, and its hash.
type Key = Arc<[u8]>;

/// All trie nodes of all kept states.
#[derive(Default)]
pub(crate) struct NodeStore {
    nodes: Arc<RwLock<HashMap<Key, Node>>>,
    garbage: Mutex<Garbage>,
}

struct Node {
    value: DBValue,
    references: i32,
}

/// What a state needs more (above zero) and less (below) than the one before it. The former is in the store, the latter
/// is still in it.
#[derive(Default)]
pub(crate) struct Delta(HashMap<Key, i32>);

/// References to be taken away as soon as nobody reads who may follow them.
#[derive(Default)]
struct Garbage {
    readers: Arc<Readers>,
    waiting: VecDeque<Discarded>,
}

struct Discarded {
    /// Who may still read it.
    by: Weak<Readers>,
    references: Vec<(Key, i32)>,
}

/// Held by those who began to read at about one time.
#[derive(Default)]
struct Readers;

/// Takes part in reading: as long as it lives, no state goes that was kept when it was made.
#[derive(Clone)]
pub(crate) struct Reader {
    nodes: Arc<RwLock<HashMap<Key, Node>>>,
    _reading: Arc<Readers>,
}

impl TrieBackendStorage<BlakeTwo256> for Reader {
    fn get(&self, key: &H256, prefix: hash_db::Prefix<'_>) -> Result<Option<DBValue>, String> {
        let key = prefixed_key::<BlakeTwo256>(key, prefix);
        Ok(self.nodes.read().get(key.as_slice()).map(|node| node.value.clone()))
    }
}

impl Reader {
    /// The state at a root, which must have been kept when this was made.
    pub fn state(self, root: H256) -> State {
        TrieBackendBuilder::new(self, root).build()
    }
}

impl NodeStore {
    /// Begin to read. Make this first, and look then which states are kept.
    pub fn reader(&self) -> Reader {
        Reader { nodes: self.nodes.clone(), _reading: self.garbage.lock().readers.clone() }
    }

    /// Add what a block made. Also says how many bytes of memory that takes, about.
    pub fn apply(&self, mut changes: BackendTransaction<BlakeTwo256>) -> (Delta, usize) {
        let mut nodes = self.nodes.write();
        let (mut delta, mut bytes) = (HashMap::new(), 0);
        for (key, (value, references)) in changes.drain() {
            let key = match nodes.get_key_value(key.as_slice()) {
                Some((known, _)) => known.clone(),
                None => Key::from(key),
            };
            if references > 0 {
                bytes += key.len() + value.len() + BYTES_PER_NODE;
                nodes.entry(key.clone()).or_insert(Node { value, references: 0 }).references += references;
            }
            if references != 0 {
                delta.insert(key, references);
            }
        }
        (Delta(delta), bytes)
    }

    /// The state before this one goes, and it was the first.
    pub fn drop_first(&self, next: &mut Delta) {
        self.discard(next.0.drain().filter(|(_, references)| *references < 0).collect());
    }

    /// The last state goes.
    pub fn drop_last(&self, last: Delta) {
        self.discard(last.0.into_iter().filter(|(_, references)| *references > 0).collect());
    }

    /// A state goes that is neither: the next one follows the one before it.
    pub fn drop_between(&self, gone: Delta, next: &mut Delta) {
        let (mut large, small) = (gone.0, std::mem::take(&mut next.0));
        let mut discarded = Vec::new();
        for (key, references) in small {
            match large.entry(key) {
                Entry::Vacant(vacant) => {
                    vacant.insert(references);
                }
                Entry::Occupied(mut occupied) => {
                    let before = *occupied.get();
                    if before.signum() != references.signum() {
                        discarded.push((occupied.key().clone(), before.abs().min(references.abs())));
                    }
                    match before + references {
                        0 => drop(occupied.remove()),
                        sum => *occupied.get_mut() = sum,
                    }
                }
            }
        }
        next.0 = large;
        self.discard(discarded);
    }

    fn discard(&self, references: Vec<(Key, i32)>) {
        let mut garbage = self.garbage.lock();
        // Whoever begins to read from here on looks for a state after this one is gone.
        let readers = std::mem::take(&mut garbage.readers);
        garbage.waiting.push_back(Discarded { by: Arc::downgrade(&readers), references });
        drop(readers);
        while garbage.waiting.front().is_some_and(|discarded| discarded.by.strong_count() == 0) {
            let Some(discarded) = garbage.waiting.pop_front() else { break };
            let mut nodes = self.nodes.write();
            for (key, references) in discarded.references {
                if let Some(node) = nodes.get_mut(&key) {
                    node.references -= references.abs();
                    if node.references <= 0 {
                        nodes.remove(&key);
                    }
                }
            }
        }
    }

    /// How many nodes are kept.
    pub fn len(&self) -> usize {
        self.nodes.read().len()
    }
}
