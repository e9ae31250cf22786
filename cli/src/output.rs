//! What a command answers: a line for people, or one JSON document.

use std::io::{self, Write as _};

use serde::Serialize;

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
