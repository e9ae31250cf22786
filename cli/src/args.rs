//! The command line. What a flag sets beside files and environment is in [`crate::layers`].

use std::{env, path::PathBuf, str::FromStr};

use anyhow::Context as _;
use chain::Client;
use clap::{
    ArgAction, ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, error::ErrorKind,
};
use primitives::{BlockHash, BlockNumber, HashError, MechId, NetUid};
use scoring::{Incentive, Registry};

use crate::{
    commands,
    layers::{Layer, Loaded, SettingsError, load, load_over},
    progress,
    telemetry::LogFormat,
};

/// Run, watch and check a subnet of Bittensor that pays for verified inference.
///
/// Results go to stdout, everything else to stderr. Exit status: 0 done, 1 failed, 2 wrong usage or settings,
/// 3 refused by the chain.
#[derive(Debug, Parser)]
#[command(name = "assay", version, term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// For every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Read settings from this TOML file; may be repeated, later files win
    ///
    /// Settings are taken from the code's defaults, then these files, then the environment (ASSAY__CHAIN__URL is
    /// chain.url), then flags. `assay config show` prints each value and where it came from.
    #[arg(id = "config", long, value_name = "FILE", global = true, help_heading = "Global options")]
    pub files: Vec<PathBuf>,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t, global = true, help_heading = "Global options")]
    pub log_format: LogFormat,
    /// Log more; may be repeated
    #[arg(short, long, action = ArgAction::Count, global = true, help_heading = "Global options")]
    pub verbose: u8,
    /// Log less; may be repeated
    #[arg(short, long, action = ArgAction::Count, global = true, help_heading = "Global options")]
    pub quiet: u8,
    /// The tasks and scorers that rules may name.
    #[arg(skip)]
    pub registry: Registry,
}

impl Cli {
    /// Read the command line. What can't be understood is said on stderr, and ends the process.
    pub fn read() -> Self {
        let matches = Self::command().get_matches();
        let cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if cli.global.quiet > 0 || wants_document(&matches) {
            progress::hide();
        }
        // clap keeps a flag's values from one place only: those before a subcommand or those after it.
        let words = env::args_os().skip(1).take_while(|word| word != "--");
        let named = words.filter(|word| word.to_str().is_some_and(|word| word.split('=').next() == Some("--config")));
        if named.count() != cli.global.files.len() {
            let message = "name every --config on the same side of the subcommand";
            Self::command().error(ErrorKind::ArgumentConflict, message).exit();
        }
        cli
    }
}

/// Whether the command, or the one below it that was named, is to print JSON.
fn wants_document(matches: &ArgMatches) -> bool {
    let below = || matches.subcommand().is_some_and(|(_, below)| wants_document(below));
    matches.try_get_one("json").ok().flatten().copied().unwrap_or(false) || below()
}

impl Global {
    /// The settings, with a command's flags on top.
    pub fn settings(&self, flags: Layer) -> Result<Loaded, SettingsError> {
        load(&self.files, flags, &self.registry)
    }

    /// The same where rules that nobody sets are these.
    pub fn settings_over(&self, rules: &Incentive, flags: Layer) -> Result<Loaded, SettingsError> {
        load_over(rules, &self.files, flags, &self.registry)
    }
}

/// The commands. Each one's text is that of its `Args`.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[cfg(feature = "torch")]
    Demo(crate::demo::Args),
    Localnet(commands::localnet::Args),
    Miner(commands::miner::Args),
    #[cfg(feature = "torch")]
    Validator(commands::validator::Args),
    Ask(commands::ask::Args),
    #[cfg(feature = "torch")]
    Verify(commands::verify::Args),
    Bench(commands::bench::Args),
    #[cfg(feature = "torch")]
    Run(commands::run::Args),
    Top(commands::top::Args),
    Metagraph(commands::metagraph::Args),
    Subnet(commands::subnet::Args),
    Register(commands::register::Args),
    Stake(commands::stake::Args),
    Axon(commands::axon::Args),
    Commitment(commands::commitment::Args),
    Transfer(commands::transfer::Args),
    Weights(commands::weights::Args),
    Wallet(commands::wallet::Args),
    #[cfg(feature = "torch")]
    Calibrate(commands::calibrate::Args),
    AuditPlan(commands::audit_plan::Args),
    Log(commands::log::Args),
    Replay(commands::replay::Args),
    Epoch(commands::epoch::Args),
    Inspect(commands::inspect::Args),
    Simulate(commands::simulate::Args),
    Config(commands::config::Args),
    Init(commands::init::Args),
    Doctor(commands::doctor::Args),
    Health(commands::health::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
}

impl Command {
    /// Whether libtorch will be used.
    pub fn needs_torch(&self) -> bool {
        #[cfg(feature = "torch")]
        return matches!(
            self,
            Self::Demo(_) | Self::Miner(_) | Self::Validator(_) | Self::Run(_) | Self::Calibrate(_) | Self::Verify(_)
        );
        #[cfg(not(feature = "torch"))]
        false
    }

    /// The usual log level: a command that serves reports what it does, one that answers is quiet.
    pub fn log_level(&self) -> i16 {
        match self {
            Self::Localnet(_) | Self::Miner(_) => 2,
            #[cfg(feature = "torch")]
            Self::Validator(_) => 2,
            // Whatever is said there is drawn over.
            Self::Top(_) => 0,
            _ => 1,
        }
    }
}

/// Which chain.
#[derive(Debug, Args)]
pub struct ChainFlags {
    /// WebSocket address of a node; given again, of another one to fall back on [settings: chain.url,
    /// chain.fallback_urls]
    #[arg(long, value_name = "URL")]
    pub chain_url: Vec<String>,
}

/// Which subnet.
#[derive(Debug, Args)]
pub struct SubnetFlags {
    /// The subnet [setting: subnet.netuid]
    #[arg(long, value_name = "NETUID", value_parser = netuid)]
    pub netuid: Option<NetUid>,
}

/// Which key files.
#[derive(Debug, Args)]
pub struct WalletFlags {
    /// The folder of wallets [setting: wallet.path]
    #[arg(long, value_name = "DIR")]
    pub wallet_path: Option<String>,
    /// The wallet [setting: wallet.name]
    #[arg(long, value_name = "NAME")]
    pub wallet: Option<String>,
    /// The hotkey in the wallet [setting: wallet.hotkey]
    #[arg(long, value_name = "NAME")]
    pub hotkey: Option<String>,
}

/// Whose hotkey signs.
#[derive(Debug, Args)]
pub struct KeyFlags {
    /// A wallet's.
    #[command(flatten)]
    pub wallet: WalletFlags,
    /// Sign with a development key instead of a wallet; only with a chain on this machine
    #[arg(long, value_name = "//NAME", conflicts_with_all = ["wallet_path", "wallet", "hotkey"])]
    pub key: Option<String>,
}

/// Which model.
#[derive(Debug, Args)]
pub struct ModelFlags {
    /// Model folder with config.json, *.safetensors and tokenizer.json, or a TorchScript module, FILE.pt [setting:
    /// model.path]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// Where to run it: cpu, cuda:0, or several as cuda:0,cuda:1 [setting: model.device]
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// The number type to compute in: f32, bf16, f16, or auto [setting: model.dtype]
    #[arg(long, value_name = "TYPE")]
    pub dtype: Option<String>,
    /// Threads of one operation on the processor; 0 is half of the cores [setting: model.threads]
    #[arg(long, value_name = "COUNT")]
    pub threads: Option<usize>,
}

impl ChainFlags {
    /// Put them on top of the settings.
    pub fn put(&self, layer: &mut Layer) {
        layer.flag("--chain-url", "chain.url", self.chain_url.first());
        layer.flags("--chain-url", "chain.fallback_urls", self.chain_url.get(1..).unwrap_or_default());
    }
}

impl SubnetFlags {
    /// Put them on top of the settings.
    pub fn put(&self, layer: &mut Layer) {
        layer.flag("--netuid", "subnet.netuid", self.netuid);
    }
}

impl WalletFlags {
    /// Put them on top of the settings.
    pub fn put(&self, layer: &mut Layer) {
        layer.flag("--wallet-path", "wallet.path", self.wallet_path.as_ref());
        layer.flag("--wallet", "wallet.name", self.wallet.as_ref());
        layer.flag("--hotkey", "wallet.hotkey", self.hotkey.as_ref());
    }
}

impl KeyFlags {
    /// Put them on top of the settings.
    pub fn put(&self, layer: &mut Layer) {
        self.wallet.put(layer);
    }
}

impl ModelFlags {
    /// Put them on top of the settings.
    pub fn put(&self, layer: &mut Layer) {
        layer.flag("--model", "model.path", self.model.as_ref().map(|path| path.display()));
        layer.flag("--device", "model.device", self.device.as_ref());
        layer.flag("--dtype", "model.dtype", self.dtype.as_ref());
        layer.flag("--threads", "model.threads", self.threads);
    }
}

/// Read a netuid.
pub fn netuid(text: &str) -> Result<NetUid, std::num::ParseIntError> {
    text.parse().map(NetUid)
}

/// Read a mechanism's number.
pub fn mechanism(text: &str) -> Result<MechId, std::num::ParseIntError> {
    text.parse().map(MechId)
}

/// A block as one names it: by its number or by its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockName {
    /// Of the best chain.
    Number(BlockNumber),
    /// Of any.
    Hash(BlockHash),
}

impl BlockName {
    /// The hash of the block, or of the one that a node has at that height; none where none is named.
    pub async fn hash_of(named: Option<Self>, chain: &Client) -> anyhow::Result<Option<BlockHash>> {
        match named {
            Some(Self::Number(number)) => {
                let hash = chain.block_hash(number).await?;
                hash.map(Some).with_context(|| format!("the node does not have block {number}"))
            }
            Some(Self::Hash(hash)) => Ok(Some(hash)),
            None => Ok(None),
        }
    }
}

impl FromStr for BlockName {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        // No number has as many digits as a hash.
        text.parse().map(Self::Number).or_else(|_| text.parse().map(Self::Hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_wanted_where_it_is_asked_for() {
        let wants = |line: &str| wants_document(&Cli::command().get_matches_from(line.split(' ')));
        assert!(wants("assay metagraph --json") && wants("assay config show --json"));
        assert!(!wants("assay metagraph") && !wants("assay wallet list"));
    }

    #[test]
    fn blocks_are_named_by_number_or_hash() {
        assert_eq!("7123456".parse(), Ok(BlockName::Number(7_123_456)));
        let hash = BlockHash([0x12; 32]);
        assert_eq!(hash.to_string().parse(), Ok(BlockName::Hash(hash)));
        assert_eq!(hash.to_string()[2..].parse(), Ok(BlockName::Hash(hash)));
        assert!("latest".parse::<BlockName>().is_err());
    }
}
