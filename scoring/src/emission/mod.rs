//! New coins: how many a block brings, how one subnet's alpha is split, and what has gathered when an epoch comes.
//!
//! Numbers are the chain's: `substrate-fixed`'s 96.32-bit fixed point, rounded down. [`block_emission`] halves as the issuance grows,
//! [`split`] divides one block's alpha, [`Pending`] gathers the parts, and [`Subnet`] moves on block by block, or by a
//! whole tempo with the same integers.

mod halving;
mod pending;
mod split;
mod subnet;

pub use halving::{block_emission, issuance_after};
pub use pending::{Drained, Pending};
pub use split::{Split, SplitInput, root_proportion, split};
pub use subnet::{Subnet, Terms};
