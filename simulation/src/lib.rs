//! A subnet on paper.
#![warn(missing_docs)]

pub mod chain;
pub mod scenario;

mod agents;
mod draws;
mod response;
mod world;

pub use chain::Chain;
pub use scenario::{Scenario, ScenarioError};
pub use world::{Concentrations, GroupRun, Run, Totals, run};
