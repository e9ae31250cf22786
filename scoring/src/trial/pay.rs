//! What rules pay for what: the curve from scores to weights, and what it means for somebody who thinks about it.

use serde::Serialize;

use super::{
    Trouble,
    family::{eased, good, spread},
    finding::{Finding, percent},
    laws::{Docket, paid},
    pace::settled,
    subnet::{Act, Subnet, miner, right_answers},
};
use crate::{
    concentration::Concentration,
    incentive::Incentive,
    mechanism::Mechanism,
    score::Score,
    weights::{NoWeights, Share},
};

/// Points of the curve.
const POINTS: u16 = 48;
/// Miners beside the one that is looked at: from bad to good, a little less than the best possible.
const FIELD: u16 = 15;
const CURVE: u16 = 100;
const TWINS: u16 = 200;
const HALVES: u16 = 300;
const LADDER: u16 = 400;
const STEPS: u16 = 32;
const COPIES: u16 = 5;

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// What each answer of one miner of sixteen is worth, 0 to 1.
    pub score: f64,
    /// What it is paid of what all sixteen are paid, 0 to 1.
    pub share: f64,
}

/// What is paid for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Pay {
    /// The scores of right answers, worst and best.
    pub right_answers: [f64; 2],
    /// A miner half as good as the best is paid so much of what the best is paid.
    pub half_as_good: f64,
    /// The least score beside a best miner that is worth a weight; none where none is.
    pub least_score: Option<f64>,
    /// Two miners half as good are paid so much of what one is.
    pub two_halves: f64,
    /// Five hotkeys with the answers of one miner are paid so much of what it is.
    pub five_copies: f64,
    /// Of 256 miners from bad to good so many have weight.
    pub paid_of_256: usize,
    /// The number of equal miners with the same concentration of pay: one over the sum of squared shares.
    pub effective_of_256: f64,
    /// What the best of them is paid.
    pub best_of_256: f64,
}

/// A settled subnet with many who wait outside, to be seated one by one beside the field.
struct Gallery {
    subnet: Subnet,
    incentive: Incentive,
}

impl Gallery {
    fn open(mechanism: &Mechanism, outside: &[(u16, Act)]) -> Result<Self, Trouble> {
        let incentive = eased(mechanism.incentive());
        let mut subnet = Subnet::new(mechanism, &incentive);
        let field = spread(FIELD + 1).into_iter().take(FIELD.into());
        let acts: Vec<(u16, Act)> = field.chain(outside.iter().copied()).collect();
        subnet.rounds(settled(&incentive), &acts)?;
        Ok(Self { subnet, incentive })
    }

    /// The row with these beside the field.
    fn seat(&self, outside: &[u16], docket: &mut Docket) -> Result<Vec<Share>, Trouble> {
        let miners: Vec<u16> = (0..FIELD).chain(outside.iter().copied()).collect();
        let row = match self.subnet.row(&miners) {
            // Where no score of a spread passes the gate.
            Err(NoWeights::NobodyEarned | NoWeights::NobodyScored) => Vec::new(),
            row => row.map_err(|source| Trouble::Row { subnet: "16 miners from bad to good".into(), source })?,
        };
        docket.open();
        if !row.is_empty() {
            docket.hold("16 miners from bad to good", &row, &self.incentive);
        }
        Ok(row)
    }

    /// What these are paid together.
    fn paid(&self, outside: &[u16], docket: &mut Docket) -> Result<f64, Trouble> {
        let row = self.seat(outside, docket)?;
        Ok(outside.iter().map(|number| paid(&row, &miner(*number), &self.incentive)).sum())
    }
}

/// What is found, and the curve; `largest` is the row of 256 miners from bad to good.
pub(super) fn look(
    mechanism: &Mechanism,
    largest: &[Share],
    docket: &mut Docket,
) -> Result<(Vec<Finding>, Pay, Vec<Point>), Trouble> {
    let (worst, best) = right_answers(mechanism);
    let whole = u64::from(Score::ONE.nano());
    let curve = (0..=POINTS).map(|point| (CURVE + point, good(CURVE + point, point.into(), POINTS.into())));
    let twins = (TWINS..TWINS + COPIES).map(|number| (number, good(TWINS, 1, 1)));
    let halves = [HALVES, HALVES + 1].map(|number| (number, good(number, 1, 2)));
    let ladder = (0..STEPS).map(|step| (LADDER + step, good(LADDER + step, whole >> step, whole)));
    let outside: Vec<(u16, Act)> = curve.chain(twins).chain(halves).chain(ladder).collect();
    let gallery = Gallery::open(mechanism, &outside)?;

    let share = |point: u16, docket: &mut Docket| {
        let share = gallery.paid(&[CURVE + point], docket)?;
        Ok::<_, Trouble>(Point { score: f64::from(point) / f64::from(POINTS), share })
    };
    let curve = (0..=POINTS).map(|point| share(point, docket)).collect::<Result<Vec<_>, _>>()?;
    let row = gallery.seat(&[TWINS], docket)?;
    let one = paid(&row, &miner(TWINS), &gallery.incentive);
    let of_one = |paid: f64| if one > 0.0 { paid / one } else { 0.0 };
    // The eighth of sixteen.
    let half_as_good = of_one(paid(&row, &miner(7), &gallery.incentive));
    let twins: Vec<u16> = (TWINS..TWINS + COPIES).collect();
    let five_copies = of_one(gallery.paid(&twins, docket)?);
    let two_halves = of_one(gallery.paid(&[HALVES, HALVES + 1], docket)?);
    let least_score = least(mechanism, &gallery, docket)?;

    let incentive = mechanism.incentive();
    let shares: Vec<f64> = largest.iter().map(|share| paid(largest, &share.registration, incentive)).collect();
    let burnt = incentive.limits.burn();
    let paid_of_256 =
        largest.iter().filter(|share| Some(share.uid) != burnt && share.value.is_some_and(|value| value > 0)).count();
    // The burnt seat's tenant is paid nothing as a miner.
    let miners = || largest.iter().zip(&shares).filter(|(share, _)| Some(share.uid) != burnt).map(|(_, paid)| *paid);
    let spread = Concentration::of(miners());
    let pay = Pay {
        right_answers: [worst.as_f64(), best.as_f64()],
        half_as_good,
        least_score,
        two_halves,
        five_copies,
        paid_of_256,
        effective_of_256: spread.effective,
        best_of_256: spread.largest_share,
    };
    Ok((findings(&pay, worst, best), pay, curve))
}

/// The least score beside the best possible one that is worth a weight: between two steps of a ladder of halves, to a
/// thirty-second of the upper one.
fn least(mechanism: &Mechanism, gallery: &Gallery, docket: &mut Docket) -> Result<Option<f64>, Trouble> {
    let whole = u64::from(Score::ONE.nano());
    let has_weight = |gallery: &Gallery, number: u16, docket: &mut Docket| {
        let row = gallery.seat(&[TWINS, number], docket)?;
        let own = row.iter().find(|share| share.registration == miner(number));
        Ok::<_, Trouble>(own.is_some_and(|share| share.value.is_some_and(|value| value > 0)))
    };
    // The first step that is worth nothing, and the last rung that is: less is never worth more.
    let (mut low, mut high) = (0, STEPS);
    while low < high {
        let middle = low.midpoint(high);
        if has_weight(gallery, LADDER + middle, docket)? { low = middle + 1 } else { high = middle }
    }
    let Some(step) = low.checked_sub(1) else { return Ok(None) };
    let top = whole >> step;
    let rung = |rung: u16| top / 2 + (top - top / 2) * u64::from(rung) / u64::from(STEPS);
    let rungs = (1..STEPS).map(|at| (LADDER + at, good(LADDER + at, rung(at), whole)));
    let finer = Gallery::open(mechanism, &rungs.chain([(TWINS, good(TWINS, 1, 1))]).collect::<Vec<_>>())?;
    let (mut low, mut high) = (1, STEPS);
    while low < high {
        let middle = low.midpoint(high);
        if has_weight(&finer, LADDER + middle, docket)? { high = middle } else { low = middle + 1 }
    }
    Ok(Some(rung(high) as f64 / whole as f64))
}

fn findings(pay: &Pay, worst: Score, best: Score) -> Vec<Finding> {
    let right = match (worst, best) {
        (worst, best) if worst == best => {
            format!("all right answers score {best}: miners differ only by how often they fail")
        }
        _ => format!("right answers score from {worst}, the slowest and least alike that pass, to {best}"),
    };
    let flat = pay.half_as_good > 0.9;
    let half = percent(pay.half_as_good);
    let halves = pay.two_halves > 1.0 + 1e-6;
    let split = if halves { ": it pays to split a good miner" } else { "" };
    let least = match pay.least_score {
        Some(score) if score < 1e-6 => "beside a best miner, any score above 0 is worth a weight".to_owned(),
        Some(score) => format!("beside a best miner, {score:.4} is the least score that is worth a weight"),
        None => "beside a best miner nobody else has weight, not even an equal one".to_owned(),
    };
    let crowd = format!(
        "of 256 miners from bad to good {} have weight, shared as among {:.1} equal ones; the best has {}",
        pay.paid_of_256,
        pay.effective_of_256,
        percent(pay.best_of_256)
    );
    vec![
        Finding::fact("right_answers", right),
        Finding::warning_if(flat, "half_as_good", format!("a miner half as good is paid {half} of what the best is")),
        Finding::fact("least_score", least),
        Finding::warning_if(
            halves,
            "two_halves",
            format!("two miners half as good are paid {} of what one good one is{split}", percent(pay.two_halves)),
        ),
        Finding::fact(
            "five_copies",
            format!("five hotkeys with one miner's answers are paid {} of what it is alone", percent(pay.five_copies)),
        ),
        Finding::fact("concentration", crowd),
    ]
}
