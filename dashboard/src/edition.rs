//! The document in bytes, made once and shared by all who read it.

use bytes::Bytes;

use crate::{
    document::Loop,
    sheet::{Part, Sheet, json},
};

/// One state of the document.
#[derive(Clone, Debug)]
pub(crate) struct Edition<S> {
    /// Greater than that of any edition before.
    pub number: u64,
    sheet: S,
    parts: Vec<Part>,
}

/// What an edition changed.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    /// The edition.
    pub number: u64,
    /// As an event of the stream.
    pub event: Bytes,
}

impl<S: Sheet> Edition<S> {
    /// The first one.
    pub fn first(sheet: S, loops: Vec<Loop>) -> Self {
        let parts = sheet.parts(loops, None);
        Self { number: 1, sheet, parts }
    }

    /// The next one, and what it changes. Parts that were not replaced are not made again.
    pub fn next(&self, sheet: S, loops: Vec<Loop>) -> (Self, Changes) {
        let parts = sheet.parts(loops, Some((&self.sheet, &self.parts)));
        let next = Self { number: self.number + 1, sheet, parts };
        let changed = next.parts.iter().zip(&self.parts).filter(|(new, old)| new.1 != old.1).map(|(new, _)| new);
        let event = event("changes", next.number, &object(changed));
        let changes = Changes { number: next.number, event };
        (next, changes)
    }

    /// The whole document.
    pub fn document(&self) -> Bytes {
        let version = ("version", json(&S::VERSION));
        object([&version].into_iter().chain(&self.parts)).into()
    }

    /// The whole document as an event of the stream.
    pub fn event(&self) -> Bytes {
        event(S::NAME, self.number, &self.document())
    }
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
