//! Any storage item of any pallet, by name, for those who check what a chain holds.

use primitives::BlockHash;
use subxt::ext::{frame_decode::storage::IntoEncodableValues, scale_decode::DecodeAsType};

use crate::{ChainError, Client};

impl Client {
    /// The value of a storage item under a key, `()` where it is no map, at a block; at the finalised head where none is
    /// given. None where nothing is stored and the metadata has no default. What the metadata doesn't have is an error.
    pub async fn stored<T: DecodeAsType>(
        &self,
        pallet: &str,
        item: &str,
        key: impl IntoEncodableValues + Copy,
        at: Option<BlockHash>,
    ) -> Result<Option<T>, ChainError> {
        self.read_at(at, |at| async move {
            let entry = at.entry_of::<T>(pallet, item)?;
            at.value(&entry, key).await
        })
        .await
    }
}
