//! What decides money in Assay, as functions of values: tasks and challenges, scores, weights, Yuma, emission, the
//! score log and its replay. No clock, no sockets, no async; integers wherever money is decided.
//!
//! Invariants:
//! * the same records give the same u16 weights on every platform: [`replay`]`(log)` equals what was submitted;
//! * records are the only way into a [`ScoreTable`], and each is recomputed before it counts;
//! * a failure of any kind scores [`Score::ZERO`]; where nobody earned anything there are no weights, never invented ones;
//! * history belongs to a [`primitives::Registration`], not to a uid;
//! * [`yuma::epoch`] is the chain's epoch, bit for bit.
//!
//! ```
//! use assay_scoring::{GenerateTask, Seed, noise, quantise};
//! use primitives::{BlockHash, Digest, Hotkey};
//!
//! let seed = Seed { block_hash: BlockHash([7; 32]), validator: Hotkey([1; 32]), round: 3, miner: Hotkey([2; 32]) };
//! assert_eq!(seed.challenge("generate", &GenerateTask {}), seed.challenge("generate", &GenerateTask {}));
//!
//! let noise_seed = noise::sampling_seed(&Digest::of(b"a signed request"));
//! assert_eq!(noise::gumbel_row(&noise_seed, 0, 8)[5], noise::gumbel(&noise_seed, 0, 5));
//! assert_eq!(quantise::max_upscale_u16(&[3, 2, 1]), [65535, 43690, 21845]);
//! ```
#![warn(missing_docs)]

pub mod calibration;
pub mod concentration;
pub mod copying;
pub mod emission;
pub mod noise;
pub mod pairwise;
pub mod proof;
pub mod quantise;
pub mod rehearsal;
pub mod reliability;
pub mod similarity;
pub mod sketch;
pub mod statistics;
pub mod trial;
pub mod yuma;

mod anchor;
mod audit;
mod challenge;
mod columns;
mod counterfactual;
mod decisive;
mod divergence;
mod evidence;
mod incentive;
mod lines;
mod log;
mod mechanism;
mod observation;
mod outcome;
mod payout;
mod phrases;
mod plugin;
mod record;
mod registry;
mod replay;
mod rules;
mod score;
mod scorer;
mod scorers;
mod sprt;
mod stages;
mod stream;
mod table;
mod tasks;
mod weights;

pub use anchor::Anchor;
pub use audit::{AuditPlan, honest_from};
pub use challenge::{Challenge, Question, Seed, Task};
pub use columns::{Columns, Texts};
pub use counterfactual::{Reweighed, Unanswerable, WhatIf};
pub use decisive::{Decisive, DecisiveAnswer};
pub use divergence::Divergence;
pub use evidence::{Check, Evidence, Unchecked};
pub use incentive::{Incentive, IncentiveError};
pub use lines::{LineFault, LogError, LogReader, MAX_LINE};
pub use log::{Broken, ScoreLog, Sealed};
pub use mechanism::Mechanism;
pub use observation::{Observation, Output, Reference, TokenCheck, cosine_micro, geometric_mean};
pub use outcome::Outcome;
pub use payout::{alone, with_row};
pub use plugin::Plugin;
pub use record::{Anchored, Header, LOG_VERSION, Landed, Record, Round, Scored, Seal, WeightsRecord};
pub use registry::Registry;
pub use replay::{Counts, Replay, ReplayError, replay, replay_log};
pub use rules::Rules;
pub use score::Score;
pub use scorer::{Needs, Scorer};
pub use sprt::{Hypotheses, Sprt};
pub use stages::{Duplicates, Gate, Limits, Pairwise, Reliability, Smoothing, Speed, Verifies, WeightMap};
pub use stream::Choices;
pub use table::{ScoreTable, Standing};
pub use tasks::{EmbedTask, GenerateTask, GenerateWithLogprobsTask};
pub use weights::{NoWeights, Seat, Share, Snapshot, Zeros, shares, weights};
