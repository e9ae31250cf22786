//! Text measures are those of rouge-score and sacrebleu. The numbers are written by `fixtures/similarity.py`.

use assay_scoring::{
    Score,
    similarity::{Words, chrf, exact, normalise, rouge_1, rouge_2, rouge_l},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    candidate: String,
    reference: String,
    /// Precision, recall and F-measure of ROUGE-1, 2 and L.
    ascii: [[f64; 3]; 3],
    unicode: [[f64; 3]; 3],
    chrf: f64,
    normal: [String; 2],
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/similarity.json")).unwrap();
    assert!(cases.len() > 60);
    cases
}

/// Ours are rounded down, theirs to the nearest double.
fn near(found: Score, expected: f64, case: &str) {
    let nano = (expected * 1e9).round() as i64;
    assert!((i64::from(found.nano()) - nano).abs() <= 1, "{found:?} for {expected}: {case}");
}

#[test]
fn rouge_is_that_of_rouge_score() {
    for case in cases() {
        for (words, expected) in [(Words::Ascii, case.ascii), (Words::Unicode, case.unicode)] {
            for (rouge, [precision, recall, f_measure]) in [rouge_1, rouge_2, rouge_l].into_iter().zip(expected) {
                let found = rouge(&case.candidate, &case.reference, words);
                near(found.precision(), precision, &case.candidate);
                near(found.recall(), recall, &case.candidate);
                near(found.f_measure(), f_measure, &case.candidate);
            }
        }
    }
}

#[test]
fn chrf_is_that_of_sacrebleu() {
    for case in cases() {
        near(chrf(&case.candidate, &case.reference), case.chrf, &case.candidate);
    }
}

#[test]
fn normal_forms_are_those_of_squad() {
    let mut same = 0;
    for Case { candidate, reference, normal, .. } in cases() {
        assert_eq!([normalise(&candidate), normalise(&reference)], normal);
        if !normal[1].is_empty() {
            assert_eq!(exact(&candidate, &reference) == Score::ONE, normal[0] == normal[1]);
            same += u32::from(normal[0] == normal[1]);
        }
    }
    assert!(same > 8, "{same}");
}
