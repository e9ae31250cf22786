//! What a validator sees of its subnet, and a miner of itself, for people and for programs: one page that works offline, one
//! public JSON document, and the same as a stream of server-sent events.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use assay_dashboard::{Board, Config, Subject, spawn};
//! use primitives::{BlockHash, Hotkey, MechId, NetUid};
//!
//! let board = Board::new(Subject {
//!     netuid: NetUid(1),
//!     mechanism: MechId(0),
//!     genesis: BlockHash([7; 32]),
//!     validator: Hotkey([1; 32]),
//!     version: "0.1.0".into(),
//!     round_blocks: 10,
//!     started_unix_ms: 1_764_000_000_000,
//! });
//! let server = spawn(Config::test(), board.clone()).await?;
//! board.update(|subnet| subnet.live.block_ms = Some(12_000));
//! println!("http://{}", server.addr());
//! # Ok(()) }
//! ```
//!
//! Invariants:
//! * the document is made once per change, whoever looks: clients share its bytes, and a client that can't keep up is let go;
//! * connections, streams, headers and waiting are bounded ([`Config`]); nothing but `GET` and `HEAD` is answered;
//! * the page asks nobody else for anything, and shows what peers say as text only;
//! * `/healthz` says that a loop stands still, not only that the process lives ([`Health`]).
#![warn(missing_docs)]

mod board;
mod document;
mod edition;
mod events;
mod headers;
mod health;
mod patience;
mod press;
mod reading;
mod routes;
mod server;
mod serving;
mod sheet;
mod spawn;
mod visitors;

pub use board::{Board, Subnet};
pub use document::{
    DOCUMENT_VERSION, Head, Live, Loop, LoopState, Matrix, Miner, Neuron, Progress, Proof, Reliable, Round, Row,
    Skipped, Subject, Submission, Window,
};
pub use health::{Health, Pulse};
pub use reading::{Changes, Document, ReadError};
pub use serving::{
    Asker, Gpu, GpuState, Gpus, Load, Minute, SERVING_VERSION, Serving, ServingLive, ServingSubject, Times,
};
pub use sheet::{File, Part, Sheet};
pub use spawn::{Config, Handle, SpawnError, spawn};
