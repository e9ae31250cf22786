//! `assay commitment`: what a hotkey publishes on a subnet.

use std::process::ExitCode;

use chain::CommitmentField;
use clap::Subcommand;
use serde_json::json;

use crate::{
    args::Global,
    call::{HotkeyCallFlags, HotkeyQuestionFlags},
    commands::axon::{HexBytes, hex_bytes},
    failure::Usage,
    output::print,
};

/// Publish a hash or a text under a hotkey, or show what it published
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Publish, instead of what was published before
    Set {
        #[command(flatten)]
        what: What,
        #[command(flatten)]
        call: HotkeyCallFlags,
    },
    /// Show what is published
    Show {
        #[command(flatten)]
        question: HotkeyQuestionFlags,
    },
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct What {
    /// A SHA-256 hash, as hex
    #[arg(long, value_name = "HEX", value_parser = hex_bytes)]
    sha256: Option<HexBytes>,
    /// A BLAKE2-256 hash, as hex
    #[arg(long, value_name = "HEX", value_parser = hex_bytes)]
    blake2: Option<HexBytes>,
    /// Up to 512 bytes, as hex
    #[arg(long, value_name = "HEX", value_parser = hex_bytes)]
    raw: Option<HexBytes>,
    /// A text of up to 512 bytes
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

impl What {
    fn field(self) -> anyhow::Result<CommitmentField> {
        let hash = |bytes: HexBytes| {
            let wrong = |bytes: Vec<u8>| Usage(format!("a hash has 32 bytes, not {}", bytes.len()));
            <[u8; 32]>::try_from(bytes.0).map_err(wrong)
        };
        Ok(match (self.sha256, self.blake2, self.raw, self.text) {
            (Some(bytes), ..) => CommitmentField::Sha256(hash(bytes)?),
            (_, Some(bytes), ..) => CommitmentField::Blake2(hash(bytes)?),
            (_, _, Some(HexBytes(bytes)), _) => CommitmentField::Raw(bytes),
            (.., text) => CommitmentField::Raw(text.unwrap_or_default().into_bytes()),
        })
    }
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Set { what, call } => {
            let fields = [what.field()?];
            let (settings, chain, hotkey) = call.prepare(global).await?;
            let netuid = settings.subnet.netuid;
            let block = chain.set_commitment(&hotkey, netuid, &fields).await?.block;
            let hotkey = hotkey.hotkey();
            let document = json!({ "hotkey": hotkey, "netuid": netuid, "fields": fields, "block": block });
            print(&format!("published at block {}", block.number), &document, call.json)?;
        }
        Command::Show { question } => {
            let (settings, chain, hotkey) = question.ask(global).await?;
            let netuid = settings.subnet.netuid;
            let commitment = chain.commitment(netuid, hotkey, None).await?;
            let document = json!({
                "hotkey": hotkey, "netuid": netuid,
                "published_at": commitment.as_ref().map(|commitment| commitment.block),
                "fields": commitment.as_ref().map(|commitment| &commitment.fields),
            });
            let mut text = format!("hotkey     {hotkey}");
            match &commitment {
                None => text += "\npublished  nothing",
                Some(commitment) => {
                    text += &format!("\npublished  at block {}", commitment.block);
                    for field in &commitment.fields {
                        text += &format!("\n{}", line(field)?);
                    }
                }
            }
            print(&text, &document, question.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A field on one line: text where it is some.
fn line(field: &CommitmentField) -> anyhow::Result<String> {
    if let CommitmentField::Raw(bytes) = field
        && let Ok(text) = std::str::from_utf8(bytes)
        && !text.is_empty()
        && !text.chars().any(char::is_control)
    {
        return Ok(format!("text       {text}"));
    }
    let value = serde_json::to_value(field)?;
    let kind = value["kind"].as_str().unwrap_or_default();
    let shown = value["value"].as_str().map_or_else(|| value["value"].to_string(), str::to_owned);
    Ok(format!("{kind:11}{shown}"))
}
