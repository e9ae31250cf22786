//! Whether an answer is the expected one.

use crate::Score;

/// All or nothing: whether two texts are the same once both went through [`normalise`]. Of an expected answer such as
/// "A" nothing would be left, and every other nothing would match it; then the texts are compared as they are, but for
/// case and outer spaces.
pub fn exact(candidate: &str, reference: &str) -> Score {
    let expected = normalise(reference);
    let is_same = match expected.is_empty() {
        true => candidate.trim().to_lowercase() == reference.trim().to_lowercase(),
        false => normalise(candidate) == expected,
    };
    if is_same { Score::ONE } else { Score::ZERO }
}

/// All or nothing: whether two texts are the same to the byte.
pub fn exact_raw(candidate: &str, reference: &str) -> Score {
    if candidate == reference { Score::ONE } else { Score::ZERO }
}

/// A text as SQuAD compares it (Rajpurkar et al., "SQuAD: 100,000+ questions for machine comprehension of text", 2016):
/// lower case, no ASCII punctuation, none of the words "a", "an" and "the", single spaces. Punctuation goes without a
/// gap: "U.S." is "us".
pub fn normalise(text: &str) -> String {
    let bare: String = text.to_lowercase().chars().filter(|letter| !letter.is_ascii_punctuation()).collect();
    let mut without = String::with_capacity(bare.len());
    let mut rest = bare.as_str();
    while !rest.is_empty() {
        let word = rest.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(rest.len());
        let gap = rest[word..].find(char::is_alphanumeric).map_or(rest.len(), |gap| word + gap);
        without.push_str(if matches!(&rest[..word], "a" | "an" | "the") { " " } else { &rest[..word] });
        without.push_str(&rest[word..gap]);
        rest = &rest[gap..];
    }
    let parts: Vec<&str> = without.split(is_space).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// What Python calls white space, whose tools are the measure here: Unicode's, and four separators of ASCII.
pub(super) fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_matches_only_nothing() {
        assert_eq!(exact("a", "A"), Score::ONE);
        assert_eq!(exact("the", "A"), Score::ZERO);
        assert_eq!(exact("", "A"), Score::ZERO);
        assert_eq!(exact("", ""), Score::ONE);
        assert_eq!(exact("!", "?"), Score::ZERO);
        assert_eq!(exact("The", "cat"), Score::ZERO);
        assert_eq!(exact_raw("cat", "Cat"), Score::ZERO);
        assert_eq!(exact_raw("cat", "cat"), Score::ONE);
    }

    #[test]
    fn articles_are_words() {
        assert_eq!(normalise(" The U.S.\u{1F}an  other… a-b "), "us other… ab");
        assert_eq!(normalise("theatre\u{2014}an\u{2014}a"), "theatre\u{2014} \u{2014}");
    }
}
