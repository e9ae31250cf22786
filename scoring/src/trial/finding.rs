//! What a trial finds out.

use std::fmt;

use serde::Serialize;

/// One thing that was found out about rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// One word for programs.
    pub name: &'static str,
    /// What it is worth.
    pub severity: Severity,
    /// One sentence with the numbers.
    pub sentence: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The rules must not be used so.
    Error,
    /// They do what few want.
    Warning,
    /// What they do.
    Fact,
}

impl Severity {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Fact => "fact",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Finding {
    pub(super) fn error(name: &'static str, sentence: String) -> Self {
        Self { name, severity: Severity::Error, sentence }
    }

    pub(super) fn fact(name: &'static str, sentence: String) -> Self {
        Self { name, severity: Severity::Fact, sentence }
    }

    /// A warning where `wrong`, and a fact otherwise.
    pub(super) fn warning_if(wrong: bool, name: &'static str, sentence: String) -> Self {
        Self { name, severity: if wrong { Severity::Warning } else { Severity::Fact }, sentence }
    }
}

/// A share as per cent, with three digits that count.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    match percent {
        p if p >= 100.0 || p == 0.0 => format!("{p:.0} %"),
        p if p >= 9.995 => format!("{p:.1} %"),
        p if p >= 0.995 => format!("{p:.2} %"),
        p if p >= 0.0995 => format!("{p:.3} %"),
        p => format!("{p:.2e} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_three_digits() {
        let texts = [0.0, 1.0, 0.25, 0.0125, 0.001_25, 0.000_015, 2.5].map(percent);
        assert_eq!(texts, ["0 %", "100 %", "25.0 %", "1.25 %", "0.125 %", "1.50e-3 %", "250 %"]);
    }

    #[test]
    fn the_worst_comes_first() {
        assert!(Severity::Error < Severity::Warning && Severity::Warning < Severity::Fact);
        assert_eq!(Severity::Error.to_string(), serde_json::to_string(&Severity::Error).unwrap().replace('"', ""));
    }
}
