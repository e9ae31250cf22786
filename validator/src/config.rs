//! What a validator can be told.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use primitives::{MechId, NetUid};
use scoring::{Incentive, IncentiveError, Registry};
use serde::{Deserialize, Serialize};

/// A validator's settings. The numbers here are the defaults; `configs/validator.toml` repeats them with comments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The subnet.
    pub netuid: NetUid,
    /// The subnet's mechanism that rows are set on; 0 is the main one.
    pub mech: MechId,
    /// The file that holds the score log and the journal of weights. It is made where there is none.
    pub store_path: PathBuf,
    /// A round of challenges starts every so many finalised blocks.
    pub round_blocks: u64,
    /// A miner's answer must be complete after so long.
    pub request_deadline_ms: u64,
    /// A connection to a miner must stand after so long.
    pub connect_deadline_ms: u64,
    /// At most so many miners are asked at once.
    pub concurrent_requests: usize,
    /// Weights are sent when the next epoch is at most so many blocks away.
    pub weights_margin_blocks: u64,
    /// No weights before so many rounds were scored.
    pub weights_min_rounds: u64,
    /// Where Prometheus reads the metrics; nowhere by default. Who starts the validator serves them.
    pub metrics_listen: Option<SocketAddr>,
    /// Where the dashboard is served; nowhere by default.
    pub dashboard_listen: Option<SocketAddr>,
    /// A loop that doesn't go on for so long is stale, for the dashboard's `/healthz`; at least three deadlines of a request.
    pub stale_after_seconds: u64,
    /// How rows are committed where the subnet wants them committed first.
    pub commit_reveal: CommitReveal,
    /// How answers become scores, and scores weights. A store keeps to the rules that it was begun with. What is demanded
    /// of proofs is not set here: it follows from the model.
    #[serde(skip)]
    pub incentive: Incentive,
    /// The tasks and scorers that the rules may name.
    #[serde(skip)]
    pub registry: Registry,
    /// Whether the root of the score log is published once an epoch. The chain keeps one commitment of each hotkey: it takes
    /// the place of any other.
    pub anchor: bool,
}

/// How rows are committed where the subnet wants them committed before they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommitReveal {
    /// Encrypted to a round of the randomness beacon: the chain reveals them, whether or not the validator runs then.
    #[default]
    Timelocked,
    /// By their hash: the validator has to reveal them in one certain epoch.
    Hash,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            netuid: NetUid(1),
            mech: MechId(0),
            store_path: PathBuf::from(".assay/validator.sqlite"),
            round_blocks: 10,
            request_deadline_ms: 20_000,
            connect_deadline_ms: 3_000,
            concurrent_requests: 64,
            weights_margin_blocks: 30,
            weights_min_rounds: 1,
            metrics_listen: None,
            dashboard_listen: None,
            stale_after_seconds: 300,
            commit_reveal: CommitReveal::default(),
            incentive: Incentive::default(),
            registry: Registry::default(),
            anchor: true,
        }
    }
}

/// Settings that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A number that must not be zero.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// Rules that make no sense.
    #[error("incentive: {0}")]
    Incentive(#[from] IncentiveError),
}

impl Config {
    /// For tests: a store in `folder`, a round at every block, short deadlines.
    pub fn test(netuid: NetUid, folder: &std::path::Path) -> Self {
        Self {
            netuid,
            store_path: folder.join("validator.sqlite"),
            round_blocks: 1,
            request_deadline_ms: 10_000,
            connect_deadline_ms: 1_000,
            weights_margin_blocks: 5,
            ..Self::default()
        }
    }

    /// Whether the numbers make sense together.
    pub fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("round_blocks", self.round_blocks),
            ("request_deadline_ms", self.request_deadline_ms),
            ("connect_deadline_ms", self.connect_deadline_ms),
            ("concurrent_requests", self.concurrent_requests as u64),
            ("weights_margin_blocks", self.weights_margin_blocks),
            ("stale_after_seconds", self.stale_after_seconds),
        ];
        if let Some((name, _)) = positive.iter().find(|(_, number)| *number == 0) {
            return Err(ConfigError::Zero(name));
        }
        self.registry.build(&self.incentive)?;
        Ok(())
    }

    pub(crate) fn request_deadline(&self) -> Duration {
        Duration::from_millis(self.request_deadline_ms)
    }

    /// A loop that works may be silent for as long as it asks a miner, and has it open rows.
    pub(crate) fn stale_after(&self) -> Duration {
        Duration::from_secs(self.stale_after_seconds).max(3 * self.request_deadline())
    }

    pub(crate) fn connect_deadline(&self) -> Duration {
        Duration::from_millis(self.connect_deadline_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_sense() {
        assert_eq!(Config::default().check(), Ok(()));
        assert_eq!(Config::test(NetUid(2), std::path::Path::new("x")).check(), Ok(()));
        let none = Config { concurrent_requests: 0, ..Config::default() };
        assert_eq!(none.check(), Err(ConfigError::Zero("concurrent_requests")));
    }

    #[test]
    fn unknown_names_are_refused() {
        assert!(serde_json::from_str::<Config>(r#"{"round_blocks": 3}"#).is_ok());
        assert!(serde_json::from_str::<Config>(r#"{"round_block": 3}"#).is_err());
    }
}
