//! `cargo xtask test`: everything that must hold before a change goes in.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cache::Cache;
use crate::run::{line, repository, run, step};
use crate::{deny, interop, libtorch, notebooks, page, python};

const USAGE: &str = "cargo xtask test [--quick]    --quick leaves out rustdoc, the Python package, interop, the dependency checks, the page, the demo and the notebooks";

/// Run every check, and say at the end what became of each.
pub fn command(arguments: &[String]) -> Result<()> {
    let quick = match arguments {
        [] => false,
        [one] if one == "--quick" => true,
        _ => bail!("usage: {USAGE}"),
    };
    let root = repository()?;
    let folder = libtorch::ensure(false)?;
    let cargo = |words: &[&str]| {
        let mut command = libtorch::cargo(&root, &folder);
        command.args(words);
        command
    };

    let mut report = Report::default();
    report.check("format", || run(&mut cargo(&["fmt", "--all", "--check"])).map(|()| String::new()));
    report.check("clippy", || {
        run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))?;
        Ok(String::new())
    });
    report.check("tests", || tests(&mut cargo(&["test", "--workspace", "--locked", "--no-fail-fast"])));
    report.check("without torch", || {
        let part = ["clippy", "--package", "assay-cli", "--no-default-features", "--locked"];
        run(cargo(&part).args(["--", "-D", "warnings"]))?;
        Ok(String::new())
    });
    if !quick {
        report.check("documentation", || {
            let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
            run(doc.env("RUSTDOCFLAGS", "-D warnings")).map(|()| String::new())
        });
        report.check("python", || python::check(&root, &Cache::of_user()?));
        report.check("interop", || interop::check(&root, &Cache::of_user()?));
        report.check("dependencies", || deny::check(&root, &Cache::of_user()?));
        report.check("page", || {
            // Nothing installs a browser: where there is none, the table says so.
            Ok(page::check(&root)?.unwrap_or_else(|| "not run: no browser".into()))
        });
        report.check("demo, notebooks", || notebooks::execute(&root, notebooks::Source::FreshDemo));
    }
    report.print();
    if let Some(failed) = report.failed() {
        bail!("failed: {failed}");
    }
    Ok(())
}

/// Run the tests, letting their output through, and add up what cargo says of each binary.
fn tests(command: &mut Command) -> Result<String> {
    step(&line(command));
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run {}", line(command)))?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        let mut out = std::io::stdout();
        for text in BufReader::new(stdout).split(b'\n') {
            let text = text?;
            tally.read(&String::from_utf8_lossy(&text));
            out.write_all(&text)?;
            out.write_all(b"\n")?;
        }
    }
    let status = child.wait()?;
    let summary = tally.summary();
    if !status.success() {
        bail!("{summary}");
    }
    Ok(summary)
}

/// The sum of cargo's `test result:` lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Test binaries that ran.
    pub binaries: u32,
    /// Tests that passed.
    pub passed: u32,
    /// Tests that failed.
    pub failed: u32,
    /// Tests that were left out.
    pub ignored: u32,
}

impl Tally {
    /// Take in a line of cargo's output.
    pub fn read(&mut self, line: &str) {
        let Some(rest) = line.trim_start().strip_prefix("test result: ") else { return };
        let count = |what: &str| {
            let words = rest.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect::<Vec<_>>();
            words.windows(2).find(|pair| pair[1] == what).and_then(|pair| pair[0].parse().ok()).unwrap_or(0)
        };
        self.binaries += 1;
        self.passed += count("passed");
        self.failed += count("failed");
        self.ignored += count("ignored");
    }

    /// All of it in one line.
    pub fn summary(&self) -> String {
        let Tally { binaries, passed, failed, ignored } = self;
        format!("{passed} passed, {failed} failed, {ignored} ignored in {binaries} binaries")
    }
}

#[derive(Default)]
struct Report {
    rows: Vec<(&'static str, Result<String>, Duration)>,
}

impl Report {
    /// Every check runs, so that one report names all that is wrong.
    fn check(&mut self, name: &'static str, what: impl FnOnce() -> Result<String>) {
        let began = Instant::now();
        let result = what();
        if let Err(error) = &result {
            eprintln!("error: {error:#}");
        }
        self.rows.push((name, result, began.elapsed()));
    }

    fn failed(&self) -> Option<String> {
        let names: Vec<_> = self.rows.iter().filter(|row| row.1.is_err()).map(|row| row.0).collect();
        if names.is_empty() { None } else { Some(names.join(", ")) }
    }

    fn print(&self) {
        println!();
        for (name, result, took) in &self.rows {
            let (verdict, detail) = match result {
                Ok(detail) => ("ok    ", detail.clone()),
                Err(error) => ("FAILED", format!("{error:#}")),
            };
            println!("{verdict} {name:<15} {:>6.1} s  {detail}", took.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn results_are_added_up_over_binaries() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test a ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
        ] {
            tally.read(line);
        }
        assert_eq!(tally, Tally { binaries: 2, passed: 15, failed: 2, ignored: 1 });
    }
}
