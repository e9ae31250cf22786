//! The events that this pallet deposits, under the chain's indices.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod events {
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A subnet was added: netuid, mechanism.
        #[codec(index = 0)]
        NetworkAdded(u16, u16),
        /// Coldkey, hotkey, TAO paid, alpha got, netuid, fee.
        #[codec(index = 2)]
        StakeAdded(T::AccountId, T::AccountId, u64, u64, u16, u64),
        /// Coldkey, hotkey, TAO got, alpha given, netuid, fee.
        #[codec(index = 3)]
        StakeRemoved(T::AccountId, T::AccountId, u64, u64, u16, u64),
        /// A row of weights was stored: netuid's storage index, uid.
        #[codec(index = 5)]
        WeightsSet(u16, u16),
        /// A hotkey took a seat: netuid, uid, hotkey.
        #[codec(index = 6)]
        NeuronRegistered(u16, u16, T::AccountId),
        /// An axon was announced: netuid, hotkey.
        #[codec(index = 28)]
        AxonServed(u16, T::AccountId),
        /// A subnet starts to emit at a block.
        #[codec(index = 95)]
        FirstEmissionBlockNumberSet(u16, u64),
        /// Alpha paid to miners by uid.
        #[codec(index = 110)]
        IncentiveAlphaEmittedToMiners(u16, Vec<u64>),
        /// An epoch waits for the next block: netuid, due, run.
        #[codec(index = 132)]
        EpochDeferred { netuid: u16, from_block: u64, to_block: u64 },
        /// An epoch could not run on inconsistent state.
        #[codec(index = 133)]
        EpochSkipped { netuid: u16, block: u64 },
    }
}
