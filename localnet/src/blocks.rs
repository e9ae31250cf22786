//! The chain of blocks: the headers of the last ones, and of fewer the bodies and states.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use node_subtensor_runtime::Header;
use sp_core::H256;
use sp_runtime::{Digest, traits::Header as _};

use crate::{
    config::Limits,
    dump::Headers,
    state::{Delta, NodeStore},
};

/// A block's transactions, encoded. Shared with whoever answers for them.
pub(crate) type Body = Arc<Vec<Vec<u8>>>;

/// What is left of a header when number and parent are known by its place.
#[derive(Clone, Copy)]
struct Sealed {
    hash: H256,
    state_root: H256,
    extrinsics_root: H256,
}

/// What goes when the block leaves the window.
struct Kept {
    body: Body,
    delta: Delta,
    bytes: usize,
}

/// One linear chain: a block's place is its number.
pub(crate) struct Blocks {
    genesis: Header,
    genesis_hash: H256,
    /// The oldest header but for block 0's, its number and its parent.
    first: u32,
    first_parent: H256,
    headers: VecDeque<Sealed>,
    /// Almost always empty: this runtime seals no digests.
    digests: BTreeMap<u32, Digest>,
    /// By the first bytes of a hash, which suffice to find and not to compare.
    by_hash: HashMap<u64, u32>,
    kept: BTreeMap<u32, Kept>,
    kept_bytes: usize,
    /// From here on every block is kept.
    window: u32,
    /// Blocks that are kept though they left the window, and for how many reasons.
    pinned: BTreeMap<u32, u32>,
    finality_depth: u32,
    finalised: u32,
    /// The last block that clients are let see, where it is not the best one.
    stale: Option<u32>,
    /// Counts changes, so that who looks and then listens knows what is news.
    revision: u64,
    limits: Limits,
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
    /// A chain of block 0.
    pub fn new(genesis: Header, limits: Limits, finality_depth: u32) -> Self {
        let headers = Headers {
            first: 0,
            parent: *genesis.parent_hash(),
            sealed: vec![(*genesis.state_root(), *genesis.extrinsics_root(), genesis.digest().clone())],
        };
        Self::restore(genesis, &headers, Body::default(), limits, finality_depth)
    }

    /// A chain of these headers, which keeps the last one's body and state.
    pub fn restore(genesis: Header, headers: &Headers, body: Body, limits: Limits, finality_depth: u32) -> Self {
        let best = headers.first + (headers.sealed.len() as u32).saturating_sub(1);
        let mut blocks = Self {
            genesis_hash: genesis.hash(),
            genesis,
            first: headers.first,
            first_parent: headers.parent,
            headers: VecDeque::with_capacity(headers.sealed.len()),
            digests: BTreeMap::new(),
            by_hash: HashMap::new(),
            kept: BTreeMap::from([(best, Kept { body, delta: Delta::default(), bytes: 0 })]),
            kept_bytes: 0,
            window: best,
            pinned: BTreeMap::new(),
            finality_depth,
            finalised: best.saturating_sub(finality_depth),
            stale: None,
            revision: 0,
            limits,
        };
        for (hash, header) in headers.iter() {
            blocks.seal(hash, &header);
        }
        blocks
    }

    /// The headers that are kept.
    pub fn headers(&self) -> Headers {
        let sealed = (self.first..).zip(&self.headers).map(|(number, sealed)| {
            (sealed.state_root, sealed.extrinsics_root, self.digests.get(&number).cloned().unwrap_or_default())
        });
        Headers { first: self.first, parent: self.first_parent, sealed: sealed.collect() }
    }

    fn seal(&mut self, hash: H256, header: &Header) {
        self.by_hash.insert(short(hash), header.number);
        self.headers.push_back(Sealed {
            hash,
            state_root: *header.state_root(),
            extrinsics_root: *header.extrinsics_root(),
        });
        if !header.digest().logs().is_empty() {
            self.digests.insert(header.number, header.digest().clone());
        }
    }

    /// Add a block whose state differs from its parent's by `delta`, and drop what leaves the window.
    pub fn push(&mut self, header: &Header, body: Body, (delta, bytes): (Delta, usize), nodes: &NodeStore) -> H256 {
        let (hash, number) = (header.hash(), header.number);
        self.prune_headers(nodes);
        self.seal(hash, header);
        let bytes = bytes + body.iter().map(Vec::len).sum::<usize>();
        self.kept_bytes += bytes;
        self.kept.insert(number, Kept { body, delta, bytes });
        self.finalised = self.finalised.max(number.saturating_sub(self.finality_depth));
        self.prune(number, nodes);
        self.revision += 1;
        hash
    }

    fn prune(&mut self, best: u32, nodes: &NodeStore) {
        // What can still be replaced must stay.
        let last = best.min(self.finalised);
        while self.window < last
            && (best - self.window >= self.limits.kept_blocks.max(1) || self.kept_bytes > self.limits.kept_bytes)
        {
            let number = self.window;
            self.window += 1;
            if !self.pinned.contains_key(&number) {
                self.drop_kept(number, nodes);
            }
        }
    }

    /// Make room for one more header. Before it comes, so that what holds them never grows beyond their number.
    fn prune_headers(&mut self, nodes: &NodeStore) {
        let kept = self.limits.kept_headers.max(self.limits.kept_blocks).max(1) as usize;
        while self.headers.len() >= kept && self.first < self.window {
            let Some(old) = self.headers.pop_front() else { break };
            if self.by_hash.get(&short(old.hash)) == Some(&self.first) {
                self.by_hash.remove(&short(old.hash));
            }
            self.digests.remove(&self.first);
            if self.pinned.remove(&self.first).is_some() {
                self.drop_kept(self.first, nodes);
            }
            self.first_parent = old.hash;
            self.first += 1;
        }
    }

    fn drop_kept(&mut self, number: u32, nodes: &NodeStore) {
        let Some(gone) = self.kept.remove(&number) else { return };
        self.kept_bytes -= gone.bytes;
        let has_older = self.kept.range(..number).next().is_some();
        let Some((_, next)) = self.kept.range_mut(number..).next() else { return };
        if has_older {
            nodes.drop_between(gone.delta, &mut next.delta);
        } else {
            nodes.drop_first(&mut next.delta);
        }
    }

    /// Keep a block's state whatever happens, until [`Self::unpin`] or until its header goes. Says whether it is kept.
    pub fn pin(&mut self, number: u32) -> bool {
        let kept = self.kept.contains_key(&number);
        if kept {
            *self.pinned.entry(number).or_default() += 1;
        }
        kept
    }

    /// Whether this is a block of the chain and its state is kept.
    pub fn is_kept(&self, number: u32, hash: H256) -> bool {
        self.kept.contains_key(&number) && self.header_at(number).is_some_and(|header| header.hash() == hash)
    }

    /// Take one [`Self::pin`] back.
    pub fn unpin(&mut self, number: u32, nodes: &NodeStore) {
        let Some(pins) = self.pinned.get_mut(&number) else { return };
        *pins -= 1;
        if *pins == 0 {
            self.pinned.remove(&number);
            if number < self.window {
                self.drop_kept(number, nodes);
            }
        }
    }

    /// Go back to a block whose state is kept: later ones never were.
    pub fn truncate(&mut self, number: u32, nodes: &NodeStore) -> bool {
        if !self.kept.contains_key(&number) {
            return false;
        }
        while let Some(last) = self.headers.len().checked_sub(1)
            && self.first + last as u32 > number
        {
            let gone = self.first + last as u32;
            if let Some(sealed) = self.headers.pop_back()
                && self.by_hash.get(&short(sealed.hash)) == Some(&gone)
            {
                self.by_hash.remove(&short(sealed.hash));
            }
            if let Some(kept) = self.kept.remove(&gone) {
                self.kept_bytes -= kept.bytes;
                nodes.drop_last(kept.delta);
            }
        }
        self.digests.split_off(&(number + 1));
        self.pinned.split_off(&(number + 1));
        self.window = self.window.min(number);
        if number < self.finalised {
            self.finalised = number.saturating_sub(self.finality_depth);
        }
        if self.stale.is_some_and(|stale| stale > number) {
            self.stale = self.pin(number).then_some(number);
        }
        self.revision += 1;
        true
    }

    /// Let clients see nothing later than the best block of now, or everything again. Says whether that is a change.
    pub fn set_stale(&mut self, stale: bool, nodes: &NodeStore) -> bool {
        match self.stale {
            None if stale => {
                let best = self.best_number();
                self.stale = self.pin(best).then_some(best);
            }
            Some(number) if !stale => {
                self.stale = None;
                self.unpin(number, nodes);
            }
            _ => return false,
        }
        self.revision += 1;
        true
    }

    /// How many of the last blocks can be replaced: they are not final, and the state before them is kept.
    pub fn replaceable(&self) -> u32 {
        self.best_number() - self.finalised.max(self.window)
    }

    /// Block 0.
    pub fn genesis(&self) -> &Header {
        &self.genesis
    }

    /// The best block's transactions.
    pub fn best_body(&self) -> Body {
        self.kept.get(&self.best_number()).map(|kept| kept.body.clone()).unwrap_or_default()
    }

    /// Whether clients see less than there is.
    pub fn is_stale(&self) -> bool {
        self.stale.is_some()
    }

    /// How often the chain changed.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn best_number(&self) -> u32 {
        self.first + (self.headers.len() as u32).saturating_sub(1)
    }

    /// The last block, whether clients see it or not.
    pub fn best(&self) -> (H256, Header) {
        let number = self.best_number();
        match self.sealed(number) {
            Some(sealed) => (sealed.hash, self.unsealed(number, sealed)),
            // There is always one.
            None => (self.genesis_hash, self.genesis.clone()),
        }
    }

    /// The last block that nothing replaces any more.
    pub fn finalised_number(&self) -> u32 {
        self.finalised
    }

    /// The last such block that clients see.
    pub fn finalised(&self) -> u32 {
        self.finalised.min(self.head_number())
    }

    /// The last block that clients see.
    pub fn head_number(&self) -> u32 {
        self.stale.unwrap_or_else(|| self.best_number())
    }

    /// The hash of the last block that clients see.
    pub fn head(&self) -> Option<H256> {
        self.hash(self.head_number())
    }

    /// A block's hash by its number.
    pub fn hash(&self, number: u32) -> Option<H256> {
        match number {
            0 => Some(self.genesis_hash),
            _ if number > self.head_number() => None,
            _ => self.sealed(number).map(|sealed| sealed.hash),
        }
    }

    /// A header, of the head where none is named.
    pub fn header(&self, hash: Option<H256>) -> Option<Header> {
        self.header_at(self.number(hash)?)
    }

    /// A header by its number.
    pub fn header_at(&self, number: u32) -> Option<Header> {
        match number {
            0 => Some(self.genesis.clone()),
            _ => Some(self.unsealed(number, self.sealed(number)?)),
        }
    }

    /// A block's transactions, if it is young enough.
    pub fn body(&self, hash: Option<H256>) -> Option<(Header, Body)> {
        let body = self.kept.get(&self.number(hash)?)?.body.clone();
        Some((self.header(hash)?, body))
    }

    /// The root of a block's state.
    pub fn state_root(&self, hash: Option<H256>) -> Result<H256, NoState> {
        let header = self.header(hash).ok_or(NoState::Unknown(hash.unwrap_or_default()))?;
        match self.kept.get(&header.number) {
            Some(_) => Ok(*header.state_root()),
            None => Err(NoState::Discarded(self.hash(header.number).unwrap_or_default())),
        }
    }

    /// A block's number by its hash, of the head where none is named.
    pub fn number(&self, hash: Option<H256>) -> Option<u32> {
        match hash {
            None => Some(self.head_number()),
            Some(hash) if hash == self.genesis_hash => Some(0),
            Some(hash) => {
                let number = *self.by_hash.get(&short(hash))?;
                (number <= self.head_number() && self.sealed(number)?.hash == hash).then_some(number)
            }
        }
    }

    fn sealed(&self, number: u32) -> Option<Sealed> {
        self.headers.get(number.checked_sub(self.first)? as usize).copied()
    }

    fn unsealed(&self, number: u32, sealed: Sealed) -> Header {
        let parent = number.checked_sub(1).and_then(|parent| self.sealed(parent));
        Header::new(
            number,
            sealed.extrinsics_root,
            sealed.state_root,
            parent.map_or(self.first_parent, |parent| parent.hash),
            self.digests.get(&number).cloned().unwrap_or_default(),
        )
    }
}

fn short(hash: H256) -> u64 {
    hash.to_low_u64_ne()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sp_runtime::traits::BlakeTwo256;
    use sp_state_machine::{IterArgs, backend::Backend};

    use super::*;
    use crate::state::STATE_VERSION;

    type Values = BTreeMap<Vec<u8>, Vec<u8>>;

    /// The chain under test, and what its states should be.
    struct Pair {
        blocks: Blocks,
        nodes: NodeStore,
        values: BTreeMap<u32, Values>,
    }

    impl Pair {
        fn new(kept_blocks: u32) -> Self {
            let root = sp_trie::empty_trie_root::<sp_trie::LayoutV1<BlakeTwo256>>();
            let genesis = Header::new(0, H256::zero(), root, H256::zero(), Digest::default());
            let limits = Limits { kept_blocks, kept_headers: 100, ..Limits::default() };
            Self {
                blocks: Blocks::new(genesis, limits, 0),
                nodes: NodeStore::default(),
                values: BTreeMap::from([(0, Values::new())]),
            }
        }

        fn push(&mut self, changes: &[(Vec<u8>, Option<Vec<u8>>)]) {
            let (parent, header) = self.blocks.best();
            let state = self.nodes.reader().state(*header.state_root());
            let changed = changes.iter().map(|(key, value)| (key.as_slice(), value.as_deref()));
            let (root, transaction) = state.storage_root(changed, STATE_VERSION);
            let next = Header::new(header.number + 1, H256::zero(), root, parent, Digest::default());
            let delta = self.nodes.apply(transaction);
            self.blocks.push(&next, Body::default(), delta, &self.nodes);
            let mut values = self.values[&header.number].clone();
            for (key, value) in changes {
                match value {
                    Some(value) => values.insert(key.clone(), value.clone()),
                    None => values.remove(key),
                };
            }
            self.values.insert(next.number, values);
        }

        /// Every state that should be kept can be read whole. Returns how many there are.
        fn check(&self) -> usize {
            for number in self.blocks.kept.keys() {
                let root = *self.blocks.header_at(*number).unwrap().state_root();
                let state = self.nodes.reader().state(root);
                let read: Values = state.pairs(IterArgs::default()).unwrap().map(Result::unwrap).collect();
                assert_eq!(read, self.values[number], "block {number}");
            }
            self.blocks.kept.len()
        }
    }

    /// Numbers that look random.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }

        fn changes(&mut self) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
            let change = |dice: &mut Self| {
                let key = vec![dice.roll(4) as u8 * 16, dice.roll(8) as u8];
                // Long values are nodes of their own.
                let value = vec![dice.roll(3) as u8; [1, 40][dice.roll(2) as usize]];
                (key, (dice.roll(3) > 0).then_some(value))
            };
            let changes: BTreeMap<_, _> = (0..self.roll(5)).map(|_| change(self)).collect();
            changes.into_iter().collect()
        }
    }

    #[test]
    fn states_are_whole_and_nodes_go_whatever_is_pinned_and_taken_back() {
        for seed in 0..12 {
            let (mut dice, mut pair, mut pins) = (Dice(seed), Pair::new(4), Vec::new());
            for _ in 0..300 {
                match dice.roll(10) {
                    0 => {
                        let best = pair.blocks.best_number();
                        assert!(pair.blocks.pin(best));
                        pins.push(best);
                    }
                    1 if !pins.is_empty() => {
                        let pin = pins.swap_remove(dice.roll(pins.len() as u64) as usize);
                        pair.blocks.unpin(pin, &pair.nodes);
                    }
                    2 => {
                        let kept: Vec<u32> = pair.blocks.kept.keys().copied().collect();
                        let number = kept[dice.roll(kept.len() as u64) as usize];
                        assert!(pair.blocks.truncate(number, &pair.nodes));
                        pins.retain(|pin| *pin <= number);
                    }
                    _ => pair.push(&dice.changes()),
                }
                let kept = pair.check();
                assert!(kept <= 4 + pins.len() && pins.iter().all(|pin| pair.blocks.kept.contains_key(pin)));
            }
            for pin in pins {
                pair.blocks.unpin(pin, &pair.nodes);
            }
            // One value, in every kept state: one node, or two as it is long.
            let all: Vec<_> = pair.values[&pair.blocks.best_number()].keys().map(|key| (key.clone(), None)).collect();
            pair.push(&all);
            pair.push(&[(b"only".to_vec(), Some(vec![7; 40]))]);
            for _ in 0..4 {
                pair.push(&[]);
            }
            assert_eq!((pair.check(), pair.nodes.len()), (4, 2), "seed {seed}");
        }
    }

    #[test]
    fn who_reads_may_finish() {
        let mut pair = Pair::new(1);
        pair.push(&[(b"a".to_vec(), Some(vec![1; 40]))]);
        let reader = pair.nodes.reader();
        let state = reader.state(pair.blocks.state_root(None).unwrap());
        for _ in 0..3 {
            pair.push(&[(b"a".to_vec(), Some(vec![2; 40]))]);
            pair.push(&[(b"a".to_vec(), None)]);
        }
        assert_eq!(state.storage(b"a").unwrap(), Some(vec![1; 40]));
        drop(state);
        pair.push(&[]);
        assert_eq!(pair.nodes.len(), 0);
    }

    #[test]
    fn headers_are_whole_as_long_as_they_are_kept() {
        let mut pair = Pair::new(4);
        let mut headers = vec![pair.blocks.best().1];
        for number in 1..=250u8 {
            pair.push(&[(vec![number], Some(vec![number]))]);
            headers.push(pair.blocks.best().1);
        }
        for (number, header) in (0u32..).zip(&headers) {
            let kept = number == 0 || number > 150;
            assert_eq!(pair.blocks.hash(number), kept.then(|| header.hash()), "{number}");
            assert_eq!(pair.blocks.header(Some(header.hash())), kept.then(|| header.clone()), "{number}");
        }
        assert_eq!(pair.blocks.by_hash.len(), 100);
    }
}
