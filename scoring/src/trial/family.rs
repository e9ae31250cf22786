//! The family of made-up subnets that every row is looked at in, and what must hold between miners of one subnet.

use super::{
    Trouble,
    finding::{Finding, percent},
    laws::{Docket, paid},
    pace::settled,
    subnet::{Act, Subnet, miner},
};
use crate::{
    incentive::Incentive,
    mechanism::Mechanism,
    score::Score,
    weights::{NoWeights, Share},
};

/// How many miners there are, where it matters.
const SIZES: [u16; 4] = [1, 2, 16, 256];
/// Rounds of the largest subnet.
const FEW_ROUNDS: u64 = 100;

/// Miners from bad to good, the last as good as can be, each with a voice of its own.
pub(super) fn spread(miners: u16) -> Vec<(u16, Act)> {
    (0..miners).map(|number| (number, good(number, u64::from(number) + 1, miners.into()))).collect()
}

/// An answer that is worth so many parts of the whole.
pub(super) fn good(voice: u16, part: u64, whole: u64) -> Act {
    Act::Answer { score: Score::ratio(part, whole), voice }
}

fn numbers(acts: &[(u16, Act)]) -> Vec<u16> {
    acts.iter().map(|(number, _)| *number).collect()
}

/// What all of them say, and the row of the largest one.
pub(super) fn hold(mechanism: &Mechanism, docket: &mut Docket) -> Result<(Vec<Finding>, Vec<Share>), Trouble> {
    let incentive = mechanism.incentive();
    let mut findings = Vec::new();
    let mut largest = Vec::new();
    let mut subnets: Vec<(String, Vec<(u16, Act)>)> =
        SIZES.map(|size| (format!("{size} miners from bad to good"), spread(size))).into();
    subnets.push(("16 equal miners".into(), (0..16).map(|number| (number, good(number, 1, 1))).collect()));
    subnets.push(("16 miners that fail".into(), (0..16).map(|number| (number, Act::Fail)).collect()));
    let one = |number| (number, if number == 7 { good(7, 1, 1) } else { Act::Fail });
    subnets.push(("one good miner of 16".into(), (0..16).map(one).collect()));
    let copies = (0..16).map(|number| (number, good(number.min(11), number.min(11).into(), 11)));
    subnets.push(("16 miners of whom 5 are one".into(), copies.collect()));
    for (name, acts) in &subnets {
        docket.open();
        let many = acts.len() > 16;
        let rounds = if many { settled(incentive).min(FEW_ROUNDS) } else { settled(incentive) };
        let mut subnet = Subnet::new(mechanism, incentive);
        subnet.rounds(rounds, acts)?;
        match subnet.row(&numbers(acts)) {
            Ok(row) => {
                docket.hold(name, &row, incentive);
                largest = if many { row } else { largest };
            }
            Err(NoWeights::TooFewEarned { earned, needed }) if many => findings.push(Finding::error(
                "min_miners",
                format!("of {} miners {earned} have earned something, and limits.min_miners is {needed}", acts.len()),
            )),
            Err(NoWeights::NobodyScored | NoWeights::NobodyEarned | NoWeights::TooFewEarned { .. }) => {}
            Err(other) => return Err(Trouble::Row { subnet: name.clone(), source: other }),
        }
    }
    findings.push(same_again(mechanism)?);
    findings.push(failures(mechanism, docket)?);
    Ok((findings, largest))
}

/// Whether a row depends on anything but what was answered.
fn same_again(mechanism: &Mechanism) -> Result<Finding, Trouble> {
    let acts = spread(16);
    let play = |backwards: bool| {
        let mut subnet = Subnet::new(mechanism, mechanism.incentive());
        for _ in 0..settled(mechanism.incentive()) {
            match backwards {
                false => subnet.round(acts.iter().copied())?,
                true => subnet.round(acts.iter().rev().copied())?,
            }
        }
        Ok::<_, Trouble>(subnet.row(&numbers(&acts)))
    };
    let (first, second) = (play(false)?, play(true)?);
    Ok(match first == second {
        true => {
            Finding::fact("same_again", "the same answers give the same row, in whatever order they come in".to_owned())
        }
        false => {
            Finding::error("same_again", "the row depends on the order in which a round's answers come in".to_owned())
        }
    })
}

/// Whether failing pays: miners that answer equally well when they answer, and fail more and more often.
fn failures(mechanism: &Mechanism, docket: &mut Docket) -> Result<Finding, Trouble> {
    let rounds = settled(mechanism.incentive());
    let kinds: [(&str, &dyn Fn(u64) -> bool); 6] = [
        ("never", &|_| false),
        ("in the last round only", &|round| round + 1 == rounds),
        ("in one round of four", &|round| round % 4 == 3),
        ("in one round of two", &|round| round % 2 == 1),
        ("in all rounds but the last", &|round| round + 1 < rounds),
        ("always", &|_| true),
    ];
    let incentive = eased(mechanism.incentive());
    // One that passes the gate.
    let gate = Score::ONE.scaled(incentive.gate.mark_gate_ppm.into());
    let score = Score::ratio(1, 2).max(gate);
    let mut subnet = Subnet::new(mechanism, &incentive).steady();
    for round in 0..rounds {
        let act =
            |number: u16, fails: bool| (number, if fails { Act::Fail } else { Act::Answer { score, voice: number } });
        subnet.round((0..).zip(&kinds).map(|(number, (_, fails))| act(number, fails(round))))?;
    }
    docket.open();
    let miners: Vec<u16> = (0..).zip(&kinds).map(|(number, _)| number).collect();
    let row =
        subnet.row(&miners).map_err(|source| Trouble::Row { subnet: "miners that fail at times".into(), source })?;
    docket.hold("miners that fail at times", &row, &incentive);
    let of = |number: usize| paid(&row, &miner(number as u16), &incentive);
    let worse =
        (1..kinds.len()).find(|number| of(*number) > of(0) || (*number == kinds.len() - 1 && of(*number) > 0.0));
    Ok(match worse {
        Some(number) => Finding::error(
            "failures",
            format!(
                "of miners that are worth {score} when they answer, one that fails {} is paid {}, and one that never \
                 fails {}",
                kinds[number].0,
                percent(of(number)),
                percent(of(0))
            ),
        ),
        None => Finding::fact(
            "failures",
            format!(
                "failing never pays: beside {} for a miner that never fails, one that fails in one round of four is \
                 paid {}, in one of two {}, and always {}",
                percent(of(0)),
                percent(of(2)),
                percent(of(3)),
                percent(of(5))
            ),
        ),
    })
}

/// The same rules for any number of miners: what they pay doesn't depend on how many must have earned something.
pub(super) fn eased(incentive: &Incentive) -> Incentive {
    let mut eased = incentive.clone();
    eased.limits.min_miners = 1;
    eased
}
