//! The answer: who gains and who loses, in numbers.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    io::{self, Write},
};

use primitives::{BlockNumber, BlockRef, Digest, Hotkey, MechId, NetUid, Registration, Uid, Weights, WeightsError};
use scoring::{
    DecisiveAnswer, Header, Share, WhatIf,
    concentration::{Concentration, total_variation},
};
use serde::Serialize;

use super::{
    Chosen,
    payout::{Basis, Payout},
    series::{Point, Series, concentration, whole},
    settings_changed::{Changed, changed},
};
use crate::{
    commands::metagraph::{alpha, short},
    row,
    table::Table,
};

/// Decisive answers that are printed.
const PRINTED: usize = 5;

/// What --json prints. `before` is by the rules of the log, `after` by the other ones.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub validator: Hotkey,
    pub netuid: NetUid,
    pub mech: MechId,
    pub rules_before: Digest,
    pub rules_after: Digest,
    /// The settings in which they differ.
    pub changed: Vec<Changed>,
    /// Tasks of the other rules that the log never asked.
    pub never_asked: Vec<String>,
    /// Answers to tasks that the other rules don't name.
    pub left_out: BTreeMap<String, u64>,
    /// Rows of the log,
    pub rows: u64,
    /// and those that the other rules don't have.
    pub rows_without: u64,
    /// The row that all below is about.
    pub record: u64,
    pub round: u64,
    pub block: BlockNumber,
    pub landed: Option<BlockRef>,
    /// Why the other rules have none here. The last one that they had, if any, stands then.
    pub no_weights: Option<String>,
    pub distance: f64,
    /// Of both rows.
    pub concentration_before: Concentration,
    pub concentration_after: Concentration,
    pub payout: Option<Paid>,
    /// Miners that are paid more by the other rules: in rao, where an epoch was computed, else as a share of the row.
    pub gaining: usize,
    pub losing: usize,
    pub unchanged: usize,
    /// The uids of those who gain most and lose most.
    pub largest_gain: Option<Uid>,
    pub largest_loss: Option<Uid>,
    /// The largest gain first.
    pub miners: Vec<Miner>,
    /// The answers that tell both standings of their miners apart, the most decisive first.
    pub decisive: Vec<DecisiveAnswer>,
    /// The row as it is logged, and the one of the other rules.
    pub weights_before: Weights,
    pub weights_after: Weights,
    /// At most 401 rows of the log.
    pub series: Vec<Point>,
}

/// An epoch, and what it gives the validator. Shares are of 1.
#[derive(Debug, Serialize)]
pub struct Paid {
    pub basis: Basis,
    pub block: BlockNumber,
    pub emission_rao: u64,
    /// Nothing waited to be paid out at that block, so an alpha is taken to.
    pub nothing_pending: bool,
    /// Seats with another tenant at that block than in the row.
    pub other_tenants: usize,
    pub validator_uid: Uid,
    pub validator_trust_before: f64,
    pub validator_trust_after: f64,
    pub dividends_before: f64,
    pub dividends_after: f64,
    pub validator_emission_before_rao: u64,
    pub validator_emission_after_rao: u64,
}

/// One seat. Standings and shares are of 1.
#[derive(Clone, Debug, Serialize)]
pub struct Miner {
    pub uid: Uid,
    pub hotkey: Hotkey,
    pub registered_at: BlockNumber,
    pub standing_before: Option<f64>,
    pub standing_after: Option<f64>,
    /// Miners that share one weight with it, itself included.
    pub copies_before: usize,
    pub copies_after: Option<usize>,
    /// The chain's value, and its share of the row.
    pub weight_before: u16,
    pub weight_after: u16,
    pub share_before: f64,
    pub share_after: f64,
    pub share_difference: f64,
    #[serde(flatten)]
    pub paid: Option<PaidMiner>,
}

/// What an epoch gives a miner.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PaidMiner {
    pub incentive_before: f64,
    pub incentive_after: f64,
    pub emission_before_rao: u64,
    pub emission_after_rao: u64,
    pub emission_difference_rao: i64,
}

/// The row that shares are.
pub fn row(shares: &[Share]) -> Result<Weights, WeightsError> {
    Weights::new(shares.iter().filter_map(|share| Some((share.uid, share.value?))))
}

impl Answer {
    /// Of one row and all before and after it.
    pub fn new(header: &Header, what_if: &WhatIf, chosen: &Chosen, payout: Option<&Payout>, series: &Series) -> Self {
        let mut miners = miners(header, chosen, payout);
        miners.sort_by_key(|miner| (Reverse(miner.gain()), miner.uid));
        let of = |wanted| miners.iter().filter(|miner| miner.gain().signum() == wanted).count();
        let logged = header.rules.incentive();
        let (rows, rows_without) = series.rows();
        Self {
            validator: header.validator,
            netuid: header.netuid,
            mech: header.mech,
            rules_before: logged.digest(),
            rules_after: what_if.table().incentive().digest(),
            changed: changed(logged, what_if.table().incentive()),
            never_asked: what_if.never_asked().to_vec(),
            left_out: what_if.left_out().clone(),
            rows,
            rows_without,
            record: chosen.record,
            round: chosen.round,
            block: chosen.snapshot.block.number,
            landed: chosen.landed,
            no_weights: chosen.other.as_ref().err().map(ToString::to_string),
            distance: total_variation(&chosen.logged, &chosen.standing),
            concentration_before: concentration(&chosen.snapshot, &header.validator, &chosen.logged),
            concentration_after: concentration(&chosen.snapshot, &header.validator, &chosen.standing),
            payout: payout.map(Paid::of),
            gaining: of(1),
            losing: of(-1),
            unchanged: of(0),
            largest_gain: miners.first().filter(|miner| miner.gain() > 0).map(|miner| miner.uid),
            largest_loss: miners.last().filter(|miner| miner.gain() < 0).map(|miner| miner.uid),
            miners,
            decisive: chosen.decisive.clone(),
            weights_before: chosen.logged.clone(),
            weights_after: chosen.standing.clone(),
            series: series.points().cloned().collect(),
        }
    }

    /// What a row is paid by, in words.
    pub fn paid_by(&self) -> String {
        let Some(paid) = &self.payout else {
            return "the validator has no seat in the row's snapshot: no epoch is computed, gains are shares of rows"
                .into();
        };
        let emission = alpha(paid.emission_rao);
        let mut text = match paid.basis {
            Basis::Landed => {
                format!("paid as by the chain's state at block {}, where the row landed: {emission} alpha", paid.block)
            }
            Basis::Head => format!(
                "paid as by the chain's state at block {}, as if the row stood there: it was not seen on chain; {emission} alpha",
                paid.block
            ),
            Basis::File => format!("paid as by the file's epoch at block {}: {emission} alpha", paid.block),
            Basis::Alone => format!("paid as if this validator alone had stake: {emission} alpha"),
        };
        if paid.nothing_pending {
            text += " in the place of none that was pending";
        }
        if paid.other_tenants > 0 {
            text += &format!("; {} seats have another tenant there", paid.other_tenants);
        }
        text
    }

    /// What else must be known to read the numbers, line by line.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(why) = &self.no_weights {
            let stands = match self.weights_after.is_empty() {
                true => "and never had one before: nothing stands on chain",
                false => "so that the last one which they had stands on",
            };
            remarks.push(format!("the other rules have no row here, {stands}: {why}"));
        }
        if self.rows_without > 0 {
            remarks.push(format!(
                "the other rules have no row for {} of {} rows of the log",
                self.rows_without, self.rows
            ));
        }
        for (task, answers) in &self.left_out {
            remarks.push(format!("{answers} answers to {task:?} are left out: the other rules don't name it"));
        }
        for task in &self.never_asked {
            remarks.push(format!("the task {task:?} is passed over: the log never asked it"));
        }
        remarks
    }

    /// One sentence on gains and losses.
    pub fn summary(&self) -> String {
        let mut text = format!("{} gain, {} lose, {} unchanged", self.gaining, self.losing, self.unchanged);
        let of = |uid: Option<Uid>| self.miners.iter().find(|miner| Some(miner.uid) == uid);
        if let Some(miner) = of(self.largest_gain) {
            text += &format!("; uid {} gains most, {}", miner.uid, miner.gain_text());
        }
        if let Some(miner) = of(self.largest_loss) {
            text += &format!("; uid {} loses most, {}", miner.uid, miner.gain_text());
        }
        text
    }

    /// The seat of a miner of the row.
    pub fn uid_of(&self, miner: &Registration) -> Option<Uid> {
        let is = |found: &&Miner| found.hotkey == miner.hotkey && found.registered_at == miner.block;
        self.miners.iter().find(is).map(|miner| miner.uid)
    }

    /// For people.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "validator {} on subnet {}, mechanism {}", self.validator, self.netuid, self.mech)?;
        match self.changed.len() {
            0 => writeln!(out, "what if: the same rules as in the log, {}", self.rules_before)?,
            count => writeln!(out, "what if: {count} settings differ from the log's")?,
        }
        for Changed { setting, before, after } in &self.changed {
            writeln!(out, "  {setting}: {before} -> {after}")?;
        }
        let Self { record, round, block, rows, .. } = self;
        writeln!(out, "row of record {record}: round {round}, block {block}; {rows} rows in the log")?;
        writeln!(out, "{}", self.paid_by())?;
        for remark in self.remarks() {
            writeln!(out, "note: {remark}")?;
        }
        writeln!(
            out,
            "{:.4} of the weight moves; Herfindahl index {:.4} -> {:.4}, as of {:.2} -> {:.2} equal miners",
            self.distance,
            self.concentration_before.herfindahl,
            self.concentration_after.herfindahl,
            self.concentration_before.effective,
            self.concentration_after.effective,
        )?;
        if let Some(paid) = &self.payout {
            writeln!(
                out,
                "the validator's trust {:.4} -> {:.4}, dividends {:.4} -> {:.4}",
                paid.validator_trust_before, paid.validator_trust_after, paid.dividends_before, paid.dividends_after
            )?;
        }
        let mut headings = vec!["uid", "hotkey", "standing", "after", "share", "after"];
        headings.extend(self.payout.iter().flat_map(|_| ["incentive", "after", "alpha", "after"]));
        headings.push("gain");
        let mut table = Table::new(&headings);
        for miner in &self.miners {
            table.push(miner.cells(13));
        }
        table.write(out)?;
        let decided = self.decisive.iter().take_while(|found| found.difference() != 0.0).take(PRINTED);
        for found in decided {
            let uid = self.uid_of(&found.miner).map_or_else(|| "-".to_owned(), |uid| uid.to_string());
            writeln!(
                out,
                "record {} decided: uid {uid}, round {}, score {:.4} -> {:.4}, its part of the standing {:.4} -> {:.4}",
                found.record, found.round, found.score_before, found.score_after, found.part_before, found.part_after
            )?;
        }
        writeln!(out, "{}", self.summary())
    }
}

fn miners(header: &Header, chosen: &Chosen, payout: Option<&Payout>) -> Vec<Miner> {
    let (whole_before, whole_after) = (whole(&chosen.logged), whole(&chosen.standing));
    let each = |(at, before): (usize, &Share)| {
        let after = chosen.other.as_ref().ok().and_then(|shares| shares.get(at));
        let uid = before.uid;
        let (weight_before, weight_after) = (chosen.logged.get(uid), chosen.standing.get(uid));
        let (share_before, share_after) =
            (f64::from(weight_before) / whole_before, f64::from(weight_after) / whole_after);
        Miner {
            uid,
            hotkey: before.registration.hotkey,
            registered_at: before.registration.block,
            standing_before: before.standing.map(scoring::Score::as_f64),
            standing_after: after.and_then(|share| share.standing).map(scoring::Score::as_f64),
            copies_before: before.copies,
            copies_after: after.map(|share| share.copies),
            weight_before,
            weight_after,
            share_before,
            share_after,
            share_difference: share_after - share_before,
            paid: payout.and_then(|payout| PaidMiner::of(uid, payout)),
        }
    };
    let others = chosen.before.iter().enumerate().filter(|(_, share)| share.registration.hotkey != header.validator);
    others.map(each).collect()
}

fn share(value: u16) -> f64 {
    f64::from(value) / f64::from(u16::MAX)
}

impl Paid {
    fn of(payout: &Payout) -> Self {
        let (own, Payout { before, after, .. }) = (usize::from(payout.own.0), payout);
        Self {
            basis: payout.basis,
            block: payout.block,
            emission_rao: payout.emission,
            nothing_pending: payout.nothing_pending,
            other_tenants: payout.other_tenants,
            validator_uid: payout.own,
            validator_trust_before: share(before.validator_trust[own]),
            validator_trust_after: share(after.validator_trust[own]),
            dividends_before: share(before.dividends[own]),
            dividends_after: share(after.dividends[own]),
            validator_emission_before_rao: before.validator_emission[own],
            validator_emission_after_rao: after.validator_emission[own],
        }
    }
}

impl PaidMiner {
    fn of(uid: Uid, payout: &Payout) -> Option<Self> {
        let (at, Payout { before, after, .. }) = (usize::from(uid.0), payout);
        let (old, new) = (*before.server_emission.get(at)?, *after.server_emission.get(at)?);
        Some(Self {
            incentive_before: share(before.incentive[at]),
            incentive_after: share(after.incentive[at]),
            emission_before_rao: old,
            emission_after_rao: new,
            emission_difference_rao: new as i64 - old as i64,
        })
    }
}

impl Miner {
    /// In rao, or where no epoch was computed in billionths of the row.
    pub fn gain(&self) -> i64 {
        match self.paid {
            Some(paid) => paid.emission_difference_rao,
            None => (self.share_difference * 1e9).round() as i64,
        }
    }

    fn gain_text(&self) -> String {
        let unit = if self.paid.is_some() { " alpha" } else { " of the row" };
        signed(self.gain()) + unit
    }

    /// Its line in a table; the hotkey has at most so many characters.
    pub fn cells(&self, most: usize) -> Vec<String> {
        let standing = |standing: Option<f64>| standing.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
        let part = |value: f64| format!("{value:.4}");
        let mut cells = row![
            self.uid,
            short(&self.hotkey.to_string(), most),
            standing(self.standing_before),
            standing(self.standing_after),
            part(self.share_before),
            part(self.share_after),
        ];
        if let Some(paid) = &self.paid {
            cells.extend([part(paid.incentive_before), part(paid.incentive_after)]);
            cells.extend([fine(paid.emission_before_rao), fine(paid.emission_after_rao)]);
        }
        cells.push(signed(self.gain()));
        cells
    }
}

/// Billionths with six decimals, cut off.
fn fine(nano: u64) -> String {
    format!("{}.{:06}", nano / 1_000_000_000, nano % 1_000_000_000 / 1_000)
}

fn signed(nano: i64) -> String {
    let sign = match nano {
        ..0 => "-",
        0 => "",
        1.. => "+",
    };
    sign.to_owned() + &fine(nano.unsigned_abs())
}
