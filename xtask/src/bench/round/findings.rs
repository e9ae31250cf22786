//! What rounds took, and the table of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bench::measure::{Spread, spread};
use crate::bench::report::{middle, table, with_range};

/// One round, as the asking side says it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Lap {
    pub wall_s: f64,
    /// Of the whole asking process.
    pub cpu_s: f64,
    pub answered: u32,
    /// Questions without an answer, by what became of them.
    pub lost: BTreeMap<String, u32>,
}

#[derive(Debug, Serialize)]
struct Run {
    /// The first is 0: it connects.
    round: usize,
    miners: u16,
    side: String,
    lap: Lap,
}

#[derive(Debug, Default, Serialize)]
pub struct Findings(Vec<Run>);

impl Run {
    fn cpu_ms(&self) -> f64 {
        1e3 * self.lap.cpu_s / f64::from(self.miners)
    }
}

impl Findings {
    pub fn add(&mut self, round: usize, miners: u16, side: &str, lap: Lap) {
        let run = Run { round, miners, side: side.to_owned(), lap };
        eprintln!(
            "    round {round} of {miners}, {side}: {:.3} s, {:.3} ms of processor time each, {} answers",
            run.lap.wall_s,
            run.cpu_ms(),
            run.lap.answered
        );
        self.0.push(run);
    }

    /// A table, ratios of the first side to each other, and what was lost.
    pub fn markdown(&self) -> String {
        let mut text = table(
            &[
                "miners, side",
                "round, s",
                "× ours",
                "client CPU per query, ms",
                "× ours",
                "answers of a round",
                "first round, s",
                "its CPU per query, ms",
            ],
            &self.sides().into_iter().map(|(miners, side)| self.row(miners, side)).collect::<Vec<_>>(),
        );
        let mut lost = BTreeMap::<(u16, &str, &str), u32>::new();
        for run in &self.0 {
            for (why, count) in &run.lap.lost {
                *lost.entry((run.miners, &run.side, why)).or_default() += count;
            }
        }
        if !lost.is_empty() {
            text.push('\n');
        }
        for ((miners, side, why), count) in lost {
            let asked =
                self.0.iter().filter(|run| run.miners == miners && run.side == side).count() * usize::from(miners);
            text += &format!("- {side}: {count} of {asked} questions lost: `{why}`.\n");
        }
        text
    }

    /// Each once, in the order in which they were measured.
    fn sides(&self) -> Vec<(u16, &str)> {
        let mut sides = Vec::new();
        for run in &self.0 {
            let side = (run.miners, run.side.as_str());
            if !sides.contains(&side) {
                sides.push(side);
            }
        }
        sides
    }

    fn row(&self, miners: u16, side: &str) -> Vec<String> {
        let of = |side| move |run: &&Run| run.miners == miners && run.side == side;
        let first = self.0.iter().filter(of(side)).find(|run| run.round == 0);
        let later = || self.0.iter().filter(of(side)).filter(|run| run.round > 0);
        let ours = self.sides().into_iter().find(|side| side.0 == miners).map_or(side, |(_, ours)| ours);
        // Each round by itself: what disturbed it disturbed both.
        let times = |value: fn(&Run) -> f64| {
            let ratio = |run: &Run| {
                let ours = self.0.iter().filter(of(ours)).find(|ours| ours.round == run.round)?;
                Some(value(run) / value(ours))
            };
            let ratios = if ours == side { None } else { spread(later().filter_map(ratio)) };
            middle(ratios, 1)
        };
        vec![
            format!("{miners}, {side}"),
            with_range(spread(later().map(|run| run.lap.wall_s)), 3),
            times(|run| run.lap.wall_s),
            with_range(spread(later().map(Run::cpu_ms)), 3),
            times(Run::cpu_ms),
            whole(spread(later().map(|run| f64::from(run.lap.answered)))),
            middle(spread(first.map(|run| run.lap.wall_s)), 3),
            middle(spread(first.map(Run::cpu_ms)), 3),
        ]
    }
}

/// A number of answers, and how far it went where it wasn't always the same.
fn whole(spread: Option<Spread>) -> String {
    match spread {
        Some(Spread { least, most, .. }) if least != most => with_range(spread, 0),
        _ => middle(spread, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lap(wall_s: f64, cpu_s: f64, answered: u32, lost: &[(&str, u32)]) -> Lap {
        Lap { wall_s, cpu_s, answered, lost: lost.iter().map(|(why, count)| ((*why).to_owned(), *count)).collect() }
    }

    #[test]
    fn the_first_round_is_told_apart_and_ratios_are_by_round() {
        let mut findings = Findings::default();
        for (round, slow) in [(0, 10.0), (1, 1.0), (2, 2.0)] {
            findings.add(round, 10, "ours", lap(0.5 * slow, 0.01 * slow, 10, &[]));
            let lost = [("gone", 1)];
            findings.add(round, 10, "theirs", lap(2.0 * slow, 0.1 * slow, 9, if round == 2 { &lost } else { &[] }));
        }
        findings.add(1, 20, "ours", lap(1.0, 0.02, 20, &[]));
        let text = findings.markdown();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                "| 10, ours | 0.750 (0.500–1.000) | – | 1.500 (1.000–2.000) | – | 10 | 5.000 | 10.000 |",
                "| 10, theirs | 3.000 (2.000–4.000) | 4.0 | 15.000 (10.000–20.000) | 10.0 | 9 | 20.000 | 100.000 |",
                "| 20, ours | 1.000 (1.000–1.000) | – | 1.000 (1.000–1.000) | – | 20 | – | – |",
                "",
                "- theirs: 1 of 30 questions lost: `gone`.",
            ]
        );
    }

    #[test]
    fn answers_that_vary_have_a_range() {
        assert_eq!(whole(spread([256.0, 256.0])), "256");
        assert_eq!(whole(spread([212.0, 256.0, 250.0])), "250 (212–256)");
        assert_eq!(whole(None), "–");
    }
}
