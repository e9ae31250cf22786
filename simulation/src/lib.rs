//! A subnet on paper: what its rules pay, to whom, and whether honesty is the best that anybody can do under them. No clock,
//! no sockets; chance comes from seeds.
//!
//! * [`Chain`] is one subnet as the chain keeps it: rows, epochs, payments, seats, to the last rao;
//! * a [`Scenario`] says who is there and under which rules;
//! * [`run`] plays it once, [`campaign`] many times, honest and otherwise, over a grid of settings.
//!
//! Invariants:
//! * what an epoch takes it pays, withholds, recycles or leaves: [`Totals`];
//! * scores and rows of honest validators are those of `scoring`, under the scenario's own rules;
//! * a seed gives the same bytes on every machine and with any number of threads;
//! * what one agent does moves no other's luck: runs of one seed are pairs.
//!
//! ```
//! use assay_simulation::{Scenario, run};
//! use scoring::Registry;
//!
//! let scenario = Scenario::from_toml(
//!     r#"
//!     [[miners]]
//!     name = "honest"
//!     count = 5
//!     [[miners]]
//!     name = "cacher"
//!     count = 1
//!     strategy = { kind = "cacher" }
//!     [[validators]]
//!     name = "validator"
//!     count = 3
//!     [run]
//!     epochs = 5
//!     "#,
//! )?;
//! let run = run(&scenario, &Registry::default(), 7)?;
//! assert!(run.groups[0].emission_alpha > 0.0);
//! assert_eq!(run.groups[1].emission_alpha, 0.0);
//! # Ok::<(), assay_simulation::ScenarioError>(())
//! ```
#![warn(missing_docs)]

pub mod chain;
pub mod scenario;

mod agents;
mod campaign;
mod draws;
mod estimate;
mod response;
mod summary;
mod world;

pub use campaign::{Outcome, PointOutcome, Progress, campaign};
pub use chain::Chain;
pub use estimate::{Band, Estimate};
pub use response::{Response, Verdict};
pub use scenario::{Scenario, ScenarioError};
pub use summary::{GroupSummary, Spread, Summary};
pub use world::{Concentrations, GroupRun, Run, Totals, run};
