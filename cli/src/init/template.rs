//! A commented file of defaults, with some of its values set and the others as comments.

use std::collections::BTreeMap;

/// What becomes of the values that nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// They follow the program's defaults, whatever these become.
    Comments,
    /// They are as they are now.
    Written,
}

/// The file, under another first line. `answers` are TOML by dotted key.
pub fn fill(file: &str, title: &str, answers: &BTreeMap<&str, String>, others: Others) -> String {
    let second = match others {
        Others::Comments => "What is commented out is the default.",
        Others::Written => "Every value is written out: it stays what it is, whatever the defaults become.",
    };
    let mut filled = format!("# {title}\n# {second}\n");
    let mut section = "";
    for line in file.lines().skip(1) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        }
        match key(line).map(|name| (name, answers.get(&*format!("{section}.{name}")))) {
            Some((name, Some(answer))) => filled += &format!("{name} = {answer}"),
            Some((_, None)) if others == Others::Comments && !line.starts_with('#') => filled += &format!("# {line}"),
            _ => filled += line,
        }
        filled.push('\n');
    }
    filled
}

/// The key of `key = value`, be it a comment or not.
fn key(line: &str) -> Option<&str> {
    let (key, _) = line.trim_start_matches("# ").split_once(" = ")?;
    key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_').then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_where_the_defaults_did() {
        let file = "# The defaults.\n# More.\n\n[a]\n# What b is.\nb = 1\n# c = \"x\"\n\n[a.d]\nb = [2]\n";
        let answers = BTreeMap::from([("a.c", "\"y\"".to_owned()), ("a.d.b", "[3]".to_owned())]);
        let filled = fill(file, "Mine.", &answers, Others::Comments);
        assert_eq!(
            filled,
            "# Mine.\n# What is commented out is the default.\n# More.\n\n[a]\n# What b is.\n# b = 1\nc = \"y\"\n\n[a.d]\nb = [3]\n"
        );
        assert!(fill(file, "Mine.", &answers, Others::Written).contains("\nb = 1\nc = \"y\"\n"));
    }
}
