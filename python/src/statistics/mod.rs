//! Comparisons of samples.

pub mod samples;
pub mod shares;
