//! `assay completions`: what a shell has to know to complete command lines.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use crate::args::Cli;

/// Print the completions of a shell
///
/// For one session of bash: source <(assay completions bash). docs/operating.md says where shells look for them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    io::stdout().lock().write_all(&script(args.shell))?;
    Ok(ExitCode::SUCCESS)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "assay", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::{Command, ValueEnum as _};

    use super::*;

    /// Every command by its words, without the program's.
    fn commands(above: &Command, words: &[String], found: &mut Vec<Vec<String>>) {
        for command in above.get_subcommands().filter(|command| !command.is_hide_set()) {
            let words = [words, &[command.get_name().to_owned()]].concat();
            found.push(words.clone());
            commands(command, &words, found);
        }
    }

    #[test]
    fn bash_completes_every_command_and_its_flags() {
        let script = String::from_utf8(script(Shell::Bash)).unwrap();
        let mut found = Vec::new();
        commands(&Cli::command(), &[], &mut found);
        assert!(found.len() > 40, "{}", found.len());
        for words in found {
            // The generated function names a command by its words, and completes them below the ones above.
            let name = words.iter().map(|word| word.replace('-', "__subcmd__")).collect::<Vec<_>>().join("__subcmd__");
            let case = format!("assay__subcmd__{name})");
            assert!(script.contains(&case), "bash doesn't complete {words:?}: no {case}");
        }
        assert!(script.contains("--fork-netuid") && script.contains("--log-format"));
    }

    #[test]
    fn every_shell_has_completions() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            assert!(script.contains("metagraph") && script.contains("validator"), "{shell}");
        }
    }
}
