//! The pages for people are held against the program: every command line is one that it takes, every task of `cargo xtask` is
//! there, every link leads somewhere, every file that they name exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use clap::{Parser as _, error::ErrorKind};

use crate::{
    args::Cli,
    shipped::{command_lines, read, root, words},
};

/// All pages but the changelog, which speaks of the past, by their path.
fn pages() -> BTreeMap<String, String> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let docs = docs.map(|name| format!("docs/{}", name.into_string().unwrap())).filter(|name| name.ends_with(".md"));
    let all = docs.chain(["README.md", "ARCHITECTURE.md", "SECURITY.md"].map(str::to_owned));
    all.map(|name| (name.clone(), read(&name))).collect()
}

/// A page's lines, each with the kind of the block of code that it is in.
fn lines(page: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    let mut inside = None;
    page.lines().filter_map(move |line| match (line.trim_start().strip_prefix("```"), inside) {
        (Some(kind), None) => {
            inside = Some(kind);
            None
        }
        (Some(_), Some(_)) => {
            inside = None;
            None
        }
        (None, inside) => Some((inside, line)),
    })
}

/// The shell's blocks of a page.
fn shell(page: &str) -> String {
    let inside = lines(page).filter(|(kind, _)| kind.is_some_and(|kind| kind.split(' ').next() == Some("sh")));
    inside.map(|(_, line)| format!("{line}\n")).collect()
}

/// What stands between backticks in a page's sentences, line breaks taken for spaces.
fn spans(page: &str) -> Vec<String> {
    let text: String = lines(page).filter(|(kind, _)| kind.is_none()).map(|(_, line)| format!("{line}\n")).collect();
    text.split('`').skip(1).step_by(2).map(|span| span.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The anchor of a heading, as the pages' readers make it.
pub(crate) fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect()
}

fn anchors(page: &str) -> BTreeSet<String> {
    let headings = lines(page).filter(|(kind, line)| kind.is_none() && line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#'))).collect()
}

/// Where the links of a page go.
fn links(page: &str) -> Vec<&str> {
    let text = lines(page).filter(|(kind, _)| kind.is_none()).map(|(_, line)| line);
    let targets = text.flat_map(|line| line.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)));
    targets.filter(|target| !target.contains("://")).collect()
}

/// What the program doesn't take of a command line. Where it isn't `whole`, something may be left out or stand for another thing;
/// what isn't there may not be named all the same.
fn fault(words: &[String], whole: bool) -> Option<String> {
    let error = Cli::try_parse_from(words).err()?;
    let unknown = matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand);
    (whole || unknown).then(|| format!("{words:?}\n{error}"))
}

#[test]
fn their_command_lines_are_the_programs() {
    let mut pages = pages();
    pages.remove("docs/cli.md");
    let (mut found, mut faults) = (0, Vec::new());
    for (name, page) in &pages {
        for line in command_lines(&shell(page)) {
            found += 1;
            let whole = !line.iter().any(|word| word.contains('…'));
            faults.extend(fault(&line, whole).map(|fault| format!("{name}: {fault}")));
        }
        // Operators paste what their pages say in a sentence, too.
        let whole = ["docs/operating.md", "docs/mainnet.md"].contains(&&**name);
        for span in spans(page).iter().filter(|span| span.starts_with("assay ") && !span.contains('…')) {
            let words: Vec<String> = words(span).iter().map(|word| word.trim_matches(['[', ']']).to_owned()).collect();
            faults.extend(fault(&words, whole).map(|fault| format!("{name}: `{span}`: {fault}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(found >= 100, "{found} command lines");
}

#[test]
fn their_tasks_are_xtasks() {
    let tasks = read("xtask/src/main.rs");
    for (name, page) in pages() {
        for part in page.split("cargo xtask ").skip(1) {
            let task = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap();
            assert!(task.is_empty() || tasks.contains(&format!("\"{task}\"")), "{name}: no task {task}");
        }
    }
}

#[test]
fn their_links_lead_somewhere() {
    let pages = pages();
    for (name, page) in &pages {
        let folder = Path::new(name).parent().unwrap();
        for link in links(page) {
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
            let place = if file.is_empty() { name.clone() } else { whole(&folder.join(file)) };
            assert!(root().join(&place).exists(), "{name}: {link} leads nowhere");
            if let (Some(heading), Some(page)) = (heading, pages.get(&place)) {
                assert!(anchors(page).contains(heading), "{name}: {link} is no heading of {place}");
            }
        }
    }
}

/// A path without `..`.
fn whole(path: &Path) -> String {
    let mut parts = Vec::new();
    for part in path.iter().map(|part| part.to_str().unwrap()) {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn their_files_are_there() {
    const FOLDERS: [&str; 3] = ["packaging/", "configs/", "notebooks/"];
    let mut missing = Vec::new();
    for (name, page) in pages() {
        for word in page.split(|c: char| c.is_whitespace() || "`()[],;\"'".contains(c)) {
            let word = word.trim_end_matches(['.', ':']).split('#').next().unwrap();
            // What `cargo xtask notebooks` writes is not in git.
            let ours = FOLDERS.iter().any(|folder| word.starts_with(folder)) && !word.starts_with("notebooks/out");
            if ours && !word.contains(['*', '…']) && !root().join(word).exists() {
                missing.push(format!("{name}: there is no {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
