//! Storage at one block, read in batches and decoded by the metadata of that block.

use std::{collections::HashMap, marker::PhantomData};

use futures::{StreamExt, TryStreamExt, stream};
use primitives::{BlockHash, BlockRef};
use subxt::{
    Metadata,
    config::substrate::H256,
    ext::{
        frame_decode::storage::{
            IntoEncodableValues, StorageInfo, StorageTypeInfo, decode_storage_value_with_info,
            encode_storage_key_with_info,
        },
        scale_decode::DecodeAsType,
    },
};

use crate::{
    ChainError,
    connection::{Connection, Offline},
};

/// Keys asked for in one request: nodes limit the size of a request.
const KEYS_PER_REQUEST: usize = 4096;

/// Keys asked for at once where one request is for one key.
const PARALLEL_KEYS: usize = 32;

pub(crate) const SUBTENSOR: &str = "SubtensorModule";

/// The chain at one block.
pub(crate) struct At {
    pub(crate) connection: Connection,
    pub(crate) block: BlockRef,
    pub(crate) runtime: Offline,
}

/// A storage item as the metadata describes it, holding values that decode into `T`.
pub(crate) struct Entry<'a, T> {
    metadata: &'a Metadata,
    pallet: &'a str,
    name: &'a str,
    info: StorageInfo<'a, u32>,
    value: PhantomData<fn() -> T>,
}

/// One value's full storage key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(pub(crate) Vec<u8>);

/// What was found under the keys of one batch.
pub(crate) struct Found(HashMap<Vec<u8>, Vec<u8>>);

impl At {
    pub(crate) async fn new(connection: Connection, hash: Option<BlockHash>) -> Result<Self, ChainError> {
        let block = connection.block(hash).await?;
        let runtime = connection.runtime(block).await?;
        Ok(Self { connection, block, runtime })
    }

    pub(crate) fn hash(&self) -> Option<H256> {
        Some(H256(self.block.hash.0))
    }

    /// An item of the subnet pallet.
    pub(crate) fn entry<'a, T: DecodeAsType>(&'a self, name: &'a str) -> Result<Entry<'a, T>, ChainError> {
        self.entry_of(SUBTENSOR, name)
    }

    pub(crate) fn entry_of<'a, T: DecodeAsType>(
        &'a self,
        pallet: &'a str,
        name: &'a str,
    ) -> Result<Entry<'a, T>, ChainError> {
        Entry::new(self.runtime.metadata_ref(), pallet, name)
    }

    /// What the runtime was built with.
    pub(crate) fn constant<T: DecodeAsType>(&self, pallet: &str, name: &str) -> Result<T, ChainError> {
        let item = || format!("constant {pallet}.{name}");
        let metadata = self.runtime.metadata_ref();
        let constant = metadata.pallet_by_name(pallet).and_then(|pallet| pallet.constant_by_name(name));
        let constant = constant.ok_or_else(|| ChainError::Unsupported { item: item(), source: None })?;
        T::decode_as_type(&mut constant.value(), constant.ty(), metadata.types())
            .map_err(|error| ChainError::unsupported(item(), error))
    }

    /// Read many keys in as few requests as possible: one by one only where the node takes no more at a time.
    pub(crate) async fn fetch(&self, keys: &[Key]) -> Result<Found, ChainError> {
        let mut found = HashMap::with_capacity(keys.len());
        for chunk in keys.chunks(KEYS_PER_REQUEST) {
            let raw = chunk.iter().map(|key| key.0.as_slice());
            let sets = self.connection.methods.state_query_storage_at(raw, self.hash()).await;
            let sets = match sets.map_err(self.connection.error("state_queryStorageAt")) {
                Err(error) if error.is_unknown_method() => return self.fetch_singly(keys).await,
                sets => sets.map_err(|error| error.or_pruned(self.block))?,
            };
            for (key, value) in sets.into_iter().flat_map(|set| set.changes) {
                if let Some(value) = value {
                    found.insert(key.0, value.0);
                }
            }
        }
        Ok(Found(found))
    }

    async fn fetch_singly(&self, keys: &[Key]) -> Result<Found, ChainError> {
        let read = |key: &Key| {
            let (connection, key, at) = (self.connection.clone(), key.0.clone(), self.hash());
            async move { Ok(connection.stored(&key, at).await?.map(|value| (key, value))) }
        };
        let values = stream::iter(keys.iter().map(read)).buffered(PARALLEL_KEYS);
        values.try_filter_map(async |value| Ok(value)).try_collect().await.map(Found)
    }

    /// Read one value.
    pub(crate) async fn value<T: DecodeAsType>(
        &self,
        entry: &Entry<'_, T>,
        key: impl IntoEncodableValues,
    ) -> Result<Option<T>, ChainError> {
        let key = entry.key(key)?;
        let found = self.fetch(std::slice::from_ref(&key)).await?;
        entry.decode(&found, &key)
    }
}

impl<'a, T: DecodeAsType> Entry<'a, T> {
    pub(crate) fn new(metadata: &'a Metadata, pallet: &'a str, name: &'a str) -> Result<Self, ChainError> {
        match metadata.storage_info(pallet, name) {
            Ok(info) => Ok(Self { metadata, pallet, name, info, value: PhantomData }),
            Err(error) => Err(ChainError::unsupported(format!("storage {pallet}.{name}"), error.into_owned())),
        }
    }

    /// The key of one value; of the only one where the item is no map.
    pub(crate) fn key(&self, parts: impl IntoEncodableValues) -> Result<Key, ChainError> {
        let types = self.metadata.types();
        encode_storage_key_with_info(self.pallet, self.name, parts, &self.info, types)
            .map(Key)
            .map_err(|error| ChainError::unsupported(format!("storage {}.{}", self.pallet, self.name), error))
    }

    /// The value under a key, or what the metadata says stands for an absent one; none where nothing does.
    pub(crate) fn decode(&self, found: &Found, key: &Key) -> Result<Option<T>, ChainError> {
        let Some(bytes) = self.bytes(found, key) else { return Ok(None) };
        let types = self.metadata.types();
        decode_storage_value_with_info(&mut &*bytes, &self.info, types, T::into_visitor())
            .map(Some)
            .map_err(|error| ChainError::unsupported(format!("storage {}.{}", self.pallet, self.name), error))
    }

    /// What [`Entry::decode`] decodes.
    pub(crate) fn bytes<'b>(&'b self, found: &'b Found, key: &Key) -> Option<&'b [u8]> {
        found.0.get(&key.0).map(Vec::as_slice).or(self.info.default_value.as_deref())
    }

    /// The type of a value in the metadata.
    pub(crate) fn type_id(&self) -> u32 {
        self.info.value_id
    }

    /// As [`Entry::decode`], for an item that always has a value.
    pub(crate) fn require(&self, found: &Found, key: &Key) -> Result<T, ChainError> {
        let absent = || ChainError::Unsupported { item: format!("{}.{}", self.pallet, self.name), source: None };
        self.decode(found, key)?.ok_or_else(absent)
    }
}
