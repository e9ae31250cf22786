//! Many values of one block in one request.

use subxt::ext::{frame_decode::storage::IntoEncodableValues, scale_decode::DecodeAsType};

use crate::{
    ChainError,
    storage::{At, Entry, Found, Key, SUBTENSOR},
};

/// Values that are read in one request.
pub(crate) struct Batch<'a> {
    at: &'a At,
    keys: Vec<Key>,
}

/// One value of a batch.
pub(crate) struct One<'a, T> {
    entry: Entry<'a, T>,
    key: Key,
}

/// One value per seat.
pub(crate) struct Each<'a, T> {
    entry: Entry<'a, T>,
    keys: Vec<Key>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(at: &'a At) -> Self {
        Self { at, keys: Vec::new() }
    }

    pub(crate) fn want<T: DecodeAsType>(
        &mut self,
        name: &'static str,
        parts: impl IntoEncodableValues,
    ) -> Result<One<'a, T>, ChainError> {
        self.want_of(SUBTENSOR, name, parts)
    }

    /// The same for another pallet's item.
    pub(crate) fn want_of<T: DecodeAsType>(
        &mut self,
        pallet: &'static str,
        name: &'static str,
        parts: impl IntoEncodableValues,
    ) -> Result<One<'a, T>, ChainError> {
        let entry = self.at.entry_of(pallet, name)?;
        let key = entry.key(parts)?;
        self.keys.push(key.clone());
        Ok(One { entry, key })
    }

    pub(crate) fn want_all<T: DecodeAsType, K: IntoEncodableValues>(
        &mut self,
        name: &'static str,
        parts: impl Iterator<Item = K>,
    ) -> Result<Each<'a, T>, ChainError> {
        let entry = self.at.entry(name)?;
        let keys = parts.map(|parts| entry.key(parts)).collect::<Result<Vec<_>, _>>()?;
        self.keys.extend_from_slice(&keys);
        Ok(Each { entry, keys })
    }

    pub(crate) async fn fetch(self) -> Result<Found, ChainError> {
        self.at.fetch(&self.keys).await
    }
}

impl<T: DecodeAsType> One<'_, T> {
    /// Of an item that always has a value.
    pub(crate) fn of(&self, found: &Found) -> Result<T, ChainError> {
        self.entry.require(found, &self.key)
    }

    /// Of an item that may have none.
    pub(crate) fn maybe(&self, found: &Found) -> Result<Option<T>, ChainError> {
        self.entry.decode(found, &self.key)
    }
}

impl<T: DecodeAsType> Each<'_, T> {
    pub(crate) fn of(&self, found: &Found) -> Result<Vec<T>, ChainError> {
        self.keys.iter().map(|key| self.entry.require(found, key)).collect()
    }
}
