//! `assay init`: a commented file of settings, by asking.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, BufRead},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use scoring::Registry;
use serde_json::json;
use simulation::Scenario;

use crate::{
    args::Global,
    failure::Usage,
    init::{Draft, Interview, Kind, drafts, next},
    layers::load_text,
    output::print,
    whole_file::WholeFile,
};

/// Write a commented file of settings by asking
///
/// Each answer is looked at, and asked for again where it can't be. What is left empty stays the default and stands in the file as a
/// comment. Answers are lines on stdin; --set and --defaults answer without asking. Nothing that is there is replaced without
/// --force, and a file is written whole or not at all.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to set up
    #[arg(value_name = "WHAT", value_enum)]
    kind: Kind,
    /// The folder that the files are written to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// The answer to one question, as chain.url=wss://…; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Ask nothing: what --set doesn't say is the default
    #[arg(long)]
    defaults: bool,
    /// Replace files that are there
    #[arg(long)]
    force: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, global: &Global) -> anyhow::Result<ExitCode> {
    let mut given = BTreeMap::new();
    for answer in &args.set {
        let (key, value) = answer.split_once('=').ok_or_else(|| Usage(format!("--set {answer}: no KEY=VALUE")))?;
        if given.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Usage(format!("--set {key} is given twice")).into());
        }
    }
    // Before anybody has answered a dozen questions.
    for name in args.kind.files() {
        let path = args.out.join(name);
        ensure!(
            args.force || !path.exists(),
            "{} is there already; --force replaces it, --out names another folder",
            path.display()
        );
    }
    fs::create_dir_all(&args.out).with_context(|| format!("making {}", args.out.display()))?;
    let (mut stdin, mut stderr) = (io::stdin().lock(), io::stderr().lock());
    let lines = (!args.defaults).then_some(&mut stdin as &mut dyn BufRead);
    let drafts = drafts(args.kind, &mut Interview::new(given, lines, &mut stderr))?;
    let mut files = Vec::new();
    for Draft { name, text } in &drafts {
        let path = args.out.join(name);
        check(&path, text, &global.registry).with_context(|| format!("{name} would not be good"))?;
        files.push((WholeFile::create(&path)?, text, path));
    }
    let names: Vec<String> = files.iter().map(|(_, _, path)| short(path)).collect();
    for (file, text, _) in files {
        file.write(text.as_bytes())?;
    }
    let next = next(args.kind, &names);
    let text = format!("wrote {}\nnext: {}", names.join(" and "), next.join("\n      "));
    print(&text, &json!({ "files": names, "next": next }), args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// What would refuse it later refuses it now.
fn check(path: &Path, text: &str, registry: &Registry) -> anyhow::Result<()> {
    match path.file_name() == Some("scenario.toml".as_ref()) {
        true => Ok(Scenario::from_toml(text)?.check(registry)?),
        false => load_text(path, text, registry).map(drop).map_err(Into::into),
    }
}

/// As one would type it.
fn short(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}
