//! `cargo xtask`: dispatch only.

use std::env;
use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
Set-up and developer tasks

cargo xtask demo [ARGS]        build everything and run a whole subnet; ARGS go to `assay demo`
cargo xtask test [--quick]     format, clippy, tests, build without torch, rustdoc, the Python package, interop,
                               dependencies, the dashboard in a browser, demo, notebooks
cargo xtask bench              how fast this machine runs the model in the repository
cargo xtask bench round        a validator's rounds beside those of Bittensor's Python SDK 10
cargo xtask notebooks [--log FILE]
                               execute the notebooks against a demo's log; results in notebooks/out
cargo xtask page-check         the dashboard in a headless Chromium; pictures in target/page
cargo xtask python             build the Python package and test it
cargo xtask clients [--require] [--write]
                               what genuine clients can do with the embedded chain, installed from their registries
cargo xtask interop            other people's programs against ours: Bittensor's library; llama.cpp's server and a
                               gRPC client with reflection
cargo xtask fuzz [TARGET…] [--seconds N] [--keep]
                               strangers' bytes, by the million, for so long for each target (600 s); docs/fuzzing.md
cargo xtask test-subtensor ws://… [ARGS]
                               the whole chain client against any node of the family; docs/subtensor.md
cargo xtask libtorch [--force] find or fetch libtorch, so that cargo build, run and test work with nothing exported
cargo xtask models [minilm]    list the models, or fetch the sentence encoder
cargo xtask help               this text

What is fetched goes to $XDG_CACHE_HOME/assay, or ~/.cache/assay, once and checked by its pinned checksum.
LIBTORCH, PYTHON and CXX name your own libtorch, Python and C++ compiler.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    if !matches!(command.as_str(), "demo" | "test-subtensor")
        && rest.iter().any(|word| word == "--help" || word == "-h")
    {
        print!("{HELP}");
        return Ok(());
    }
    match command.as_str() {
        "demo" => xtask::demo(rest),
        "test" => xtask::test(rest),
        "test-subtensor" => xtask::test_subtensor(rest),
        "bench" => xtask::bench(rest),
        "fuzz" => xtask::fuzz(rest),
        "notebooks" => xtask::notebooks(rest),
        "clients" => xtask::clients(rest),
        "page-check" => xtask::page_check(rest),
        "python" => xtask::python(rest),
        "interop" => xtask::interop(rest),
        "libtorch" => libtorch(rest),
        "models" => xtask::models(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("no task {other}: `cargo xtask help` lists them"),
    }
}

fn libtorch(arguments: &[String]) -> Result<()> {
    let force = match arguments {
        [] => false,
        [one] if one == "--force" => true,
        _ => bail!("usage: cargo xtask libtorch [--force]"),
    };
    println!("{}", xtask::ensure_libtorch(force)?.display());
    Ok(())
}
