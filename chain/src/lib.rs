//! The chain, as a validator or a miner needs it: read a subnet at one block, announce, set weights, and verify that they
//! stuck. Works with any node of the Subtensor family over its websocket.
//!
//! Invariants:
//! * everything is read through the metadata that the node serves for the block in question: what is not there is an
//!   error that names it, never a default;
//! * a value that this crate returns was read at one block, and says which;
//! * "landed" means finalised, dispatched, and found to have succeeded in the block's own events;
//! * a signed row can be submitted again at any time: it takes effect once;
//! * a chain that restarts, a socket that hangs or a node that talks nonsense costs an error, not the client: the next
//!   call connects again, to another node where there are several;
//! * a client of several nodes is not taken back by one that is behind.
//!
//! ```no_run
//! # async fn example() -> Result<(), assay_chain::ChainError> {
//! use assay_chain::Client;
//! use primitives::NetUid;
//! let chain = Client::connect("ws://127.0.0.1:9944").await?;
//! let metagraph = chain.metagraph(NetUid(1), None).await?;
//! for neuron in &metagraph.neurons {
//!     println!("{} {} at block {}", neuron.uid, neuron.hotkey, metagraph.block.number);
//! }
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod axon;
mod balance;
mod bare;
mod batch;
mod beacon;
mod blocks;
mod call;
mod client;
mod commit_hash;
mod commitments;
mod commits;
mod connection;
mod epoch_state;
mod epochs;
mod error;
mod hyperparameters;
mod invalidity;
mod metagraph;
mod networks;
mod outcome;
mod preflight;
mod prepare;
mod refusal;
mod registration;
mod request;
mod reveal_plan;
mod roster;
mod row;
mod rows;
mod runtime_api;
mod setters;
mod stake;
mod storage;
mod stored;
mod submission;
mod timelock;
mod transaction;
mod value_text;
mod weights;
mod weights_state;

pub use self::timelock::{MAX_COMMIT_BYTES, PayloadError, TimelockError, WeightsPayload, decrypt, encrypt};
pub use beacon::{Beacon, BlockClock, reveal_round};
pub use client::{Client, Deadlines};
pub use commit_hash::commit_hash;
pub use commitments::{Commitment, CommitmentField};
pub use commits::{StoredCommit, Waiting};
pub use epoch_state::EpochState;
pub use error::ChainError;
pub use invalidity::{Invalidity, Precheck};
pub use preflight::{Objection, WeightsCall};
pub use refusal::Refusal;
pub use registration::Seat;
pub use reveal_plan::RevealPlan;
pub use row::{Row, RowCall, SignedWeights};
pub use setters::{Hyperparameter, HyperparameterCall, HyperparameterSet};
pub use subxt::dynamic::Value;
pub use transaction::{Landed, TransactionHash};
pub use weights::{Difference, Verdict};
pub use weights_state::{HashCommit, WeightsState};
