//! Where thresholds come from: honest answers and every known cheat, measured on the same model.
//!
//! Thresholds lie between what the honest do at most and what cheats do at least. Where nothing lies between, there are
//! none: [`judge`] refuses thresholds that a forger or a coarsely rounded model would pass.

mod fit;
mod interval;
mod population;
mod signed;

pub use fit::{Demands, NoThresholds, fit, judge};
pub use interval::clopper_pearson;
pub use population::{Conduct, Observed, Population, Sample, Spread};
pub use signed::{
    CALIBRATION_VERSION, Calibration, CalibrationError, MAX_CALIBRATION_BYTES, Setting, SignedCalibration,
};
