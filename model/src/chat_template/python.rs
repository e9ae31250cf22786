//! Methods of Python's texts and dictionaries, which templates call as if they ran there.

use minijinja::{
    Error, State, Value,
    value::{Kwargs, from_args},
};

/// Columns.
const MAX_INDENT: usize = 64;

/// The methods in which the crate differs from Python, then the crate's.
pub(super) fn method(state: &mut State, value: &Value, name: &str, arguments: &[Value]) -> Result<Value, Error> {
    match (value.as_str(), name) {
        (Some(text), "title") if arguments.is_empty() => Ok(Value::from(title(text))),
        (Some(text), "splitlines") => {
            let (keep,) = from_args::<(Option<bool>,)>(arguments)?;
            Ok(Value::from(lines(text, keep.unwrap_or(false))))
        }
        _ => minijinja_contrib::pycompat::unknown_method_callback(state, value, name, arguments),
    }
}

/// Jinja's filter `indent`, which keeps the last line's end. The crate's drops it.
pub(super) fn indent(text: &str, width: Option<usize>, options: Kwargs) -> Result<String, Error> {
    let width = width.or(options.get("width")?).unwrap_or(4).min(MAX_INDENT);
    let first = options.get::<Option<bool>>("first")?.unwrap_or(false);
    let blank = options.get::<Option<bool>>("blank")?.unwrap_or(false);
    options.assert_all_used()?;
    let space = " ".repeat(width);
    let mut out = String::new();
    for (index, line) in lines(&format!("{text}\n"), false).iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if if index == 0 { first } else { blank || !line.is_empty() } {
            out.push_str(&space);
        }
        out.push_str(line);
    }
    Ok(out)
}

/// A capital after everything that is no letter.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut within = false;
    for letter in text.chars() {
        if within {
            out.extend(letter.to_lowercase());
        } else {
            let mut capital = letter.to_uppercase();
            out.extend(capital.next());
            out.extend(capital.flat_map(char::to_lowercase));
        }
        within = letter.is_alphabetic();
    }
    out
}

/// Split where Python sees a line's end.
fn lines(text: &str, keep: bool) -> Vec<String> {
    let ends =
        |c: char| matches!(c, '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(ends) {
        let end = rest[at..].chars().next().map_or(0, char::len_utf8);
        let end = at + if rest[at..].starts_with("\r\n") { 2 } else { end };
        out.push(rest[..if keep { end } else { at }].to_owned());
        rest = &rest[end..];
    }
    if !rest.is_empty() {
        out.push(rest.to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_and_lines_are_pythons() {
        assert_eq!(title("they're a-b </x> ßa 1st ÉCOLE"), "They'Re A-B </X> Ssa 1St École");
        assert_eq!(lines("a\r\nb\n\nc\u{2028}d\r", false), ["a", "b", "", "c", "d"]);
        assert_eq!(lines("a\r\nb", true), ["a\r\n", "b"]);
        assert_eq!(lines("", false), [""; 0]);
    }

    #[test]
    fn indents_are_jinjas() {
        let plain = |text| indent(text, Some(2), Kwargs::from_iter(Vec::<(String, Value)>::new())).expect("indented");
        assert_eq!([plain("a\nb\n\nc\n"), plain(""), plain("a")], ["a\n  b\n\n  c\n", "", "a"]);
        let all = Kwargs::from_iter([("first", Value::from(true)), ("blank", Value::from(true))]);
        assert_eq!(indent("a\n\nb", None, all).expect("indented"), "    a\n    \n    b");
    }
}
