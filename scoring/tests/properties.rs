//! What a mechanism must never do, whichever stages it is made of and whatever happened.
//!
//! Where a property needs a condition, its test says which.

mod mechanisms;
mod subnet;

use assay_scoring::{
    Check, Duplicates, Evidence, Gate, Hypotheses, Incentive, Limits, NoWeights, Outcome, Pairwise, Registry,
    Reliability, Replay, Score, ScoreLog, Sealed, Smoothing, Snapshot, Speed, Sprt, TokenCheck, Verifies, WeightMap,
    Zeros, cosine_micro, geometric_mean,
    proof::{ProofCheck, ProofRules, Thresholds},
    shares, weights,
};
use mechanisms::*;
use primitives::{Digest, Uid};
use proptest::prelude::*;
use subnet::{Validator, snapshot};

/// Shares are floored in units of 2^-32 of the largest a few times on their way.
const ROUNDING: f64 = 1e-8;
const TEXTS: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

fn seal_all(validator: &Validator) -> Vec<Sealed> {
    let mut log = ScoreLog::new();
    validator.records.iter().map(|record| log.append(record)).collect()
}

/// How far shares may be off by rounding: a cap lifts small weights, and their rounding with them.
fn rounding(incentive: &Incentive, rounds: &[Vec<Deed>], snapshot: &Snapshot) -> f64 {
    if incentive.limits.cap_ppm == 1_000_000 {
        return ROUNDING;
    }
    let uncapped = Incentive { limits: Limits::default(), ..incentive.clone() };
    let validator = play(&uncapped, rounds, &TEXTS, snapshot);
    let exact = shares(validator.table(), snapshot).unwrap_or_default().into_iter().map(|share| share.exact);
    // A power of 16 is floored as often.
    exact.filter(|exact| *exact > 0).min().map_or(ROUNDING, |least| ROUNDING + 32.0 / least as f64)
}

/// The first round that may be changed with the same king at its beginning, or any where there is no king.
fn first_to_change(incentive: &Incentive) -> usize {
    if matches!(incentive.weights, WeightMap::KingOfTheHill { .. }) { REIGN } else { 0 }
}

/// One better deed of miner 0.
fn bettered(
    incentive: &Incentive,
    rounds: &[Vec<Deed>],
    at: prop::sample::Index,
    better: (u32, u64, u64),
) -> Vec<Vec<Deed>> {
    let mut rounds = rounds.to_vec();
    let first = first_to_change(incentive);
    let at = first + at.index(rounds.len() - first);
    rounds[at][0] = rounds[at][0].improved(better.0, better.1, better.2);
    rounds
}

fn better() -> impl Strategy<Value = (u32, u64, u64)> {
    (0u32..=4, 1u64..3_000, 1u64..6_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Values of 16 bits, the largest 65535, each the rounded exact share; what is burnt and capped is what the rules say;
    /// where too few have earned something all is burnt, or there is no row.
    #[test]
    fn a_row_is_a_simplex(incentive in incentive(), rounds in rounds(5), min_allowed in 0u16..8) {
        let snapshot = snapshot(5, min_allowed);
        let validator = play(&incentive, &rounds, &TEXTS, &snapshot);
        let row = match weights(validator.table(), &snapshot) {
            Ok(row) => row,
            Err(NoWeights::NobodyScored | NoWeights::NobodyEarned | NoWeights::TooFewEarned { .. }) => {
                prop_assert!(!incentive.limits.burn_when_idle);
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        let shares = shares(validator.table(), &snapshot).unwrap();
        prop_assert_eq!(row.values().into_iter().max(), Some(u16::MAX));
        prop_assert_eq!(shares.iter().map(|share| share.exact).max(), Some(1 << 32));
        for share in &shares {
            let exact = share.exact as f64 / (1_u64 << 32) as f64;
            prop_assert!((f64::from(row.get(share.uid)) - exact * 65_535.0).abs() <= 0.5);
            prop_assert!(share.exact == 0 || share.uid == Uid(0) || share.standing > Some(Score::ZERO));
        }
        let payoffs = payoffs(&validator, &snapshot);
        prop_assert!((payoffs.iter().sum::<f64>() - 1.0).abs() < ROUNDING);
        let Limits { cap_ppm, min_miners, burn_uid, burn_share_ppm, .. } = incentive.limits;
        let (cap, burn) = (f64::from(cap_ppm) / 1e6, f64::from(burn_share_ppm) / 1e6);
        let earning = shares.iter().filter(|share| share.standing > Some(Score::ZERO)).count();
        prop_assert!(payoffs[0] >= burn - ROUNDING && (burn_uid.is_some() || payoffs[0] == 0.0));
        if earning < usize::from(min_miners) {
            prop_assert_eq!(payoffs[0], 1.0);
        }
        let paid = payoffs[1..].iter().filter(|share| **share > 0.0).count();
        for share in &payoffs[1..] {
            // Where all are cut and nothing is burnt, equal shares are the least there are.
            let most = if burn_uid.is_none() { cap.max(1.0 / paid.max(1) as f64) } else { cap * (1.0 - burn) };
            prop_assert!(*share <= most + ROUNDING, "{} of {}", share, most);
        }
    }

    /// Who has which seat, and who was scored first in a round, decides nothing: the latter leaves no trace even in the
    /// state that is sealed. (A miner's own answers in one round, to several tasks, stay in their order: each moves its
    /// standing. The burnt seat is named by its uid, and stays.)
    #[test]
    fn seats_and_the_order_of_records_decide_nothing(
        incentive in incentive(),
        rounds in rounds(6),
        texts in prop::collection::vec(0u8..5, 6),
        order in Just((1u16..7).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let before = snapshot(6, 0);
        let mut after = before.clone();
        for (seat, uid) in after.seats[1..].iter_mut().zip(&order) {
            seat.uid = Uid(*uid);
        }
        after.seats.sort_by_key(|seat| seat.uid);
        let validator = play(&incentive, &rounds, &texts, &before);
        let (known, moved) = (payoffs(&validator, &before), payoffs(&play(&incentive, &rounds, &texts, &after), &after));
        prop_assert_eq!(known[0], moved[0]);
        for (share, uid) in known[1..].iter().zip(&order) {
            prop_assert_eq!(*share, moved[usize::from(*uid)]);
        }

        let mut shuffled = Validator::new(incentive.clone());
        for (number, deeds) in rounds.iter().enumerate() {
            let seen = order.iter().map(|uid| uid - 1);
            let seen = seen.filter_map(|at| {
                Some((at, deeds[usize::from(at)].evidence(&incentive, texts[usize::from(at)])?))
            });
            shuffled.judged_in_order(seen.collect());
            if number + 1 == REIGN {
                let _ = shuffled.weigh(before.clone());
            }
        }
        prop_assert_eq!(shuffled.replay.digest(), validator.replay.digest());
    }

    /// A better answer, a faster one, or one in the place of none never lowers the share of whoever gave it, if it is its
    /// own answer and not a copy.
    ///
    /// It holds within the reign of a king: whoever is crowned sooner may fall sooner. And it holds for a tournament under
    /// every map but softmax: to beat the strongest raises all others' strength beside it a little, and softmax looks at
    /// differences of strengths where a win moves their ratios.
    #[test]
    fn doing_better_never_costs_a_share(
        incentive in incentive(),
        rounds in rounds(4),
        at in any::<prop::sample::Index>(),
        better in better(),
    ) {
        let softmax = matches!(incentive.weights, WeightMap::Softmax { .. });
        prop_assume!(!softmax || incentive.pairwise == Pairwise::None {});
        let snapshot = snapshot(4, 0);
        let share = |rounds: &[Vec<Deed>]| payoffs(&play(&incentive, rounds, &TEXTS, &snapshot), &snapshot)[1];
        let bettered = bettered(&incentive, &rounds, at, better);
        let (before, after) = (share(&rounds), share(&bettered));
        let rounding = rounding(&incentive, &rounds, &snapshot) + rounding(&incentive, &bettered, &snapshot);
        prop_assert!(after >= before - rounding, "{} to {}", before, after);
    }

    /// Where somebody does better, nobody else has more of it: of two honest miners neither gains by the other's gain.
    ///
    /// Not in a tournament, where whoever loses to the better one is worth less beside all others; not where it takes so
    /// many miners for a row; and not on a hill, where a better rival may overthrow a king that was harder to beat.
    #[test]
    fn nobody_gains_by_a_rivals_gain(
        incentive in incentive(),
        map in map_of_standings(),
        rounds in rounds(4),
        at in any::<prop::sample::Index>(),
        better in better(),
    ) {
        let limits = Limits { min_miners: 1, ..incentive.limits.clone() };
        let incentive = Incentive { pairwise: Pairwise::None {}, weights: map, limits, ..incentive };
        let snapshot = snapshot(4, 0);
        let shares = |rounds: &[Vec<Deed>]| payoffs(&play(&incentive, rounds, &TEXTS, &snapshot), &snapshot);
        let bettered = bettered(&incentive, &rounds, at, better);
        let (before, after) = (shares(&rounds), shares(&bettered));
        let rounding = rounding(&incentive, &rounds, &snapshot) + rounding(&incentive, &bettered, &snapshot);
        for rival in 2..5 {
            prop_assert!(after[rival] <= before[rival] + rounding, "{:?} to {:?}", before, after);
        }
    }

    /// Whoever was never worse has no less. Of equals on a hill, the one that was registered first.
    #[test]
    fn who_is_never_worse_never_has_less(
        incentive in incentive(),
        rounds in rounds(4),
        better in prop::collection::vec(prop::option::of(better()), 14),
    ) {
        let mut rounds = rounds;
        for (deeds, better) in rounds.iter_mut().zip(better) {
            deeds[0] = better.map_or(deeds[1], |(quality, first, latency)| deeds[1].improved(quality, first, latency));
        }
        let snapshot = snapshot(4, 0);
        let shares = payoffs(&play(&incentive, &rounds, &TEXTS, &snapshot), &snapshot);
        prop_assert!(shares[1] >= shares[2] - ROUNDING, "{:?}", shares);
    }

    /// Nothing behind the gate makes up for what never passed it.
    #[test]
    fn who_never_passed_the_gate_has_nothing(
        incentive in incentive(),
        rounds in rounds(4),
        failures in prop::collection::vec(prop::option::of(prop::sample::select(&Outcome::ALL[1..])), 14),
    ) {
        let mut rounds = rounds;
        for (deeds, failure) in rounds.iter_mut().zip(failures) {
            deeds[0] = failure.map_or(Deed::False, Deed::Fail);
        }
        let snapshot = snapshot(4, 0);
        prop_assert_eq!(payoffs(&play(&incentive, &rounds, &TEXTS, &snapshot), &snapshot)[1], 0.0);
    }

    /// However good the tokens are: where proofs are demanded, an answer without one that holds is worth nothing, and who
    /// never showed one has no share.
    #[test]
    fn no_proof_no_share(incentive in incentive(), proofs in prop::collection::vec(any::<[bool; 4]>(), 1..10)) {
        let incentive = Incentive {
            gate: Gate { verifies: Verifies::Model, ..incentive.gate },
            duplicates: Duplicates::None {},
            quality: "verified".into(),
            proof: Some(Box::new(proof_rules())),
            ..incentive
        };
        let mut validator = Validator::new(incentive.clone());
        for shown in &proofs {
            let seen = (0..).zip(shown).map(|(miner, holds)| {
                let proof = match (*holds && miner > 0, miner) {
                    (true, _) => HOLDS,
                    (false, 0 | 1) => ProofCheck::Broken,
                    (false, _) => ProofCheck::Missing,
                };
                let (answered, matched, margin_micro) = (40, 40, 0);
                let check = Check::Proven { answered, matched, margin_micro, complete: true, peak_micro: 0, proof };
                let outcome = check.outcome(&incentive);
                let first_token_us = Some(1);
                let evidence = Evidence { outcome, latency_us: 1, first_token_us, check: Some(check), sketch: None };
                assert_eq!(outcome == Outcome::BadProof, proof != HOLDS);
                assert!(proof == HOLDS || validator.table().score(&evidence) == Score::ZERO);
                Some(evidence)
            });
            let seen = seen.collect();
            validator.judged(seen);
        }
        let paid = payoffs(&validator, &snapshot(4, 0));
        for miner in 0..4 {
            prop_assert!(paid[1 + miner] == 0.0 || miner > 0 && proofs.iter().any(|shown| shown[miner]));
        }
    }

    /// Copies of a miner, with the same answers as soon, have what it had without them, and nobody else has more or less;
    /// wherever their seats are. That is from the round on after they were seen to be alike, often enough. (The seats are there before: a hill asks for more certainty the more seats there are.)
    #[test]
    fn copies_gain_nothing(
        incentive in incentive(),
        rounds in rounds(4),
        copies in 1usize..4,
        order in Just((1u16..8).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let incentive = looking(incentive);
        let mut rounds = rounds;
        // One answer at least, for the copies to be seen.
        rounds[0][0] = Deed::Answer { quality: 3, first_ms: 100, latency_ms: 900 };
        let mut snapshot = snapshot(7, 0);
        for (seat, uid) in snapshot.seats[1..].iter_mut().zip(&order) {
            seat.uid = Uid(*uid);
        }
        snapshot.seats.sort_by_key(|seat| seat.uid);
        let shares = |rounds: &[Vec<Deed>]| {
            let validator = play(&incentive, rounds, &[0, 1, 2, 3, 0, 0, 0], &snapshot);
            let shares = payoffs(&validator, &snapshot);
            order.iter().map(|uid| shares[usize::from(*uid)]).collect::<Vec<f64>>()
        };
        let alone = shares(&rounds);
        for deeds in &mut rounds {
            deeds.extend(vec![deeds[0]; copies]);
        }
        let copied = shares(&rounds);
        let owned = copied[0] + copied[4..].iter().sum::<f64>();
        prop_assert!((owned - alone[0]).abs() < ROUNDING, "{:?} {:?}", alone, copied);
        for other in 1..4 {
            prop_assert!((copied[other] - alone[other]).abs() < ROUNDING, "{:?} {:?}", alone, copied);
        }
    }

    /// A cluster of copies, asked in the same rounds as the miner that they copy and no better, has no more than that
    /// miner alone.
    #[test]
    fn a_cluster_has_one_share(incentive in incentive(), rounds in rounds(6)) {
        let incentive = looking(incentive);
        let mut rounds = rounds;
        for deeds in &mut rounds {
            for copy in 4..6 {
                if let Deed::Answer { quality, first_ms, latency_ms } = deeds[copy] {
                    deeds[0] = deeds[0].improved(quality, first_ms, latency_ms);
                }
            }
            for copy in 4..6 {
                deeds[copy] = match (deeds[0], deeds[copy]) {
                    (Deed::Rest | Deed::False, _) => deeds[0],
                    (_, Deed::Rest) => Deed::Fail(Outcome::Timeout),
                    (_, deed) => deed,
                };
            }
        }
        let same = Deed::Answer { quality: 3, first_ms: 100, latency_ms: 900 };
        (rounds[0][0], rounds[0][4], rounds[0][5]) = (same, same, same);
        let snapshot = snapshot(6, 0);
        let shares = |rounds: &[Vec<Deed>]| payoffs(&play(&incentive, rounds, &[0, 1, 2, 3, 0, 0], &snapshot), &snapshot);
        let cluster = shares(&rounds);
        for deeds in &mut rounds {
            (deeds[4], deeds[5]) = (Deed::Rest, Deed::Rest);
        }
        let alone = shares(&rounds);
        prop_assert!(cluster[1] + cluster[5] + cluster[6] <= alone[1] + ROUNDING, "{:?} {:?}", cluster, alone);
    }

    /// Who splits a fixed capacity among several registrations, so that each answers that much worse, has no more of them
    /// together than of one, where weights are in proportion to a power of 1 or more.
    ///
    /// Without a prior, which is given to every registration; without a cap, which is one for each; and where quality is
    /// what is divided.
    #[test]
    fn splitting_a_capacity_gains_nothing(
        smoothing in smoothing(),
        reliability in reliability(),
        power in 1u32..=16,
        parts in 2usize..=5,
        schedule in prop::collection::vec(any::<bool>(), 1..12),
        marks in prop::collection::vec(20_000u32..=1_000_000, 3),
    ) {
        let smoothing = match smoothing {
            Smoothing::Ema { success_rate_ppm, failure_rate_ppm, .. } => {
                Smoothing::Ema { success_rate_ppm, failure_rate_ppm, prior_ppm: 0 }
            }
            mean => mean,
        };
        let incentive = Incentive {
            gate: Gate { verifies: Verifies::Answer, ..Default::default() },
            quality: "reference_logprob".into(),
            speed: Speed::None {},
            smoothing,
            reliability,
            weights: WeightMap::Proportional { power },
            ..Incentive::default()
        };
        let snapshot = snapshot(7, 0);
        let total = |parts: usize| {
            let mut validator = Validator::new(incentive.clone());
            for answers in &schedule {
                let marked = |mark: u32| {
                    let mark = Score::from_nano(1_000 * mark).unwrap();
                    let check = Check::Marked { answered: 40, mark };
                    let outcome = check.outcome(&incentive);
                    Evidence { outcome, latency_us: 1, first_token_us: None, check: Some(check), sketch: None }
                };
                let silent = Deed::Fail(Outcome::Timeout).evidence(&incentive, 0);
                let part = |_| if *answers { Some(marked(marks[0] / parts as u32)) } else { silent.clone() };
                let rivals = marks[1..].iter().map(|mark| Some(marked(*mark)));
                validator.judged(rivals.chain((0..parts).map(part)).collect());
            }
            payoffs(&validator, &snapshot)[3..].iter().sum::<f64>()
        };
        let (one, many) = (total(1), total(parts));
        prop_assert!(many <= one + ROUNDING, "{} to {}", one, many);
    }

    /// Not to answer is never better than a weak answer, on whatever schedule.
    ///
    /// It may be better than a false one, which is punished; and a copy that never answers beside what it copies is not
    /// seen to be one, so texts differ here. On a hill it holds within a reign.
    #[test]
    fn abstaining_gains_nothing(
        incentive in incentive(),
        rounds in rounds(4),
        schedule in prop::collection::vec(prop::option::of(prop::sample::select(&SILENT[..])), 14),
    ) {
        let softmax = matches!(incentive.weights, WeightMap::Softmax { .. });
        prop_assume!(!softmax || incentive.pairwise == Pairwise::None {});
        let snapshot = snapshot(4, 0);
        let share = |rounds: &[Vec<Deed>]| payoffs(&play(&incentive, rounds, &TEXTS, &snapshot), &snapshot)[1];
        let (answering, mut rounding) = (share(&rounds), rounding(&incentive, &rounds, &snapshot));
        let mut rounds = rounds;
        for (deeds, silence) in rounds.iter_mut().zip(schedule).skip(first_to_change(&incentive)) {
            if let (Deed::Answer { .. }, Some(outcome)) = (deeds[0], silence) {
                deeds[0] = Deed::Fail(outcome);
            }
        }
        let abstaining = share(&rounds);
        rounding += self::rounding(&incentive, &rounds, &snapshot);
        prop_assert!(abstaining <= answering + rounding, "{} to {}", answering, abstaining);
    }

    /// One answer moves a standing by at most D, and a share of the row by at most a multiple of it.
    ///
    /// D is what the smoothing allows: the greater rate of a moving average, and once, at the first success, its prior too;
    /// of a mean, one in as many answers as count then. Wilson's bound L of s successes in n answers solves
    /// `s - n L = z sqrt(n L (1 - L))`. Along the way from (s, n) to the next counts, where n grows by at most 1 and s by no
    /// more, L' is `s' - (s/n + L) n'/2` over at least `n/2`, and the first is within ±1: so it moves by at most 2/n, and a
    /// product of two numbers up to 1 by no more than both together.
    ///
    /// A share in proportion to a power p is `t^p / (1 + t^p)` of `t = s / R`, where R, the p-norm of the rivals' standings,
    /// is at least the best one's, B. Its derivative is at most p: so it moves by at most `p D / B`. Under softmax the
    /// derivative is `x (1 - x) / T`: by at most `D / 4T`, but for the step of who earns for the first time. Places have no
    /// such bound, and a tournament has one only by its prior.
    #[test]
    fn one_answer_moves_little(
        incentive in incentive(),
        map in map_of_standings(),
        rounds in rounds(4),
        last in deed(),
    ) {
        let limits = Limits::default();
        let incentive =
            Incentive { pairwise: Pairwise::None {}, weights: map, limits, stale_after_rounds: 99, ..incentive };
        let snapshot = snapshot(4, 0);
        let mut validator = play(&incentive, &rounds, &TEXTS, &snapshot);
        let seen = |validator: &Validator| {
            let standings = shares(validator.table(), &snapshot).map(|shares| shares.iter().map(|share| share.standing).collect());
            let standings: Vec<f64> = standings.unwrap_or_else(|_| vec![None; 5]).into_iter().map(|s| s.map_or(0.0, Score::as_f64)).collect();
            (standings, payoffs(validator, &snapshot))
        };
        let known = validator.table().standings().find(|(miner, _)| **miner == subnet::miner(0)).map(|(_, standing)| *standing);
        let (answers, successes) = known.map_or((0, 0), |standing| (standing.answers, standing.successes));
        let (before, paid) = seen(&validator);
        validator.judged(vec![last.evidence(&incentive, 0)]);
        let (after, paid_after) = seen(&validator);
        let smoothed = match incentive.smoothing {
            Smoothing::Ema { failure_rate_ppm, prior_ppm, .. } => {
                f64::from(failure_rate_ppm) / 1e6 + if successes == 0 { f64::from(prior_ppm) / 1e6 } else { 0.0 }
            }
            Smoothing::Mean { answers: most, prior_answers } => {
                1.0 / (answers + u64::from(prior_answers) + 1).min(most.into()) as f64
            }
        };
        let reliable = match incentive.reliability {
            Reliability::None {} => 0.0,
            // As many as were counted, faded.
            Reliability::Wilson { answers: most, .. } => {
                let counted = (0..answers).fold(0.0, |counted, _| counted * (1.0 - 1.0 / f64::from(most)) + 1.0);
                if counted > 0.0 { 2.0 / counted } else { 1.0 }
            }
        };
        let bound = smoothed + reliable;
        // Where nobody earns there are no shares to look at.
        if paid.iter().sum::<f64>() > 0.0 && paid_after.iter().sum::<f64>() > 0.0 {
            let moved = (after[1] - before[1]).abs();
            prop_assert!(moved <= bound + 1e-5, "{} of {}", moved, bound);
            let best = after[2..].iter().copied().fold(0.0, f64::max);
            let steep = match incentive.weights {
                WeightMap::Proportional { power } => f64::from(power) / best,
                WeightMap::Softmax { temperature_ppm } if before[1] > 0.0 && after[1] > 0.0 => 2.5e5 / f64::from(temperature_ppm),
                _ => f64::INFINITY,
            };
            let moved = (paid_after[1] - paid[1]).abs();
            prop_assert!(moved <= steep * (bound + 1e-5) + ROUNDING, "{} of {}", moved, steep * bound);
        }
    }

    /// Whoever restarts at any seal, with what lies beside it, goes on as if nothing had happened.
    #[test]
    fn a_restart_at_any_seal_changes_nothing(incentive in incentive(), rounds in rounds(4), every in 1usize..4) {
        let snapshot = snapshot(4, 0);
        let mut validator = Validator::new(incentive.clone());
        let mut seals = Vec::new();
        for (number, deeds) in rounds.iter().enumerate() {
            validator.judged(deeds.iter().zip(TEXTS).map(|(deed, text)| deed.evidence(&incentive, text)).collect());
            if number % every == 0 {
                let _ = validator.weigh(snapshot.clone());
                seals.push((validator.records.len(), validator.replay.to_bytes()));
                validator.seal();
            }
        }
        let sealed = seal_all(&validator);
        for (at, bytes) in seals {
            let mut resumed = Replay::resume(&sealed[0], &sealed[at], &bytes, &Registry::default()).unwrap();
            for (record, written) in validator.records[at + 1..].iter().zip(&sealed[at + 1..]) {
                prop_assert_eq!(&resumed.append(record).unwrap(), written);
            }
            prop_assert_eq!(resumed.digest(), validator.replay.digest());
        }
    }

    /// Whoever reads the same records has the same state, to the byte.
    #[test]
    fn two_tables_agree_to_the_byte(incentive in incentive(), rounds in rounds(4)) {
        let validator = play(&incentive, &rounds, &TEXTS, &snapshot(4, 0));
        let again = subnet::replayed(&validator.records).unwrap();
        prop_assert_eq!(again.to_bytes(), validator.replay.to_bytes());
        prop_assert_eq!(weights(&again.table, &snapshot(4, 0)), weights(validator.table(), &snapshot(4, 0)));
    }

    /// Seconds or milliseconds: times and references that are so many times as long say the same.
    #[test]
    fn the_unit_of_time_says_nothing(incentive in incentive(), rounds in rounds(4), times in 2u64..50) {
        let longer = Incentive {
            speed: match incentive.speed {
                Speed::None {} => Speed::None {},
                Speed::Latency { start_us, unit_us, least_ppm } => {
                    Speed::Latency { start_us: start_us * times, unit_us: unit_us * times, least_ppm }
                }
                Speed::FirstTokenAndRate { first_token_us, token_us, first_token_share_ppm, least_ppm } => {
                    let (first_token_us, token_us) = (first_token_us * times, token_us * times);
                    Speed::FirstTokenAndRate { first_token_us, token_us, first_token_share_ppm, least_ppm }
                }
            },
            ..incentive.clone()
        };
        let slower: Vec<Vec<Deed>> = rounds.iter().map(|deeds| deeds.iter().map(|deed| match *deed {
            Deed::Answer { quality, first_ms, latency_ms } => {
                Deed::Answer { quality, first_ms: first_ms * times, latency_ms: latency_ms * times }
            }
            other => other,
        }).collect()).collect();
        let snapshot = snapshot(4, 0);
        let standings = |validator: &Validator| -> Vec<_> {
            validator.table().standings().map(|(miner, standing)| (*miner, *standing)).collect()
        };
        // Those that are false come after a millisecond, whatever the unit, and are worth nothing.
        let (one, other) = (play(&incentive, &rounds, &TEXTS, &snapshot), play(&longer, &slower, &TEXTS, &snapshot));
        prop_assert_eq!(standings(&one), standings(&other));
        prop_assert_eq!(weights(one.table(), &snapshot), weights(other.table(), &snapshot));
    }

    /// One miner has it all, or nothing where it has earned nothing; nobody's share is invented.
    #[test]
    fn one_miner_or_none(incentive in incentive(), rounds in rounds(1)) {
        let incentive = Incentive { limits: Limits::default(), ..incentive };
        let (one, nobody) = (snapshot(1, 0), Snapshot { seats: Vec::new(), ..snapshot(0, 0) });
        let validator = play(&incentive, &rounds, &TEXTS, &one);
        match weights(validator.table(), &one) {
            Ok(row) => prop_assert_eq!(row.iter().collect::<Vec<_>>()[..].to_vec(), seated(&incentive)),
            Err(error) => prop_assert!(matches!(error, NoWeights::NobodyScored | NoWeights::NobodyEarned)),
        }
        prop_assert_eq!(weights(validator.table(), &nobody), Err(NoWeights::NobodyScored));
        let empty = Validator::new(incentive);
        prop_assert_eq!(weights(empty.table(), &one), Err(NoWeights::NobodyScored));
    }

    /// What is no number never makes a score, or the best one.
    #[test]
    fn what_is_no_number_is_worth_nothing(
        mut numbers in prop::collection::vec(prop::num::f32::ANY, 0..8),
        spoilt in prop::sample::select(&[f32::NAN, f32::NEG_INFINITY][..]),
        at in any::<prop::sample::Index>(),
    ) {
        prop_assert!(geometric_mean(&numbers) <= Score::ONE);
        let ones = vec![1.0; numbers.len()];
        if let Some(cosine) = cosine_micro(&numbers, &ones) {
            prop_assert!((-1_000_000..=1_000_000).contains(&cosine));
        }
        numbers.push(0.5);
        let at = at.index(numbers.len());
        numbers[at] = spoilt;
        prop_assert_eq!(geometric_mean(&numbers), Score::ZERO);
        prop_assert_eq!(cosine_micro(&numbers, &vec![1.0; numbers.len()]), None);
        prop_assert_eq!(TokenCheck::new(f32::NAN).margin_micro, u32::MAX);
    }
}

const HOLDS: ProofCheck =
    ProofCheck::Compared { chunks: 2, mismatches: 3, mantissa_mean_milli: 600, opened: 4, opening_ppm: 4_000 };

fn proof_rules() -> ProofRules {
    let hypotheses = Hypotheses { honest: 0.01, cheat: 0.1, alpha: 1e-3, beta: 1e-3, tokens: 128 };
    let thresholds = Thresholds {
        off_margin_micro: 50_000,
        tokens: Sprt::design(&hypotheses).unwrap(),
        mismatches: 8,
        mantissa_mean_milli: 600,
        opening_ppm: 5_000,
        opened_rows: 4,
    };
    ProofRules { calibration: Digest::of(b"calibration"), model: Digest::of(b"model"), thresholds }
}

/// The same rules, looking for copies.
fn looking(incentive: Incentive) -> Incentive {
    let gate = Gate { verifies: Verifies::Answer, ..incentive.gate };
    Incentive { gate, same_question: true, duplicates: LOOKING, quality: "reference_logprob".into(), ..incentive }
}

/// The row of a subnet with one miner.
fn seated(incentive: &Incentive) -> Vec<(Uid, u16)> {
    match incentive.zeros {
        Zeros::Omit => vec![(Uid(1), u16::MAX)],
        Zeros::Explicit => vec![(Uid(0), 0), (Uid(1), u16::MAX)],
    }
}
