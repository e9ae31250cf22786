//! How large the things of an archive may be. What is larger is refused before memory is taken for it.

use scoring::MAX_LINE;

/// Longest manifest, in bytes: about 300,000 row groups.
pub const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// Longest record, in bytes: that of the log's text form.
pub const MAX_RECORD_BYTES: usize = MAX_LINE;

/// Most records of a row group.
pub const MAX_GROUP_RECORDS: u64 = 1 << 16;

/// Longest row group, in bytes of its file.
pub const MAX_GROUP_BYTES: u64 = 96 << 20;

/// Most that the pages of a row group may decompress to, in bytes.
pub const MAX_GROUP_DECODED_BYTES: u64 = 96 << 20;

/// Longest footer, in bytes.
pub const MAX_FOOTER_BYTES: u64 = 1 << 20;

/// How records are cut into row groups and parts. Reading needs the memory of a few row groups, exporting that of a
/// part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartSize {
    /// Most records of a row group, at most [`MAX_GROUP_RECORDS`].
    pub group_records: u64,
    /// Most bytes of a row group's records, where it has more than one; at most [`MAX_RECORD_BYTES`].
    pub group_bytes: usize,
    /// Row groups of a part.
    pub groups: usize,
}

impl Default for PartSize {
    /// Parts of 100,000 records or 64 MiB, in four row groups.
    fn default() -> Self {
        Self { group_records: 25_000, group_bytes: 16 << 20, groups: 4 }
    }
}

impl PartSize {
    /// The nearest size that may be written.
    pub(crate) fn allowed(self) -> Self {
        Self {
            group_records: self.group_records.clamp(1, MAX_GROUP_RECORDS),
            group_bytes: self.group_bytes.clamp(1, MAX_RECORD_BYTES),
            groups: self.groups.clamp(1, 64),
        }
    }
}
