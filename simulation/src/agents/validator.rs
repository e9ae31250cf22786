//! A validator's seat: what it looks at, and which row it sets.

use primitives::{Hotkey, MechId, Registration, Uid};
use scoring::{Mechanism, Snapshot, rehearsal::Rehearsal};

use super::Miner;
use crate::{
    chain::{Chain, sent},
    draws::key,
    scenario::{LazyRow, ValidatorStrategy},
};

/// A row as it is sent.
pub(crate) type Row = Vec<(u16, u16)>;

/// A seat.
#[derive(Clone, Debug)]
pub(crate) struct Validator {
    /// The place of its agent.
    pub agent: usize,
    /// The place of what it is like.
    pub like: usize,
    /// Its questions depend on it.
    key: u64,
    pub hotkey: Hotkey,
    /// None after it lost it.
    pub uid: Option<Uid>,
    strategy: ValidatorStrategy,
    /// One for each mechanism; none where it asks nobody.
    tables: Vec<Rehearsal>,
    /// What it set when it last worked, by mechanism.
    stale: Vec<Option<Row>>,
    /// Answers that it judged in this epoch.
    pub judged: u64,
}

/// What a validator knows when it sets its row in a mechanism.
pub(crate) struct View<'a> {
    pub chain: &'a Chain,
    pub mechanism: u8,
    pub epoch: u64,
    pub snapshot: &'a Snapshot,
    pub miners: &'a [Miner],
    /// What the rows in sight agree on, by uid.
    pub consensus: &'a [u16],
}

impl Validator {
    pub fn new(
        (agent, like): (usize, usize),
        key: u64,
        registration: Registration,
        strategy: &ValidatorStrategy,
        mechanisms: &[Mechanism],
    ) -> Self {
        let hotkey = registration.hotkey;
        let asks =
            matches!(strategy, ValidatorStrategy::Honest {} | ValidatorStrategy::Lazy { row: LazyRow::Stale, .. });
        let table = |(at, mechanism): (u8, &Mechanism)| Rehearsal::new(mechanism.clone(), MechId(at), hotkey);
        let tables = if asks { (0..).zip(mechanisms).map(table).collect() } else { Vec::new() };
        let stale = vec![None; mechanisms.len()];
        Self { agent, like, key, hotkey, uid: None, strategy: strategy.clone(), tables, stale, judged: 0 }
    }

    /// Whether it asks miners in an epoch.
    pub fn asks(&self, epoch: u64) -> bool {
        match self.strategy {
            ValidatorStrategy::Honest {} => true,
            ValidatorStrategy::Lazy { row: LazyRow::Stale, worked_epochs } => epoch < worked_epochs,
            _ => false,
        }
    }

    /// Whether it waits for others' rows.
    pub fn copies(&self) -> bool {
        matches!(self.strategy, ValidatorStrategy::WeightCopier {})
    }

    /// Its table of a mechanism, and the key of its questions in a round.
    pub fn table(&mut self, mechanism: u8, round: u64) -> Option<(&mut Rehearsal, u64)> {
        let question = key(key(self.key, mechanism.into()), round);
        Some((self.tables.get_mut(usize::from(mechanism))?, question))
    }

    /// The row that it sets; none where it sets none.
    pub fn row(&mut self, view: &View<'_>, groups: &GroupOf<'_>) -> Option<Row> {
        let own = self.uid?.0;
        let seats = view.chain.seats();
        let at = usize::from(view.mechanism);
        let row: Row = match &self.strategy {
            _ if self.asks(view.epoch) => {
                let row = sent(&self.tables.get_mut(at)?.weigh(view.snapshot).ok()?.0);
                self.stale[at] = Some(row.clone());
                row
            }
            ValidatorStrategy::Lazy { row: LazyRow::Equal, .. } => {
                (0..seats).filter(|uid| *uid != own).map(|uid| (uid, 1)).collect()
            }
            ValidatorStrategy::Lazy { .. } | ValidatorStrategy::Honest {} => self.stale[at].clone()?,
            ValidatorStrategy::WeightCopier {} => {
                let agreed = (0..seats).zip(view.consensus.iter().copied());
                agreed.filter(|(uid, value)| *uid != own && *value > 0).collect()
            }
            ValidatorStrategy::Colluding { miners } => {
                let works = |miner: &&Miner| miner.mechanism.is_none_or(|of| of == view.mechanism);
                let friends = view.miners.iter().filter(|miner| groups(miner.agent) == Some(miners)).filter(works);
                let mut uids: Vec<u16> = friends.filter_map(|miner| Some(miner.uid?.0)).collect();
                uids.sort_unstable();
                uids.into_iter().map(|uid| (uid, 1)).collect()
            }
        };
        (!row.is_empty()).then_some(row)
    }
}

/// The name of a miner agent's group.
pub(crate) type GroupOf<'a> = dyn Fn(usize) -> Option<&'a str> + 'a;
