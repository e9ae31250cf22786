//! The answer as one page of HTML: no script, nothing from elsewhere, light and dark.

use std::fmt::Write as _;

use scoring::{Header, Incentive};

use super::{answer::Answer, picture, settings_changed::Changed};

const STYLE: &str = include_str!("page.css");
const KEY: &str =
    "<span class=\"key before\"></span>the log's rules &nbsp; <span class=\"key after\"></span>the other rules";

/// The whole document.
pub fn page(answer: &Answer, header: &Header, other: &Incentive) -> anyhow::Result<String> {
    let logged = header.rules.incentive();
    let title = format!("What if: subnet {}, row of record {}", answer.netuid, answer.record);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        title = escape(&title)
    );
    head(&mut html, answer)?;
    rules(&mut html, answer)?;
    let shown = answer.miners.len().min(picture::BARS);
    let which = match shown < answer.miners.len() {
        true => format!("The {shown} of {} miners that gain and lose most", answer.miners.len()),
        false => "Every miner".to_owned(),
    };
    let bars = format!("{which}, the largest gain on top. {KEY}");
    figure(&mut html, "Who gains, who loses", &bars, &picture::bars(answer)?)?;
    miners(&mut html, answer)?;
    let curves = format!(
        "The weight that a standing earns beside the best miner's. Dots are the miners of this row: those off their curve \
         share a weight with copies, are capped or burnt, or wait for the throne. {KEY}"
    );
    figure(&mut html, "From standing to weight", &curves, &picture::curves(answer, [logged.weights, other.weights])?)?;
    let distances = "The total variation distance of the logged row and the other rules' row: the share of the weight that \
                     would have to move to make one of the other. The line breaks where the other rules have no row.";
    figure(&mut html, "How far apart, over the log", distances, &picture::distances(answer)?)?;
    for (name, rules) in [("The log's rules", logged), ("The other rules", other)] {
        let json = serde_json::to_string_pretty(rules)?;
        write!(html, "<details>\n<summary>{name}</summary>\n<pre>{}</pre>\n</details>\n", escape(&json))?;
    }
    html += "</main>\n</body>\n</html>\n";
    Ok(html)
}

fn head(html: &mut String, answer: &Answer) -> anyhow::Result<()> {
    writeln!(html, "<h1>What if the rules were others?</h1>")?;
    writeln!(
        html,
        "<p class=\"quiet\">Validator <span class=\"hash\">{}</span> on subnet {}, mechanism {}: the row of record {}, \
         round {}, block {}.</p>",
        answer.validator, answer.netuid, answer.mech, answer.record, answer.round, answer.block
    )?;
    writeln!(html, "<p><strong>{}.</strong> {}.</p>", escape(&answer.summary()), escape(&capital(&answer.paid_by())))?;
    for remark in answer.remarks() {
        writeln!(html, "<p>{}.</p>", escape(&capital(&remark)))?;
    }
    let mut tiles = vec![
        ("weight that moves", format!("{:.4}", answer.distance)),
        ("Herfindahl index", arrow(answer.herfindahl_before, answer.herfindahl_after)),
        ("miners gaining / losing", format!("{} / {}", answer.gaining, answer.losing)),
    ];
    if let Some(paid) = &answer.payout {
        tiles.push(("validator's trust", arrow(paid.validator_trust_before, paid.validator_trust_after)));
        tiles.push(("validator's dividends", arrow(paid.dividends_before, paid.dividends_after)));
    }
    html.push_str("<dl>\n");
    for (name, value) in tiles {
        writeln!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
    }
    html.push_str("</dl>\n");
    Ok(())
}

fn rules(html: &mut String, answer: &Answer) -> anyhow::Result<()> {
    html.push_str("<h2>What differs</h2>\n");
    if answer.changed.is_empty() {
        html.push_str("<p>Nothing: the other rules are the log's.</p>\n");
        return Ok(());
    }
    html.push_str("<div class=\"scroll\"><table>\n<caption>Settings of the rules</caption>\n<thead><tr>");
    html.push_str("<th scope=\"col\" class=\"name\">setting</th><th scope=\"col\" class=\"wide\">in the log</th>");
    html.push_str("<th scope=\"col\" class=\"wide\">other</th></tr></thead>\n<tbody>\n");
    for Changed { setting, before, after } in &answer.changed {
        writeln!(
            html,
            "<tr><th scope=\"row\" class=\"name\">{}</th><td class=\"wide\"><code>{}</code></td>\
             <td class=\"wide\"><code>{}</code></td></tr>",
            escape(setting),
            escape(&before.to_string()),
            escape(&after.to_string())
        )?;
    }
    html.push_str("</tbody>\n</table></div>\n");
    Ok(())
}

fn miners(html: &mut String, answer: &Answer) -> anyhow::Result<()> {
    html.push_str("<h2>Miner by miner</h2>\n<div class=\"scroll\"><table>\n");
    let gain = if answer.payout.is_some() { "gain in alpha" } else { "gain in shares" };
    writeln!(html, "<caption>Before: by the log's rules. After: by the other rules. Sorted by {gain}.</caption>")?;
    let mut pairs = vec!["standing", "share of the row"];
    pairs.extend(answer.payout.iter().flat_map(|_| ["incentive", "alpha"]));
    html.push_str("<thead>\n<tr><th rowspan=\"2\" scope=\"col\">uid</th>");
    html.push_str("<th rowspan=\"2\" scope=\"col\" class=\"name\">hotkey</th>");
    for pair in &pairs {
        write!(html, "<th colspan=\"2\" scope=\"colgroup\">{pair}</th>")?;
    }
    writeln!(html, "<th rowspan=\"2\" scope=\"col\">gain</th></tr>")?;
    let halves = "<th scope=\"col\">before</th><th scope=\"col\">after</th>".repeat(pairs.len());
    writeln!(html, "<tr>{halves}</tr>\n</thead>\n<tbody>")?;
    for miner in &answer.miners {
        let cells = miner.cells(13);
        let mut line = String::new();
        for (at, cell) in cells.iter().enumerate() {
            let cell = escape(cell);
            match at {
                0 => write!(line, "<th scope=\"row\">{cell}</th>")?,
                1 => write!(line, "<td class=\"name hash\" title=\"{}\">{cell}</td>", miner.hotkey)?,
                _ => write!(line, "<td>{cell}</td>")?,
            }
        }
        writeln!(html, "<tr>{line}</tr>")?;
    }
    html.push_str("</tbody>\n</table></div>\n");
    Ok(())
}

fn figure(html: &mut String, title: &str, caption: &str, svg: &str) -> anyhow::Result<()> {
    writeln!(html, "<h2>{title}</h2>\n<figure>\n<figcaption>{caption}</figcaption>")?;
    writeln!(html, "<div class=\"scroll\">\n{}\n</div>\n</figure>", svg.trim())?;
    Ok(())
}

fn arrow(before: f64, after: f64) -> String {
    format!("{before:.4} → {after:.4}")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Text as it may stand in HTML, in elements and in attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_markup() {
        assert_eq!(escape("<script>\"a\" & 'b'"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;");
        assert_eq!((capital("the row"), capital("")), ("The row".into(), String::new()));
    }
}
