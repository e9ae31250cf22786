//! How fast rules pay: a miner that comes, one that goes, and one that is caught, among fifteen from bad to good.

use serde::Serialize;

use super::{
    Trouble,
    family::{eased, good, spread},
    finding::{Finding, percent},
    laws::{Docket, paid},
    subnet::{Act, Subnet, miner},
};
use crate::{
    incentive::Incentive,
    mechanism::Mechanism,
    score::PPM,
    stages::{Duplicates, Pairwise, Reliability, Smoothing, Verifies, WeightMap},
};

/// The miner that is looked at: the best of sixteen, and the last to come.
const STAR: u16 = 900;
/// Longest time, in answers of a miner.
pub(super) const LONGEST: u64 = 2_000;
/// Rounds after which miners that never change stand about where they will stand, at most.
const SETTLED: u64 = 300;
/// A king's row is written down every so many rounds.
const CROWNED: u64 = 10;
/// Points of a course.
const POINTS: u64 = 64;

/// Shares of what all miners are paid, answer by answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Courses {
    /// A good miner that begins.
    pub newcomer: Vec<Step>,
    /// The same when it goes on.
    pub honest: Vec<Step>,
    /// The same when it begins to fail.
    pub failing: Vec<Step>,
}

/// A point of a course.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Answers since it began.
    pub answers: u64,
    /// Of what all miners are paid, 0 to 1.
    pub share: f64,
}

/// How fast, in answers of a miner; none where it takes longer than anybody looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Pace {
    /// Until a newcomer has half of what it will have.
    pub half_paid_after: Option<u64>,
    /// Until it has nine tenths.
    pub nearly_paid_after: Option<u64>,
    /// What it has of that after its first answer, 0 to 1.
    pub first_answer_share: f64,
    /// Until one that fails has less than a tenth of what it had.
    pub gone_after: Option<u64>,
    /// The same of one that is no longer asked, because it announces no endpoint; in rounds.
    pub withdrawn_after: Option<u64>,
    /// Until one that gave a false answer has nine tenths again, that answer included.
    pub forgiven_after: Option<u64>,
}

/// A subnet round by round, and what the star of it is paid.
struct Course {
    moments: Vec<Subnet>,
    incentive: Incentive,
}

/// Answers after which the oldest hardly count, whatever the stage.
fn memory(incentive: &Incentive) -> u64 {
    // A moving average of rate r has a millionth left after 14 / r.
    let smoothing = match incentive.smoothing {
        Smoothing::Ema { success_rate_ppm, .. } => 14 * PPM / u64::from(success_rate_ppm.max(1)),
        Smoothing::Mean { answers, .. } => 7 * u64::from(answers),
    };
    let reliability = match incentive.reliability {
        Reliability::None {} => 0,
        Reliability::Wilson { answers, .. } => 7 * u64::from(answers),
    };
    let pairwise = match incentive.pairwise {
        Pairwise::None {} => 0,
        Pairwise::BradleyTerry { rounds, .. } => 7 * u64::from(rounds),
    };
    let duplicates = match incentive.duplicates {
        Duplicates::None {} => 0,
        Duplicates::MinHash { least_rounds, .. } => u64::from(least_rounds) + 1,
    };
    let king = if is_hill(incentive) { LONGEST } else { 0 };
    [20, smoothing, reliability, pairwise, duplicates, king].into_iter().max().unwrap_or(LONGEST)
}

/// Rounds until nothing changes much.
pub(super) fn settled(incentive: &Incentive) -> u64 {
    memory(incentive).min(SETTLED)
}

fn is_hill(incentive: &Incentive) -> bool {
    matches!(incentive.weights, WeightMap::KingOfTheHill { .. })
}

/// The miners of the subnet, the star last.
fn seats() -> Vec<u16> {
    (0..15).chain([STAR]).collect()
}

fn field() -> Vec<(u16, Act)> {
    spread(16).into_iter().take(15).collect()
}

impl Course {
    /// Goes on for so many rounds; `act` is what the star does in each, counted from 0.
    fn follow(
        mut subnet: Subnet,
        incentive: &Incentive,
        rounds: u64,
        act: impl Fn(u64) -> Act,
    ) -> Result<Self, Trouble> {
        let mut moments = vec![subnet.clone()];
        for round in 0..rounds {
            subnet.round(field().into_iter().chain([(STAR, act(round))]))?;
            if is_hill(incentive) && round % CROWNED == 0 {
                subnet.crown(&seats())?;
            }
            moments.push(subnet.clone());
        }
        Ok(Self { moments, incentive: incentive.clone() })
    }

    /// What the star is paid after so many rounds.
    fn share(&self, round: u64) -> f64 {
        let moment = usize::try_from(round).ok().and_then(|round| self.moments.get(round)).or(self.moments.last());
        let row = moment.and_then(|subnet| subnet.row(&seats()).ok()).unwrap_or_default();
        paid(&row, &miner(STAR), &self.incentive)
    }

    fn last(&self) -> u64 {
        self.moments.len() as u64 - 1
    }

    /// The first round after `from` at which it is so, where it stays so from then on.
    fn first(&self, from: u64, is_so: impl Fn(f64) -> bool) -> Option<u64> {
        let (mut low, mut high) = (from, self.last());
        if !is_so(self.share(high)) {
            return None;
        }
        while low < high {
            let middle = low.midpoint(high);
            if is_so(self.share(middle)) { high = middle } else { low = middle + 1 }
        }
        Some(high)
    }

    fn steps(&self, span: u64) -> Vec<Step> {
        let points = span.clamp(1, POINTS);
        let mut last = None;
        let at = (0..=points).map(|point| point * span / points).filter(|at| last.replace(*at) != Some(*at));
        at.map(|answers| Step { answers, share: self.share(answers) }).collect()
    }
}

/// What is found, and its picture.
pub(super) fn look(mechanism: &Mechanism, docket: &mut Docket) -> Result<(Vec<Finding>, Pace, Courses), Trouble> {
    let incentive = eased(mechanism.incentive());
    let horizon = memory(&incentive).min(LONGEST);
    let star = good(STAR, 1, 1);

    let mut subnet = Subnet::new(mechanism, &incentive);
    subnet.rounds(settled(&incentive), &field())?;
    let old: Vec<u16> = (0..15).collect();
    subnet.crown(&old)?;
    let newcomer = Course::follow(subnet, &incentive, horizon, |_| star)?;
    let all = newcomer.share(horizon);

    let mut subnet = Subnet::new(mechanism, &incentive);
    let both: Vec<(u16, Act)> = field().into_iter().chain([(STAR, star)]).collect();
    subnet.rounds(settled(&incentive), &both)?;
    subnet.crown(&seats())?;
    let failing = Course::follow(subnet.clone(), &incentive, horizon, |_| Act::Fail)?;
    let stale = incentive.stale_after_rounds.min(LONGEST);
    let withdrawn = Course::follow(subnet.clone(), &incentive, stale, |_| Act::Withdraw)?;
    let barred = u64::from(incentive.gate.penalty_answers).min(LONGEST) + 1;
    let cheat = |round| if round == 0 { Act::Cheat } else { star };
    let caught = Course::follow(subnet, &incentive, horizon + barred, cheat)?;
    let honest = failing.share(0);

    for (name, course) in [
        ("a newcomer among 16", &newcomer),
        ("a miner of 16 that begins to fail", &failing),
        ("a miner of 16 that withdraws", &withdrawn),
        ("a miner of 16 that was caught", &caught),
    ] {
        docket.open();
        for step in course.steps(course.last()).iter().step_by(4) {
            let moment = usize::try_from(step.answers).ok().and_then(|at| course.moments.get(at));
            if let Some(Ok(row)) = moment.map(|subnet| subnet.row(&seats())) {
                docket.hold(name, &row, &incentive);
            }
        }
    }

    let reached = |share: f64| newcomer.first(0, |paid| all > 0.0 && paid >= share * all);
    let fallen = |course: &Course| course.first(0, |paid| honest > 0.0 && paid < 0.1 * honest);
    let pace = Pace {
        half_paid_after: reached(0.5),
        nearly_paid_after: reached(0.9),
        first_answer_share: if all > 0.0 { newcomer.share(1) / all } else { 0.0 },
        gone_after: fallen(&failing),
        withdrawn_after: fallen(&withdrawn),
        forgiven_after: caught.first(barred, |paid| paid >= 0.9 * honest),
    };
    let worst = caught.share(barred) / honest;
    let seen = [pace.nearly_paid_after, pace.gone_after, pace.half_paid_after];
    let span = (seen.into_iter().flatten().max().unwrap_or(horizon) * 3 / 2).clamp(10, horizon);
    let (newcomer, failing) = (newcomer.steps(span), failing.steps(span));
    let honest = failing.iter().map(|step| Step { share: honest, ..*step }).collect();
    let mut findings = vec![
        comes(&pace, horizon),
        whitewash(&pace),
        goes(&pace, horizon),
        caught_at(&pace, worst, horizon, &incentive),
    ];
    if memory(&incentive) > SETTLED {
        let sentence = format!(
            "answers count for longer than the {SETTLED} rounds that these subnets have seen: miners that have given more \
             rise and fall more slowly"
        );
        findings.push(Finding::fact("memory", sentence));
    }
    Ok((findings, pace, Courses { newcomer, honest, failing }))
}

fn comes(pace: &Pace, horizon: u64) -> Finding {
    let sentence = match (pace.half_paid_after, pace.nearly_paid_after) {
        (Some(half), Some(nearly)) => format!(
            "a new miner that is the best of 16 has half of its weight after {half} answers and nine tenths after {nearly}"
        ),
        _ => format!("a new miner that is the best of 16 has no weight after {horizon} answers"),
    };
    Finding::warning_if(pace.half_paid_after.is_none(), "newcomer", sentence)
}

fn whitewash(pace: &Pace) -> Finding {
    let wrong = pace.first_answer_share > 0.5;
    let why = if wrong { ": who was caught begins anew for the price of a seat" } else { "" };
    let share = percent(pace.first_answer_share);
    Finding::warning_if(
        wrong,
        "first_answer",
        format!("the first answer of a new miner gives it {share} of its weight{why}"),
    )
}

fn goes(pace: &Pace, horizon: u64) -> Finding {
    let failed = match pace.gone_after {
        Some(answers) => format!("after {answers} failures in a row"),
        None => format!("not even after {horizon} failures in a row"),
    };
    let rounds = match pace.withdrawn_after {
        Some(rounds) => format!("after {rounds} rounds"),
        None => format!("later than {LONGEST} rounds"),
    };
    let longer = match (pace.gone_after, pace.withdrawn_after) {
        (Some(failed), Some(withdrawn)) => withdrawn > 10 * failed,
        (failed, _) => failed.is_some(),
    };
    let why = if longer { ": who can't answer withdraws; lower stale_after_rounds" } else { "" };
    let wrong = longer || pace.gone_after.is_none();
    let sentence = format!(
        "the best of 16 falls below a tenth of its weight {failed}, and {rounds} when it withdraws its endpoint{why}"
    );
    Finding::warning_if(wrong, "gone", sentence)
}

fn caught_at(pace: &Pace, worst: f64, horizon: u64, incentive: &Incentive) -> Finding {
    // Where answers are judged by themselves, a bad one is no fraud.
    let cheap = worst > 0.99 && incentive.gate.verifies == Verifies::Model;
    let lost = percent(1.0 - worst.min(1.0));
    let longer = match pace.forgiven_after {
        Some(_) if cheap => ": raise gate.penalty_answers".to_owned(),
        Some(_) if worst >= 0.9 => String::new(),
        Some(answers) => format!(", and more than a tenth for {answers} answers"),
        None => format!(", and more than a tenth for more than {horizon} answers"),
    };
    let sentence = format!("a false answer that is found costs the best of 16 {lost} of its weight{longer}");
    Finding::warning_if(cheap, "false_answer", sentence)
}
