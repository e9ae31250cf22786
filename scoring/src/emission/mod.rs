//! New coins: how many a block brings, how one subnet's alpha is split, and what has gathered when an epoch comes.
//!
//! Numbers are the chain's: `substrate-fixed`'s 96.32-bit fixed point, rounded down. [`block_emission`] halves as the issuance grows,
//! [`split`] divides one block's alpha, [`Pending`] gathers the parts, and [`Subnet`] moves on block by block, or by a
//! whole tempo with the same integers. When an epoch comes, [`split_emission`] and [`Combined`] are about its mechanisms,
//! [`Pending::incentives`] and [`dividends`] about who is paid, and [`seat_to_prune`] and [`seat_price`] about seats.

mod halving;
mod mechanisms;
mod payment;
mod pending;
mod pruning;
pub mod seat_price;
mod split;
mod subnet;

pub use halving::{block_emission, issuance_after};
pub use mechanisms::{Combined, mechanism_weight, split_emission};
pub use payment::{Dividend, Dividends, Earner, Incentives, Part, dividends};
pub use pending::{Drained, Pending};
pub use pruning::{Tenure, immortal_seats, seat_to_prune};
pub use split::{Split, SplitInput, root_proportion, split};
pub use subnet::{Subnet, Terms};
