//! The wall clock that requests are judged by.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds; 0 for a clock before 1970, which no request agrees with.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// Wait until the wall clock shows `unix_ms`.
pub(crate) async fn reach(unix_ms: u64) {
    while let Some(left @ 1..) = unix_ms.checked_sub(now_ms()) {
        tokio::time::sleep(Duration::from_millis(left)).await;
    }
}
