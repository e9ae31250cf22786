//! Placeholder.
#![allow(dead_code)]
mod database;
mod identity;
mod journal;
pub use database::{Damage, StoreError};
pub use identity::Identity;
