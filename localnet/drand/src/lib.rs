//! The beacon on the embedded chain: the pallet `Drand` as a client sees it, with the calls, storage, events and errors
//! of Subtensor's spec 425. Who sends a pulse does not matter: it counts by the beacon's signature in it.
//!
//! What differs from the chain:
//! * a pulse whose randomness is not the hash of its signature is not stored (the chain does not look);
//! * the author of a block may write several pulses in one transaction, a stranger one, as on the chain;
//! * pulses are not fetched: the node's author makes them, or a client sends them.
//!
//! [`timelock`] opens what was locked to a round.

// The macros of FRAME write qualified paths into this crate.
#![allow(unused_qualifications)]

pub mod bls;
pub mod timelock;
mod types;

pub use pallet::*;
pub use types::{
    BeaconConfiguration, BeaconConfigurationPayload, BoundedHash, Metadata, OpaquePublicKey, Pulse, PulsesPayload,
    RoundNumber,
};

use codec::Encode;
use frame_support::{pallet_prelude::*, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sha2::{Digest, Sha256};
use sp_core::blake2_256;
use sp_runtime::{
    Saturating,
    traits::{IdentifyAccount, One, Verify},
};

/// Pulses that one transaction of a block's author may write: as many as the chain's nodes fetch at a time.
pub const MAX_PULSES: usize = 50;
/// Rounds that are kept: a week.
pub const MAX_KEPT_PULSES: u64 = 216_000;
/// Rounds that one write removes at most.
const MAX_REMOVED_PULSES: u64 = 100;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use frame_system::pallet_prelude::*;

    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The public key of who sends.
        type Public: Parameter + IdentifyAccount<AccountId = Self::AccountId>;
        /// A signature by it.
        type Signature: Parameter + Verify<Signer = Self::Public>;
        /// Where a bare transaction stands among others.
        #[pallet::constant]
        type UnsignedPriority: Get<TransactionPriority>;
        /// Of the chain's nodes, which fetch pulses; nothing here fetches.
        #[pallet::constant]
        type HttpFetchTimeout: Get<u64>;
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    #[pallet::type_value]
    pub fn DefaultBeaconConfig<T: Config>() -> BeaconConfiguration {
        BeaconConfiguration::quicknet()
    }

    #[pallet::storage]
    pub type BeaconConfig<T: Config> = StorageValue<_, BeaconConfiguration, ValueQuery, DefaultBeaconConfig<T>>;
    #[pallet::storage]
    pub type HasMigrationRun<T: Config> = StorageMap<_, Identity, BoundedVec<u8, ConstU32<128>>, bool, ValueQuery>;
    #[pallet::storage]
    pub type Pulses<T: Config> = StorageMap<_, Blake2_128Concat, RoundNumber, Pulse, OptionQuery>;
    #[pallet::storage]
    pub type LastStoredRound<T: Config> = StorageValue<_, RoundNumber, ValueQuery>;
    #[pallet::storage]
    pub type OldestStoredRound<T: Config> = StorageValue<_, RoundNumber, ValueQuery>;
    #[pallet::storage]
    pub type NextUnsignedAt<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The beacon; quicknet where none is named.
        pub beacon: Option<BeaconConfiguration>,
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            if let Some(beacon) = &self.beacon {
                BeaconConfig::<T>::put(beacon);
            }
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The beacon is another one.
        BeaconConfigChanged,
        /// Pulses were stored.
        NewPulse {
            /// Of these rounds.
            rounds: Vec<RoundNumber>,
        },
        /// The oldest round was set by hand.
        SetOldestStoredRound(u64),
    }

    #[pallet::error]
    pub enum Error<T> {
        /// Nothing is stored.
        NoneValue,
        /// A number would not fit.
        StorageOverflow,
        /// The beacon could not be reached.
        DrandConnectionFailure,
        /// The pulse is not the beacon's.
        UnverifiedPulse,
        /// The round is not later than the last stored one.
        InvalidRoundNumber,
        /// The pulse could not be verified.
        PulseVerificationError,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Store pulses of the beacon. One that the beacon did not sign is passed over, one whose signature is no
        /// point of the curve fails the call.
        #[pallet::call_index(0)]
        #[pallet::weight(Weight::from_parts(4_294_000_000, 0).saturating_add(T::DbWeight::get().reads_writes(3, 4)))]
        pub fn write_pulse(
            origin: OriginFor<T>,
            pulses_payload: PulsesPayload<T::Public, BlockNumberFor<T>>,
            _signature: Option<T::Signature>,
        ) -> DispatchResult {
            ensure_none(origin)?;
            Self::store(&pulses_payload.pulses)
        }

        /// Follow another beacon.
        #[pallet::call_index(1)]
        #[pallet::weight((
            Weight::from_parts(8_766_000, 0).saturating_add(T::DbWeight::get().writes(2)),
            DispatchClass::Operational
        ))]
        pub fn set_beacon_config(
            origin: OriginFor<T>,
            config_payload: BeaconConfigurationPayload<T::Public, BlockNumberFor<T>>,
            _signature: Option<T::Signature>,
        ) -> DispatchResult {
            ensure_root(origin)?;
            BeaconConfig::<T>::put(config_payload.config);
            NextUnsignedAt::<T>::put(frame_system::Pallet::<T>::block_number().saturating_add(One::one()));
            Self::deposit_event(Event::BeaconConfigChanged);
            Ok(())
        }

        /// Say where the history begins.
        #[pallet::call_index(2)]
        #[pallet::weight((
            Weight::from_parts(5_370_000, 0).saturating_add(T::DbWeight::get().writes(1)),
            DispatchClass::Operational
        ))]
        pub fn set_oldest_stored_round(origin: OriginFor<T>, oldest_round: u64) -> DispatchResult {
            ensure_root(origin)?;
            OldestStoredRound::<T>::put(oldest_round);
            Self::deposit_event(Event::SetOldestStoredRound(oldest_round));
            Ok(())
        }
    }

    #[pallet::validate_unsigned]
    impl<T: Config> ValidateUnsigned for Pallet<T> {
        type Call = Call<T>;

        fn validate_unsigned(source: TransactionSource, call: &Self::Call) -> TransactionValidity {
            match call {
                Call::write_pulse { pulses_payload, signature } => {
                    check_sender::<T>(pulses_payload, &pulses_payload.public, signature.as_ref())?;
                    Self::validate_pulses(source, pulses_payload)
                }
                Call::set_beacon_config { config_payload, signature } => {
                    check_sender::<T>(config_payload, &config_payload.public, signature.as_ref())?;
                    Self::validate_config(config_payload)
                }
                _ => InvalidTransaction::Call.into(),
            }
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The beacon's signature of a round, if its pulse is stored: what opens a message locked to it.
    pub fn signature_of(round: RoundNumber) -> Option<Vec<u8>> {
        Pulses::<T>::get(round).map(|pulse| pulse.signature.into_inner())
    }

    fn store(pulses: &[Pulse]) -> DispatchResult {
        let beacon = BeaconConfig::<T>::get();
        let mut last = LastStoredRound::<T>::get();
        let first_ever = last == 0 && OldestStoredRound::<T>::get() == 0;
        let mut rounds = Vec::new();
        for pulse in genuine::<T>(&beacon, pulses)? {
            ensure!(pulse.round > last, Error::<T>::InvalidRoundNumber);
            Pulses::<T>::insert(pulse.round, pulse);
            last = pulse.round;
            rounds.push(pulse.round);
        }
        LastStoredRound::<T>::put(last);
        if let (true, Some(first)) = (first_ever, rounds.first()) {
            OldestStoredRound::<T>::put(first);
        }
        forget_oldest::<T>(last);
        NextUnsignedAt::<T>::put(frame_system::Pallet::<T>::block_number());
        if !rounds.is_empty() {
            Self::deposit_event(Event::NewPulse { rounds });
        }
        Ok(())
    }

    fn validate_pulses(
        source: TransactionSource,
        payload: &PulsesPayload<T::Public, BlockNumberFor<T>>,
    ) -> TransactionValidity {
        let now = frame_system::Pallet::<T>::block_number();
        if now < payload.block_number {
            return InvalidTransaction::Future.into();
        }
        let most = if source == TransactionSource::InBlock { MAX_PULSES } else { 1 };
        let Some(first) = payload.pulses.first().filter(|_| payload.pulses.len() <= most) else {
            return InvalidTransaction::Call.into();
        };
        if NextUnsignedAt::<T>::get() > now || first.round <= LastStoredRound::<T>::get() {
            return InvalidTransaction::Stale.into();
        }
        ValidTransaction::with_tag_prefix("DrandOffchainWorker")
            // Earlier rounds go first.
            .priority(T::UnsignedPriority::get().saturating_add(u64::MAX - first.round))
            .and_provides((b"drand", first.round).using_encoded(blake2_256))
            .longevity(3)
            .propagate(false)
            .build()
    }

    fn validate_config(payload: &BeaconConfigurationPayload<T::Public, BlockNumberFor<T>>) -> TransactionValidity {
        let next = NextUnsignedAt::<T>::get();
        if frame_system::Pallet::<T>::block_number() < payload.block_number {
            return InvalidTransaction::Future.into();
        }
        if next > payload.block_number {
            return InvalidTransaction::Stale.into();
        }
        ValidTransaction::with_tag_prefix("DrandOffchainWorker")
            .priority(T::UnsignedPriority::get())
            .and_provides((next, payload.public.encode()).using_encoded(blake2_256))
            .longevity(1)
            .propagate(true)
            .build()
    }
}

fn check_sender<T: Config>(
    payload: &impl Encode,
    public: &T::Public,
    signature: Option<&T::Signature>,
) -> Result<(), InvalidTransaction> {
    let signature = signature.ok_or(InvalidTransaction::BadSigner)?;
    let genuine = payload.using_encoded(|bytes| signature.verify(bytes, &public.clone().into_account()));
    if genuine { Ok(()) } else { Err(InvalidTransaction::BadProof) }
}

/// The pulses that the beacon signed.
fn genuine<'a, T: Config>(
    beacon: &BeaconConfiguration,
    pulses: &'a [Pulse],
) -> Result<impl Iterator<Item = &'a Pulse>, Error<T>> {
    let key = bls::PublicKey::from_bytes(&beacon.public_key).ok_or(Error::<T>::PulseVerificationError)?;
    let signed: Option<Vec<_>> =
        pulses.iter().map(|pulse| Some((pulse.round, bls::Signature::from_bytes(&pulse.signature)?))).collect();
    let signed = signed.ok_or(Error::<T>::PulseVerificationError)?;
    // One of them forged is rare: then they are looked at one by one.
    let all = key.verify(&signed);
    Ok(pulses.iter().zip(signed).filter_map(move |(pulse, signed)| {
        let hashed = pulse.randomness[..] == Sha256::digest(&pulse.signature)[..];
        (hashed && (all || key.verify(&[signed]))).then_some(pulse)
    }))
}

/// Drop what is older than the history that is kept, a bounded number of rounds at a time.
fn forget_oldest<T: Config>(last: RoundNumber) {
    let oldest = OldestStoredRound::<T>::get();
    if oldest == 0 {
        return;
    }
    let kept_from = last.saturating_add(1).saturating_sub(MAX_KEPT_PULSES);
    let until = kept_from.clamp(oldest, oldest.saturating_add(MAX_REMOVED_PULSES));
    for round in oldest..until {
        Pulses::<T>::remove(round);
    }
    OldestStoredRound::<T>::put(until);
}
