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

    /// Whether it is the same reason, at whatever stage: runtimes move checks to before dispatch, and keep their names.
    pub fn is(&self, other: &Self) -> bool {
        self == other || self.name().is_some_and(|name| other.name() == Some(name))
    }

    /// The chain's own name for it.
    fn name(&self) -> Option<String> {
        match self {
            Self::Invalid(Invalidity::Custom(Precheck::Other(_))) => None,
            Self::Invalid(Invalidity::Custom(check)) => Some(format!("{check:?}")),
            Self::Invalid(_) => None,
            Self::Refused(refusal) => Some(refusal.name().to_owned()),
        }
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
    if expected.iter().any(|expected| expected.is(said)) {
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

#[cfg(test)]
mod tests {
    use primitives::{BlockHash, BlockRef};

    use super::*;

    #[test]
    fn reasons_are_compared_by_name() {
        let dispatched = No::from(Refusal::CommitRevealEnabled);
        let checked = No::from(Precheck::CommitRevealEnabled);
        assert!(dispatched.is(&checked) && checked.is(&dispatched) && dispatched.is(&dispatched));
        assert!(!dispatched.is(&Refusal::CommitRevealDisabled.into()));
        assert!(!No::from(Precheck::Other(77)).is(&Precheck::Other(78).into()));
        assert!(!No::Invalid(Invalidity::BadSigner).is(&No::Invalid(Invalidity::Payment)));
    }

    #[test]
    fn what_the_chain_takes_is_no_refusal() {
        let block = BlockRef { number: 7, hash: BlockHash([0; 32]) };
        let taken = No::said(Ok(Landed { block }));
        assert!(matches!(taken, Err(Trouble::Fail(error)) if error.to_string().contains("block 7")));
        // Nor is a road that ends.
        assert!(No::said(Err(ChainError::Dropped)).is_err());
        let said = No::said(Err(ChainError::Refused { block, refusal: Refusal::DuplicateUids })).unwrap();
        assert!(one_of(&said, &[Refusal::DuplicateUids.into()]).is_ok());
        let other = one_of(&said, &[Refusal::InvalidPort.into(), Precheck::BadRequest.into()]);
        assert!(matches!(other, Err(Trouble::Fail(error)) if error.to_string().contains("DuplicateUids, not")));
    }
}
