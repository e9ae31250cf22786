//! Set-up and developer tasks of this repository, behind `cargo xtask`.
//!
//! Light to build on purpose: it is the first thing that a fresh clone compiles, and it fetches libtorch before
//! anything that needs it is built. What is fetched is pinned by checksum, lives in the user's cache, and gets its
//! final name only when it is whole.
//!
//! ```
//! use xtask::{Tally, is_wanted};
//!
//! assert!(is_wanted("2.11.0+cpu") && !is_wanted("2.9.1"));
//!
//! let mut tally = Tally::default();
//! tally.read("test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s");
//! assert_eq!(tally.summary(), "5 passed, 0 failed, 0 ignored in 1 binaries");
//! ```

#![warn(missing_docs)]

mod bench;
mod cache;
mod clients;
mod demo;
mod deny;
mod fuzz;
mod interop;
mod libtorch;
mod models;
mod notebooks;
mod package;
mod page;
mod python;
mod pytorch;
mod requirements;
mod run;
mod subtensor;
mod test;
mod tool;
mod toolchain;

pub use bench::command as bench;
pub use cache::{Cache, Lock, link};
pub use clients::{Line, command as clients, table};
pub use demo::command as demo;
pub use fuzz::command as fuzz;
pub use interop::command as interop;
pub use libtorch::{PACKAGE as LIBTORCH, VERSION as LIBTORCH_VERSION};
pub use libtorch::{
    check as check_libtorch, check_exported, check_fetched, ensure as ensure_libtorch, exported, is_wanted,
};
pub use models::{MINILM, check_minilm, command as models, minilm};
pub use notebooks::command as notebooks;
pub use package::{Package, Wheel, fetch_py};
pub use page::command as page_check;
pub use python::command as python;
pub use pytorch::{lay_out as lay_out_pytorch, version as pytorch_version};
pub use subtensor::command as test_subtensor;
pub use test::{Tally, command as test};
pub use toolchain::{require_cxx, try_link};
