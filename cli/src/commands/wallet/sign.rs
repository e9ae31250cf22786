//! `assay wallet sign` and `assay wallet verify`: who holds a key, shown to people and to other wallets.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use primitives::{Hotkey, Signature, wrapped};
use serde_json::json;

use crate::{
    args::{Global, KeyFlags},
    call::layered,
    failure::Usage,
    identity,
    output::print,
    password::PasswordFlags,
};

/// Sign a text with a wallet's hotkey, as btcli does
///
/// The signature is over the text's bytes, all of them: the line's end of a file counts. `assay wallet verify`, btcli and
/// wallets in browsers verify it.
#[derive(Debug, clap::Args)]
pub struct Sign {
    #[command(flatten)]
    message: Message,
    /// Sign with the wallet's coldkey, which takes its password
    #[arg(long, conflicts_with_all = ["key", "hotkey"])]
    coldkey: bool,
    /// Sign <Bytes>…</Bytes> around the message, as wallets in browsers do; needed where it is no text
    #[arg(long)]
    wrap: bool,
    #[command(flatten)]
    key: KeyFlags,
    #[command(flatten)]
    password: PasswordFlags,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// Check who signed a text; exit status 1 if it was somebody else
///
/// Takes signatures over the text's bytes, and over <Bytes>…</Bytes> around them, which wallets in browsers sign.
#[derive(Debug, clap::Args)]
pub struct Verify {
    #[command(flatten)]
    message: Message,
    /// Who is said to have signed: the address of a hotkey or a coldkey
    #[arg(long, value_name = "SS58")]
    address: Hotkey,
    /// The signature, with 0x or without
    #[arg(long, value_name = "HEX")]
    signature: Signature,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// What is signed.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Message {
    /// The message
    #[arg(value_name = "MESSAGE")]
    text: Option<String>,
    /// Read the message from this file; - reads stdin
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub fn sign(args: Sign, global: &Global) -> anyhow::Result<ExitCode> {
    let stdin = Some(Path::new("-"));
    if args.message.file.as_deref() == stdin && args.password.password_file.as_deref() == stdin {
        return Err(Usage("stdin holds the message: name a file for the password".into()).into());
    }
    let message = args.message.read()?;
    if !args.wrap && std::str::from_utf8(&message).is_err() {
        // It could be a transaction.
        bail!("the message is no text: it is signed with --wrap only");
    }
    let settings = layered(global, |layer| args.key.put(layer))?;
    let keypair = if args.coldkey {
        identity::coldkey(&settings.wallet, &args.password)?
    } else {
        identity::hotkey(&settings.wallet, args.key.key.as_deref(), &settings.chain.url)?
    };
    let signature = if args.wrap { keypair.sign(&wrapped(&message)) } else { keypair.sign(&message) };
    let document = json!({
        "address": keypair.hotkey(),
        "message": std::str::from_utf8(&message).ok(),
        "message_hex": format!("0x{}", hex::encode(&message)),
        "wrapped": args.wrap,
        "signature": signature.to_string(),
    });
    let text = format!("address    {}\nmessage    {}\nsignature  {signature}", keypair.hotkey(), shown(&message));
    print(&text, &document, args.json)?;
    Ok(ExitCode::SUCCESS)
}

pub fn verify(args: Verify) -> anyhow::Result<ExitCode> {
    let message = args.message.read()?;
    let verified = args.address.verify_text(&message, &args.signature);
    if !verified && !args.json {
        bail!("{} did not sign this message", args.address);
    }
    let document = json!({ "address": args.address, "verified": verified });
    print(&format!("{} signed it", args.address), &document, args.json)?;
    Ok(if verified { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Message {
    fn read(&self) -> anyhow::Result<Vec<u8>> {
        match (&self.text, &self.file) {
            (Some(text), _) => Ok(text.as_bytes().to_vec()),
            (None, Some(path)) if path != Path::new("-") => {
                fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))
            }
            _ => {
                let mut message = Vec::new();
                io::stdin().read_to_end(&mut message).context("stdin: cannot be read")?;
                Ok(message)
            }
        }
    }
}

/// A short text as it is, with what can't be seen escaped; of others, how long they are.
fn shown(message: &[u8]) -> String {
    match std::str::from_utf8(message) {
        Ok(text) if text.len() <= 200 => format!("{text:?}"),
        _ => format!("{} bytes", message.len()),
    }
}
