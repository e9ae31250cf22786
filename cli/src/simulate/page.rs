//! The outcome as a page.

use simulation::{Band, GroupSummary, Outcome, PointOutcome, Scenario};

use super::tables::{GROUP_HEADINGS, RESPONSE_HEADINGS, conclusion, group_cells, length, response_cells, settings};
use crate::page::{Axis, Cell, Chart, Line, Page, Tint, capital, lines};

/// The whole document.
pub fn page(name: &str, scenario: &Scenario, outcome: &Outcome) -> anyhow::Result<String> {
    let mut page = Page::new(&format!("Simulated: {name}"));
    page.title("What would this subnet pay?");
    page.aside(&format!("{name}: seats, stake, rows and epochs on paper, paid as the chain pays."));
    if outcome.points.len() > 1 {
        grid(&mut page, outcome);
    }
    for point in &outcome.points {
        if outcome.points.len() > 1 {
            page.heading(&settings(point));
        }
        of_point(&mut page, point)?;
    }
    page.folded("The scenario", &serde_json::to_string_pretty(scenario)?);
    Ok(page.finish())
}

/// Every combination on a line.
fn grid(page: &mut Page, outcome: &Outcome) {
    page.heading("The grid");
    let names: Vec<String> = outcome.points.first().map_or_else(Vec::new, |point| {
        let profits = point.summary.groups.iter().map(|group| format!("{}: alpha/epoch", group.name));
        point.settings.keys().cloned().chain(profits).collect()
    });
    let mut headings: Vec<(&str, u8)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    headings.push(("", 1));
    let line = |point: &PointOutcome| {
        let values = point.settings.values().map(Cell::name);
        let each = point.summary.groups.iter().map(|group| group.emission_alpha_per_agent_epoch.mean);
        let said = if point.responses.is_empty() { String::new() } else { conclusion(point) };
        values.chain(each.map(|mean| Cell::number(format_args!("{mean:.4}")))).chain([Cell::text(said)]).collect()
    };
    page.table("All combinations of the swept settings", &headings, outcome.points.iter().map(line));
}

fn of_point(page: &mut Page, point: &PointOutcome) -> anyhow::Result<()> {
    let groups = &point.summary.groups;
    if !point.responses.is_empty() {
        page.lead(&format!("{}.", capital(&conclusion(point))), &format!("{}.", length(point)));
    }
    let whole = |group: &GroupSummary| named(group_cells(group));
    page.table(
        "Groups of agents; profit over a run, in alpha",
        &GROUP_HEADINGS.map(|name| (name, 1)),
        groups.iter().map(whole),
    );
    for (side, title) in
        [("miners", "Emission of a miner over time"), ("validators", "Emission of a validator over time")]
    {
        let of_side: Vec<&GroupSummary> = groups.iter().filter(|group| group.side == side).collect();
        let keys: Vec<(Tint, &str)> =
            (0..).map(Tint::Series).zip(of_side.iter().map(|group| group.name.as_str())).collect();
        let bands: Vec<(Tint, &Band, f64)> = (0..)
            .map(Tint::Series)
            .zip(&of_side)
            .map(|(tint, group)| (tint, &group.emission_alpha_per_epoch, group.agents.max(1.0)))
            .collect();
        let up = "alpha per agent and epoch";
        page.figure(&format!("{title}, with what chance moves."), &keys, &over_time(point, title, up, &bands)?);
    }
    let all = [&point.summary.miners, &point.summary.validators, &point.summary.stake];
    let names = ["emission of miners", "emission of validators", "stake"];
    let bands: Vec<(Tint, &Band, f64)> =
        (0..).map(Tint::Series).zip(all).map(|(tint, spread)| (tint, &spread.gini, 1.0)).collect();
    let keys: Vec<(Tint, &str)> = (0..).map(Tint::Series).zip(names).collect();
    let title = "Gini coefficient over time";
    page.figure(
        "How unequal it gets: 0 where all have the same.",
        &keys,
        &over_time(point, title, "Gini coefficient", &bands)?,
    );
    if !point.responses.is_empty() {
        let lines = point.responses.iter().map(|one| named(response_cells(one)));
        let caption =
            "What one honest agent gains over a run by doing something else, in alpha: pairs of runs with one seed";
        page.table(caption, &RESPONSE_HEADINGS.map(|name| (name, 1)), lines);
    }
    Ok(())
}

/// Cells of which the first two are names.
fn named(cells: Vec<String>) -> Vec<Cell> {
    let cell = |(at, text)| if at < 2 { Cell::name(text) } else { Cell::number(text) };
    cells.into_iter().enumerate().map(cell).collect()
}

fn over_time(point: &PointOutcome, title: &str, up: &str, bands: &[(Tint, &Band, f64)]) -> anyhow::Result<String> {
    let epochs: Vec<f64> = point.summary.until_epochs.iter().map(|epoch| *epoch as f64).collect();
    let most = bands.iter().flat_map(|(_, band, whole)| band.mean.iter().chain(&band.high).map(move |top| top / whole));
    let most = most.filter(|top| top.is_finite()).fold(0.0, f64::max);
    let line = |(tint, band, whole): &(Tint, &Band, f64)| {
        let ends = band.low.iter().zip(&band.high);
        let ends =
            epochs.iter().zip(ends).map(|(x, (low, high))| (*x, (low / whole).max(0.0), (high / whole).min(most)));
        let mean = epochs.iter().copied().zip(band.mean.iter().map(|mean| mean / whole)).collect();
        Line { tint: *tint, runs: vec![mean], band: ends.collect(), dots: epochs.len() == 1 }
    };
    let digits = if most < 0.1 {
        4
    } else if most < 10.0 {
        2
    } else {
        0
    };
    let chart = Chart {
        title,
        description: "A line for each, and around it where it would lie with other seeds",
        x: Axis { name: "epoch", range: 0.0..epochs.last().copied().unwrap_or(1.0), digits: 0 },
        y: Axis { name: up, range: 0.0..most * 1.08, digits },
        height: 340,
    };
    lines(&chart, &bands.iter().map(line).collect::<Vec<_>>())
}
