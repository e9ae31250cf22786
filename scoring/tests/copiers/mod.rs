//! Made-up subnets with honest validators and copiers, for the test and the figures of the detector.
//!
//! Each miner's quality is a random walk (of its logarithm), so a share moves by about `drift` an epoch. An honest validator
//! measures each miner once an epoch, off by about `noise`, and smooths. A copier sees the rows of `lag` epochs ago: it sends
//! what Yuma makes of them, or one validator's row.

use std::collections::VecDeque;

use assay_scoring::{
    copying::{Epoch, ValidatorRow},
    noise::philox4x32_10,
    yuma::{self, EpochInput, Rows},
};
use primitives::{Hotkey, Registration};

/// What a validator does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Measures: the newest measurement counts `smoothing` (0 to 1), shares are raised to `power`, and the row is set every
    /// `every` epochs.
    Honest { smoothing: f64, power: f64, every: usize },
    /// Sends what was consensus, or what `of` sent, `lag` epochs ago; `mix` of it (0 to 1) and the rest its own measurement,
    /// and each weight off by `noise`.
    Copier { lag: usize, of: Option<usize>, mix: f64, noise: f64 },
    /// Measures, but sends what it measured an epoch ago.
    Late,
    /// Sends the same row for ever.
    Constant,
}

pub const HONEST: Kind = Kind::Honest { smoothing: 1.0, power: 1.0, every: 1 };

/// A subnet.
#[derive(Clone, Debug)]
pub struct Scene {
    pub validators: Vec<Kind>,
    pub miners: usize,
    pub epochs: usize,
    /// By how much a quality changes in an epoch: of its logarithm, one standard deviation.
    pub drift: f64,
    /// By how much a measurement is off: of the same.
    pub noise: f64,
    /// The chance that a miner's seat goes to another one in an epoch.
    pub churn: f64,
    /// The chance that a validator sends no row in an epoch.
    pub missing: f64,
    /// Whether the chain's consensus is told.
    pub consensus: bool,
}

/// Sixteen honest validators, quick and slow, flat and steep, some who set weights every other epoch; eight who copy what
/// consensus was one, two or three epochs ago.
pub fn base() -> Scene {
    let copier = |at: usize| Kind::Copier { lag: at % 3 + 1, of: None, mix: 1.0, noise: 0.0 };
    Scene {
        validators: (0..16).map(honest).chain((0..8).map(copier)).collect(),
        miners: 32,
        epochs: 50,
        drift: 0.1,
        noise: 0.1,
        churn: 0.005,
        missing: 0.01,
        consensus: true,
    }
}

/// One of several kinds of honest validators.
pub fn honest(at: usize) -> Kind {
    let every = if at % 8 == 7 { 2 } else { 1 };
    Kind::Honest { smoothing: [1.0, 0.5, 0.25][at % 3], power: [1.0, 1.5][at % 2], every }
}

/// Normal numbers that depend on the seed and their place alone.
struct Numbers {
    key: [u32; 2],
    place: u32,
}

impl Numbers {
    fn uniform_pair(&mut self) -> [f64; 2] {
        self.place += 1;
        let [a, b, ..] = philox4x32_10([self.place, 0, 0, 0], self.key);
        [a, b].map(|word| (f64::from(word) + 0.5) / 4_294_967_296.0)
    }

    fn uniform(&mut self) -> f64 {
        self.uniform_pair()[0]
    }

    fn normal(&mut self) -> f64 {
        let [a, b] = self.uniform_pair();
        (-2.0 * libm::log(a)).sqrt() * libm::cos(std::f64::consts::TAU * b)
    }
}

/// Who has this seat, since when: validators first.
fn tenant(seat: usize, since: u32) -> Registration {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(seat as u64).to_le_bytes());
    key[8..12].copy_from_slice(&since.to_le_bytes());
    Registration { hotkey: Hotkey(key), block: since.into() }
}

/// Who a validator is.
pub fn validator(place: usize) -> Registration {
    tenant(place, 0)
}

fn scaled(row: &[f64]) -> Vec<u16> {
    let largest = row.iter().copied().fold(0.0, f64::max);
    row.iter().map(|value| if largest > 0.0 { (value / largest * 65_535.0 + 0.5) as u16 } else { 0 }).collect()
}

fn shares(row: &[u16]) -> Vec<f64> {
    let whole: f64 = row.iter().copied().map(f64::from).sum();
    row.iter().map(|value| f64::from(*value) / whole.max(1.0)).collect()
}

/// The rows of all epochs.
pub fn history(scene: &Scene, seed: u32) -> Vec<Epoch> {
    let mut numbers = Numbers { key: [seed, 0xC0FF_EE00], place: 0 };
    let (validators, miners) = (scene.validators.len(), scene.miners);
    let stakes: Vec<u64> = (0..validators).map(|_| (1e12 * libm::exp(0.7 * numbers.normal())) as u64).collect();
    let mut quality: Vec<f64> = (0..miners).map(|_| numbers.normal()).collect();
    let mut since = vec![0_u32; miners];
    let mut smoothed = vec![vec![f64::NAN; miners]; validators];
    let mut standing: Vec<Vec<u16>> = vec![Vec::new(); validators];
    let mut waiting = vec![vec![1; miners]; validators];
    // What was revealed, the newest first: rows, and what Yuma made of them.
    let mut revealed: VecDeque<(Vec<Vec<u16>>, Vec<u16>)> = VecDeque::new();
    let mut epochs = Vec::with_capacity(scene.epochs);
    // Copiers need something to copy.
    for epoch in 0..scene.epochs + 8 {
        for (miner, quality) in quality.iter_mut().enumerate() {
            *quality += scene.drift * numbers.normal();
            if numbers.uniform() < scene.churn {
                (*quality, since[miner]) = (numbers.normal(), epoch as u32);
                smoothed.iter_mut().for_each(|row| row[miner] = f64::NAN);
            }
        }
        for place in 0..validators {
            let measured = quality.iter().map(|quality| libm::exp(quality + scene.noise * numbers.normal()));
            let measured: Vec<f64> = measured.collect();
            standing[place] = match scene.validators[place] {
                Kind::Honest { smoothing, power, every } => {
                    for (smooth, measured) in smoothed[place].iter_mut().zip(&measured) {
                        let known = if smooth.is_nan() { *measured } else { *smooth };
                        *smooth = known + smoothing * (measured - known);
                    }
                    if (epoch + place) % every > 0 && !standing[place].is_empty() {
                        continue;
                    }
                    scaled(&smoothed[place].iter().map(|value| libm::pow(*value, power)).collect::<Vec<_>>())
                }
                Kind::Copier { lag, of, mix, noise } => {
                    let source = revealed.get(lag - 1).map(|(rows, consensus)| of.map_or(consensus, |of| &rows[of]));
                    let source = source.map_or_else(|| shares(&scaled(&measured)), |row| shares(row));
                    let own = shares(&scaled(&measured));
                    let value = |(source, own): (&f64, &f64)| {
                        (mix * source + (1.0 - mix) * own) * libm::exp(noise * numbers.normal())
                    };
                    scaled(&source.iter().zip(&own).map(value).collect::<Vec<_>>())
                }
                Kind::Late => std::mem::replace(&mut waiting[place], scaled(&measured)),
                Kind::Constant if standing[place].is_empty() => scaled(&measured),
                Kind::Constant => continue,
            };
        }
        revealed.push_front((standing.clone(), consensus(&stakes, &standing)));
        revealed.truncate(8);
        if epoch < 8 {
            continue;
        }
        let by_miner = |row: &[u16]| {
            (0..)
                .zip(row)
                .map(|(miner, weight)| (tenant(validators + miner, since[miner]), *weight))
                .collect::<Vec<_>>()
        };
        let row = |place: usize| {
            let weights = by_miner(&standing[place]);
            ValidatorRow { validator: validator(place), stake: stakes[place], weights }
        };
        let sent: Vec<usize> = (0..validators).filter(|_| numbers.uniform() >= scene.missing).collect();
        let consensus = scene.consensus.then(|| by_miner(&revealed[0].1));
        epochs.push(Epoch { rows: sent.into_iter().map(row).collect(), consensus });
    }
    epochs
}

/// What Yuma makes of rows: the chain's consensus.
fn consensus(stakes: &[u64], rows: &[Vec<u16>]) -> Vec<u16> {
    let (validators, seats) = (stakes.len(), stakes.len() + rows[0].len());
    let named = |row: &Vec<u16>| (validators as u16..).zip(row.iter().copied()).collect();
    let input = EpochInput {
        block: 1_000,
        tempo: 360,
        activity_cutoff: 5_000,
        last_update: vec![990; seats],
        block_at_registration: vec![1; seats],
        last_mechanism_step_block: 640,
        stake: stakes.iter().copied().chain(rows[0].iter().map(|_| 0)).collect(),
        stake_fraction: Vec::new(),
        stake_threshold: 0,
        owner_uid: None,
        validator_permits: (0..seats).map(|seat| seat < validators).collect(),
        max_allowed_validators: validators as u16,
        weights: (0..).zip(rows.iter().map(named)).collect(),
        bonds: Rows::new(),
        commit_blocks: None,
        kappa: 32_767,
        bonds_penalty: u16::MAX,
        bonds_moving_average: 900_000,
        yuma3: false,
        liquid_alpha: None,
        emission: 1_000_000_000,
    };
    yuma::epoch(&input).consensus.split_off(validators)
}
