//! What the pages of a column will need once they are decompressed, read from their headers alone.
//!
//! A Parquet decoder takes the memory that a page's header asks for, and some encodings make much of little. So before
//! a column is decoded its pages are walked: they must lie one behind the other and fill the column's bytes, and use
//! encodings whose size is known. The headers are Thrift structs in the compact protocol
//! (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>, `parquet.thrift`).

/// Values as they are.
const PLAIN: i64 = 0;
/// Differences of integers: never more than the values.
const DELTA_BINARY_PACKED: i64 = 5;
/// Places in the column's dictionary.
const RLE_DICTIONARY: i64 = 8;

/// How deep a header's structs may nest.
const MAX_DEPTH: u8 = 8;

/// What the pages of one column of one row group come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Bytes, decompressed.
    pub decoded: u64,
    /// Whether a dictionary comes first.
    pub dictionary: bool,
    /// Whether a page holds places in the dictionary.
    pub indexed: bool,
    /// Whether a page holds values themselves.
    pub plain: bool,
}

/// Walks the pages of a column.
pub(crate) fn walk(mut column: &[u8]) -> Result<Pages, &'static str> {
    let mut pages = Pages::default();
    let mut first = true;
    while !column.is_empty() {
        let (header, rest) = Header::read(column).ok_or("a page has no readable header")?;
        column = rest.get(header.compressed..).ok_or("a page ends behind its column")?;
        pages.decoded = pages.decoded.saturating_add(header.decoded);
        match (header.kind, header.encoding) {
            (Kind::Dictionary, PLAIN) if first => pages.dictionary = true,
            (Kind::Dictionary, _) => return Err("a dictionary is not the first page, or is encoded"),
            (Kind::Data, PLAIN | DELTA_BINARY_PACKED) => pages.plain = true,
            (Kind::Data, RLE_DICTIONARY) => pages.indexed = true,
            (Kind::Data, _) => return Err("a page has an encoding that archives don't use"),
        }
        first = false;
    }
    if pages.indexed && !pages.dictionary { Err("a page needs a dictionary that isn't there") } else { Ok(pages) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Data,
    Dictionary,
}

struct Header {
    kind: Kind,
    encoding: i64,
    decoded: u64,
    compressed: usize,
}

impl Header {
    /// A header and what follows it. Fields must come in order: then none comes twice.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let mut thrift = Thrift { bytes };
        let (mut kind, mut decoded, mut compressed, mut encoding) = (None, None, None, None);
        let mut id = 0;
        while let Some(wire) = thrift.field(&mut id)? {
            match (id, wire) {
                (1, I32) => kind = Some(thrift.integer()?),
                (2, I32) => decoded = u64::try_from(thrift.integer()?).ok(),
                (3, I32) => compressed = usize::try_from(thrift.integer()?).ok(),
                // Of data pages, of dictionaries, of the second version's data pages.
                (5 | 7, STRUCT) => encoding = thrift.field_of(2)?,
                (8, STRUCT) => encoding = thrift.field_of(4)?,
                (1..=3 | 5 | 7 | 8, _) => return None,
                (_, wire) => thrift.skip(wire, 0)?,
            }
        }
        let kind = match kind? {
            0 | 3 => Kind::Data,
            2 => Kind::Dictionary,
            _ => return None,
        };
        Some((Self { kind, encoding: encoding?, decoded: decoded?, compressed: compressed? }, thrift.bytes))
    }
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I8: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const STRUCT: u8 = 12;

struct Thrift<'a> {
    bytes: &'a [u8],
}

impl Thrift<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn pass(&mut self, count: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(count).ok()?..)?;
        Some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn integer(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The next field's type, and its number into `id`; no type at the end of a struct.
    fn field(&mut self, id: &mut i64) -> Option<Option<u8>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        // A delta of zero would announce a number in full, which may be any: no writer needs that here.
        let delta = i64::from(byte >> 4);
        *id += delta;
        (delta > 0).then_some(Some(byte & 0x0f))
    }

    /// The 32-bit field with this number of the struct that begins here, which is passed over.
    fn field_of(&mut self, wanted: i64) -> Option<Option<i64>> {
        let (mut id, mut found) = (0, None);
        while let Some(wire) = self.field(&mut id)? {
            if id == wanted && wire == I32 {
                found = Some(self.integer()?);
            } else {
                self.skip(wire, 0)?;
            }
        }
        Some(found)
    }

    fn skip(&mut self, wire: u8, depth: u8) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match wire {
            TRUE | FALSE => Some(()),
            I8 => self.pass(1),
            I16 | I32 | I64 => self.unsigned().map(drop),
            DOUBLE => self.pass(8),
            BINARY => {
                let length = self.unsigned()?;
                self.pass(length)
            }
            LIST | SET => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.unsigned()? } else { u64::from(head >> 4) };
                for _ in 0..count {
                    match head & 0x0f {
                        // In lists, truth takes a byte.
                        TRUE | FALSE => self.pass(1)?,
                        wire => self.skip(wire, depth + 1)?,
                    }
                }
                Some(())
            }
            STRUCT => {
                let mut id = 0;
                while let Some(wire) = self.field(&mut id)? {
                    self.skip(wire, depth + 1)?;
                }
                Some(())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page header: kind, decoded, compressed (zigzag, below 64), and the header of that kind with an encoding.
    fn page(kind: u8, decoded: u8, compressed: u8, encoding: u8) -> Vec<u8> {
        let (delta, encoding_delta) = match kind {
            0 => (2, 1),
            2 => (4, 1),
            _ => (5, 3),
        };
        let mut bytes = vec![0x15, kind * 2, 0x15, decoded * 2, 0x15, compressed * 2, delta << 4 | STRUCT];
        bytes.extend([0x15, 20, encoding_delta << 4 | I32, encoding * 2, 0, 0]);
        bytes.extend(vec![0xAA; compressed.into()]);
        bytes
    }

    #[test]
    fn pages_are_summed_up() {
        let column = [page(2, 60, 10, 0), page(0, 9, 20, 8), page(3, 1, 0, 8)].concat();
        assert_eq!(walk(&column), Ok(Pages { decoded: 70, dictionary: true, indexed: true, plain: false }));
        let column = [page(0, 5, 3, 0), page(0, 6, 3, 5)].concat();
        assert_eq!(walk(&column), Ok(Pages { decoded: 11, plain: true, ..Pages::default() }));
        assert_eq!(walk(&[]), Ok(Pages::default()));
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        assert!(walk(&page(0, 1, 1, 8)).unwrap_err().contains("dictionary"));
        assert!(walk(&page(0, 1, 1, 7)).unwrap_err().contains("encoding"));
        assert!(walk(&[page(0, 1, 1, 0), page(2, 1, 1, 0)].concat()).unwrap_err().contains("first page"));
        let cut = page(0, 1, 9, 0);
        for end in 1..cut.len() {
            assert!(walk(&cut[..end]).is_err());
        }
        // A struct within a struct, without end; a list of a billion; a number without end.
        for bytes in [vec![0x9c; 100_000], vec![0x99, 0xfc, 0xff, 0xff, 0xff, 0x7f], vec![0x15; 100], vec![0xff; 64]] {
            assert!(walk(&bytes).is_err());
        }
    }
}
