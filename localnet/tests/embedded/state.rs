//! What only root may do: write into the state as it is.

use codec::Encode;
use node_subtensor_runtime::{Runtime, RuntimeEvent};
use pallet_alpha_assets::TotalAlphaIssuance;
use pallet_subtensor::{
    Event, PendingOwnerCut, PendingRootAlphaDivs, PendingServerEmission, PendingValidatorEmission, SubnetAlphaIn,
    SubnetAlphaOut, SubtokenEnabled,
};

use crate::node::{Fate, Node};

/// Keys and values, encoded.
pub type Items = Vec<(Vec<u8>, Vec<u8>)>;

impl Node {
    /// Write values into the state. Takes one block.
    pub async fn put(&self, items: Items) {
        assert_eq!(self.sudo(frame_system::Call::<Runtime>::set_storage { items }).await, Fate::Done);
    }

    /// From now on no block issues alpha of a subnet. What waits for its next epoch is this, for miners and for
    /// validators; the books stay closed. Takes two blocks.
    pub async fn set_pending(&self, netuid: u16, server: u64, validator: u64) {
        self.put(vec![item(SubtokenEnabled::<Runtime>::hashed_key_for(netuid), false)]).await;
        let pending = [
            (PendingServerEmission::<Runtime>::hashed_key_for(netuid), server),
            (PendingValidatorEmission::<Runtime>::hashed_key_for(netuid), validator),
            (PendingRootAlphaDivs::<Runtime>::hashed_key_for(netuid), 0),
            (PendingOwnerCut::<Runtime>::hashed_key_for(netuid), 0),
        ];
        let read = async |key: &[u8]| self.storage::<u64>(key).await.unwrap_or_default();
        let out_key = SubnetAlphaOut::<Runtime>::hashed_key_for(netuid);
        let mut out = read(&out_key).await + server + validator;
        for (key, _) in &pending {
            out -= read(key).await;
        }
        let issued = out + read(&SubnetAlphaIn::<Runtime>::hashed_key_for(netuid)).await;
        let mut items: Items = pending.map(|(key, amount)| item(key, amount)).into();
        items.extend([item(out_key, out), item(TotalAlphaIssuance::<Runtime>::hashed_key_for(netuid), issued)]);
        self.put(items).await;
    }

    /// The pallet's events of the best block, in order.
    pub async fn subtensor_events(&self) -> Vec<Event<Runtime>> {
        let ours = |event| match event {
            RuntimeEvent::SubtensorModule(event) => Some(event),
            _ => None,
        };
        self.events().await.into_iter().filter_map(|record| ours(record.event)).collect()
    }
}

/// A value to write.
pub fn item(key: impl Into<Vec<u8>>, value: impl Encode) -> (Vec<u8>, Vec<u8>) {
    (key.into(), value.encode())
}
