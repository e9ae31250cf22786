//! What a miner says of itself, part by part: the document of its own page. Nobody but the miner vouches for any of it.
//! `docs/dashboard.md` says what each field means to who reads it.

use std::{collections::BTreeMap, sync::Arc};

use primitives::{BlockHash, Endpoint, Hotkey, NetUid, Uid};
use scoring::reliability::{Fastness, Waiting};
use serde::{Deserialize, Serialize};

use crate::{
    board::now_unix_ms,
    document::{Head, Loop, Neuron},
    routes::{HTML, SCRIPT},
    sheet::{File, Part, Sheet, json, part},
};

/// The version of the document. It changes when a field changes its meaning or goes; new fields may come without.
pub const SERVING_VERSION: u32 = 1;

/// A miner's own view.
#[derive(Clone, Debug)]
pub struct Serving {
    /// Whose view it is.
    pub subject: Arc<ServingSubject>,
    /// What changes with every block.
    pub live: ServingLive,
    /// How busy it is.
    pub load: Load,
    /// How long answers took, over the last hour.
    pub times: Times,
    /// How requests ended since the start, by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Who asked last: not more than a page has room for.
    pub askers: Vec<Asker>,
    /// The last hour by minutes, the oldest first.
    pub minutes: Vec<Minute>,
    /// The GPUs of the machine.
    pub gpus: Gpus,
}

/// Whose view it is. It doesn't change while a miner runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingSubject {
    /// Always true: nobody has checked what is said here.
    pub self_reported: bool,
    /// The subnet.
    pub netuid: NetUid,
    /// The chain, by the hash of its first block.
    pub genesis: BlockHash,
    /// The miner.
    pub miner: Hotkey,
    /// The program's version.
    pub version: String,
    /// The model's name.
    pub model: String,
    /// What kind of model it is.
    pub architecture: String,
    /// Names the model's files, in hexadecimal.
    pub digest: String,
    /// Prompt and answer together, in tokens.
    pub context_tokens: u64,
    /// Requests that may be in the house at once.
    pub places: u32,
    /// When the miner was started, in milliseconds since 1970.
    pub started_unix_ms: u64,
}

/// What changes with every block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServingLive {
    /// When this part was made, in milliseconds since 1970.
    pub made_unix_ms: u64,
    /// Whether requests are welcome, as grpc.health.v1 has it.
    pub serving: bool,
    /// The block of the newest metagraph; none before the first.
    pub head: Option<Head>,
    /// The miner's seat in it; none where it has none.
    pub seat: Option<Neuron>,
    /// What the chain tells others to ask.
    pub endpoint: Option<Endpoint>,
    /// The miner's loops.
    pub loops: Vec<Loop>,
}

/// How busy a miner is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Requests in the house that have no token yet.
    pub waiting: u32,
    /// Requests in the house whose tokens are being made.
    pub answering: u32,
    /// The share of the places that was taken in the last minute, in millionths.
    pub capacity_used_ppm: u32,
    /// Answers that the model can make at the same time, on all devices; none where it has no steps, as another program.
    pub slots: Option<u32>,
    /// Sequences that a step of the model held in the last minute, on average, in thousandths; none where there was no step.
    pub batch_milli: Option<u32>,
    /// Requests that were let in, over the last minute, in thousandths of one a second.
    pub requests_per_second_milli: u64,
    /// Tokens that were made, over the last minute, in thousandths of one a second.
    pub tokens_per_second_milli: u64,
}

/// How long answers took, as the miner itself measures: the way to whoever asks is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// From a request's admission to its first token, in microseconds.
    pub first_token_us: Option<Waiting>,
    /// Tokens of an answer over its whole time, in thousandths of a token a second.
    pub tokens_per_second_milli: Option<Fastness>,
    /// From a request's admission to its end, in microseconds.
    pub request_us: Option<Waiting>,
}

/// Somebody who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// Who.
    pub hotkey: Hotkey,
    /// Its seat now.
    pub uid: Uid,
    /// Whether it has a permit now.
    pub validator_permit: bool,
    /// Requests that were let in.
    pub requests: u64,
    /// Tokens that were made for it.
    pub tokens: u64,
    /// When it asked last, in milliseconds since 1970.
    pub last_unix_ms: u64,
}

/// What happened in a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minute {
    /// Requests that were let in.
    pub requests: u64,
    /// Tokens that were made.
    pub tokens: u64,
    /// The share of the places that was taken, in millionths.
    pub capacity_used_ppm: u32,
}

/// The GPUs of a machine, as NVIDIA's driver tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpus {
    /// Whether the driver can be asked.
    pub state: GpuState,
    /// Why not, or none.
    pub trouble: Option<String>,
    /// The driver's version.
    pub driver: Option<String>,
    /// One for each, in the driver's order.
    pub list: Vec<Gpu>,
}

/// Whether a driver can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GpuState {
    /// Nobody has asked yet.
    #[default]
    Unasked,
    /// It answers.
    Ok,
    /// There is none, which is no error.
    NoDriver,
    /// It is there and doesn't answer.
    Failed,
}

impl Default for Gpus {
    fn default() -> Self {
        Self { state: GpuState::Unasked, trouble: None, driver: None, list: Vec::new() }
    }
}

/// One GPU. What it doesn't tell is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// Its place, from 0.
    pub index: u32,
    /// What it is.
    pub name: String,
    /// The share of the time in which something ran on it, in percent.
    pub utilisation_percent: Option<u32>,
    /// Memory that is taken, by whomever.
    pub memory_used_bytes: Option<u64>,
    /// All of its memory.
    pub memory_total_bytes: Option<u64>,
    /// What it draws.
    pub power_milliwatts: Option<u32>,
    /// What it may draw.
    pub power_limit_milliwatts: Option<u32>,
    /// How hot it is.
    pub temperature_celsius: Option<u32>,
}

impl Serving {
    /// A miner that has done nothing yet.
    pub fn new(subject: ServingSubject) -> Self {
        Self {
            subject: Arc::new(subject),
            live: ServingLive::default(),
            load: Load::default(),
            times: Times::default(),
            outcomes: BTreeMap::new(),
            askers: Vec::new(),
            minutes: Vec::new(),
            gpus: Gpus::default(),
        }
    }
}

impl Sheet for Serving {
    const NAME: &'static str = "miner";
    const VERSION: u32 = SERVING_VERSION;
    const PAGE: &'static [File] =
        &[("/", HTML, include_str!("page/miner.html")), ("/page/miner.js", SCRIPT, include_str!("page/miner.js"))];

    fn parts(&self, loops: Vec<Loop>, known: Option<(&Self, &[Part])>) -> Vec<Part> {
        let live = ServingLive { made_unix_ms: now_unix_ms(), loops, ..self.live.clone() };
        let subject = known.and_then(|(old, parts)| Some((&old.subject, parts.first()?)));
        vec![
            part("subject", &self.subject, subject),
            ("live", json(&live)),
            ("load", json(&self.load)),
            ("times", json(&self.times)),
            ("outcomes", json(&self.outcomes)),
            ("askers", json(&self.askers)),
            ("minutes", json(&self.minutes)),
            ("gpus", json(&self.gpus)),
        ]
    }
}
