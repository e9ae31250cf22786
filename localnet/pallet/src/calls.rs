//! The calls, with the chain's indices and argument names. Each one names the file that decides.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod calls {
    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Store a row of weights for the main mechanism. The signer is a hotkey.
        #[pallet::call_index(0)]
        #[pallet::weight((row_weight::<T>(dests.len()), DispatchClass::Normal, Pays::No))]
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
        #[pallet::weight((row_weight::<T>(dests.len()), DispatchClass::Normal, Pays::No))]
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

        /// Store a row of weights for the main mechanism of each of several networks. Each item stands for itself.
        #[pallet::call_index(80)]
        #[pallet::weight((
            weights.iter().fold(Weight::zero(), |sum, row| sum.saturating_add(row_weight::<T>(row.len()))),
            DispatchClass::Normal,
            Pays::No
        ))]
        pub fn batch_set_weights(
            origin: OriginFor<T>,
            netuids: Vec<Compact<u16>>,
            weights: Vec<Vec<(Compact<u16>, Compact<u16>)>>,
            version_keys: Vec<Compact<u64>>,
        ) -> DispatchResult {
            Self::do_batch_set_weights(ensure_signed(origin)?, netuids, weights, version_keys)
        }

        /// Commit the hash of a row of weights for the main mechanism.
        #[pallet::call_index(96)]
        #[pallet::weight((commit_weight::<T>(1), DispatchClass::Normal, Pays::No))]
        pub fn commit_weights(origin: OriginFor<T>, netuid: u16, commit_hash: H256) -> DispatchResult {
            Self::do_commit_weights(ensure_signed(origin)?, netuid, 0, commit_hash)
        }

        /// Commit the hash of a row of weights for one mechanism.
        #[pallet::call_index(115)]
        #[pallet::weight((commit_weight::<T>(1), DispatchClass::Normal, Pays::No))]
        pub fn commit_mechanism_weights(
            origin: OriginFor<T>,
            netuid: u16,
            mecid: u8,
            commit_hash: H256,
        ) -> DispatchResult {
            Self::do_commit_weights(ensure_signed(origin)?, netuid, mecid, commit_hash)
        }

        /// Commit a hash for the main mechanism of each of several networks. Each item stands for itself.
        #[pallet::call_index(100)]
        #[pallet::weight((commit_weight::<T>(netuids.len()), DispatchClass::Normal, Pays::No))]
        pub fn batch_commit_weights(
            origin: OriginFor<T>,
            netuids: Vec<Compact<u16>>,
            commit_hashes: Vec<H256>,
        ) -> DispatchResult {
            Self::do_batch_commit_weights(ensure_signed(origin)?, netuids, commit_hashes)
        }

        /// Reveal a row of weights whose hash was committed for the main mechanism.
        #[pallet::call_index(97)]
        #[pallet::weight((row_weight::<T>(uids.len()), DispatchClass::Normal, Pays::No))]
        pub fn reveal_weights(
            origin: OriginFor<T>,
            netuid: u16,
            uids: Vec<u16>,
            values: Vec<u16>,
            salt: Vec<u16>,
            version_key: u64,
        ) -> DispatchResult {
            Self::do_reveal_weights(ensure_signed(origin)?, netuid, 0, uids, values, salt, version_key)
        }

        /// Reveal a row of weights whose hash was committed for one mechanism.
        #[pallet::call_index(116)]
        #[pallet::weight((row_weight::<T>(uids.len()), DispatchClass::Normal, Pays::No))]
        pub fn reveal_mechanism_weights(
            origin: OriginFor<T>,
            netuid: u16,
            mecid: u8,
            uids: Vec<u16>,
            values: Vec<u16>,
            salt: Vec<u16>,
            version_key: u64,
        ) -> DispatchResult {
            Self::do_reveal_weights(ensure_signed(origin)?, netuid, mecid, uids, values, salt, version_key)
        }

        /// Reveal several rows of weights for the main mechanism, all or none.
        #[pallet::call_index(98)]
        #[pallet::weight((
            uids_list.iter().fold(Weight::zero(), |sum, uids| sum.saturating_add(row_weight::<T>(uids.len()))),
            DispatchClass::Normal,
            Pays::No
        ))]
        pub fn batch_reveal_weights(
            origin: OriginFor<T>,
            netuid: u16,
            uids_list: Vec<Vec<u16>>,
            values_list: Vec<Vec<u16>>,
            salts_list: Vec<Vec<u16>>,
            version_keys: Vec<u64>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_batch_reveal_weights(who, netuid, uids_list, values_list, salts_list, version_keys)
        }

        /// Commit a row of weights for the main mechanism, locked to a round of the beacon. The chain reveals it.
        #[pallet::call_index(113)]
        #[pallet::weight((commit_weight::<T>(1), DispatchClass::Normal, Pays::No))]
        pub fn commit_timelocked_weights(
            origin: OriginFor<T>,
            netuid: u16,
            commit: BoundedVec<u8, ConstU32<MAX_COMMIT_BYTES>>,
            reveal_round: u64,
            commit_reveal_version: u16,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_commit_timelocked_weights(who, netuid, 0, commit, reveal_round, commit_reveal_version)
        }

        /// Commit a row of weights for one mechanism, locked to a round of the beacon. The chain reveals it.
        #[pallet::call_index(118)]
        #[pallet::weight((commit_weight::<T>(1), DispatchClass::Normal, Pays::No))]
        pub fn commit_timelocked_mechanism_weights(
            origin: OriginFor<T>,
            netuid: u16,
            mecid: u8,
            commit: BoundedVec<u8, ConstU32<MAX_COMMIT_BYTES>>,
            reveal_round: u64,
            commit_reveal_version: u16,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::do_commit_timelocked_weights(who, netuid, mecid, commit, reveal_round, commit_reveal_version)
        }

        /// [`commit_timelocked_mechanism_weights`](Self::commit_timelocked_mechanism_weights) of version 4, for
        /// clients that do not name one. Deprecated.
        #[pallet::call_index(117)]
        #[pallet::weight((commit_weight::<T>(1), DispatchClass::Normal, Pays::No))]
        pub fn commit_crv3_mechanism_weights(
            origin: OriginFor<T>,
            netuid: u16,
            mecid: u8,
            commit: BoundedVec<u8, ConstU32<MAX_COMMIT_BYTES>>,
            reveal_round: u64,
        ) -> DispatchResult {
            Self::do_commit_timelocked_weights(ensure_signed(origin)?, netuid, mecid, commit, reveal_round, 4)
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

        /// Set the blocks between two epochs, which count from now. The signer is the network's owner.
        #[pallet::call_index(139)]
        #[pallet::weight(Weight::from_parts(40_000_000, 0))]
        pub fn set_tempo(origin: OriginFor<T>, netuid: u16, tempo: u16) -> DispatchResult {
            Self::do_set_tempo(origin, netuid, tempo)
        }

        /// Set after how many thousandths of a tempo without weights a validator is inactive. For the network's owner
        /// and root.
        #[pallet::call_index(140)]
        #[pallet::weight(Weight::from_parts(40_000_000, 0))]
        pub fn set_activity_cutoff_factor(origin: OriginFor<T>, netuid: u16, factor_milli: u32) -> DispatchResult {
            Self::do_set_activity_cutoff_factor(origin, netuid, factor_milli)
        }

        /// Run an epoch as soon as the freeze window allows. The signer is the network's owner.
        #[pallet::call_index(141)]
        #[pallet::weight(Weight::from_parts(40_000_000, 0))]
        pub fn trigger_epoch(origin: OriginFor<T>, netuid: u16) -> DispatchResult {
            Self::do_trigger_epoch(origin, netuid)
        }
    }
}
