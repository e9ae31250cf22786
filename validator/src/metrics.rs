//! Every metric of a validator, by name. They go to whichever recorder the process has installed; without one they cost
//! nothing. Labels are bounded: reasons, never hotkeys.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};
use primitives::BlockNumber;

const WEIGHTS: &str = "validator_weights_total";
const SKIPPED: &str = "validator_weights_skipped_total";
const COMMITS: &str = "validator_weights_commits_total";
const RECOMMITS: &str = "validator_weights_recommits_total";
const LATE: &str = "validator_reveals_late_total";
const LOST: &str = "validator_reveals_lost_total";
const VERIFIED_BLOCK: &str = "validator_weights_verified_block";
const FINALISED_BLOCK: &str = "validator_finalised_block";
const ROUNDS: &str = "validator_rounds_total";

/// Tell the recorder what they mean. Call it once, after the recorder is installed.
pub fn describe_metrics() {
    describe_counter!(WEIGHTS, Unit::Count, "Rows of weights brought to an end, by how they ended (label end)");
    describe_counter!(SKIPPED, Unit::Count, "Epochs for which no row was planned, by reason (label reason)");
    describe_counter!(COMMITS, Unit::Count, "Commits of rows that the chain keeps");
    describe_counter!(RECOMMITS, Unit::Count, "Commits made again because the reveal had moved");
    describe_counter!(LATE, Unit::Count, "Looks at a commit whose reveal was late");
    describe_counter!(LOST, Unit::Count, "Commits that were not revealed");
    describe_gauge!(VERIFIED_BLOCK, Unit::Count, "Block of the last row that was read back from chain");
    describe_gauge!(FINALISED_BLOCK, Unit::Count, "Newest finalised block that was looked at");
    describe_counter!(ROUNDS, Unit::Count, "Rounds of challenges that were scored");
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
