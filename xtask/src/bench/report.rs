//! Figures as Markdown, and the section of a document that holds them.

use std::fmt::Write;

use anyhow::{Result, bail};

use super::measure::Spread;

/// A table whose first column is words and whose others are numbers.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let rule = (0..head.len()).map(|column| if column == 0 { "---" } else { "---:" }).collect();
    let mut text = line(head.to_vec()) + &line(rule);
    for row in rows {
        text += &line(row.iter().map(String::as_str).collect());
    }
    text
}

/// A middle with as many decimals, and nothing where nothing was measured.
pub fn middle(spread: Option<Spread>, decimals: usize) -> String {
    spread.map_or_else(|| "–".into(), |spread| format!("{:.decimals$}", spread.median))
}

/// As `1.52 (1.48–1.61)`.
pub fn with_range(spread: Option<Spread>, decimals: usize) -> String {
    let mut text = middle(spread, decimals);
    if let Some(Spread { least, most, .. }) = spread {
        let _ = write!(text, " ({least:.decimals$}–{most:.decimals$})");
    }
    text
}

/// `document` with `text` where the section of this name was.
pub fn replace_section(document: &str, name: &str, text: &str) -> Result<String> {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let Some((before, rest)) = document.split_once(&open) else { bail!("it has no line {}", open.trim_end()) };
    let Some((_, after)) = rest.split_once(&close) else { bail!("it has no line {close}") };
    Ok(format!("{before}{open}\n{}\n\n{close}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_nothing_else() -> Result<()> {
        let document = "# A\n<!-- cpu -->\nold\n<!-- end of cpu -->\n<!-- gpu -->\nx\n<!-- end of gpu -->\n";
        let once = replace_section(document, "cpu", "| new |\n")?;
        assert_eq!(once, "# A\n<!-- cpu -->\n\n| new |\n\n<!-- end of cpu -->\n<!-- gpu -->\nx\n<!-- end of gpu -->\n");
        assert_eq!(replace_section(&once, "cpu", "| new |")?, once);
        assert!(replace_section(document, "tpu", "").is_err());
        assert!(replace_section("<!-- cpu -->\nold\n", "cpu", "").is_err());
        Ok(())
    }

    #[test]
    fn tables_and_cells_are_markdown() {
        let spread = Some(Spread { least: 1.0, median: 1.25, most: 2.0 });
        let row = vec!["ours".into(), middle(spread, 1), with_range(spread, 2), with_range(None, 2)];
        assert_eq!(
            table(&["engine", "a", "b", "c"], &[row]),
            "| engine | a | b | c |\n| --- | ---: | ---: | ---: |\n| ours | 1.2 | 1.25 (1.00–2.00) | – |\n"
        );
    }
}
