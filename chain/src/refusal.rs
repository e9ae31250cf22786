//! What the chain says when it refuses: a dispatch error inside a block, or a transaction that never gets into one.

use std::fmt;

use serde::{Deserialize, Serialize};
use subxt::error::DispatchError;

macro_rules! refusals {
    ($($pallet:literal { $($name:ident: $doc:literal,)* })*) => {
        /// Why the chain refused a call that it had included in a block: the error's name in the chain's own metadata.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[doc = $doc] $name,)*)*
            /// An error of the runtime itself, such as `BadOrigin`.
            Runtime(String),
            /// A pallet's error that has no variant here.
            Other {
                /// The pallet's name.
                pallet: String,
                /// The error's name.
                error: String,
            },
        }

        impl Refusal {
            /// From the names in the metadata.
            pub fn named(pallet: &str, error: &str) -> Self {
                match (pallet, error) {
                    $($(($pallet, stringify!($name)) => Self::$name,)*)*
                    _ => Self::Other { pallet: pallet.to_owned(), error: error.to_owned() },
                }
            }

            /// The error's name on chain.
            pub fn name(&self) -> &str {
                match self {
                    $($(Self::$name => stringify!($name),)*)*
                    Self::Runtime(name) => name,
                    Self::Other { error, .. } => error,
                }
            }

            /// The pallet's name, where it is one's.
            pub fn pallet(&self) -> Option<&str> {
                match self {
                    $($(Self::$name)|* => Some($pallet),)*
                    Self::Runtime(_) => None,
                    Self::Other { pallet, .. } => Some(pallet),
                }
            }
        }
    };
}

refusals! {
    "SubtensorModule" {
        RootNetworkDoesNotExist: "There is no root network.",
        InvalidIpType: "An address is of version 4 or 6.",
        InvalidIpAddress: "An address that nobody could dial: zero, loopback, private where the chain forbids it.",
        InvalidPort: "Port 0.",
        HotKeyNotRegisteredInSubNet: "The hotkey has no seat in the subnet.",
        HotKeyAccountNotExists: "The hotkey is unknown to the chain.",
        HotKeyNotRegisteredInNetwork: "The hotkey has no seat in any subnet.",
        NonAssociatedColdKey: "The hotkey belongs to another coldkey.",
        NotEnoughStake: "Too little stake.",
        NotEnoughStakeToWithdraw: "Less is staked than was asked for.",
        NotEnoughStakeToSetWeights: "Too little stake to set weights.",
        NotEnoughBalanceToStake: "The coldkey has too little balance.",
        BalanceWithdrawalError: "The balance could not be withdrawn.",
        ZeroBalanceAfterWithdrawn: "Nothing would be left on the account.",
        NeuronNoValidatorPermit: "No validator permit: too little stake compared with others at the last epoch.",
        WeightVecNotEqualSize: "As many values as uids.",
        DuplicateUids: "A uid is named twice.",
        UidVecContainInvalidOne: "A uid that nobody sits in.",
        WeightVecLengthIsLow: "Fewer uids than `MinAllowedWeights`.",
        TooManyRegistrationsThisBlock: "The block is full of registrations.",
        HotKeyAlreadyRegisteredInSubNet: "The hotkey has its seat already.",
        MaxWeightExceeded: "A weight above the limit.",
        SettingWeightsTooFast: "Within `WeightsSetRateLimit` blocks of the last row.",
        IncorrectWeightVersionKey: "A version below the subnet's `WeightsVersionKey`.",
        ServingRateLimitExceeded: "Announced too recently.",
        UidsLengthExceedUidsInSubNet: "More uids than seats.",
        NetworkTxRateLimitExceeded: "A subnet was created too recently.",
        StakingRateLimitExceeded: "Staked too recently.",
        SubNetRegistrationDisabled: "The subnet takes no registrations.",
        TooManyRegistrationsThisInterval: "Too many registrations in this interval.",
        NotSubnetOwner: "Only the subnet's owner may.",
        RegistrationNotPermittedOnRootSubnet: "The root network has its own registration.",
        AllNetworksInImmunity: "No subnet can make room yet.",
        CanNotSetRootNetworkWeights: "The root network has no such weights.",
        NoNeuronIdAvailable: "No seat is free, and none can be taken.",
        NoWeightsCommitFound: "Nothing was committed.",
        InvalidRevealCommitHashNotMatch: "What is revealed is not what was committed.",
        CommitRevealEnabled: "The subnet wants weights committed first.",
        CommitRevealDisabled: "The subnet wants weights set directly.",
        TxRateLimitExceeded: "Too many transactions.",
        MechanismDoesNotExist: "No such subnet or mechanism.",
        SubnetNotExists: "No such subnet.",
        TooManyUnrevealedCommits: "Reveal before you commit more.",
        ExpiredWeightCommit: "The reveal came too late.",
        RevealTooEarly: "The reveal came too early.",
        InputLengthsUnequal: "Lists of different lengths.",
        CommittingWeightsTooFast: "Within the rate limit of the last commit.",
        AmountTooLow: "Below the least amount.",
        InsufficientLiquidity: "The pool can't serve that amount.",
        SlippageTooHigh: "The price would move too far.",
        SubtokenDisabled: "The subnet has not been started.",
        InsufficientBalance: "Too little balance.",
        IncorrectCommitRevealVersion: "Another version of commit-reveal is in force.",
        InvalidRevealRound: "A reveal round in the past.",
        AdminActionProhibitedDuringWeightsWindow: "Too close to the epoch.",
        SubnetLimitReached: "No room for another subnet.",
        CannotAffordLockCost: "Too little balance to lock for a subnet.",
        DisabledTemporarily: "Switched off for now.",
        RegistrationPriceLimitExceeded: "Registration costs more than was offered.",
        FirstEmissionBlockNumberAlreadySet: "The subnet was started before.",
        NeedWaitingMoreBlocksToStarCall: "Too early to start the subnet.",
        TempoOutOfBounds: "A tempo that owners can't choose.",
        ActivityCutoffFactorMilliOutOfBounds: "A factor that owners can't choose.",
        EpochTriggerAlreadyPending: "An epoch was asked for before.",
        AutoEpochAlreadyImminent: "An epoch is about to run by itself.",
        DynamicTempoBlockedByCommitReveal: "Not while weights are committed first.",
        StakeUnavailable: "The stake is locked.",
        InvalidValue: "A value that the chain can't take.",
    }
    "Commitments" {
        TooManyFieldsInCommitmentInfo: "More fields than a commitment may have.",
        AccountNotAllowedCommit: "The hotkey has no seat in the subnet.",
        SpaceLimitExceeded: "The hotkey published all that it may in this epoch.",
    }
    "Sudo" {
        RequireSudo: "Only the sudo key may.",
    }
}

impl Refusal {
    /// Whether the same call may succeed later by itself: rate limits and the like.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::SettingWeightsTooFast
                | Self::CommittingWeightsTooFast
                | Self::ServingRateLimitExceeded
                | Self::TxRateLimitExceeded
                | Self::NetworkTxRateLimitExceeded
                | Self::StakingRateLimitExceeded
                | Self::TooManyRegistrationsThisBlock
                | Self::TooManyRegistrationsThisInterval
                | Self::AllNetworksInImmunity
                | Self::RevealTooEarly
                | Self::NeedWaitingMoreBlocksToStarCall
                | Self::SpaceLimitExceeded
                | Self::AdminActionProhibitedDuringWeightsWindow
                | Self::DisabledTemporarily
        )
    }
}

impl From<DispatchError> for Refusal {
    fn from(error: DispatchError) -> Self {
        match error {
            DispatchError::Module(module) => match module.details() {
                Ok(details) => Self::named(details.pallet.name(), &details.variant.name),
                // The block's own metadata does not know its error: keep the numbers.
                Err(_) => Self::Other {
                    pallet: format!("pallet {}", module.pallet_index()),
                    error: format!("error {}", module.error_index()),
                },
            },
            DispatchError::Token(token) => Self::Runtime(format!("Token.{token:?}")),
            DispatchError::Arithmetic(arithmetic) => Self::Runtime(format!("Arithmetic.{arithmetic:?}")),
            DispatchError::Transactional(layer) => Self::Runtime(format!("Transactional.{layer:?}")),
            other => Self::Runtime(format!("{other:?}")),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pallet() {
            Some(pallet) => write!(f, "{pallet}.{}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_chains() {
        let refusal = Refusal::named("SubtensorModule", "SettingWeightsTooFast");
        assert_eq!(refusal, Refusal::SettingWeightsTooFast);
        assert_eq!(refusal.to_string(), "SubtensorModule.SettingWeightsTooFast");
        assert!(refusal.is_retryable());
        assert!(!Refusal::NeuronNoValidatorPermit.is_retryable());
    }

    #[test]
    fn what_has_no_variant_keeps_its_names() {
        for (pallet, error) in [("SubtensorModule", "ANewOne"), ("Balances", "SettingWeightsTooFast")] {
            let refusal = Refusal::named(pallet, error);
            assert_eq!(refusal, Refusal::Other { pallet: pallet.into(), error: error.into() });
            assert_eq!(refusal.to_string(), format!("{pallet}.{error}"));
        }
    }
}
