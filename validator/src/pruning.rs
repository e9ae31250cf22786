//! Pruning: a store forgets the oldest records of its log, and keeps what they came to under the validator's signature.

use std::path::Path;

use primitives::Digest;
use scoring::Registry;

use crate::{
    database::{Checkpoint, Damage, Database, StoreError},
    store::beginning,
};

/// A store that is about to forget. It is locked, so no validator runs on it meanwhile.
pub struct Pruning {
    database: Database,
    checkpoint: Checkpoint,
    root: Digest,
    forgets: u64,
}

impl Pruning {
    /// Recompute the log up to the seal from which on so many sealed epochs are kept, and the one that is not sealed yet. None
    /// where there is nothing to forget.
    pub fn plan(path: &Path, keep_epochs: usize, registry: &Registry) -> Result<Option<Self>, StoreError> {
        if !path.is_file() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        let database = Database::open(path)?;
        let Some(mut replay) = beginning(&database, registry)? else { return Ok(None) };
        let first = replay.log().len();
        let mut seals = Vec::new();
        database.rows::<StoreError>(first, |sealed| {
            if sealed.is_seal() {
                seals.push(sealed.seq);
            }
            Ok(())
        })?;
        let Some(seq) = seals.len().checked_sub(keep_epochs.saturating_add(1)).and_then(|at| seals.get(at)).copied()
        else {
            return Ok(None);
        };
        let mut target = None;
        database.rows::<StoreError>(first, |sealed| {
            if sealed.seq == seq {
                target = Some((replay.to_bytes(), replay.log().head()));
            }
            if sealed.seq <= seq {
                let accepted = replay.accept(&sealed).map(drop);
                accepted.map_err(|error| database.damaged(Damage::of(sealed.seq, error)))?;
            }
            Ok(())
        })?;
        let (state, root) = target.ok_or_else(|| database.damaged(Damage::Gap { seq }))?;
        // Of what is before, a pruned store has the seal that it was pruned to, and any store its header.
        let forgets = seq - database.checkpoint()?.map_or(1, |before| before.seq);
        Ok(Some(Self { checkpoint: Checkpoint { seq, state }, root, forgets, database }))
    }

    /// The seal from which on the log is kept.
    pub fn seal(&self) -> u64 {
        self.checkpoint.seq
    }

    /// The hash of the last record that is forgotten: whoever keeps them must have it.
    pub fn root(&self) -> Digest {
        self.root
    }

    /// How many records are forgotten.
    pub fn forgets(&self) -> u64 {
        self.forgets
    }

    /// Forget them. Tells whether the room went back to the disk: where that is too full for a smaller copy, the file keeps it
    /// and uses it again.
    pub fn run(mut self) -> Result<bool, StoreError> {
        self.database.prune(&self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use scoring::Record;
    use tempfile::TempDir;

    use super::*;
    use crate::{
        scene::{block, identity, miner, open, round, validator},
        store::Store,
    };

    fn epoch(store: &mut Store, number: u64) {
        for at in 1..=2 {
            let records = round(store.table(), block(number * 100 + at), &[(miner(1), 20), (miner(2), 3)]);
            store.append(&records).unwrap();
        }
        store.seal(number, block(number * 100 + 50), &validator()).unwrap();
    }

    #[test]
    fn what_is_forgotten_stays_signed_for() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        let registry = Registry::default();
        let mut store = open(&path);
        assert!(matches!(Pruning::plan(&path, 1, &registry), Err(StoreError::Locked { .. })));
        (1..=4).for_each(|number| epoch(&mut store, number));
        let before: Vec<_> = store.table().standings().map(|(miner, standing)| (*miner, *standing)).collect();
        drop(store);
        let whole = Store::open_read_only(&path).unwrap().records(0).unwrap();

        assert!(Pruning::plan(&path, 4, &registry).unwrap().is_none());
        let pruning = Pruning::plan(&path, 2, &registry).unwrap().unwrap();
        let seal = pruning.seal();
        assert!(matches!(whole[seal as usize], Record::Seal(_)));
        assert_eq!(pruning.forgets(), seal - 1);
        assert!(pruning.run().unwrap());
        let reader = || Store::open_read_only(&path).unwrap();
        assert_eq!(reader().pruned_to().unwrap(), Some(seal));
        let kept = reader().records(0).unwrap();
        assert_eq!((&kept[0], &kept[1..]), (&whole[0], &whole[seal as usize..]));
        assert_eq!(reader().records(seal + 3).unwrap(), whole[seal as usize + 3..]);
        assert_eq!(reader().beginning(&registry).unwrap().unwrap().log().len(), seal + 1);

        // It goes on as if nothing had been forgotten, and forgets more later.
        let mut store = open(&path);
        assert!(store.table().standings().map(|(miner, standing)| (*miner, *standing)).eq(before));
        assert_eq!(store.rounds(), 8);
        epoch(&mut store, 5);
        drop(store);
        Pruning::plan(&path, 1, &registry).unwrap().unwrap().run().unwrap();
        // The header, a seal, two rounds of two answers and the last seal.
        assert_eq!(reader().records(0).unwrap().len(), 9);
        drop(open(&path));

        // What is kept in the place of the records can't be changed.
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute("UPDATE checkpoint SET state = zeroblob(length(state))", []).unwrap();
        let error = Store::open(&path, &identity(), &scoring::Incentive::default(), &registry).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}
