//! A command's result: a text for people, or one document for programs.

use std::io::{self, Write as _};

use serde::Serialize;

/// Write one of the two to stdout.
pub fn print(text: &str, document: &impl Serialize, json: bool) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, document)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{text}")?;
    }
    Ok(())
}
