//! What the command line says.

use std::time::Duration;

use primitives::NetUid;

/// How it is called.
pub const USAGE: &str = "\
test-subtensor ws://HOST:PORT [OPTION…]
--netuid N             an existing subnet; a new one is created where this is not given
--sudo-uri URI         the key that may sudo (default //Alice); without it much is skipped
--owner-uri URI        the coldkey that owns the new subnet (default //Alice//cold)
--validator-uri URI    the hotkey that sets weights (default //Alice)
--miner-uri URI        a hotkey that serves; may be given twice (default //Charlie and //Dave)
--stranger-uri URI     an account without a seat (default //Ferdie)
--epoch-s SECONDS      how long an epoch is made where that can be chosen (default 20)
--patience-s SECONDS   how long to wait for blocks, for any one thing (default 900)
--json                 one JSON document on stdout; lines go to stderr";

/// What to run against which node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The node's websocket.
    pub url: String,
    /// The subnet to use; none makes a new one.
    pub netuid: Option<NetUid>,
    /// Who may sudo.
    pub sudo: String,
    /// Whose subnet it is.
    pub owner: String,
    /// Who sets weights.
    pub validator: String,
    /// Who serves.
    pub miners: [String; 2],
    /// Who has no seat.
    pub stranger: String,
    /// How long an epoch should take.
    pub epoch: Duration,
    /// How long to wait for any one thing.
    pub patience: Duration,
    /// Whether stdout is for one JSON document.
    pub json: bool,
}

/// Why a command line makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage(pub String);

impl Options {
    /// A node, and the default for all else.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            netuid: None,
            sudo: "//Alice".into(),
            owner: "//Alice//cold".into(),
            validator: "//Alice".into(),
            miners: ["//Charlie".into(), "//Dave".into()],
            stranger: "//Ferdie".into(),
            epoch: Duration::from_secs(20),
            patience: Duration::from_secs(900),
            json: false,
        }
    }

    /// Read a command line.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, Usage> {
        let mut words = words.into_iter();
        let mut options = Self::new("");
        let mut miners = Vec::new();
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
                _ => (word, None),
            };
            let mut value =
                || inline.clone().or_else(|| words.next()).ok_or_else(|| Usage(format!("{name} wants a value")));
            match name.as_str() {
                "--json" if inline.is_none() => options.json = true,
                "--netuid" => options.netuid = Some(NetUid(number(&name, &value()?)?)),
                "--sudo-uri" => options.sudo = value()?,
                "--owner-uri" => options.owner = value()?,
                "--validator-uri" => options.validator = value()?,
                "--miner-uri" => miners.push(value()?),
                "--stranger-uri" => options.stranger = value()?,
                "--epoch-s" => options.epoch = Duration::from_secs(number(&name, &value()?)?),
                "--patience-s" => options.patience = Duration::from_secs(number(&name, &value()?)?),
                url if options.url.is_empty() && (url.starts_with("ws://") || url.starts_with("wss://")) => {
                    options.url = url.to_owned();
                }
                other => return Err(Usage(format!("{other} makes no sense here"))),
            }
        }
        if options.url.is_empty() {
            return Err(Usage("which node? ws://… or wss://…".into()));
        }
        if miners.len() > options.miners.len() {
            return Err(Usage("two miners are enough".into()));
        }
        for (place, miner) in options.miners.iter_mut().zip(miners) {
            *place = miner;
        }
        Ok(options)
    }
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, Usage> {
    text.parse().map_err(|_| Usage(format!("{name} wants a number, not {text}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, Usage> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let options = parse("ws://localhost:9944").unwrap();
        assert_eq!(options, Options::new("ws://localhost:9944"));
        let options = parse("--netuid 7 wss://h --miner-uri=//Eve --json --patience-s 5 --sudo-uri //Bob").unwrap();
        let expected = Options {
            netuid: Some(NetUid(7)),
            sudo: "//Bob".into(),
            miners: ["//Eve".into(), "//Dave".into()],
            patience: Duration::from_secs(5),
            json: true,
            ..Options::new("wss://h")
        };
        assert_eq!(options, expected);
    }

    #[test]
    fn nonsense_is_told() {
        for line in ["", "http://x", "ws://x ws://y", "ws://x --netuid", "ws://x --netuid many", "ws://x --json=1"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("ws://x --miner-uri a --miner-uri b --miner-uri c").is_err());
    }
}
