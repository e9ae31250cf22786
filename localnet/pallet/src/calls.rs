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
            Self::do_add_stake(&ensure_signed(origin)?, &hotkey, netuid, amount_staked).map(|_| ())
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

        /// Take back all that the signing coldkey has on a hotkey, in every network.
        #[pallet::call_index(83)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn unstake_all(origin: OriginFor<T>, hotkey: T::AccountId) -> DispatchResult {
            Self::do_unstake_all(ensure_signed(origin)?, hotkey)
        }

        /// Take back all that the signing coldkey has on a hotkey beyond root, and stake it on root.
        #[pallet::call_index(84)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn unstake_all_alpha(origin: OriginFor<T>, hotkey: T::AccountId) -> DispatchResult {
            Self::do_unstake_all_alpha(ensure_signed(origin)?, hotkey)
        }

        /// Move alpha to another hotkey.
        #[pallet::call_index(85)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn move_stake(
            origin: OriginFor<T>,
            origin_hotkey: T::AccountId,
            destination_hotkey: T::AccountId,
            origin_netuid: u16,
            destination_netuid: u16,
            alpha_amount: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_move_stake(
                coldkey,
                origin_hotkey,
                destination_hotkey,
                origin_netuid,
                destination_netuid,
                alpha_amount,
            )
        }

        /// Give alpha to another coldkey.
        #[pallet::call_index(86)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn transfer_stake(
            origin: OriginFor<T>,
            destination_coldkey: T::AccountId,
            hotkey: T::AccountId,
            origin_netuid: u16,
            destination_netuid: u16,
            alpha_amount: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_transfer_stake(
                coldkey,
                destination_coldkey,
                hotkey,
                origin_netuid,
                destination_netuid,
                alpha_amount,
            )
        }

        /// Trade alpha of one subnet for that of another, on the same hotkey.
        #[pallet::call_index(87)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn swap_stake(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            origin_netuid: u16,
            destination_netuid: u16,
            alpha_amount: u64,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_swap_stake(coldkey, hotkey, origin_netuid, destination_netuid, alpha_amount, None)
        }

        /// [`add_stake`](Self::add_stake) up to a price, in rao per alpha: all or, if so allowed, as much as it takes.
        #[pallet::call_index(88)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn add_stake_limit(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            netuid: u16,
            amount_staked: u64,
            limit_price: u64,
            allow_partial: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_add_stake_limit(&coldkey, &hotkey, netuid, amount_staked, limit_price, allow_partial).map(|_| ())
        }

        /// [`remove_stake`](Self::remove_stake) down to a price, in rao per alpha.
        #[pallet::call_index(89)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn remove_stake_limit(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            netuid: u16,
            amount_unstaked: u64,
            limit_price: u64,
            allow_partial: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            Self::do_remove_stake_limit(coldkey, hotkey, netuid, amount_unstaked, limit_price, allow_partial)
        }

        /// [`swap_stake`](Self::swap_stake) down to a price of the one alpha in the other, in units of 10^-9.
        #[pallet::call_index(90)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn swap_stake_limit(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            origin_netuid: u16,
            destination_netuid: u16,
            alpha_amount: u64,
            limit_price: u64,
            allow_partial: bool,
        ) -> DispatchResult {
            let coldkey = ensure_signed(origin)?;
            let limit = Some(PriceLimit { price: limit_price, allow_partial });
            Self::do_swap_stake(coldkey, hotkey, origin_netuid, destination_netuid, alpha_amount, limit)
        }

        /// Take all alpha back from a hotkey, down to a price if there is one.
        #[pallet::call_index(103)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn remove_stake_full_limit(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            netuid: u16,
            limit_price: Option<u64>,
        ) -> DispatchResult {
            Self::do_remove_stake_full_limit(ensure_signed(origin)?, hotkey, netuid, limit_price)
        }

        /// Give alpha back to what may be issued.
        #[pallet::call_index(101)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn recycle_alpha(origin: OriginFor<T>, hotkey: T::AccountId, amount: u64, netuid: u16) -> DispatchResult {
            Self::do_recycle_alpha(ensure_signed(origin)?, hotkey, amount, netuid)
        }

        /// Give alpha up: it stays issued.
        #[pallet::call_index(102)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn burn_alpha(origin: OriginFor<T>, hotkey: T::AccountId, amount: u64, netuid: u16) -> DispatchResult {
            Self::do_burn_alpha(ensure_signed(origin)?, hotkey, amount, netuid)
        }

        /// Stake TAO and burn the alpha.
        #[pallet::call_index(132)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn add_stake_burn(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            netuid: u16,
            amount: u64,
            limit: Option<u64>,
        ) -> DispatchResult {
            Self::do_add_stake_burn(ensure_signed(origin)?, hotkey, netuid, amount, limit)
        }

        /// Take less from those who stake to a hotkey. The signer is its coldkey.
        #[pallet::call_index(65)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn decrease_take(origin: OriginFor<T>, hotkey: T::AccountId, take: u16) -> DispatchResult {
            Self::do_decrease_take(ensure_signed(origin)?, hotkey, take)
        }

        /// Take more from those who stake to a hotkey. The signer is its coldkey.
        #[pallet::call_index(66)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn increase_take(origin: OriginFor<T>, hotkey: T::AccountId, take: u16) -> DispatchResult {
            Self::do_increase_take(ensure_signed(origin)?, hotkey, take)
        }

        /// Become the owner of a hotkey that nobody owns. Does nothing where somebody does.
        #[pallet::call_index(91)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn try_associate_hotkey(origin: OriginFor<T>, hotkey: T::AccountId) -> DispatchResult {
            Self::create_account_if_absent(&ensure_signed(origin)?, &hotkey)
        }

        /// Have what the signing coldkey's miners earn in a subnet staked to one hotkey.
        #[pallet::call_index(114)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn set_coldkey_auto_stake_hotkey(
            origin: OriginFor<T>,
            netuid: u16,
            hotkey: T::AccountId,
        ) -> DispatchResult {
            Self::do_set_auto_stake(ensure_signed(origin)?, netuid, hotkey)
        }

        /// Take a seat on root.
        #[pallet::call_index(62)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn root_register(origin: OriginFor<T>, hotkey: T::AccountId) -> DispatchResult {
            Self::do_root_register(ensure_signed(origin)?, hotkey)
        }

        /// Claim what the signing coldkey's stake on root earned in one to five subnets.
        #[pallet::call_index(121)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn claim_root(origin: OriginFor<T>, subnets: BTreeSet<u16>) -> DispatchResult {
            Self::do_claim_root(ensure_signed(origin)?, subnets)
        }

        /// Choose what becomes of what the signing coldkey's stake on root earns.
        #[pallet::call_index(122)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn set_root_claim_type(origin: OriginFor<T>, new_root_claim_type: RootClaimTypeEnum) -> DispatchResult {
            Self::do_set_root_claim_type(ensure_signed(origin)?, new_root_claim_type)
        }

        /// Set for how many coldkeys each block claims. For sudo.
        #[pallet::call_index(123)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn sudo_set_num_root_claims(origin: OriginFor<T>, new_value: u64) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_set_num_root_claims(new_value)
        }

        /// Set the least alpha that is claimed of a subnet. For its owner and sudo.
        #[pallet::call_index(124)]
        #[pallet::weight(Weight::from_parts(50_000_000, 0))]
        pub fn sudo_set_root_claim_threshold(origin: OriginFor<T>, netuid: u16, new_value: u64) -> DispatchResult {
            if let Some(who) = ensure_signed_or_root(origin)? {
                ensure!(SubnetOwner::<T>::get(netuid) == who, DispatchError::BadOrigin);
            }
            Self::do_set_root_claim_threshold(netuid, new_value)
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

        /// Once a seat for work; now [`burned_register`](Self::burned_register), whatever the work is.
        #[pallet::call_index(6)]
        #[pallet::weight(Weight::from_parts(350_000_000, 0))]
        pub fn register(
            origin: OriginFor<T>,
            netuid: u16,
            _block_number: u64,
            _nonce: u64,
            _work: Vec<u8>,
            hotkey: T::AccountId,
            _coldkey: T::AccountId,
        ) -> DispatchResult {
            Self::do_register(ensure_signed(origin)?, netuid, hotkey, None)
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
            Self::do_register_network(ensure_signed(origin)?, hotkey, None)
        }

        /// [`register_network`](Self::register_network) with what it says of itself.
        #[pallet::call_index(79)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn register_network_with_identity(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            identity: Option<SubnetIdentityV3>,
        ) -> DispatchResult {
            Self::do_register_network(ensure_signed(origin)?, hotkey, identity)
        }

        /// End a network. For sudo.
        #[pallet::call_index(61)]
        #[pallet::weight((Weight::from_parts(119_000_000, 0), DispatchClass::Operational, Pays::Yes))]
        pub fn dissolve_network(origin: OriginFor<T>, _coldkey: T::AccountId, netuid: u16) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_dissolve_network(netuid)
        }

        /// End a network. For sudo.
        #[pallet::call_index(120)]
        #[pallet::weight((Weight::from_parts(119_000_000, 0), DispatchClass::Operational, Pays::Yes))]
        pub fn root_dissolve_network(origin: OriginFor<T>, netuid: u16) -> DispatchResult {
            ensure_root(origin)?;
            Self::do_dissolve_network(netuid)
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

        /// Announce where the signing hotkey serves metrics.
        #[pallet::call_index(5)]
        #[pallet::weight((Weight::from_parts(30_000_000, 0), DispatchClass::Normal, Pays::No))]
        pub fn serve_prometheus(
            origin: OriginFor<T>,
            netuid: u16,
            version: u32,
            ip: u128,
            port: u16,
            ip_type: u8,
        ) -> DispatchResult {
            let prometheus = PrometheusInfo { block: 0, version, ip, port, ip_type };
            Self::do_serve_prometheus(ensure_signed(origin)?, netuid, prometheus)
        }

        /// Say who the signing coldkey is.
        #[pallet::call_index(68)]
        #[pallet::weight(Weight::from_parts(40_000_000, 0))]
        pub fn set_identity(
            origin: OriginFor<T>,
            name: Vec<u8>,
            url: Vec<u8>,
            github_repo: Vec<u8>,
            image: Vec<u8>,
            discord: Vec<u8>,
            description: Vec<u8>,
            additional: Vec<u8>,
        ) -> DispatchResult {
            let identity = ChainIdentityV2 { name, url, github_repo, image, discord, description, additional };
            Self::do_set_identity(ensure_signed(origin)?, identity)
        }

        /// Put another hotkey of the signing coldkey in the place of one, in a subnet or everywhere.
        #[pallet::call_index(70)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn swap_hotkey(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            new_hotkey: T::AccountId,
            netuid: Option<u16>,
        ) -> DispatchResult {
            Self::do_swap_hotkey(ensure_signed(origin)?, hotkey, new_hotkey, netuid, false)
        }

        /// The same; with `keep_stake`, the stake stays on the old hotkey.
        #[pallet::call_index(72)]
        #[pallet::weight(Weight::from_parts(300_000_000, 0))]
        pub fn swap_hotkey_v2(
            origin: OriginFor<T>,
            hotkey: T::AccountId,
            new_hotkey: T::AccountId,
            netuid: Option<u16>,
            keep_stake: bool,
        ) -> DispatchResult {
            Self::do_swap_hotkey(ensure_signed(origin)?, hotkey, new_hotkey, netuid, keep_stake)
        }

        /// Say what a subnet is. The signer is its owner.
        #[pallet::call_index(78)]
        #[pallet::weight(Weight::from_parts(40_000_000, 0))]
        pub fn set_subnet_identity(
            origin: OriginFor<T>,
            netuid: u16,
            subnet_name: Vec<u8>,
            github_repo: Vec<u8>,
            subnet_contact: Vec<u8>,
            subnet_url: Vec<u8>,
            discord: Vec<u8>,
            description: Vec<u8>,
            logo_url: Vec<u8>,
            additional: Vec<u8>,
        ) -> DispatchResult {
            let identity = SubnetIdentityV3 {
                subnet_name,
                github_repo,
                subnet_contact,
                subnet_url,
                discord,
                description,
                logo_url,
                additional,
            };
            Self::do_set_subnet_identity(ensure_signed(origin)?, netuid, identity)
        }

        /// Choose the symbol of a subnet's alpha. The signer is its owner, or root.
        #[pallet::call_index(112)]
        #[pallet::weight(Weight::from_parts(30_000_000, 0))]
        pub fn update_symbol(origin: OriginFor<T>, netuid: u16, symbol: Vec<u8>) -> DispatchResult {
            Self::do_update_symbol(origin, netuid, symbol)
        }
    }
}
