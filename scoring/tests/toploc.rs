//! Commitments are those of the reference implementation, byte for byte, and so are the distances. The vectors are written
//! by `fixtures/commitments.py`.

use assay_scoring::proof::{Commitment, NO_MANTISSA_MILLI};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    kind: String,
    seed: u64,
    rows: usize,
    width: usize,
    proof: String,
    distances: Vec<Distance>,
}

#[derive(Deserialize)]
struct Distance {
    strength: u64,
    exponents: u32,
    mean: Option<f64>,
    median: Option<f64>,
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/commitments.json")).unwrap();
    assert!(cases.len() >= 40);
    cases
}

fn words(seed: u64) -> impl Iterator<Item = u64> {
    (1_u64..).map(move |index| {
        let mut z = seed.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

fn numbers(case: &Case) -> Vec<u16> {
    let number = |(index, word): (usize, u64)| {
        let spread = (word & 0x807F) as u16 | ((116 + (word >> 16) % 12) as u16) << 7;
        match case.kind.as_str() {
            "spread" => spread,
            "ties" => (word & 0x8003) as u16 | 127 << 7,
            "equal" => 0x3F80,
            "outliers" if index % 97 == 5 => spread + (6 << 7),
            "outliers" => spread,
            other => panic!("no such numbers: {other}"),
        }
    };
    words(case.seed).take(case.rows * case.width).enumerate().map(number).collect()
}

fn shaken(numbers: &[u16], seed: u64, strength: u64) -> Vec<u16> {
    let moved = |(bits, word): (&u16, u64)| match (word >> 32) % 100 < strength {
        true => bits + (word % (3 + strength)) as u16,
        false => *bits,
    };
    numbers.iter().zip(words(seed)).map(moved).collect()
}

#[test]
fn commitments_are_the_references() {
    let mut moduli = std::collections::BTreeSet::new();
    for case in cases() {
        let commitment = Commitment::of(&numbers(&case)).unwrap();
        let bytes = commitment.encode();
        moduli.insert([bytes[0], bytes[1]]);
        assert_eq!(hex::encode(bytes), case.proof, "{} {}x{}", case.kind, case.rows, case.width);
    }
    assert!(moduli.len() > 1, "places that collide are among the vectors: {moduli:?}");
}

#[test]
fn distances_are_the_references() {
    for case in cases() {
        let own = numbers(&case);
        let commitment = Commitment::decode(&hex::decode(&case.proof).unwrap()).unwrap();
        for Distance { strength, exponents, mean, median } in case.distances {
            let found = commitment.compare(&shaken(&own, case.seed + 7, strength)).unwrap();
            let milli = |number: Option<f64>| number.map_or(NO_MANTISSA_MILLI, |number| (number * 1e3).round() as u32);
            let expected = (exponents, milli(mean), milli(median));
            let found = (found.exponent_mismatches, found.mantissa_mean_milli, found.mantissa_median_milli);
            assert_eq!(found, expected, "{} {}x{}, {strength}", case.kind, case.rows, case.width);
        }
    }
}
