//! The document in the hands of who reads it: whole at first, then kept up to date by the parts that change.

use serde::Deserialize;

use crate::document::{DOCUMENT_VERSION, Live, Matrix, Miner, Neuron, Round, Subject, Submission, Window};

/// All of it, as `/api/subnet.json` and the event `subnet` have it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Document {
    /// Whose view it is.
    pub subject: Subject,
    /// What changes with every block.
    pub live: Live,
    /// The seats.
    pub neurons: Vec<Neuron>,
    /// What was measured of each miner.
    pub miners: Vec<Miner>,
    /// The last rounds, the oldest first.
    pub rounds: Vec<Round>,
    /// The windows of the figures of reliability.
    pub windows: Vec<Window>,
    /// Rows of weights that stand on chain.
    pub weights: Matrix,
    /// The validator's rows, the oldest first.
    pub submissions: Vec<Submission>,
}

/// What an event `changes` has: some parts, each whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Changes {
    subject: Option<Subject>,
    live: Option<Live>,
    neurons: Option<Vec<Neuron>>,
    miners: Option<Vec<Miner>>,
    rounds: Option<Vec<Round>>,
    windows: Option<Vec<Window>>,
    weights: Option<Matrix>,
    submissions: Option<Vec<Submission>>,
}

/// Why bytes are no document. How many bytes there may be is for the reader to say, before it asks.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Something else.
    #[error("this is no validator's document")]
    Foreign(#[from] serde_json::Error),
    /// A document whose fields mean something else.
    #[error("the document's version is {0}, and {DOCUMENT_VERSION} is known here")]
    Version(u32),
}

impl Document {
    /// From JSON.
    pub fn read(json: &[u8]) -> Result<Self, ReadError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        match serde_json::from_slice(json)? {
            Versioned { version: DOCUMENT_VERSION } => Ok(serde_json::from_slice(json)?),
            Versioned { version } => Err(ReadError::Version(version)),
        }
    }

    /// Put what changed in the place of what was there.
    pub fn take(&mut self, changes: Changes) {
        fn put<T>(place: &mut T, new: Option<T>) {
            if let Some(new) = new {
                *place = new;
            }
        }
        put(&mut self.subject, changes.subject);
        put(&mut self.live, changes.live);
        put(&mut self.neurons, changes.neurons);
        put(&mut self.miners, changes.miners);
        put(&mut self.rounds, changes.rounds);
        put(&mut self.windows, changes.windows);
        put(&mut self.weights, changes.weights);
        put(&mut self.submissions, changes.submissions);
    }
}

impl Changes {
    /// From JSON.
    pub fn read(json: &[u8]) -> Result<Self, ReadError> {
        Ok(serde_json::from_slice(json)?)
    }
}
