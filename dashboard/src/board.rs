//! Where a validator writes down what it sees.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    document::{Live, Matrix, Miner, Neuron, Round, Subject, Submission, Window},
    health::Health,
};

/// What a validator sees, part by part. A part that is replaced is told to who looks; the others cost nothing.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Whose view it is.
    pub subject: Arc<Subject>,
    /// What changes with every block.
    pub live: Live,
    /// The seats.
    pub neurons: Arc<Vec<Neuron>>,
    /// What was measured of each miner.
    pub miners: Arc<Vec<Miner>>,
    /// The last rounds, the oldest first: as many as each miner's history is long.
    pub rounds: Arc<Vec<Round>>,
    /// The windows of the figures of reliability.
    pub windows: Arc<Vec<Window>>,
    /// Rows of weights that stand on chain.
    pub weights: Arc<Matrix>,
    /// This validator's rows, the oldest first.
    pub submissions: Arc<Vec<Submission>>,
}

/// The writers' side of a dashboard. Clones write on the same board.
#[derive(Clone, Debug)]
pub struct Board {
    subnet: watch::Sender<Subnet>,
    health: Health,
}

impl Board {
    /// An empty board.
    pub fn new(subject: Subject) -> Self {
        let subnet = Subnet {
            subject: Arc::new(subject),
            live: Live::default(),
            neurons: Arc::default(),
            miners: Arc::default(),
            rounds: Arc::default(),
            windows: Arc::default(),
            weights: Arc::default(),
            submissions: Arc::default(),
        };
        Self { subnet: watch::Sender::new(subnet), health: Health::default() }
    }

    /// Change what it says.
    pub fn update(&self, change: impl FnOnce(&mut Subnet)) {
        self.subnet.send_modify(change);
    }

    /// The state of the loops that write on it.
    pub fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Subnet> {
        self.subnet.subscribe()
    }
}
