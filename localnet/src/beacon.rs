//! The beacon: who signs its rounds, and the pulses that the author of a block adds.
//!
//! The chain's own beacon keeps quicknet's schedule by the chain's clock. It starts at the round of the first block.
//! Where the clock leaps further than one transaction holds pulses, the rounds on the way are skipped, but for those
//! that something on the chain waits for. Blocks that are mined in a row are such a leap too: pulses take longer than
//! all else in an empty block.

use std::collections::BTreeSet;

use codec::Encode;
use node_subtensor_runtime::{
    BlockNumber, Runtime, RuntimeCall, Signature, System, Timestamp, UncheckedExtrinsic, awaited_rounds,
    pallet_drand::{
        self, BeaconConfig, BeaconConfiguration, LastStoredRound, MAX_PULSES, Pulse, PulsesPayload, RoundNumber,
        bls::SecretKey,
    },
};
use serde::{Deserialize, Serialize};
use sp_core::{Pair, ed25519};
use sp_runtime::MultiSigner;

use crate::{
    author::{self, Applied},
    executor::{self, Changes, Panicked},
    state::State,
};

/// Who signs the rounds that timelocked messages open at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Beacon {
    /// The chain itself, with a key that everybody knows: each block writes the rounds that its time has come to.
    Local,
    /// drand's quicknet: pulses come from clients, by `Drand.write_pulse` or `dev_writePulse`.
    Quicknet,
}

/// Names the key of [`Beacon::Local`].
const SEED: &[u8] = b"assay localnet beacon";
/// Names the account that sends pulses. It needs no TAO. Its signatures do not vary, so that the same blocks have the
/// same hashes.
const SENDER: &[u8; 32] = b"assay localnet sender of pulses ";

impl Beacon {
    /// Its public key, which messages are locked with.
    pub fn public_key(self) -> Vec<u8> {
        self.configuration().public_key.into_inner()
    }

    /// What the chain knows of it from the start.
    pub(crate) fn configuration(self) -> BeaconConfiguration {
        let quicknet = BeaconConfiguration::quicknet();
        match self {
            Self::Local => quicknet.signed_by(SecretKey::from_seed(SEED).public(), "localnet"),
            Self::Quicknet => quicknet,
        }
    }
}

/// Writes pulses onto a chain.
pub(crate) struct PulseWriter {
    signer: Option<SecretKey>,
    sender: ed25519::Pair,
}

impl PulseWriter {
    pub fn new(beacon: Beacon) -> Self {
        let signer = match beacon {
            Beacon::Local => Some(SecretKey::from_seed(SEED)),
            Beacon::Quicknet => None,
        };
        Self { signer, sender: ed25519::Pair::from_seed(SENDER) }
    }

    /// Add what is due to the block that is being made, whose clock is set; where others follow in a row, only what is
    /// awaited. A block without pulses is a block too: what goes wrong is reported and tried again by the next one.
    pub fn write_due(&self, in_a_row: bool, state: &State, changes: &mut Changes, body: &mut Vec<Vec<u8>>) {
        let Some(signer) = &self.signer else { return };
        let due = || (System::block_number(), due_now(in_a_row));
        let (number, rounds) = match executor::execute(state, changes, due) {
            Ok((_, rounds)) if rounds.is_empty() => return,
            Ok(due) => due,
            Err(panicked) => return report(&panicked),
        };
        let pulses = rounds.into_iter().map(|round| Pulse::new(round, signer.sign(round))).collect();
        let extrinsic = self.transaction(number, pulses);
        let bytes = extrinsic.encode();
        match author::apply(extrinsic, state, changes) {
            Applied::Included => body.push(bytes),
            refused => tracing::error!(?refused, "pulses not written"),
        }
    }

    /// A transaction that writes pulses.
    pub fn transaction(&self, best: BlockNumber, pulses: Vec<Pulse>) -> UncheckedExtrinsic {
        let public = MultiSigner::from(self.sender.public());
        let pulses_payload = PulsesPayload { block_number: best, pulses, public };
        let signature = pulses_payload.using_encoded(|bytes| self.sender.sign(bytes));
        let call = pallet_drand::Call::write_pulse { pulses_payload, signature: Some(Signature::from(signature)) };
        UncheckedExtrinsic::new_bare(RuntimeCall::from(call))
    }
}

fn report(panicked: &Panicked) {
    tracing::error!(error = panicked as &dyn std::error::Error, "pulses not written");
}

/// The rounds to write, read from the state. To be called within it.
fn due_now(in_a_row: bool) -> Vec<RoundNumber> {
    let now = BeaconConfig::<Runtime>::get().round_at(Timestamp::get());
    let last = LastStoredRound::<Runtime>::get();
    if in_a_row {
        return awaited_rounds()
            .into_iter()
            .filter(|round| (last + 1..=now).contains(round))
            .take(MAX_PULSES)
            .collect();
    }
    due(last, now, awaited_rounds)
}

/// The rounds after `last` up to `now`, by rising number: all if one transaction holds them, else those awaited and the
/// newest. Before the first pulse (`last` is 0) the newest alone.
fn due(last: RoundNumber, now: RoundNumber, awaited: impl FnOnce() -> BTreeSet<RoundNumber>) -> Vec<RoundNumber> {
    let most = MAX_PULSES as u64;
    if now <= last {
        return Vec::new();
    }
    if last == 0 {
        return vec![now];
    }
    if now - last <= most {
        return (last + 1..=now).collect();
    }
    let mut rounds: Vec<RoundNumber> = awaited().range(last + 1..=now).copied().take(MAX_PULSES).collect();
    // More of them may be awaited: the next block goes on from here.
    if rounds.len() < MAX_PULSES && rounds.last() != Some(&now) {
        rounds.push(now);
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_skips_what_nobody_waits_for() {
        let none = BTreeSet::new;
        assert_eq!(due(0, 1_000, none), [1_000]);
        assert!(due(1_000, 1_000, none).is_empty());
        assert!(due(1_000, 999, none).is_empty());
        assert_eq!(due(1_000, 1_004, none), [1_001, 1_002, 1_003, 1_004]);
        assert_eq!(due(1_000, 1_050, none).len(), 50);
        assert_eq!(due(1_000, 1_051, none), [1_051]);
        let some = || BTreeSet::from([900, 1_000, 1_010, 2_000, 2_001]);
        assert_eq!(due(1_000, 2_000, some), [1_010, 2_000]);
        assert_eq!(due(1_000, 1_999, some), [1_010, 1_999]);
    }

    #[test]
    fn what_is_awaited_is_written_over_several_blocks() {
        let many = || (1_001..=1_120).collect::<BTreeSet<_>>();
        let (mut last, mut written) = (1_000, Vec::new());
        while last < 5_000 {
            let rounds = due(last, 5_000, many);
            assert!((1..=50).contains(&rounds.len()));
            last = rounds[rounds.len() - 1];
            written.extend(rounds);
        }
        assert_eq!(written, (1_001..=1_120).chain([5_000]).collect::<Vec<_>>());
    }
}
