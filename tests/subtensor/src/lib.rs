//! The whole chain client against a node that is not ours: an official Subtensor localnet, or anything that runs the same
//! runtime. It makes a subnet or takes the one that is named, gives everybody a seat, sets plain, hashed and timelocked
//! weights on two mechanisms, announces, publishes, provokes refusals, and compares what the chain stores with what was
//! meant.
//!
//! It assumes nothing of the time between blocks, of block numbers, of who holds the sudo key, or of JSON-RPC beyond what
//! the client itself needs. What can't be tried somewhere is skipped, with the reason.
//!
//! ```no_run
//! # async fn example() {
//! use assay_tests_subtensor::{Options, run};
//! let report = run(&Options::new("ws://127.0.0.1:9944"), |check| println!("{check}")).await;
//! assert!(report.is_good());
//! # }
//! ```
#![warn(missing_docs)]

mod accounts;
mod attempt;
mod axon;
mod blocks;
mod commitment;
mod fate;
mod hashed;
mod options;
mod plain;
mod pulse;
mod reads;
mod refusals;
mod report;
mod run;
mod settings;
mod stage;
mod subnet;
mod timelocked;
mod turns;

pub use options::{Options, USAGE, Usage};
pub use report::{Check, Outcome, Report};
pub use run::run;
