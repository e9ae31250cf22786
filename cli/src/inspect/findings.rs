//! What was found, in numbers.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use primitives::{BlockNumber, Hotkey, NetUid, Registration, Uid};
use scoring::{
    concentration::{Concentration, Influence, influence},
    copying::{Following, Search, Verdict, copying},
};
use serde::Serialize;

use super::history::{History, Seen};
use crate::{
    commands::metagraph::{alpha, short},
    row,
    table::Table,
};

/// What --json prints. Shares are of 1.
#[derive(Debug, Serialize)]
pub struct Findings {
    pub netuid: Option<NetUid>,
    pub block: BlockNumber,
    pub seats: usize,
    /// How concentrated each of these is.
    pub concentration: Concentrations,
    /// Epochs that were compared, what stands now included.
    pub epochs: usize,
    /// Before this block the node has no state.
    pub state_gone_before: Option<BlockNumber>,
    /// Those with a permit, the most stake first.
    pub validators: Vec<Validator>,
    /// Of each seat.
    #[serde(skip)]
    pub spread: Spread,
}

/// What there is to hold. An epoch at the block would give the dividends and the incentive.
#[derive(Debug, Serialize)]
pub struct Concentrations {
    pub stake: Concentration,
    pub dividends: Concentration,
    pub incentive: Concentration,
    pub influence: Concentration,
}

/// The amounts themselves.
#[derive(Debug)]
pub struct Spread {
    pub stake: Vec<f64>,
    pub dividends: Vec<f64>,
    pub incentive: Vec<f64>,
    pub influence: Vec<f64>,
}

/// A seat with a permit.
#[derive(Debug, Serialize)]
pub struct Validator {
    pub uid: Uid,
    /// None of files.
    pub hotkey: Option<Hotkey>,
    pub registered_at: BlockNumber,
    pub stake_rao: u64,
    /// Of the stake that counts.
    pub stake_share: f64,
    pub validator_trust: f64,
    pub dividends: f64,
    /// The part of the incentive that would move without its stake,
    pub influence: f64,
    /// and the miners with another consensus then.
    pub pivotal: usize,
    /// None where too little was seen of its rows.
    pub following: Option<Followed>,
}

/// Whether its row is its own.
#[derive(Debug, Serialize)]
pub struct Followed {
    #[serde(flatten)]
    pub found: Following,
    /// The seat that it follows, where it is one validator's and that is still here.
    pub of_uid: Option<Uid>,
}

impl Findings {
    /// Of a subnet and its epochs before.
    pub fn of(history: &History, max_lag: usize) -> anyhow::Result<Self> {
        let Seen { input, output, seats } = &history.now;
        let found: BTreeMap<Uid, Influence> = influence(input).into_iter().map(|one| (one.uid, one)).collect();
        let followings = copying(&history.epochs, &Search { max_lag, ..Search::default() })?;
        let followings: BTreeMap<Registration, Following> =
            followings.into_iter().map(|following| (following.validator, following)).collect();
        let uid_of = |who: &Registration| seats.iter().position(|seat| seat == who).map(|at| Uid(at as u16));
        let part = |value: u16| f64::from(value) / f64::from(u16::MAX);
        let of_uid = |at: usize| found.get(&Uid(at as u16));
        let validator = |(at, seat): (usize, &Registration)| {
            let influence = of_uid(at);
            let following = followings
                .get(seat)
                .map(|found| Followed { found: *found, of_uid: found.of.as_ref().and_then(uid_of) });
            history.now.is_permitted(at).then(|| Validator {
                uid: Uid(at as u16),
                hotkey: history.named.then_some(seat.hotkey),
                registered_at: seat.block,
                stake_rao: input.stake[at],
                stake_share: influence.map_or(0.0, |one| one.stake),
                validator_trust: part(output.validator_trust[at]),
                dividends: part(output.dividends[at]),
                influence: influence.map_or(0.0, |one| one.incentive),
                pivotal: influence.map_or(0, |one| one.pivotal),
                following,
            })
        };
        let mut validators: Vec<Validator> = seats.iter().enumerate().filter_map(validator).collect();
        validators.sort_by(|a, b| b.stake_rao.cmp(&a.stake_rao).then(a.uid.cmp(&b.uid)));
        let spread = Spread {
            stake: input.stake.iter().map(|stake| *stake as f64).collect(),
            dividends: output.dividends.iter().copied().map(f64::from).collect(),
            incentive: output.incentive.iter().copied().map(f64::from).collect(),
            influence: (0..seats.len()).map(|at| of_uid(at).map_or(0.0, |one| one.incentive)).collect(),
        };
        Ok(Self {
            netuid: history.netuid,
            block: input.block,
            seats: seats.len(),
            concentration: Concentrations {
                stake: Concentration::of(&input.stake),
                dividends: Concentration::of(&output.dividends),
                incentive: Concentration::of(&output.incentive),
                influence: Concentration::of(&spread.influence),
            },
            epochs: history.epochs.len(),
            state_gone_before: history.gone_before,
            validators,
            spread,
        })
    }

    /// Where it was looked.
    pub fn place(&self) -> String {
        let subnet = self.netuid.map_or_else(|| "a subnet of files".to_owned(), |netuid| format!("subnet {netuid}"));
        format!("{subnet}, block {}: {} seats, {} with a permit", self.block, self.seats, self.validators.len())
    }

    /// How much was seen of rows.
    pub fn seen(&self) -> String {
        let mut text = match self.epochs {
            1 => "rows of one epoch, nothing to compare".to_owned(),
            epochs => format!("rows of {epochs} epochs compared"),
        };
        if let Some(block) = self.state_gone_before {
            text += &format!("; the node has no state before block {block}");
        }
        text
    }

    /// Those who copy, in words.
    pub fn copiers(&self) -> String {
        let is = |verdict: Verdict| {
            move |validator: &&Validator| validator.following.as_ref().is_some_and(|one| one.found.verdict == verdict)
        };
        let copies: Vec<String> =
            self.validators.iter().filter(is(Verdict::Copies)).map(|validator| validator.uid.to_string()).collect();
        let honest = self.validators.iter().filter(is(Verdict::Honest)).count();
        let rest = self.validators.len() - honest - copies.len();
        let who = match copies.is_empty() {
            true => "nobody is seen to copy".to_owned(),
            false => format!("copying: uid {}", copies.join(", ")),
        };
        format!("{who}; {honest} say what they found themselves, {rest} undecided")
    }

    /// The same four, with their names.
    pub fn concentrations(&self) -> [(&'static str, &Concentration); 4] {
        let Concentrations { stake, dividends, incentive, influence } = &self.concentration;
        [("stake", stake), ("dividends", dividends), ("incentive", incentive), ("influence", influence)]
    }

    /// For people.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{}", self.place())?;
        let mut table =
            Table::new(&["of", "holders", "largest", "Herfindahl", "effective", "Gini", "over 33 %", "over 50 %"]);
        for (name, found) in self.concentrations() {
            table.push(row![
                name,
                found.holders,
                format!("{:.4}", found.largest_share),
                format!("{:.4}", found.herfindahl),
                format!("{:.2}", found.effective),
                format!("{:.4}", found.gini),
                coefficient(found.nakamoto_33),
                coefficient(found.nakamoto_50),
            ]);
        }
        table.write(out)?;
        writeln!(out)?;
        let mut headings = vec!["uid"];
        headings.extend(self.netuid.map(|_| "hotkey"));
        headings.extend([
            "alpha",
            "stake",
            "trust",
            "dividends",
            "influence",
            "pivotal",
            "row",
            "lag",
            "of",
            "score",
            "p",
        ]);
        let mut table = Table::new(&headings);
        for validator in &self.validators {
            table.push(validator.cells());
        }
        table.write(out)?;
        writeln!(out, "{}", self.seen())?;
        writeln!(out, "{}", self.copiers())
    }
}

impl Validator {
    /// Its line in a table.
    pub fn cells(&self) -> Vec<String> {
        let mut cells = row![self.uid];
        cells.extend(self.hotkey.map(|hotkey| short(&hotkey.to_string(), 11)));
        let part = |value: f64| format!("{value:.4}");
        cells.extend(row![
            alpha(self.stake_rao),
            part(self.stake_share),
            part(self.validator_trust),
            part(self.dividends),
            part(self.influence),
            self.pivotal,
        ]);
        let none = || "-".to_owned();
        cells.extend(match &self.following {
            None => row![none(), none(), none(), none(), none()],
            Some(Followed { found, of_uid }) => row![
                verdict(found.verdict),
                found.lag.map_or_else(none, |lag| lag.to_string()),
                match (found.lag, of_uid) {
                    (None, _) => none(),
                    (_, Some(uid)) => format!("uid {uid}"),
                    (_, None) if found.of.is_some() => "one who left".into(),
                    (_, None) => "consensus".into(),
                },
                format!("{:.2}", found.score),
                if found.lag.is_some() { format!("{:.1e}", found.p_value) } else { none() },
            ],
        });
        cells
    }
}

/// In a word.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Copies => "copies",
        Verdict::Honest => "own",
        Verdict::Undecided => "?",
    }
}

/// A number of holders; none where no number has so much.
pub fn coefficient(found: Option<usize>) -> String {
    found.map_or_else(|| "-".to_owned(), |found| found.to_string())
}
