//! How often a subnet's owner may change its rules.

use crate::*;

/// Blocks between two changes of a subnet's mechanisms, or of their split.
const MECHANISM_RATE_LIMIT: u64 = 7_200;
/// Blocks between two trims: thirty days.
const MAX_UIDS_TRIMMING_RATE_LIMIT: u64 = 216_000;
/// Blocks between two choices of the owner's hotkey: a week.
const SET_SN_OWNER_HOTKEY_RATE_LIMIT: u64 = 50_400;

/// What has a clock of its own in each subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionType {
    /// The least version of weights: once in `WeightsVersionKeyRateLimit` tempos.
    SetWeightsVersionKey,
    /// The owner's hotkey. Root waits too.
    SetSNOwnerHotkey,
    /// A hyperparameter: once in `OwnerHyperparamRateLimit` tempos.
    OwnerHyperparamUpdate(Hyperparameter),
    /// How many mechanisms there are.
    MechanismCountUpdate,
    /// How mechanisms share the emission.
    MechanismEmission,
    /// Fewer seats.
    MaxUidsTrimming,
    /// The tempo: once in the shortest tempo.
    TempoUpdate,
}

impl From<Hyperparameter> for TransactionType {
    fn from(parameter: Hyperparameter) -> Self {
        Self::OwnerHyperparamUpdate(parameter)
    }
}

/// Where the last time is kept.
enum Clock<AccountId> {
    /// One for the subnet.
    OfSubnet(RateLimitKey<AccountId>),
    /// One for each signer, under the chain's number.
    OfSigner(u16),
}

impl TransactionType {
    /// Whether the last time is long enough ago, if there was one.
    pub fn passes_rate_limit_on_subnet<T: Config>(self, who: &T::AccountId, netuid: u16) -> bool {
        let last = match self.clock(netuid) {
            Clock::OfSubnet(key) => LastRateLimitedBlock::<T>::get(key),
            Clock::OfSigner(number) => TransactionKeyLastBlock::<T>::get((who, netuid, number)),
        };
        last == 0 || Pallet::<T>::current_block().saturating_sub(last) >= self.rate_limit_on_subnet::<T>(netuid)
    }

    /// Start the clock anew.
    pub fn set_last_block_on_subnet<T: Config>(self, who: &T::AccountId, netuid: u16) {
        let block = Pallet::<T>::current_block();
        match self.clock(netuid) {
            Clock::OfSubnet(key) => LastRateLimitedBlock::<T>::insert(key, block),
            Clock::OfSigner(number) => TransactionKeyLastBlock::<T>::insert((who, netuid, number), block),
        }
    }

    /// In blocks.
    fn rate_limit_on_subnet<T: Config>(self, netuid: u16) -> u64 {
        let tempos = |count| u64::from(Tempo::<T>::get(netuid)).saturating_mul(count);
        match self {
            Self::SetWeightsVersionKey => tempos(WeightsVersionKeyRateLimit::<T>::get()),
            Self::OwnerHyperparamUpdate(_) => tempos(OwnerHyperparamRateLimit::<T>::get().into()),
            Self::SetSNOwnerHotkey => SET_SN_OWNER_HOTKEY_RATE_LIMIT,
            Self::MechanismCountUpdate | Self::MechanismEmission => MECHANISM_RATE_LIMIT,
            Self::MaxUidsTrimming => MAX_UIDS_TRIMMING_RATE_LIMIT,
            Self::TempoUpdate => Pallet::<T>::min_tempo().into(),
        }
    }

    fn clock<AccountId>(self, netuid: u16) -> Clock<AccountId> {
        match self {
            Self::SetSNOwnerHotkey => Clock::OfSubnet(RateLimitKey::SetSNOwnerHotkey(netuid)),
            Self::OwnerHyperparamUpdate(parameter) => {
                Clock::OfSubnet(RateLimitKey::OwnerHyperparamUpdate(netuid, parameter))
            }
            Self::SetWeightsVersionKey => Clock::OfSigner(4),
            Self::MechanismCountUpdate => Clock::OfSigner(7),
            Self::MechanismEmission => Clock::OfSigner(8),
            Self::MaxUidsTrimming => Clock::OfSigner(9),
            Self::TempoUpdate => Clock::OfSigner(11),
        }
    }
}
