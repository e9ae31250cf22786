//! Whole epochs made with Subtensor's own arithmetic, compared bit for bit.

use std::{fs, path::Path};

use assay_scoring::yuma::{self, EpochInput, EpochOutput};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    input: EpochInput,
    output: EpochOutput,
}

#[test]
fn every_vector_matches_bit_for_bit() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/yuma");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names.len(), 24);
    for path in names {
        let vector: Vector = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let output = yuma::epoch(&vector.input);
        assert_eq!(output, vector.output, "{}", path.display());
    }
}
