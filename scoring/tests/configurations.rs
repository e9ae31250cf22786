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

/// 40 rounds of seven miners, the better the lower their number; the last two answer alike. A row every five rounds. No
/// seals: there is a new signature each time.
fn play(incentive: &Incentive) -> (String, String) {
    let mut validator = Validator::new(incentive.clone());
    let mut state = 9_u32;
    let mut below = |bound: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (u64::from(state) * u64::from(bound)) >> 32
    };
    for round in 0..40 {
        let seen = (0..7_u8).map(|miner| {
            let text = if miner == 6 { 5 } else { miner };
            let (first_ms, more, quality) = (50 + below(400), below(500 * (1 + u64::from(miner)) as u32), below(5));
            let deed = match below(20) {
                0 => Deed::False,
                1 => Deed::Fail(SILENT[below(5) as usize]),
                2 => Deed::Rest,
                _ => Deed::Answer {
                    quality: (quality as u32).max(4 - u32::from(miner).min(4)),
                    first_ms,
                    latency_ms: first_ms + more,
                },
            };
            deed.evidence(incentive, text)
        });
        validator.judged(seen.collect());
        if round % 5 == 4 {
            validator.weigh(snapshot(7, 1)).unwrap();
        }
    }
    let row = validator.table().last_weights().unwrap().iter().map(|(uid, value)| format!("{uid}:{value}"));
    (row.collect::<Vec<_>>().join(" "), validator.replay.digest().to_string())
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
    let played: BTreeMap<_, _> = configurations().iter().map(|(name, rules)| (name.clone(), play(rules))).collect();
    let known = KNOWN.map(|(name, row, digest)| (name.to_owned(), (row.to_owned(), digest.to_owned())));
    assert_eq!(played, known.into());
}

const KNOWN: [(&str, &str, &str); 3] = [
    (
        "default",
        "1:56205 2:65535 3:57332 4:28229 5:29196 6:19529 7:43667",
        "b9aefb633d0540771471876aa201ec7bb20cc8ea82db8eaff204de9a25209d66",
    ),
    ("king-of-the-hill", "3:65535", "f38fa5949e93b1c9d7d463a74f1c359a3d7eb73b1b56d729b9f8ccf320eff57f"),
    (
        "open-models",
        "1:65535 2:55705 3:47349 4:34210 5:29078 6:20123 7:20123",
        "e80f6f7cc0fe757c0dbd04a28e897bcf4d3fcf26b7377202cbdc6c990e824551",
    ),
];
