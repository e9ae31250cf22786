//! The stages between an answer and a weight, in their order. Each is chosen by its `kind` in the configuration; all
//! that they compute with are integers, or functions of `libm` rounded to integers.
//!
//! gate → quality ([`crate::Scorer`]) × speed → smoothing → reliability → duplicates → pairwise → map → limits

mod duplicates;
mod gate;
mod limits;
mod map;
mod pairs;
mod pairwise;
mod reliability;
mod smoothing;
mod speed;
mod throne;

pub use duplicates::Duplicates;
pub use gate::{Gate, Verifies};
pub use limits::Limits;
pub use map::WeightMap;
pub use pairwise::Pairwise;
pub use reliability::Reliability;
pub use smoothing::Smoothing;
pub use speed::Speed;

pub(crate) use limits::Laid;
pub(crate) use map::BITS;
pub(crate) use pairs::{Pair, Pairs};
pub(crate) use reliability::Uptime;
pub(crate) use throne::Throne;
