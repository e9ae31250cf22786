//! What is committed of a row before it is revealed.

use blake2::{Blake2b, Digest, digest::consts::U32};
use primitives::{Hotkey, MechId, NetUid, Weights};
use subxt::ext::codec::Encode;

/// The hash that `commit_weights` takes and that a reveal with the same values has to match. The salt keeps others from
/// guessing the row.
pub fn commit_hash(
    hotkey: Hotkey,
    netuid: NetUid,
    mechanism: MechId,
    weights: &Weights,
    salt: &[u16],
    version_key: u64,
) -> [u8; 32] {
    let index = netuid.storage_index(mechanism);
    let committed = (hotkey.0, index, weights.uids(), weights.values(), salt, version_key);
    Blake2b::<U32>::digest(committed.encode()).into()
}
