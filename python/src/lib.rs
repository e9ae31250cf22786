//! The Python module `assay._assay`: what the scoring crate computes, on NumPy arrays and Arrow tables that stay where they
//! are. `python/assay/` is the package around it; `docs/python.md` says how it is used.
//!
//! Nothing is computed here: each function reads Python's values, calls the crate `scoring` or `simulation` without the interpreter's lock
//! where that takes long, and hands over what it owns.
#![warn(missing_docs)]

mod checks;
mod concentration;
mod copying;
mod emission;
mod epoch;
mod estimate;
mod failure;
mod influence;
mod logged;
mod matrix;
mod mechanism;
mod numbers;
mod outcome;
mod replay;
mod rules;
mod seats;
mod similarity;
mod simulate;
mod source;
mod statistics;
mod summary;
mod sweep;
mod table;
mod what_if;

/// What Python sees.
#[pyo3::pymodule]
mod _assay {
    #[pymodule_export]
    use crate::{
        concentration::{Concentration, gini, herfindahl, lorenz, nakamoto, total_variation},
        copying::{Following, copying},
        emission::{Split, Subnet, block_emission, issuance_after, split},
        epoch::{Epoch, epoch, epoch_json},
        estimate::{Band, Estimate},
        failure::{AssayError, EpochError, ReplayError, RulesError, ScenarioError, StatisticsError},
        influence::{Influence, influence},
        mechanism::Mechanism,
        outcome::{Group, Outcome, Point, Response, Spread},
        replay::{Replay, replay},
        similarity::{Overlap, chrf, exact, exact_raw, normalise, rouge_1, rouge_2, rouge_l},
        simulate::simulate,
        source::records,
        statistics::roc::{Roc, roc},
        statistics::samples::{
            Significance, fisher_exact, ks_one_sample, ks_two_sample, mann_whitney_u, welch_t, wilcoxon_signed_rank,
        },
        statistics::shares::{
            Verdict, benjamini_hochberg, holm, sprt, wilson_interval, wilson_lower, wilson_lower_ppm, wilson_upper_ppm,
        },
        sweep::{Stop, sweep},
        what_if::{WhatIf, what_if},
    };
}
