//! What weights must never do, whatever happened.

mod subnet;

use assay_scoring::{Incentive, NoWeights, Outcome, Snapshot, Speed, WeightMap, Zeros, weights};
use primitives::{Registration, Uid, Weights};
use proptest::prelude::*;
use subnet::{Act, Validator, miner, snapshot};

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (30u32..=40, 1u64..3_000).prop_map(|(matched, latency)| Act::Answer(matched, latency)),
        1 => prop::sample::select(&Outcome::ALL[1..]).prop_map(Act::Fail),
        1 => Just(Act::Rest),
    ]
}

fn rounds(miners: usize) -> impl Strategy<Value = Vec<Vec<Act>>> {
    prop::collection::vec(prop::collection::vec(act(), miners), 1..12)
}

fn incentive() -> impl Strategy<Value = Incentive> {
    let policy = prop_oneof![
        (1u32..=16).prop_map(|power| WeightMap::Proportional { power }),
        Just(WeightMap::WinnerTakesAll {}),
    ];
    let zeros = prop::sample::select(&[Zeros::Omit, Zeros::Explicit][..]);
    (policy, zeros, any::<bool>(), 1u64..6).prop_map(|(weights, zeros, speed, stale_after_rounds)| Incentive {
        speed: if speed { Speed::default() } else { Speed::None {} },
        weights,
        zeros,
        stale_after_rounds,
        ..Incentive::default()
    })
}

fn play(incentive: &Incentive, rounds: &[Vec<Act>]) -> Validator {
    let mut validator = Validator::new(incentive.clone());
    rounds.iter().for_each(|acts| validator.round(acts));
    validator
}

fn weight(weights: &Result<Weights, NoWeights>, index: u16) -> u16 {
    weights.as_ref().map_or(0, |weights| weights.get(Uid(index + 1)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn weight_is_never_invented(incentive in incentive(), rounds in rounds(6), min_allowed in 0u16..12, seated in 0u16..9) {
        let validator = play(&incentive, &rounds);
        let snapshot = snapshot(seated, min_allowed);
        let succeeded = |index: usize| rounds.iter().any(|acts| matches!(acts.get(index), Some(Act::Answer(36.., _))));
        match weights(validator.table(), &snapshot) {
            Ok(row) => {
                let fewest = if incentive.zeros == Zeros::Explicit { snapshot.seats.len() } else { min_allowed.into() };
                prop_assert!(row.len() >= fewest.min(snapshot.seats.len()));
                prop_assert_eq!(row.values().into_iter().max(), Some(u16::MAX));
                prop_assert_eq!(row.get(Uid(0)), 0);
                for (uid, value) in row.iter() {
                    prop_assert!(uid.0 <= seated);
                    prop_assert!(value == 0 || succeeded(usize::from(uid.0) - 1));
                }
            }
            Err(NoWeights::NobodyScored | NoWeights::NobodyEarned) => {}
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }

    #[test]
    fn weights_move_with_the_miner_when_seats_change(
        incentive in incentive(),
        rounds in rounds(6),
        order in Just((1u16..7).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let validator = play(&incentive, &rounds);
        let before = snapshot(6, 0);
        let mut after = before.clone();
        for (seat, uid) in after.seats[1..].iter_mut().zip(&order) {
            seat.uid = Uid(*uid);
        }
        let (before, after) = (weights(validator.table(), &before), weights(validator.table(), &after));
        prop_assert_eq!(before.is_ok(), after.is_ok());
        for (index, uid) in (0..).zip(&order) {
            prop_assert_eq!(weight(&before, index), weight(&after, uid - 1));
        }
    }

    #[test]
    fn doing_better_never_costs_weight(
        incentive in incentive(),
        mut rounds in rounds(4),
        at in any::<prop::sample::Index>(),
        better in 0u32..=4,
        faster in 1u64..3_000,
    ) {
        let before = weights(play(&incentive, &rounds).table(), &snapshot(4, 0));
        let at = at.index(rounds.len());
        rounds[at][0] = match rounds[at][0] {
            Act::Answer(matched, latency) => Act::Answer((matched + better).min(40), latency.min(faster)),
            Act::Fail(_) => Act::Answer(36 + better, faster),
            Act::Rest => return Ok(()),
        };
        let after = weights(play(&incentive, &rounds).table(), &snapshot(4, 0));
        prop_assert!(weight(&after, 0) >= weight(&before, 0));
        for rival in 1..4 {
            prop_assert!(weight(&after, rival) <= weight(&before, rival) || before.is_err() || weight(&after, 0) == 0);
        }
    }

    #[test]
    fn failing_is_worth_nothing(rounds in rounds(4), failure in prop::sample::select(&Outcome::ALL[1..])) {
        let mut rounds = rounds;
        rounds.iter_mut().for_each(|acts| acts[0] = Act::Fail(failure));
        let weights = weights(play(&Incentive::default(), &rounds).table(), &snapshot(4, 0));
        prop_assert_eq!(weight(&weights, 0), 0);
    }
}

#[test]
fn nobody_scored_and_nobody_earned_are_told_apart() {
    let mut validator = Validator::new(Incentive::default());
    assert_eq!(validator.weigh(snapshot(2, 1)), Err(NoWeights::NobodyScored));
    validator.round(&[Act::Fail(Outcome::Timeout), Act::Rest]);
    assert_eq!(validator.weigh(snapshot(2, 1)), Err(NoWeights::NobodyEarned));
    validator.round(&[Act::Answer(40, 1), Act::Rest]);
    assert_eq!(validator.weigh(snapshot(2, 2)).unwrap().uids(), [0, 1]);
    let nobody = Snapshot { seats: Vec::new(), ..snapshot(0, 1) };
    assert_eq!(validator.weigh(nobody), Err(NoWeights::NobodyScored));
}

#[test]
fn a_miner_that_left_has_no_weight_and_returns_with_no_history() {
    let mut validator = Validator::new(Incentive::default());
    validator.round(&[Act::Answer(40, 1), Act::Answer(40, 1)]);
    let mut snapshot = snapshot(2, 1);
    snapshot.seats[1].registration = Registration { block: 9_999, ..miner(0) };
    let row = validator.weigh(snapshot).unwrap();
    assert_eq!((row.get(Uid(1)), row.get(Uid(2))), (0, u16::MAX));
    assert_eq!(validator.table().standings().len(), 1);
}

#[test]
fn a_lucky_cheat_ends_with_less_than_a_tenth_of_an_honest_miner() {
    for failure in [Act::Answer(12, 300), Act::Fail(Outcome::Timeout)] {
        let mut validator = Validator::new(Incentive::default());
        for round in 0..80 {
            // Lucky in the first round, and once in so many after it.
            let lucky = |every: usize| if round % every == 0 { Act::Answer(40, 300) } else { failure };
            // The honest one is slower, and fails at times too.
            let honest = if round % 30 == 25 { Act::Fail(Outcome::Timeout) } else { Act::Answer(40, 500) };
            validator.round(&[honest, lucky(4), lucky(10)]);
            let row = validator.weigh(snapshot(3, 1)).unwrap();
            for cheat in [row.get(Uid(2)), row.get(Uid(3))] {
                let honest = row.get(Uid(1));
                assert!(round < 10 || u32::from(cheat) * 10 < u32::from(honest), "round {round}: {cheat} to {honest}");
            }
        }
    }
}
