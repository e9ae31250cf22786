//! Who is in the subnet, and what each does.

mod cast;
mod miner;
mod validator;

pub(crate) use cast::{Agent, Cast, Side, coldkey, hotkey, place};
pub(crate) use miner::{Asked, Miner, Temper};
pub(crate) use validator::{Validator, View};
