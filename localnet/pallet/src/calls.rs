//! The calls, with the chain's indices and argument names. Each one names the file that decides.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Store a row of weights for the main mechanism. The signer is a hotkey.
        #[pallet::call_index(0)]
        #[pallet::weight((Weight::from_parts(150_000_000, 0), DispatchClass::Normal, Pays::No))]
        pub fn set_weights(
            origin: OriginFor<T>,
            netuid: u16,
            dests: Vec<u16>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> DispatchResult {
            Self::do_set_weights(ensure_signed(origin)?, netuid, 0, dests, weights, version_key)
        }

        /// Stake TAO of the signing coldkey to a hotkey.
        #[pallet::call_index(2)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn add_stake(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            netuid: u16,
            amount_staked: u64,
        ) -> DispatchResult {
            Self::do_add_stake(ensure_signed(origin)?, hotkey, netuid, amount_staked)
        }

        /// Take alpha back from a hotkey, as TAO.
        #[pallet::call_index(3)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn remove_stake(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            netuid: u16,
            amount_unstaked: u64,
        ) -> DispatchResult {
            Self::do_remove_stake(ensure_signed(origin)?, hotkey, netuid, amount_unstaked)
        }

        /// Announce where the signing hotkey serves.
        #[pallet::call_index(4)]
        #[pallet::weight((Weight::from_parts(30_000_000, 0), DispatchClass::Normal, Pays::No))]
        pub fn serve_axon(
            origin: OriginFor<T>,
            netuid: u16,
            version: u32,
            ip: u128,
            port: u16,
            ip_type: u8,
            protocol: u8,
            placeholder1: u8,
            placeholder2: u8,
        ) -> DispatchResult {
            let axon = AxonInfo { block: 0, version, ip, port, ip_type, protocol, placeholder1, placeholder2 };
            Self::do_serve_axon(ensure_signed(origin)?, netuid, axon, None)
        }

        /// Announce with a TLS certificate: an algorithm byte and a public key.
        #[pallet::call_index(40)]
        #[pallet::weight((Weight::from_parts(30_000_000, 0), DispatchClass::Normal, Pays::No))]
        pub fn serve_axon_tls(
            origin: OriginFor<T>,
            netuid: u16,
            version: u32,
            ip: u128,
            port: u16,
            ip_type: u8,
            protocol: u8,
            placeholder1: u8,
            placeholder2: u8,
            certificate: Vec<u8>,
        ) -> DispatchResult {
            let axon = AxonInfo { block: 0, version, ip, port, ip_type, protocol, placeholder1, placeholder2 };
            Self::do_serve_axon(ensure_signed(origin)?, netuid, axon, Some(certificate))
        }

        /// Take a seat for a hotkey by burning TAO of the signing coldkey.
        #[pallet::call_index(7)]
        #[pallet::weight(Weight::from_parts(350_000_000, 0))]
        pub fn burned_register(origin: OriginFor<T>, netuid: u16, hotkey: T::AccountId) -> DispatchResult {
            Self::do_register(ensure_signed(origin)?, netuid, hotkey, None)
        }

        /// Create a network. The hotkey gets its first seat.
        #[pallet::call_index(59)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn register_network(origin: OriginFor<T>, hotkey: T::AccountId) -> DispatchResult {
            Self::do_register_network(ensure_signed(origin)?, hotkey)
        }

        /// Start a network's emission. The signer is its owner.
        #[pallet::call_index(92)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn start_call(origin: OriginFor<T>, netuid: u16) -> DispatchResult {
            Self::do_start_call(ensure_signed(origin)?, netuid)
        }

        /// Store a row of weights for one mechanism.
        #[pallet::call_index(119)]
        #[pallet::weight((Weight::from_parts(150_000_000, 0), DispatchClass::Normal, Pays::No))]
        pub fn set_mechanism_weights(
            origin: OriginFor<T>,
            netuid: u16,
            mecid: u8,
            dests: Vec<u16>,
            weights: Vec<u16>,
            version_key: u64,
        ) -> DispatchResult {
            Self::do_set_weights(ensure_signed(origin)?, netuid, mecid, dests, weights, version_key)
        }

        /// [`burned_register`](Self::burned_register), unless it burns more than `limit_price`.
        #[pallet::call_index(134)]
        #[pallet::weight(Weight::from_parts(350_000_000, 0))]
        pub fn register_limit(
            origin: OriginFor<T>,
            netuid: u16,
            hotkey: T::AccountId,
            limit_price: u64,
        ) -> DispatchResult {
            Self::do_register(ensure_signed(origin)?, netuid, hotkey, Some(limit_price))
        }
    }
}
