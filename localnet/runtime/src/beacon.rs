//! What waits for the beacon, and how it opens.

use std::collections::BTreeSet;

use pallet_drand::{LastStoredRound, timelock};
use pallet_subtensor::{PulseSource, TimelockedWeightCommits};

use crate::{Commitments, Drand, Runtime};

/// The beacon as the subnets see it.
pub struct Beacon;

impl PulseSource for Beacon {
    fn last_round() -> u64 {
        LastStoredRound::<Runtime>::get()
    }

    fn signature(round: u64) -> Option<Vec<u8>> {
        Drand::signature_of(round)
    }

    fn decrypt(ciphertext: &[u8], signature: &[u8]) -> Option<Vec<u8>> {
        timelock::decrypt(ciphertext, signature).ok()
    }
}

/// The rounds of the beacon that something on the chain waits for.
pub fn awaited_rounds() -> BTreeSet<u64> {
    let rows = TimelockedWeightCommits::<Runtime>::iter_values().flatten();
    rows.map(|(_, _, _, round)| round).chain(Commitments::awaited_rounds()).collect()
}
