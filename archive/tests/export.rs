//! Records go in and come back, whatever happens on the way.

mod scene;

use std::{io, sync::Arc};

use assay_archive::{Archive, ArchiveError, MAX_RECORD_BYTES, PartSize, blocking};
use futures::FutureExt as _;
use object_store::memory::InMemory;
use scene::{Failure, Faulty, SMALL, files, good, log, read};
use scoring::{Broken, ScoreLog, Sealed};

fn archive(store: InMemory) -> (Archive, Arc<InMemory>) {
    let store = Arc::new(store);
    (Archive::on(store.clone(), "logs/seven").with_part_size(SMALL), store)
}

#[tokio::test]
async fn what_goes_in_comes_back() {
    for count in [1, 4, 5, 6, 20, 21, 99, 100] {
        let records = log(count);
        let (archive, _) = archive(InMemory::new());
        let exported = archive.export(good(&records)).await.unwrap();
        assert_eq!((exported.new_records, exported.records), (count, count));
        assert_eq!(exported.new_parts as u64, count.div_ceil(20));
        assert_eq!(exported.head, records.last().unwrap().hash);

        let verified = archive.verify().await.unwrap();
        assert_eq!((verified.records, verified.head), (count, exported.head));
        assert_eq!((Some(verified.manifest), verified.parts), (exported.manifest, exported.new_parts));
        assert_eq!((verified.identity.netuid.0, &verified.strays), (7, &vec![]));

        let back = read(&archive, 0).await.unwrap();
        assert_eq!(back, records);
        let mut chain = ScoreLog::new();
        assert!(back.iter().all(|sealed| chain.accept(sealed).is_ok()));
        for from in [1, 3, 19, 20, 21, count - 1, count, count + 9] {
            let expected = records.get(from as usize..).unwrap_or_default();
            assert_eq!(read(&archive, from).await.unwrap(), expected, "{count} from {from}");
        }
    }
}

#[tokio::test]
async fn later_exports_append() {
    let records = log(70);
    let (archive, store) = archive(InMemory::new());
    let mut before = Vec::new();
    for end in [3, 3, 4, 30, 70] {
        let from = archive.next_seq().await.unwrap();
        // The whole log, or what is new of it: both will do.
        let offered = if end % 2 == 0 { &records[from as usize..end] } else { &records[..end] };
        let exported = archive.export(good(offered)).await.unwrap();
        assert_eq!((exported.new_records, exported.records), (end as u64 - from, end as u64));
        assert_eq!(archive.verify().await.unwrap().records, end as u64);

        let after = files(&*store).await;
        let parts = before.iter().filter(|(name, _): &&(object_store::path::Path, _)| name.as_ref().contains("part-"));
        assert!(parts.clone().all(|part| after.contains(part)), "a part was changed");
        before = after;
    }
    assert_eq!(read(&archive, 0).await.unwrap(), records);
    assert_eq!(before.len(), 3 + 2 + 2);
}

#[tokio::test]
async fn one_log_is_one_archive() {
    let records = log(100);
    let [(one, first), (other, second)] = [archive(InMemory::new()), archive(InMemory::new())];
    one.export(good(&records)).await.unwrap();
    other.export(good(&records)).await.unwrap();
    assert_eq!(files(&*first).await, files(&*second).await);
}

#[tokio::test]
async fn long_records_end_row_groups_early() {
    let records = log(60);
    let longest = records.iter().map(|sealed| sealed.bytes.len()).max().unwrap();
    for group_bytes in [1, longest, 3 * longest] {
        let size = PartSize { group_records: 7, group_bytes, groups: 3 };
        let archive = Archive::on(Arc::new(InMemory::new()), "").with_part_size(size);
        archive.export(good(&records)).await.unwrap();
        let manifest = archive.manifest().await.unwrap();
        assert!(manifest.parts.iter().all(|part| part.groups.len() <= 3));
        let mut next = records.iter();
        for group in manifest.parts.iter().flat_map(|part| &part.groups) {
            let bytes: usize = next.by_ref().take(group.records as usize).map(|sealed| sealed.bytes.len()).sum();
            assert!(group.records == 1 || (group.records <= 7 && bytes <= group_bytes));
        }
        assert_eq!(read(&archive, 0).await.unwrap(), records);
        archive.verify().await.unwrap();
    }
}

#[tokio::test]
async fn whatever_write_fails_nothing_is_lost() {
    let records = log(450);
    let (undisturbed, store) = archive(InMemory::new());
    undisturbed.export(good(&records[..150])).await.unwrap();
    let begun = store.fork();
    undisturbed.export(good(&records)).await.unwrap();
    let whole = files(&*store).await;
    for failure in [Failure::Full, Failure::Lost] {
        // Fifteen parts, a manifest after eight of them and one at the end.
        for left in 0..17 {
            let faulty = Faulty::new(begun.fork(), failure, left);
            let archive = Archive::on(faulty.clone(), "logs/seven").with_part_size(SMALL);
            let error = archive.export(good(&records)).await.unwrap_err();
            assert!(matches!(error, ArchiveError::Store { done: "written", .. }), "{error:?}");

            let verified = archive.verify().await.unwrap();
            let named = match (failure, left) {
                (Failure::Lost, 16) => 450,
                (Failure::Full, ..=8) | (_, ..=7) => 150,
                _ => 310,
            };
            assert_eq!(verified.records, named, "{failure:?} {left}");
            assert_eq!(read(&archive, 0).await.unwrap(), records[..named as usize]);

            archive.export(good(&records)).await.unwrap();
            assert_eq!(archive.verify().await.unwrap().strays, Vec::<String>::new());
            assert_eq!(files(&faulty.inner).await, whole, "{failure:?} {left}");
        }
        let faulty = Faulty::new(begun.fork(), failure, 17);
        Archive::on(faulty, "logs/seven").with_part_size(SMALL).export(good(&records)).await.unwrap();
    }
}

#[tokio::test]
async fn what_an_export_left_behind_is_told() {
    let records = log(30);
    let faulty = Faulty::new(InMemory::new(), Failure::Full, 2);
    let archive = Archive::on(faulty.clone(), "").with_part_size(SMALL);
    archive.export(good(&records[..25])).await.unwrap_err();
    assert!(matches!(archive.verify().await, Err(ArchiveError::Nothing)));
    // The log grew meanwhile, so the short part isn't written again.
    archive.export(good(&records)).await.unwrap();
    let strays = archive.verify().await.unwrap().strays;
    assert_eq!(strays.len(), 1);
    assert!(strays[0].starts_with("part-000000000020-"));
    assert_eq!(read(&archive, 0).await.unwrap(), records);
}

#[tokio::test]
async fn an_answer_that_was_lost_is_no_race() {
    let records = log(10);
    let faulty = Faulty::new(InMemory::new(), Failure::Repeated, 1);
    let archive = Archive::on(faulty, "").with_part_size(SMALL);
    assert_eq!(archive.export(good(&records)).await.unwrap().records, 10);
    archive.verify().await.unwrap();
}

#[tokio::test]
async fn the_slower_of_two_exports_is_told() {
    let records = log(40);
    for begun in [0, 10] {
        let (archive, _) = archive(InMemory::new());
        archive.export(good(&records[..begun])).await.unwrap();
        let other = archive.clone();
        let disturbed = good(&records).inspect(|sealed| {
            if sealed.as_ref().is_ok_and(|sealed| sealed.seq == 39) {
                other.export(good(&records[..33])).now_or_never().unwrap().unwrap();
            }
        });
        assert!(matches!(archive.export(disturbed).await, Err(ArchiveError::Raced)));
        assert_eq!(archive.verify().await.unwrap().records, 33);
        archive.export(good(&records)).await.unwrap();
        assert_eq!(read(&archive, 0).await.unwrap(), records);
    }
}

#[tokio::test]
async fn what_is_no_log_is_refused() {
    let records = log(40);
    let (archive, _) = archive(InMemory::new());
    let refused = archive.export(good(&records[1..])).await;
    assert!(matches!(refused, Err(ArchiveError::Broken(Broken::Sequence { expected: 0, found: 1 }))));

    let mut headless = ScoreLog::new();
    let first = headless.append(&scene::sample::record(1));
    assert!(matches!(archive.export(good(&[first])).await, Err(ArchiveError::NoHeader)));

    let long = Sealed { bytes: vec![b' '; MAX_RECORD_BYTES + 1], ..records[0].clone() };
    assert!(matches!(archive.export(good(&[long])).await, Err(ArchiveError::TooLong { seq: 0, .. })));
    assert!(matches!(archive.manifest().await, Err(ArchiveError::Nothing)));

    archive.export(good(&records[..20])).await.unwrap();
    for (spoilt, spoil) in [(19, 19), (25, 25)] {
        let mut records = records.clone();
        records[spoilt].hash.0[0] ^= 1;
        let error = archive.export(good(&records)).await.unwrap_err();
        match spoil {
            19 => assert!(matches!(error, ArchiveError::AnotherLog { seq: 19 }), "{error:?}"),
            _ => assert!(matches!(error, ArchiveError::Broken(Broken::Hash { seq: 25 })), "{error:?}"),
        }
    }
    let gap = archive.export(good(&records[21..])).await;
    assert!(matches!(gap, Err(ArchiveError::Broken(Broken::Sequence { expected: 20, found: 21 }))));

    let failing = records.iter().take(30).cloned().map(Ok).chain([Err(io::Error::other("the disk"))]);
    assert!(matches!(archive.export(failing).await, Err(ArchiveError::Records(_))));
    assert_eq!(archive.verify().await.unwrap().records, 20);
}

#[tokio::test]
async fn nothing_makes_no_archive() {
    let (archive, store) = archive(InMemory::new());
    let exported = archive.export(good(&[])).await.unwrap();
    assert_eq!((exported.records, exported.manifest), (0, None));
    assert_eq!(files(&*store).await, []);
    assert!(matches!(archive.manifest().await, Err(ArchiveError::Nothing)));
    assert!(matches!(archive.verify().await, Err(ArchiveError::Nothing)));
    assert!(matches!(read(&archive, 0).await, Err(ArchiveError::Nothing)));
}

#[test]
fn folders_are_archives() {
    let folder = tempfile::tempdir().unwrap();
    let records = log(50);
    // Made when it is needed; by a path, by a URL, by a name that is no ASCII.
    for name in ["a/b", "file", "Prüf ung%20"] {
        let path = folder.path().join(name);
        let place = match name {
            "file" => format!("file://{}", path.display()),
            _ => path.to_str().unwrap().to_owned(),
        };
        let archive = blocking::Archive::open(&place).unwrap().with_part_size(SMALL);
        assert!(matches!(archive.verify(), Err(ArchiveError::Nothing)));
        assert!(!path.exists());
        archive.export(good(&records)).unwrap();
        assert_eq!(archive.verify().unwrap().records, 50);
        assert_eq!(archive.records(0).unwrap().collect::<Result<Vec<_>, _>>().unwrap(), records);
        let mut names: Vec<String> =
            path.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names.len(), 5, "{names:?}");
        assert_eq!(names[..2], ["export.lock", "manifest.json"]);

        let other = archive.clone();
        let nested = good(&records).inspect(|_| {
            let inner = Archive::open(&place).unwrap();
            assert!(matches!(inner.export(good(&[])).now_or_never(), Some(Err(ArchiveError::Locked))));
        });
        other.export(nested).unwrap();
    }
}

#[test]
fn a_folder_that_can_not_be_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let archive = blocking::Archive::open(file.join("log").to_str().unwrap()).unwrap();
    assert!(matches!(archive.export(good(&log(1))), Err(ArchiveError::Lock(_))));
}
