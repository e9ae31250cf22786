//! The seats of a document in the order in which one wants to see them.

use std::{cmp::Ordering, collections::HashMap};

use dashboard::{Document, Miner, Neuron, Reliable};
use primitives::Uid;
use scoring::reliability::{Figures, Period};

/// A seat, and what is known of who sits in it.
#[derive(Clone, Copy, Debug)]
pub struct Seat<'a> {
    pub neuron: &'a Neuron,
    pub miner: Option<&'a Miner>,
    /// Its share of the row on chain of the validator whose view it is.
    pub weight: Option<f64>,
}

/// What seats are sorted by; the first one is the best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    #[default]
    Incentive,
    Weight,
    Standing,
    Uptime,
    FirstToken,
    Speed,
    Uid,
}

impl Sort {
    const ALL: [Self; 7] =
        [Self::Incentive, Self::Weight, Self::Standing, Self::Uptime, Self::FirstToken, Self::Speed, Self::Uid];

    /// The one after it.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incentive => "incentive",
            Self::Weight => "weight",
            Self::Standing => "standing",
            Self::Uptime => "uptime",
            Self::FirstToken => "first token",
            Self::Speed => "tokens/s",
            Self::Uid => "uid",
        }
    }

    /// Greater is better; what is not known comes last.
    fn key(self, seat: &Seat, period: Period) -> Option<f64> {
        let figures = || seat.figures(period);
        match self {
            Self::Incentive => Some(seat.neuron.incentive.into()),
            Self::Weight => seat.weight,
            Self::Standing => Some(seat.miner?.score_nano.into()),
            Self::Uptime => Some(figures()?.uptime_ppm?.into()),
            Self::FirstToken => Some(-(figures()?.first_token_us?.p50 as f64)),
            Self::Speed => Some(figures()?.tokens_per_second_milli?.p50 as f64),
            Self::Uid => Some(0.0),
        }
    }
}

impl Seat<'_> {
    /// How reliable it was.
    pub fn figures(&self, period: Period) -> Option<&Figures> {
        let Reliable { hour, day, week } = &self.miner?.reliability;
        Some(match period {
            Period::Hour => hour,
            Period::Day => day,
            Period::Week => week,
        })
    }

    /// Whether it is looked for: by its uid, or by a part of an address.
    fn fits(&self, wanted: &str) -> bool {
        if wanted.len() <= 5 && wanted.bytes().all(|byte| byte.is_ascii_digit()) {
            return wanted.is_empty() || wanted.parse() == Ok(self.neuron.uid.0);
        }
        let Neuron { hotkey, coldkey, endpoint, .. } = self.neuron;
        let endpoint = endpoint.map(|endpoint| endpoint.to_string()).unwrap_or_default();
        [hotkey.to_string(), coldkey.to_string(), endpoint].iter().any(|text| text.to_lowercase().contains(wanted))
    }
}

/// Those that are looked for, the best first.
pub fn seats<'a>(document: &'a Document, sort: Sort, period: Period, wanted: &str) -> Vec<Seat<'a>> {
    let miners: HashMap<Uid, &Miner> = document.miners.iter().map(|miner| (miner.uid, miner)).collect();
    let weights = weights(document);
    let wanted = wanted.to_lowercase();
    let seats = document.neurons.iter().map(|neuron| Seat {
        neuron,
        miner: miners.get(&neuron.uid).copied(),
        weight: weights.get(&neuron.uid).copied(),
    });
    let mut seats: Vec<(Option<f64>, Seat)> =
        seats.filter(|seat| seat.fits(&wanted)).map(|seat| (sort.key(&seat, period), seat)).collect();
    seats.sort_by(|(a, left), (b, right)| {
        let by_key = match (a, b) {
            (Some(a), Some(b)) => b.total_cmp(a),
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        let standing = |seat: &Seat| seat.miner.map(|miner| miner.score_nano);
        let by_standing = if sort == Sort::Uid { Ordering::Equal } else { standing(right).cmp(&standing(left)) };
        by_key.then(by_standing).then(left.neuron.uid.cmp(&right.neuron.uid))
    });
    seats.into_iter().map(|(_, seat)| seat).collect()
}

/// The row on chain of the validator whose view it is, in shares of its sum.
fn weights(document: &Document) -> HashMap<Uid, f64> {
    let own = document.neurons.iter().find(|neuron| neuron.hotkey == document.subject.validator);
    let row = own.and_then(|own| document.weights.rows.iter().find(|row| row.uid == own.uid));
    let Some(row) = row else { return HashMap::new() };
    let total: f64 = row.values.iter().map(|value| f64::from(*value)).sum();
    row.uids.iter().zip(&row.values).map(|(uid, value)| (*uid, f64::from(*value) / total.max(1.0))).collect()
}
