//! Every metric of a validator, by name. They go to whichever recorder the process has installed; without one they cost
//! nothing. Labels are bounded: reasons, seats and windows, never hotkeys.

use std::time::Duration;

use dashboard::{Proof, Reliable};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use primitives::{BlockNumber, Neuron, Uid};
use scoring::{
    Outcome,
    reliability::{Figures, Period},
};

const WEIGHTS: &str = "validator_weights_total";
const SKIPPED: &str = "validator_weights_skipped_total";
const COMMITS: &str = "validator_weights_commits_total";
const RECOMMITS: &str = "validator_weights_recommits_total";
const LATE: &str = "validator_reveals_late_total";
const LOST: &str = "validator_reveals_lost_total";
const VERIFIED_BLOCK: &str = "validator_weights_verified_block";
const FINALISED_BLOCK: &str = "validator_finalised_block";
const ROUNDS: &str = "validator_rounds_total";
const ROUNDS_LOST: &str = "validator_rounds_lost_total";
const ROUND: &str = "validator_round_seconds";
const ANSWERS: &str = "validator_answers_total";
const PROOFS: &str = "validator_proofs_total";
const CHAIN_ERRORS: &str = "validator_chain_errors_total";
const TEMPO: &str = "validator_tempo_blocks";
const PERMIT: &str = "validator_permit";
const TRUST: &str = "validator_trust_ratio";
const SEALS: &str = "validator_log_seals_total";
const ANCHORS: &str = "validator_log_anchors_total";
const ANCHORED_BLOCK: &str = "validator_log_anchored_block";
const MINER_REQUESTS: &str = "validator_miner_requests";
const MINER_UPTIME: &str = "validator_miner_uptime_ratio";
const MINER_FIRST_TOKEN: &str = "validator_miner_first_token_seconds";
const MINER_SPEED: &str = "validator_miner_tokens_per_second";
const MINER_SCORE: &str = "validator_miner_score_ratio";
const MINER_INCENTIVE: &str = "validator_miner_incentive_ratio";
const MINER_EMISSION: &str = "validator_miner_emission_alpha";

/// How a row can end.
const ENDS: [&str; 7] = ["verified", "epoch_passed", "seat_lost", "refused", "diverged", "not_revealed", "unobserved"];
/// Why an epoch can get none.
const SKIPS: [&str; 5] = ["not_registered", "already_set", "refused", "too_few_rounds", "no_weights"];
const MINER_CAPACITY: &str = "validator_miner_capacity_used_ratio";

/// What is counted, and what a count of it means.
const COUNTERS: [(&str, &str); 13] = [
    (WEIGHTS, "Rows of weights brought to an end, by how they ended (label end)"),
    (SKIPPED, "Epochs for which no row was planned, by reason (label reason)"),
    (COMMITS, "Commits of rows that the chain keeps"),
    (RECOMMITS, "Commits made again because the reveal had moved"),
    (LATE, "Commits whose reveal was late"),
    (LOST, "Commits that were not revealed"),
    (ROUNDS, "Rounds of challenges that were scored"),
    (ROUNDS_LOST, "Rounds that could not be written to the store"),
    (ANSWERS, "Requests to miners that were scored, by what became of them (label outcome)"),
    (PROOFS, "The same by what became of their proofs (label proof)"),
    (CHAIN_ERRORS, "Questions for finalised blocks that failed"),
    (SEALS, "Epochs for which the score log was signed"),
    (ANCHORS, "Roots of the score log that were read back from chain"),
];

/// What has a value, and what it is.
const GAUGES: [(&str, &str); 14] = [
    (VERIFIED_BLOCK, "Block of the last row that was read back from chain"),
    (ANCHORED_BLOCK, "Block of the last root of the score log that was read back from chain"),
    (FINALISED_BLOCK, "Newest finalised block that was looked at"),
    (TEMPO, "Blocks from one epoch to the next"),
    (PERMIT, "1 while this validator has a permit, 0 without one or without a seat"),
    (TRUST, "Share of this validator's weights that was left after clipping, at the last epoch"),
    (MINER_REQUESTS, "Requests to a miner that were scored (labels uid, window)"),
    (MINER_UPTIME, "Share of them that was answered (labels uid, window)"),
    (MINER_FIRST_TOKEN, "Time to the first token of right answers (labels uid, window, quantile)"),
    (MINER_SPEED, "Tokens of right answers over their whole time (labels uid, window, quantile)"),
    (MINER_SCORE, "Standing of a miner: what its scores come to (label uid)"),
    (MINER_INCENTIVE, "Its share of what the last epoch paid to miners (label uid)"),
    (MINER_EMISSION, "What the last epoch paid to it, in alpha (label uid)"),
    (MINER_CAPACITY, "Share of its places that a miner says were taken, self-reported (label uid)"),
];

/// What is measured, and from when to when.
const HISTOGRAMS: [(&str, &str); 1] = [(ROUND, "From a round's block until it is written")];

/// Tell the recorder what they mean. Call it once, after the recorder is installed.
pub fn describe_metrics() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, Unit::Count, meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(name, Unit::Count, meaning);
    }
    for (name, meaning) in HISTOGRAMS {
        describe_histogram!(name, Unit::Seconds, meaning);
    }
    // A counter that is first seen at 1 has not risen, for who watches it.
    for name in [COMMITS, RECOMMITS, LATE, LOST, ROUNDS, ROUNDS_LOST, CHAIN_ERRORS, SEALS, ANCHORS] {
        counter!(name).increment(0);
    }
    for end in ENDS {
        counter!(WEIGHTS, "end" => end).increment(0);
    }
    for reason in SKIPS {
        counter!(SKIPPED, "reason" => reason).increment(0);
    }
    for outcome in Outcome::ALL {
        counter!(ANSWERS, "outcome" => outcome.as_str()).increment(0);
    }
    for proof in Proof::ALL {
        counter!(PROOFS, "proof" => proof.as_str()).increment(0);
    }
}

pub(crate) fn verified(block: BlockNumber) {
    counter!(WEIGHTS, "end" => "verified").increment(1);
    verified_at(block);
}

/// The last row that was verified, perhaps before the start.
pub(crate) fn verified_at(block: BlockNumber) {
    gauge!(VERIFIED_BLOCK).set(block as f64);
}

pub(crate) fn abandoned(code: &'static str) {
    counter!(WEIGHTS, "end" => code).increment(1);
}

pub(crate) fn skipped(reason: &'static str) {
    counter!(SKIPPED, "reason" => reason).increment(1);
}

pub(crate) fn committed() {
    counter!(COMMITS).increment(1);
}

pub(crate) fn recommitted() {
    counter!(RECOMMITS).increment(1);
}

pub(crate) fn reveal_late() {
    counter!(LATE).increment(1);
}

pub(crate) fn reveal_lost() {
    counter!(LOST).increment(1);
}

pub(crate) fn finalised(block: BlockNumber) {
    gauge!(FINALISED_BLOCK).set(block as f64);
}

pub(crate) fn round_scored(took: Duration) {
    counter!(ROUNDS).increment(1);
    histogram!(ROUND).record(took);
}

pub(crate) fn round_lost() {
    counter!(ROUNDS_LOST).increment(1);
}

/// What became of one request.
pub(crate) fn answer(outcome: Outcome, proof: Proof) {
    counter!(ANSWERS, "outcome" => outcome.as_str()).increment(1);
    counter!(PROOFS, "proof" => proof.as_str()).increment(1);
}

pub(crate) fn chain_failed() {
    counter!(CHAIN_ERRORS).increment(1);
}

pub(crate) fn tempo(blocks: u16) {
    gauge!(TEMPO).set(blocks);
}

/// This validator's own seat, if it has one.
pub(crate) fn own_seat(seat: Option<&Neuron>) {
    gauge!(PERMIT).set(if seat.is_some_and(|seat| seat.validator_permit) { 1.0 } else { 0.0 });
    gauge!(TRUST).set(seat.map_or(f64::NAN, |seat| share(seat.validator_trust)));
}

pub(crate) fn sealed() {
    counter!(SEALS).increment(1);
}

pub(crate) fn anchored(block: BlockNumber) {
    counter!(ANCHORS).increment(1);
    gauge!(ANCHORED_BLOCK).set(block as f64);
}

/// How reliable the miner in a seat was.
pub(crate) fn reliable(uid: Uid, reliable: &Reliable) {
    let windows = [&reliable.hour, &reliable.day, &reliable.week];
    for (period, figures) in Period::ALL.into_iter().zip(windows) {
        let Figures { requests, uptime_ppm, first_token_us, tokens_per_second_milli, .. } = figures;
        let (uid, window) = (uid.to_string(), period.as_str());
        gauge!(MINER_REQUESTS, "uid" => uid.clone(), "window" => window).set(*requests as f64);
        // What is not known is no number, rather than what it was before.
        let value = |number: Option<f64>, of: f64| number.map_or(f64::NAN, |number| number / of);
        gauge!(MINER_UPTIME, "uid" => uid.clone(), "window" => window).set(value(uptime_ppm.map(f64::from), 1e6));
        let [waiting, speed] = [
            first_token_us.map(|us| [us.p50, us.p90, us.p99]),
            tokens_per_second_milli.map(|milli| [milli.p50, milli.p10, milli.p01]),
        ];
        for (at, quantile) in ["0.5", "0.9", "0.99"].into_iter().enumerate() {
            let labels = [("uid", uid.clone()), ("window", window.to_owned()), ("quantile", quantile.to_owned())];
            gauge!(MINER_FIRST_TOKEN, &labels).set(value(waiting.map(|us| us[at] as f64), 1e6));
        }
        for (at, quantile) in ["0.5", "0.1", "0.01"].into_iter().enumerate() {
            let labels = [("uid", uid.clone()), ("window", window.to_owned()), ("quantile", quantile.to_owned())];
            gauge!(MINER_SPEED, &labels).set(value(speed.map(|milli| milli[at] as f64), 1e3));
        }
    }
}

/// What the miner in a seat scores, and is paid.
pub(crate) fn paid(neuron: &Neuron, score_nano: u32) {
    let emission = neuron.emission_rao as f64 / 1e9;
    standing(neuron.uid, [f64::from(score_nano) / 1e9, share(neuron.incentive), emission]);
}

fn standing(uid: Uid, [score, incentive, emission]: [f64; 3]) {
    gauge!(MINER_SCORE, "uid" => uid.to_string()).set(score);
    gauge!(MINER_INCENTIVE, "uid" => uid.to_string()).set(incentive);
    gauge!(MINER_EMISSION, "uid" => uid.to_string()).set(emission);
}

/// Of the chain's shares.
fn share(of_65535: u16) -> f64 {
    f64::from(of_65535) / f64::from(u16::MAX)
}

/// How busy the miner in a seat says that it is.
pub(crate) fn busy(uid: Uid, capacity_used_ppm: Option<u32>) {
    let ratio = capacity_used_ppm.map_or(f64::NAN, |ppm| f64::from(ppm) / 1e6);
    gauge!(MINER_CAPACITY, "uid" => uid.to_string()).set(ratio);
}

/// Nobody who was measured is in a seat any more.
pub(crate) fn unmeasured(uid: Uid) {
    busy(uid, None);
    reliable(uid, &Reliable::default());
    standing(uid, [f64::NAN; 3]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Abandoned, Skipped};

    /// The documents name each metric, with these words, and no other.
    #[test]
    fn all_are_documented() {
        let row =
            |kind: &'static str| move |(name, meaning): (&str, &str)| format!("| `{name}` | {kind} | {meaning} |");
        let counters = COUNTERS.into_iter().map(row("counter"));
        let gauges = counters.chain(GAUGES.into_iter().map(row("gauge")));
        let expected: Vec<String> = gauges.chain(HISTOGRAMS.into_iter().map(row("histogram"))).collect();
        let document = include_str!("../../docs/validators.md");
        let found: Vec<&str> = document.lines().filter(|line| line.starts_with("| `validator_")).collect();
        assert_eq!(found, expected);
        let ends = [
            Abandoned::EpochPassed,
            Abandoned::SeatLost,
            Abandoned::Refused(String::new()),
            Abandoned::Diverged,
            Abandoned::NotRevealed(String::new()),
            Abandoned::Unobserved,
        ];
        let skips = [
            Skipped::NotRegistered,
            Skipped::AlreadySet(0),
            Skipped::Refused(chain::Refusal::NeuronNoValidatorPermit.into()),
            Skipped::TooFewRounds { scored: 0, needed: 0 },
            Skipped::NoWeights(scoring::NoWeights::NobodyScored),
        ];
        assert_eq!(ENDS[1..], ends.each_ref().map(Abandoned::code));
        assert_eq!(SKIPS, skips.each_ref().map(Skipped::as_str));
        for label in ENDS[1..].iter().chain(&SKIPS) {
            assert!(document.lines().any(|line| line.starts_with(&format!("| `{label}` |"))), "{label}");
        }
    }
}
