//! Texts that end an answer.

/// Where `text` is to be cut: before the first of the texts in `stops` that is in it.
pub fn cut(text: &str, stops: &[String]) -> Option<usize> {
    stops.iter().filter_map(|stop| text.find(stop.as_str())).min()
}

/// Watches a text that grows for the texts that end it, and lets through what can't be part of one any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stops {
    stops: Vec<String>,
    /// The end of the text that may be the start of a stop text.
    held: String,
}

impl Stops {
    pub(crate) fn new(stops: Vec<String>) -> Self {
        Self { stops, held: String::new() }
    }

    /// Adds text; returns what may be shown, and whether the answer ends there.
    pub(crate) fn push(&mut self, text: &str) -> (String, bool) {
        self.held.push_str(text);
        if let Some(end) = cut(&self.held, &self.stops) {
            self.held.truncate(end);
            return (std::mem::take(&mut self.held), true);
        }
        let starts = self.held.char_indices().map(|(at, _)| at);
        let kept = starts.into_iter().find(|at| self.stops.iter().any(|stop| stop.starts_with(&self.held[*at..])));
        let rest = self.held.split_off(kept.unwrap_or(self.held.len()));
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// What was held back, when the answer ends for another reason.
    pub(crate) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_stop_text_may_come_in_pieces() {
        let mut stops = Stops::new(vec!["END".into(), "\n\n".into()]);
        assert_eq!(stops.push("one E"), ("one ".into(), false));
        assert_eq!(stops.push("Nough"), ("ENough".into(), false));
        assert_eq!(stops.push(" two\n"), (" two".into(), false));
        assert_eq!(stops.push("\nmore"), (String::new(), true));
        let mut stops = Stops::new(vec!["END".into()]);
        assert_eq!(stops.push("this EN"), ("this ".into(), false));
        assert_eq!(stops.finish(), "EN");
        assert_eq!(Stops::default().push("all"), ("all".into(), false));
    }

    proptest! {
        /// However the text comes in, what comes out is the text up to the first stop text.
        #[test]
        fn the_pieces_are_the_text_up_to_the_cut(
            pieces in proptest::collection::vec("[abé]{0,4}", 0..12),
            stops in proptest::collection::vec("[abé]{1,4}", 0..4),
        ) {
            let whole = pieces.concat();
            let mut watch = Stops::new(stops.clone());
            let (mut shown, mut ended) = (String::new(), false);
            for piece in &pieces {
                let (text, end) = watch.push(piece);
                shown += &text;
                ended = end;
                if end {
                    break;
                }
            }
            if !ended {
                shown += &watch.finish();
            }
            // the first that is complete ends the answer; of those complete at once, the one that starts first
            match cut(&whole, &stops) {
                None => prop_assert_eq!((shown, ended), (whole, false)),
                Some(_) => {
                    prop_assert!(ended && whole.starts_with(&shown));
                    prop_assert!(stops.iter().any(|stop| whole[shown.len()..].starts_with(stop.as_str())));
                    prop_assert!(cut(&shown, &stops).is_none());
                }
            }
        }
    }
}
