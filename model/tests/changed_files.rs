//! Files of a model folder, changed a little at any place: loaded or refused in a line that names the folder, and nothing else
//! happens. What is loaded answers or refuses to.
#![cfg(feature = "torch")]

use std::{fs, path::Path, time::Duration};

use assay_model::{Backend, Engine, GenerateJob};
use primitives::{Digest, GenerateRequest, Prompt, Sampling};
use proptest::{collection::vec, prelude::*};

/// Its header is JSON; what follows it are numbers, any of which is as good as another.
const HEADER_BYTES: usize = 2_048;

/// A small change, of the kinds that break decoders.
#[derive(Clone, Debug)]
enum Change {
    Flip(u8),
    Become(u8),
    Insert(Vec<u8>),
    Remove(usize),
    CutOff,
}

fn change() -> impl Strategy<Value = Change> {
    let words =
        ["-1", "1e400", "99999999999999999999", "4294967296", "null", "[]", "{}", "\"\"", "0", "true", "\\ud800"];
    prop_oneof![
        (0..8_u8).prop_map(Change::Flip),
        any::<u8>().prop_map(Change::Become),
        prop::sample::select(words.map(|word| word.as_bytes().to_vec()).to_vec()).prop_map(Change::Insert),
        (1..24_usize).prop_map(Change::Remove),
        Just(Change::CutOff),
    ]
}

fn apply(bytes: &mut Vec<u8>, at: usize, change: &Change) {
    match change {
        Change::Flip(bit) => bytes[at] ^= 1 << bit,
        Change::Become(byte) => bytes[at] = *byte,
        Change::Insert(word) => drop(bytes.splice(at..at, word.iter().copied())),
        Change::Remove(count) => drop(bytes.drain(at..(at + count).min(bytes.len()))),
        Change::CutOff => bytes.truncate(at),
    }
}

fn copied(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    for entry in fs::read_dir(fixture).expect("the fixture") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
    }
    folder
}

async fn ask(engine: &Engine) {
    let request = GenerateRequest::new(Prompt::Tokens(vec![1, 2, 3]), 2, Sampling::GREEDY);
    if let Ok(stream) = engine.generate(GenerateJob::new(request, Digest::of(b"seed"))).await {
        // An answer or the reason why there is none.
        drop(stream.collect().await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn a_changed_file_is_loaded_or_refused(
        name in prop::sample::select(vec!["config.json", "tokenizer.json", "model.safetensors"]),
        changes in vec((any::<prop::sample::Index>(), change()), 1..4),
    ) {
        let folder = copied("llama");
        let path = folder.path().join(name);
        let mut bytes = fs::read(&path).expect("there");
        for (at, change) in &changes {
            if !bytes.is_empty() {
                let places = bytes.len().min(HEADER_BYTES.max(usize::from(name != "model.safetensors") * bytes.len()));
                apply(&mut bytes, at.index(places), change);
            }
        }
        fs::write(&path, bytes).expect("written");
        match Engine::load(folder.path()) {
            Ok(engine) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                let answered = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), ask(&engine)).await });
                prop_assert!(answered.is_ok(), "it never answers");
            }
            Err(error) => prop_assert!(error.to_string().contains(&*folder.path().to_string_lossy()), "{error}"),
        }
    }
}
