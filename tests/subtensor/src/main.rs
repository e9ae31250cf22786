//! `test-subtensor`: a line per check, and a summary.

use std::process::ExitCode;

use assay_tests_subtensor::{Options, USAGE, Usage, run};

const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(words) {
        Ok(options) => options,
        Err(Usage(what)) => {
            eprintln!("error: {what}\n\n{USAGE}");
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let json = options.json;
    let report = run(&options, |check| if json { eprintln!("{check}") } else { println!("{check}") }).await;
    match serde_json::to_string_pretty(&report) {
        Ok(document) => println!("{document}"),
        Err(error) => eprintln!("error: {error}"),
    }
    eprintln!("{} ok, {} failed, {} skipped, in {:.0} s", report.ok, report.failed, report.skipped, report.seconds);
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}
