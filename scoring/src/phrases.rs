//! Sentences and openings of sentences, as users of a small English language model write them. A template's `{slots}`
//! are filled by choice; there are some hundred million different openings.

use crate::stream::Choices;

const OPENINGS: &[&str] = &[
    "The {adjective} {thing} is {verbed} when the {thing} is",
    "If you want to {act} a {thing}, you can",
    "In this chapter, we will look at how a {thing} {acts} the {thing} and",
    "A {adjective} {thing} is not the same as a {thing}, because",
    "The following example shows how to {act} the {adjective} {thing} of a",
    "{Explain} what happens to the {thing} when a {adjective} {thing} is {verbed}.",
    "How do I {act} a {thing} without {acting} the {adjective} {thing}?",
    "What is the difference between a {adjective} {thing} and a {thing}?",
    "By default, the {place} {acts} each {thing} that",
    "When the {place} {acts} a {adjective} {thing}, it also",
    "Note that {acting} a {thing} does not {act} the {thing}, so",
    "This means that a {thing} can be {verbed} only if the {adjective} {thing}",
    "We could {act} the {thing} here, but the {adjective} {thing} would",
    "Every {thing} has a {adjective} {thing}, which the {place} {acts}",
    "The reason why the {place} does not {act} a {adjective} {thing} is",
    "{Explain} the {adjective} {thing} in a {few} sentences.",
    "Once the {thing} has been {verbed}, the {place} will",
    "It is an error to {act} a {thing} while the {thing} is {adjective}, unless",
    "There are {few} ways to {act} a {adjective} {thing}. The first is",
    "Let's {act} a {thing} and see what the {place} says about",
    "Returns the {adjective} {thing} of the {thing}, or nothing if",
    "This function {acts} a {adjective} {thing} and returns",
    "My program {acts} the {thing} twice and I don't know why. The {thing}",
    "Since the {thing} was {verbed} by the {place}, we",
    "To {act} a {thing} on another {thing}, first",
    "You should not {act} a {adjective} {thing} in {place}s that",
];

const STATEMENTS: &[&str] = &[
    "The {place} {acts} the {adjective} {thing}.",
    "A {thing} can {act} at most {few} {thing}s.",
    "Each {thing} is {verbed} before the {adjective} {thing}.",
    "Here the {thing} is {adjective}.",
    "We have already {verbed} a {adjective} {thing}.",
    "The {adjective} {thing} must not be {verbed} again.",
    "I have a {thing} that {acts} a {adjective} {thing}.",
    "You do not need to {act} the {thing}.",
];

const THINGS: &[&str] = &[
    "value",
    "function",
    "closure",
    "reference",
    "module",
    "package",
    "test",
    "type",
    "trait",
    "method",
    "field",
    "pattern",
    "loop",
    "thread",
    "lifetime",
    "error",
    "string",
    "vector",
    "file",
    "macro",
    "variable",
    "struct",
    "iterator",
    "pointer",
    "buffer",
    "message",
    "lock",
    "default",
    "argument",
    "constant",
    "expression",
    "attribute",
    "path",
    "key",
    "list",
    "feature",
    "version",
    "dependency",
    "result",
    "scope",
];

const ADJECTIVES: &[&str] = &[
    "mutable",
    "generic",
    "public",
    "private",
    "new",
    "empty",
    "shared",
    "borrowed",
    "static",
    "local",
    "unsafe",
    "external",
    "nested",
    "optional",
    "temporary",
    "unused",
    "valid",
    "hidden",
    "inner",
    "outer",
    "single",
    "second",
    "first",
    "larger",
    "smaller",
];

const PLACES: &[&str] = &[
    "compiler",
    "program",
    "library",
    "crate",
    "standard library",
    "build script",
    "linker",
    "main function",
    "workspace",
    "documentation",
    "caller",
    "operating system",
];

/// To do, does, doing, done.
const ACTS: &[[&str; 4]] = &[
    ["use", "uses", "using", "used"],
    ["define", "defines", "defining", "defined"],
    ["return", "returns", "returning", "returned"],
    ["move", "moves", "moving", "moved"],
    ["copy", "copies", "copying", "copied"],
    ["create", "creates", "creating", "created"],
    ["drop", "drops", "dropping", "dropped"],
    ["borrow", "borrows", "borrowing", "borrowed"],
    ["call", "calls", "calling", "called"],
    ["check", "checks", "checking", "checked"],
    ["compile", "compiles", "compiling", "compiled"],
    ["import", "imports", "importing", "imported"],
    ["convert", "converts", "converting", "converted"],
    ["store", "stores", "storing", "stored"],
    ["read", "reads", "reading", "read"],
    ["replace", "replaces", "replacing", "replaced"],
    ["test", "tests", "testing", "tested"],
    ["share", "shares", "sharing", "shared"],
];

const EXPLAIN: &[&str] = &["Explain", "Describe", "Tell me", "Summarise", "Show me"];
const FEW: &[&str] = &["two", "three", "several", "a few", "four"];

/// The opening of a text, for a model to continue: one or two sentences, the last usually unfinished.
pub(crate) fn opening(choices: &mut Choices) -> String {
    let mut text = if choices.below(3) == 0 { statement(choices) + " " } else { String::new() };
    let template = choices.pick(OPENINGS);
    fill(template, choices, &mut text);
    text
}

/// A finished sentence.
pub(crate) fn statement(choices: &mut Choices) -> String {
    let mut text = String::new();
    let template = choices.pick(STATEMENTS);
    fill(template, choices, &mut text);
    text
}

fn fill(template: &str, choices: &mut Choices, text: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (slot, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        let word = word(slot, choices);
        // "a" before a vowel.
        if word.starts_with(['a', 'e', 'i', 'o']) && (text.ends_with(" a ") || text.ends_with("A ")) {
            text.insert(text.len() - 1, 'n');
        }
        text.push_str(word);
        rest = after;
    }
    text.push_str(rest);
}

fn word(slot: &str, choices: &mut Choices) -> &'static str {
    let form = |form: usize, choices: &mut Choices| ACTS[choices.below(ACTS.len() as u32) as usize][form];
    match slot {
        "thing" => choices.pick(THINGS),
        "adjective" => choices.pick(ADJECTIVES),
        "place" => choices.pick(PLACES),
        "act" => form(0, choices),
        "acts" => form(1, choices),
        "acting" => form(2, choices),
        "verbed" => form(3, choices),
        "few" => choices.pick(FEW),
        _ => choices.pick(EXPLAIN),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use primitives::Digest;

    use super::*;

    #[test]
    fn every_slot_is_known() {
        let slots = ["thing", "adjective", "place", "act", "acts", "acting", "verbed", "few", "Explain"];
        for template in OPENINGS.iter().chain(STATEMENTS) {
            for part in template.split('{').skip(1) {
                let (slot, _) = part.split_once('}').unwrap();
                assert!(slots.contains(&slot), "{template}");
            }
        }
    }

    #[test]
    fn openings_are_plain_english_and_hardly_repeat() {
        let mut choices = Choices::new(&Digest::of(b"openings"));
        let texts: Vec<String> = (0..5_000).map(|_| opening(&mut choices)).collect();
        for text in &texts {
            assert!(text.is_ascii() && !text.contains(['{', '}']) && !text.contains("  "), "{text}");
            assert!((20..240).contains(&text.len()), "{text}");
        }
        let different: BTreeSet<&String> = texts.iter().collect();
        assert!(different.len() > 4_900, "{}", different.len());
    }
}
