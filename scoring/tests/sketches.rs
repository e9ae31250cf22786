//! Sketches are those of another implementation, byte for byte: logs of one version are read by the next. The vectors
//! are written by `fixtures/sketches.py`.

use assay_scoring::sketch::{SHINGLE_WORDS, SimHash, Sketch};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    text: String,
    width: usize,
    sketch: Sketch,
    sim_hash: SimHash,
}

#[test]
fn sketches_are_the_others() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/sketches.json")).unwrap();
    assert!(cases.iter().any(|case| case.width == SHINGLE_WORDS));
    for case in cases {
        assert_eq!(Sketch::with_width(&case.text, case.width), case.sketch, "{}", case.text);
        assert_eq!(SimHash::with_width(&case.text, case.width), case.sim_hash, "{}", case.text);
        match case.width {
            SHINGLE_WORDS => assert_eq!(Sketch::of(&case.text), case.sketch),
            1 => assert_eq!(SimHash::of(&case.text), case.sim_hash),
            _ => {}
        }
    }
}
