//! ARCHITECTURE.md is checked: its crate graph is the manifests', its path of one challenge names code that exists, its invariants
//! name tests that exist, and the words that the project avoids stay out of module names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn between<'a>(text: &'a str, marker: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("<!-- {marker} -->")).unwrap_or_else(|| panic!("no {marker} marker"));
    rest.split_once(&format!("<!-- /{marker} -->")).unwrap_or_else(|| panic!("{marker} isn't closed")).0
}

fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

struct Crate {
    ours: BTreeSet<String>,
    theirs: BTreeSet<String>,
}

/// What each manifest depends on, outside its tests.
fn manifests() -> BTreeMap<String, Crate> {
    let workspace: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap().iter().map(|m| m.as_str().unwrap().to_owned());
    let ours: BTreeSet<String> = workspace["workspace"]["dependencies"]
        .as_table()
        .unwrap()
        .iter()
        .filter(|(_, value)| value.get("path").is_some())
        .map(|(name, _)| name.clone())
        .collect();
    members
        .map(|member| {
            let manifest = fs::read_to_string(root().join(&member).join("Cargo.toml")).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            let named = manifest.get("dependencies").and_then(|d| d.as_table()).cloned().unwrap_or_default();
            let (ours, theirs) = named.into_iter().map(|(name, _)| name).partition(|name| ours.contains(name));
            (member, Crate { ours, theirs })
        })
        .collect()
}

/// One crate calls foreign code; no other may even be allowed to.
#[test]
fn unsafe_code_is_forbidden_but_where_foreign_code_is_called() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap().parse::<toml::Table>().unwrap();
    assert_eq!(read("Cargo.toml")["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    let own_lints = |member: &String| {
        let manifest = read(&format!("{member}/Cargo.toml"));
        manifest["lints"].get("workspace").and_then(|inherited| inherited.as_bool()) != Some(true)
    };
    let others: Vec<String> = manifests().into_keys().filter(own_lints).collect();
    assert_eq!(others, ["model"]);
    assert_eq!(read("model/Cargo.toml")["lints"]["rust"]["unsafe_code"].as_str(), Some("deny"));
}

/// The embedded chain's pallets are another matter: their items are Subtensor's, by Subtensor's names.
#[test]
fn what_is_public_is_documented() {
    for member in manifests().keys().filter(|member| !member.starts_with("localnet/")) {
        let front = root().join(member).join("src/lib.rs");
        let source = fs::read_to_string(&front).unwrap_or_else(|error| panic!("{}: {error}", front.display()));
        assert!(source.contains("#![warn(missing_docs)]"), "{member} doesn't ask for documentation");
    }
}

#[test]
fn the_crate_graph_is_the_documented_one() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let crates = manifests();
    let mut documented = BTreeSet::new();
    let mut alone: Vec<(String, String)> = Vec::new();
    for row in between(&text, "crate-graph").lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let name = code_spans(cells[0])[0].trim_end_matches('/').to_owned();
        let depends: BTreeSet<String> = code_spans(cells[2]).into_iter().map(str::to_owned).collect();
        let actual = &crates.get(&name).unwrap_or_else(|| panic!("{name} is documented and not a member")).ours;
        assert_eq!(*actual, depends, "{name}: the manifest (left) and ARCHITECTURE.md (right) differ");
        alone.extend(code_spans(cells[3]).into_iter().map(|span| (span.to_owned(), name.clone())));
        documented.insert(name);
    }
    assert_eq!(documented, crates.keys().cloned().collect(), "documented crates and members differ");

    for (pattern, owner) in &alone {
        for (name, manifest) in &crates {
            // The embedded chain is one noun in three packages.
            let family = |name: &str| name.split('/').next().unwrap().to_owned();
            // What two crates say that they alone may name, both may.
            let owns = alone.iter().any(|(named, by)| named == pattern && by == name);
            if family(name) == family(owner) || owns {
                continue;
            }
            let named = manifest.theirs.iter().find(|dependency| match pattern.strip_suffix('*') {
                Some(prefix) => dependency.starts_with(prefix),
                None => *dependency == pattern,
            });
            assert_eq!(named, None, "{name} names what only {owner} may");
        }
    }
}

#[test]
fn the_path_of_one_challenge_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut steps = 0;
    for line in between(&text, "challenge-path").lines().filter(|line| line.contains(".rs`")) {
        let spans = code_spans(line);
        let (file, symbols) = spans.split_first().unwrap();
        let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(!symbols.is_empty(), "{file}: no symbol is named");
        for symbol in symbols {
            let defined = ["fn", "struct", "enum", "trait"].iter().any(|keyword| {
                source.match_indices(&format!("{keyword} {symbol}")).any(|(at, found)| {
                    !source[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
                })
            });
            assert!(defined, "{file} doesn't define {symbol}");
        }
        steps += 1;
    }
    assert!(steps >= 8, "the path has {steps} steps");
}

#[test]
fn invariants_are_held_by_tests() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut named = 0;
    for row in between(&text, "invariants").lines().filter(|line| line.contains(".rs`")) {
        let held_by = row.trim_matches('|').rsplit('|').next().unwrap();
        let mut file = None;
        for span in code_spans(held_by) {
            if span.ends_with(".rs") {
                file = Some(span);
                continue;
            }
            let file = file.unwrap_or_else(|| panic!("in which file is {span}?"));
            let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let at = source.find(&format!("fn {span}(")).unwrap_or_else(|| panic!("{file} has no {span}"));
            // Its attributes stand between it and what was before.
            let above = source[..at].rsplit_once("\n\n").map_or(&source[..at], |(_, above)| above);
            let is_test = above.contains("#[test]") || above.contains("#[tokio::test");
            assert!(is_test, "{file}: {span} is no test");
            named += 1;
        }
        assert!(file.is_some(), "nothing holds: {row}");
    }
    assert!(named >= 25, "{named} tests");
}

/// What decides money has time, chance and the chain's state as arguments.
#[test]
fn the_core_is_pure() {
    const IMPURE: [&str; 10] = [
        "SystemTime",
        "Instant::",
        "std::net",
        "std::fs",
        "std::env",
        "async fn",
        "async move",
        "thread_rng",
        "rand::rng",
        "OsRng",
    ];
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.is_dir() {
                true => sources(&path, found),
                false => found.push(path),
            }
        }
    }
    let crates = manifests();
    for name in ["scoring", "simulation"] {
        let named = crates[name].theirs.iter().find(|dependency| {
            ["tokio", "futures", "async-trait", "rand", "getrandom", "tonic"].contains(&dependency.as_str())
        });
        assert_eq!(named, None, "{name}");
        let mut files = Vec::new();
        sources(&root().join(name).join("src"), &mut files);
        assert!(!files.is_empty());
        for file in files {
            let source = fs::read_to_string(&file).unwrap();
            let found = IMPURE.iter().find(|word| source.contains(**word));
            assert_eq!(found, None, "{}", file.display());
        }
    }
}

#[test]
fn modules_are_named_by_a_noun() {
    const AVOIDED: [&str; 11] = [
        "manager",
        "helper",
        "helpers",
        "processor",
        "util",
        "utils",
        "common",
        "shared",
        "simple",
        "enhanced",
        "legacy",
    ];
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            if AVOIDED.contains(&stem.as_str()) {
                found.push(path.clone());
            }
            if path.is_dir() {
                walk(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    for member in manifests().keys() {
        walk(&root().join(member).join("src"), &mut found);
    }
    assert_eq!(found, Vec::<PathBuf>::new());
}
