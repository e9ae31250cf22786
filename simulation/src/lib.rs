//! A subnet on paper.
//!
//! [`Chain`] is one subnet as the chain keeps it, bit for bit.
#![warn(missing_docs)]

pub mod chain;

pub use chain::Chain;
