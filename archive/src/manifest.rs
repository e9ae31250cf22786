//! What an archive consists of: `manifest.json`, which names every part and the digest of every stretch of it.
//!
//! One line for the log, one for each part, and one for the digest over all bytes before it. There is one way to write
//! a manifest down, so a changed byte is found even where it would read the same.

use primitives::{Digest, Hotkey, MechId, NetUid};
use serde::{Deserialize, Serialize};

use crate::limits::{MAX_FOOTER_BYTES, MAX_GROUP_BYTES, MAX_GROUP_RECORDS};

/// The layout that this crate writes and reads.
pub const FORMAT: u32 = 1;

/// Its name in the archive.
pub(crate) const MANIFEST: &str = "manifest.json";

const DIGEST_CONTEXT: &str = "assay 2026 archive manifest v1";

/// Whose log it is, as in its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The subnet.
    pub netuid: NetUid,
    /// Its mechanism.
    pub mech: MechId,
    /// The validator.
    pub validator: Hotkey,
}

/// The table of contents of an archive. One that was read is consistent in itself; whether the parts are as it says is
/// for [`verify`](crate::Archive::verify) to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Whose log.
    pub identity: Identity,
    /// The parts in order; at least one.
    pub parts: Vec<Part>,
}

/// One Parquet file: records that follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its file: `part-<first, 12 digits>-<16 digits of its digest>.parquet`.
    pub name: String,
    /// Number of its first record.
    pub first: u64,
    /// Number of its last record.
    pub last: u64,
    /// The log's head before its first record.
    pub before: Digest,
    /// The log's head with its last record.
    pub after: Digest,
    /// Length of the file.
    pub bytes: u64,
    /// BLAKE3 of the file.
    pub digest: Digest,
    /// Its row groups in order; at least one. The first begins at byte 0, each at the end of the one before.
    pub groups: Vec<Group>,
    /// What follows the row groups, up to the end of the file.
    pub footer: Footer,
}

/// One row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// How many records.
    pub records: u64,
    /// Length of its stretch of the file.
    pub bytes: u64,
    /// BLAKE3 of these bytes.
    pub digest: Digest,
    /// The log's head with its last record.
    pub after: Digest,
}

/// The end of a Parquet file: where its columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Footer {
    /// Length of its stretch of the file.
    pub bytes: u64,
    /// BLAKE3 of these bytes.
    pub digest: Digest,
}

/// Why bytes are not a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestFault {
    /// Longer than [`MAX_MANIFEST_BYTES`](crate::MAX_MANIFEST_BYTES).
    #[error("longer than any manifest")]
    TooLong,
    /// Not JSON, or not of a manifest's shape.
    #[error("not a manifest")]
    Json(#[source] serde_json::Error),
    /// Of another version.
    #[error("of format {0}: this program reads format {FORMAT}")]
    Format(u32),
    /// A manifest, but not as it was written.
    #[error("not in canonical form: somebody rewrote it")]
    NotCanonical,
    /// Not what its last field says.
    #[error("its digest does not fit: it was changed")]
    Digest,
    /// Its fields contradict each other.
    #[error("it contradicts itself: {0}")]
    Contradiction(&'static str),
    /// The fields of one of its parts contradict each other.
    #[error("it contradicts itself: {what} (part {part}, counted from 0)")]
    Part {
        /// Which, from 0.
        part: usize,
        /// What about it.
        what: &'static str,
    },
}

/// The fields as they stand in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(rename = "format")]
    _format: u32,
    netuid: NetUid,
    mech: MechId,
    validator: Hotkey,
    records: u64,
    head: Digest,
    parts: Vec<Part>,
    digest: Digest,
}

#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

impl Manifest {
    /// How many records the archive has.
    pub fn records(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.last.saturating_add(1))
    }

    /// The log's head with the last of them.
    pub fn head(&self) -> Digest {
        self.parts.last().map_or(Digest([0; 32]), |part| part.after)
    }

    /// The digest that stands in its last field: it names this state of the archive.
    pub fn digest(&self) -> Digest {
        Digest::derive(DIGEST_CONTEXT, &[&self.content()])
    }

    /// Its file.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.content();
        let digest = Digest::derive(DIGEST_CONTEXT, &[&bytes]);
        bytes.extend_from_slice(format!("\"digest\":\"{digest}\"}}\n").as_bytes());
        bytes
    }

    /// From its file. What comes back is consistent, and its parts' names are plain file names.
    pub fn decode(bytes: &[u8]) -> Result<Self, ManifestFault> {
        let AnyFormat { format } = serde_json::from_slice(bytes).map_err(ManifestFault::Json)?;
        if format != FORMAT {
            return Err(ManifestFault::Format(format));
        }
        let fields: Fields = serde_json::from_slice(bytes).map_err(ManifestFault::Json)?;
        let Fields { netuid, mech, validator, .. } = fields;
        let manifest = Self { identity: Identity { netuid, mech, validator }, parts: fields.parts };
        manifest.check()?;
        if (fields.records, fields.head) != (manifest.records(), manifest.head()) {
            return Err(ManifestFault::Contradiction("its total is not that of its parts"));
        }
        if fields.digest != manifest.digest() {
            return Err(ManifestFault::Digest);
        }
        if manifest.encode() != bytes {
            return Err(ManifestFault::NotCanonical);
        }
        Ok(manifest)
    }

    /// All of the file before the last field.
    fn content(&self) -> Vec<u8> {
        let Identity { netuid, mech, validator } = self.identity;
        let mut text = format!(
            r#"{{"format":{FORMAT},"netuid":{netuid},"mech":{mech},"validator":"{validator}","records":{},"head":"{}","parts":["#,
            self.records(),
            self.head()
        )
        .into_bytes();
        for (at, part) in self.parts.iter().enumerate() {
            text.extend_from_slice(if at == 0 { b"\n" } else { b",\n" });
            serde_json::to_writer(&mut text, part).expect("parts hold no floats and no maps");
        }
        text.extend_from_slice(b"\n],\n");
        text
    }

    fn check(&self) -> Result<(), ManifestFault> {
        if self.parts.is_empty() {
            return Err(ManifestFault::Contradiction("it has no parts"));
        }
        let (mut next, mut head) = (0, Digest([0; 32]));
        for (at, part) in self.parts.iter().enumerate() {
            let fault = |what| ManifestFault::Part { part: at, what };
            if part.first != next {
                return Err(fault("it does not begin where the one before ends"));
            }
            if part.before != head {
                return Err(fault("its chain does not go on where the one before ends"));
            }
            part.check().map_err(fault)?;
            next = part.last.checked_add(1).ok_or_else(|| fault("there are no such numbers"))?;
            head = part.after;
        }
        Ok(())
    }
}

impl Part {
    /// The name of the file with this digest whose first record is `first`. Parts that differ have different names, so
    /// one never takes the place of another.
    pub(crate) fn name_of(first: u64, digest: &Digest) -> String {
        format!("part-{first:012}-{:.16}.parquet", digest.to_string())
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.name != Self::name_of(self.first, &self.digest) {
            return Err("its name is not that of its first record and its digest");
        }
        let (mut end, mut bytes) = (self.first, 0_u64);
        for group in &self.groups {
            if group.records == 0 || group.records > MAX_GROUP_RECORDS {
                return Err("no row group has that many records");
            }
            if group.bytes == 0 || group.bytes > MAX_GROUP_BYTES {
                return Err("no row group has that many bytes");
            }
            end = end.checked_add(group.records).ok_or("there are no such numbers")?;
            bytes = bytes.checked_add(group.bytes).ok_or("there are no such numbers")?;
        }
        if self.groups.last().map(|group| group.after) != Some(self.after) {
            return Err("its chain does not end where its last row group does");
        }
        if end - 1 != self.last {
            return Err("it does not end where its last row group does");
        }
        if self.footer.bytes > MAX_FOOTER_BYTES {
            return Err("no footer has that many bytes");
        }
        if bytes.checked_add(self.footer.bytes) != Some(self.bytes) {
            return Err("it is not as long as its row groups and its footer");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(records: u64, name: u8) -> Group {
        Group { records, bytes: 100, digest: Digest([name; 32]), after: Digest([name + 100; 32]) }
    }

    fn part(first: u64, before: Digest, groups: &[Group]) -> Part {
        let digest = Digest::of(&first.to_le_bytes());
        let records: u64 = groups.iter().map(|group| group.records).sum();
        Part {
            name: Part::name_of(first, &digest),
            first,
            last: first + records - 1,
            before,
            after: groups.last().unwrap().after,
            bytes: groups.iter().map(|group| group.bytes).sum::<u64>() + 50,
            digest,
            groups: groups.to_vec(),
            footer: Footer { bytes: 50, digest: Digest([9; 32]) },
        }
    }

    fn manifest() -> Manifest {
        let first = part(0, Digest([0; 32]), &[group(10, 1), group(5, 2)]);
        let second = part(15, first.after, &[group(1, 3)]);
        let identity = Identity { netuid: NetUid(7), mech: MechId(1), validator: Hotkey([3; 32]) };
        Manifest { identity, parts: vec![first, second] }
    }

    #[test]
    fn what_was_written_is_read() {
        let written = manifest();
        assert_eq!((written.records(), written.head()), (16, Digest([103; 32])));
        let bytes = written.encode();
        assert_eq!(Manifest::decode(&bytes).unwrap(), written);
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 5);
        assert!(String::from_utf8(bytes).unwrap().ends_with(&format!("\"digest\":\"{}\"}}\n", written.digest())));
    }

    #[test]
    fn every_changed_byte_is_found() {
        let bytes = manifest().encode();
        for at in 0..bytes.len() {
            for mask in [1, 0x20, 0x80] {
                let mut changed = bytes.clone();
                changed[at] ^= mask;
                assert!(Manifest::decode(&changed).is_err(), "byte {at} ^ {mask}");
            }
            assert!(Manifest::decode(&bytes[..at]).is_err(), "the first {at} bytes");
        }
        assert!(Manifest::decode(&[&bytes[..], b" "].concat()).is_err());
    }

    #[test]
    fn liars_are_found_who_can_compute_digests() {
        type Lie = (&'static str, fn(&mut Manifest));
        let lies: [Lie; 14] = [
            ("no parts", |manifest| manifest.parts.clear()),
            ("begin where", |manifest| drop(manifest.parts.remove(0))),
            ("begin where", |manifest| manifest.parts.swap(0, 1)),
            ("chain does not go on", |manifest| manifest.parts[1].before = Digest([5; 32])),
            ("name", |manifest| manifest.parts[0].name = "../part-000000000000.parquet".into()),
            ("name", |manifest| manifest.parts[0].name = "/etc/passwd".into()),
            ("that many records", |manifest| manifest.parts[0].groups[0].records = u64::MAX),
            ("that many bytes", |manifest| manifest.parts[0].groups[1].bytes = u64::MAX),
            ("that many bytes", |manifest| manifest.parts[0].footer.bytes = u64::MAX),
            ("as long as", |manifest| manifest.parts[0].bytes += 1),
            ("end where its last", |manifest| manifest.parts[1].last = u64::MAX),
            ("end where its last", |manifest| manifest.parts[0].groups[0].records += 1),
            ("chain does not end", |manifest| manifest.parts[1].groups.clear()),
            ("chain does not end", |manifest| manifest.parts[1].after = Digest([5; 32])),
        ];
        for (number, (complaint, lie)) in lies.into_iter().enumerate() {
            let mut lying = manifest();
            lie(&mut lying);
            let fault = Manifest::decode(&lying.encode()).unwrap_err();
            assert!(fault.to_string().contains(complaint), "{number}: {fault}");
        }
    }

    #[test]
    fn other_formats_are_named() {
        let later = r#"{"format":2,"shape":"another"}"#;
        assert!(matches!(Manifest::decode(later.as_bytes()), Err(ManifestFault::Format(2))));
    }
}
