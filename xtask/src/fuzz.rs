//! `cargo xtask fuzz`: libFuzzer on the targets of `fuzz/`, one after the other.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::run::{repository, run, step};
use crate::tool::Tool;

const USAGE: &str =
    "cargo xtask fuzz [TARGET…] [--seconds N] [--keep]    --keep adds to the corpus in git what reached new code";

const CARGO_FUZZ: Tool = Tool { name: "cargo-fuzz", version: "0.13.2" };

/// Longest input: a score log's line or a settings file is shorter.
const MAX_LEN: &str = "-max_len=32768";
/// More at once is a finding: a decoder takes memory by what there is, not by what is claimed.
const MALLOC_LIMIT: &str = "-malloc_limit_mb=256";
/// A unit that takes longer is a finding.
const TIMEOUT: &str = "-timeout=20";
/// These need the embedded chain and the services, which take long to build: only where they are named.
const OF_PROGRAMS: [&str; 3] = ["extrinsic", "frame", "settings"];
/// What git carries of one target.
const MAX_FILES: usize = 300;
const MAX_BYTES: u64 = 1 << 20;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    /// All, where none is named.
    targets: Vec<String>,
    /// For each of them.
    seconds: u32,
    /// Whether the corpus in git grows.
    keep: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self { targets: Vec::new(), seconds: 600, keep: false };
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            match word.as_str() {
                "--keep" => options.keep = true,
                "--seconds" => {
                    let number = rest.next().and_then(|number| number.parse().ok());
                    options.seconds =
                        number.filter(|seconds| *seconds > 0).with_context(|| format!("usage: {USAGE}"))?;
                }
                flag if flag.starts_with('-') => bail!("usage: {USAGE}"),
                target => options.targets.push(target.to_owned()),
            }
        }
        Ok(options)
    }
}

/// `cargo xtask fuzz`: fuzz the decoders, one after the other.
pub fn command(arguments: &[String]) -> Result<()> {
    let options = Options::parse(arguments)?;
    let root = repository()?;
    let known = targets(&root)?;
    if let Some(unknown) = options.targets.iter().find(|target| !known.contains(target)) {
        bail!("no target {unknown}: there are {}", known.join(", "));
    }
    let wanted = match options.targets.is_empty() {
        true => known.into_iter().filter(|target| !OF_PROGRAMS.contains(&&**target)).collect(),
        false => options.targets,
    };
    let tool = CARGO_FUZZ.find_or_install(&root, &Cache::of_user()?)?;
    let mut failed = Vec::new();
    for target in &wanted {
        let (kept, found) = (root.join("fuzz/corpus").join(target), root.join("fuzz/target/corpus").join(target));
        for folder in [&kept, &found] {
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let time = format!("-max_total_time={}", options.seconds);
        let limits = ["--", &*time, MAX_LEN, MALLOC_LIMIT, TIMEOUT, "-print_final_stats=1"];
        // What is new goes to the first folder.
        if let Err(error) = run(cargo_fuzz(&tool, &root, target).args([&found, &kept]).args(limits)) {
            eprintln!("error: {error:#}");
            failed.push(target.as_str());
            continue;
        }
        if options.keep {
            // How often code runs is left aside, or each target would keep a thousand files.
            let limits = ["--", "-merge=1", "-use_counters=0", MAX_LEN, MALLOC_LIMIT, TIMEOUT];
            run(cargo_fuzz(&tool, &root, target).args([&kept, &found]).args(limits))?;
            let (files, bytes) = prune(&kept, MAX_FILES, MAX_BYTES)?;
            step(&format!("{}: {files} files, {bytes} bytes", kept.display()));
        }
    }
    if !failed.is_empty() {
        bail!("findings: {}; what was run is in fuzz/artifacts", failed.join(", "));
    }
    Ok(())
}

/// The toolchain is the project's own. Its sanitizers and coverage have to be asked for as a nightly one's are.
fn cargo_fuzz(tool: &Path, root: &Path, target: &str) -> Command {
    let mut command = Command::new(tool);
    command.current_dir(root.join("fuzz")).env("RUSTC_BOOTSTRAP", "1").args(["run", target]);
    if OF_PROGRAMS.contains(&target) {
        command.args(["--features", "programs"]);
    }
    command
}

/// The names of the programs in `fuzz/fuzz_targets`, sorted.
fn targets(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

/// Removes files of a corpus until it is within both limits; seeds stay, and count. What is left is of all sizes, as small files
/// reach what is shallow and large ones what is deep, and of those that are too many bytes the largest go. Returns what is left.
fn prune(folder: &Path, max_files: usize, max_bytes: u64) -> Result<(usize, u64)> {
    let (mut seeds, mut found) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let is_seed = entry.file_name().to_string_lossy().starts_with("seed-");
        if is_seed { &mut seeds } else { &mut found }.push((entry.metadata()?.len(), entry.path()));
    }
    found.sort();
    let (mut count, mut bytes) = (seeds.len(), seeds.iter().map(|(length, _)| length).sum());
    let (all, room) = (found.len(), max_files.saturating_sub(count).min(found.len()));
    for (at, (length, path)) in found.iter().enumerate() {
        let is_chosen = at * room / all != (at + 1) * room / all;
        if is_chosen && bytes + length <= max_bytes {
            (count, bytes) = (count + 1, bytes + length);
        } else {
            fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok((count, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn targets_time_and_what_is_kept() {
        assert_eq!(parse("").unwrap(), Options { targets: Vec::new(), seconds: 600, keep: false });
        let named = Options { targets: vec!["event".into(), "wallet".into()], seconds: 5, keep: true };
        assert_eq!(parse("event --seconds 5 wallet --keep").unwrap(), named);
        for wrong in ["--seconds", "--seconds 0", "--seconds x", "--kept"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_corpus_is_cut_to_files_of_all_sizes_and_keeps_its_seeds() {
        let folder = tempfile::tempdir().unwrap();
        for (name, length) in [("seed-a", 90), ("b", 1), ("c", 5), ("d", 4), ("e", 60)] {
            fs::write(folder.path().join(name), vec![0; length]).unwrap();
        }
        assert_eq!(prune(folder.path(), 10, 101).unwrap(), (4, 100));
        assert!(!folder.path().join("e").exists(), "the largest are too many bytes");
        (0..40).for_each(|size| fs::write(folder.path().join(format!("f{size}")), vec![0; size]).unwrap());
        assert_eq!(prune(folder.path(), 5, 1_000).unwrap().0, 5);
        let sizes: Vec<u64> =
            fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).collect();
        assert!(
            sizes.contains(&90)
                && sizes.iter().any(|size| *size < 10)
                && sizes.iter().any(|size| (30..40).contains(size))
        );
        assert_eq!(prune(folder.path(), 1, 101).unwrap(), (1, 90));
    }
}
