//! Settings of a miner and of a validator, as their tables stand in a file.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

/// TOML of a miner's table or of a validator's. Whether it is one.
pub fn settings(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let miner = read::<miner::Config>(text);
    let validator = read::<validator::Config>(text);
    if let Some(validator) = &validator {
        // Whatever it says, it says something.
        let _ = validator.check();
    }
    miner.is_some() || validator.is_some()
}

/// What is taken is the same when it was written down and read again.
fn read<T: DeserializeOwned + Serialize + Debug>(text: &str) -> Option<T> {
    let read: T = toml::from_str(text).ok()?;
    // TOML has no number above the largest i64.
    if let Ok(written) = toml::to_string(&read) {
        let again: T = toml::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(format!("{again:?}"), format!("{read:?}"));
    }
    Some(read)
}
