//! The hidden rows of answers given a moment ago, for whoever was given them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use primitives::{Digest, Hotkey};
use protos::{HiddenRow, OpenRequest, Reason, Refusal};
use scoring::proof::{Opening, RowTree, Rows};
use tokio::time::{Instant, interval, sleep_until};

use crate::metrics;

/// Keeps rows for a while, and no more of them than there is room for: the oldest make room.
#[derive(Debug)]
pub(crate) struct KeptRows {
    room_bytes: usize,
    keep: Duration,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Digest, Answer>,
    /// In the order in which they came, which is the order in which they go.
    order: VecDeque<(Instant, Digest)>,
    bytes: usize,
}

#[derive(Debug)]
struct Answer {
    asker: Hotkey,
    rows: Arc<Rows>,
    tree: RowTree,
    bytes: usize,
}

impl KeptRows {
    pub(crate) fn new(room_bytes: usize, keep: Duration) -> Self {
        Self { room_bytes, keep, kept: Mutex::default() }
    }

    /// Keeps the rows of the answer to `request`, and the tree over them. Those that would take more than all the room
    /// are not kept.
    pub(crate) fn keep(&self, request: Digest, asker: Hotkey, rows: Arc<Rows>, tree: RowTree, now: Instant) {
        // The tree has less than twice as many digests as rows.
        let bytes = 2 * rows.values().len() + 64 * rows.len();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.drop_before(now.checked_sub(self.keep));
        if bytes <= self.room_bytes && !kept.answers.contains_key(&request) {
            while kept.bytes + bytes > self.room_bytes && kept.drop_oldest() {}
            kept.order.push_back((now, request));
            kept.bytes += bytes;
            kept.answers.insert(request, Answer { asker, rows, tree, bytes });
        }
        metrics::kept_rows(kept.bytes);
    }

    /// Wait until the last answer was given so long ago.
    pub(crate) async fn quiet(&self, since: Duration) {
        let newest = || {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.order.back().map(|(came, _)| *came + since)
        };
        while let Some(quiet) = newest().filter(|quiet| *quiet > Instant::now()) {
            sleep_until(quiet).await;
        }
    }

    /// Gives back the memory of what nobody may ask for any more, until the task is dropped.
    pub(crate) async fn tidy(self: Arc<Self>) {
        let mut ticks = interval(self.keep.max(Duration::from_secs(1)));
        loop {
            let now = ticks.tick().await;
            self.drop_expired(now);
        }
    }

    fn drop_expired(&self, now: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.drop_before(now.checked_sub(self.keep));
        metrics::kept_rows(kept.bytes);
    }

    /// Rows of an answer, for whom it was made.
    pub(crate) fn open(&self, asked: &OpenRequest, asker: &Hotkey, now: Instant) -> Result<Vec<HiddenRow>, Refusal> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.drop_before(now.checked_sub(self.keep));
        metrics::kept_rows(kept.bytes);
        // Nobody learns whether there is an answer to somebody else.
        let answer = kept.answers.get(&asked.request).filter(|answer| answer.asker == *asker);
        let answer = answer.ok_or_else(|| Refusal::new(Reason::NotKept, "no rows of this answer are kept"))?;
        let open = |position: &u32| {
            let opening = answer.tree.open(&answer.rows, *position);
            let Opening { position, row, path } = opening.ok_or_else(|| {
                let rows = answer.rows.len();
                Refusal::new(Reason::BadPayload, format_args!("there is no row {position} of {rows}"))
            })?;
            Ok(HiddenRow { position, row, path })
        };
        asked.positions.iter().map(open).collect()
    }
}

impl Kept {
    fn drop_before(&mut self, time: Option<Instant>) {
        while time.is_some_and(|time| self.order.front().is_some_and(|(came, _)| *came < time)) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((_, request)) = self.order.pop_front() else { return false };
        if let Some(answer) = self.answers.remove(&request) {
            self.bytes -= answer.bytes;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(seed: u16) -> Arc<Rows> {
        Arc::new(Rows::new(8, (0..80).map(|value| value + seed).collect()).unwrap())
    }

    fn keep(kept: &KeptRows, request: &[u8], asker: Hotkey, seed: u16, now: Instant) -> Digest {
        let rows = rows(seed);
        let tree = RowTree::new(&rows).unwrap();
        let root = tree.root();
        kept.keep(Digest::of(request), asker, rows, tree, now);
        root
    }

    fn reason(kept: &KeptRows, request: &[u8], asker: Hotkey, position: u32, now: Instant) -> Option<Reason> {
        let asked = OpenRequest { request: Digest::of(request), positions: vec![0, position] };
        kept.open(&asked, &asker, now).err().map(|refusal| refusal.reason)
    }

    #[test]
    fn rows_are_shown_to_their_asker_for_a_while() {
        let (alice, bob, now) = (Hotkey([1; 32]), Hotkey([2; 32]), Instant::now());
        let kept = KeptRows::new(10_000, Duration::from_secs(30));
        let root = keep(&kept, b"one", alice, 0, now);
        let asked = OpenRequest { request: Digest::of(b"one"), positions: vec![9, 3] };
        for HiddenRow { position, row, path } in kept.open(&asked, &alice, now).unwrap() {
            assert!(Opening { position, row, path }.belongs_to(&root, 10));
        }
        assert_eq!(reason(&kept, b"one", alice, 10, now), Some(Reason::BadPayload));
        assert_eq!(reason(&kept, b"one", bob, 1, now), Some(Reason::NotKept));
        assert_eq!(reason(&kept, b"two", alice, 1, now), Some(Reason::NotKept));
        assert_eq!(reason(&kept, b"one", alice, 1, now + Duration::from_secs(30)), None);
        assert_eq!(reason(&kept, b"one", alice, 1, now + Duration::from_secs(31)), Some(Reason::NotKept));
        assert_eq!(kept.kept.lock().unwrap().bytes, 0);
    }

    #[test]
    fn the_oldest_make_room() {
        let (alice, now) = (Hotkey([1; 32]), Instant::now());
        // Each takes 160 bytes of rows and 640 of digests.
        let kept = KeptRows::new(2_000, Duration::from_secs(30));
        for name in [b"a", b"b", b"c"] {
            keep(&kept, name, alice, name[0].into(), now);
        }
        assert_eq!(reason(&kept, b"a", alice, 1, now), Some(Reason::NotKept));
        assert_eq!(reason(&kept, b"b", alice, 1, now), None);
        assert_eq!(reason(&kept, b"c", alice, 1, now), None);
        // One that never fits pushes nobody out for nothing.
        let large = Arc::new(Rows::new(8, vec![0; 8_000]).unwrap());
        let tree = RowTree::new(&large).unwrap();
        kept.keep(Digest::of(b"large"), alice, large, tree, now);
        assert_eq!(reason(&kept, b"large", alice, 1, now), Some(Reason::NotKept));
        assert_eq!(reason(&kept, b"b", alice, 1, now), None);
        assert_eq!(reason(&kept, b"c", alice, 1, now), None);
    }

    #[test]
    fn memory_is_given_back_when_nobody_asks() {
        let (kept, now) = (KeptRows::new(2_000, Duration::from_secs(30)), Instant::now());
        keep(&kept, b"a", Hotkey([1; 32]), 0, now);
        kept.drop_expired(now + Duration::from_secs(30));
        assert_eq!(kept.kept.lock().unwrap().bytes, 800);
        kept.drop_expired(now + Duration::from_secs(31));
        assert_eq!(kept.kept.lock().unwrap().bytes, 0);
    }
}
