//! When blocks are made.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// When blocks are made. In words: `manual`, `instant`, or an interval as `250ms` or `12s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BlockTime {
    /// When asked: by the handle or by `dev_newBlock`.
    Manual,
    /// As soon as a transaction waits that a block can take, and when asked.
    Instant,
    /// At an interval of real time, and when asked. The chain's clock follows the wall's then.
    Every(Duration),
}

/// Words that name no [`BlockTime`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not manual, instant or an interval from 1ms on, such as 250ms or 12s")]
pub struct NotABlockTime(String);

impl FromStr for BlockTime {
    type Err = NotABlockTime;

    fn from_str(text: &str) -> Result<Self, NotABlockTime> {
        let wrong = || NotABlockTime(text.to_owned());
        let interval = |digits: &str, ms_per_unit: u64| {
            let ms = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(ms_per_unit)).filter(|ms| *ms > 0);
            ms.map(|ms| Self::Every(Duration::from_millis(ms))).ok_or_else(wrong)
        };
        match text {
            "manual" => Ok(Self::Manual),
            "instant" => Ok(Self::Instant),
            _ => match (text.strip_suffix("ms"), text.strip_suffix('s')) {
                (Some(digits), _) => interval(digits, 1),
                (None, Some(digits)) => interval(digits, 1_000),
                (None, None) => Err(wrong()),
            },
        }
    }
}

impl fmt::Display for BlockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manual => f.write_str("manual"),
            Self::Instant => f.write_str("instant"),
            Self::Every(period) => match period.as_millis() {
                ms if ms % 1_000 == 0 => write!(f, "{}s", ms / 1_000),
                ms => write!(f, "{ms}ms"),
            },
        }
    }
}

impl TryFrom<String> for BlockTime {
    type Error = NotABlockTime;

    fn try_from(text: String) -> Result<Self, NotABlockTime> {
        text.parse()
    }
}

impl From<BlockTime> for String {
    fn from(block_time: BlockTime) -> Self {
        block_time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values_name_each_other() {
        for text in ["manual", "instant", "250ms", "12s", "1ms"] {
            assert_eq!(text.parse::<BlockTime>().unwrap().to_string(), text);
        }
        assert_eq!("12000ms".parse(), Ok(BlockTime::Every(Duration::from_secs(12))));
        for text in ["", "0s", "0ms", "ms", "s", "-1s", "1.5s", "12", "1m", "fast", "99999999999999999999s"] {
            assert!(text.parse::<BlockTime>().is_err(), "{text}");
        }
    }
}
