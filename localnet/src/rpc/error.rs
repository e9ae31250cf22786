//! Errors with the codes and words of a Substrate node: clients match on them.

use jsonrpsee::types::{ErrorCode, ErrorObjectOwned};
use serde_json::json;
use sp_core::H256;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

use crate::pool::Rejected;

pub(super) type Answer<T> = Result<T, ErrorObjectOwned>;

/// What the client sent is no such thing. As the server says it of what it decodes itself.
pub(super) fn invalid_params(reason: impl std::fmt::Display) -> ErrorObjectOwned {
    let invalid = ErrorCode::InvalidParams;
    ErrorObjectOwned::owned(invalid.code(), invalid.message(), Some(reason.to_string()))
}

/// The chain could not answer.
pub(super) fn client(reason: impl std::fmt::Display) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(4003, format!("Client error: {reason}"), None::<()>)
}

/// From one block to another there is no way.
pub(super) fn block_range(from: H256, to: H256, details: &str) -> ErrorObjectOwned {
    // The missing quote is the node's.
    let (from, to) = (format!("{from:?}"), format!("Some({to:?})"));
    let message = format!("Cannot resolve a block range ['{from:?}' ... '{to:?}]. {details}");
    ErrorObjectOwned::owned(4001, message, None::<()>)
}

/// Too much was asked for.
pub(super) fn count(value: usize, max: usize) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(4002, format!("count exceeds maximum value. value: {value}, max: {max}"), None::<()>)
}

/// A transaction was not taken in.
pub(super) fn rejected(rejected: Rejected) -> ErrorObjectOwned {
    const INVALID: &str = "Invalid Transaction";
    match rejected {
        Rejected::Format(reason) => {
            ErrorObjectOwned::owned(1001, format!("Extrinsic has invalid format: {reason}"), None::<()>)
        }
        Rejected::Invalid(TransactionValidityError::Invalid(InvalidTransaction::Custom(code))) => {
            ErrorObjectOwned::owned(1010, INVALID, Some(json!(format!("Custom error: {code}"))))
        }
        Rejected::Invalid(TransactionValidityError::Invalid(reason)) => {
            ErrorObjectOwned::owned(1010, INVALID, Some(json!(<&'static str>::from(reason))))
        }
        Rejected::Invalid(TransactionValidityError::Unknown(reason)) => {
            ErrorObjectOwned::owned(1011, "Unknown Transaction Validity", Some(json!(format!("{reason:?}"))))
        }
        Rejected::Known(hash) => {
            ErrorObjectOwned::owned(1013, "Transaction Already Imported", Some(json!(format!("{hash:?}"))))
        }
        Rejected::Priority { old, new } => ErrorObjectOwned::owned(
            1014,
            format!("Priority is too low: ({old} vs {new})"),
            Some(json!("The transaction has too low priority to replace another transaction already in the pool.")),
        ),
        Rejected::Full => ErrorObjectOwned::owned(
            1016,
            "Immediately Dropped",
            Some(json!("The transaction couldn't enter the pool because of the limit")),
        ),
        Rejected::Panicked(panicked) => client(panicked),
    }
}
