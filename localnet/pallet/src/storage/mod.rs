//! Storage under the chain's names, hashers and defaults, by subject.
//!
//! Maps of a mechanism are keyed by its *storage index* (`mecid * 4096 + netuid`), which for the main mechanism is the
//! netuid itself.

pub(crate) mod accounts;
pub(crate) mod children;
pub(crate) mod commits;
pub(crate) mod emission;
pub(crate) mod hyperparameters;
pub(crate) mod locks;
pub(crate) mod mechanisms;
pub(crate) mod networks;
pub(crate) mod neurons;
pub(crate) mod newer;
pub(crate) mod pool;
pub(crate) mod rate_limits;
pub(crate) mod registration;
pub(crate) mod results;
pub(crate) mod root;
pub(crate) mod schedule;
pub(crate) mod stake;
