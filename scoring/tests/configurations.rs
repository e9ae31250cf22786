//! The mechanisms in `configs/incentive`: each is played, and comes to the same numbers everywhere.

mod mechanisms;
mod subnet;

use std::{collections::BTreeMap, fs, path::Path};

use assay_scoring::{Incentive, Registry};
use mechanisms::{Deed, SILENT};
use serde::Deserialize;
use subnet::{Validator, snapshot};

#[derive(Deserialize)]
struct Configuration {
    incentive: Incentive,
}

fn configurations() -> BTreeMap<String, Incentive> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/incentive");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let Configuration { incentive } = toml::from_str(&text).unwrap_or_else(|error| panic!("{file:?}: {error}"));
            (file.file_stem().unwrap().to_str().unwrap().to_owned(), incentive)
        })
        .collect()
}

/// 40 rounds of seven miners, the better the lower their number; the last two answer alike. A row every five rounds.
fn play(incentive: &Incentive) -> (Vec<u16>, String) {
    let mut validator = Validator::new(incentive.clone());
    let mut state = 9_u32;
    let mut below = |bound: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (u64::from(state) * u64::from(bound)) as u64 >> 32
    };
    for round in 0..40 {
        let seen = (0..7_u8).map(|miner| {
            let text = if miner == 6 { 5 } else { miner };
            let (first_ms, more, quality) = (50 + below(400), below(500 * (1 + u64::from(miner)) as u32), below(5));
            let deed = match below(20) {
                0 => Deed::False,
                1 => Deed::Fail(SILENT[below(5) as usize]),
                2 => Deed::Rest,
                _ => Deed::Answer { quality: (quality as u32).max(4 - u32::from(miner).min(4)), first_ms, latency_ms: first_ms + more },
            };
            deed.evidence(incentive, text)
        });
        validator.judged(seen.collect());
        if round % 5 == 4 {
            validator.weigh(snapshot(7, 1)).unwrap();
            validator.seal();
        }
    }
    (validator.table().last_weights().unwrap().values(), validator.replay.digest().to_string())
}

#[test]
fn all_can_be_built() {
    for (name, incentive) in configurations() {
        let built = Registry::default().build(&incentive);
        assert!(built.is_ok(), "{name}: {built:?}");
    }
    assert_eq!(configurations()["default"], Incentive::default());
}

/// Rows and states of one log. They change with the rules, with the encoding of the state, and with nothing else: another
/// platform, compiler or number of threads gives the same.
#[test]
fn each_comes_to_known_numbers() {
    let known: BTreeMap<String, (Vec<u16>, String)> = configurations().iter().map(|(name, rules)| (name.clone(), play(rules))).collect();
    let expected = KNOWN.map(|(name, row, digest)| (name.to_owned(), (row.to_vec(), digest.to_owned())));
    assert_eq!(known, expected.into());
}

const KNOWN: [(&str, &[u16], &str); 3] = [
    ("default", &[], ""),
    ("king-of-the-hill", &[], ""),
    ("open-models", &[], ""),
];
