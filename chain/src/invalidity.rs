//! Why a node turns a transaction away before any block includes it.

use std::fmt;

use serde::{Deserialize, Serialize};
use subxt::transactions::{TransactionInvalid, TransactionUnknown};

/// Why a transaction can't be included, as the runtime's own validation says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Invalidity {
    /// The call is not accepted now.
    Call,
    /// The fee can't be paid.
    Payment,
    /// Its nonce is ahead of the account's.
    Future,
    /// Its nonce was used: by itself or by another transaction.
    Stale,
    /// The signature does not fit: signed for another chain, another runtime, or a block that the node does not know.
    BadProof,
    /// Signed too long ago.
    AncientBirthBlock,
    /// No room in this block.
    ExhaustsResources,
    /// The runtime refuses the signer.
    BadSigner,
    /// Not meant to be submitted.
    Mandatory,
    /// Subtensor's own check, run before dispatch.
    Custom(Precheck),
    /// The runtime could not tell: an account or a fact is unknown to it.
    Unknown,
    /// Another transaction with the same nonce is queued.
    LowPriority,
    /// The node's queue is full.
    PoolFull,
    /// The node's code for a reason that has no variant here.
    Other {
        /// The JSON-RPC error code.
        code: i32,
    },
}

macro_rules! prechecks {
    ($($code:literal $name:ident,)*) => {
        /// The code of a check that Subtensor runs before dispatch: the transaction is not included at all, and costs
        /// nothing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Precheck {
            $(#[doc = concat!("Code ", stringify!($code), ".")] $name,)*
            /// A code that has no variant here.
            Other(u8),
        }

        impl From<u8> for Precheck {
            fn from(code: u8) -> Self {
                match code {
                    $($code => Self::$name,)*
                    other => Self::Other(other),
                }
            }
        }

        impl Precheck {
            /// The number on the wire.
            pub fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)*
                    Self::Other(code) => code,
                }
            }
        }
    };
}

prechecks! {
    1 StakeAmountTooLow,
    2 BalanceTooLow,
    3 SubnetNotExists,
    4 HotkeyAccountDoesntExist,
    5 NotEnoughStakeToWithdraw,
    6 RateLimitExceeded,
    7 InsufficientLiquidity,
    8 SlippageTooHigh,
    10 HotKeyNotRegisteredInNetwork,
    11 InvalidIpAddress,
    12 ServingRateLimitExceeded,
    13 InvalidPort,
    15 InvalidRevealRound,
    16 CommitNotFound,
    17 CommitBlockNotInRevealRange,
    18 InputLengthsUnequal,
    19 UidNotFound,
    25 CommitRevealEnabled,
    26 CommitRevealDisabled,
    27 NonAssociatedColdKey,
    28 InvalidIpType,
    29 IncorrectCommitRevealVersion,
    30 CommittingWeightsTooFast,
    31 TooManyUnrevealedCommits,
    34 HotKeyAlreadyRegisteredInSubNet,
    255 BadRequest,
}

impl Precheck {
    /// Its name on chain; its number where that has no name here.
    pub fn name(self) -> String {
        match self {
            Self::Other(code) => format!("Custom({code})"),
            named => format!("{named:?}"),
        }
    }
}

impl Invalidity {
    /// Its name: the chain's where it is the chain's own check.
    pub fn name(&self) -> String {
        match self {
            Self::Custom(check) => check.name(),
            Self::Other { code } => format!("Other({code})"),
            named => format!("{named:?}"),
        }
    }

    /// Whether the same call, signed anew, may be accepted later by itself.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Future
            | Self::Stale
            | Self::AncientBirthBlock
            | Self::ExhaustsResources
            | Self::LowPriority
            | Self::PoolFull => true,
            Self::Custom(check) => matches!(
                check,
                Precheck::RateLimitExceeded | Precheck::ServingRateLimitExceeded | Precheck::CommittingWeightsTooFast
            ),
            _ => false,
        }
    }
}

impl From<TransactionInvalid> for Invalidity {
    fn from(invalid: TransactionInvalid) -> Self {
        match invalid {
            TransactionInvalid::Call => Self::Call,
            TransactionInvalid::Payment => Self::Payment,
            TransactionInvalid::Future => Self::Future,
            TransactionInvalid::Stale => Self::Stale,
            TransactionInvalid::BadProof => Self::BadProof,
            TransactionInvalid::AncientBirthBlock => Self::AncientBirthBlock,
            TransactionInvalid::ExhaustsResources => Self::ExhaustsResources,
            TransactionInvalid::Custom(code) => Self::Custom(Precheck::from(code)),
            TransactionInvalid::BadMandatory | TransactionInvalid::MandatoryValidation => Self::Mandatory,
            TransactionInvalid::BadSigner => Self::BadSigner,
        }
    }
}

impl From<TransactionUnknown> for Invalidity {
    fn from(_: TransactionUnknown) -> Self {
        Self::Unknown
    }
}

impl fmt::Display for Invalidity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call => f.write_str("the chain does not accept this call now"),
            Self::Payment => f.write_str("the account can't pay the fee"),
            Self::Future => f.write_str("the nonce is ahead of the account's"),
            Self::Stale => f.write_str("the nonce was used by another transaction"),
            Self::BadProof => f.write_str("the signature is for another chain, runtime or time"),
            Self::AncientBirthBlock => f.write_str("signed too long ago"),
            Self::ExhaustsResources => f.write_str("no room in this block"),
            Self::BadSigner => f.write_str("the chain refuses the signer"),
            Self::Mandatory => f.write_str("the call can't be submitted"),
            Self::Custom(Precheck::Other(code)) => write!(f, "the chain's check {code} failed"),
            Self::Custom(check) => write!(f, "{check:?} (check {})", check.code()),
            Self::Unknown => f.write_str("the chain lacks what it needs to judge the transaction"),
            Self::LowPriority => f.write_str("another transaction with the same nonce is queued"),
            Self::PoolFull => f.write_str("the node's queue is full"),
            Self::Other { code } => write!(f, "the node refused it with code {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip() {
        for code in 0..=u8::MAX {
            assert_eq!(Precheck::from(code).code(), code);
        }
        let typed = [
            (6, Precheck::RateLimitExceeded),
            (15, Precheck::InvalidRevealRound),
            (16, Precheck::CommitNotFound),
            (17, Precheck::CommitBlockNotInRevealRange),
            (18, Precheck::InputLengthsUnequal),
            (19, Precheck::UidNotFound),
            (255, Precheck::BadRequest),
        ];
        for (code, check) in typed {
            assert_eq!(Precheck::from(code), check);
        }
    }
}
