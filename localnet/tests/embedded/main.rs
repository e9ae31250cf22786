//! The embedded chain from outside: over its socket, with transactions made and signed here.

mod account;
mod blocks;
mod fidelity;
mod limits;
mod node;
mod refusals;
mod seats;
mod subnet;
