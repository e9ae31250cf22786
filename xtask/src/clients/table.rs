//! What came of the steps, and the table of them.

use serde::Deserialize;

/// One step of one client, as its script prints it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// Whose client, with its version.
    pub client: String,
    /// What it did.
    pub step: String,
    /// Whether that worked.
    pub ok: bool,
    /// What the client said, where it failed.
    pub error: Option<String>,
    /// Known not to work, or not needed: reported only.
    #[serde(default)]
    pub extra: bool,
}

impl Line {
    /// The step that a script's line of output is about, if it is about one.
    pub fn read(line: &str) -> Option<Line> {
        serde_json::from_str(line).ok()
    }

    /// The step that a line of libtest's output is about: steps of Rust clients are tests.
    pub fn of_test(client: &str, line: &str) -> Option<Line> {
        let (name, verdict) = line.trim().strip_prefix("test ")?.split_once(" ... ")?;
        let ok = match verdict {
            "ok" => true,
            "FAILED" => false,
            _ => return None,
        };
        let error = (!ok).then(|| "see the test's own output".to_owned());
        Some(Line { client: client.into(), step: name.replace('_', " "), ok, error, extra: false })
    }

    /// Whether the run failed because of it.
    pub fn is_failure(&self) -> bool {
        !self.ok && !self.extra
    }
}

/// A Markdown table, a row for each step and a column for each client, and under it what clients said of failed steps.
pub fn table(lines: &[Line]) -> String {
    let clients = distinct(lines.iter().map(|line| line.client.as_str()));
    let mut text = row("step", clients.iter().copied()) + &row("---", clients.iter().map(|_| "---"));
    for step in distinct(lines.iter().map(|line| line.step.as_str())) {
        let cell = |client: &&str| match lines.iter().find(|line| line.step == step && line.client == **client) {
            None => "",
            Some(line) if line.ok => "yes",
            Some(_) => "**no**",
        };
        text += &row(step, clients.iter().map(cell));
    }
    let failed: Vec<&Line> = lines.iter().filter(|line| !line.ok).collect();
    if !failed.is_empty() {
        text += "\n";
    }
    for Line { client, step, error, .. } in failed {
        text += &format!("- {client}, {step}: `{}`\n", error.as_deref().unwrap_or("no reason").replace('`', "'"));
    }
    text
}

fn row<'a>(first: &str, cells: impl Iterator<Item = &'a str>) -> String {
    let cells: Vec<&str> = cells.collect();
    format!("| {first} | {} |\n", cells.join(" | "))
}

/// Each once, in the order of the first of them.
fn distinct<'a>(all: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_scripts_and_of_tests_become_one_table() {
        let lines: Vec<Line> = [
            Line::read(r#"{"client": "a", "step": "connect", "ok": true, "error": null, "extra": false}"#),
            Line::read(r#"{"client": "a", "step": "stake", "ok": false, "error": "call `x` not found"}"#),
            Line::read("Traceback (most recent call last):"),
            Line::of_test("b", "test connect ... ok"),
            Line::of_test("b", "test follow_blocks ... FAILED"),
            Line::of_test("b", "test result: ok. 3 passed; 0 failed"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let wanted = "| step | a | b |\n| --- | --- | --- |\n| connect | yes | yes |\n| stake | **no** |  |\n\
                      | follow blocks |  | **no** |\n\n- a, stake: `call 'x' not found`\n\
                      - b, follow blocks: `see the test's own output`\n";
        assert_eq!(table(&lines), wanted);
        assert_eq!(lines.iter().filter(|line| line.is_failure()).count(), 2);
    }

    #[test]
    fn what_is_extra_fails_nothing() {
        let line = Line::read(r#"{"client": "a", "step": "baskets", "ok": false, "error": "none", "extra": true}"#);
        assert!(!line.is_some_and(|line| line.is_failure()));
    }
}
