//! The columns of the table of seats, and which of them there is room for.

use ratatui::style::{Color, Style};
use scoring::{
    Outcome,
    reliability::{Figures, Period},
};

use crate::top::{
    seats::{Seat, Sort},
    words::{alpha, bars, micros, number, percent, short, speed},
};

/// What there is no number for.
const NONE: &str = "–";
/// The picture of scores takes what the other columns leave, up to one letter for each round.
const MOST_SCORES: u16 = 60;

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Uid,
    Hotkey,
    Role,
    Incentive,
    Weight,
    Paid,
    Standing,
    Scores,
    Right,
    Wrong,
    BadProof,
    Down,
    Uptime(Period),
    FirstToken(Percentile),
    Speed(Percentile),
    Busy,
}

/// Of what should be small the half, nine tenths and 99 of a hundred; of what should be great the half, a tenth and one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Percentile {
    Half,
    Most,
    Nearly,
}

use Column::*;
use Percentile::*;

/// All of them from left to right: with their width, and how early they go where there is little room.
const ALL: [(Column, u16, u8); 22] = [
    (Uid, 5, 0),
    (Hotkey, 11, 10),
    (Role, 4, 15),
    (Incentive, 7, 1),
    (Weight, 7, 8),
    (Paid, 9, 11),
    (Standing, 6, 2),
    (Scores, 8, 6),
    (Right, 5, 7),
    (Wrong, 5, 7),
    (BadProof, 5, 7),
    (Down, 5, 7),
    (Uptime(Period::Hour), 6, 9),
    (Uptime(Period::Day), 6, 3),
    (Uptime(Period::Week), 6, 9),
    (FirstToken(Half), 8, 4),
    (FirstToken(Most), 7, 12),
    (FirstToken(Nearly), 7, 14),
    (Speed(Half), 9, 5),
    (Speed(Most), 6, 13),
    (Speed(Nearly), 6, 14),
    (Busy, 5, 12),
];

/// A width at which all of them are seen, with a letter for each round.
pub const WIDE: u16 = {
    let (mut width, mut at) = (0, 0);
    while at < ALL.len() {
        width += ALL[at].1 + 1;
        at += 1;
    }
    width - 1 - 8 + MOST_SCORES
};

/// Those that fit, with the width of each.
pub fn fitting(width: u16) -> Vec<(Column, u16)> {
    let mut by_rank: Vec<usize> = (0..ALL.len()).collect();
    by_rank.sort_by_key(|at| ALL[*at].2);
    let mut left = width + 1;
    let mut kept = Vec::new();
    for at in by_rank {
        if let Some(rest) = left.checked_sub(ALL[at].1 + 1) {
            left = rest;
            kept.push(at);
        }
    }
    kept.sort_unstable();
    let wider = |at: usize| {
        let (column, width, _) = ALL[at];
        (column, if column == Scores { (width + left).min(MOST_SCORES) } else { width })
    };
    kept.into_iter().map(wider).collect()
}

impl Column {
    /// What stands above it.
    pub fn heading(self) -> &'static str {
        match self {
            Uid => "uid",
            Hotkey => "hotkey",
            Role => "role",
            Incentive => "incent",
            Weight => "weight",
            Paid => "paid",
            Standing => "stand",
            Scores => "scores",
            Right => "right",
            Wrong => "wrong",
            BadProof => "proof",
            Down => "down",
            Uptime(Period::Hour) => "up 1h",
            Uptime(Period::Day) => "up 24h",
            Uptime(Period::Week) => "up 7d",
            FirstToken(Half) => "ttft p50",
            FirstToken(Most) => "p90",
            FirstToken(Nearly) => "p99",
            Speed(Half) => "tok/s p50",
            Speed(Most) => "p10",
            Speed(Nearly) => "p01",
            Busy => "busy*",
        }
    }

    /// Whether it begins at the left.
    pub fn is_left(self) -> bool {
        matches!(self, Hotkey | Role | Scores)
    }

    /// Whether seats are sorted by it.
    pub fn is_sorted_by(self, sort: Sort, period: Period) -> bool {
        self == Uptime(period) && sort == Sort::Uptime
            || matches!(
                (self, sort),
                (Uid, Sort::Uid)
                    | (Incentive, Sort::Incentive)
                    | (Weight, Sort::Weight)
                    | (Standing, Sort::Standing)
                    | (FirstToken(Half), Sort::FirstToken)
                    | (Speed(Half), Sort::Speed)
            )
    }

    /// What it says of a seat.
    pub fn cell(self, seat: &Seat, period: Period, width: u16) -> (String, Style) {
        let plain = |text: Option<String>| (text.unwrap_or_else(|| NONE.into()), Style::new());
        let share = |share: u16| (share > 0).then(|| percent(f64::from(share) / 65_535.0));
        match self {
            Uid => plain(Some(seat.neuron.uid.0.to_string())),
            Hotkey => plain(Some(short(&seat.neuron.hotkey.to_string()))),
            Role => {
                let permit = if seat.neuron.validator_permit { "V" } else { "" };
                let measured = if seat.miner.is_some() { "M" } else { "" };
                plain(Some(format!("{permit}{measured}")).filter(|text| !text.is_empty()))
            }
            Incentive => plain(share(seat.neuron.incentive)),
            Weight => plain(seat.weight.map(percent)),
            Paid => plain((seat.neuron.emission_rao > 0).then(|| alpha(seat.neuron.emission_rao))),
            Standing => plain(seat.miner.map(|miner| format!("{:.3}", f64::from(miner.score_nano) / 1e9))),
            Scores => scores(seat, width),
            Right => count(seat, Color::Green, |outcome| outcome == Outcome::Ok),
            Wrong => count(seat, Color::Red, |outcome| outcome == Outcome::WrongOutput),
            BadProof => count(seat, Color::Magenta, |outcome| outcome == Outcome::BadProof),
            Down => count(seat, Color::Yellow, is_down),
            Uptime(period) => uptime(seat.figures(period)),
            FirstToken(percentile) => plain(seat.figures(period).and_then(|figures| {
                let times = figures.first_token_us?;
                Some(micros(percentile.of([times.p50, times.p90, times.p99])))
            })),
            Speed(percentile) => plain(seat.figures(period).and_then(|figures| {
                let speeds = figures.tokens_per_second_milli?;
                Some(speed(percentile.of([speeds.p50, speeds.p10, speeds.p01])))
            })),
            // Its own word, so it has no colour.
            Busy => {
                let ppm = seat.miner.and_then(|miner| miner.capacity_used_ppm);
                let text = ppm.map_or_else(|| NONE.into(), |ppm| format!("{:.0}%", f64::from(ppm) / 1e4));
                (text, Style::new().fg(Color::DarkGray))
            }
        }
    }
}

impl Percentile {
    fn of(self, [half, most, nearly]: [u64; 3]) -> u64 {
        match self {
            Half => half,
            Most => most,
            Nearly => nearly,
        }
    }
}

/// Whether there was no answer to judge.
fn is_down(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::Ok | Outcome::WrongOutput | Outcome::BadProof)
}

fn count(seat: &Seat, colour: Color, of: impl Fn(Outcome) -> bool) -> (String, Style) {
    let Some(miner) = seat.miner else { return (NONE.into(), Style::new()) };
    let outcomes = miner.outcomes.iter().filter(|(outcome, _)| of(**outcome));
    match outcomes.map(|(_, count)| u64::from(*count)).sum() {
        0 => ("0".into(), Style::new().fg(Color::DarkGray)),
        some => (number(some), Style::new().fg(colour)),
    }
}

fn uptime(figures: Option<&Figures>) -> (String, Style) {
    let Some(ppm) = figures.and_then(|figures| figures.uptime_ppm) else { return (NONE.into(), Style::new()) };
    let style = match ppm {
        990_000.. => Style::new(),
        900_000.. => Style::new().fg(Color::Yellow),
        _ => Style::new().fg(Color::Red),
    };
    (percent(f64::from(ppm) / 1e6), style)
}

/// The scores of the last rounds, the newest at the right.
fn scores(seat: &Seat, width: u16) -> (String, Style) {
    let history = seat.miner.map_or(&[][..], |miner| &miner.history_milli);
    if history.iter().all(Option::is_none) {
        return (NONE.into(), Style::new());
    }
    let newest = &history[history.len().saturating_sub(usize::from(width))..];
    let row = bars(newest.iter().copied(), 1).into_iter().flatten();
    (row.collect(), Style::new().fg(Color::Cyan))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_fits_and_the_most_telling_stays() {
        let taken =
            |columns: &[(Column, u16)]| columns.iter().map(|(_, width)| width + 1).sum::<u16>().saturating_sub(1);
        for width in 0..400 {
            assert!(taken(&fitting(width)) <= width, "{width}");
        }
        let names = |width| fitting(width).into_iter().map(|(column, _)| column).collect::<Vec<_>>();
        for column in
            [Uid, Incentive, Standing, Scores, Right, Down, Uptime(Period::Day), FirstToken(Half), Speed(Half)]
        {
            assert!(names(80).contains(&column), "{column:?}");
        }
        for column in [Weight, Uptime(Period::Hour), Uptime(Period::Week)] {
            assert!(names(120).contains(&column), "{column:?}");
        }
        assert_eq!((names(WIDE).len(), taken(&fitting(WIDE))), (ALL.len(), WIDE));
    }
}
