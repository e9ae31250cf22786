//! What hotkeys publish: the pallet `Commitments` as a client sees it, with the calls, storage, events and errors of
//! Subtensor's spec 425. A hotkey with a seat publishes a few fields; those that are locked to a round of the beacon
//! are opened by the chain when it has the round's pulse.
//!
//! As on the chain, a timelocked field that does not open is dropped without a word, and nothing is deposited.

// The macros of FRAME write qualified paths into this crate.
#![allow(unused_qualifications)]

mod types;

pub use pallet::*;
pub use types::{CommitmentInfo, Data, Encrypted, Large, Registration, UsageTracker};

use frame_support::{BoundedVec, pallet_prelude::*};
use pallet_drand::timelock;
use sp_runtime::SaturatedConversion;

/// Bytes that a publication counts at least.
const MIN_SPACE: u64 = 100;
/// Opened fields of a hotkey that are kept.
const MAX_REVEALS: usize = 10;

/// What commitments ask of the subnets.
pub trait Subnets<AccountId> {
    /// Whether a hotkey has a seat.
    fn is_registered(netuid: u16, hotkey: &AccountId) -> bool;
    /// The number of the subnet's current epoch: what a hotkey may publish is counted per epoch.
    fn epoch_index(netuid: u16) -> u64;
    /// Forget what others hold of a hotkey's bonds, if the subnet lets it ask for that.
    fn reset_bonds(netuid: u16, hotkey: &AccountId);
}

#[frame_support::pallet]
pub mod pallet {
    use std::collections::BTreeSet;

    use frame_system::pallet_prelude::*;

    use super::*;

    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> + pallet_drand::Config {
        /// Seats, epochs and bonds.
        type Subnets: Subnets<Self::AccountId>;
        /// Fields of a publication.
        #[pallet::constant]
        type MaxFields: Get<u32>;
        /// Taken for a publication, in rao.
        #[pallet::constant]
        type InitialDeposit: Get<u64>;
        /// Taken for a field, in rao.
        #[pallet::constant]
        type FieldDeposit: Get<u64>;
    }

    #[pallet::pallet]
    #[pallet::without_storage_info]
    pub struct Pallet<T>(_);

    /// Who has fields that are not opened yet.
    #[pallet::storage]
    pub type TimelockedIndex<T: Config> = StorageValue<_, BTreeSet<(u16, T::AccountId)>, ValueQuery>;
    #[pallet::storage]
    pub type CommitmentOf<T: Config> = StorageDoubleMap<
        _,
        Identity,
        u16,
        Twox64Concat,
        T::AccountId,
        Registration<u64, T::MaxFields, BlockNumberFor<T>>,
        OptionQuery,
    >;
    #[pallet::storage]
    pub type LastCommitment<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, T::AccountId, BlockNumberFor<T>, OptionQuery>;
    #[pallet::storage]
    pub type LastBondsReset<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, T::AccountId, BlockNumberFor<T>, OptionQuery>;
    /// What was opened, with its block.
    #[pallet::storage]
    pub type RevealedCommitments<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, T::AccountId, Vec<(Vec<u8>, u64)>, OptionQuery>;
    #[pallet::storage]
    pub type UsedSpaceOf<T: Config> =
        StorageDoubleMap<_, Identity, u16, Twox64Concat, T::AccountId, UsageTracker, OptionQuery>;
    /// Bytes that a hotkey may publish in an epoch.
    #[pallet::storage]
    pub type MaxSpace<T> = StorageValue<_, u32, ValueQuery, ConstU32<3_100>>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Something was published.
        Commitment {
            /// Where.
            netuid: u16,
            /// By whom.
            who: T::AccountId,
        },
        /// Something was published that opens later.
        TimelockCommitment {
            /// Where.
            netuid: u16,
            /// By whom.
            who: T::AccountId,
            /// The round of the first such field.
            reveal_round: u64,
        },
        /// A field was opened.
        CommitmentRevealed {
            /// Where.
            netuid: u16,
            /// Whose.
            who: T::AccountId,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// More fields than a publication may have.
        TooManyFieldsInCommitmentInfo,
        /// The hotkey has no seat in the subnet.
        AccountNotAllowedCommit,
        /// The hotkey published all that it may in this epoch.
        SpaceLimitExceeded,
        /// A deposit was not all there.
        UnexpectedUnreserveLeftover,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Publish, instead of what was published before.
        #[pallet::call_index(0)]
        #[pallet::weight((
            Weight::from_parts(33_480_000, 0).saturating_add(T::DbWeight::get().reads_writes(5, 4)),
            DispatchClass::Normal,
            Pays::No
        ))]
        pub fn set_commitment(
            origin: OriginFor<T>,
            netuid: u16,
            info: Box<CommitmentInfo<T::MaxFields>>,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            ensure!(T::Subnets::is_registered(netuid, &who), Error::<T>::AccountNotAllowedCommit);
            let now = frame_system::Pallet::<T>::block_number();
            let round = info.fields.iter().find_map(reveal_round);
            Self::use_space(netuid, &who, info.fields.iter().map(Data::space).sum())?;
            if info.fields.contains(&Data::ResetBondsFlag) {
                LastBondsReset::<T>::insert(netuid, &who, now);
                T::Subnets::reset_bonds(netuid, &who);
            }
            CommitmentOf::<T>::insert(netuid, &who, Registration { deposit: 0, block: now, info: *info });
            LastCommitment::<T>::insert(netuid, &who, now);
            let key = (netuid, who.clone());
            match round {
                Some(reveal_round) => {
                    TimelockedIndex::<T>::mutate(|index| index.insert(key));
                    Self::deposit_event(Event::TimelockCommitment { netuid, who, reveal_round });
                }
                None => {
                    TimelockedIndex::<T>::mutate(|index| index.remove(&key));
                    Self::deposit_event(Event::Commitment { netuid, who });
                }
            }
            Ok(())
        }

        /// Change how much a hotkey may publish in an epoch.
        #[pallet::call_index(2)]
        #[pallet::weight((
            Weight::from_parts(2_856_000, 0).saturating_add(T::DbWeight::get().writes(1)),
            DispatchClass::Operational,
            Pays::No
        ))]
        pub fn set_max_space(origin: OriginFor<T>, new_limit: u32) -> DispatchResult {
            ensure_root(origin)?;
            MaxSpace::<T>::put(new_limit);
            Ok(())
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            for (netuid, who) in TimelockedIndex::<T>::get() {
                Self::open_due(netuid, &who);
            }
            Weight::zero()
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The rounds that fields wait for.
    pub fn awaited_rounds() -> Vec<u64> {
        let waiting = TimelockedIndex::<T>::get().into_iter();
        let commitments = waiting.filter_map(|(netuid, who)| CommitmentOf::<T>::get(netuid, who));
        commitments.flat_map(|commitment| commitment.info.fields).filter_map(|field| reveal_round(&field)).collect()
    }

    fn use_space(netuid: u16, who: &T::AccountId, space: u64) -> DispatchResult {
        let epoch = T::Subnets::epoch_index(netuid);
        let usage = UsedSpaceOf::<T>::get(netuid, who).filter(|usage| usage.last_epoch == epoch).unwrap_or_default();
        let used_space = usage.used_space.saturating_add(space.max(MIN_SPACE));
        ensure!(used_space <= MaxSpace::<T>::get().into(), Error::<T>::SpaceLimitExceeded);
        UsedSpaceOf::<T>::insert(netuid, who, UsageTracker { last_epoch: epoch, used_space });
        Ok(())
    }

    /// Open the fields of a hotkey whose rounds have their pulses.
    fn open_due(netuid: u16, who: &T::AccountId) {
        let done = || TimelockedIndex::<T>::mutate(|index| index.remove(&(netuid, who.clone())));
        let Some(mut commitment) = CommitmentOf::<T>::get(netuid, who) else {
            done();
            return;
        };
        let mut opened = Vec::new();
        let fields = commitment.info.fields.clone().into_iter().filter(|field| {
            let Data::TimelockEncrypted { encrypted, reveal_round } = field else { return true };
            let Some(signature) = pallet_drand::Pallet::<T>::signature_of(*reveal_round) else { return true };
            let message = timelock::decrypt(encrypted, &signature).unwrap_or_default();
            opened.extend(Some(message).filter(|message| !message.is_empty()));
            false
        });
        let fields = BoundedVec::truncate_from(fields.collect());
        if fields == commitment.info.fields {
            return;
        }
        if !fields.iter().any(|field| reveal_round(field).is_some()) {
            done();
        }
        commitment.info.fields = fields;
        if commitment.info.fields.is_empty() {
            CommitmentOf::<T>::remove(netuid, who);
        } else {
            CommitmentOf::<T>::insert(netuid, who, commitment);
        }
        Self::reveal(netuid, who, opened);
    }

    fn reveal(netuid: u16, who: &T::AccountId, opened: Vec<Vec<u8>>) {
        if opened.is_empty() {
            return;
        }
        let now: u64 = frame_system::Pallet::<T>::block_number().saturated_into();
        RevealedCommitments::<T>::mutate(netuid, who, |revealed| {
            let revealed = revealed.get_or_insert_default();
            for message in opened {
                revealed.push((message, now));
                Self::deposit_event(Event::CommitmentRevealed { netuid, who: who.clone() });
            }
            revealed.drain(..revealed.len().saturating_sub(MAX_REVEALS));
        });
    }
}

fn reveal_round(field: &Data) -> Option<u64> {
    match field {
        Data::TimelockEncrypted { reveal_round, .. } => Some(*reveal_round),
        _ => None,
    }
}
