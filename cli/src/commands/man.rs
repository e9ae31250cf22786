//! `assay man`: the manual, one page for each command.

use std::{fs, io, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use serde_json::json;

use crate::{args::Cli, output::print, whole_file::WholeFile};

/// Write the manual's pages into a folder
///
/// One page for each command, assay.1, assay-miner.1 and so on; the folder is made where there is none. In a folder man1 below one
/// that `manpath` names, `man assay-miner` finds them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folder
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let folder = &args.folder;
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let pages = pages()?;
    for (name, page) in &pages {
        WholeFile::create(&folder.join(name))?.write(page)?;
    }
    let names: Vec<_> = pages.iter().map(|(name, _)| name).collect();
    print(&format!("{} pages in {}", pages.len(), folder.display()), &json!({ "pages": names }), args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// The names of all pages and what is on them.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    fn walk(command: &Command, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
        let man = Man::new(command.clone());
        let mut page = Vec::new();
        man.render(&mut page)?;
        pages.push((man.get_filename(), page));
        command.get_subcommands().filter(|below| !below.is_hide_set()).try_for_each(|below| walk(below, pages))
    }
    let mut command = Cli::command();
    command.build();
    let mut pages = Vec::new();
    walk(&command, &mut pages)?;
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn check(command: &Command, words: &str, pages: &BTreeMap<String, Vec<u8>>) -> usize {
        let page = pages.get(&format!("{words}.1")).unwrap_or_else(|| panic!("{words} has no page"));
        let page = String::from_utf8(page.clone()).unwrap();
        assert!(page.contains(".TH ") && page.contains(".SH NAME"), "{words}");
        let about = command.get_about().unwrap_or_else(|| panic!("{words} says nothing of itself")).to_string();
        // What troff reads otherwise is escaped in a page.
        let first = about.split(['-', '\'', '.', '\\']).next().unwrap();
        assert!(page.contains(first), "{words}: {first:?}");
        let below = command.get_subcommands().filter(|below| !below.is_hide_set());
        1 + below.map(|below| check(below, &format!("{words}-{}", below.get_name()), pages)).sum::<usize>()
    }

    #[test]
    fn every_command_has_a_page() {
        let pages: BTreeMap<_, _> = pages().unwrap().into_iter().collect();
        let command = Cli::command();
        assert_eq!(check(&command, "assay", &pages), pages.len());
    }
}
