//! A log under other rules is the log that a validator with those rules would have written of the same answers.

mod subnet;

use assay_scoring::{
    Check, Choices, Decisive, DecisiveAnswer, Divergence, Duplicates, Evidence, Gate, GenerateTask, Header, Incentive,
    Limits, Outcome, Pairwise, Plugin, Question, Record, Registry, Reliability, Round, Score, ScoreTable, Smoothing,
    Snapshot, Speed, Task, Unanswerable, Verifies, WeightMap, WhatIf, Zeros, alone, concentration::total_variation,
    proof, sketch::Sketch, weights, with_row, yuma,
};
use primitives::{Digest, Uid, Weights};
use proptest::prelude::*;
use subnet::{Validator, block, miner, snapshot, validator};

const MINERS: usize = 4;

/// What a miner shows in a round, before anybody judges it.
#[derive(Clone, Copy, Debug)]
struct Shown {
    answered: u32,
    matched: u32,
    mark: u32,
    text: u8,
    first_token_us: u64,
    latency_us: u64,
    failure: Option<Outcome>,
}

fn shown() -> impl Strategy<Value = Option<Shown>> {
    let failure = prop_oneof![6 => Just(None), 1 => prop::sample::select(&Outcome::ALL[1..6]).prop_map(Some)];
    let shown = (1u32..=40, 0u32..=8, 0u32..=1_000_000_000, 0u8..3, 1u64..90_000, 1u64..900_000, failure).prop_map(
        |(answered, off, mark, text, first_token_us, more_us, failure)| Shown {
            answered,
            matched: answered.saturating_sub(off),
            mark,
            text,
            first_token_us,
            latency_us: first_token_us + more_us,
            failure,
        },
    );
    prop_oneof![5 => shown.prop_map(Some), 1 => Just(None)]
}

/// One round, and after it perhaps a row.
#[derive(Clone, Debug)]
struct Step {
    shown: Vec<Option<Shown>>,
    row: Option<Snapshot>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let row = prop::option::of((2u16..6, 0u16..4).prop_map(|(miners, least)| snapshot(miners, least)));
    let step = (prop::collection::vec(shown(), MINERS), row).prop_map(|(shown, row)| Step { shown, row });
    prop::collection::vec(step, 1..12)
}

fn smoothing() -> impl Strategy<Value = Smoothing> {
    prop_oneof![
        (1u32..=500_000, 0u32..=500_000, 0u32..=900_000).prop_map(|(rate, more, prior_ppm)| Smoothing::Ema {
            success_rate_ppm: rate,
            failure_rate_ppm: rate + more,
            prior_ppm
        }),
        (1u32..50).prop_map(|answers| Smoothing::Mean { answers, prior_answers: answers / 3 }),
    ]
}

fn map() -> impl Strategy<Value = WeightMap> {
    prop_oneof![
        (1u32..=16).prop_map(|power| WeightMap::Proportional { power }),
        (10_000u32..900_000).prop_map(|temperature_ppm| WeightMap::Softmax { temperature_ppm }),
        (1u32..=1_000_000).prop_map(|decay_ppm| WeightMap::Rank { decay_ppm }),
        Just(WeightMap::WinnerTakesAll {}),
        (0u32..50_000, 100_000u32..=500_000)
            .prop_map(|(margin_ppm, alpha_ppm)| WeightMap::KingOfTheHill { margin_ppm, alpha_ppm }),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    let burn = prop::option::of((Just(0u16), 0u32..900_000, any::<bool>()));
    (1u32..=1_000_000, 1u16..3, burn).prop_map(|(cap_ppm, min_miners, burn)| Limits {
        cap_ppm,
        min_miners,
        burn_uid: burn.map(|burn| burn.0),
        burn_share_ppm: burn.map_or(0, |burn| burn.1),
        burn_when_idle: burn.is_some_and(|burn| burn.2),
    })
}

fn stages() -> impl Strategy<Value = Incentive> {
    let speed = prop_oneof![
        Just(Speed::None {}),
        (1u64..200_000, 0u32..900_000).prop_map(|(start_us, least_ppm)| Speed::Latency {
            start_us,
            unit_us: 900,
            least_ppm
        }),
        (1u64..90_000, 0u32..900_000).prop_map(|(first_token_us, share)| Speed::FirstTokenAndRate {
            first_token_us,
            token_us: 2_000,
            first_token_share_ppm: share,
            least_ppm: 100_000,
        }),
    ];
    let reliability = prop_oneof![
        Just(Reliability::None {}),
        (0u32..3_000, 1u32..40).prop_map(|(z_milli, answers)| Reliability::Wilson { z_milli, answers }),
    ];
    let pairwise = prop_oneof![
        3 => Just(Pairwise::None {}),
        1 => (1u32..20).prop_map(|rounds| Pairwise::BradleyTerry { rounds, prior_milli: 1_000 }),
    ];
    let zeros = prop::sample::select(&[Zeros::Omit, Zeros::Explicit][..]);
    let quality = prop::sample::select(&["accuracy", "verified"][..]);
    let rest = (zeros, quality, 1u64..6, 0u32..4, 500_000u32..=1_000_000);
    (speed, smoothing(), reliability, pairwise, map(), limits(), rest).prop_map(
        |(speed, smoothing, reliability, pairwise, weights, limits, rest)| Incentive {
            quality: rest.1.into(),
            speed,
            smoothing,
            reliability,
            pairwise,
            weights,
            limits,
            zeros: rest.0,
            stale_after_rounds: rest.2,
            gate: Gate { penalty_answers: rest.3, match_gate_ppm: rest.4, ..Gate::default() },
            ..Incentive::default()
        },
    )
}

/// Rules that judge texts and look for copies.
fn of_texts(stages: Incentive, mark_gate_ppm: u32, share_ppm: u32) -> Incentive {
    Incentive {
        same_question: true,
        tasks: vec!["expected".into()],
        quality: "exact".into(),
        duplicates: Duplicates::MinHash { resemblance_ppm: 900_000, rounds: 8, share_ppm, least_rounds: 1 },
        gate: Gate { verifies: Verifies::Answer, mark_gate_ppm, ..stages.gate },
        ..stages
    }
}

/// A task that expects something.
#[derive(Debug, serde::Deserialize)]
struct Expected {}

impl Task for Expected {
    fn question(&self, choices: &mut Choices) -> Question {
        let question = GenerateTask {}.question(choices);
        Question { expected: Some("so".into()), ..question }
    }
}

fn registry() -> Registry {
    Registry::default().with_task::<Expected>("expected")
}

/// What a validator under these rules writes down.
fn judged(shown: &Shown, incentive: &Incentive) -> Evidence {
    let Shown { answered, matched, mark, text, first_token_us, latency_us, failure } = *shown;
    let check = match incentive.gate.verifies {
        Verifies::Model => Check::Tokens { answered, matched, margin_micro: 1, complete: true },
        Verifies::Answer => Check::Marked { answered, mark: Score::from_nano(mark).unwrap() },
    };
    let check = if failure.is_some() { None } else { Some(check) };
    let outcome = failure.unwrap_or_else(|| check.unwrap().outcome(incentive));
    let sketched = incentive.duplicates.looks() && outcome == Outcome::Ok;
    let sketch = sketched.then(|| Sketch::of(["one and the same", "another text", "a third one"][usize::from(text)]));
    Evidence { outcome, latency_us, first_token_us: check.map(|_| first_token_us), check, sketch }
}

/// The log of a validator with these rules; the rows that it has, none where `only` has none either.
fn play(incentive: &Incentive, steps: &[Step], only: Option<&[Option<Weights>]>) -> (Validator, Vec<Option<Weights>>) {
    let mut validator = Validator::with(incentive.clone(), &registry());
    let mut rows = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        validator.judged(step.shown.iter().map(|shown| Some(judged(shown.as_ref()?, incentive))).collect());
        let looked = only.is_none_or(|only| only[at].is_some());
        rows.push(step.row.clone().filter(|_| looked).and_then(|snapshot| validator.weigh(snapshot).ok()));
    }
    (validator, rows)
}

fn header(validator: &Validator) -> &Header {
    validator.table().header()
}

/// The rows of the log under other rules, with the logged ones.
fn what_if(log: &Validator, other: &Incentive) -> Vec<(Weights, Option<Weights>)> {
    let mut what_if = WhatIf::begin(header(log), other, &registry()).unwrap();
    let mut rows = Vec::new();
    for record in &log.records[1..] {
        if let Some(row) = what_if.take(record).unwrap() {
            let other = row
                .other
                .ok()
                .map(|shares| Weights::new(shares.iter().filter_map(|share| Some((share.uid, share.value?)))).unwrap());
            if other.is_some() {
                assert_eq!(what_if.table().last_weights(), other.as_ref());
            }
            rows.push((row.logged.clone(), other));
        }
    }
    assert!(what_if.left_out().is_empty() && what_if.never_asked().is_empty());
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_rules_give_the_logged_rows(
        stages in stages(), texts in any::<bool>(), mark_gate in 1u32..900_000, steps in steps(),
    ) {
        let incentive = if texts { of_texts(stages, mark_gate, 700_000) } else { stages };
        let (log, rows) = play(&incentive, &steps, None);
        let found = what_if(&log, &incentive);
        prop_assert_eq!(found.len(), rows.iter().flatten().count());
        for (logged, other) in found {
            prop_assert_eq!(Some(logged), other);
        }
    }

    #[test]
    fn other_rules_give_the_rows_that_their_own_validator_would_have(
        logged in stages(), other in stages(), steps in steps(),
    ) {
        let (log, rows) = play(&logged, &steps, None);
        let (_, expected) = play(&other, &steps, Some(&rows));
        let expected: Vec<_> = rows.iter().zip(expected).filter(|(row, _)| row.is_some()).map(|(_, row)| row).collect();
        let found: Vec<_> = what_if(&log, &other).into_iter().map(|(_, other)| other).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn so_do_rules_that_judge_texts(
        logged in stages(), other in stages(), gates in (1u32..900_000, 0u32..99_000), share in 1u32..=1_000_000,
        copies in any::<bool>(), steps in steps(),
    ) {
        let logged = of_texts(logged, gates.0, 700_000);
        let other = of_texts(other, gates.0 + gates.1, share);
        let other = if copies { other } else { Incentive { duplicates: Duplicates::None {}, ..other } };
        let (log, rows) = play(&logged, &steps, None);
        let (_, expected) = play(&other, &steps, Some(&rows));
        let expected: Vec<_> = rows.iter().zip(expected).filter(|(row, _)| row.is_some()).map(|(_, row)| row).collect();
        let found: Vec<_> = what_if(&log, &other).into_iter().map(|(_, other)| other).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn answers_make_up_standings(logged in stages(), other in stages(), mut steps in steps()) {
        // Nobody leaves: who has left never comes back.
        for row in steps.iter_mut().filter_map(|step| step.row.as_mut()) {
            *row = snapshot(MINERS as u16, row.min_allowed_weights);
        }
        let (log, _) = play(&logged, &steps, None);
        let (all, tables) = decisive(&log, &other, 1_000);
        for (side, table) in tables.iter().enumerate() {
            for (miner, standing) in table.standings() {
                let part = |answer: &DecisiveAnswer| if side == 0 { answer.part_before } else { answer.part_after };
                let sum: f64 = all.iter().filter(|answer| answer.miner == *miner).map(part).sum();
                prop_assert!((sum - standing.score.as_f64()).abs() < 1e-7, "{sum} of {standing:?}");
            }
        }
        prop_assert!(all.windows(2).all(|two| two[0].difference().abs() >= two[1].difference().abs()));
        let few = decisive(&log, &other, 2).0;
        prop_assert!((0..MINERS as u16).map(miner).all(|miner| few.iter().filter(|answer| answer.miner == miner).count() <= 2));
    }

    #[test]
    fn a_validator_alone_pays_miners_as_its_row_says(values in prop::collection::vec(0u16..2_000, MINERS)) {
        prop_assume!(values.iter().any(|value| *value > 0));
        let snapshot = Snapshot { block: block(1_000), ..snapshot(MINERS as u16, 0) };
        let row = Weights::new((1..).map(Uid).zip(values.iter().copied())).unwrap();
        let (own, input) = alone(&snapshot, &validator().hotkey()).unwrap();
        let output = yuma::epoch(&with_row(&input, own, &row, snapshot.block.number));
        prop_assert_eq!(own, Uid(0));
        prop_assert!(output.validator_trust[0] > 65_500);
        let paid = Weights::new((0..).map(Uid).zip(output.incentive)).unwrap();
        prop_assert!(total_variation(&paid, &row) < 1e-3);
        prop_assert!(output.server_emission.iter().sum::<u64>().abs_diff(500_000_000) < 10);
    }
}

/// The decisive answers of a log under its own rules and under other ones, and both tables at its end.
fn decisive(log: &Validator, other: &Incentive, most: usize) -> (Vec<DecisiveAnswer>, [ScoreTable; 2]) {
    let mut table = ScoreTable::new(header(log).clone(), &registry()).unwrap();
    let mut what_if = WhatIf::begin(header(log), other, &registry()).unwrap();
    let mut decisive = Decisive::new(most);
    for (seq, record) in (1..).zip(&log.records[1..]) {
        table.apply(record).unwrap();
        what_if.take(record).unwrap();
        match record {
            Record::Scored(scored) => decisive.take(seq, scored, &table, what_if.table()),
            Record::Weights(record) => decisive.retain(&record.snapshot),
            _ => {}
        }
    }
    (decisive.largest(usize::MAX, usize::MAX), [table, what_if.table().clone()])
}

/// One answer failed by one gate and not by the other is what decides.
#[test]
fn the_answer_that_is_judged_otherwise_decides() {
    let strict = Incentive::default();
    let lenient = Incentive { gate: Gate { match_gate_ppm: 700_000, ..strict.gate.clone() }, ..strict.clone() };
    let mut log = Validator::with(strict.clone(), &registry());
    let shown = Shown { answered: 40, matched: 40, mark: 0, text: 0, first_token_us: 1, latency_us: 2, failure: None };
    for round in 0..12 {
        let matched = if round == 7 { 30 } else { 40 };
        log.judged(vec![Some(judged(&Shown { matched, ..shown }, &strict)), Some(judged(&shown, &strict))]);
    }
    let (found, _) = decisive(&log, &lenient, 4);
    assert_eq!((found[0].round, found[0].miner), (8, miner(0)));
    assert!(found[0].score_before == 0.0 && found[0].score_after > 0.7, "{:?}", found[0]);
    // What it adds has faded by four successes; what was before it was worn by a failure or by a success.
    let expected = found[0].score_after * 0.1 * 0.6561;
    assert!((found[0].part_after - expected).abs() < 1e-7 && found[0].part_before == 0.0, "{:?}", found[0]);
    assert!(found.iter().skip(1).take(3).all(|answer| answer.miner == miner(0) && answer.round < 8));
    // The other miner's standing is the same by both.
    assert!(found.iter().filter(|answer| answer.miner == miner(1)).all(|answer| answer.difference() == 0.0));
}

fn refused(logged: &Incentive, other: &Incentive) -> Unanswerable {
    let log = Validator::with(logged.clone(), &registry());
    WhatIf::begin(header(&log), other, &registry()).unwrap_err()
}

#[test]
fn what_a_log_does_not_say_is_refused() {
    let (model, texts) = (Incentive::default(), of_texts(Incentive::default(), 500_000, 700_000));
    assert!(matches!(refused(&model, &texts), Unanswerable::Unmarked));
    assert!(matches!(refused(&texts, &model), Unanswerable::Uncompared));
    let other = Incentive { quality: "chrf".into(), ..texts.clone() };
    assert!(matches!(refused(&texts, &other), Unanswerable::OtherMarks { .. }));
    let unsketched = Incentive { duplicates: Duplicates::None {}, ..texts.clone() };
    assert!(matches!(refused(&unsketched, &texts), Unanswerable::Unsketched));
    let lower = of_texts(Incentive::default(), 499_999, 700_000);
    assert!(matches!(refused(&texts, &lower), Unanswerable::SketchedAbove { logged: 500_000, other: 499_999 }));

    let gated = |change: fn(&mut Gate)| {
        let mut incentive = Incentive::default();
        change(&mut incentive.gate);
        incentive
    };
    let counted = |logged: &Incentive, other: &Incentive| match refused(logged, other) {
        Unanswerable::Counted { field, .. } => field,
        error => panic!("{error}"),
    };
    let wider = gated(|gate| gate.margin_tolerance_micro += 1);
    assert_eq!(counted(&model, &wider), "gate.margin_tolerance_micro");
    let sampled = gated(|gate| (gate.audit_probability_ppm, gate.penalty_answers) = (500_000, 3));
    assert_eq!(counted(&model, &sampled), "gate.audit_probability_ppm");
    assert_eq!(counted(&sampled, &model), "gate.audit_probability_ppm");
    let weaker = gated(|gate| gate.logprob_share_ppm = 100_000);
    let closer = gated(|gate| (gate.logprob_share_ppm, gate.logprob_tolerance_micro) = (200_000, 40_000));
    assert_eq!(counted(&weaker, &closer), "gate.logprob_tolerance_micro");
    assert!(matches!(refused(&model, &weaker), Unanswerable::WeakerCheck { .. }));
    assert!(matches!(refused(&weaker, &model), Unanswerable::WeakerCheck { .. }));

    let same = Incentive { same_question: true, ..model.clone() };
    assert!(matches!(refused(&model, &same), Unanswerable::Asked { .. }));
    let embed = Incentive { tasks: vec!["embed".into()], ..model.clone() };
    let none = refused(&model, &embed);
    assert_eq!(none.to_string(), "the log asked generate, and the other rules name none of it");
    let nonsense = Incentive { stale_after_rounds: 0, ..model.clone() };
    assert!(matches!(refused(&model, &nonsense), Unanswerable::Diverged(Divergence::Rules(_))));
    let set = Plugin { settings: [("digits".into(), 3.into())].into(), ..Plugin::named("generate") };
    let asked = refused(&model, &Incentive { tasks: vec![set], ..model.clone() });
    assert_eq!(
        asked.to_string(),
        "the log was asked with the task \"generate\": it can't say what would have been answered with \
         {\"kind\":\"generate\",\"digits\":3}"
    );
}

#[test]
fn tasks_of_one_side_only_are_left_out_and_counted() {
    let tasks =
        |names: &[&str]| Incentive { tasks: names.iter().map(|name| (*name).into()).collect(), ..Incentive::default() };
    let (logged, other) = (tasks(&["expected", "generate"]), tasks(&["generate", "embed"]));
    let mut log = Validator::with(logged, &registry());
    let shown = Shown { answered: 9, matched: 9, mark: 0, text: 0, first_token_us: 1, latency_us: 2, failure: None };
    let seen = judged(&shown, &Incentive::default());
    // The first task only: nothing of it counts.
    log.judged(vec![Some(seen.clone()), Some(seen)]);
    log.weigh(snapshot(2, 0)).unwrap();
    let mut what_if = WhatIf::begin(header(&log), &other, &registry()).unwrap();
    let rows: Vec<_> = log.records[1..].iter().filter_map(|record| what_if.take(record).unwrap()).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].other, Err(assay_scoring::NoWeights::NobodyScored));
    assert_eq!(what_if.never_asked(), ["embed"]);
    assert_eq!(what_if.left_out(), &[("expected".to_owned(), 2)].into());
    assert_eq!(what_if.table().last_weights(), None);
}

/// The thresholds of proofs lie in a log's header and never in settings; answers without a proof fail where the weaker check
/// is no longer accepted.
#[test]
fn the_thresholds_of_a_log_hold_under_other_rules() {
    let tokens = assay_scoring::Sprt { off_micro: 1, match_micro: 1, reject_micro: 1, clear_micro: 1 };
    let thresholds = proof::Thresholds {
        off_margin_micro: 100_000,
        tokens,
        mismatches: 5,
        mantissa_mean_milli: 700,
        opening_ppm: 9_000,
        opened_rows: 4,
    };
    let rules = proof::ProofRules { calibration: Digest::of(b"c"), model: Digest::of(b"m"), thresholds };
    let gate = Gate { logprob_share_ppm: 500_000, ..Gate::default() };
    let logged = Incentive { proof: Some(Box::new(rules)), gate, ..Incentive::default() };
    let checked = |check| Evidence {
        outcome: Outcome::Ok,
        latency_us: 2,
        first_token_us: Some(1),
        check: Some(check),
        sketch: None,
    };
    let held =
        proof::ProofCheck::Compared { chunks: 1, mismatches: 0, mantissa_mean_milli: 0, opened: 4, opening_ppm: 0 };
    let proven = Check::Proven { answered: 9, matched: 9, margin_micro: 0, complete: true, peak_micro: 0, proof: held };
    let claimed = Check::Logprobs { answered: 9, near: 9, complete: true };
    let mut log = Validator::with(logged.clone(), &registry());
    log.judged(vec![Some(checked(proven)), Some(checked(claimed))]);
    let both = log.weigh(snapshot(2, 0)).unwrap();
    assert_eq!(both.uids(), [1, 2]);

    // As settings have them: without a proof, and here without the weaker check.
    let other = Incentive { gate: Gate { margin_tolerance_micro: 7, ..Gate::default() }, ..Incentive::default() };
    let rows = what_if(&log, &other);
    assert_eq!(rows[0].1.as_ref().unwrap().uids(), [1]);
    let accepting = Incentive { gate: logged.gate.clone(), ..Incentive::default() };
    assert_eq!(what_if(&log, &accepting)[0].1.as_ref(), Some(&both));
}

#[test]
fn a_record_out_of_order_is_an_error() {
    let log = Validator::with(Incentive::default(), &registry());
    let mut what_if = WhatIf::begin(header(&log), &Incentive::default(), &registry()).unwrap();
    assert_eq!(what_if.take(&log.records[0]), Err(Divergence::SecondHeader));
    let round = |round| Record::Round(Round { round, block: block(round) });
    what_if.take(&round(2)).unwrap();
    assert!(matches!(what_if.take(&round(2)), Err(Divergence::RoundOrder { .. })));
}

#[test]
fn a_row_stands_in_for_the_validators_own() {
    let far = Snapshot { block: block(1_000), ..snapshot(2, 0) };
    let (own, input) = alone(&far, &validator().hotkey()).unwrap();
    assert_eq!(alone(&far, &miner(9).hotkey), None);
    let row = Weights::new([(Uid(2), 5)]).unwrap();
    let set = with_row(&input, own, &row, 990);
    assert_eq!(set.weights, [(0, vec![(2, 5)])].into());
    // Already set later than that.
    assert_eq!(set.last_update, [1_000, 0, 0]);
    let short = yuma::EpochInput { last_update: Vec::new(), ..input };
    assert_eq!(with_row(&short, own, &row, 990).last_update, [990]);
    assert_eq!(with_row(&short, own, &row, 2_000).last_update, [1_000]);
    let log = Validator::with(Incentive::default(), &registry());
    assert!(weights(log.table(), &far).is_err());
}
