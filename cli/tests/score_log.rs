//! A score log as a user handles it: verified, replayed, exported, shown, pruned; and every change to it found.

mod program;

use std::{
    fs,
    path::{Path, PathBuf},
};

use primitives::{BlockHash, BlockRef, Digest, Hotkey, Keypair, MechId, NetUid, Registration, Uid};
use scoring::{Check, Evidence, Incentive, Outcome, Record, Registry, Round, Scored, Seat, Snapshot};
use serde_json::Value;
use tempfile::TempDir;
use validator::{Identity, Store};

const EPOCHS: u64 = 4;

fn miner(number: u8) -> Registration {
    Registration { hotkey: Hotkey([number; 32]), block: u64::from(number) }
}

fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: BlockHash(Digest::of(&number.to_le_bytes()).0) }
}

fn round(store: &Store, at: u64) -> Vec<Record> {
    let round = Round { round: store.table().round().map_or(0, |last| last.round + 1), block: block(at) };
    let mut table = store.table().clone();
    table.apply(&Record::Round(round)).unwrap();
    let mut records = vec![Record::Round(round)];
    for (number, matched) in [(1, 20), (2, 19), (3, 2)] {
        let check = Check::Tokens { answered: 20, matched, margin_micro: 0, complete: true };
        let outcome = check.outcome(table.incentive());
        let evidence =
            Evidence { outcome, latency_us: 200_000, first_token_us: Some(500), check: Some(check), sketch: None };
        let miner = miner(number);
        let challenge = table.challenge("generate", &miner.hotkey).unwrap();
        records.push(Record::Scored(Box::new(Scored {
            round: round.round,
            miner,
            task: challenge.task,
            challenge: challenge.digest,
            request_digest: Some(Digest([1; 32])),
            response_digest: (outcome == Outcome::Ok).then_some(Digest([2; 32])),
            score: table.score(&evidence),
            evidence,
        })));
    }
    records
}

/// A folder with the store of a validator that worked for some epochs.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let key = Keypair::from_uri("//Validator").unwrap();
        let (genesis, validator) = (BlockHash([7; 32]), key.hotkey());
        let identity = Identity { genesis, netuid: NetUid(1), mech: MechId(0), validator };
        let path = folder.path().join("store.sqlite");
        let mut store = Store::open(&path, &identity, &Incentive::default(), &Registry::default()).unwrap();
        for epoch in 1..=EPOCHS {
            for at in 1..=2 {
                store.append(&round(&store, epoch * 100 + at * 10)).unwrap();
            }
            let seats = (0..4).map(|uid| Seat {
                uid: Uid(uid),
                registration: match uid {
                    0 => Registration { hotkey: validator, block: 0 },
                    _ => miner(uid as u8),
                },
            });
            let snapshot = Snapshot { block: block(epoch * 100 + 40), seats: seats.collect(), min_allowed_weights: 1 };
            store.plan(epoch, epoch * 100, Uid(0), snapshot, 0).unwrap().unwrap();
            store.seal(epoch, block(epoch * 100 + 99), &key).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn prints(&self, arguments: &[&str]) -> String {
        program::prints(self.folder.path(), arguments)
    }

    fn document(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.prints(&[arguments, &["--json"]].concat())).unwrap()
    }

    fn fails(&self, arguments: &[&str], words: &[&str]) {
        // What was sound before the fault may have been printed.
        let output = program::run(self.folder.path(), arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        for word in words {
            assert!(error.contains(word), "{arguments:?} should say {word:?}, but says {error}");
        }
    }
}

#[test]
fn a_log_keeps_its_hashes_wherever_it_goes() {
    let scene = Scene::new();
    let store = scene.document(&["log", "verify", "store.sqlite"]);
    assert_eq!((&store["seals"], &store["records"]), (&EPOCHS.into(), &(1 + EPOCHS * 10).into()));
    assert_eq!(store["signed_to"], EPOCHS * 10 - 1);

    fs::write(scene.path("log.jsonl"), scene.prints(&["log", "export", "store.sqlite", "-"])).unwrap();
    let added = |log: &str| scene.document(&["log", "export", log, "archive"])["added"].as_u64();
    assert_eq!(added("log.jsonl"), Some(1 + EPOCHS * 10));
    assert_eq!(added("store.sqlite"), Some(0));
    for log in ["log.jsonl", "archive"] {
        assert_eq!(scene.document(&["log", "verify", log]), store, "{log}");
    }
    let replayed = |log: &str| scene.document(&["replay", log]);
    assert_eq!(replayed("archive"), replayed("store.sqlite"));
    assert_eq!(replayed("log.jsonl")["rows"], EPOCHS);
    let rows = scene.document(&["replay", "archive", "--rows", "1"]);
    assert_eq!(rows["weights"].as_array().map(Vec::len), Some(1));

    let shown = scene.prints(&["log", "show", "archive", "--kind", "seal"]);
    assert_eq!(shown.lines().count() as u64, 1 + EPOCHS);
    let third = miner(3).hotkey.to_string();
    let shown = scene.prints(&["log", "show", "store.sqlite", "--miner", &third, "--count", "3", "--json"]);
    assert!(shown.lines().count() == 3 && shown.lines().all(|line| line.contains(&third)), "{shown}");
    let first = scene.prints(&["log", "show", "log.jsonl", "--from", "0", "--count", "1"]);
    assert!(first.contains("header") && first.lines().count() == 2, "{first}");
}

#[test]
fn a_changed_byte_is_named() {
    let scene = Scene::new();
    let text = scene.prints(&["log", "export", "store.sqlite", "-"]).into_bytes();
    scene.prints(&["log", "export", "store.sqlite", "archive"]);
    for at in (0..text.len()).step_by(text.len() / 12) {
        let mut changed = text.clone();
        changed[at] ^= 1;
        let line = 1 + text[..at].iter().filter(|byte| **byte == b'\n').count();
        fs::write(scene.path("changed.jsonl"), &changed).unwrap();
        for command in [&["log", "verify"][..], &["replay"]] {
            scene.fails(&[command, &["changed.jsonl"]].concat(), &[&format!("line {line} of the score log")]);
        }
    }
    let part = fs::read_dir(scene.path("archive")).unwrap().map(|entry| entry.unwrap().path());
    let part = part.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "parquet")).unwrap();
    let bytes = fs::read(&part).unwrap();
    let name = part.file_name().and_then(|name| name.to_str()).unwrap().to_owned();
    for at in (0..bytes.len()).step_by(bytes.len() / 8) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        fs::write(&part, &changed).unwrap();
        scene.fails(&["log", "verify", "archive"], &[&name]);
    }
    fs::write(&part, &bytes).unwrap();
    scene.prints(&["log", "verify", "archive"]);

    let path = scene.path("store.sqlite");
    let whole = spoil(&path);
    scene.fails(&["log", "verify", "store.sqlite"], &["broken at record 3"]);
    fs::write(&path, whole).unwrap();
    scene.prints(&["log", "verify", "store.sqlite"]);
}

/// Changes a byte of record 3 where it lies in the file, and says what the file was.
fn spoil(path: &Path) -> Vec<u8> {
    let whole = fs::read(path).unwrap();
    let record = Store::open_read_only(path).unwrap().sealed(3).unwrap().next().unwrap().unwrap();
    let mut changed = whole.clone();
    // SQLite leaves copies where it has moved a row from.
    for at in 0..=whole.len() - record.bytes.len() {
        if whole[at..].starts_with(&record.bytes) {
            changed[at + 40] ^= 4;
        }
    }
    assert_ne!(changed, whole);
    fs::write(path, &changed).unwrap();
    whole
}

#[test]
fn a_store_forgets_only_what_an_archive_has() {
    let scene = Scene::new();
    let whole = scene.document(&["replay", "store.sqlite"]);
    let prune = ["log", "prune", "store.sqlite", "--keep-epochs", "2", "--archive", "archive"];
    scene.fails(&prune, &["archive", "export the log first"]);
    scene.prints(&["log", "export", "store.sqlite", "archive"]);
    assert_eq!(scene.document(&prune)["forgotten"], 19);
    assert_eq!(scene.document(&prune)["forgotten"], 0);

    let verified = scene.document(&["log", "verify", "store.sqlite"]);
    assert_eq!((&verified["pruned_to"], &verified["records"]), (&20.into(), &(1 + EPOCHS * 10).into()));
    let kept = scene.document(&["replay", "store.sqlite"]);
    assert_eq!((&kept["rows"], &kept["weights"][0]), (&2.into(), &whole["weights"][2]));
    assert_eq!(scene.document(&["replay", "archive"]), whole);
    // It goes on in the same archive, and not in a new one.
    assert_eq!(scene.document(&["log", "export", "store.sqlite", "archive"])["added"], 0);
    scene.fails(&["log", "export", "store.sqlite", "other"], &["records 0 to 19 are gone"]);
    assert_eq!(scene.document(&["log", "prune", "store.sqlite", "--keep-epochs", "1", "--discard"])["forgotten"], 10);
}

#[test]
fn what_is_no_log_is_said_to_be_none() {
    let scene = Scene::new();
    fs::write(scene.path("notes.txt"), "my notes\n").unwrap();
    fs::write(scene.path("empty.jsonl"), "").unwrap();
    fs::create_dir(scene.path("folder")).unwrap();
    scene.fails(&["replay", "missing"], &["missing", "No such file"]);
    scene.fails(&["replay", "notes.txt"], &["notes.txt", "line 1", "not a line of a score log"]);
    for command in [&["log", "verify"][..], &["replay"]] {
        scene.fails(&[command, &["empty.jsonl"]].concat(), &["the score log is empty"]);
        scene.fails(&[command, &["folder"]].concat(), &["folder"]);
    }
    scene.fails(&["log", "prune", "missing", "--discard"], &["missing: no store here"]);
    scene.fails(&["log", "prune", "notes.txt", "--discard"], &["not a validator's store"]);
    assert_eq!(program::run(scene.folder.path(), &["log", "prune", "store.sqlite"]).status.code(), Some(2));
    scene.fails(&["log", "export", "store.sqlite", "notes.txt"], &["notes.txt"]);
}
