//! A miner: a model behind a gRPC service that answers who is registered on its subnet, announced on chain.
//!
//! ```no_run
//! # async fn example(backend: std::sync::Arc<dyn model::Backend>) -> Result<(), Box<dyn std::error::Error>> {
//! use assay_miner::{Config, spawn};
//! use primitives::{Keypair, NetUid};
//!
//! let chain = chain::Client::connect("ws://127.0.0.1:9944").await?;
//! let config = Config { announce: Some("203.0.113.7:8091".parse()?), ..Config::new(NetUid(1)) };
//! let miner = spawn(config, Keypair::from_uri("//Miner")?, backend, chain).await?;
//! miner.ready().await;
//! println!("serving at {}", miner.addr());
//! miner.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! Invariants:
//! * what comes from another machine is encrypted, to a key that the hotkey signs and announces;
//! * an address has its bucket before anything is computed for it, a hotkey its own once a signature says whose it is;
//! * a request costs nothing before its signature is verified: payloads are decoded after it;
//! * only hotkeys in the subnet's metagraph are served, each request once, restarts included;
//! * everything that a peer can make grow is bounded: messages, streams, the queue, the memory of nonces, time;
//! * an answer stops when its request expires or its client goes away, and the model's work with it;
//! * a chain that can't be reached stops announcing, not serving: the last metagraph stands;
//! * what is shown decides nothing, and `/healthz` fails where a loop stands still.
#![warn(missing_docs)]

mod access;
mod admission;
mod announcement;
mod beat;
mod clock;
mod config;
mod door;
mod generation;
mod gpus;
mod health;
mod incoming;
mod kept_rows;
mod metrics;
mod outbox;
mod pace;
mod phase;
mod queue;
mod regulars;
mod roster;
mod served;
mod server;
mod service;
mod state;
mod subnet;
mod tally;
mod throttle;
mod tls;
mod view;

#[cfg(test)]
mod tests;

pub use access::Access;
pub use config::{Config, Limits};
pub use health::{HealthError, is_serving};
pub use metrics::describe_metrics;
pub use roster::Roster;
pub use server::{Handle, SpawnError, serve, spawn};
pub use state::StateError;
pub use tls::IdentityError;
