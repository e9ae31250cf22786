//! A score log as an archive: the manifest, and Parquet by somebody who can compute digests.

use std::{
    convert::Infallible,
    sync::{Arc, LazyLock},
};

use archive::{Archive, ArchiveError, Footer, Group, Manifest, Part, PartSize};
use futures::TryStreamExt as _;
use object_store::{ObjectStoreExt as _, memory::InMemory, path::Path};
use primitives::Digest;
use scoring::Sealed;
use tokio::runtime::{Builder, Runtime};

use crate::sample;

/// Records of the archive, none of them signed, and of its first row group.
const RECORDS: usize = 7;
const FIRST_GROUP: u64 = 5;

/// An archive of [`RECORDS`] records in two row groups.
struct Honest {
    manifest: Manifest,
    file: Vec<u8>,
    records: Vec<Sealed>,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).enable_time().build();
    runtime.expect("threads")
});

static HONEST: LazyLock<Honest> = LazyLock::new(|| {
    let store = Arc::new(InMemory::new());
    let size = PartSize { group_records: FIRST_GROUP, ..PartSize::default() };
    let archive = Archive::on(store.clone(), "").with_part_size(size);
    let records = sample::log(RECORDS);
    RUNTIME.block_on(async {
        archive.export(records.iter().cloned().map(Ok::<_, Infallible>)).await.expect("a good log");
        let manifest = archive.manifest().await.expect("just written");
        let part = store.get(&Path::from(manifest.parts[0].name.clone())).await.expect("just written");
        let file = part.bytes().await.expect("in memory").to_vec();
        Honest { manifest, file, records }
    })
});

/// A manifest; or a part whose footer begins as many bytes before its end as its first two bytes say, and its second row
/// group where the next two do. Whether it is one.
pub fn archive(bytes: &[u8]) -> bool {
    let manifest = Manifest::decode(bytes);
    if let Ok(manifest) = &manifest {
        assert_eq!(manifest.encode(), bytes, "one form only");
        assert!(manifest.parts.iter().all(|part| !part.name.contains(['/', '\\'])));
        assert_eq!(manifest.records(), manifest.parts.iter().map(|part| part.last - part.first + 1).sum::<u64>());
    }
    let [a, b, c, d, file @ ..] = bytes else { return manifest.is_ok() };
    let (footer, second) = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
    let start = file.len().saturating_sub(footer.into());
    part(file, usize::from(second).min(start), start) | manifest.is_ok()
}

/// Whether a file is the honest archive's records, under a manifest whose digests fit it.
fn part(file: &[u8], second: usize, footer: usize) -> bool {
    let mut manifest = HONEST.manifest.clone();
    let part = &mut manifest.parts[0];
    for (group, stretch) in part.groups.iter_mut().zip([0..second, second..footer]) {
        *group = Group { bytes: stretch.len() as u64, digest: Digest::of(&file[stretch]), ..*group };
    }
    part.footer = Footer { bytes: (file.len() - footer) as u64, digest: Digest::of(&file[footer..]) };
    (part.bytes, part.digest) = (file.len() as u64, Digest::of(file));
    part.name = format!("part-{:012}-{:.16}.parquet", part.first, part.digest.to_string());

    let store = Arc::new(InMemory::new());
    let archive = Archive::on(store.clone(), "");
    RUNTIME.block_on(async {
        for (name, bytes) in [(&*manifest.parts[0].name, file.to_vec()), ("manifest.json", manifest.encode())] {
            store.put(&Path::from(name), bytes.into()).await.expect("memory takes it");
        }
        let verified = archive.verify().await;
        let read: Result<Vec<Sealed>, ArchiveError> = match archive.records(0).await {
            Ok(records) => records.try_collect().await,
            Err(error) => Err(error),
        };
        // Heads and numbers are the manifest's, so nothing but the log itself is found to be good.
        if let Ok(verified) = &verified {
            assert_eq!((verified.records, verified.head), (RECORDS as u64, manifest.head()));
            assert_eq!(read.expect("what was verified is read"), HONEST.records);
        }
        verified.is_ok()
    })
}

/// The honest archive's manifest.
pub fn honest_manifest() -> Vec<u8> {
    HONEST.manifest.encode()
}

/// Its part, as the target takes it.
pub fn honest_part() -> Vec<u8> {
    let Part { groups, footer, .. } = &HONEST.manifest.parts[0];
    let lengths = [footer.bytes, groups[0].bytes].map(|bytes| u16::try_from(bytes).expect("it is small").to_le_bytes());
    [lengths.concat().as_slice(), &HONEST.file].concat()
}
