//! Server-sent events out of bytes, however these are cut. What is kept of a stranger's stream is bounded.

/// A document of 4,096 seats and 64 rows of weights is a third of this.
pub const MAX_BYTES: usize = 32 << 20;

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// What kind.
    pub name: String,
    /// What it says.
    pub data: Vec<u8>,
}

/// An event or a document that is longer than any validator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it says more than {} MiB at once", MAX_BYTES >> 20)]
pub struct Oversized;

/// What has come of the event under way.
#[derive(Debug, Default)]
pub struct Inlet {
    line: Vec<u8>,
    name: String,
    data: Vec<u8>,
}

impl Inlet {
    /// The events that these bytes complete.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Oversized> {
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.line.len() + self.data.len() + piece.len() > MAX_BYTES {
                return Err(Oversized);
            }
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                events.extend(self.line(line.trim_ascii_end()));
            }
        }
        Ok(events)
    }

    /// A line; an empty one ends the event.
    fn line(&mut self, line: &[u8]) -> Option<Event> {
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            return (!data.is_empty()).then_some(Event { name, data });
        }
        if let Some(name) = line.strip_prefix(b"event:") {
            self.name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
        } else if let Some(data) = line.strip_prefix(b"data:") {
            if !self.data.is_empty() {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(data.strip_prefix(b" ").unwrap_or(data));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &[u8] =
        b"retry: 3000\n\nevent: subnet\nid: 1\ndata: {\"a\":1}\n\n: a comment\r\n\r\nevent: changes\r\ndata: {}\r\n\r\ndata: x\ndata: y\n\n";

    fn expected() -> Vec<Event> {
        let event = |name: &str, data: &str| Event { name: name.into(), data: data.into() };
        vec![event("subnet", "{\"a\":1}"), event("changes", "{}"), event("", "x\ny")]
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_how_bytes_are_cut(cuts in prop::collection::vec(0..STREAM.len(), 0..12)) {
            let mut cuts = cuts;
            cuts.extend([0, STREAM.len()]);
            cuts.sort_unstable();
            let mut inlet = Inlet::default();
            let mut events = Vec::new();
            for pair in cuts.windows(2) {
                events.extend(inlet.take(&STREAM[pair[0]..pair[1]]).unwrap());
            }
            prop_assert_eq!(events, expected());
        }
    }

    #[test]
    fn neither_a_line_nor_an_event_is_without_end() {
        let mut inlet = Inlet::default();
        let piece = vec![b'x'; MAX_BYTES / 2];
        assert!(inlet.take(&piece).is_ok() && inlet.take(&piece).is_ok());
        assert_eq!(inlet.take(b"x"), Err(Oversized));
        let mut inlet = Inlet::default();
        let line = [b"data: ", &piece[..], b"\n"].concat();
        assert!(inlet.take(&line).is_ok());
        assert_eq!(inlet.take(&line), Err(Oversized));
    }
}
