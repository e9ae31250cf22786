//! Reports as one page of HTML: no script, nothing from elsewhere, light and dark.

mod chart;

pub use chart::{Axis, Bar, Chart, Line, Tint, bars, lines, stacked};

use std::fmt::{Display, Write as _};

const STYLE: &str = include_str!("style.css");

/// A page as it is written, from its title down.
pub struct Page(String);

/// One cell of a table.
pub struct Cell {
    text: String,
    class: &'static str,
    title: Option<String>,
}

impl Page {
    /// With a title for the window.
    pub fn new(title: &str) -> Self {
        Self(format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
            escape(title)
        ))
    }

    /// What it is about.
    pub fn title(&mut self, text: &str) {
        self.element("h1", text);
    }

    /// A part of it.
    pub fn heading(&mut self, text: &str) {
        self.element("h2", text);
    }

    /// A sentence or more.
    pub fn paragraph(&mut self, text: &str) {
        self.element("p", text);
    }

    /// The same, and the first words matter most.
    pub fn lead(&mut self, first: &str, rest: &str) {
        let (first, rest) = (escape(first), escape(rest));
        self.raw(format_args!("<p><strong>{first}</strong> {rest}</p>"));
    }

    /// What some need to know.
    pub fn aside(&mut self, text: &str) {
        self.raw(format_args!("<p class=\"quiet\">{}</p>", escape(text)));
    }

    /// Numbers with their names.
    pub fn tiles<N: AsRef<str>>(&mut self, tiles: &[(N, String)]) {
        self.raw("<dl>");
        for (name, value) in tiles {
            self.raw(format_args!("<div><dt>{}</dt><dd>{}</dd></div>", escape(name.as_ref()), escape(value)));
        }
        self.raw("</dl>");
    }

    /// A picture, what it shows, and what its colours stand for.
    pub fn figure(&mut self, caption: &str, keys: &[(Tint, &str)], svg: &str) {
        let spot = |(tint, name): &(Tint, &str)| format!("<span>{}{}</span>", tint.key(), escape(name));
        let spots: String = keys.iter().map(spot).collect();
        let keys = if spots.is_empty() { spots } else { format!("<div class=\"keys\">{spots}</div>") };
        self.raw(format_args!("<figure>\n<figcaption>{}{keys}</figcaption>", escape(caption)));
        self.raw(format_args!("<div class=\"scroll\">\n{}\n</div>\n</figure>", svg.trim()));
    }

    /// A table; the first cell of a line names it. Headings that span two columns have `before` and `after` below them.
    pub fn table(&mut self, caption: &str, headings: &[(&str, u8)], lines: impl IntoIterator<Item = Vec<Cell>>) {
        self.raw(format_args!("<div class=\"scroll\"><table>\n<caption>{}</caption>\n<thead>", escape(caption)));
        let pairs = headings.iter().any(|(_, columns)| *columns > 1);
        let lines: Vec<Vec<Cell>> = lines.into_iter().collect();
        let (mut line, mut column) = (String::new(), 0);
        for (name, columns) in headings {
            let name = escape(name);
            // Over names on the left, over numbers on the right.
            let below = lines.first().and_then(|cells| cells.get(column)).map_or("", |cell| cell.class);
            let class = if below.is_empty() { "" } else { " class=\"name\"" };
            line += &match (columns, pairs) {
                (2.., _) => format!("<th colspan=\"{columns}\" scope=\"colgroup\">{name}</th>"),
                (_, true) => format!("<th rowspan=\"2\" scope=\"col\"{class}>{name}</th>"),
                (_, false) => format!("<th scope=\"col\"{class}>{name}</th>"),
            };
            column += usize::from(*columns);
        }
        self.raw(format_args!("<tr>{line}</tr>"));
        if pairs {
            let both = headings.iter().filter(|(_, columns)| *columns > 1).count();
            let halves = "<th scope=\"col\">before</th><th scope=\"col\">after</th>".repeat(both);
            self.raw(format_args!("<tr>{halves}</tr>"));
        }
        self.raw("</thead>\n<tbody>");
        for cells in lines {
            let mut line = String::new();
            for (at, Cell { text, class, title }) in cells.into_iter().enumerate() {
                let (tag, scope) = if at == 0 { ("th", " scope=\"row\"") } else { ("td", "") };
                let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
                let title = title.map_or_else(String::new, |title| format!(" title=\"{}\"", escape(&title)));
                line += &format!("<{tag}{scope}{class}{title}>{}</{tag}>", escape(&text));
            }
            self.raw(format_args!("<tr>{line}</tr>"));
        }
        self.raw("</tbody>\n</table></div>");
    }

    /// Text as it is, folded away.
    pub fn folded(&mut self, name: &str, text: &str) {
        let (name, text) = (escape(name), escape(text));
        self.raw(format_args!("<details>\n<summary>{name}</summary>\n<pre>{text}</pre>\n</details>"));
    }

    /// The whole document.
    pub fn finish(mut self) -> String {
        self.raw("</main>\n</body>\n</html>");
        self.0
    }

    fn element(&mut self, tag: &str, text: &str) {
        self.raw(format_args!("<{tag}>{}</{tag}>", escape(text)));
    }

    fn raw(&mut self, markup: impl Display) {
        // A string takes all that is written to it.
        let _ = writeln!(self.0, "{markup}");
    }
}

impl Cell {
    /// A number, or what stands in the place of one.
    pub fn number(text: impl Display) -> Self {
        Self { text: text.to_string(), class: "", title: None }
    }

    /// A name.
    pub fn name(text: impl Display) -> Self {
        Self { text: text.to_string(), class: "name", title: None }
    }

    /// A key or a hash, cut short; the whole of it shows when it is pointed at.
    pub fn hash(short: impl Display, whole: impl Display) -> Self {
        Self { text: short.to_string(), class: "name hash", title: Some(whole.to_string()) }
    }

    /// Text of any length.
    pub fn text(text: impl Display) -> Self {
        Self { text: text.to_string(), class: "wide", title: None }
    }
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

/// The same with a capital.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_markup() {
        assert_eq!(escape("<script>\"a\" & 'b'"), "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;");
        assert_eq!((capital("the row"), capital("")), ("The row".into(), String::new()));
        let mut page = Page::new("<b>");
        page.title("<i>");
        page.table("<u>", &[("<s>", 1)], [vec![Cell::hash("<a>", "\"")]]);
        let html = page.finish();
        for markup in ["<b>", "<i>", "<u>", "<s>", "<a>", "\"\"\""] {
            assert!(!html.contains(markup), "{markup}");
        }
    }
}
