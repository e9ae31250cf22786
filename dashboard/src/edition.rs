//! The document in bytes, made once and shared by all who read it.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use serde::Serialize;

use crate::{
    board::Subnet,
    document::{DOCUMENT_VERSION, Live, Loop},
};

/// A part's name and its JSON.
type Part = (&'static str, Bytes);

/// One state of the document.
#[derive(Clone, Debug)]
pub(crate) struct Edition {
    /// Greater than that of any edition before.
    pub number: u64,
    subnet: Subnet,
    parts: [Part; 8],
}

/// What an edition changed.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    /// The edition.
    pub number: u64,
    /// As an event of the stream.
    pub event: Bytes,
}

impl Edition {
    /// The first one.
    pub fn first(subnet: Subnet, loops: Vec<Loop>) -> Self {
        let parts = [
            ("subject", json(&*subnet.subject)),
            ("live", live(&subnet.live, loops)),
            ("neurons", json(&*subnet.neurons)),
            ("miners", json(&*subnet.miners)),
            ("rounds", json(&*subnet.rounds)),
            ("windows", json(&*subnet.windows)),
            ("weights", json(&*subnet.weights)),
            ("submissions", json(&*subnet.submissions)),
        ];
        Self { number: 1, subnet, parts }
    }

    /// The next one, and what it changes. Parts that were not replaced are not made again.
    pub fn next(&self, subnet: Subnet, loops: Vec<Loop>) -> (Self, Changes) {
        let old = &self.subnet;
        let parts = [
            again(&self.parts[0], &old.subject, &subnet.subject),
            ("live", live(&subnet.live, loops)),
            again(&self.parts[2], &old.neurons, &subnet.neurons),
            again(&self.parts[3], &old.miners, &subnet.miners),
            again(&self.parts[4], &old.rounds, &subnet.rounds),
            again(&self.parts[5], &old.windows, &subnet.windows),
            again(&self.parts[6], &old.weights, &subnet.weights),
            again(&self.parts[7], &old.submissions, &subnet.submissions),
        ];
        let next = Self { number: self.number + 1, subnet, parts };
        let changed = next.parts.iter().zip(&self.parts).filter(|(new, old)| new.1 != old.1).map(|(new, _)| new);
        let event = event("changes", next.number, &object(changed));
        let changes = Changes { number: next.number, event };
        (next, changes)
    }

    /// The whole document.
    pub fn document(&self) -> Bytes {
        let version = ("version", json(&DOCUMENT_VERSION));
        object([&version].into_iter().chain(&self.parts)).into()
    }

    /// The whole document as an event of the stream.
    pub fn event(&self) -> Bytes {
        event("subnet", self.number, &self.document())
    }
}

/// A part again, unless it is the same one.
fn again<T: Serialize>(part: &Part, old: &Arc<T>, new: &Arc<T>) -> Part {
    if Arc::ptr_eq(old, new) { part.clone() } else { (part.0, json(&**new)) }
}

fn live(live: &Live, loops: Vec<Loop>) -> Bytes {
    json(&Live { made_unix_ms: now_unix_ms(), loops, ..live.clone() })
}

/// These types always make JSON: their maps have names as keys, and there is no number that has no text.
fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec()).into()
}

fn object<'a>(parts: impl IntoIterator<Item = &'a Part>) -> Vec<u8> {
    let mut text = vec![b'{'];
    for (name, json) in parts {
        if text.len() > 1 {
            text.push(b',');
        }
        text.push(b'"');
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b"\":");
        text.extend_from_slice(json);
    }
    text.push(b'}');
    text
}

/// JSON has no bare line breaks, so one line of data holds it.
fn event(name: &str, number: u64, data: &[u8]) -> Bytes {
    let mut text = format!("event: {name}\nid: {number}\ndata: ").into_bytes();
    text.extend_from_slice(data);
    text.extend_from_slice(b"\n\n");
    text.into()
}

fn now_unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}
