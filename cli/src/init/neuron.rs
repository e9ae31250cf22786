//! What a miner and a validator are asked.

use std::{net::SocketAddr, path::Path};

use model::Device;
use primitives::{Endpoint, wallet::Wallet};

use super::{
    interview::{Interview, Question, number, text, word},
    template::{Others, fill},
};
use crate::{
    identity,
    settings::{Settings, WalletSettings},
};

const MINER: &str = include_str!("../../../configs/miner.toml");
const VALIDATOR: &str = include_str!("../../../configs/validator.toml");

/// A miner's file.
pub fn miner(interview: &mut Interview<'_>, usual: &Settings) -> anyhow::Result<String> {
    chain_and_wallet(interview, usual)?;
    let backend = interview.ask(&Question {
        key: "model.backend",
        text: "Who computes, torch (this program) or openai (a server that speaks OpenAI's API)",
        default: Some("torch".into()),
        check: &|answer| word(answer, &["torch", "openai"]),
    })?;
    if backend.as_deref() == Some("\"openai\"") {
        ask(interview, "model.openai.url", "Address of the server", &usual.model.openai.url, &http)?;
        ask(interview, "model.openai.model", "The model's name at that server", &usual.model.openai.model, &name)?;
    } else {
        model(interview, usual, "The model to serve: its folder, or a TorchScript module, FILE.pt")?;
    }
    ask(interview, "miner.listen", "Where to listen", &usual.miner.listen.to_string(), &socket)?;
    ask(interview, "miner.announce", "What to announce on chain: the address that the world sees", "", &endpoint)?;
    ask(interview, "miner.metrics_listen", "Where Prometheus reads the metrics", "", &socket)?;
    Ok(fill(MINER, "Settings of `assay miner`: `assay --config FILE miner`.", interview.answers(), Others::Comments))
}

/// A validator's file.
pub fn validator(interview: &mut Interview<'_>, usual: &Settings) -> anyhow::Result<String> {
    chain_and_wallet(interview, usual)?;
    model(interview, usual, "The model that miners are paid to serve: its folder")?;
    let store = usual.validator.store_path.display().to_string();
    ask(interview, "validator.store_path", "The file of the score log and the journal of weights", &store, &file)?;
    ask(interview, "validator.metrics_listen", "Where Prometheus reads the metrics", "", &socket)?;
    Ok(fill(
        VALIDATOR,
        "Settings of `assay validator`: `assay --config FILE validator`.",
        interview.answers(),
        Others::Comments,
    ))
}

fn chain_and_wallet(interview: &mut Interview<'_>, usual: &Settings) -> anyhow::Result<()> {
    let WalletSettings { path, name: wallet, hotkey } = &usual.wallet;
    ask(interview, "chain.url", "WebSocket address of a node", &usual.chain.url, &websocket)?;
    let netuid = |answer: &str| number(answer, 0, u16::MAX.into());
    ask(interview, "subnet.netuid", "The subnet", &usual.subnet.netuid.to_string(), &netuid)?;
    ask(interview, "wallet.path", "The folder of wallets", path, &wallets)?;
    ask(interview, "wallet.name", "The wallet", wallet, &name)?;
    ask(interview, "wallet.hotkey", "The hotkey in the wallet", hotkey, &name)
}

fn model(interview: &mut Interview<'_>, usual: &Settings, text: &str) -> anyhow::Result<()> {
    ask(interview, "model.path", text, &usual.model.path.display().to_string(), &existing)?;
    ask(
        interview,
        "model.device",
        "Where to run it: cpu, cuda:0, or several as cuda:0,cuda:1",
        &usual.model.device,
        &devices,
    )
}

fn ask(
    interview: &mut Interview<'_>,
    key: &'static str,
    text: &str,
    default: &str,
    check: &dyn Fn(&str) -> Result<String, String>,
) -> anyhow::Result<()> {
    interview.ask(&Question { key, text, default: Some(default.to_owned()), check }).map(drop)
}

fn websocket(answer: &str) -> Result<String, String> {
    url(answer, &["ws://", "wss://"])
}

fn http(answer: &str) -> Result<String, String> {
    url(answer, &["http://"])
}

fn url(answer: &str, schemes: &[&str]) -> Result<String, String> {
    let rest = schemes.iter().find_map(|scheme| answer.strip_prefix(scheme));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with(['/', ':']) && !answer.contains(char::is_whitespace) => {
            Ok(text(answer))
        }
        _ => Err(format!("{answer:?} is no address that begins with {}", schemes.join(" or "))),
    }
}

fn name(answer: &str) -> Result<String, String> {
    let is_name = Wallet::new(Path::new("."), answer).and_then(|wallet| wallet.hotkey_path(answer));
    is_name.map(|_| text(answer)).map_err(|error| error.to_string())
}

fn wallets(answer: &str) -> Result<String, String> {
    let folder = identity::folder(&WalletSettings { path: answer.to_owned(), ..WalletSettings::default() });
    if folder.is_dir() { Ok(text(answer)) } else { Err(format!("there is no folder {}", folder.display())) }
}

fn existing(answer: &str) -> Result<String, String> {
    if Path::new(answer).exists() { Ok(text(answer)) } else { Err(format!("there is no {answer}")) }
}

fn file(answer: &str) -> Result<String, String> {
    if Path::new(answer).is_dir() { Err(format!("{answer} is a folder: name a file")) } else { Ok(text(answer)) }
}

fn devices(answer: &str) -> Result<String, String> {
    answer.split(',').try_for_each(|device| match device.trim().parse::<Device>() {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    })?;
    Ok(text(answer))
}

fn socket(answer: &str) -> Result<String, String> {
    let parsed = answer.parse::<SocketAddr>();
    parsed.map(|_| text(answer)).map_err(|_| format!("{answer:?} is no address and port, as 127.0.0.1:9465"))
}

fn endpoint(answer: &str) -> Result<String, String> {
    let parsed = answer.parse::<Endpoint>();
    parsed.map(|_| text(answer)).map_err(|_| format!("{answer:?} is no IP address and port, as 203.0.113.7:8091"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_what_they_should_be() {
        type Check = fn(&str) -> Result<String, String>;
        let here = env!("CARGO_MANIFEST_DIR");
        let cases: [(Check, &[&str], &[&str]); 8] = [
            (
                websocket,
                &["ws://127.0.0.1:9944", "wss://a.example:443"],
                &["http://a", "ws://", "ws:// a", "a", "ws://:9"],
            ),
            (http, &["http://127.0.0.1:8000"], &["https://a", "http://"]),
            (name, &["default", "a-b_c"], &["../x", ".hidden", "a/b", "xpub.txt"]),
            (wallets, &[here], &["/no/such/folder"]),
            (existing, &[here], &["/no/such/file"]),
            (file, &["a/b.sqlite"], &[here]),
            (devices, &["cpu", "cuda:0,cuda:1"], &["gpu", "cpu,", "cuda:x"]),
            (endpoint, &["203.0.113.7:8091", "[2001:db8::1]:1"], &["203.0.113.7", "host:1"]),
        ];
        for (check, good, bad) in cases {
            for answer in good {
                assert_eq!(check(answer), Ok(text(answer)));
            }
            for answer in bad {
                assert!(check(answer).is_err(), "{answer:?}");
            }
        }
        assert!(socket("0.0.0.0:8091").is_ok() && socket("8091").is_err());
        assert_eq!(text("a\"b"), "'a\"b'");
    }

    /// With everything that is commented out made a setting again, the file is that of the defaults.
    #[test]
    fn an_unanswered_file_holds_the_defaults_as_comments() {
        for (file, answer) in [(MINER, miner as fn(&mut Interview<'_>, &Settings) -> _), (VALIDATOR, validator)] {
            let mut out = Vec::new();
            let mut interview = Interview::new(Default::default(), None, &mut out);
            let filled: anyhow::Result<String> = answer(&mut interview, &Settings::default());
            let filled = filled.unwrap();
            let table: toml::Table = filled.parse().unwrap();
            assert!(
                table.values().all(|section| section
                    .as_table()
                    .is_some_and(|section| section.values().all(toml::Value::is_table)))
            );
            let is_key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains([' ', '#', '`']));
            let restored: Vec<_> = filled
                .lines()
                .map(|line| line.strip_prefix("# ").filter(|line| is_key(line)).unwrap_or(line))
                .filter(|line| is_key(line))
                .collect();
            let original: Vec<_> =
                file.lines().map(|line| line.trim_start_matches("# ")).filter(|line| is_key(line)).collect();
            assert_eq!(restored, original);
        }
    }
}
