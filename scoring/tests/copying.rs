//! Copiers are told from honest validators, on made-up subnets; what can't be told isn't.

mod copiers;

use assay_scoring::{
    copying::{CopyingError, Epoch, Following, Search, ValidatorRow, Verdict, copying},
    statistics::roc,
};
use copiers::{HONEST, Kind, Scene, base, history, honest, validator};
use primitives::{Hotkey, Registration};
use proptest::prelude::*;

fn scene(validators: Vec<Kind>) -> Scene {
    Scene { validators, miners: 20, epochs: 44, ..base() }
}

fn copier(lag: usize, of: Option<usize>, mix: f64, noise: f64) -> Kind {
    Kind::Copier { lag, of, mix, noise }
}

/// What is said of each, in the order of the scene.
fn judged(scene: &Scene, seed: u32) -> Vec<Following> {
    let found = copying(&history(scene, seed), &Search::default()).unwrap();
    assert!(found.is_sorted_by_key(|following| following.validator));
    let of = |place| *found.iter().find(|following| following.validator == validator(place)).unwrap();
    (0..scene.validators.len()).map(of).collect()
}

#[test]
fn copiers_lagged_by_the_reveal_period_are_told_from_honest_validators() {
    // 9 subnets of 24: 216 validators, 72 of them copiers of lag 1 to 3, who add noise of up to half an honest error.
    let noise = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05];
    let (mut scores, mut labels, mut accused, mut found, mut lags) = (Vec::new(), Vec::new(), 0, 0, 0);
    for seed in 0..9_u32 {
        let copiers = (0..8).map(|at| copier(at % 3 + 1, None, 1.0, noise[(at + seed as usize) % 6]));
        let scene = Scene { validators: (0..16).map(honest).chain(copiers).collect(), ..base() };
        for (kind, following) in scene.validators.iter().zip(judged(&scene, seed)) {
            let copies = following.verdict == Verdict::Copies;
            scores.push(following.score);
            labels.push(matches!(kind, Kind::Copier { .. }));
            match kind {
                Kind::Copier { lag, .. } => {
                    assert_ne!(following.verdict, Verdict::Honest);
                    found += usize::from(copies);
                    lags += usize::from(copies && following.lag == Some(*lag));
                }
                _ => accused += usize::from(copies),
            }
        }
    }
    let all = labels.iter().filter(|copies| **copies).count();
    let area = roc(&scores, &labels).unwrap().area();
    assert_eq!((scores.len(), all), (216, 72));
    assert!(area >= 0.99, "area {area}");
    assert!(accused * 100 <= scores.len() - all, "{accused} honest ones accused");
    assert!(found * 10 >= all * 8 && lags * 10 >= found * 9, "{found} of {all} found, {lags} by their lag");
}

#[test]
fn who_copies_one_validator_is_told_whom() {
    let validators: Vec<Kind> =
        (0..7).map(|_| HONEST).chain([2, 3].map(|lag| copier(lag, Some(4), 1.0, 0.0))).collect();
    for seed in [1, 2] {
        let found = judged(&scene(validators.clone()), seed);
        for (lag, following) in [2, 3].into_iter().zip(&found[7..]) {
            assert_eq!(following.verdict, Verdict::Copies);
            assert_eq!((following.lag, following.of), (Some(lag), Some(validator(4))));
            assert!(following.correlation > 0.9 && following.score > 0.8 && following.p_value < 1e-6);
        }
        assert!(found[..7].iter().all(|following| following.verdict != Verdict::Copies));
    }
}

#[test]
fn a_mixture_scores_about_its_share() {
    let validators = (0..8).map(|_| HONEST).chain([1.0, 0.7].map(|mix| copier(2, None, mix, 0.0))).collect();
    let found = judged(&Scene { epochs: 60, ..scene(validators) }, 5);
    assert!(found[8].score > 0.9 && found[9].score > 0.3 && found[9].score < 0.95, "{:?}", &found[8..]);
    assert!(found[8..].iter().all(|following| following.verdict == Verdict::Copies && following.lag == Some(2)));
}

#[test]
fn who_measures_an_epoch_late_is_less_of_a_copy() {
    let validators = (0..8).map(|_| HONEST).chain([Kind::Late, copier(1, None, 1.0, 0.0)]).collect();
    let found = judged(&scene(validators), 2);
    // What it errs nobody erred before it.
    assert!(found[8].score < 0.7 && found[9].score > 0.9, "{:?}", &found[8..]);
    assert!(found[8].correlation < 0.8 && found[9].correlation > 0.9);
}

#[test]
fn what_does_not_change_tells_nothing() {
    let validators: Vec<Kind> = (0..6).map(|_| HONEST).chain([Kind::Constant, copier(1, None, 1.0, 0.0)]).collect();
    let constant = judged(&scene(validators.clone()), 3)[6];
    assert_eq!((constant.verdict, constant.epochs, constant.lag), (Verdict::Undecided, 0, None));
    assert_eq!((constant.score, constant.p_value, constant.correlation), (0.0, 1.0, 0.0));
    // Too short to say anything; and a subnet in which nothing ever moves.
    for scene in [
        Scene { epochs: 19, ..scene(validators.clone()) },
        Scene { epochs: 1, ..scene(validators.clone()) },
        Scene { drift: 0.0, noise: 0.0, churn: 0.0, ..scene(validators) },
    ] {
        assert!(judged(&scene, 4).iter().all(|following| following.verdict == Verdict::Undecided));
    }
}

#[test]
fn one_alone_has_nobody_to_copy() {
    let found = judged(&scene(vec![HONEST]), 1);
    assert_eq!((found[0].verdict, found[0].epochs), (Verdict::Undecided, 0));
    assert_eq!(copying(&[], &Search::default()), Ok(Vec::new()));
    assert_eq!(copying(&vec![Epoch::default(); 40], &Search::default()), Ok(Vec::new()));
}

#[test]
fn holes_and_new_miners_are_lived_with() {
    let validators = (0..8).map(|_| HONEST).chain([copier(1, None, 1.0, 0.0), copier(3, None, 1.0, 0.0)]).collect();
    let found = judged(&Scene { epochs: 90, churn: 0.02, missing: 0.1, ..scene(validators) }, 6);
    assert!(found[..8].iter().all(|following| following.verdict != Verdict::Copies));
    assert!(found[8..].iter().all(|following| following.verdict == Verdict::Copies), "{:?}", &found[8..]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let epochs = |rows: Vec<ValidatorRow>| [Epoch::default(), Epoch { rows, consensus: None }];
    let who = |key: u8| Registration { hotkey: Hotkey([key; 32]), block: 1 };
    let row = |miners: &[u8]| ValidatorRow {
        validator: who(1),
        stake: 1,
        weights: miners.iter().map(|miner| (who(*miner), 1)).collect(),
    };
    let refused = |rows, search: Search| copying(&epochs(rows), &search).unwrap_err();
    let twice = refused(vec![row(&[2]), row(&[3])], Search::default());
    assert_eq!(twice, CopyingError::TwoRows { epoch: 1, validator: who(1) });
    let repeated = refused(vec![row(&[2, 3, 2])], Search::default());
    assert_eq!(repeated, CopyingError::Repeated { epoch: 1, miner: who(2) });
    assert!(!repeated.to_string().contains('\n'));
    let of = |search| refused(Vec::new(), search);
    assert_eq!(of(Search { max_lag: 0, ..Search::default() }), CopyingError::Lag(0));
    assert_eq!(of(Search { max_lag: 33, ..Search::default() }), CopyingError::Lag(33));
    assert_eq!(of(Search { significance: f64::NAN, ..Search::default() }), CopyingError::Chance("significance"));
    assert_eq!(of(Search { clearing: 1.0, ..Search::default() }), CopyingError::Chance("clearing"));
    assert_eq!(of(Search { least_score: f64::NAN, ..Search::default() }), CopyingError::Score);
}

/// Any rows, holes, zeros and names.
fn odd_histories() -> impl Strategy<Value = Vec<Epoch>> {
    let who = |key: u8| Registration { hotkey: Hotkey([key; 32]), block: 1 };
    let weights = move || {
        prop::collection::btree_map(0..6_u8, prop_oneof![Just(0), Just(u16::MAX), any::<u16>()], 0..6)
            .prop_map(move |row| row.into_iter().map(|(miner, weight)| (who(miner), weight)).collect::<Vec<_>>())
    };
    let stake = prop_oneof![Just(0), Just(u64::MAX), 1..9_u64];
    let rows = prop::collection::btree_map(0..5_u8, (stake, weights()), 0..5).prop_map(move |rows| {
        let row = |(validator, (stake, weights))| ValidatorRow { validator: who(validator), stake, weights };
        rows.into_iter().map(row).collect()
    });
    let epoch = (rows, prop::option::of(weights())).prop_map(|(rows, consensus)| Epoch { rows, consensus });
    prop::collection::vec(epoch, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn odd_histories_get_finite_answers(epochs in odd_histories(), max_lag in 1..5_usize, turn in 0..5_usize) {
        let search = Search { max_lag, least_epochs: 4, ..Search::default() };
        let found = copying(&epochs, &search).unwrap();
        for following in &found {
            prop_assert!(following.score.is_finite() && (0.0..=1.0).contains(&following.p_value));
            prop_assert!(following.correlation.abs() <= 1.0 + 1e-9 && following.contemporaneous.abs() <= 1.0 + 1e-9);
            prop_assert!(following.lag.is_none_or(|lag| (1..=max_lag).contains(&lag)));
            prop_assert!(following.of != Some(following.validator));
            prop_assert!(following.epochs <= epochs.len().saturating_sub(max_lag));
        }
        // Rows come in any order.
        let turned = epochs.iter().cloned().map(|mut epoch| {
            let by = turn % epoch.rows.len().max(1);
            epoch.rows.rotate_left(by);
            epoch.rows.iter_mut().for_each(|row| row.weights.reverse());
            epoch
        });
        prop_assert_eq!(copying(&turned.collect::<Vec<_>>(), &search).unwrap(), found);
    }
}
