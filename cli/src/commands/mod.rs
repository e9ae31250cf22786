//! One file a subcommand: its flags, and what it does with them.

pub mod ask;
pub mod config;
pub mod control;
pub mod epoch;
pub mod localnet;
pub mod metagraph;
#[cfg(feature = "torch")]
pub mod miner;
pub mod replay;
#[cfg(feature = "torch")]
pub mod run;
#[cfg(feature = "torch")]
pub mod validator;
pub mod wallet;
