//! For this crate's tests: identities, records that follow from each other, and what a kill leaves of a store.

use std::{
    fs,
    path::{Path, PathBuf},
};

use primitives::{BlockHash, BlockRef, Digest, Hotkey, Keypair, MechId, NetUid, Registration};
use scoring::{Check, Evidence, Incentive, Outcome, Record, Registry, Round, ScoreTable, Scored};
use tempfile::TempDir;

use crate::{identity::Identity, store::Store};

pub(crate) fn validator() -> Keypair {
    Keypair::from_uri("//Validator").unwrap()
}

pub(crate) fn identity() -> Identity {
    let (genesis, validator) = (BlockHash([7; 32]), validator().hotkey());
    Identity { genesis, netuid: NetUid(1), mech: MechId(0), validator }
}

pub(crate) fn open(path: &Path) -> Store {
    Store::open(path, &identity(), &Incentive::default(), &Registry::default()).unwrap()
}

pub(crate) fn miner(number: u8) -> Registration {
    Registration { hotkey: Hotkey([number; 32]), block: u64::from(number) }
}

pub(crate) fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: BlockHash(Digest::of(&number.to_le_bytes()).0) }
}

/// The records of the next round, in which these miners answered so many of 20 tokens well.
pub(crate) fn round(table: &ScoreTable, at: BlockRef, answers: &[(Registration, u32)]) -> Vec<Record> {
    let round = Round { round: table.round().map_or(0, |last| last.round + 1), block: at };
    let mut table = table.clone();
    table.apply(&Record::Round(round)).unwrap();
    let scored = answers.iter().map(|(miner, matched)| {
        let check = Check::Tokens { answered: 20, matched: *matched, margin_micro: 0, complete: true };
        let outcome = check.outcome(table.incentive());
        let evidence =
            Evidence { outcome, latency_us: 1_000, first_token_us: Some(500), check: Some(check), sketch: None };
        let challenge = table.challenge("generate", &miner.hotkey).unwrap();
        Record::Scored(Box::new(Scored {
            round: round.round,
            miner: *miner,
            task: challenge.task,
            challenge: challenge.digest,
            request_digest: Some(Digest([1; 32])),
            response_digest: (outcome == Outcome::Ok).then_some(Digest([2; 32])),
            score: table.score(&evidence),
            evidence,
        }))
    });
    [Record::Round(round)].into_iter().chain(scored).collect()
}

/// What a kill leaves: the database and its write-ahead log as they lie on disk while the writer is alive.
pub(crate) fn killed(path: &Path, folder: &TempDir) -> PathBuf {
    let copy = folder.path().join("copy.sqlite");
    fs::copy(path, &copy).unwrap();
    fs::copy(path.with_extension("sqlite-wal"), folder.path().join("copy.sqlite-wal")).unwrap();
    copy
}
