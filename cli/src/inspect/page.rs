//! What was found as a page.

use scoring::{
    concentration::{Concentration, lorenz},
    copying::Verdict,
};

use super::findings::{Findings, Validator, coefficient};
use crate::page::{Axis, Bar, Cell, Chart, Line, Page, Tint, bars, capital, lines};

/// Validators that are drawn.
const BARS: usize = 40;

/// The whole document.
pub fn page(findings: &Findings) -> anyhow::Result<String> {
    let mut page = Page::new(&format!("Inspected: {}", findings.place()));
    page.title("Who decides, and who repeats?");
    page.aside(&format!("{}.", capital(&findings.place())));
    page.lead(&format!("{}.", capital(&findings.copiers())), &format!("{}.", capital(&findings.seen())));
    let majority = |found: &Concentration| coefficient(found.nakamoto_50);
    page.tiles(&findings.concentrations().map(|(name, found)| (format!("hold half of {name}"), majority(found))));

    page.heading("Concentration");
    let line = |(name, found): (&str, &Concentration)| {
        vec![
            Cell::name(name),
            Cell::number(found.holders),
            Cell::number(format_args!("{:.4}", found.largest_share)),
            Cell::number(format_args!("{:.4}", found.herfindahl)),
            Cell::number(format_args!("{:.2}", found.effective)),
            Cell::number(format_args!("{:.4}", found.gini)),
            Cell::number(coefficient(found.nakamoto_33)),
            Cell::number(coefficient(found.nakamoto_50)),
        ]
    };
    let headings = [
        ("of", 1),
        ("holders", 1),
        ("largest share", 1),
        ("Herfindahl index", 1),
        ("effective number", 1),
        ("Gini coefficient", 1),
        ("over 33 %", 1),
        ("over 50 %", 1),
    ];
    page.table("Over all seats", &headings, findings.concentrations().map(line));
    let keys: Vec<(Tint, &str)> =
        (0..).map(Tint::Series).zip(findings.concentrations().map(|(name, _)| name)).collect();
    let spread = "What share the smallest so many holders have together. On the straight line all have the same.";
    page.figure(spread, &keys, &spread_of(findings)?);

    page.heading("Whose word moves the pay");
    let influence = "Each validator by its share of the stake and by the part of the incentive that would move without it. \
                     Above the line a validator moves more than its stake would suggest.";
    page.figure(influence, &[(Tint::Series(0), "a validator")], &influence_of(findings)?);

    page.heading("Whose row follows whose");
    let drawn = findings.validators.len().min(BARS);
    let following = format!(
        "How the changes of a row go with those of the others' consensus in the same epoch, and with what it follows best in \
         an epoch before: correlations, below 0 not drawn. {drawn} of {} validators, the most stake first.",
        findings.validators.len()
    );
    let both = [(Tint::Before, "in the same epoch"), (Tint::After, "with the lag that fits best")];
    if findings.validators.iter().any(|validator| validator.following.as_ref().is_some_and(|one| one.found.epochs > 0))
    {
        page.figure(&following, &both, &following_of(findings)?);
    } else {
        page.paragraph("Too few epochs were seen: a row has to change before anything can be said of it.");
    }
    validators(&mut page, findings);
    Ok(page.finish())
}

fn validators(page: &mut Page, findings: &Findings) {
    let mut headings = vec![("uid", 1)];
    headings.extend(findings.netuid.map(|_| ("hotkey", 1)));
    headings.extend(
        ["alpha", "share of the stake", "trust", "dividends", "influence", "pivotal", "row", "lag", "of", "score", "p"]
            .map(|name| (name, 1)),
    );
    let line = |validator: &Validator| {
        let cells = validator.cells().into_iter().enumerate();
        let cell = |(at, text)| match validator.hotkey {
            Some(hotkey) if at == 1 => Cell::hash(text, hotkey),
            _ => Cell::number(text),
        };
        cells.map(cell).collect()
    };
    page.table("Validators, the most stake first", &headings, findings.validators.iter().map(line));
}

fn spread_of(findings: &Findings) -> anyhow::Result<String> {
    let spread = &findings.spread;
    let all = [&spread.stake, &spread.dividends, &spread.incentive, &spread.influence];
    let curve = |amounts: &Vec<f64>| lorenz(amounts.iter().filter(|amount| **amount > 0.0));
    let chart = Chart {
        title: "How it is spread over its holders",
        description: "Lorenz curves of stake, dividends, incentive and influence below the line of equal shares",
        x: Axis { name: "share of the holders, the smallest first", range: 0.0..1.0, digits: 1 },
        y: Axis { name: "share of what they hold", range: 0.0..1.0, digits: 1 },
        height: 400,
    };
    let equal = Line::new(Tint::Rest, vec![(0.0, 0.0), (1.0, 1.0)]);
    let curves = (0..).map(Tint::Series).zip(all).map(|(tint, amounts)| Line::new(tint, curve(amounts)));
    lines(&chart, &std::iter::once(equal).chain(curves).collect::<Vec<_>>())
}

fn influence_of(findings: &Findings) -> anyhow::Result<String> {
    let of = |validator: &Validator| (validator.stake_share, validator.influence);
    let most = findings.validators.iter().map(of).fold(0.05, |most, (x, y)| f64::max(most, f64::max(x, y))) * 1.05;
    let chart = Chart {
        title: "Stake and influence",
        description: "A dot for each validator: its share of the stake across, its influence up",
        x: Axis { name: "share of the stake that counts", range: 0.0..most, digits: 2 },
        y: Axis { name: "part of the incentive that it moves", range: 0.0..most, digits: 2 },
        height: 380,
    };
    let dots = findings.validators.iter().map(|validator| vec![of(validator)]).collect();
    let equal = Line::new(Tint::Rest, vec![(0.0, 0.0), (most, most)]);
    lines(&chart, &[equal, Line { tint: Tint::Series(0), runs: dots, band: Vec::new(), dots: true }])
}

fn following_of(findings: &Findings) -> anyhow::Result<String> {
    let bar = |validator: &Validator| {
        let found = validator.following.as_ref().map(|one| &one.found);
        let copies = found.is_some_and(|found| found.verdict == Verdict::Copies);
        Bar {
            name: format!("{}uid {}", if copies { "copies " } else { "" }, validator.uid),
            values: found.map_or([0.0; 2], |found| [found.contemporaneous.max(0.0), found.correlation.max(0.0)]),
        }
    };
    let all: Vec<Bar> = findings.validators.iter().take(BARS).map(bar).collect();
    let text = "Pairs of bars: for each validator the correlation of its row's changes with the others' now and before";
    bars("Now, and then", text, "correlation", &all)
}
