//! What a run costs on one core: `cargo bench -p assay-simulation`.
//!
//! 256 seats, 16 validators that ask every miner in every round and score by the default rules, 1,000 epochs: once with 4
//! rounds in an epoch and once with 12, and beside it what is left where nobody asks anything.

use std::{hint::black_box, time::Instant};

use assay_simulation::{Scenario, run};
use scoring::Registry;

fn scenario(rounds: u64, strategy: &str) -> Scenario {
    let text = format!(
        r#"
        [[miners]]
        name = "honest"
        count = 200
        latency_spread = 0.3
        drift_epochs = 50

        [[miners]]
        name = "cacher"
        count = 39
        strategy = {{ kind = "cacher" }}

        [[validators]]
        name = "validators"
        count = 16
        strategy = {{ kind = "{strategy}" }}

        [run]
        epochs = 1000
        rounds_per_epoch = {rounds}
        "#
    );
    Scenario::from_toml(&text).expect("a scenario")
}

fn main() {
    println!("{:>8} {:>14} {:>10} {:>10}", "epochs", "rounds/epoch", "answers", "seconds");
    for (rounds, strategy) in [(4, "honest"), (12, "honest"), (1, "lazy")] {
        let scenario = scenario(rounds, strategy);
        let answers = if strategy == "honest" { 239 * 16 * rounds * scenario.run.epochs } else { 0 };
        let start = Instant::now();
        black_box(run(black_box(&scenario), &Registry::default(), 1).expect("a run"));
        let seconds = start.elapsed().as_secs_f64();
        println!("{:>8} {rounds:>14} {answers:>10} {seconds:>10.2}", scenario.run.epochs);
    }
}
