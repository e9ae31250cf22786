//! What only root may do: write into the state as it is.

use codec::Encode;
use node_subtensor_runtime::{Runtime, RuntimeEvent};
use pallet_subtensor::Event;

use crate::node::{Fate, Node};

/// Keys and values, encoded.
pub type Items = Vec<(Vec<u8>, Vec<u8>)>;

impl Node {
    /// Write values into the state. Takes one block.
    pub async fn put(&self, items: Items) {
        assert_eq!(self.sudo(frame_system::Call::<Runtime>::set_storage { items }).await, Fate::Done);
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
