//! Which requests were already served.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, HashSet},
};

use primitives::Hotkey;

use crate::{
    envelope::Opened,
    limits::{CLOCK_WINDOW_MS, MAX_NONCES_PER_SIGNER},
};

/// Why a request that was signed well is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NonceError {
    /// Served before.
    #[error("the request was served already")]
    Replayed,
    /// Issued before this store began to remember, or before something that it has forgotten.
    #[error("the request was issued before {floor_ms}: an earlier process may have served it")]
    BeforeMemory {
        /// What was issued until then (Unix milliseconds, included) is refused.
        floor_ms: u64,
    },
    /// The signer has too many live requests.
    #[error("the signer has {0} live requests")]
    Full(usize),
}

/// Remembers what was served, so that nothing is served twice, neither within this process nor after a restart, and
/// whatever the clock does.
///
/// * A nonce is kept until its request has expired and has left the clock window.
/// * When it is forgotten, everything issued up to its `issued_ms` is refused from then on: a clock that is set back
///   doesn't bring a forgotten request to life. With a steady clock such requests are stale anyway.
/// * A store refuses what was issued up to the moment of its creation. An earlier process of the same miner can only
///   have served requests issued before its own end, because a request from the future is served when its time has
///   come ([`NonceStore::served_from`]). So a restart needs no quarantine, and one number on disk: the latest
///   `issued_ms` that was served, for a clock that was set back between the two.
/// * At [`MAX_NONCES_PER_SIGNER`] a signer is refused; others are not touched.
#[derive(Debug)]
pub struct NonceStore {
    /// Issued up to here: refused.
    floor_ms: u64,
    live: HashMap<Hotkey, HashSet<[u8; 16]>>,
    /// Earliest to forget first.
    order: BinaryHeap<Reverse<Kept>>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    until_ms: u64,
    issued_ms: u64,
    signer: Hotkey,
    nonce: [u8; 16],
}

impl NonceStore {
    /// An empty store of a process that serves what was issued after `floor_ms`: the moment at which it owned the miner's
    /// address, so that no earlier process serves any more, or the latest `issued_ms` that an earlier process served, if
    /// that is later.
    pub fn new(floor_ms: u64) -> Self {
        Self { floor_ms, live: HashMap::new(), order: BinaryHeap::new() }
    }

    /// Remember a request, or say why it must not be served.
    pub fn admit(&mut self, request: &Opened<'_>, now_ms: u64) -> Result<(), NonceError> {
        self.forget(now_ms);
        if request.issued_ms <= self.floor_ms {
            return Err(NonceError::BeforeMemory { floor_ms: self.floor_ms });
        }
        let live = self.live.entry(request.signer).or_default();
        if live.contains(&request.nonce) {
            return Err(NonceError::Replayed);
        }
        if live.len() >= MAX_NONCES_PER_SIGNER {
            return Err(NonceError::Full(live.len()));
        }
        live.insert(request.nonce);
        self.order.push(Reverse(Kept {
            until_ms: request.expires_ms.max(request.issued_ms.saturating_add(CLOCK_WINDOW_MS)),
            issued_ms: request.issued_ms,
            signer: request.signer,
            nonce: request.nonce,
        }));
        Ok(())
    }

    /// When an admitted request may be served at the earliest. Serving a request that is dated ahead before its time
    /// would let it be replayed after a restart.
    pub fn served_from(request: &Opened<'_>) -> u64 {
        request.issued_ms
    }

    /// How many nonces are remembered.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn forget(&mut self, now_ms: u64) {
        while self.order.peek().is_some_and(|Reverse(kept)| kept.until_ms < now_ms) {
            let Some(Reverse(kept)) = self.order.pop() else { return };
            self.floor_ms = self.floor_ms.max(kept.issued_ms);
            if let Some(live) = self.live.get_mut(&kept.signer) {
                live.remove(&kept.nonce);
                if live.is_empty() {
                    self.live.remove(&kept.signer);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use primitives::Digest;

    use super::*;

    const START: u64 = 1_800_000_000_000;

    fn request(signer: u8, nonce: u32, issued_ms: u64, ttl_ms: u64) -> Opened<'static> {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&nonce.to_le_bytes());
        let (signer, digest) = (Hotkey([signer; 32]), Digest([0; 32]));
        Opened { signer, nonce: bytes, issued_ms, expires_ms: issued_ms + ttl_ms, digest, payload: b"" }
    }

    #[test]
    fn a_request_is_served_once_while_it_lives() {
        let mut store = NonceStore::new(START);
        let first = request(1, 1, START + 100, 60_000);
        assert_eq!(store.admit(&first, START + 100), Ok(()));
        for later in [0, 1, 4_999, 59_000] {
            assert_eq!(store.admit(&first, START + 100 + later), Err(NonceError::Replayed));
        }
        // Another signer's equal nonce is another request.
        assert_eq!(store.admit(&request(2, 1, START + 100, 60_000), START + 101), Ok(()));
    }

    #[test]
    fn what_an_earlier_process_may_have_served_is_refused() {
        let mut before = NonceStore::new(START - 1_000_000);
        let served = request(1, 1, START, 60_000);
        assert_eq!(before.admit(&served, START), Ok(()));
        // Served at START, restarted within the same millisecond.
        let mut after = NonceStore::new(NonceStore::served_from(&served));
        assert_eq!(after.admit(&served, START + 10), Err(NonceError::BeforeMemory { floor_ms: START }));
        assert_eq!(after.admit(&request(1, 2, START + 1, 60_000), START + 10), Ok(()));
    }

    #[test]
    fn a_clock_set_back_revives_nothing_and_blocks_nobody_for_long() {
        let mut store = NonceStore::new(START);
        let served = request(1, 1, START + 1_000, 10_000);
        assert_eq!(store.admit(&served, START + 1_000), Ok(()));
        // An hour ahead: forgotten.
        assert_eq!(store.admit(&request(1, 2, START + 3_600_000, 1_000), START + 3_600_000), Ok(()));
        assert_eq!(store.len(), 1);
        // And back.
        assert!(matches!(store.admit(&served, START + 1_000), Err(NonceError::BeforeMemory { .. })));
        assert_eq!(store.admit(&request(1, 3, START + 2_000, 10_000), START + 2_000), Ok(()));
    }

    #[test]
    fn a_short_lived_request_does_not_shut_out_a_slow_clock() {
        let mut store = NonceStore::new(START);
        assert_eq!(store.admit(&request(1, 1, START + 10_000, 1), START + 10_000), Ok(()));
        // 4 s later somebody's clock is 4.9 s behind.
        assert_eq!(store.admit(&request(2, 1, START + 9_100, 10_000), START + 14_000), Ok(()));
    }

    #[test]
    fn a_full_signer_is_refused_and_others_are_not() {
        let mut store = NonceStore::new(START);
        let now = START + 1;
        for nonce in 0..MAX_NONCES_PER_SIGNER as u32 {
            assert_eq!(store.admit(&request(1, nonce, now, 1_000), now), Ok(()));
        }
        let more = request(1, u32::MAX, now, 1_000);
        assert_eq!(store.admit(&more, now), Err(NonceError::Full(MAX_NONCES_PER_SIGNER)));
        assert_eq!(store.admit(&request(1, 0, now, 1_000), now), Err(NonceError::Replayed));
        assert_eq!(store.admit(&request(2, 0, now, 1_000), now), Ok(()));
        // Room again once they are dead.
        let later = now + CLOCK_WINDOW_MS + 1;
        assert_eq!(store.admit(&request(1, 0, later, 1_000), later), Ok(()));
        assert_eq!(store.len(), 1);
    }
}
