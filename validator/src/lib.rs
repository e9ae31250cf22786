//! The validator: asks every miner in rounds, checks what they answer with its own model, and sets weights by the result.
//!
//! ```no_run
//! # async fn example(referee: std::sync::Arc<dyn assay_validator::Referee>) -> Result<(), Box<dyn std::error::Error>> {
//! use assay_validator::{Config, spawn_with};
//! use primitives::Keypair;
//!
//! let chain = chain::Client::connect("ws://127.0.0.1:9944").await?;
//! let validator = spawn_with(Config::default(), Keypair::from_uri("//Alice")?, referee, chain).await?;
//! validator.status().wait_for(|status| status.last_submission.is_some()).await?;
//! validator.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! Invariants:
//! * everything that scores follow from is on disk before anything follows from it; a kill at any moment loses at most
//!   the round under way, and no epoch gets two rows of weights ([`Store`], [`State`]);
//! * weights are "verified" when they were read back from a finalised block, and not before;
//! * a miner can't tell a challenge from a user's request: both go through [`MinerClient`];
//! * a miner's failure is an outcome, told by types and codes ([`Failure`]); the validator's own failure costs nobody a
//!   score;
//! * the order in which answers arrive decides nothing.
#![warn(missing_docs)]

mod anchoring;
mod answer;
mod axon;
mod channels;
mod client;
mod config;
mod database;
mod delivery;
mod handle;
mod heads;
mod identity;
mod journal;
mod judgement;
mod lot;
mod metrics;
mod once;
mod pinned;
mod pruning;
mod reader;
mod referee;
mod round;
#[cfg(test)]
mod scene;
mod spawn;
mod store;
mod unix_time;
mod view;
mod weights_job;
mod window;
#[cfg(feature = "torch")]
mod wording;

pub use answer::{Answer, Failure, proof};
pub use axon::Axon;
pub use client::MinerClient;
pub use config::{CommitReveal, Config, ConfigError};
pub use database::{Damage, StoreError};
pub use handle::{Handle, Status};
pub use identity::Identity;
pub use journal::{Abandoned, Commit, State, Submission};
pub use lot::rows as draw_rows;
pub use metrics::describe_metrics;
pub use once::{SetError, set_weights};
pub use pinned::{NotVouched, OtherKey};
pub use pruning::Pruning;
pub use reader::{SealedRecords, StoreReader};
pub use referee::{Referee, Repetition};
pub use scoring::Output;
pub use spawn::{SpawnError, spawn_with};
pub use store::Store;
pub use weights_job::{Skipped, foresee};

#[cfg(feature = "torch")]
pub use referee::Prefill;
#[cfg(feature = "torch")]
pub use spawn::spawn;
