//! What a validator must not lose: the score log and the journal of weights, in one file. Standings are computed from
//! the log whenever the store is opened; nothing else is trusted.

use std::{path::Path, sync::Arc};

use chain::SignedWeights;
use primitives::{BlockHash, BlockNumber, BlockRef, Digest, Keypair, Uid};
use rusqlite::Transaction;
use scoring::{
    Anchor, Anchored, Header, Incentive, LOG_VERSION, Landed, Record, Registry, Replay, Round, ScoreLog, ScoreTable,
    Sealed, Snapshot, WeightsRecord,
};
use tokio::sync::Mutex;

use crate::{
    database::{self, Checkpoint, Damage, Database, Raw, StoreError},
    identity::Identity,
    journal::{self, Abandoned, Commit, Plan, Submission, Which},
    reader::StoreReader,
    weights_job::Skipped,
};

/// Records that are read at once.
const PAGE: u32 = 4_096;

/// A store that is open for writing. There is at most one per file.
pub struct Store {
    database: Database,
    replay: Replay,
}

impl Store {
    /// Open a validator's store, or begin one where there is no file. Everything in it is read, checked and recomputed.
    pub fn open(path: &Path, identity: &Identity, rules: &Incentive, registry: &Registry) -> Result<Self, StoreError> {
        Self::open_where(path, identity, rules, registry, |found| found == rules)
    }

    /// [`Self::open`] by somebody who judges no answers, and has no model to know what is demanded of its proofs.
    pub(crate) fn open_without_model(
        path: &Path,
        identity: &Identity,
        rules: &Incentive,
        registry: &Registry,
    ) -> Result<Self, StoreError> {
        Self::open_where(path, identity, rules, registry, |found| found.is_but_for_proof(rules))
    }

    fn open_where(
        path: &Path,
        identity: &Identity,
        rules: &Incentive,
        registry: &Registry,
        are_these: impl FnOnce(&Incentive) -> bool,
    ) -> Result<Self, StoreError> {
        let mut database = Database::open(path)?;
        match database.identity()? {
            None => begin(&mut database, identity, rules, registry)?,
            Some(found) if found == *identity => {}
            Some(found) => return Err(database.foreign(found, *identity)),
        }
        let replay = recompute(&database, registry)?;
        if !are_these(replay.table.incentive()) {
            return Err(StoreError::OtherRules { path: path.to_owned() });
        }
        let store = Self { database, replay };
        // The journal points into the log: if its record is gone, the log was cut.
        if let Some(lost) =
            store.submissions()?.iter().find(|submission| submission.record_seq >= store.replay.log().len())
        {
            return Err(store.database.damaged(Damage::Gap { seq: lost.record_seq }));
        }
        Ok(store)
    }

    /// Open a store to look only, whether or not a validator is writing it.
    pub fn open_read_only(path: &Path) -> Result<StoreReader, StoreError> {
        StoreReader::open(path)
    }

    /// Append records: all of them or none, on disk when this returns. The standings follow.
    pub fn append(&mut self, records: &[Record]) -> Result<(), StoreError> {
        self.commit(records, |_| Ok(()))
    }

    /// The standings.
    pub fn table(&self) -> &ScoreTable {
        &self.replay.table
    }

    /// How many rounds were scored.
    pub fn rounds(&self) -> u64 {
        self.replay.counts.rounds
    }

    /// The last round.
    pub fn last_round(&self) -> Option<Round> {
        self.replay.table.round()
    }

    /// Show the rounds since a block, and what was scored in them, in order.
    pub(crate) fn since(&self, block: BlockNumber, mut each: impl FnMut(&Record)) -> Result<(), StoreError> {
        let read = |sealed: &Sealed| sealed.record().map_err(|source| StoreError::Record { source });
        let is_older =
            |sealed: &Sealed| matches!(sealed.record(), Ok(Record::Round(round)) if round.block.number < block);
        // Most of a long log is older: where it begins is looked for from the end.
        let first = self.database.checkpoint()?.map_or(0, |checkpoint| checkpoint.seq);
        let mut from = self.replay.log().len();
        while from > first {
            let start = from.saturating_sub(PAGE.into()).max(first);
            let page = self.database.page(start, PAGE)?;
            from = start;
            if page.iter().any(|sealed| !sealed.is_scored() && is_older(sealed)) {
                break;
            }
        }
        let mut recent = false;
        self.database.rows(from, |sealed| {
            if sealed.is_scored() && !recent {
                return Ok(());
            }
            let record = read(&sealed)?;
            if let Record::Round(round) = &record {
                recent = round.block.number >= block;
            }
            if recent && matches!(record, Record::Round(_) | Record::Scored(_)) {
                each(&record);
            }
            Ok(())
        })
    }

    /// The journal, oldest first.
    pub fn submissions(&self) -> Result<Vec<Submission>, StoreError> {
        self.database.submissions(Which::All)
    }

    /// What the journal says of an epoch.
    pub fn submission_of(&self, epoch_index: u64) -> Result<Option<Submission>, StoreError> {
        Ok(self.database.submissions(Which::Epoch(epoch_index))?.pop())
    }

    /// The submission of the latest epoch that has one.
    pub fn last_submission(&self) -> Result<Option<Submission>, StoreError> {
        Ok(self.database.submissions(Which::Last)?.pop())
    }

    /// Submissions that were begun and not brought to an end.
    pub fn unfinished(&self) -> Result<Vec<Submission>, StoreError> {
        self.database.submissions(Which::Unfinished)
    }

    /// Compute weights, and write them to the log and to the journal at once. None where the standings give none; an
    /// error where the epoch has a submission already.
    pub fn plan(
        &mut self,
        epoch_index: u64,
        last_epoch_block: BlockNumber,
        uid: Uid,
        snapshot: Snapshot,
        version_key: u64,
    ) -> Result<Result<Submission, Skipped>, StoreError> {
        let Some(Round { round, .. }) = self.last_round() else {
            return Ok(Err(Skipped::TooFewRounds { scored: 0, needed: 1 }));
        };
        let weights = match scoring::weights(self.table(), &snapshot) {
            Ok(weights) => weights,
            Err(none) => return Ok(Err(none.into())),
        };
        let (record_seq, planned_at) = (self.replay.log().len(), snapshot.block.number);
        let record = WeightsRecord { round, snapshot, weights: weights.clone(), version_key };
        let weights = &weights;
        let plan = Plan { epoch_index, last_epoch_block, record_seq, planned_at, uid, weights, version_key };
        let id = self.commit(&[Record::Weights(Box::new(record))], |transaction| journal::plan(transaction, &plan))?;
        Ok(Ok(self.submission(id)?))
    }

    /// planned, signed, in_block or committed → signed. Nothing may be sent before this returns.
    pub fn signed(&mut self, id: u64, call: &SignedWeights) -> Result<Submission, StoreError> {
        self.database.write(|transaction| journal::sign(transaction, id, call))?;
        self.submission(id)
    }

    /// signed or in_block → in_block.
    pub fn included(&mut self, id: u64, block: BlockRef) -> Result<Submission, StoreError> {
        self.database.write(|transaction| journal::include(transaction, id, block))?;
        self.submission(id)
    }

    /// landed → committed.
    pub fn committed(&mut self, id: u64, commit: &Commit) -> Result<Submission, StoreError> {
        self.database.write(|transaction| journal::commit(transaction, id, commit))?;
        self.submission(id)
    }

    /// signed or in_block → committed: the second commit was refused, and the first one still stands.
    pub fn keep_commit(&mut self, id: u64) -> Result<Submission, StoreError> {
        self.database.write(|transaction| journal::keep_commit(transaction, id))?;
        self.submission(id)
    }

    /// signed or in_block → landed.
    pub fn landed(&mut self, id: u64, block: BlockRef) -> Result<Submission, StoreError> {
        self.database.write(|transaction| journal::land(transaction, id, block))?;
        self.submission(id)
    }

    /// landed or committed → verified, in the journal and in the log.
    pub fn verified(&mut self, id: u64, block: BlockRef) -> Result<Submission, StoreError> {
        let submission = self.submission(id)?;
        let call = submission.call_hash().map(|hash| BlockHash(hash.0));
        let record = Record::Landed(Landed { block, weights: submission.weights, call });
        self.commit(&[record], |transaction| journal::verify(transaction, id, block))?;
        self.submission(id)
    }

    /// Sign for all records so far: the epoch `epoch` has begun.
    pub fn seal(&mut self, epoch: u64, block: BlockRef, key: &Keypair) -> Result<(), StoreError> {
        let seal = self.replay.seal(epoch, block, key);
        self.commit(&[Record::Seal(Box::new(seal))], |_| Ok(()))
    }

    /// What the chain should hold of the log, if it was not seen there yet.
    pub fn unanchored(&self) -> Option<Anchor> {
        self.replay.unanchored()
    }

    /// The chain holds the root of a seal.
    pub fn anchored(&mut self, block: BlockRef, root: Digest) -> Result<(), StoreError> {
        self.commit(&[Record::Anchored(Anchored { block, root })], |_| Ok(()))
    }

    /// Anything unfinished → abandoned.
    pub fn abandon(&mut self, id: u64, reason: &Abandoned) -> Result<Submission, StoreError> {
        self.database.write(|transaction| journal::abandon(transaction, id, reason))?;
        self.submission(id)
    }

    fn submission(&self, id: u64) -> Result<Submission, StoreError> {
        self.database.submissions(Which::Id(id))?.pop().ok_or(StoreError::Step {
            id,
            from: "in the journal",
            to: "read",
        })
    }

    /// Append records and do `more` in the same transaction. Memory follows only when the disk has it.
    fn commit<T>(
        &mut self,
        records: &[Record],
        more: impl FnOnce(&Transaction<'_>) -> Result<T, Raw>,
    ) -> Result<T, StoreError> {
        let mut replay = self.replay.clone();
        let sealed = records.iter().map(|record| replay.append(record)).collect::<Result<Vec<_>, _>>()?;
        let value = self.database.write(|transaction| {
            database::insert(transaction, &sealed)?;
            more(transaction)
        })?;
        self.replay = replay;
        Ok(value)
    }
}

/// Write the first record of an empty store.
fn begin(
    database: &mut Database,
    identity: &Identity,
    rules: &Incentive,
    registry: &Registry,
) -> Result<(), StoreError> {
    let Identity { genesis, netuid, mech, validator } = *identity;
    let header = Header { version: LOG_VERSION, genesis, netuid, mech, validator, rules: rules.clone().into() };
    // Rules that make no sense are refused before they are written.
    ScoreTable::new(header.clone(), registry)?;
    let header = ScoreLog::new().append(&Record::Header(header));
    let identity = serde_json::to_string(identity).map_err(|error| database.damaged(Damage::Identity(error)))?;
    database.write(|transaction| {
        transaction.execute("INSERT INTO identity (one, value) VALUES (1, ?1)", [&identity])?;
        Ok(database::insert(transaction, &[header])?)
    })
}

/// The log as far as a replay needs no records: its header, and where it was pruned, the seal that it was pruned to and what
/// it had come to. None where there is no header.
pub(crate) fn beginning(database: &Database, registry: &Registry) -> Result<Option<Replay>, StoreError> {
    let record = |seq| Ok::<_, StoreError>(database.page(seq, 1)?.pop().filter(|found: &Sealed| found.seq == seq));
    let damaged = |seq| move |error| database.damaged(Damage::of(seq, error));
    let Some(header) = record(0)? else { return Ok(None) };
    let Some(Checkpoint { seq, state }) = database.checkpoint()? else {
        return Replay::begin(&header, registry).map(Some).map_err(damaged(0));
    };
    let seal = record(seq)?.ok_or_else(|| database.damaged(Damage::Gap { seq }))?;
    Replay::resume(&header, &seal, &state, registry).map(Some).map_err(damaged(seq))
}

/// Check every record, and compute the standings from them: from the first one, or from the seal that the store was pruned
/// to.
pub(crate) fn recompute(database: &Database, registry: &Registry) -> Result<Replay, StoreError> {
    let replay = beginning(database, registry)?;
    let mut replay = replay.ok_or_else(|| database.damaged(Damage::Gap { seq: 0 }))?;
    database.rows(replay.log().len(), |sealed| {
        replay.accept(&sealed).map(drop).map_err(|error| database.damaged(Damage::of(sealed.seq, error)))
    })?;
    Ok(replay)
}

/// The store as the validator's tasks share it. A commit waits for the disk, so it runs where waiting is allowed; it
/// runs to its end even if the task that asked for it is dropped.
#[derive(Clone)]
pub(crate) struct SharedStore(Arc<Mutex<Store>>);

impl SharedStore {
    pub fn new(store: Store) -> Self {
        Self(Arc::new(Mutex::new(store)))
    }

    pub async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut store = self.0.clone().lock_owned().await;
        match tokio::task::spawn_blocking(move || work(&mut store)).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is going down, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Wait until nobody uses it any more. Closed for good once the last clone is dropped.
    pub async fn idle(&self) {
        drop(self.0.lock().await);
    }
}

#[cfg(test)]
mod tests {
    use primitives::{BlockHash, Hotkey, Keypair, MechId, NetUid, Registration};
    use rusqlite::Connection;
    use scoring::{Divergence, Seat, replay_log};
    use tempfile::TempDir;

    use super::*;
    use crate::{
        journal::State,
        scene::{block, identity, killed, miner, open, round},
    };

    /// A store with three rounds of two miners, one honest.
    fn scored(path: &Path) -> Store {
        let mut store = open(path);
        for number in 1..=3 {
            let records = round(store.table(), block(number * 10), &[(miner(1), 20), (miner(2), 3)]);
            store.append(&records).unwrap();
        }
        store
    }

    fn standings(store: &Store) -> Vec<(Registration, scoring::Standing)> {
        store.table().standings().map(|(miner, standing)| (*miner, *standing)).collect()
    }

    fn snapshot() -> Snapshot {
        let seats = [(0, 1), (1, 2), (2, 3)];
        let seats = seats.map(|(uid, number)| Seat { uid: Uid(uid), registration: miner(number) });
        Snapshot { block: block(40), seats: seats.to_vec(), min_allowed_weights: 1 }
    }

    fn plan(store: &mut Store, epoch_index: u64) -> Result<Submission, StoreError> {
        store.plan(epoch_index, 20, Uid(5), snapshot(), u64::MAX).map(Result::unwrap)
    }

    fn call(submission: &Submission) -> SignedWeights {
        let call = serde_json::json!({
            "netuid": 1, "hotkey": identity().validator, "weights": submission.weights, "version_key": 0,
            "bytes": "00ff", "hash": BlockHash([3; 32]), "nonce": 4, "birth": block(40), "period": 128,
        });
        serde_json::from_value(call).unwrap()
    }

    /// More records than are read at once, so that the beginning lies in another page than the end.
    #[test]
    fn what_is_recent_is_found_from_the_end() {
        let folder = TempDir::new().unwrap();
        let mut store = open(&folder.path().join("store.sqlite"));
        let (mut table, mut records) = (store.table().clone(), Vec::new());
        for number in 0..2 * u64::from(PAGE) / 3 {
            let next = round(&table, block(number * 10), &[(miner(1), 20), (miner(2), 3)]);
            next.iter().for_each(|record| table.apply(record).unwrap());
            records.extend(next);
        }
        store.append(&records).unwrap();
        let since = |store: &Store, block| {
            let mut found = Vec::new();
            store.since(block, |record| found.push(record.clone())).unwrap();
            found
        };
        let rounds = records.len() as u64 / 3;
        for first in [0, 1, rounds / 2, rounds - 1, rounds] {
            let skipped = usize::try_from(first).unwrap() * 3;
            assert_eq!(since(&store, (first * 10).saturating_sub(9)), records[skipped..], "from round {first}");
        }
        // A seal is no round, and what a store was pruned to begins with one.
        store.seal(3, block(rounds * 10), &crate::scene::validator()).unwrap();
        let more = round(store.table(), block(rounds * 10), &[(miner(1), 20)]);
        store.append(&more).unwrap();
        assert_eq!(since(&store, rounds * 10), more);
        drop(store);
        let path = folder.path().join("store.sqlite");
        crate::Pruning::plan(&path, 0, &Registry::default()).unwrap().unwrap().run().unwrap();
        assert_eq!(since(&open(&path), 0), more);
    }

    #[test]
    fn standings_survive_a_kill() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        let mut store = scored(&path);
        plan(&mut store, 1).unwrap();
        let survivor = open(&killed(&path, &folder));
        assert_eq!(standings(&survivor), standings(&store));
        assert_eq!((survivor.rounds(), survivor.last_round()), (3, store.last_round()));
        assert_eq!(survivor.submissions().unwrap(), store.submissions().unwrap());
        assert_eq!(survivor.replay.log(), store.replay.log());
        assert_eq!(survivor.table().last_weights(), store.table().last_weights());
    }

    #[test]
    fn what_does_not_follow_is_not_written() {
        let folder = TempDir::new().unwrap();
        let mut store = scored(&folder.path().join("store.sqlite"));
        let before = (*store.replay.log(), standings(&store));
        let mut records = round(store.table(), block(50), &[(miner(1), 20), (miner(2), 3)]);
        if let Some(Record::Scored(scored)) = records.last_mut() {
            scored.score = scoring::Score::ONE;
        }
        let error = store.append(&records).unwrap_err();
        let score = |divergence: &Divergence| matches!(divergence, Divergence::Score { .. });
        assert!(matches!(&error, StoreError::Diverged(divergence) if score(divergence)), "{error:?}");
        assert_eq!((*store.replay.log(), standings(&store)), before);
        store.append(&round(store.table(), block(50), &[(miner(1), 20)])).unwrap();
    }

    #[test]
    fn a_store_belongs_to_one_validator_and_its_rules() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        drop(scored(&path));
        let rules = Incentive::default();
        let others = [
            Identity { genesis: BlockHash([8; 32]), ..identity() },
            Identity { netuid: NetUid(2), ..identity() },
            Identity { mech: MechId(1), ..identity() },
            Identity { validator: Keypair::from_uri("//Eve").unwrap().hotkey(), ..identity() },
        ];
        for other in others {
            let error = Store::open(&path, &other, &rules, &Registry::default()).map(|_| ()).unwrap_err();
            assert!(matches!(&error, StoreError::Foreign { found, .. } if **found == identity()), "{error}");
        }
        let lenient = Incentive { stale_after_rounds: 1, ..rules.clone() };
        let error = Store::open(&path, &identity(), &lenient, &Registry::default()).map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::OtherRules { .. }), "{error}");
        let senseless = Incentive { tasks: Vec::new(), ..rules };
        let fresh = folder.path().join("fresh.sqlite");
        assert!(Store::open(&fresh, &identity(), &senseless, &Registry::default()).is_err());
        // The refusal left nothing that would stand in the way.
        assert_eq!(open(&fresh).rounds(), 0);
    }

    #[test]
    fn tampering_is_seen_where_it_happened() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        let mut store = scored(&path);
        plan(&mut store, 1).unwrap();
        drop(store);
        let tampered = |sql: &str| {
            let copy = folder.path().join("tampered.sqlite");
            std::fs::copy(&path, &copy).unwrap();
            let drop_triggers = "DROP TRIGGER records_keep; DROP TRIGGER records_stay; PRAGMA foreign_keys = OFF;";
            Connection::open(&copy).unwrap().execute_batch(&format!("{drop_triggers} {sql}")).unwrap();
            let error =
                Store::open(&copy, &identity(), &Incentive::default(), &Registry::default()).map(|_| ()).unwrap_err();
            let StoreError::Damaged { damage, .. } = error else { panic!("{error:?}") };
            *damage
        };
        // A byte of an answer.
        let score = "UPDATE records SET bytes = unhex(substr(hex(bytes), 1, 200) || '7F' || substr(hex(bytes), 203)) WHERE seq = 3";
        assert!(matches!(tampered(score), Damage::Broken { seq: 3, .. }));
        assert!(matches!(tampered("DELETE FROM records WHERE seq = 4"), Damage::Gap { seq: 4 }));
        assert!(matches!(tampered("DELETE FROM records WHERE seq = 0"), Damage::Gap { seq: 0 }));
        assert!(matches!(tampered("DELETE FROM records"), Damage::Gap { seq: 0 }));
        // Cut behind a record that the journal knows.
        assert!(matches!(tampered("DELETE FROM records WHERE seq >= 9"), Damage::Gap { seq: 10 }));
        assert!(matches!(
            tampered("UPDATE records SET hash = zeroblob(32) WHERE seq = 2"),
            Damage::Broken { seq: 2, .. }
        ));
        assert!(matches!(tampered("UPDATE identity SET value = '{}'"), Damage::Identity(_)));
        assert!(matches!(tampered("UPDATE submissions SET weights = 'x'"), Damage::Journal { id: 1, .. }));
    }

    #[test]
    fn the_journal_takes_its_steps_in_order_and_one_row_per_epoch() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        let mut store = scored(&path);
        let planned = plan(&mut store, 1).unwrap();
        assert_eq!((planned.state.clone(), planned.uid, planned.version_key), (State::Planned, Uid(5), u64::MAX));
        assert_eq!(planned.weights.uids(), [0]);
        assert!(matches!(plan(&mut store, 1), Err(StoreError::Planned { epoch_index: 1 })));

        let (id, landed) = (planned.id, block(44));
        assert!(matches!(store.landed(id, landed), Err(StoreError::Step { .. })));
        assert!(matches!(store.verified(id, landed), Err(StoreError::Step { .. })));
        let call = call(&planned);
        let again = SignedWeights { nonce: 5, ..call.clone() };
        assert_eq!(store.signed(id, &call).unwrap().attempts, 1);
        let signed = store.signed(id, &again).unwrap();
        assert_eq!((signed.attempts, &signed.state), (2, &State::Signed(Box::new(again.clone()))));
        let records = store.replay.log().len();
        assert!(matches!(store.verified(id, landed), Err(StoreError::Step { .. })));
        assert_eq!(store.replay.log().len(), records);

        let landed_now = store.landed(id, landed).unwrap();
        assert_eq!(landed_now.state, State::Landed { call: Box::new(again), block: landed });
        assert!(matches!(store.signed(id, &call), Err(StoreError::Step { .. })));
        assert_eq!(store.unfinished().unwrap().len(), 1);
        assert_eq!(store.verified(id, landed).unwrap().state, State::Verified { block: landed });
        assert_eq!(store.replay.log().len(), records + 1);
        assert!(matches!(store.abandon(id, &Abandoned::Diverged), Err(StoreError::Step { .. })));

        let next = plan(&mut store, 2).unwrap();
        let refused = Abandoned::Refused("NotEnoughStakeToSetWeights".into());
        assert_eq!(store.abandon(next.id, &refused).unwrap().state, State::Abandoned(refused));
        assert!(store.unfinished().unwrap().is_empty());
        assert!(matches!(plan(&mut store, 2), Err(StoreError::Planned { epoch_index: 2 })));
        drop(store);
        assert_eq!(open(&path).submissions().unwrap().len(), 2);
    }

    #[test]
    fn stores_of_earlier_versions_are_left_alone() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        drop(scored(&path));
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
        let before = std::fs::read(&path).unwrap();
        let writer = Store::open(&path, &identity(), &Incentive::default(), &Registry::default());
        for error in [writer.map(|_| ()).unwrap_err(), Store::open_read_only(&path).map(|_| ()).unwrap_err()] {
            let advice = "only the version of this program that wrote it reads its score log; start a new store";
            assert_eq!(
                error.to_string(),
                format!("{}: the store has schema 2, of an earlier version: {advice}", path.display())
            );
        }
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_reader_sees_what_is_written_and_what_it_exports_replays() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("store.sqlite");
        let mut store = open(&path);
        let reader = || Store::open_read_only(&path).unwrap();
        assert_eq!(reader().records(0).unwrap().len(), 1);
        for number in 1..=3 {
            store.append(&round(store.table(), block(number * 10), &[(miner(1), 20), (miner(2), 3)])).unwrap();
            assert_eq!(reader().records(0).unwrap().len() as u64, 1 + 3 * number);
        }
        let submission = plan(&mut store, 1).unwrap();
        store.signed(submission.id, &call(&submission)).unwrap();
        store.landed(submission.id, block(45)).unwrap();
        store.verified(submission.id, block(45)).unwrap();
        assert_eq!(reader().records(10).unwrap().iter().map(Record::kind).collect::<Vec<_>>(), ["weights", "landed"]);
        assert_eq!(reader().records(12).unwrap(), []);
        assert_eq!(reader().records(1_000).unwrap(), []);
        assert_eq!(reader().submissions().unwrap().len(), 1);
        assert_eq!(reader().identity().unwrap(), Some(identity()));

        let mut exported = Vec::new();
        reader().export_jsonl(&mut exported).unwrap();
        let replayed = replay_log(exported.as_slice()).unwrap();
        assert_eq!((replayed.counts.rounds, replayed.counts.scored, replayed.counts.landed), (3, 6, 1));
        assert_eq!(reader().replay(&Registry::default()).unwrap().counts, replayed.counts);
        assert_eq!(replayed.table.standings().len(), store.table().standings().len());
    }

    #[test]
    fn nothing_is_planned_from_nothing() {
        let folder = TempDir::new().unwrap();
        let mut store = open(&folder.path().join("store.sqlite"));
        let skipped = store.plan(1, 0, Uid(0), snapshot(), 0).unwrap().unwrap_err();
        assert_eq!(skipped, Skipped::TooFewRounds { scored: 0, needed: 1 });
        store.append(&round(store.table(), block(10), &[(miner(2), 0)])).unwrap();
        let skipped = store.plan(1, 0, Uid(0), snapshot(), 0).unwrap().unwrap_err();
        assert_eq!(skipped, Skipped::NoWeights(scoring::NoWeights::NobodyEarned));
        let stranger = Registration { hotkey: Hotkey([9; 32]), block: 1 };
        store.append(&round(store.table(), block(20), &[(stranger, 20)])).unwrap();
        let only = Snapshot { seats: vec![Seat { uid: Uid(0), registration: miner(3) }], ..snapshot() };
        let skipped = store.plan(1, 0, Uid(0), only, 0).unwrap().unwrap_err();
        assert_eq!(skipped, Skipped::NoWeights(scoring::NoWeights::NobodyScored));
        assert!(store.submissions().unwrap().is_empty());
    }
}
