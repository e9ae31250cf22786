//! A whole subnet in one process, for tests: the embedded chain with blocks made by hand, real miners and validators
//! over real gRPC, and assertions on chain state.
#![warn(missing_docs)]

mod subnet;

pub use subnet::{Subnet, by_hand};
