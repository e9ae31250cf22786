//! What the chain would say to a call about weights in the next block, told before it is signed.
//!
//! The checks are the chain's, in its order: first those that keep a transaction out of the block, then those of the
//! call itself. They see the state of the block before: where the next one runs an epoch, permits and stake may be
//! others by then, and where it stores pulses, rounds are known that were not.

use std::fmt;

use primitives::{BlockNumber, Weights};

use crate::{Invalidity, MAX_COMMIT_BYTES, Precheck, Refusal, WeightsState};

/// Commits of one hotkey that may wait at a time: of hashes in all, of timelocked rows in one epoch.
const MAX_UNREVEALED_COMMITS: usize = 10;

/// A call about weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeightsCall<'a> {
    /// Set a row in the open.
    Set {
        /// The row.
        weights: &'a Weights,
        /// The version that it carries.
        version_key: u64,
    },
    /// Commit the hash of a row.
    Commit,
    /// Reveal a row whose hash was committed.
    Reveal {
        /// The row's hash: [`commit_hash`](crate::commit_hash).
        hash: [u8; 32],
        /// The row.
        weights: &'a Weights,
        /// The version that it carries.
        version_key: u64,
    },
    /// Commit a timelocked row. What is in it is looked at when it is revealed.
    CommitTimelocked {
        /// How long the commit is.
        ciphertext_bytes: usize,
        /// The round that it is locked to.
        round: u64,
        /// The version of commit-reveal that it names.
        version: u16,
    },
}

/// Why the chain would not take a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Objection {
    /// No block would include it.
    Invalid {
        /// The chain's check before dispatch.
        check: Precheck,
        /// The first block in which this check would pass, where that is a matter of time.
        until: Option<BlockNumber>,
    },
    /// It would be included, and fail.
    Refused {
        /// The chain's error.
        refusal: Refusal,
        /// The first block in which this check would pass, where that is a matter of time.
        until: Option<BlockNumber>,
    },
    /// The node could not decode it: a commit has at most [`MAX_COMMIT_BYTES`].
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
}

impl Objection {
    /// The first block in which the same call would pass this check: when a rate limit is over, when the epoch of a
    /// reveal begins. None where time alone does not help.
    pub fn until(&self) -> Option<BlockNumber> {
        match self {
            Self::Invalid { until, .. } | Self::Refused { until, .. } => *until,
            Self::TooLong { .. } => None,
        }
    }

    /// Whether the same call may succeed later by itself.
    pub fn is_retryable(&self) -> bool {
        self.until().is_some()
            || match self {
                Self::Invalid { check, .. } => Invalidity::Custom(*check).is_retryable(),
                Self::Refused { refusal, .. } => refusal.is_retryable(),
                Self::TooLong { .. } => false,
            }
    }
}

impl From<Refusal> for Objection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal, until: None }
    }
}

impl From<Precheck> for Objection {
    fn from(check: Precheck) -> Self {
        Self::Invalid { check, until: None }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { check, .. } => Invalidity::Custom(*check).fmt(f)?,
            Self::Refused { refusal, .. } => refusal.fmt(f)?,
            Self::TooLong { bytes } => write!(f, "a commit of {bytes} bytes: at most {MAX_COMMIT_BYTES} are taken")?,
        }
        match self.until() {
            Some(until) => write!(f, " until block {until}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Objection {}

impl WeightsState {
    /// Whether the chain would take a call in the next block.
    pub fn check(&self, call: &WeightsCall<'_>) -> Result<(), Objection> {
        match call {
            WeightsCall::Set { weights, version_key } => {
                self.check_set(&weights.uids(), &weights.values(), *version_key)
            }
            WeightsCall::Commit => self.check_commit(),
            WeightsCall::Reveal { hash, weights, version_key } => {
                self.check_reveal(hash, &weights.uids(), &weights.values(), *version_key)
            }
            WeightsCall::CommitTimelocked { ciphertext_bytes, round, version } => {
                self.check_timelocked(*ciphertext_bytes, *round, *version)
            }
        }
    }

    /// The same for a row that need not be one: uids in any order and any number of times.
    pub fn check_set(&self, uids: &[u16], values: &[u16], version_key: u64) -> Result<(), Objection> {
        self.check_stake(Precheck::StakeAmountTooLow)?;
        // While rows are committed, the limit is on commits.
        if !self.commit_reveal_weights_enabled {
            self.check_pace_before_dispatch()?;
        }
        ensure(!self.commit_reveal_weights_enabled, Refusal::CommitRevealEnabled)?;
        self.check_row(uids, values, version_key)
    }

    fn check_commit(&self) -> Result<(), Objection> {
        self.check_stake(Precheck::StakeAmountTooLow)?;
        self.check_pace_before_dispatch()?;
        ensure(self.mechanism_exists(), Refusal::MechanismDoesNotExist)?;
        ensure(self.commit_reveal_weights_enabled, Refusal::CommitRevealDisabled)?;
        ensure(self.uid.is_some(), Refusal::HotKeyNotRegisteredInSubNet)?;
        let commits = self.commits.as_deref().unwrap_or_default();
        let expired = commits.iter().take_while(|commit| self.epoch() > self.reveal_epoch(commit.epoch)).count();
        if commits.len() - expired < MAX_UNREVEALED_COMMITS {
            return Ok(());
        }
        let oldest = commits.get(expired).map(|commit| self.reveal_epoch(commit.epoch).saturating_add(1));
        let until = oldest.and_then(|epoch| self.schedule.epoch_block(self.block.number, epoch));
        Err(Objection::Refused { refusal: Refusal::TooManyUnrevealedCommits, until })
    }

    /// As [`Self::check_set`], for a row whose hash was committed.
    pub fn check_reveal(
        &self,
        hash: &[u8; 32],
        uids: &[u16],
        values: &[u16],
        version_key: u64,
    ) -> Result<(), Objection> {
        self.check_stake(Precheck::StakeAmountTooLow)?;
        let commit = self.commits.iter().flatten().find(|commit| commit.hash == *hash);
        let commit = commit.ok_or(Precheck::CommitNotFound)?;
        let epoch = self.reveal_epoch(commit.epoch);
        if self.epoch() != epoch {
            let until = self.schedule.epoch_block(self.block.number, epoch);
            return Err(Objection::Invalid { check: Precheck::CommitBlockNotInRevealRange, until });
        }
        ensure(self.network_added, Refusal::SubnetNotExists)?;
        ensure(self.commit_reveal_weights_enabled, Refusal::CommitRevealDisabled)?;
        self.check_row(uids, values, version_key)
    }

    fn check_timelocked(&self, ciphertext_bytes: usize, round: u64, version: u16) -> Result<(), Objection> {
        if ciphertext_bytes > MAX_COMMIT_BYTES {
            return Err(Objection::TooLong { bytes: ciphertext_bytes });
        }
        self.check_stake(Precheck::StakeAmountTooLow)?;
        if round < self.last_stored_round {
            return Err(Precheck::InvalidRevealRound.into());
        }
        ensure(self.mechanism_exists(), Refusal::MechanismDoesNotExist)?;
        ensure(self.commit_reveal_weights_enabled, Refusal::CommitRevealDisabled)?;
        ensure(version == self.commit_reveal_weights_version, Refusal::IncorrectCommitRevealVersion)?;
        ensure(self.uid.is_some(), Refusal::HotKeyNotRegisteredInSubNet)?;
        if let Some(until) = self.too_fast_until() {
            return Err(Objection::Refused { refusal: Refusal::CommittingWeightsTooFast, until: Some(until) });
        }
        if self.timelocked_commits < MAX_UNREVEALED_COMMITS {
            return Ok(());
        }
        let until = self.schedule.epoch_block(self.block.number, self.epoch().saturating_add(1));
        Err(Objection::Refused { refusal: Refusal::TooManyUnrevealedCommits, until })
    }

    /// What is checked of a row when it is set or revealed: also when the chain reveals a timelocked one, though as it
    /// is then. Stake and the limit between two rows were looked at before.
    pub fn check_row(&self, uids: &[u16], values: &[u16], version_key: u64) -> Result<(), Objection> {
        ensure(self.netuid.0 != 0, Refusal::CanNotSetRootNetworkWeights)?;
        ensure(uids.len() == values.len(), Refusal::WeightVecNotEqualSize)?;
        ensure(self.mechanism_exists(), Refusal::MechanismDoesNotExist)?;
        ensure(uids.len() <= usize::from(self.seats), Refusal::UidsLengthExceedUidsInSubNet)?;
        let uid = self.uid.ok_or(Refusal::HotKeyNotRegisteredInSubNet)?;
        self.check_stake(Refusal::NotEnoughStakeToSetWeights)?;
        let network_key = self.weights_version_key;
        ensure(network_key == 0 || version_key >= network_key, Refusal::IncorrectWeightVersionKey)?;
        if let Some(until) = self.too_fast_until().filter(|_| !self.commit_reveal_weights_enabled) {
            return Err(Objection::Refused { refusal: Refusal::SettingWeightsTooFast, until: Some(until) });
        }
        let own_only = uids == [uid.0];
        ensure(self.validator_permit || own_only || self.is_owner, Refusal::NeuronNoValidatorPermit)?;
        let mut sorted = uids.to_vec();
        sorted.sort_unstable();
        ensure(sorted.windows(2).all(|pair| pair[0] != pair[1]), Refusal::DuplicateUids)?;
        ensure(sorted.last().is_none_or(|last| *last < self.seats), Refusal::UidVecContainInvalidOne)?;
        let fewest = usize::from(self.min_allowed_weights.min(self.seats));
        ensure(own_only || uids.len() >= fewest, Refusal::WeightVecLengthIsLow)
    }

    /// The owner's hotkey needs none.
    fn check_stake(&self, objection: impl Into<Objection>) -> Result<(), Objection> {
        ensure(self.is_owner || self.stake >= self.stake_threshold, objection)
    }

    /// Who has no seat is refused at dispatch. A mechanism that does not exist is never waited for long enough.
    fn check_pace_before_dispatch(&self) -> Result<(), Objection> {
        let check = Precheck::RateLimitExceeded;
        if self.uid.is_none() {
            return Ok(());
        }
        ensure(self.mechanism_exists(), check)?;
        match self.too_fast_until() {
            Some(until) => Err(Objection::Invalid { check, until: Some(until) }),
            None => Ok(()),
        }
    }

    /// Where the last row or commit is too near: the first block in which it is not. The first one may come at any
    /// time.
    fn too_fast_until(&self) -> Option<BlockNumber> {
        let free = self.last_update.saturating_add(self.weights_set_rate_limit);
        Some(free).filter(|free| self.last_update != 0 && self.block.number.saturating_add(1) < *free)
    }

    fn mechanism_exists(&self) -> bool {
        self.network_added && self.mechanism.0 < self.mechanisms
    }

    /// The epoch of the next block's calls.
    fn epoch(&self) -> u64 {
        self.schedule.epoch_at(self.block.number.saturating_add(1))
    }

    /// The one epoch in which a commit can be revealed.
    fn reveal_epoch(&self, committed_in: u64) -> u64 {
        committed_in.saturating_add(self.reveal_period_epochs)
    }
}

fn ensure(holds: bool, objection: impl Into<Objection>) -> Result<(), Objection> {
    if holds { Ok(()) } else { Err(objection.into()) }
}
