//! How reliable miners were of late: figures that people choose a provider by. They decide no money; what a standing counts
//! by reliability is a stage of the rules ([`crate::Reliability`]).
//!
//! * **A request** is one that a validator scored. It was *answered* where the answer was complete, in time and signed by
//!   the miner, right or not: `ok`, `wrong_output` and `bad_proof`. Every other outcome is downtime. Whether answers are
//!   right is what scores say.
//! * **Uptime** is the answered share of the requests. A miner that announces no endpoint is not asked: [`Ledger::rounds`]
//!   says how often it could have been.
//! * **Times** are of right answers (`ok`) alone: a wrong one may be as fast as it likes. From sending the request to the first token;
//!   and the tokens of the answer over the whole time from sending the request to its end, so that nothing is gained by
//!   holding tokens back or sending them at once.
//! * **Percentiles** come from [`Histogram`]s, and are at most 1/32 off.
//! * **Windows** ([`Period`]) end now and move in steps: the last hour is the last 55 to 60 minutes.
//!
//! A miner is a [`primitives::Registration`], never a uid. Time is an argument, in seconds since any moment.

mod figures;
mod histogram;
mod ledger;
mod period;
mod ring;

pub use figures::{Fastness, Figures, Waiting};
pub use histogram::Histogram;
pub use ledger::Ledger;
pub use period::Period;
