//! Measuring a model for its thresholds: honest miners and every known cheat, on real weights.

mod cast;
mod measure;
mod picture;
mod table;

pub use cast::{Cast, observe};
pub use measure::Bench;
pub use picture::picture;
pub use table::table;
