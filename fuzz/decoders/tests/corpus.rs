//! The corpus that fuzzing left behind, replayed: every file, and every file changed a little.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    thread,
};

use assay_fuzz_decoders::{TARGETS, seeds};

/// Changed copies of a target's files, all together.
const CHANGED: usize = 2_000;
/// What git has to carry.
const MAX_FILES: usize = 320;
const MAX_BYTES: usize = 1 << 20;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target)
}

/// The files of a target by name, sorted.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder(target)).unwrap_or_else(|error| panic!("{target} has no corpus: {error}"));
    let mut files: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// Numbers that are the same on every machine (SplitMix64).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// One to four small changes, of the kinds that break decoders: bits, bytes that mean much, lengths, pieces of another
    /// file.
    fn change(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(7) {
                0 | 1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                2 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'0', b'-', b'"'][self.below(8)],
                3 => bytes.truncate(at),
                4 => {
                    bytes.insert(at, self.next() as u8);
                }
                5 => {
                    let end = (at + 1 + self.below(16)).min(bytes.len());
                    bytes.drain(at.min(end)..end);
                }
                _ => {
                    let from = self.below(other.len() + 1);
                    let piece = &other[from..(from + self.below(64)).min(other.len())];
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
        }
        bytes
    }
}

fn check(name: &str, target: fn(&[u8]) -> bool, what: &str, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| target(bytes)))
        .unwrap_or_else(|_| panic!("{name} breaks on {what}: {}", bytes.escape_ascii()))
}

#[test]
fn every_file_is_replayed() {
    for (name, target) in TARGETS {
        let files = corpus(name);
        let taken = files.iter().filter(|(file, bytes)| check(name, *target, file, bytes)).count();
        assert!(taken > 0, "nothing in the corpus of {name} is what it decodes");
        let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        assert!(files.len() <= MAX_FILES && bytes <= MAX_BYTES, "{name}: {} files, {bytes} bytes", files.len());
    }
}

#[test]
fn files_that_are_changed_a_little_break_nothing() {
    thread::scope(|scope| {
        for (name, target) in TARGETS {
            scope.spawn(|| {
                let files = corpus(name);
                let mut draws = Draws(0);
                for copy in 0..CHANGED {
                    let (file, bytes) = &files[copy % files.len()];
                    let other = &files[draws.below(files.len())].1;
                    let changed = draws.change(bytes, other);
                    check(name, *target, &format!("copy {copy} of {file}"), &changed);
                }
            });
        }
    });
}

/// `UPDATE=1` writes them, for a target that is new.
#[test]
fn the_fuzzer_begins_with_what_is_decoded() {
    for (name, target) in TARGETS {
        let seeds = seeds::of(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        for (seed, bytes) in seeds {
            assert!(check(name, *target, seed, &bytes), "{name} doesn't take its seed {seed}");
            let path = folder(name).join(format!("seed-{seed}"));
            if std::env::var_os("UPDATE").is_some() {
                fs::create_dir_all(folder(name)).unwrap();
                fs::write(&path, &bytes).unwrap();
            }
            assert!(path.is_file(), "{} is missing: UPDATE=1 writes it", path.display());
        }
    }
}

#[test]
fn every_target_has_its_program() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest: toml::Table = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap().parse().unwrap();
    let programs = manifest["bin"].as_array().unwrap().iter().map(|program| program["name"].as_str().unwrap());
    assert_eq!(programs.collect::<Vec<_>>(), TARGETS.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let page = fs::read_to_string(fuzz.join("../docs/fuzzing.md")).unwrap();
    for (name, _) in TARGETS {
        let program = fs::read_to_string(fuzz.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("run(\"{name}\", bytes)")), "{name} runs something else");
        assert!(page.contains(&format!("| `{name}` |")), "docs/fuzzing.md doesn't tell of {name}");
    }
}
