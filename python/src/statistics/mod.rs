//! Comparisons of samples.

pub mod roc;
pub mod samples;
pub mod shares;
