//! How far back figures look.

/// A window of time that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// An hour, in steps of 5 minutes.
    Hour,
    /// A day, in steps of an hour.
    Day,
    /// Seven days, in steps of half a day.
    Week,
}

impl Period {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];
    /// The longest, in seconds: what happened before it is in no figure.
    pub const LONGEST_SECONDS: u64 = 7 * 24 * 3_600;

    /// The name in documents and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    /// Its steps, in seconds.
    pub(super) const fn step_seconds(self) -> u64 {
        match self {
            Self::Hour => 300,
            Self::Day => 3_600,
            Self::Week => 12 * 3_600,
        }
    }

    /// How many steps it has.
    pub(super) const fn steps(self) -> u64 {
        match self {
            Self::Hour => 12,
            Self::Day => 24,
            Self::Week => 14,
        }
    }
}
