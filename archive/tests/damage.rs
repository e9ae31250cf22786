//! Whatever is done to an archive's files is found, and located.

mod scene;

use std::sync::Arc;

use assay_archive::{Archive, ArchiveError, Cause, Manifest, PartSize};
use object_store::{ObjectStoreExt as _, memory::InMemory, path::Path};
use scene::{SMALL, faults, files, good, log, read, within};

/// Two parts: ten records in two row groups, and three in one.
async fn sound() -> (Archive, Arc<InMemory>, Manifest) {
    archive_of(13, PartSize { groups: 2, ..SMALL }).await
}

async fn archive_of(records: u64, size: PartSize) -> (Archive, Arc<InMemory>, Manifest) {
    let store = Arc::new(InMemory::new());
    let archive = Archive::on(store.clone(), "").with_part_size(size);
    archive.export(good(&log(records))).await.unwrap();
    let manifest = archive.manifest().await.unwrap();
    (archive, store, manifest)
}

#[tokio::test]
async fn every_changed_byte_is_found_and_located() {
    // As small as two parts and two row groups can be.
    let (archive, store, manifest) = archive_of(3, PartSize { group_records: 1, groups: 2, ..SMALL }).await;
    for (name, bytes) in files(&*store).await {
        let part = manifest.parts.iter().find(|part| part.name == name.as_ref());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            store.put(&name, changed.into()).await.unwrap();
            let found = faults(&archive).await;
            assert_eq!(found.len(), 1, "{name} {at}: {found:?}");
            assert_eq!(found[0].file, name.as_ref());
            let Some(part) = part else {
                assert!(matches!(found[0].cause, Cause::Manifest(_)));
                continue;
            };
            let (mut start, mut first) = (0, part.first);
            let mut expected = (part.bytes - part.footer.bytes..part.bytes, None);
            for group in &part.groups {
                if (start..start + group.bytes).contains(&(at as u64)) {
                    expected = (start..start + group.bytes, Some(first..first + group.records));
                }
                (start, first) = (start + group.bytes, first + group.records);
            }
            assert!(matches!(found[0].cause, Cause::Digest));
            assert_eq!((found[0].bytes.clone().unwrap(), found[0].records.clone()), expected, "{name} {at}");
            assert!(expected.0.contains(&(at as u64)));
        }
        store.put(&name, bytes.into()).await.unwrap();
    }
    archive.verify().await.unwrap();
}

#[tokio::test]
async fn what_is_changed_is_not_read() {
    let (archive, store, manifest) = sound().await;
    let part = &manifest.parts[0];
    let name = Path::from(part.name.clone());
    let mut bytes = store.get(&name).await.unwrap().bytes().await.unwrap().to_vec();
    bytes[part.groups[0].bytes as usize + 9] ^= 4;
    store.put(&name, bytes.into()).await.unwrap();
    // Up to the damage all is well, and behind it.
    let mut records = Box::pin(archive.records(0).await.unwrap());
    let mut good = 0;
    let error = loop {
        match futures::StreamExt::next(&mut records).await.unwrap() {
            Ok(_) => good += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(good, 5);
    assert!(error.to_string().contains("records 5..10"), "{error}");
    assert_eq!(read(&archive, 10).await.unwrap().len(), 3);
    assert!(read(&archive, 5).await.is_err());
}

#[tokio::test]
async fn every_cut_is_found() {
    let (archive, store, manifest) = sound().await;
    let part = &manifest.parts[0];
    let name = Path::from(part.name.clone());
    let bytes = store.get(&name).await.unwrap().bytes().await.unwrap();
    let second = part.groups[0].bytes;
    for length in (0..part.bytes).step_by(97).chain([second, second - 1, part.bytes - 1]) {
        store.put(&name, bytes.slice(..length as usize).into()).await.unwrap();
        let found = faults(&archive).await;
        assert_eq!(found.len(), 1, "{length}: {found:?}");
        assert!(matches!(found[0].cause, Cause::Length { found, .. } if found == length));
        assert_eq!(found[0].bytes, Some(length..part.bytes));
        let lost = match length {
            _ if length < second => Some(0..10),
            _ if length < part.bytes - part.footer.bytes => Some(5..10),
            _ => None,
        };
        assert_eq!(found[0].records, lost, "{length}");
        assert!(read(&archive, 0).await.is_err());
    }
    store.put(&name, [&bytes[..], b"!"].concat().into()).await.unwrap();
    let found = faults(&archive).await;
    assert!(matches!(found[0].cause, Cause::Length { .. }));
    assert_eq!((found.len(), found[0].bytes.clone()), (1, Some(part.bytes..part.bytes + 1)));
}

#[tokio::test]
async fn missing_swapped_and_extra_parts_are_found() {
    let (archive, store, manifest) = sound().await;
    let [first, second] = [0, 1].map(|at| Path::from(manifest.parts[at].name.clone()));
    let kept = store.fork();

    store.delete(&second).await.unwrap();
    let found = faults(&archive).await;
    assert!(matches!(found[..], [ref fault] if matches!(fault.cause, Cause::Missing)));
    assert_eq!((found[0].file.as_str(), found[0].records.clone()), (second.as_ref(), Some(10..13)));
    assert!(read(&archive, 0).await.unwrap_err().to_string().contains("missing"));

    store.copy(&first, &second).await.unwrap();
    store.put(&first, kept.get(&second).await.unwrap().bytes().await.unwrap().into()).await.unwrap();
    let found = faults(&archive).await;
    for part in &manifest.parts {
        let of_part: Vec<_> = found.iter().filter(|fault| fault.file == part.name).collect();
        assert!(!of_part.is_empty(), "{found:?}");
        let everything = part.first..part.last + 1;
        assert!(of_part.iter().flat_map(|fault| &fault.records).all(|records| within(records, &everything)));
    }

    for (name, bytes) in files(&kept).await {
        store.put(&name, bytes.into()).await.unwrap();
    }
    let extra = Path::from("part-000000000013-0123456789abcdef.parquet");
    store.put(&extra, b"anything"[..].into()).await.unwrap();
    store.put(&Path::from("readme.txt"), b"ours"[..].into()).await.unwrap();
    assert_eq!(archive.verify().await.unwrap().strays, [extra.as_ref()]);
    assert_eq!(read(&archive, 0).await.unwrap().len(), 13);
}

#[tokio::test]
async fn damage_all_over_is_listed() {
    let (archive, store, manifest) = sound().await;
    for part in &manifest.parts {
        let name = Path::from(part.name.clone());
        let mut bytes = store.get(&name).await.unwrap().bytes().await.unwrap().to_vec();
        let mut start = 0;
        for group in &part.groups {
            bytes[start as usize] ^= 1;
            start += group.bytes;
        }
        store.put(&name, bytes.into()).await.unwrap();
    }
    let found = faults(&archive).await;
    let records: Vec<_> = found.iter().map(|fault| fault.records.clone().unwrap()).collect();
    assert_eq!(records, [0..5, 5..10, 10..13]);
    let text = archive.verify().await.unwrap_err().to_string();
    assert!(text.contains("records 0..5") && text.contains("2 more"), "{text}");
}

#[tokio::test]
async fn a_damaged_archive_is_not_written_over() {
    let (archive, store, _) = sound().await;
    let name = Path::from("manifest.json");
    let mut bytes = store.get(&name).await.unwrap().bytes().await.unwrap().to_vec();
    bytes[200] ^= 1;
    store.put(&name, bytes.into()).await.unwrap();
    let before = files(&*store).await;
    let refused = archive.export(good(&log(20))).await;
    assert!(matches!(refused, Err(ArchiveError::Damaged(_))), "{refused:?}");
    assert_eq!(files(&*store).await, before);
}

#[tokio::test]
async fn a_manifest_without_end_is_not_read_to_its_end() {
    let (archive, store, _) = sound().await;
    let endless = vec![b' '; assay_archive::MAX_MANIFEST_BYTES as usize + 1];
    store.put(&Path::from("manifest.json"), endless.into()).await.unwrap();
    assert!(faults(&archive).await[0].to_string().contains("longer than any manifest"));
}
