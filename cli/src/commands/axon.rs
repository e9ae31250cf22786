//! `assay axon`: what a hotkey announces. A miner announces itself; this is for everything else.

use std::process::ExitCode;

use chain::Certificate;
use clap::Subcommand;
use primitives::Endpoint;
use serde_json::json;

use crate::{
    args::Global,
    call::{HotkeyCallFlags, HotkeyQuestionFlags},
    output::print,
};

/// Announce where a hotkey serves, take that back, or show it
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Announce an address that others reach the hotkey's server at
    Set {
        /// Address and port
        endpoint: Endpoint,
        /// Announce this public key for TLS, too: up to 64 bytes as hex
        #[arg(long, value_name = "HEX", value_parser = hex_bytes)]
        tls_key: Option<HexBytes>,
        /// What the key is for, as a number that clients agree on
        #[arg(long, value_name = "NUMBER", default_value_t = 0, requires = "tls_key")]
        tls_algorithm: u8,
        /// The version of the protocol that is announced
        #[arg(long, value_name = "NUMBER", default_value_t = 1)]
        protocol: u32,
        #[command(flatten)]
        call: HotkeyCallFlags,
    },
    /// Take the announcement back
    Clear {
        #[command(flatten)]
        call: HotkeyCallFlags,
    },
    /// Show what a hotkey announces
    Show {
        #[command(flatten)]
        question: HotkeyQuestionFlags,
    },
}

/// Bytes from a flag.
#[derive(Clone, Debug)]
pub struct HexBytes(pub Vec<u8>);

pub fn hex_bytes(text: &str) -> Result<HexBytes, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let pair = |pair: &[u8]| {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        match pair {
            [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
            _ => None,
        }
    };
    let bytes = digits.as_bytes().chunks(2).map(pair).collect::<Option<Vec<u8>>>();
    bytes.map(HexBytes).ok_or_else(|| "not bytes as hex".into())
}

pub async fn run(args: Args, global: &Global) -> anyhow::Result<ExitCode> {
    match args.command {
        Command::Set { endpoint, tls_key, tls_algorithm, protocol, call } => {
            let (settings, chain, hotkey) = call.prepare(global).await?;
            let netuid = settings.subnet.netuid;
            let landed = match tls_key {
                Some(HexBytes(public_key)) => {
                    let certificate = Certificate { algorithm: tls_algorithm, public_key };
                    chain.serve_axon_tls(&hotkey, netuid, endpoint, protocol, &certificate).await?
                }
                None => chain.serve_axon(&hotkey, netuid, endpoint, protocol).await?,
            };
            let (hotkey, block) = (hotkey.hotkey(), landed.block);
            let document = json!({ "hotkey": hotkey, "netuid": netuid, "endpoint": endpoint, "block": block });
            let text = format!("{hotkey} serves at {endpoint} on subnet {netuid} since block {}", block.number);
            print(&text, &document, call.json)?;
        }
        Command::Clear { call } => {
            let (settings, chain, hotkey) = call.prepare(global).await?;
            let netuid = settings.subnet.netuid;
            let block = chain.unserve_axon(&hotkey, netuid).await?.block;
            let hotkey = hotkey.hotkey();
            let document = json!({ "hotkey": hotkey, "netuid": netuid, "endpoint": null, "block": block });
            let text = format!("{hotkey} serves nowhere on subnet {netuid} since block {}", block.number);
            print(&text, &document, call.json)?;
        }
        Command::Show { question } => {
            let (settings, chain, hotkey) = question.ask(global).await?;
            let netuid = settings.subnet.netuid;
            let metagraph = chain.metagraph(netuid, None).await?;
            let neuron = metagraph.by_hotkey(&hotkey).ok_or(chain::ChainError::NotRegistered { netuid, hotkey })?;
            let certificate = chain.certificate(netuid, hotkey, Some(metagraph.block.hash)).await?;
            let document = json!({
                "hotkey": hotkey, "netuid": netuid, "uid": neuron.uid, "endpoint": neuron.endpoint,
                "certificate": certificate.as_ref().map(|certificate| json!({
                    "algorithm": certificate.algorithm, "public_key": hex(&certificate.public_key),
                })),
                "block": metagraph.block,
            });
            let endpoint = neuron.endpoint.map_or_else(|| "nowhere".into(), |endpoint| endpoint.to_string());
            let mut text = format!("hotkey   {hotkey}\nserves   {endpoint}");
            if let Some(certificate) = certificate {
                text += &format!("\nTLS key  {} for {}", hex(&certificate.public_key), certificate.algorithm);
            }
            print(&text, &document, question.json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}
