//! Every metric of a validator, by name. They go to whichever recorder the process has installed; without one they cost
//! nothing. Labels are bounded: reasons, seats and windows, never hotkeys.

use dashboard::Reliable;
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use primitives::{BlockNumber, Uid};
use scoring::reliability::{Figures, Period};

const WEIGHTS: &str = "validator_weights_total";
const SKIPPED: &str = "validator_weights_skipped_total";
const COMMITS: &str = "validator_weights_commits_total";
const RECOMMITS: &str = "validator_weights_recommits_total";
const LATE: &str = "validator_reveals_late_total";
const LOST: &str = "validator_reveals_lost_total";
const VERIFIED_BLOCK: &str = "validator_weights_verified_block";
const FINALISED_BLOCK: &str = "validator_finalised_block";
const ROUNDS: &str = "validator_rounds_total";
const SEALS: &str = "validator_log_seals_total";
const ANCHORS: &str = "validator_log_anchors_total";
const ANCHORED_BLOCK: &str = "validator_log_anchored_block";
const MINER_REQUESTS: &str = "validator_miner_requests";
const MINER_UPTIME: &str = "validator_miner_uptime_ratio";
const MINER_FIRST_TOKEN: &str = "validator_miner_first_token_seconds";
const MINER_SPEED: &str = "validator_miner_tokens_per_second";

/// What is counted, and what a count of it means.
const COUNTERS: [(&str, &str); 9] = [
    (WEIGHTS, "Rows of weights brought to an end, by how they ended (label end)"),
    (SKIPPED, "Epochs for which no row was planned, by reason (label reason)"),
    (COMMITS, "Commits of rows that the chain keeps"),
    (RECOMMITS, "Commits made again because the reveal had moved"),
    (LATE, "Commits whose reveal was late"),
    (LOST, "Commits that were not revealed"),
    (ROUNDS, "Rounds of challenges that were scored"),
    (SEALS, "Epochs for which the score log was signed"),
    (ANCHORS, "Roots of the score log that were read back from chain"),
];

/// What has a value, and what it is.
const GAUGES: [(&str, &str); 7] = [
    (VERIFIED_BLOCK, "Block of the last row that was read back from chain"),
    (ANCHORED_BLOCK, "Block of the last root of the score log that was read back from chain"),
    (FINALISED_BLOCK, "Newest finalised block that was looked at"),
    (MINER_REQUESTS, "Requests to a miner that were scored (labels uid, window)"),
    (MINER_UPTIME, "Share of them that was answered (labels uid, window)"),
    (MINER_FIRST_TOKEN, "Time to the first token of right answers (labels uid, window, quantile)"),
    (MINER_SPEED, "Tokens of right answers over their whole time (labels uid, window, quantile)"),
];

/// Tell the recorder what they mean. Call it once, after the recorder is installed.
pub fn describe_metrics() {
    for (name, meaning) in COUNTERS {
        describe_counter!(name, Unit::Count, meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(name, Unit::Count, meaning);
    }
    // A counter that is first seen at 1 has not risen, for who watches it.
    for name in [COMMITS, RECOMMITS, LATE, LOST, ROUNDS, SEALS, ANCHORS] {
        counter!(name).increment(0);
    }
    counter!(WEIGHTS, "end" => "verified").increment(0);
}

pub(crate) fn verified(block: BlockNumber) {
    counter!(WEIGHTS, "end" => "verified").increment(1);
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

pub(crate) fn round_scored() {
    counter!(ROUNDS).increment(1);
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

/// Nobody who was measured is in a seat any more.
pub(crate) fn unreliable(uid: Uid) {
    reliable(uid, &Reliable::default());
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
        let expected: Vec<String> = counters.chain(GAUGES.into_iter().map(row("gauge"))).collect();
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
        for label in ends.iter().map(Abandoned::code).chain(skips.iter().map(Skipped::as_str)) {
            assert!(document.lines().any(|line| line.starts_with(&format!("| `{label}` |"))), "{label}");
        }
    }
}
