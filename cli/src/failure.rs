//! How a command fails: one line on stderr that says what is wrong and what to do, and an exit status.

use std::{error::Error, io, process::ExitCode};

use chain::{ChainError, Refusal};
use model::ModelError;
use primitives::wallet::WalletError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use validator::{SetError, Skipped, SpawnError, StoreError};

use crate::layers::SettingsError;

/// Something that the user asked for and that can't be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Say it, and choose the status.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) && is_stdout_closed() {
        // Whoever read it has seen enough.
        return ExitCode::SUCCESS;
    }
    let (wrong, hint) = told(error);
    match hint {
        Some(hint) => eprintln!("error: {wrong}; {hint}"),
        None => eprintln!("error: {wrong}"),
    }
    status(error)
}

/// What is wrong, and what to do about it where that is known; one line each.
pub fn told(error: &anyhow::Error) -> (String, Option<String>) {
    // Whatever the libraries below put into theirs.
    let line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    (line(causes(error)), error.chain().find_map(hint).map(line))
}

/// The causes, outermost first, without those that their parents' texts contain already.
fn causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text += ": ";
        }
        text += &cause;
    }
    text
}

fn status(error: &anyhow::Error) -> ExitCode {
    let of = |cause: &(dyn Error + 'static)| {
        if cause.is::<Usage>() || cause.is::<SettingsError>() {
            return Some(2);
        }
        if let Some(SetError::TooEarly(_) | SetError::Skipped(Skipped::Refused(_))) = cause.downcast_ref() {
            return Some(3);
        }
        match chain_error(cause)? {
            ChainError::UnknownHyperparameter { .. } | ChainError::BadValue { .. } => Some(2),
            error => error.is_refusal().then_some(3),
        }
    };
    ExitCode::from(error.chain().find_map(of).unwrap_or(1))
}

/// The chain's error that a cause is, or that it shows as its own.
fn chain_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a ChainError> {
    let spawn = match cause.downcast_ref() {
        Some(SetError::Chain(error)) => return Some(error),
        Some(SetError::Spawn(error)) => Some(error),
        _ => cause.downcast_ref(),
    };
    match spawn {
        Some(SpawnError::Chain(error)) => Some(error),
        _ => cause.downcast_ref(),
    }
}

/// The same of a store's error.
fn store_error<'a>(cause: &'a (dyn Error + 'static)) -> Option<&'a StoreError> {
    let spawn = match cause.downcast_ref() {
        Some(SetError::Store(error)) => return Some(error),
        Some(SetError::Spawn(error)) => Some(error),
        _ => cause.downcast_ref(),
    };
    match spawn {
        Some(SpawnError::Store(error)) => Some(error),
        _ => cause.downcast_ref(),
    }
}

/// Whether nobody reads stdout any more: a broken pipe may be a peer's connection too.
fn is_stdout_closed() -> bool {
    let stdout = io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::OUT)];
    let gone = PollFlags::ERR | PollFlags::HUP;
    poll(&mut asked, Some(&Timespec::default())).is_ok() && asked[0].revents().intersects(gone)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is = |cause: &(dyn Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    };
    error.chain().any(is)
}

/// What to do about it.
fn hint(cause: &(dyn Error + 'static)) -> Option<String> {
    if let Some(SetError::Spawn(SpawnError::NotRegistered { netuid, .. })) = cause.downcast_ref() {
        return Some(format!("register it first: `assay register --netuid {netuid}`"));
    }
    if let Some(SetError::Chain(ChainError::Lost { .. } | ChainError::Deadline { .. })) = cause.downcast_ref() {
        return Some("what was begun is in the store: set them again to go on".into());
    }
    if let Some(error) = store_error(cause) {
        return match error {
            StoreError::Missing { .. } => Some("`assay validator` makes one, --store names another".into()),
            StoreError::Foreign { .. } => Some("choose another with --store, or the subnet and key with flags".into()),
            _ => None,
        };
    }
    if let Some(error) = chain_error(cause) {
        return Some(match error {
            ChainError::Unreachable { .. } => {
                "is a node running there? `assay localnet` starts one, --chain-url names another".into()
            }
            ChainError::UnknownNetUid(_) => "choose another with --netuid".into(),
            ChainError::UnknownHyperparameter { .. } => "`assay subnet set --list` shows all of them".into(),
            ChainError::PriceAboveLimit { .. } => "nothing was sent: wait until it is cheaper, or offer more".into(),
            ChainError::Unaffordable { .. } => "nothing was sent".into(),
            ChainError::Refused { refusal, .. } => return advice(refusal),
            ChainError::Unsupported { .. } => "is it Subtensor's? --chain-url names another node".into(),
            ChainError::UnknownMechanism { .. } => "choose another with --mech".into(),
            ChainError::Pruned(_) => "an archive node has it: name one with --chain-url".into(),
            ChainError::NotRegistered { netuid, .. } => {
                format!("register it first: `assay register --netuid {netuid}`")
            }
            _ => return None,
        });
    }
    if let Some(error) = cause.downcast_ref::<WalletError>() {
        return match error {
            WalletError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("`assay wallet list` shows the keys there are, `assay wallet new hotkey` makes one".into())
            }
            WalletError::Exists(_) => Some("choose another name".into()),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<ModelError>() {
        return match error {
            ModelError::MissingFolder { .. } => Some("name one with --model; models/tiny is in the source tree".into()),
            ModelError::LibtorchVersion { .. } => {
                Some("unset LD_LIBRARY_PATH, or put the folder of the right libtorch into it".into())
            }
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        return match error.kind() {
            io::ErrorKind::AddrInUse => Some("another process listens there: choose another port with --listen".into()),
            io::ErrorKind::AddrNotAvailable => Some("this machine doesn't have that address: see --listen".into()),
            _ => None,
        };
    }
    None
}

/// What to do about a refusal whose name doesn't say it.
fn advice(refusal: &Refusal) -> Option<String> {
    let advice = match refusal {
        Refusal::SubtokenDisabled => "its owner has to start the subnet first: `assay subnet start`",
        Refusal::AdminActionProhibitedDuringWeightsWindow => {
            "rules are frozen before an epoch: wait until it has run, or set admin_freeze_window=0 with --sudo"
        }
        Refusal::TxRateLimitExceeded => "owners may change a rule once in a few tempos: wait, or use --sudo",
        Refusal::NonAssociatedColdKey => "the hotkey belongs to another coldkey",
        Refusal::Runtime(name) if name == "BadOrigin" => {
            "this isn't the key that may: name the owner's with --coldkey or --wallet, or use the sudo key with --sudo"
        }
        _ => return None,
    };
    Some(advice.into())
}
