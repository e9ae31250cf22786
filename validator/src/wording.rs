//! What the text of an answer must be, given its tokens and the texts that were to stop it.

use model::cut;

/// Whether an answer's text and its end are those of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wording {
    /// The tokens come to an end: with a token that ends a text, or with a text that was to stop them.
    pub(crate) ends: bool,
    /// The text is theirs, up to the first of those texts.
    pub(crate) text_matches: bool,
}

impl Wording {
    /// Of an answer that says `text`. `whole` is the text of all its tokens, `before` that of all but the last: a model
    /// stops at the first stop text, so `before` has none. `end_token` is whether the last token ends a text.
    pub(crate) fn of(text: &str, whole: &str, before: &str, end_token: bool, stops: &[String]) -> Self {
        match cut(whole, stops) {
            Some(at) if cut(before, stops).is_none() => Self { ends: true, text_matches: whole[..at] == *text },
            // It went on after its end.
            Some(_) => Self { ends: false, text_matches: false },
            None => Self { ends: end_token, text_matches: whole == text },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict on an answer: the texts of its tokens in order, what it says, and whether its last token ends a text.
    fn verdict(tokens: &[&str], text: &str, end_token: bool, stops: &[&str]) -> (bool, bool) {
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let before = tokens[..tokens.len().saturating_sub(1)].concat();
        let Wording { ends, text_matches } = Wording::of(text, &tokens.concat(), &before, end_token, &stops);
        (ends, text_matches)
    }

    #[test]
    fn without_stop_texts_the_text_is_that_of_all_tokens() {
        assert_eq!(verdict(&["one", " two"], "one two", false, &[]), (false, true));
        assert_eq!(verdict(&["one", " two"], "one two", true, &[]), (true, true));
        assert_eq!(verdict(&["one", " two"], "one", true, &[]), (true, false));
        assert_eq!(verdict(&[], "", false, &[]), (false, true));
    }

    #[test]
    fn a_stop_text_cuts_the_answer_before_itself() {
        assert_eq!(verdict(&["one", " two", ". Th"], "one two", false, &[".", "\n"]), (true, true));
        // left in, or cut elsewhere
        assert_eq!(verdict(&["one", " two", ". Th"], "one two.", false, &["."]), (true, false));
        assert_eq!(verdict(&["one", " two", ". Th"], "one two. Th", false, &["."]), (true, false));
        assert_eq!(verdict(&["one", " two", ". Th"], "one", false, &["."]), (true, false));
        // the first of several, wherever it stands in the list
        assert_eq!(verdict(&["a", "b-c."], "ab", false, &[".", "-"]), (true, true));
        // one that several tokens make together
        assert_eq!(verdict(&["x", "EN", "D"], "x", false, &["END"]), (true, true));
        assert_eq!(verdict(&["END"], "", false, &["END"]), (true, true));
    }

    #[test]
    fn an_answer_that_claims_a_stop_it_did_not_reach_has_no_end() {
        assert_eq!(verdict(&["one", " two"], "one two", false, &["."]), (false, true));
        assert_eq!(verdict(&["one", " two"], "one", false, &[" two."]), (false, false));
        // the end of the text is an end all the same
        assert_eq!(verdict(&["one", " two"], "one two", true, &["."]), (true, true));
    }

    #[test]
    fn an_answer_that_goes_on_after_its_stop_is_wrong() {
        assert_eq!(verdict(&["one", ".", " two"], "one", false, &["."]), (false, false));
        assert_eq!(verdict(&["one", ".", ""], "one", true, &["."]), (false, false));
    }
}
