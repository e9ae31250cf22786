//! What the validators' logs say so far, per miner.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use primitives::Hotkey;
use scoring::{Record, Registry, ScoreTable};
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
    /// Computed as the validator does.
    table: Option<ScoreTable>,
}

/// One miner's.
#[derive(Clone, Debug, Default)]
pub struct Count {
    /// Challenges scored.
    pub challenges: u64,
    /// How they ended.
    pub outcomes: BTreeMap<String, u64>,
}

impl Tally {
    /// Of the logs in these stores; a store that doesn't exist yet is empty.
    pub fn new(stores: impl IntoIterator<Item = PathBuf>) -> Self {
        let logs = stores.into_iter().map(|path| Log { path, read: 0, rounds: 0, verified: 0, table: None }).collect();
        Self { logs, miners: HashMap::new() }
    }

    /// Read what is new. A store in the middle of being made reads as empty.
    pub fn refresh(&mut self) -> anyhow::Result<()> {
        for log in &mut self.logs {
            let Ok(records) = unread(&log.path, log.read) else { continue };
            for record in records {
                log.read += 1;
                match &mut log.table {
                    Some(table) => table.apply(&record)?,
                    table => {
                        if let Record::Header(header) = &record {
                            *table = Some(ScoreTable::new(header.clone(), &Registry::default())?);
                        }
                    }
                }
                match record {
                    Record::Round(_) => log.rounds += 1,
                    Record::Landed(_) => log.verified += 1,
                    Record::Scored(scored) => {
                        let count = self.miners.entry(scored.miner.hotkey).or_default();
                        count.challenges += 1;
                        *count.outcomes.entry(scored.evidence.outcome.as_str().to_owned()).or_default() += 1;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Mean standing of a miner with the validators, 0 to 1: the moving average of its scores that weights are made of.
    pub fn standing(&self, hotkey: &Hotkey) -> f64 {
        let of = |table: &ScoreTable| {
            let standings = table.standings().filter(|(miner, _)| miner.hotkey == *hotkey);
            standings.map(|(_, standing)| standing.score.as_f64()).last()
        };
        let standings: Vec<f64> = self.logs.iter().filter_map(|log| of(log.table.as_ref()?)).collect();
        if standings.is_empty() { 0.0 } else { standings.iter().sum::<f64>() / standings.len() as f64 }
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
