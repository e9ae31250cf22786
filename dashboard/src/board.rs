//! Where a validator, or a miner, writes down what it sees.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::{
    document::{DOCUMENT_VERSION, Live, Loop, Matrix, Miner, Neuron, Round, Subject, Submission, Window},
    health::Health,
    routes::{HTML, SCRIPT},
    sheet::{File, Part, Sheet, json, part},
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
pub struct Board<S = Subnet> {
    sheet: watch::Sender<S>,
    health: Health,
}

impl Board {
    /// A validator's, with nothing on it.
    pub fn new(subject: Subject) -> Self {
        Self::of(Subnet {
            subject: Arc::new(subject),
            live: Live::default(),
            neurons: Arc::default(),
            miners: Arc::default(),
            rounds: Arc::default(),
            windows: Arc::default(),
            weights: Arc::default(),
            submissions: Arc::default(),
        })
    }
}

impl<S> Board<S> {
    /// A board with this on it.
    pub fn of(sheet: S) -> Self {
        Self { sheet: watch::Sender::new(sheet), health: Health::default() }
    }

    /// Change what it says.
    pub fn update(&self, change: impl FnOnce(&mut S)) {
        self.sheet.send_modify(change);
    }

    /// The state of the loops that write on it.
    pub fn health(&self) -> &Health {
        &self.health
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<S> {
        self.sheet.subscribe()
    }
}

impl Sheet for Subnet {
    const NAME: &'static str = "subnet";
    const VERSION: u32 = DOCUMENT_VERSION;
    const PAGE: &'static [File] = &[
        ("/", HTML, include_str!("page/index.html")),
        ("/page/main.js", SCRIPT, include_str!("page/main.js")),
        ("/page/seats.js", SCRIPT, include_str!("page/seats.js")),
        ("/page/pictures.js", SCRIPT, include_str!("page/pictures.js")),
        ("/page/overview.js", SCRIPT, include_str!("page/overview.js")),
    ];

    fn parts(&self, loops: Vec<Loop>, known: Option<(&Self, &[Part])>) -> Vec<Part> {
        let at = |place: usize| known.and_then(|(old, parts)| Some((old, parts.get(place)?)));
        let live = Live { made_unix_ms: now_unix_ms(), loops, ..self.live.clone() };
        vec![
            part("subject", &self.subject, at(0).map(|(old, made)| (&old.subject, made))),
            ("live", json(&live)),
            part("neurons", &self.neurons, at(2).map(|(old, made)| (&old.neurons, made))),
            part("miners", &self.miners, at(3).map(|(old, made)| (&old.miners, made))),
            part("rounds", &self.rounds, at(4).map(|(old, made)| (&old.rounds, made))),
            part("windows", &self.windows, at(5).map(|(old, made)| (&old.windows, made))),
            part("weights", &self.weights, at(6).map(|(old, made)| (&old.weights, made))),
            part("submissions", &self.submissions, at(7).map(|(old, made)| (&old.submissions, made))),
        ]
    }
}

pub(crate) fn now_unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}
