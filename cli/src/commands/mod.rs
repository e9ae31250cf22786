//! One file a subcommand: its flags, and what it does with them.

pub mod ask;
pub mod audit_plan;
pub mod axon;
pub mod bench;
#[cfg(feature = "torch")]
pub mod calibrate;
pub mod commitment;
pub mod config;
pub mod control;
pub mod epoch;
pub mod localnet;
pub mod metagraph;
pub mod miner;
pub mod register;
pub mod replay;
#[cfg(feature = "torch")]
pub mod run;
pub mod stake;
pub mod subnet;
pub mod transfer;
#[cfg(feature = "torch")]
pub mod validator;
#[cfg(feature = "torch")]
pub mod verify;
pub mod wallet;
pub mod weights;
