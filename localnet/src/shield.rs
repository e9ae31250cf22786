//! The author's side of sealed transactions: it opens what a block's transactions carry.

use node_subtensor_runtime::{
    RuntimeCall, UncheckedExtrinsic,
    pallet_shield::{self, KeyPair, ShieldedTransaction},
};

use sp_runtime::generic::Preamble;

use crate::pool;

/// Names the author's keys. Everybody knows them: nothing is secret on a chain for tests.
const SEED: &[u8] = b"assay localnet author";

/// What a transaction carries.
pub(crate) enum Carried {
    /// It carries none.
    Nothing,
    /// It is sealed with another key than the author's.
    Unknown,
    /// One that the author opened, and its bytes; none where it carries nonsense.
    Opened(Option<Box<(UncheckedExtrinsic, Vec<u8>)>>),
}

/// Opens sealed transactions.
pub(crate) struct Shield(KeyPair);

impl Default for Shield {
    fn default() -> Self {
        Self(KeyPair::from_seed(SEED))
    }
}

impl Shield {
    /// What clients seal with.
    pub fn public_key(&self) -> &[u8] {
        self.0.public()
    }

    /// Look into a transaction.
    pub fn carried(&self, carrier: &UncheckedExtrinsic) -> Carried {
        let RuntimeCall::MevShield(pallet_shield::Call::submit_encrypted { ciphertext }) = &carrier.function else {
            return Carried::Nothing;
        };
        let Some(sealed) = ShieldedTransaction::parse(ciphertext) else { return Carried::Opened(None) };
        if !self.0.is_for(&sealed) {
            return Carried::Unknown;
        }
        let opened = self.0.open(&sealed).and_then(|bytes| Some((pool::decode(&bytes).ok()?, bytes)));
        // What is not signed is the author's own affair, like the clock.
        Carried::Opened(opened.filter(|(inner, _)| matches!(inner.preamble, Preamble::Signed(..))).map(Box::new))
    }
}
