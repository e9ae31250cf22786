//! What becomes of the built program when something under it fails: it is killed at any moment, its disk is full, its clock
//! jumps, its chain is away, its model's files change. Validator and miner are processes of their own on a real subnet, and
//! nothing may be lost or doubled. `docs/reliability.md` has the figures of long runs:
//!
//! * `ASSAY_FAULTS` is how often each test injects its fault; a few times without it.
//! * `ASSAY_FAULT_SEED` chooses the moments; 7 without it.
#![cfg(all(feature = "torch", target_os = "linux"))]

mod asker;
mod away;
mod clock;
mod dice;
mod disk;
mod drain;
mod kills;
mod machine;
mod process;
#[path = "../program/mod.rs"]
mod program;
mod stage;
mod swap;
