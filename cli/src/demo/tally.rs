//! What the validators' logs say so far, per miner.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use primitives::Hotkey;
use scoring::Record;
use validator::Store;

/// Counts over all validators. A validator's log is read while it writes, and only what is new each time.
pub struct Tally {
    logs: Vec<Log>,
    miners: HashMap<Hotkey, Count>,
}

struct Log {
    path: PathBuf,
    read: u64,
    rounds: u64,
    verified: u64,
}

/// One miner's.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// Challenges scored.
    pub challenges: u64,
    /// How they ended.
    pub outcomes: BTreeMap<String, u64>,
    score_sum: f64,
}

impl Count {
    /// Mean score, 0 to 1; 0 where nothing was scored.
    pub fn mean_score(&self) -> f64 {
        if self.challenges == 0 { 0.0 } else { self.score_sum / self.challenges as f64 }
    }
}

impl Tally {
    /// Of the logs in these stores; a store that doesn't exist yet is empty.
    pub fn new(stores: impl IntoIterator<Item = PathBuf>) -> Self {
        let logs = stores.into_iter().map(|path| Log { path, read: 0, rounds: 0, verified: 0 }).collect();
        Self { logs, miners: HashMap::new() }
    }

    /// Read what is new. A store in the middle of being made reads as empty.
    pub fn refresh(&mut self) {
        for log in &mut self.logs {
            let Ok(records) = unread(&log.path, log.read) else { continue };
            for record in records {
                log.read += 1;
                match record {
                    Record::Round(_) => log.rounds += 1,
                    Record::Landed(_) => log.verified += 1,
                    Record::Scored(scored) => {
                        let count = self.miners.entry(scored.miner.hotkey).or_default();
                        count.challenges += 1;
                        *count.outcomes.entry(scored.evidence.outcome.as_str().to_owned()).or_default() += 1;
                        count.score_sum += scored.score.as_f64();
                    }
                    _ => {}
                }
            }
        }
    }

    /// A miner's counts.
    pub fn miner(&self, hotkey: &Hotkey) -> Count {
        self.miners.get(hotkey).cloned().unwrap_or_default()
    }

    /// Rounds and verified rows of weights of the validator with this index.
    pub fn validator(&self, index: usize) -> (u64, u64) {
        self.logs.get(index).map_or((0, 0), |log| (log.rounds, log.verified))
    }
}

fn unread(path: &Path, from: u64) -> anyhow::Result<Vec<Record>> {
    Ok(Store::open_read_only(path)?.records(from)?)
}
