//! What the chain says to a call that it should refuse, and what was foretold.

use std::fmt;

use chain::{ChainError, Invalidity, Landed, Objection, Precheck, Refusal};

use crate::report::{Checked, Trouble, fail};

/// A reason for which the chain turns a call down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum No {
    /// Before any block includes it.
    Invalid(Invalidity),
    /// In the block that includes it.
    Refused(Refusal),
}

impl No {
    /// By one of the chain's own checks before dispatch.
    pub fn check(check: Precheck) -> Self {
        Self::Invalid(Invalidity::Custom(check))
    }

    /// By an error of the runtime itself.
    pub fn runtime(name: &str) -> Self {
        Self::Refused(Refusal::Runtime(name.into()))
    }

    /// As it was foretold.
    pub fn foretold(objection: Objection) -> Checked<Self> {
        match objection {
            Objection::Invalid { check, .. } => Ok(Self::check(check)),
            Objection::Refused { refusal, .. } => Ok(Self::Refused(refusal)),
            other => fail(format!("foretold otherwise: {other}")),
        }
    }

    /// What the chain said.
    pub fn said(answer: Result<Landed, ChainError>) -> Checked<Self> {
        match answer {
            Ok(landed) => fail(format!("the chain took it, in block {}", landed.block.number)),
            Err(ChainError::Invalid(invalidity)) => Ok(Self::Invalid(invalidity)),
            Err(ChainError::Refused { refusal, .. }) => Ok(Self::Refused(refusal)),
            Err(error) => Err(Trouble::Fail(error.into())),
        }
    }
}

/// See that the chain said one of these.
pub fn one_of(said: &No, expected: &[No]) -> Checked<String> {
    if expected.contains(said) {
        return Ok(said.to_string());
    }
    let expected = expected.iter().map(No::to_string).collect::<Vec<_>>().join(" or ");
    fail(format!("the chain said {said}, not {expected}"))
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Precheck> for No {
    fn from(check: Precheck) -> Self {
        Self::check(check)
    }
}

impl fmt::Display for No {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalidity) => invalidity.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}
