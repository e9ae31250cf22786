//! The answer as a page.

use scoring::{DecisiveAnswer, Header, Incentive};

use super::{answer::Answer, picture, series::Series, settings_changed::Changed};
use crate::page::{Cell, Page, Tint, capital};

const BOTH: [(Tint, &str); 2] = [(Tint::Before, "the log's rules"), (Tint::After, "the other rules")];

/// The whole document.
pub fn page(answer: &Answer, series: &Series, header: &Header, other: &Incentive) -> anyhow::Result<String> {
    let logged = header.rules.incentive();
    let mut page = Page::new(&format!("What if: subnet {}, row of record {}", answer.netuid, answer.record));
    head(&mut page, answer);
    rules(&mut page, answer);

    page.heading("Who gains, who loses");
    let shown = answer.miners.len().min(picture::BARS);
    let which = match shown < answer.miners.len() {
        true => format!("The {shown} of {} miners that gain and lose most", answer.miners.len()),
        false => "Every miner".to_owned(),
    };
    page.figure(&format!("{which}, the largest gain on top."), &BOTH, &picture::shares(answer)?);
    miners(&mut page, answer);
    decisive(&mut page, answer);

    page.heading("From standing to weight");
    let curves = "The weight that a standing earns beside the best miner's. Dots are the miners of this row: those off their \
                  curve share a weight with copies, are capped or burnt, or wait for the throne.";
    page.figure(curves, &BOTH, &picture::curves(answer, [logged.weights, other.weights])?);

    page.heading("Concentration");
    concentration(&mut page, answer);
    let spread =
        "What share of the weight the smallest so many miners have together. On the straight line all have the same.";
    page.figure(spread, &BOTH, &picture::spread(answer)?);
    let effective =
        "Over the log, how many miners with equal shares would be as concentrated: one over the Herfindahl index.";
    page.figure(effective, &BOTH, &picture::concentrations(answer)?);

    page.heading("Emission over time");
    let names: Vec<(Tint, String)> =
        picture::coloured(answer).into_iter().map(|(tint, miner)| (tint, format!("uid {}", miner.uid))).collect();
    let rest = [(Tint::Rest, "all others")];
    let keys: Vec<(Tint, &str)> = names.iter().map(|(tint, name)| (*tint, name.as_str())).chain(rest).collect();
    let pay = "What the rows of the log would pay to miners if this validator alone decided. By the log's rules:";
    page.figure(pay, &keys, &picture::pay(answer, series, 0)?);
    page.figure("By the other rules:", &keys, &picture::pay(answer, series, 1)?);

    page.heading("How far apart, over the log");
    let distances = "The total variation distance of the logged row and the other rules' row: the share of the weight that \
                     would have to move to make one of the other. The line breaks where the other rules have no row.";
    page.figure(distances, &[], &picture::distances(answer)?);
    for (name, rules) in [("The log's rules", logged), ("The other rules", other)] {
        page.folded(name, &serde_json::to_string_pretty(rules)?);
    }
    Ok(page.finish())
}

fn head(page: &mut Page, answer: &Answer) {
    page.title("What if the rules were others?");
    page.aside(&format!(
        "Validator {} on subnet {}, mechanism {}: the row of record {}, round {}, block {}.",
        answer.validator, answer.netuid, answer.mech, answer.record, answer.round, answer.block
    ));
    page.lead(&format!("{}.", answer.summary()), &format!("{}.", capital(&answer.paid_by())));
    for remark in answer.remarks() {
        page.paragraph(&format!("{}.", capital(&remark)));
    }
    let [before, after] = [&answer.concentration_before, &answer.concentration_after];
    let mut tiles = vec![
        ("weight that moves", format!("{:.4}", answer.distance)),
        ("effective miners", format!("{:.2} → {:.2}", before.effective, after.effective)),
        ("miners gaining / losing", format!("{} / {}", answer.gaining, answer.losing)),
    ];
    if let Some(paid) = &answer.payout {
        tiles.push(("validator's trust", arrow(paid.validator_trust_before, paid.validator_trust_after)));
        tiles.push(("validator's dividends", arrow(paid.dividends_before, paid.dividends_after)));
    }
    page.tiles(&tiles);
}

fn rules(page: &mut Page, answer: &Answer) {
    page.heading("What differs");
    if answer.changed.is_empty() {
        page.paragraph("Nothing: the other rules are the log's.");
        return;
    }
    let line =
        |Changed { setting, before, after }: &Changed| vec![Cell::name(setting), Cell::text(before), Cell::text(after)];
    let headings = [("setting", 1), ("in the log", 1), ("other", 1)];
    page.table("Settings of the rules", &headings, answer.changed.iter().map(line));
}

fn miners(page: &mut Page, answer: &Answer) {
    page.heading("Miner by miner");
    let gain = if answer.payout.is_some() { "gain in alpha" } else { "gain in shares" };
    let caption = format!("Before: by the log's rules. After: by the other rules. Sorted by {gain}.");
    let mut headings = vec![("uid", 1), ("hotkey", 1), ("standing", 2), ("share of the row", 2)];
    headings.extend(answer.payout.iter().flat_map(|_| [("incentive", 2), ("alpha", 2)]));
    headings.push(("gain", 1));
    let lines = answer.miners.iter().map(|miner| {
        let cells = miner.cells(13).into_iter().enumerate();
        cells.map(|(at, text)| if at == 1 { Cell::hash(text, miner.hotkey) } else { Cell::number(text) }).collect()
    });
    page.table(&caption, &headings, lines);
}

fn decisive(page: &mut Page, answer: &Answer) {
    page.heading("The records that decided it");
    let Some(first) = answer.decisive.first() else {
        page.paragraph("No answer counts any more: no standing is made up of any.");
        return;
    };
    page.paragraph(if first.difference() == 0.0 {
        "Every standing is the same by both rules: they differ in what they make of standings. These answers make up most of \
         them."
    } else {
        "Each new answer moves its miner's standing, and later ones wear that off. These are the answers whose parts of the \
         standing differ most between the rules."
    });
    let line = |found: &DecisiveAnswer| {
        vec![
            Cell::number(found.record),
            Cell::number(found.round),
            Cell::number(answer.uid_of(&found.miner).map_or_else(|| "-".to_owned(), |uid| uid.to_string())),
            Cell::name(&found.task),
            Cell::number(format_args!("{:.4}", found.score_before)),
            Cell::number(format_args!("{:.4}", found.score_after)),
            Cell::number(format_args!("{:.4}", found.part_before)),
            Cell::number(format_args!("{:.4}", found.part_after)),
        ]
    };
    let headings = [("record", 1), ("round", 1), ("uid", 1), ("task", 1), ("score", 2), ("part of the standing", 2)];
    page.table("The most decisive first", &headings, answer.decisive.iter().map(line));
}

fn concentration(page: &mut Page, answer: &Answer) {
    let [before, after] = [&answer.concentration_before, &answer.concentration_after];
    let line = |name: &str, of: [String; 2]| {
        let [before, after] = of.map(Cell::number);
        vec![Cell::name(name), before, after]
    };
    let share = |value: f64| format!("{value:.4}");
    let count = |found: Option<usize>| found.map_or_else(|| "-".to_owned(), |found| found.to_string());
    let lines = [
        line("miners with a weight", [before, after].map(|found| found.holders.to_string())),
        line("largest share", [before, after].map(|found| share(found.largest_share))),
        line("Herfindahl index", [before, after].map(|found| share(found.herfindahl))),
        line("effective miners", [before, after].map(|found| format!("{:.2}", found.effective))),
        line("Gini coefficient", [before, after].map(|found| share(found.gini))),
        line("Nakamoto coefficient, 33 %", [before, after].map(|found| count(found.nakamoto_33))),
        line("Nakamoto coefficient, 50 %", [before, after].map(|found| count(found.nakamoto_50))),
    ];
    page.table("Of the weights in the row", &[("", 1), ("before", 1), ("after", 1)], lines);
}

fn arrow(before: f64, after: f64) -> String {
    format!("{before:.4} → {after:.4}")
}
