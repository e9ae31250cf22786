//! Server-sent events: the data of each, out of bytes that are cut anywhere.

use super::OpenAiError;

/// The data of one event, and any line.
pub(crate) const MAX_EVENT_BYTES: usize = 1 << 20;

/// Reads a stream of events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// A line feed right after it belongs to the same end of line.
    after_return: bool,
}

impl Events {
    /// More bytes; the data of the events that they complete go to `whole`.
    pub(crate) fn push(&mut self, bytes: &[u8], whole: &mut impl Extend<Vec<u8>>) -> Result<(), OpenAiError> {
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => {
                    if let Some(data) = self.end_of_line()? {
                        whole.extend([data]);
                    }
                }
                _ if self.line.len() >= MAX_EVENT_BYTES => return Err(too_large()),
                byte => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_of_line(&mut self) -> Result<Option<Vec<u8>>, OpenAiError> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return Ok(std::mem::take(&mut self.has_data).then_some(data));
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        // Some servers name a failure in the field instead of in the data. Comments have no name.
        if name != b"data" && name != b"error" {
            return Ok(None);
        }
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if self.data.len() + value.len() > MAX_EVENT_BYTES {
            return Err(too_large());
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        Ok(None)
    }
}

fn too_large() -> OpenAiError {
    OpenAiError::TooLarge { what: "an event", limit: MAX_EVENT_BYTES }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<String> {
        let (mut events, mut whole) = (Events::default(), Vec::new());
        for piece in pieces {
            events.push(piece.as_ref(), &mut whole).unwrap();
        }
        whole.into_iter().map(|data| String::from_utf8(data).unwrap()).collect()
    }

    #[test]
    fn events_come_whole_wherever_the_bytes_are_cut() {
        let text =
            ": hello\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nevent: x\nid: 7\ndata:🦀\n\n\n\ndata\r\rdata: [DONE]\n\n";
        let expected = ["{\"a\":\n1}", "🦀", "", "[DONE]"];
        for size in 1..text.len() {
            assert_eq!(read(text.as_bytes().chunks(size)), expected, "cut every {size} bytes");
        }
        // what isn't ended is no event
        assert_eq!(read(["data: a\n\ndata: b\n"]), ["a"]);
        assert_eq!(read(["error: {}\n\n"]), ["{}"]);
    }

    #[test]
    fn lines_and_events_without_an_end_are_cut_off() {
        let mut whole = Vec::new();
        let mut events = Events::default();
        let error = (0..).find_map(|_| events.push(&[b'x'; 4096], &mut whole).err());
        assert!(matches!(error, Some(OpenAiError::TooLarge { what: "an event", .. })));
        let mut events = Events::default();
        let error = (0..).find_map(|_| events.push(b"data: xxxxxxxxxxxxxxxx\n", &mut whole).err());
        assert!(matches!(error, Some(OpenAiError::TooLarge { what: "an event", .. })));
        assert!(whole.is_empty());
    }
}
