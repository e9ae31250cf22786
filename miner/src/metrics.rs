//! Every metric of a miner, by name. They go to whichever recorder the process has installed; without one they cost
//! nothing. Labels are bounded: outcomes, never hotkeys.

use std::time::{Duration, Instant};

use dashboard::{Gpu, Load};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use primitives::{BlockNumber, Hotkey};
use protos::Reason;

use crate::tally::{Ended, Tally};

const REQUESTS: &str = "miner_requests_total";
const PROMPT_TOKENS: &str = "miner_prompt_tokens_total";
const NEW_TOKENS: &str = "miner_new_tokens_total";
const WAITING: &str = "miner_requests_waiting";
const LIVE: &str = "miner_requests_live";
const CONNECTIONS: &str = "miner_connections";
const TURNED_AWAY: &str = "miner_connections_turned_away_total";
const OPENINGS: &str = "miner_openings_total";
const KEPT_ROWS: &str = "miner_kept_rows_bytes";
const MODEL_UP: &str = "miner_model_up";
const CAPACITY: &str = "miner_capacity_used_ratio";
const BATCH: &str = "miner_batch_sequences";
const SLOTS: &str = "miner_slots";
const METAGRAPH_BLOCK: &str = "miner_metagraph_block";
const LOOP_OK: &str = "miner_loop_ok";
const GPU_BUSY: &str = "miner_gpu_utilisation_ratio";
const GPU_MEMORY_USED: &str = "miner_gpu_memory_used_bytes";
const GPU_MEMORY: &str = "miner_gpu_memory_total_bytes";
const GPU_POWER: &str = "miner_gpu_power_watts";
const GPU_TEMPERATURE: &str = "miner_gpu_temperature_celsius";
const FIRST_TOKEN: &str = "miner_first_token_seconds";
const TOKEN_INTERVAL: &str = "miner_token_interval_seconds";
const REQUEST: &str = "miner_request_seconds";

/// Outcome of a request that was answered to its end.
const ANSWERED: &str = "ANSWERED";
/// Outcome of one whose client went away.
const CLIENT_GONE: &str = "CLIENT_GONE";

/// What is counted, and what a count of it means.
const COUNTERS: [(&str, &str); 5] = [
    (REQUESTS, "Requests by how they ended (label outcome)"),
    (PROMPT_TOKENS, "Tokens of prompts, where the model says how many"),
    (NEW_TOKENS, "Tokens that were made"),
    (OPENINGS, "Requests to show hidden rows of an answer, by how they ended (label outcome)"),
    (TURNED_AWAY, "Connections that were not taken, by reason (label reason)"),
];

/// What has a value, and what it is.
const GAUGES: [(&str, &str); 15] = [
    (CONNECTIONS, "Connections that are open"),
    (WAITING, "Requests in the house that have no token yet"),
    (LIVE, "Requests in the house whose tokens are being made"),
    (KEPT_ROWS, "Bytes of hidden rows that are kept for whoever asks to see some"),
    (MODEL_UP, "1 while the model can be asked, 0 while it can't"),
    (CAPACITY, "Share of the places for requests that was taken in the last minute"),
    (BATCH, "Sequences of a step of the model, on average of the last minute"),
    (SLOTS, "Answers that the model can make at the same time"),
    (METAGRAPH_BLOCK, "Block of the newest metagraph that was read"),
    (LOOP_OK, "1 while a loop of the miner goes on, 0 while it is stale or failing (label loop)"),
    (GPU_BUSY, "Share of the time in which something ran on a GPU (label gpu)"),
    (GPU_MEMORY_USED, "Memory of a GPU that is taken, by whomever (label gpu)"),
    (GPU_MEMORY, "All memory of a GPU (label gpu)"),
    (GPU_POWER, "What a GPU draws (label gpu)"),
    (GPU_TEMPERATURE, "How hot a GPU is (label gpu)"),
];

/// What is measured, and from when to when.
const HISTOGRAMS: [(&str, &str); 3] = [
    (FIRST_TOKEN, "From a request's admission to its first token"),
    (TOKEN_INTERVAL, "Between two tokens of an answer, as the model makes them"),
    (REQUEST, "From a request's admission to its end, whatever the outcome"),
];

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
    for outcome in [ANSWERED, CLIENT_GONE].into_iter().chain(Reason::ALL.iter().map(|reason| reason.as_str())) {
        counter!(REQUESTS, "outcome" => outcome).increment(0);
    }
    for outcome in [ANSWERED].into_iter().chain(Reason::ALL.iter().map(|reason| reason.as_str())) {
        counter!(OPENINGS, "outcome" => outcome).increment(0);
    }
    for reason in TurnedAway::ALL {
        counter!(TURNED_AWAY, "reason" => reason.as_str()).increment(0);
    }
    for name in [PROMPT_TOKENS, NEW_TOKENS] {
        counter!(name).increment(0);
    }
    for name in [CONNECTIONS, WAITING, LIVE, KEPT_ROWS] {
        gauge!(name).increment(0);
    }
}

/// Why a connection isn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TurnedAway {
    /// All connections are taken.
    TooMany,
    /// All connections of one address are.
    TooManyOfAddress,
    /// The address comes too often.
    TooOften,
    /// It spoke neither TLS nor, on this machine, HTTP/2, or not in time.
    Handshake,
}

impl TurnedAway {
    const ALL: [Self; 4] = [Self::TooMany, Self::TooManyOfAddress, Self::TooOften, Self::Handshake];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too_many",
            Self::TooManyOfAddress => "too_many_of_address",
            Self::TooOften => "too_often",
            Self::Handshake => "handshake",
        }
    }
}

/// A connection wasn't taken.
pub(crate) fn turned_away(reason: TurnedAway) {
    counter!(TURNED_AWAY, "reason" => reason.as_str()).increment(1);
}

/// So many more connections are open.
pub(crate) fn connections(change: i32) {
    gauge!(CONNECTIONS).increment(change);
}

/// A request was turned away at the door.
pub(crate) fn refused(tally: &Tally, reason: Reason) {
    tally.refused(reason.as_str());
    counter!(REQUESTS, "outcome" => reason.as_str()).increment(1);
}

/// Rows were shown, or not.
pub(crate) fn opened(refused: Option<Reason>) {
    counter!(OPENINGS, "outcome" => refused.map_or(ANSWERED, Reason::as_str)).increment(1);
}

/// So much is kept now.
pub(crate) fn kept_rows(bytes: usize) {
    gauge!(KEPT_ROWS).set(bytes as f64);
}

pub(crate) fn model_up(up: bool) {
    gauge!(MODEL_UP).set(if up { 1.0 } else { 0.0 });
}

/// A newer metagraph was read.
pub(crate) fn metagraph(block: BlockNumber) {
    gauge!(METAGRAPH_BLOCK).set(block as f64);
}

/// Whether a loop goes on.
pub(crate) fn goes_on(name: String, ok: bool) {
    gauge!(LOOP_OK, "loop" => name).set(if ok { 1.0 } else { 0.0 });
}

/// How busy the miner is.
pub(crate) fn load(load: &Load) {
    gauge!(CAPACITY).set(f64::from(load.capacity_used_ppm) / 1e6);
    // What is not known is no number, rather than what it was before.
    gauge!(BATCH).set(load.batch_milli.map_or(f64::NAN, |milli| f64::from(milli) / 1e3));
    gauge!(SLOTS).set(load.slots.map_or(f64::NAN, f64::from));
}

/// What the driver says of each GPU.
pub(crate) fn gpus(gpus: &[Gpu]) {
    for gpu in gpus {
        let index = gpu.index.to_string();
        let say = |name: &'static str, value: Option<f64>| {
            gauge!(name, "gpu" => index.clone()).set(value.unwrap_or(f64::NAN));
        };
        say(GPU_BUSY, gpu.utilisation_percent.map(|percent| f64::from(percent) / 100.0));
        say(GPU_MEMORY_USED, gpu.memory_used_bytes.map(|bytes| bytes as f64));
        say(GPU_MEMORY, gpu.memory_total_bytes.map(|bytes| bytes as f64));
        say(GPU_POWER, gpu.power_milliwatts.map(|milliwatts| f64::from(milliwatts) / 1e3));
        say(GPU_TEMPERATURE, gpu.temperature_celsius.map(f64::from));
    }
}

/// One request that was let in, until it is dropped. Whoever drops it without a word is a client that left.
#[derive(Debug)]
pub(crate) struct Visit {
    tally: Tally,
    asker: Hotkey,
    began: Instant,
    tokens: u64,
    last_token: Option<Instant>,
    outcome: &'static str,
}

impl Visit {
    pub(crate) fn begin(tally: &Tally, asker: Hotkey) -> Self {
        gauge!(WAITING).increment(1);
        let began = Instant::now();
        tally.enter(&asker, began);
        Self { tally: tally.clone(), asker, began, tokens: 0, last_token: None, outcome: CLIENT_GONE }
    }

    /// The model says how long the prompt is.
    pub(crate) fn prompt(&self, tokens: u32) {
        counter!(PROMPT_TOKENS).increment(tokens.into());
    }

    /// So many tokens came from the model, at least one.
    pub(crate) fn tokens(&mut self, count: usize) {
        let now = Instant::now();
        let first_after = self.last_token.is_none().then(|| now - self.began);
        self.tally.tokens(&self.asker, count as u64, first_after, now);
        self.tokens += count as u64;
        match self.last_token.replace(now) {
            None => {
                gauge!(WAITING).decrement(1);
                gauge!(LIVE).increment(1);
                histogram!(FIRST_TOKEN).record(now - self.began);
            }
            Some(last) => {
                let each = Duration::checked_div(now - last, u32::try_from(count).unwrap_or(u32::MAX));
                histogram!(TOKEN_INTERVAL).record_many(each.unwrap_or_default(), count);
            }
        }
        counter!(NEW_TOKENS).increment(count as u64);
    }

    pub(crate) fn answered(mut self) {
        self.outcome = ANSWERED;
    }

    pub(crate) fn failed(mut self, reason: Reason) {
        self.outcome = reason.as_str();
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        gauge!(if self.last_token.is_some() { LIVE } else { WAITING }).decrement(1);
        counter!(REQUESTS, "outcome" => self.outcome).increment(1);
        let took = self.began.elapsed();
        histogram!(REQUEST).record(took);
        let Self { outcome, tokens, .. } = *self;
        let ended = Ended { outcome, answered: outcome == ANSWERED, tokens, took };
        self.tally.leave(ended, self.began + took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documents name each metric, with these words, and no other.
    #[test]
    fn all_are_documented() {
        let row =
            |kind: &'static str| move |(name, meaning): (&str, &str)| format!("| `{name}` | {kind} | {meaning} |");
        let all = COUNTERS.into_iter().map(row("counter"));
        let all = all.chain(GAUGES.into_iter().map(row("gauge")));
        let expected: Vec<String> = all.chain(HISTOGRAMS.into_iter().map(row("histogram"))).collect();
        let document = include_str!("../../docs/miners.md");
        let found: Vec<&str> = document.lines().filter(|line| line.starts_with("| `miner_")).collect();
        assert_eq!(found, expected);
        for reason in TurnedAway::ALL {
            assert!(document.contains(&format!("`{}`", reason.as_str())), "{reason:?}");
        }
        for outcome in [ANSWERED, CLIENT_GONE] {
            assert!(document.contains(&format!("`{outcome}`")), "{outcome}");
        }
    }
}
