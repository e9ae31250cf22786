//! What counts as a word.

use serde::Deserialize;

/// How a text is taken apart. Both ways are blind to case and punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// Runs of `a-z` and `0-9` in the lower-cased text, as the package rouge-score has it. Every other character is a
    /// gap: `café` is `caf`, and of a text in another script nothing is left. For English only.
    Ascii,
    /// Runs of letters and digits of any script in the lower-cased text. Chinese characters and kana are a word each,
    /// since these scripts have no spaces. Texts aren't normalised: an accent that is a character of its own is a gap,
    /// and so is a virama. What a letter is, the standard library's tables of Unicode say.
    Unicode,
}

impl Words {
    /// The words of a text, in order.
    pub fn of(self, text: &str) -> Vec<String> {
        let lower = text.to_lowercase();
        let mut words = Vec::new();
        let is_gap = |letter: char| match self {
            Self::Ascii => !letter.is_ascii_alphanumeric(),
            Self::Unicode => !letter.is_alphanumeric(),
        };
        for run in lower.split(is_gap) {
            match self {
                Self::Ascii => words.extend((!run.is_empty()).then(|| run.to_owned())),
                Self::Unicode => extend_by_script(&mut words, run),
            }
        }
        words
    }
}

/// Adds the words of a run of letters.
fn extend_by_script(words: &mut Vec<String>, run: &str) {
    let mut word = String::new();
    for letter in run.chars() {
        if stands_alone(letter) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            words.push(letter.to_string());
        } else {
            word.push(letter);
        }
    }
    words.extend((!word.is_empty()).then_some(word));
}

/// Hiragana and katakana, and the Chinese characters of all blocks.
fn stands_alone(letter: char) -> bool {
    let blocks = [0x3040..=0x30FF, 0x3400..=0x4DBF, 0x4E00..=0x9FFF, 0xF900..=0xFAFF, 0x20000..=0x3FFFF];
    blocks.iter().any(|block| block.contains(&u32::from(letter)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs() {
        assert_eq!(Words::Ascii.of("It's  10.5%—Café_x"), ["it", "s", "10", "5", "caf", "x"]);
        assert_eq!(Words::Unicode.of("It's  10.5%—Café_x"), ["it", "s", "10", "5", "café", "x"]);
        assert_eq!(
            Words::Unicode.of("Straße ПРИВЕТ, 日本語abc東"),
            ["straße", "привет", "日", "本", "語", "abc", "東"]
        );
        for words in [Words::Ascii, Words::Unicode] {
            assert!(words.of("").is_empty() && words.of(" …!\n").is_empty());
        }
        assert!(Words::Ascii.of("日本語").is_empty());
    }
}
