//! The outcome for people at a terminal.

use std::io::{self, Write};

use simulation::{Estimate, GroupSummary, Outcome, PointOutcome, Response, Verdict};

use crate::{row, table::Table};

/// Point by point; a grid as one table before.
pub fn print(outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let swept = outcome.points.len() > 1;
    for (at, point) in outcome.points.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        if swept {
            writeln!(out, "{}", settings(point))?;
        }
        print_point(point, out)?;
    }
    Ok(())
}

fn print_point(point: &PointOutcome, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", length(point))?;
    let mut table = Table::new(&GROUP_HEADINGS);
    for group in &point.summary.groups {
        table.push(group_cells(group));
    }
    table.write(out)?;
    if point.responses.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let mut table = Table::new(&RESPONSE_HEADINGS);
    for response in &point.responses {
        table.push(response_cells(response));
    }
    table.write(out)?;
    writeln!(out, "{}", conclusion(point))
}

/// Fewer pairs can't be as unlikely as has to be shown.
const DECISIVE_RUNS: u32 = 10;

/// Of [`group_cells`].
pub const GROUP_HEADINGS: [&str; 9] =
    ["group", "kind", "agents", "alpha/epoch", "±", "profit", "return", "lost seats", "kept"];

/// Of [`response_cells`].
pub const RESPONSE_HEADINGS: [&str; 6] = ["one of", "does instead", "gains", "from", "to", "so honesty is"];

/// One group's line.
pub fn group_cells(group: &GroupSummary) -> Vec<String> {
    let each = &group.emission_alpha_per_agent_epoch;
    let lost = match group.median_epochs_until_deregistered {
        Some(epochs) => format!("{:.1}, after {epochs:.0}", group.deregistrations.mean),
        None => "none".into(),
    };
    row![
        group.name,
        group.kind,
        number(group.agents, 1),
        number(each.mean, 4),
        each.high.map_or_else(dash, |high| number(high - each.mean, 4)),
        number(group.profit_alpha.mean, 1),
        group.return_on_cost.as_ref().map_or_else(dash, |found| number(found.mean, 2)),
        lost,
        format!("{:.0} %", 100.0 * group.seats_kept_share),
    ]
}

/// One alternative's line.
pub fn response_cells(response: &Response) -> Vec<String> {
    let Estimate { mean, low, high } = response.gain_alpha;
    row![
        response.group,
        response.alternative,
        number(mean, 3),
        low.map_or_else(dash, |low| number(low, 3)),
        high.map_or_else(dash, |high| number(high, 3)),
        match response.verdict {
            Verdict::HonestIsBetter => "better",
            Verdict::HonestIsWorse => "WORSE",
            Verdict::Undecided => "undecided",
        },
    ]
}

/// How long, how often.
pub fn length(point: &PointOutcome) -> String {
    format!("{} runs of {} epochs; ± is the interval of {:.0} %", point.runs, point.epochs, 100.0 * point.confidence)
}

/// The swept settings.
pub fn settings(point: &PointOutcome) -> String {
    point.settings.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}

/// Whether honesty is the best response, in a sentence.
pub fn conclusion(point: &PointOutcome) -> String {
    let responses = &point.responses;
    let of = |verdict: Verdict| {
        let found = responses.iter().filter(|response| response.verdict == verdict);
        found.map(|response| format!("{} ({})", response.alternative, response.group)).collect::<Vec<_>>().join(", ")
    };
    let (worse, open) = (of(Verdict::HonestIsWorse), of(Verdict::Undecided));
    match (worse.is_empty(), open.is_empty()) {
        (false, _) => format!("honesty is not the best response: {worse} pays more"),
        (true, false) if point.runs < DECISIVE_RUNS => {
            format!("{} runs decide nothing: {DECISIVE_RUNS} or more may", point.runs)
        }
        (true, false) => format!("nothing is shown to pay more than honesty; undecided: {open}"),
        (true, true) => "honesty is the best response to everything that was tried".into(),
    }
}

/// With so many digits behind the point.
fn number(value: f64, digits: usize) -> String {
    format!("{value:.digits$}")
}

fn dash() -> String {
    "-".to_owned()
}
