//! Panics of libraries that files and prompts reach: each is the error of what was asked, and the thread lives on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::ModelError;

/// Runs something; a panic in it is its error.
pub(crate) fn contain<T>(job: impl FnOnce() -> Result<T, ModelError>) -> Result<T, ModelError> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Err(ModelError::Panicked { reason: text.unwrap_or("no reason given").to_owned() })
    })
}
