//! How well copiers are told from honest validators: `cargo bench -p assay-scoring --bench copying` prints the tables of
//! `docs/concentration.md`, and what the search costs.

#[path = "../tests/copiers/mod.rs"]
mod copiers;

use std::time::Instant;

use assay_scoring::{
    copying::{Following, Search, Verdict, copying},
    statistics::roc,
};
use copiers::{HONEST, Kind, Scene, base, history, honest, validator};

/// So many validators a line: 20 subnets of 24, more of smaller ones.
const VALIDATORS: usize = 480;
/// Subnets that nothing was tried on while the search was made.
const FIRST_SEED: u32 = 1_000;

fn main() {
    let base = base();
    table("Where quality moves and validators err");
    line("no miner ever changes, and nobody errs", &Scene { drift: 0.0, noise: 0.0, churn: 0.0, ..base.clone() });
    for (drift, noise) in
        [(0.1, 0.1), (0.03, 0.1), (0.0, 0.1), (0.1, 0.0), (0.1, 0.3), (0.1, 1.0), (0.3, 0.1), (0.0, 0.0)]
    {
        line(&format!("drift {drift}, noise {noise}"), &Scene { drift, noise, ..base.clone() });
    }
    line("the chain's consensus isn't told", &Scene { consensus: false, ..base.clone() });
    line(
        "5 % of the seats change hands, 10 % of the rows are missing",
        &Scene { churn: 0.05, missing: 0.1, ..base.clone() },
    );

    table("Copiers who hide");
    for noise in [0.03, 0.05, 0.1, 0.3, 1.0] {
        let copier = |at: usize| Kind::Copier { lag: at % 3 + 1, of: None, mix: 1.0, noise };
        line(&format!("they add noise of {noise}"), &with_copiers(&base, copier));
    }
    let more = Scene { epochs: 200, ..base.clone() };
    line(
        "of 0.1, and 200 epochs",
        &with_copiers(&more, |at| Kind::Copier { lag: at % 3 + 1, of: None, mix: 1.0, noise: 0.1 }),
    );
    for (mix, lag) in [(0.8, 1), (0.8, 2), (0.5, 1), (0.5, 2), (0.5, 3), (0.3, 2), (0.2, 2)] {
        let copier = |_| Kind::Copier { lag, of: None, mix, noise: 0.0 };
        line(&format!("{:.0} % copied, lag {lag}", mix * 100.0), &with_copiers(&base, copier));
    }
    line(
        "50 % copied, lag 2, 200 epochs",
        &with_copiers(&more, |_| Kind::Copier { lag: 2, of: None, mix: 0.5, noise: 0.0 }),
    );

    table("Copiers of one validator");
    for (mix, noise) in [(1.0, 0.0), (1.0, 0.05), (1.0, 0.1), (0.5, 0.0), (0.3, 0.0)] {
        let copier = |at: usize| Kind::Copier { lag: at % 3 + 1, of: Some(at % 5), mix, noise };
        line(&format!("{:.0} % copied, noise {noise}", mix * 100.0), &with_copiers(&base, copier));
    }

    table("How much there is to look at");
    for epochs in [20, 25, 30, 100, 200] {
        line(&format!("{epochs} epochs"), &Scene { epochs, ..base.clone() });
    }
    for miners in [4, 8, 16, 128] {
        line(&format!("{miners} miners"), &Scene { miners, ..base.clone() });
    }

    table("Who is there");
    for honest in [1, 2, 3, 5] {
        let validators = base.validators[..honest].iter().chain(&base.validators[16..19]).copied().collect();
        line(&format!("{honest} honest, 3 copiers"), &Scene { validators, ..base.clone() });
    }
    let validators = base.validators[..6].iter().chain(&[base.validators[16]; 18]).copied().collect();
    line("6 honest, 18 copiers of lag 1", &Scene { validators, ..base.clone() });
    let copier = |at: usize| Kind::Copier { lag: at % 3 + 1, of: None, mix: 1.0, noise: 0.01 * at as f64 };
    let validators = (0..9).map(honest).chain((0..6).map(copier)).collect();
    let harder = Scene { validators, miners: 20, epochs: 44, ..base.clone() };
    line("9 honest, 6 copiers with noise up to 0.05, 20 miners, 44 epochs", &harder);
    line("24 honest, all alike", &Scene { validators: vec![HONEST; 24], ..base.clone() });
    line("24 honest, of all kinds", &Scene { validators: (0..24).map(honest).collect(), ..base.clone() });
    let late = |_| Kind::Late;
    line("8 honest ones an epoch late for 8 copiers", &with_copiers(&base, late));
    line("8 constant rows for 8 copiers", &with_copiers(&base, |_| Kind::Constant));

    let validators = (0..64).map(|at| if at < 48 { honest(at) } else { base.validators[16 + at % 8] }).collect();
    let large = history(&Scene { validators, miners: 256, ..base }, 0);
    let start = Instant::now();
    let found = copying(&large, &Search::default()).unwrap();
    println!("\n{} validators, 256 miners, 50 epochs: {:.1} s", found.len(), start.elapsed().as_secs_f64());
}

fn with_copiers(scene: &Scene, copier: impl Fn(usize) -> Kind) -> Scene {
    let validators = scene.validators[..16].iter().copied().chain((0..8).map(copier)).collect();
    Scene { validators, ..scene.clone() }
}

fn table(name: &str) {
    println!("\n| {name} | area | copiers: found | with lag and source | cleared | honest: accused | cleared |");
    println!("|---|---:|---:|---:|---:|---:|---:|");
}

fn line(name: &str, scene: &Scene) {
    let mut found: Vec<(Kind, Following)> = Vec::new();
    for seed in (FIRST_SEED..).take(VALIDATORS / scene.validators.len()) {
        for following in copying(&history(scene, seed), &Search::default()).unwrap() {
            let at = (0..scene.validators.len()).find(|at| validator(*at) == following.validator).unwrap();
            found.push((scene.validators[at], following));
        }
    }
    let copies = |kind: &Kind| matches!(kind, Kind::Copier { .. });
    let scores: Vec<f64> = found.iter().map(|(_, following)| following.score).collect();
    let labels: Vec<bool> = found.iter().map(|(kind, _)| copies(kind)).collect();
    let area = roc(&scores, &labels).map_or("-".to_owned(), |curve| format!("{:.4}", curve.area()));
    let share = |copiers: bool, holds: &dyn Fn(&Kind, &Following) -> bool| {
        let all: Vec<_> = found.iter().filter(|(kind, _)| copies(kind) == copiers).collect();
        let count = all.iter().filter(|(kind, following)| holds(kind, following)).count();
        if all.is_empty() { "-".to_owned() } else { format!("{:.1} %", count as f64 / all.len() as f64 * 100.0) }
    };
    let accused = |_: &Kind, following: &Following| following.verdict == Verdict::Copies;
    let cleared = |_: &Kind, following: &Following| following.verdict == Verdict::Honest;
    let known = |kind: &Kind, following: &Following| match kind {
        Kind::Copier { lag, of, .. } => {
            accused(kind, following) && following.lag == Some(*lag) && following.of == of.map(validator)
        }
        _ => false,
    };
    println!(
        "| {name} | {area} | {} | {} | {} | {} | {} |",
        share(true, &accused),
        share(true, &known),
        share(true, &cleared),
        share(false, &accused),
        share(false, &cleared),
    );
}
