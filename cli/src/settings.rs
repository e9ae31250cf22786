//! Every setting of every command, with its default. `configs/*.toml` repeat them with comments.

use std::{iter, net::SocketAddr, path::PathBuf, time::Duration};

use localnet::{Beacon, BlockTime};
use primitives::NetUid;
use scoring::Registry;
use serde::{Deserialize, Serialize};

use crate::{identity::is_local, layers::SettingsError};

/// All settings. A section is a table of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which chain.
    pub chain: ChainSettings,
    /// Which subnet.
    pub subnet: SubnetSettings,
    /// Whose keys.
    pub wallet: WalletSettings,
    /// Which model.
    pub model: ModelSettings,
    /// The embedded chain.
    pub localnet: LocalnetSettings,
    /// A miner.
    pub miner: miner::Config,
    /// A validator.
    pub validator: validator::Config,
    /// The subnet's rules.
    pub incentive: scoring::Incentive,
    /// What a miner or a validator says about itself to a collector.
    pub telemetry: TelemetrySettings,
}

/// Where the chain is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainSettings {
    /// WebSocket address of a node.
    pub url: String,
    /// Other nodes of the same chain, for when that one fails. They belong to the address beside them: who sets
    /// another address alone has no others.
    pub fallback_urls: Vec<String>,
}

/// Which subnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubnetSettings {
    /// The subnet.
    pub netuid: NetUid,
}

/// Where the keys are: paths and names, never secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletSettings {
    /// The folder of wallets; `~` is the home folder.
    pub path: String,
    /// The wallet.
    pub name: String,
    /// The hotkey in the wallet.
    pub hotkey: String,
}

/// Which model to load, and where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// Who computes.
    pub backend: BackendName,
    /// A Hugging Face folder (see docs/checkpoints.md), or a TorchScript module, FILE.pt.
    pub path: PathBuf,
    /// `cpu`, `cuda:0`, or several devices with commas between them: a copy of the model on each.
    pub device: String,
    /// The number type to compute in: `f32`, `bf16`, `f16`, or `auto`: f32 on the processor, bf16 elsewhere.
    pub dtype: String,
    /// Threads of one operation on the processor, for each copy; 0 is half of the cores.
    pub threads: usize,
    /// Answers that a copy makes at the same time.
    pub slots: usize,
    /// Prompt and answer together have at most so many tokens, where the model's context doesn't say fewer.
    pub slot_tokens: usize,
    /// Tokens that a copy runs at once; 0 is 256 on the processor and 2048 elsewhere.
    pub step_tokens: usize,
    /// Whether a prompt takes over what an earlier one that started alike has left.
    pub prefix_reuse: bool,
    /// A sentence encoder's folder, for miners that also answer embedding requests.
    pub encoder_path: Option<PathBuf>,
    /// The server that is asked where the backend is `openai`.
    pub openai: model::OpenAiConfig,
}

/// Who computes a miner's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendName {
    /// This process, on libtorch.
    Torch,
    /// Another program, by OpenAI's API.
    OpenAi,
}

/// The embedded chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalnetSettings {
    /// Where JSON-RPC listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// When blocks are made: an interval such as "250ms" or "12s", "instant" or "manual".
    pub block_time: BlockTime,
    /// So many subnets exist from the first block on, with netuids from 1.
    pub subnets: u16,
    /// Blocks between two epochs.
    pub tempo: u16,
    /// Whose rounds timelocked weights open at.
    pub beacon: Beacon,
    /// So many blocks follow a block before it is final; 0: final at once.
    pub finality_depth: u32,
}

/// Traces for OpenTelemetry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetrySettings {
    /// The collector, as http://HOST:PORT: OTLP over gRPC. Nobody by default.
    pub otlp_url: Option<String>,
    /// Of all traces, this share is sent.
    pub otlp_share: f64,
}

impl Default for Settings {
    fn default() -> Self {
        let subnet = SubnetSettings::default();
        Self {
            chain: ChainSettings::default(),
            wallet: WalletSettings::default(),
            model: ModelSettings::default(),
            localnet: LocalnetSettings::default(),
            miner: miner::Config::new(subnet.netuid),
            validator: validator::Config { netuid: subnet.netuid, ..validator::Config::default() },
            incentive: scoring::Incentive::default(),
            telemetry: TelemetrySettings::default(),
            subnet,
        }
    }
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self { url: "ws://127.0.0.1:9944".into(), fallback_urls: Vec::new() }
    }
}

impl Default for SubnetSettings {
    fn default() -> Self {
        Self { netuid: NetUid(1) }
    }
}

impl Default for WalletSettings {
    fn default() -> Self {
        Self { path: "~/.bittensor/wallets".into(), name: "default".into(), hotkey: "default".into() }
    }
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            backend: BackendName::Torch,
            path: "models/tiny".into(),
            device: "cpu".into(),
            dtype: "auto".into(),
            threads: 0,
            slots: 8,
            slot_tokens: 4096,
            step_tokens: 0,
            prefix_reuse: true,
            encoder_path: None,
            openai: model::OpenAiConfig::default(),
        }
    }
}

impl Default for LocalnetSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9944)),
            block_time: BlockTime::Every(Duration::from_secs(1)),
            subnets: 1,
            tempo: 20,
            beacon: Beacon::Local,
            finality_depth: 0,
        }
    }
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self { otlp_url: None, otlp_share: 1.0 }
    }
}

impl TelemetrySettings {
    fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.otlp_share) {
            return Err(format!("otlp_share must be from 0 to 1, and {} is not", self.otlp_share));
        }
        match &self.otlp_url {
            // Traces tell whom a validator asks: a collector far away belongs behind one of this machine.
            Some(url) if !url.starts_with("http://") => {
                Err(format!("otlp_url must begin with http://, and {url} does not: traces go in plain gRPC"))
            }
            _ => Ok(()),
        }
    }
}

impl ChainSettings {
    /// Connect to the first node that answers; the others stay at hand.
    pub async fn connect(&self) -> Result<chain::Client, chain::ChainError> {
        chain::Client::connect_any(&self.url, &self.fallback_urls, chain::Deadlines::default()).await
    }

    /// The address that is the furthest away: one that isn't of this machine, where there is one.
    pub fn furthest(&self) -> &str {
        let mut urls = iter::once(&self.url).chain(&self.fallback_urls);
        urls.find(|url| !is_local(url)).unwrap_or(&self.url)
    }
}

impl Settings {
    /// Fields that aren't settings of their own: they follow from `[subnet]`, or from the model.
    pub const FILLED_IN: &[&str] = &["miner.netuid", "validator.netuid", "incentive.proof"];

    /// Tables that are one value: naming one key of them replaces them all.
    pub const WHOLE: &[&str] = &[
        "incentive.quality",
        "incentive.speed",
        "incentive.smoothing",
        "incentive.reliability",
        "incentive.pairwise",
        "incentive.duplicates",
        "incentive.weights",
    ];

    /// Values that are a name, or a table with the name as its `kind`.
    pub const NAMED: &[&str] = &["incentive.quality"];

    /// Where the first is set, the second is too: the fallbacks of one chain are none of another's.
    pub const TOGETHER: &[(&str, &str)] = &[("chain.url", "chain.fallback_urls")];

    /// Let them follow.
    pub(crate) fn filled_in(mut self, registry: &Registry) -> Self {
        self.miner.netuid = self.subnet.netuid;
        self.validator.netuid = self.subnet.netuid;
        self.validator.incentive = self.incentive.clone();
        self.validator.registry = registry.clone();
        self
    }

    /// Whether the values make sense together.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let of = |section| move |source| SettingsError::Section { section, source };
        if self.localnet.tempo == 0 {
            return Err(of("localnet")("tempo must be at least 1: a subnet without epochs pays nobody".into()));
        }
        for device in self.model.device.split(',') {
            device.trim().parse::<model::Device>().map_err(|error| of("model")(error.into()))?;
        }
        self.validator.registry.build(&self.incentive).map_err(|error| of("incentive")(error.into()))?;
        // A prompt that is read for so long makes no token meanwhile, and nothing is wrong.
        let longest = protos::MAX_LIFETIME_MS / 1_000;
        if self.miner.stale_after_seconds < longest {
            let words = format!("stale_after_seconds must be at least {longest}: a request may live as long");
            return Err(of("miner")(words.into()));
        }
        self.telemetry.check().map_err(|error| of("telemetry")(error.into()))?;
        self.validator.check().map_err(|error| of("validator")(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::layers::{Keys, Layer, load};

    #[test]
    fn the_defaults_make_sense() {
        Settings::default().check().unwrap();
    }

    #[test]
    fn a_model_may_run_on_several_devices() {
        let on = |device: &str| Settings {
            model: ModelSettings { device: device.into(), ..ModelSettings::default() },
            ..Settings::default()
        };
        on("cuda:0, cuda:1").check().unwrap();
        assert!(on("cuda:0,gpu").check().is_err() && on("").check().is_err());
    }

    #[test]
    fn a_miner_is_not_stale_while_a_request_may_live() {
        let after = |stale_after_seconds| Settings {
            miner: miner::Config { stale_after_seconds, ..Settings::default().miner },
            ..Settings::default()
        };
        after(60).check().unwrap();
        assert!(after(59).check().unwrap_err().to_string().contains("miner"));
    }

    #[test]
    fn traces_go_to_a_collector_in_plain_grpc() {
        let to = |url: &str, otlp_share| TelemetrySettings { otlp_url: Some(url.into()), otlp_share };
        let check = |telemetry| Settings { telemetry, ..Settings::default() }.check();
        check(to("http://127.0.0.1:4317", 0.1)).unwrap();
        assert!(check(to("https://collector.example", 1.0)).is_err() && check(to("127.0.0.1:4317", 1.0)).is_err());
        assert!(
            check(to("http://127.0.0.1:4317", 1.1)).is_err() && check(to("http://127.0.0.1:4317", f64::NAN)).is_err()
        );
    }

    /// Each commented file says what the code's defaults say, and names every key of its sections.
    #[test]
    fn the_files_repeat_the_defaults() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
        let files = [
            ("localnet.toml", &["localnet"][..], &[][..]),
            ("miner.toml", &["chain", "subnet", "wallet", "model", "miner", "telemetry"], &[]),
            // A validator checks with a model of its own.
            (
                "validator.toml",
                &["chain", "subnet", "wallet", "model", "validator", "telemetry"],
                &["model.backend", "model.openai."],
            ),
            ("incentive/default.toml", &["incentive"], &[]),
        ];
        for (name, sections, foreign) in files {
            let path = folder.join(name);
            let text = fs::read_to_string(&path).unwrap();
            let loaded = load(&[path], Layer::default(), &Registry::default()).unwrap();
            assert_eq!(loaded.settings, Settings::default(), "{name} differs from the defaults");
            let named: Vec<String> = named(&text);
            let expected: Vec<String> = Keys::of_settings()
                .iter()
                .map(|(key, _)| key.to_owned())
                .filter(|key| sections.contains(&key.split('.').next().unwrap()))
                .filter(|key| !foreign.iter().any(|foreign| key.starts_with(foreign)))
                .collect();
            let mut sorted = named.clone();
            sorted.sort();
            assert_eq!(sorted, expected, "{name}: keys in the file (left) and in the code (right)");
        }
    }

    /// Keys of a file in its order; one without a default stands in a comment: `# key = example`.
    fn named(text: &str) -> Vec<String> {
        let mut section = String::new();
        let mut keys = Vec::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
                && key.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
            {
                keys.push(format!("{section}.{key}"));
            }
        }
        keys
    }
}
