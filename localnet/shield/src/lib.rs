//! Transactions that only a block's author can read: the pallet `MevShield` as a client sees it, with the calls,
//! storage, events and errors of Subtensor's spec 425. A client seals a signed transaction with `NextKey` and sends it
//! in `submit_encrypted`; the author opens it and puts it right behind, into the same block.
//!
//! What differs from the chain: there is one author and one pair of keys, which never change. What is stored by
//! `store_encrypted` is dropped at the next block with `ExtrinsicDecodeFailed`, as on the chain, where nothing can
//! decrypt it.

// The macros of FRAME write qualified paths into this crate.
#![allow(unused_qualifications)]

mod envelope;

pub use envelope::{KEY_BYTES, KeyPair, Secrets, ShieldedTransaction, seal};
pub use pallet::*;

use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
    pallet_prelude::*,
    traits::{ConstU32, ConstU64},
};
use sp_inherents::InherentIdentifier;
use sp_runtime::{Saturating, traits::Hash};

/// Names the author's key among the data that a block starts with.
pub const INHERENT_IDENTIFIER: InherentIdentifier = *b"shieldek";

/// A key that transactions are sealed with.
pub type ShieldEncKey = BoundedVec<u8, ConstU32<2_048>>;
/// A sealed transaction.
pub type Sealed = BoundedVec<u8, ConstU32<8_192>>;

/// Half of a block's time, which no weight of this pallet may pass.
const MAX_WEIGHT: u64 = 2_000_000_000_000;

#[frame_support::pallet]
pub mod pallet {
    use frame_system::pallet_prelude::*;

    use super::*;

    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Who makes the blocks.
        type Author: Get<[u8; 32]>;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// The key of who makes this block.
    #[pallet::storage]
    pub type CurrentKey<T> = StorageValue<_, ShieldEncKey, OptionQuery>;
    /// The key of who makes the next block.
    #[pallet::storage]
    pub type PendingKey<T> = StorageValue<_, ShieldEncKey, OptionQuery>;
    /// The key to seal with.
    #[pallet::storage]
    pub type NextKey<T> = StorageValue<_, ShieldEncKey, OptionQuery>;
    #[pallet::storage]
    pub type AuthorKeys<T> = StorageMap<_, Twox64Concat, [u8; 32], ShieldEncKey, OptionQuery>;
    #[pallet::storage]
    pub type PendingKeyExpiresAt<T: Config> = StorageValue<_, BlockNumberFor<T>, OptionQuery>;
    #[pallet::storage]
    pub type NextKeyExpiresAt<T: Config> = StorageValue<_, BlockNumberFor<T>, OptionQuery>;
    #[pallet::storage]
    pub type HasMigrationRun<T> = StorageMap<_, Identity, BoundedVec<u8, ConstU32<128>>, bool, ValueQuery>;
    #[pallet::storage]
    pub type MaxPendingExtrinsicsLimit<T> = StorageValue<_, u32, ValueQuery, ConstU32<100>>;
    #[pallet::storage]
    pub type ExtrinsicLifetime<T> = StorageValue<_, u32, ValueQuery, ConstU32<10>>;
    #[pallet::storage]
    pub type OnInitializeWeight<T> = StorageValue<_, u64, ValueQuery, ConstU64<500_000_000_000>>;
    #[pallet::storage]
    pub type MaxExtrinsicWeight<T> = StorageValue<_, u64, ValueQuery, ConstU64<50_000_000_000>>;
    #[pallet::storage]
    pub type PendingExtrinsics<T: Config> =
        CountedStorageMap<_, Identity, u32, PendingExtrinsic<T::AccountId, BlockNumberFor<T>>, OptionQuery>;
    #[pallet::storage]
    pub type NextPendingExtrinsicIndex<T> = StorageValue<_, u32, ValueQuery>;

    /// What waits to be opened by the chain.
    #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
    pub struct PendingExtrinsic<AccountId, BlockNumber> {
        /// Who stored it.
        pub who: AccountId,
        /// Sealed.
        pub encrypted_call: Sealed,
        /// When.
        pub submitted_at: BlockNumber,
    }

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The author's key; none where nothing can be sealed.
        pub key: Vec<u8>,
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            if let Some(key) = ShieldEncKey::try_from(self.key.clone()).ok().filter(|key| key.len() == KEY_BYTES) {
                CurrentKey::<T>::put(&key);
                PendingKey::<T>::put(&key);
                NextKey::<T>::put(&key);
                AuthorKeys::<T>::insert(T::Author::get(), key);
            }
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A sealed transaction is in the block.
        EncryptedSubmitted {
            /// Hash of who sent it and the envelope.
            id: T::Hash,
            /// Who sent it.
            who: T::AccountId,
        },
        /// Something waits to be opened.
        ExtrinsicStored {
            /// Its place.
            index: u32,
            /// Who stored it.
            who: T::AccountId,
        },
        /// It could not be opened.
        ExtrinsicDecodeFailed {
            /// Its place.
            index: u32,
        },
        /// It was opened and failed.
        ExtrinsicDispatchFailed {
            /// Its place.
            index: u32,
            /// Why.
            error: DispatchError,
        },
        /// It was opened and done.
        ExtrinsicDispatched {
            /// Its place.
            index: u32,
        },
        /// It waited too long.
        ExtrinsicExpired {
            /// Its place.
            index: u32,
        },
        /// It waits on.
        ExtrinsicPostponed {
            /// Its place.
            index: u32,
        },
        /// How many may wait.
        MaxPendingExtrinsicsNumberSet {
            /// The new limit.
            value: u32,
        },
        /// What opening may cost in a block.
        OnInitializeWeightSet {
            /// The new limit.
            value: u64,
        },
        /// How long one may wait.
        ExtrinsicLifetimeSet {
            /// The new limit, in blocks.
            value: u32,
        },
        /// What one may cost.
        MaxExtrinsicWeightSet {
            /// The new limit.
            value: u64,
        },
        /// It would have cost too much.
        ExtrinsicWeightExceeded {
            /// Its place.
            index: u32,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// A key of another length.
        BadEncKeyLen,
        /// The block has no author.
        Unreachable,
        /// As many wait as may.
        TooManyPendingExtrinsics,
        /// More than half of a block's time.
        WeightExceedsAbsoluteMax,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// The author's key for the blocks to come. Keys move up by one block.
        #[pallet::call_index(0)]
        #[pallet::weight((Weight::zero(), DispatchClass::Mandatory))]
        pub fn announce_next_key(origin: OriginFor<T>, enc_key: Option<ShieldEncKey>) -> DispatchResult {
            ensure_none(origin)?;
            ensure!(enc_key.as_ref().is_none_or(|key| key.len() == KEY_BYTES), Error::<T>::BadEncKeyLen);
            let now = frame_system::Pallet::<T>::block_number();
            let pending = NextKey::<T>::get();
            let next = AuthorKeys::<T>::get(T::Author::get());
            CurrentKey::<T>::set(PendingKey::<T>::get());
            PendingKeyExpiresAt::<T>::set(pending.as_ref().map(|_| now.saturating_add(2u32.into())));
            PendingKey::<T>::set(pending);
            NextKeyExpiresAt::<T>::set(next.as_ref().map(|_| now.saturating_add(3u32.into())));
            NextKey::<T>::set(next);
            AuthorKeys::<T>::set(T::Author::get(), enc_key);
            Ok(())
        }

        /// Carry a sealed transaction into a block.
        #[pallet::call_index(1)]
        #[pallet::weight(Weight::from_parts(13_980_000, 0))]
        pub fn submit_encrypted(origin: OriginFor<T>, ciphertext: Sealed) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let id = T::Hashing::hash_of(&(&who, &ciphertext));
            Self::deposit_event(Event::EncryptedSubmitted { id, who });
            Ok(())
        }

        /// Store a sealed call for the chain to open.
        #[pallet::call_index(2)]
        #[pallet::weight(Weight::from_parts(20_000_000_000, 0))]
        pub fn store_encrypted(origin: OriginFor<T>, encrypted_call: Sealed) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let room = PendingExtrinsics::<T>::count() < MaxPendingExtrinsicsLimit::<T>::get();
            ensure!(room, Error::<T>::TooManyPendingExtrinsics);
            let index = NextPendingExtrinsicIndex::<T>::get();
            let submitted_at = frame_system::Pallet::<T>::block_number();
            PendingExtrinsics::<T>::insert(index, PendingExtrinsic { who: who.clone(), encrypted_call, submitted_at });
            NextPendingExtrinsicIndex::<T>::put(index.saturating_add(1));
            Self::deposit_event(Event::ExtrinsicStored { index, who });
            Ok(())
        }

        /// Change how many may wait.
        #[pallet::call_index(3)]
        #[pallet::weight(T::DbWeight::get().writes(1))]
        pub fn set_max_pending_extrinsics_number(origin: OriginFor<T>, value: u32) -> DispatchResult {
            ensure_root(origin)?;
            MaxPendingExtrinsicsLimit::<T>::put(value);
            Self::deposit_event(Event::MaxPendingExtrinsicsNumberSet { value });
            Ok(())
        }

        /// Change what opening may cost in a block.
        #[pallet::call_index(4)]
        #[pallet::weight(T::DbWeight::get().writes(1))]
        pub fn set_on_initialize_weight(origin: OriginFor<T>, value: u64) -> DispatchResult {
            ensure_root(origin)?;
            ensure!(value <= MAX_WEIGHT, Error::<T>::WeightExceedsAbsoluteMax);
            OnInitializeWeight::<T>::put(value);
            Self::deposit_event(Event::OnInitializeWeightSet { value });
            Ok(())
        }

        /// Change how long one may wait.
        #[pallet::call_index(5)]
        #[pallet::weight(T::DbWeight::get().writes(1))]
        pub fn set_stored_extrinsic_lifetime(origin: OriginFor<T>, value: u32) -> DispatchResult {
            ensure_root(origin)?;
            ExtrinsicLifetime::<T>::put(value);
            Self::deposit_event(Event::ExtrinsicLifetimeSet { value });
            Ok(())
        }

        /// Change what one may cost.
        #[pallet::call_index(6)]
        #[pallet::weight(T::DbWeight::get().writes(1))]
        pub fn set_max_extrinsic_weight(origin: OriginFor<T>, value: u64) -> DispatchResult {
            ensure_root(origin)?;
            ensure!(value <= MAX_WEIGHT, Error::<T>::WeightExceedsAbsoluteMax);
            MaxExtrinsicWeight::<T>::put(value);
            Self::deposit_event(Event::MaxExtrinsicWeightSet { value });
            Ok(())
        }
    }

    #[pallet::inherent]
    impl<T: Config> ProvideInherent for Pallet<T> {
        type Call = Call<T>;
        type Error = sp_inherents::MakeFatalError<()>;

        const INHERENT_IDENTIFIER: InherentIdentifier = INHERENT_IDENTIFIER;

        fn create_inherent(data: &InherentData) -> Option<Self::Call> {
            let key: Vec<u8> = data.get_data(&INHERENT_IDENTIFIER).ok()??;
            Some(Call::announce_next_key { enc_key: Some(ShieldEncKey::try_from(key).ok()?) })
        }

        fn is_inherent(call: &Self::Call) -> bool {
            matches!(call, Call::announce_next_key { .. })
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            let waiting = PendingExtrinsics::<T>::count();
            if waiting > 0 {
                let next = NextPendingExtrinsicIndex::<T>::get();
                for index in next.saturating_sub(waiting)..next {
                    PendingExtrinsics::<T>::remove(index);
                    Self::deposit_event(Event::ExtrinsicDecodeFailed { index });
                }
            }
            Weight::zero()
        }
    }
}
