//! A pallet of one constant: clients read `Aura.SlotDuration` as the block time.

use frame_support::{storage::unhashed, traits::Get};

pub use pallet::*;

/// Where a chain keeps its slot: many chains run in one process, so no constant of the code can hold it.
const SLOT_DURATION_KEY: &[u8] = b":slot_duration_ms";

/// Milliseconds between two blocks, as the chain's clock counts them, unless a chain has its own.
pub const SLOT_DURATION_MS: u64 = 12_000;

/// Milliseconds between two blocks of the chain whose state is being read.
pub struct SlotDuration;

impl SlotDuration {
    /// The storage item that makes a slot a chain's own, for its block 0.
    pub fn item(slot_ms: u64) -> (Vec<u8>, Vec<u8>) {
        (SLOT_DURATION_KEY.to_vec(), slot_ms.to_le_bytes().to_vec())
    }
}

impl Get<u64> for SlotDuration {
    fn get() -> u64 {
        unhashed::get(SLOT_DURATION_KEY).unwrap_or(SLOT_DURATION_MS)
    }
}

/// The least that the clock goes on from block to block: half a slot, as Aura has it.
pub struct MinimumPeriod;

impl Get<u64> for MinimumPeriod {
    fn get() -> u64 {
        SlotDuration::get() / 2
    }
}

#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config {
        /// Milliseconds between two blocks.
        #[pallet::constant]
        type SlotDuration: Get<u64>;
    }
}
