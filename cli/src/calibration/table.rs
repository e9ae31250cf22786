//! The table of a calibration, for documents and for a terminal.

use std::fmt::Write as _;

use scoring::calibration::{Calibration, Population, Spread};

/// As Markdown: one line for each kind of miner.
pub fn table(calibration: &Calibration) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "| miner | answers | tokens off | rejected by tokens | by proof | rejected | 95 % interval | mismatches, worst chunk | mantissa error | opened rows, distance in % |\n\
         |---|---:|---:|---:|---:|---:|---|---|---|---|"
    );
    for population in &calibration.populations {
        let Population { name, answers, tokens, off, rejected_by_tokens, rejected_by_proof, rejected, .. } = population;
        let off = *off as f64 / (*tokens).max(1) as f64 * 100.0;
        let percent = |ppb: u32| format!("{:.3}", f64::from(ppb) / 1e7);
        let _ = writeln!(
            out,
            "| {name} | {answers} | {off:.2} % | {rejected_by_tokens} | {rejected_by_proof} | {rejected} | {} to {} % | {} | {} | {} |",
            percent(population.rejection_low_ppb),
            percent(population.rejection_high_ppb),
            spread(population, &population.mismatches, 1.0, 0),
            spread(population, &population.mantissa_mean_milli, 1e3, 2),
            spread(population, &population.opening_ppm, 1e4, 2),
        );
    }
    out
}

/// Least, median and most.
fn spread(population: &Population, spread: &Spread, unit: f64, digits: usize) -> String {
    if population.compared == 0 {
        return "not of this answer".to_owned();
    }
    let number = |value: u32| format!("{:.digits$}", f64::from(value) / unit);
    format!("{} · {} · {}", number(spread.least), number(spread.median), number(spread.most))
}
