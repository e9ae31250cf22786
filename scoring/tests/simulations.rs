//! Miners that live under a mechanism for long: what holds in the mean or with some chance, through the whole path from
//! records to rows. All draws are seeded.

mod mechanisms;
mod subnet;

use assay_scoring::{
    Check, Evidence, Gate, Incentive, Outcome, Score, Smoothing, Speed, Verifies, WeightMap, honest_from,
};
use mechanisms::payoffs;
use subnet::{Validator, snapshot};

/// Uniform in 0..1.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1 << 24) as f64
    }
}

fn hill(margin_ppm: u32, alpha_ppm: u32) -> Incentive {
    Incentive {
        gate: Gate { verifies: Verifies::Answer, ..Gate::default() },
        quality: "reference_logprob".into(),
        speed: Speed::None {},
        weights: WeightMap::KingOfTheHill { margin_ppm, alpha_ppm },
        ..Incentive::default()
    }
}

fn seen(outcome: Outcome, check: Check) -> Option<Evidence> {
    Some(Evidence { outcome, latency_us: 1, first_token_us: None, check: Some(check), sketch: None })
}

fn marked(mark: f64) -> Option<Evidence> {
    let mark = Score::from_nano((mark * 1e9) as u32).unwrap();
    seen(Outcome::Ok, Check::Marked { answered: 40, mark })
}

/// The round at whose end the first miner lost the throne, if it did: marks are uniform in so much around their means, and
/// a row is written after every `epoch` rounds.
fn fall(incentive: &Incentive, means: &[f64], noise: f64, rounds: u32, epoch: u32, draws: &mut Draws) -> Option<u32> {
    let mut validator = Validator::new(incentive.clone());
    let snapshot = snapshot(means.len() as u16, 0);
    validator.judged(vec![marked(means[0])]);
    validator.weigh(snapshot.clone()).unwrap();
    for round in 1..=rounds {
        validator.judged(
            means.iter().map(|mean| marked((mean + noise * (2.0 * draws.next() - 1.0)).clamp(0.01, 1.0))).collect(),
        );
        if round % epoch == 0 && validator.weigh(snapshot.clone()).unwrap().uids() != [1] {
            return Some(round);
        }
    }
    None
}

/// Four challengers exactly at the margin, a look after every tenth round: at most `alpha` of all reigns end, here 10 %.
///
/// That is so for those who challenge a king beside each other, as many as have seats; whoever registers anew brings a new
/// chance. And for a king that goes on earning something: one whose standing comes to nothing has no throne to lose.
#[test]
fn a_king_that_is_not_worse_falls_as_seldom_as_was_said() {
    let (reigns, mut draws) = (60, Draws(1));
    let means = [0.6, 0.63, 0.63, 0.63, 0.63];
    let falls =
        (0..reigns).filter(|_| fall(&hill(50_000, 100_000), &means, 0.25, 120, 10, &mut draws).is_some()).count();
    assert!(falls <= reigns / 10, "{falls} of {reigns}");
}

/// One challenger is better by twice the margin.
#[test]
fn a_king_that_is_worse_falls() {
    let mut draws = Draws(2);
    for reign in 0..6 {
        let round = fall(&hill(100_000, 100_000), &[0.5, 0.6, 0.4], 0.1, 400, 10, &mut draws);
        assert!(round.is_some(), "reign {reign}");
    }
}

/// One round moves the capital of a bet by at most half of it, and it takes a capital of seats / alpha: no answer and no few
/// of them make a king.
#[test]
fn nobody_is_crowned_by_a_few_answers() {
    let (seats, alpha) = (3.0, 0.05_f64);
    let fewest = (libm::log(seats / alpha) / libm::log(1.5)).ceil() as u32;
    let round = fall(&hill(0, 50_000), &[0.01, 1.0], 0.0, 100, 1, &mut Draws(3)).unwrap();
    // The row of a round counts what was done beside each other in those before.
    assert!((fewest + 1..=fewest + 8).contains(&round), "{round} {fewest}");
}

#[derive(Clone, Copy)]
struct Miner {
    /// The share of its answers that are false.
    cheats: f64,
}

/// What miners make of each answer, as shares of what an honest one is paid for it: an honest answer costs `saved`, a false
/// one nothing.
fn profits(incentive: &Incentive, saved: f64, probability: f64, miners: &[Miner], seed: u64) -> Vec<f64> {
    let mut draws = Draws(seed);
    let mut validator = Validator::new(incentive.clone());
    let snapshot = snapshot(miners.len() as u16, 0);
    let (mut paid, mut spent) = (vec![0.0; miners.len()], vec![0.0; miners.len()]);
    let (rounds, epoch) = (1_500, 10);
    for round in 1..=rounds {
        let acts = miners.iter().zip(&mut spent).map(|(miner, spent)| {
            let is_false = draws.next() < miner.cheats;
            *spent += if is_false { 0.0 } else { saved };
            if draws.next() >= probability {
                return seen(Outcome::Ok, Check::Unaudited { answered: 40 });
            }
            let matched = if is_false { 12 } else { 40 };
            let outcome = if is_false { Outcome::WrongOutput } else { Outcome::Ok };
            seen(outcome, Check::Tokens { answered: 40, matched, margin_micro: 0, complete: true })
        });
        validator.judged(acts.collect());
        if round % epoch == 0 {
            paid.iter_mut().zip(&payoffs(&validator, &snapshot)[1..]).for_each(|(paid, share)| *paid += share);
        }
    }
    let honest = paid[miners.len() - 1];
    let per_answer = |(paid, spent): (f64, f64)| paid / honest - spent / f64::from(rounds);
    paid.into_iter().zip(spent).map(per_answer).collect()
}

/// Where answers are audited as often as [`honest_from`] says, honesty is the best response to honest others; where they are
/// audited a twentieth as often, it isn't.
#[test]
fn honesty_is_the_best_response_where_enough_is_audited() {
    let means = Incentive {
        smoothing: Smoothing::Mean { answers: 50, prior_answers: 0 },
        weights: WeightMap::Proportional { power: 1 },
        ..Incentive::default()
    };
    // An honest one, one that always cheats, one that does half of the time; and honest others.
    let miners = [0.0, 1.0, 0.5, 0.0, 0.0].map(|cheats| Miner { cheats });
    for (rules, saved, penalty) in
        [(&Incentive::default(), 0.5, 20), (&means, 0.5, 20), (&means, 0.3, 5), (&means, 0.8, 40)]
    {
        let audited = |probability: f64| {
            let gate =
                Gate { audit_probability_ppm: (probability * 1e6) as u32, penalty_answers: penalty, ..Gate::default() };
            let incentive = Incentive { gate, speed: Speed::None {}, ..rules.clone() };
            profits(&incentive, saved, probability, &miners, 7)
        };
        let least = honest_from(saved, 1.0, penalty);
        let enough = audited(1.1 * least);
        assert!(enough[0] > enough[1] && enough[0] > enough[2], "{saved} {penalty}: {enough:?}");
        let few = audited(least / 20.0);
        assert!(few[1] > few[0], "{saved} {penalty}: {few:?}");
    }
}
