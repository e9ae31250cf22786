//! Yuma consensus, bit for bit as Subtensor computes it.

mod values;

pub use values::{EpochInput, EpochOutput, LiquidAlpha, Rows};
