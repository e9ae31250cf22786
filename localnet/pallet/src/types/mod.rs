//! Values in storage that are structs on the chain.

mod arithmetic;
mod choices;
mod fixed;
mod identity;
mod lock;
mod rate_limit;
mod safe_float;
mod serving;

pub use choices::{EpochConsensus, RecycleOrBurnEnum, RootClaimTypeEnum};
pub use fixed::{I32F32, I64F64, I96F32, SafeFloat, U64F64, U96F32};
pub use identity::{ChainIdentityV2, SubnetIdentityV3};
pub use lock::{LockState, MinerCollateralState};
pub use rate_limit::{Hyperparameter, RateLimitKey};
pub use serving::{AxonInfo, NeuronCertificate, PrometheusInfo};
