//! How far the loading of a model is.

use std::fmt;

/// What is being done with the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadStep {
    /// Their files are read for the digests that name the model.
    Digest,
    /// Their tensors are copied to the device.
    Place,
}

impl fmt::Display for LoadStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Digest => "reading weights",
            Self::Place => "placing weights",
        })
    }
}

/// How far a step is. Told after every piece of some megabytes; the last of a step has `done_bytes == total_bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadProgress {
    /// The step.
    pub step: LoadStep,
    /// Bytes of files that it is done with.
    pub done_bytes: u64,
    /// Bytes of files that it has to do.
    pub total_bytes: u64,
}

/// Is told how far loading is, on the thread that loads.
pub type OnProgress = Box<dyn FnMut(LoadProgress) + Send>;
