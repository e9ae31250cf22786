//! Where a coldkey's password comes from: a file, the environment, or a person. And how a person types what nobody else
//! should see.

use std::{
    env, fs,
    io::{self, IsTerminal as _, Read as _},
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context as _, bail, ensure};
use primitives::wallet::{password_in, password_variable};
use tokio::signal::unix::{SignalKind, signal};
use zeroize::Zeroizing;

use crate::failure::Usage;

/// Longer than any secret: words, a password or a key file.
const MAX_BYTES: u64 = 64 << 10;

/// Exit status of a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// Where a coldkey's password is.
#[derive(Debug, clap::Args)]
pub struct PasswordFlags {
    /// Read the coldkey's password from this file instead of the terminal; - reads stdin
    ///
    /// Without it, the password may also be in the environment as btcli leaves it there: BT_PW_ and the coldkey's path
    /// in capitals, with _ for / and .
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

impl PasswordFlags {
    /// The password of the key file at a path.
    pub fn of(&self, path: &Path) -> anyhow::Result<Zeroizing<String>> {
        of(self.password_file.as_deref(), path, "--password-file")
    }

    /// The password of a key file to be: a person types it twice.
    pub fn fresh(&self, path: &Path) -> anyhow::Result<Zeroizing<String>> {
        let password = match given(self.password_file.as_deref(), path)? {
            Some(password) => password,
            None => {
                let password = typed(&format!("new password of {}: ", path.display()), "--password-file")?;
                ensure!(password == typed("once more: ", "--password-file")?, "the passwords differ");
                password
            }
        };
        // Prompts of other wallets cut it off, and the key could not be opened there.
        ensure!(password.trim() == password.as_str(), "the password starts or ends with white space");
        Ok(password)
    }
}

/// The password of the key file at a path: from the file that `flag` names, the environment, or a person.
pub fn of(password_file: Option<&Path>, path: &Path, flag: &str) -> anyhow::Result<Zeroizing<String>> {
    match given(password_file, path)? {
        Some(password) => Ok(password),
        None => typed(&format!("password of {}: ", path.display()), flag),
    }
}

fn given(password_file: Option<&Path>, path: &Path) -> anyhow::Result<Option<Zeroizing<String>>> {
    if let Some(file) = password_file {
        let bytes = read(file)?;
        let text = std::str::from_utf8(&bytes).with_context(|| format!("{}: not text", file.display()))?;
        let password = text.trim_end_matches(['\n', '\r']);
        ensure!(!password.is_empty(), "{}: the password is empty", file.display());
        return Ok(Some(Zeroizing::new(password.to_owned())));
    }
    let variable = password_variable(path);
    // Such a name can't be one of the environment's.
    if variable.contains(['=', '\0']) {
        return Ok(None);
    }
    let Some(value) = env::var_os(&variable).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let password = value.to_str().and_then(|value| password_in(&variable, value));
    match password.filter(|password| !password.is_empty()) {
        Some(password) => Ok(Some(password)),
        None => bail!("the environment's {variable} holds no password as wallets leave it there"),
    }
}

/// A small file that holds a secret; `-` is stdin.
pub fn read(path: &Path) -> anyhow::Result<Zeroizing<Vec<u8>>> {
    let (name, read) = if path == Path::new("-") {
        ("stdin".into(), bounded(io::stdin().lock()))
    } else {
        (path.display().to_string(), fs::File::open(path).and_then(bounded))
    };
    let bytes = read.with_context(|| format!("{name}: cannot be read"))?;
    ensure!(bytes.len() as u64 <= MAX_BYTES, "{name}: too long for a secret");
    Ok(bytes)
}

fn bounded(source: impl io::Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it at once: growing would leave copies of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 1));
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a person types, unseen. `flag` names the file that would spare them.
pub fn typed(prompt: &str, flag: &str) -> anyhow::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return Err(Usage(format!(
            "there is no terminal to ask for it ({}): name its file with {flag}",
            prompt.trim_end_matches(": ")
        ))
        .into());
    }
    // With the signal in our hands the terminal gets its echo back before the process ends.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let typed = rpassword::prompt_password(prompt);
    if typed.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
        process::exit(INTERRUPTED);
    }
    tokio::spawn(async move {
        interrupt.recv().await;
        process::exit(INTERRUPTED);
    });
    let typed = Zeroizing::new(typed.context("reading from the terminal")?);
    ensure!(!typed.is_empty(), "nothing was typed");
    Ok(typed)
}
