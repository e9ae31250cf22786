//! The values that every part of Assay speaks of: ids, keys, digests, the metagraph, hyperparameters, weights and
//! inference requests. No I/O except [`wallet`], no clock, no chain client.
//!
//! Invariants:
//! * a [`Uid`] is a seat, not a miner: it is recycled. History is keyed by [`Registration`] (hotkey + block);
//! * a [`Metagraph`] is always *at a block*;
//! * [`Weights`] are sorted by uid and hold no duplicates, by construction.
//!
//! ```
//! use assay_primitives::{Hotkey, Keypair, Uid, Weights};
//! let alice = Keypair::from_uri("//Alice")?;
//! let hotkey: Hotkey = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY".parse()?;
//! assert_eq!(alice.hotkey(), hotkey);
//! assert!(hotkey.verify(b"message", &alice.sign(b"message")));
//! let weights = Weights::new([(Uid(7), 65535), (Uid(2), 100)])?;
//! assert_eq!(weights.iter().next(), Some((Uid(2), 100)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(missing_docs)]

mod account;
mod block;
mod certificate;
mod digest;
mod endpoint;
mod hyperparameters;
mod ids;
mod inference;
mod keys;
mod metagraph;
mod rows;
mod schedule;
mod stake_weight;
mod tensor;
pub mod wallet;
mod weights;

pub use account::{AccountError, Coldkey, Hotkey};
pub use block::{BlockHash, BlockNumber, BlockRef, HashError};
pub use certificate::{Certificate, TlsPin};
pub use digest::{Digest, Domain};
pub use endpoint::Endpoint;
pub use hyperparameters::Hyperparameters;
pub use ids::{MechId, NetUid, Registration, Uid};
pub use inference::{
    ChatMessage, EmbedRequest, FinishReason, GenerateRequest, Generation, InferRequest, Prompt, ProofKind, Request,
    Sampling,
};
pub use keys::{KeyError, Keypair, Signature, wrapped};
pub use metagraph::{Metagraph, Neuron};
pub use rows::{MetagraphRows, NeuronRows, WeightCommit};
pub use schedule::EpochSchedule;
pub use stake_weight::stake_weight;
pub use tensor::{DataType, Tensor, TensorError};
pub use weights::{Weights, WeightsError};
