//! A log gives the weights that its validator set, and any change to it is found.

mod subnet;

use std::io::{BufReader, Cursor};

use assay_scoring::{
    Divergence, Incentive, Landed, LineFault, LogError, LogReader, MAX_LINE, Outcome, Record, ReplayError, Score, Seal,
    Sealed, WeightsRecord, replay_log,
};
use primitives::{Digest, Uid, Weights};
use proptest::prelude::*;
use subnet::{Act, Validator, block, replayed, snapshot, text, validator};

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (33u32..=40, 1u64..2_000).prop_map(|(matched, latency)| Act::Answer(matched, latency)),
        1 => prop::sample::select(&Outcome::ALL[1..]).prop_map(Act::Fail),
        1 => Just(Act::Rest),
    ]
}

/// A log, and the last weights that its validator had.
fn logs() -> impl Strategy<Value = (Validator, Option<Weights>)> {
    let acts = prop::collection::vec(prop::collection::vec(act(), 5), 1..8);
    (acts, 0u16..6, 1usize..4).prop_map(|(rounds, seated, every)| {
        let mut validator = Validator::new(Incentive::default());
        let mut last = None;
        for (number, acts) in rounds.iter().enumerate() {
            validator.round(acts);
            if number % every == 0 {
                last = validator.weigh(snapshot(seated, 1)).ok().or(last);
                validator.seal();
            }
        }
        (validator, last)
    })
}

impl std::fmt::Debug for Validator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.records.fmt(f)
    }
}

fn line_of(text: &[u8], at: usize) -> u64 {
    text[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_replay_ends_with_the_weights_that_were_set((validator, last) in logs()) {
        let again = replayed(&validator.records).unwrap();
        prop_assert_eq!(again.table.last_weights(), last.as_ref());
        prop_assert_eq!(again.digest(), validator.replay.digest());
        let from_text = replay_log(Cursor::new(validator.text())).unwrap();
        prop_assert_eq!(from_text.table.last_weights(), last.as_ref());
        prop_assert_eq!(from_text.counts, again.counts);
    }

    #[test]
    fn a_restart_anywhere_changes_nothing((validator, _) in logs(), at in any::<prop::sample::Index>()) {
        let at = 1 + at.index(validator.records.len());
        let mut restarted = replayed(&validator.records[..at]).unwrap();
        for record in &validator.records[at..] {
            restarted.append(record).unwrap();
        }
        prop_assert_eq!(restarted.log(), validator.replay.log());
        prop_assert_eq!(restarted.digest(), validator.replay.digest());
    }

    #[test]
    fn a_changed_byte_is_found_in_its_line(
        (validator, _) in logs(),
        at in any::<prop::sample::Index>(),
        flip in 1u8..,
    ) {
        let mut text = validator.text();
        let at = at.index(text.len());
        let line = line_of(&text, at);
        text[at] ^= flip;
        match replay_log(Cursor::new(text)) {
            Err(ReplayError::Log(LogError { line: found, .. })) => prop_assert_eq!(found, line),
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        }
    }

    #[test]
    fn lines_that_are_moved_doubled_or_missing_are_found((validator, _) in logs(), at in any::<prop::sample::Index>()) {
        let text = validator.text();
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        prop_assume!(lines.len() > 2);
        let at = at.index(lines.len() - 1);
        let (mut moved, mut doubled, mut missing) = (lines.clone(), lines.clone(), lines);
        moved.swap(at, at + 1);
        doubled.insert(at, doubled[at]);
        missing.remove(at);
        for edited in [moved, doubled, missing] {
            let result = replay_log(Cursor::new(edited.concat()));
            prop_assert!(matches!(result, Err(ReplayError::Log(_))), "{:?}", result);
        }
    }

    #[test]
    fn the_reader_survives_anything(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let outcome: Result<Vec<Sealed>, LogError> = LogReader::new(Cursor::new(&bytes)).collect();
        prop_assert!(outcome.is_err() || bytes.is_empty());
    }

    #[test]
    fn the_reader_survives_spoiled_logs((validator, _) in logs(), spoil in prop::collection::vec(any::<(u16, u8)>(), 1..20)) {
        let mut text = validator.text();
        for (at, byte) in spoil {
            let at = usize::from(at) % text.len();
            text[at] = byte;
        }
        let _ = replay_log(Cursor::new(text));
    }
}

fn honest() -> Validator {
    let mut validator = Validator::new(Incentive::default());
    for _ in 0..3 {
        validator.round(&[Act::Answer(40, 200), Act::Answer(39, 900), Act::Fail(Outcome::Refused)]);
        validator.weigh(snapshot(3, 1)).unwrap();
        validator.seal();
    }
    validator
}

/// Replays a log whose validator made `edit` and then hashed it anew, as only the validator itself can.
fn forged(kind: &str, edit: impl Fn(&mut Record)) -> Divergence {
    let mut records = honest().records;
    let at = records.iter().position(|record| record.kind() == kind).unwrap();
    edit(&mut records[at]);
    match replay_log(Cursor::new(text(&records))).unwrap_err() {
        ReplayError::Diverged { seq, divergence, .. } => {
            assert_eq!(seq, at as u64);
            *divergence
        }
        other => panic!("{other}"),
    }
}

fn forged_score(edit: impl Fn(&mut assay_scoring::Scored)) -> Divergence {
    forged("scored", |record| {
        if let Record::Scored(scored) = record {
            edit(scored);
        }
    })
}

#[test]
fn a_validator_can_not_forge_its_own_log() {
    let divergence = forged_score(|scored| scored.score = Score::ONE.scaled(1));
    assert!(matches!(divergence, Divergence::Score { .. }));
    let divergence = forged_score(|scored| scored.challenge = Digest::of(b"an easy one"));
    assert!(matches!(divergence, Divergence::Challenge { .. }));
    let divergence = forged_score(|scored| scored.evidence.outcome = Outcome::WrongOutput);
    assert!(matches!(divergence, Divergence::Evidence { .. }));
    let divergence = forged_score(|scored| scored.evidence.check = None);
    assert!(matches!(divergence, Divergence::Evidence { .. }));
    let divergence = forged_score(|scored| scored.round = 2);
    assert!(matches!(divergence, Divergence::WrongRound { current: Some(1), found: 2 }));
    let divergence = forged_score(|scored| scored.task = "favour".into());
    assert_eq!(divergence, Divergence::Task("favour".into()));
    let divergence = forged_score(|scored| scored.miner.hotkey = validator().hotkey());
    assert_eq!(divergence, Divergence::Oneself);
    let divergence = forged("weights", |record| {
        if let Record::Weights(record) = record {
            record.weights = Weights::new([(Uid(1), 65_535)]).unwrap();
        }
    });
    assert!(matches!(divergence, Divergence::Weights { .. }));
    let divergence = forged("landed", |record| {
        if let Record::Landed(landed) = record {
            landed.weights = Weights::default();
        }
    });
    assert!(matches!(divergence, Divergence::Landed { .. }));
    let divergence = forged("round", |record| *record = honest().records[0].clone());
    assert_eq!(divergence, Divergence::SecondHeader);
    let divergence = forged("header", |record| *record = honest().records[1].clone());
    assert_eq!(divergence, Divergence::NoHeader("round"));
    let divergence = forged("header", |record| {
        if let Record::Header(header) = record {
            let quality = "best_friends".into();
            header.rules = Incentive { quality, ..header.rules.incentive().clone() }.into();
        }
    });
    assert!(matches!(divergence, Divergence::Rules(_)));
    let forged_seal = |edit: fn(&mut Seal)| {
        forged("seal", |record| {
            if let Record::Seal(seal) = record {
                edit(seal);
            }
        })
    };
    assert!(matches!(forged_seal(|seal| seal.records -= 1), Divergence::Seal { .. }));
    assert!(matches!(forged_seal(|seal| seal.root = Digest([0; 32])), Divergence::Seal { .. }));
    assert!(matches!(forged_seal(|seal| seal.previous = Some(Digest([0; 32]))), Divergence::Seal { .. }));
    assert!(matches!(forged_seal(|seal| seal.state = Digest([0; 32])), Divergence::State { .. }));
    assert_eq!(forged_seal(|seal| seal.epoch += 1), Divergence::Unsigned);
    assert_eq!(forged_seal(|seal| seal.signature.0[9] ^= 1), Divergence::Unsigned);
    let divergence = forged("anchored", |record| {
        if let Record::Anchored(anchored) = record {
            anchored.root = Digest([0; 32]);
        }
    });
    assert!(matches!(divergence, Divergence::Anchor { .. }));
}

#[test]
fn a_miner_counts_once_a_round_and_rounds_go_forward() {
    let mut records = honest().records;
    records.insert(3, records[2].clone());
    let error = replayed(&records).unwrap_err();
    let ReplayError::Diverged { seq: 3, divergence, .. } = error else { panic!("{error}") };
    assert!(matches!(*divergence, Divergence::Repeated { .. }));

    let mut records = honest().records;
    records.push(records[1].clone());
    let error = replayed(&records).unwrap_err();
    let ReplayError::Diverged { divergence, .. } = error else { panic!("{error}") };
    assert!(matches!(*divergence, Divergence::RoundOrder { .. }));
}

#[test]
fn unreadable_logs_are_told_apart() {
    assert!(matches!(replay_log(Cursor::new(b"")), Err(ReplayError::Empty)));
    let fault = |bytes: &[u8]| match replay_log(Cursor::new(bytes)) {
        Err(ReplayError::Log(LogError { line, fault })) => (line, fault),
        other => panic!("{other:?}"),
    };
    let text = honest().text();
    let (line, cut) = fault(&text[..text.len() - 10]);
    assert!(matches!(cut, LineFault::Cut));
    assert_eq!(line, honest().records.len() as u64);
    assert!(matches!(fault(b"{}\n"), (1, LineFault::Layout)));

    let endless = BufReader::new(std::io::repeat(b'7'));
    let first = LogReader::new(endless).next().unwrap().unwrap_err();
    assert!(matches!(first.fault, LineFault::TooLong), "{MAX_LINE}");
}

/// A row that is committed is seen on chain epochs after others were computed.
#[test]
fn rows_land_late_and_in_order_and_once() {
    let mut validator = Validator::new(Incentive::default());
    let mut rows = Vec::new();
    for latency in [200, 900, 1_500] {
        validator.round(&[Act::Answer(40, latency), Act::Answer(40, 200)]);
        let weights = assay_scoring::weights(validator.table(), &snapshot(2, 1)).unwrap();
        let round = validator.table().round().unwrap().round;
        let record = WeightsRecord { round, snapshot: snapshot(2, 1), weights: weights.clone(), version_key: 0 };
        validator.record(Record::Weights(Box::new(record)));
        rows.push(weights);
    }
    assert!(rows[0] != rows[1] && rows[1] != rows[2]);
    let landed = |row: &Weights| Record::Landed(Landed { block: block(99), weights: row.clone(), call: None });
    // The first one is lost: the second one overtook it.
    validator.record(landed(&rows[1]));
    for late in [&rows[0], &rows[1]] {
        let error = validator.replay.append(&landed(late)).unwrap_err();
        assert!(matches!(error, Divergence::Landed { .. }), "{error}");
    }
    validator.record(landed(&rows[2]));
    assert_eq!(replayed(&validator.records).unwrap().counts.landed, 2);
}
