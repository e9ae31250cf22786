//! What may be written on a board.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use serde::Serialize;

use crate::document::Loop;

/// A part's name and its JSON.
pub type Part = (&'static str, Bytes);

/// A file of a page: what a browser asks for, its type, and what it gets.
pub type File = (&'static str, &'static str, &'static str);

/// A document of several parts, and the page that shows it: a validator's view of a subnet, or a miner's of itself.
pub trait Sheet: Clone + fmt::Debug + Send + Sync + 'static {
    /// `/api/NAME.json`, and the event that has all of it.
    const NAME: &'static str;
    /// The version of the document. It changes when a field changes its meaning or goes; new fields may come without.
    const VERSION: u32;
    /// The page's own files, beside those that all pages share.
    const PAGE: &'static [File];

    /// Its parts as JSON, always the same ones in the same order. What is known of an earlier sheet need not be made again.
    fn parts(&self, loops: Vec<Loop>, known: Option<(&Self, &[Part])>) -> Vec<Part>;
}

/// A part that is made again unless it is the same one.
pub(crate) fn part<T: Serialize>(name: &'static str, new: &Arc<T>, known: Option<(&Arc<T>, &Part)>) -> Part {
    match known {
        Some((old, part)) if Arc::ptr_eq(old, new) => part.clone(),
        _ => (name, json(&**new)),
    }
}

/// These types always make JSON: their maps have names as keys, and there is no number that has no text.
pub(crate) fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec()).into()
}
