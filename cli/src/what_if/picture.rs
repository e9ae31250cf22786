//! The pictures of the page.

use primitives::Registration;
use scoring::{Score, WeightMap, concentration::lorenz};

use super::{
    answer::{Answer, Miner},
    series::Series,
};
use crate::page::{Axis, Bar, Chart, Line, Tint, bars, lines, stacked};

/// Miners that are drawn: those who gain most, and as many who lose most.
pub const BARS: usize = 40;
/// Miners with a colour of their own in a picture of all.
const COLOURED: usize = 7;
/// Points of a curve.
const STEPS: u32 = 200;

/// Each miner's share of both rows.
pub fn shares(answer: &Answer) -> anyhow::Result<String> {
    let miners = extremes(&answer.miners);
    let text = format!("Horizontal bars: for each of {} miners its share of the row by both rules", miners.len());
    let bar =
        |miner: &&Miner| Bar { name: format!("uid {}", miner.uid), values: [miner.share_before, miner.share_after] };
    let all: Vec<Bar> = miners.iter().map(bar).collect();
    bars("Shares of the row, before and after", &text, "share of the row", &all)
}

/// What a standing is worth beside the best one, by both rules, and where the miners are.
pub fn curves(answer: &Answer, maps: [WeightMap; 2]) -> anyhow::Result<String> {
    let standings = |miner: &Miner| [miner.standing_before, miner.standing_after];
    let best: [f64; 2] =
        [0, 1].map(|rules| answer.miners.iter().filter_map(|miner| standings(miner)[rules]).fold(0.0, f64::max));
    let mut all = Vec::new();
    for (rules, tint) in [Tint::Before, Tint::After].into_iter().enumerate() {
        let nano = |standing: f64| Score::from_nano((standing * 1e9) as u32).unwrap_or(Score::ONE);
        let curve = (1..=STEPS).map(|step| {
            let standing = best[rules] * f64::from(step) / f64::from(STEPS);
            let weights = maps[rules].weigh(&[nano(best[rules]), nano(standing)]);
            (standing, weights[1] as f64 / (1_u64 << 32) as f64)
        });
        all.push(Line::new(tint, if best[rules] > 0.0 { curve.collect() } else { Vec::new() }));
        let largest = if rules == 0 { &answer.weights_before } else { &answer.weights_after };
        let largest = largest.iter().map(|(_, value)| value).max().unwrap_or(0).max(1);
        let dots = answer.miners.iter().filter_map(|miner| {
            let weight = [miner.weight_before, miner.weight_after][rules];
            Some(vec![(standings(miner)[rules]?, f64::from(weight) / f64::from(largest))])
        });
        all.push(Line { tint, runs: dots.collect(), band: Vec::new(), dots: true });
    }
    let chart = Chart {
        title: "From standing to weight",
        description: "Two curves: the weight of a miner with a standing, as a share of the best miner's; a dot for each \
                      miner",
        x: Axis { name: "standing", range: 0.0..best[0].max(best[1]) * 1.03, digits: 2 },
        y: Axis { name: "weight beside the best", range: 0.0..1.03, digits: 1 },
        height: 420,
    };
    lines(&chart, &all)
}

/// How the weight of both rows is spread: the share of it that the smallest so many miners have.
pub fn spread(answer: &Answer) -> anyhow::Result<String> {
    let curve = |share: fn(&Miner) -> f64| lorenz(answer.miners.iter().map(share));
    let chart = Chart {
        title: "How the weight is spread",
        description: "Two Lorenz curves below the line of equal shares: the share of the weight that the smallest miners \
                      have together",
        x: Axis { name: "share of the miners, the smallest first", range: 0.0..1.0, digits: 1 },
        y: Axis { name: "share of the weight", range: 0.0..1.0, digits: 1 },
        height: 380,
    };
    let equal = Line::new(Tint::Rest, vec![(0.0, 0.0), (1.0, 1.0)]);
    let before = Line::new(Tint::Before, curve(|miner| miner.share_before));
    lines(&chart, &[equal, before, Line::new(Tint::After, curve(|miner| miner.share_after))])
}

/// The miners that have a colour in [`pay`], with it.
pub fn coloured(answer: &Answer) -> Vec<(Tint, &Miner)> {
    let mut miners: Vec<&Miner> = answer.miners.iter().collect();
    miners.sort_by(|a, b| b.share_difference.abs().total_cmp(&a.share_difference.abs()).then(a.uid.cmp(&b.uid)));
    miners.truncate(COLOURED);
    miners.sort_by_key(|miner| miner.uid);
    (0..).map(Tint::Series).zip(miners).collect()
}

/// What a row pays to whom over the log, by one of the rules: the first (0) or the other (1).
pub fn pay(answer: &Answer, series: &Series, rules: usize) -> anyhow::Result<String> {
    let blocks: Vec<f64> = answer.series.iter().map(|point| point.block as f64).collect();
    let mut rest = vec![1.0; blocks.len()];
    let mut layers = Vec::new();
    for (tint, miner) in coloured(answer) {
        let miner = Registration { hotkey: miner.hotkey, block: miner.registered_at };
        let course: Vec<f64> = series.course(&miner).iter().map(|shares| shares[rules]).collect();
        rest.iter_mut().zip(&course).for_each(|(rest, share)| *rest = f64::max(0.0, *rest - share));
        layers.push((tint, course));
    }
    // Before the other rules have a row, nobody is paid.
    for (at, rest) in rest.iter_mut().enumerate() {
        let paid = rules == 0 || answer.series[..=at].iter().any(|point| point.distance.is_some());
        *rest = if paid { *rest } else { 0.0 };
    }
    layers.push((Tint::Rest, rest));
    let title = ["Pay over time by the rules of the log", "Pay over time by the other rules"][rules];
    let chart = Chart {
        title,
        description: "Layers over the blocks of the log: the share of the emission of miners that each of the most \
                      different ones gets, and all the rest",
        x: Axis { name: "block", range: ends(&blocks), digits: 0 },
        y: Axis { name: "share of the miners' emission", range: 0.0..1.0, digits: 1 },
        height: 300,
    };
    stacked(&chart, &blocks, &layers)
}

/// How far both rows were apart, over the log.
pub fn distances(answer: &Answer) -> anyhow::Result<String> {
    let description =
        format!("A line over {} rows of the log: the share of the weight that the other rules move", answer.rows);
    over_time(answer, "Distance of both rows over time", &description, "share of the weight that moves", |point| {
        [None, point.distance]
    })
}

/// How many equal miners would be as concentrated, over the log.
pub fn concentrations(answer: &Answer) -> anyhow::Result<String> {
    let description = format!("Two lines over {} rows of the log: one over the Herfindahl index", answer.rows);
    over_time(answer, "Effective number of miners over time", &description, "effective miners", |point| {
        let after = point.concentration_after.map(|found| found.effective);
        [Some(point.concentration_before.effective), after]
    })
}

/// Lines by both rules. Where there is no number, they break.
fn over_time(
    answer: &Answer,
    title: &str,
    description: &str,
    up: &str,
    of: fn(&super::series::Point) -> [Option<f64>; 2],
) -> anyhow::Result<String> {
    let points = &answer.series;
    let blocks: Vec<f64> = points.iter().map(|point| point.block as f64).collect();
    let most = points.iter().flat_map(of).flatten().fold(0.0, f64::max);
    let mut all = Vec::new();
    for (rules, tint) in [Tint::Before, Tint::After].into_iter().enumerate() {
        let runs = points.split(|point| of(point)[rules].is_none());
        let run = |run: &[super::series::Point]| {
            run.iter().filter_map(|point| Some((point.block as f64, of(point)[rules]?))).collect()
        };
        all.push(Line { tint, runs: runs.map(run).collect(), band: Vec::new(), dots: points.len() <= 60 });
    }
    let chart = Chart {
        title,
        description,
        x: Axis { name: "block", range: ends(&blocks), digits: 0 },
        y: Axis { name: up, range: 0.0..(most * 1.1).max(0.01), digits: if most < 3.0 { 3 } else { 1 } },
        height: 320,
    };
    lines(&chart, &all)
}

fn ends(blocks: &[f64]) -> std::ops::Range<f64> {
    blocks.first().copied().unwrap_or(0.0)..blocks.last().copied().unwrap_or(1.0)
}

/// The first and the last of a list by gain.
fn extremes(miners: &[Miner]) -> Vec<&Miner> {
    let half = BARS / 2;
    let far = |at: usize| miners.len() <= BARS || at < half || at >= miners.len() - half;
    miners.iter().enumerate().filter(|(at, _)| far(*at)).map(|(_, miner)| miner).collect()
}
