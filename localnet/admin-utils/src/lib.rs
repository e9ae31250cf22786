//! `AdminUtils`: the calls that set what `SubtensorModule` stores. Names, indices, arguments, errors and events are
//! those of Subtensor's spec 425; so are who may call, when, how often and within which bounds.
//!
//! Left out is what sets things that the embedded chain does not have: authorities, the EVM, coldkey swaps, the
//! schedule of dissolutions, locks.

// The macros of FRAME write qualified paths into this crate.
#![allow(unused_qualifications)]

#[macro_use]
mod setter;
mod calls;

pub use calls::pallet::{self, *};
