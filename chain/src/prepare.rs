//! Rows are signed before they are sent, so that they can be written down in between.

use primitives::{Digest, Keypair, MechId};
use rand::RngCore;
use subxt::dynamic::Value;

use crate::{
    ChainError, Client,
    commit_hash::commit_hash,
    metagraph::seat,
    row::{Row, RowCall, SignedWeights},
    storage::{At, SUBTENSOR},
    timelock::{self, WeightsPayload},
    transaction::sign,
};

/// Numbers in a salt: 128 bits.
const SALT_LENGTH: usize = 8;

impl Client {
    /// Sign a row that is set in the open. Nothing is sent.
    pub async fn prepare_set(&self, hotkey: &Keypair, row: &Row) -> Result<SignedWeights, ChainError> {
        let arguments = || {
            vec![
                ("dests", list(row.weights.uids())),
                ("weights", list(row.weights.values())),
                ("version_key", Value::u128(row.version_key.into())),
            ]
        };
        let names = ["set_weights", "set_mechanism_weights"];
        self.prepare(hotkey, row, names, &arguments(), RowCall::Set).await
    }

    /// Sign a commit of a row's hash, with a new salt. Nothing is sent. Who loses the salt can't reveal the row.
    pub async fn prepare_commit(&self, hotkey: &Keypair, row: &Row) -> Result<SignedWeights, ChainError> {
        let mut bytes = [0; SALT_LENGTH * 2];
        rand::rng().fill_bytes(&mut bytes);
        let salt: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let Row { netuid, mech, weights, version_key } = row;
        let hash = commit_hash(hotkey.hotkey(), *netuid, *mech, weights, &salt, *version_key);
        let arguments = [("commit_hash", Value::from_bytes(hash))];
        let names = ["commit_weights", "commit_mechanism_weights"];
        self.prepare(hotkey, row, names, &arguments, RowCall::CommitHash { salt }).await
    }

    /// Sign the reveal of a row whose hash was committed with this salt. Nothing is sent.
    pub async fn prepare_reveal(&self, hotkey: &Keypair, row: &Row, salt: &[u16]) -> Result<SignedWeights, ChainError> {
        let arguments = [
            ("uids", list(row.weights.uids())),
            ("values", list(row.weights.values())),
            ("salt", list(salt.to_vec())),
            ("version_key", Value::u128(row.version_key.into())),
        ];
        let names = ["reveal_weights", "reveal_mechanism_weights"];
        self.prepare(hotkey, row, names, &arguments, RowCall::RevealHash { salt: salt.to_vec() }).await
    }

    /// Encrypt a row to the beacon's round at which the schedule lets the chain reveal what the next block commits, and
    /// sign the commit. Nothing is sent. Where the subnet's schedule moves before the epoch ends, the round is another:
    /// see [`Client::reveal_plan`].
    pub async fn prepare_timelocked(&self, hotkey: &Keypair, row: &Row) -> Result<SignedWeights, ChainError> {
        let plan = self.reveal_plan(row.netuid).await?;
        let payload = WeightsPayload {
            hotkey: Some(hotkey.hotkey()),
            weights: row.weights.clone(),
            version_key: row.version_key,
        };
        let ciphertext = timelock::encrypt(&plan.beacon_key, plan.round, &payload.encode())
            .map_err(|error| ChainError::malformed("the beacon's public key", error))?;
        let call = RowCall::CommitTimelocked {
            round: plan.round,
            reveal_block: plan.reveal_block,
            ciphertext: Digest::of(&ciphertext),
            ciphertext_bytes: ciphertext.len(),
        };
        let arguments = [
            ("commit", Value::from_bytes(ciphertext)),
            ("reveal_round", Value::u128(plan.round.into())),
            ("commit_reveal_version", Value::u128(plan.version.into())),
        ];
        let names = ["commit_timelocked_weights", "commit_timelocked_mechanism_weights"];
        self.prepare(hotkey, row, names, &arguments, call).await
    }

    /// `names`: the call of the main mechanism, and that of any.
    async fn prepare(
        &self,
        hotkey: &Keypair,
        row: &Row,
        names: [&'static str; 2],
        arguments: &[(&'static str, Value)],
        call: RowCall,
    ) -> Result<SignedWeights, ChainError> {
        let mut all = vec![("netuid", Value::u128(row.netuid.0.into()))];
        let name = if row.mech == MechId(0) {
            names[0]
        } else {
            all.push(("mecid", Value::u128(row.mech.0.into())));
            names[1]
        };
        all.extend_from_slice(arguments);
        let all = &all;
        let signed = |at: At| async move {
            seat(&at, row.netuid, hotkey.hotkey()).await?;
            sign(&at, hotkey, SUBTENSOR, name, all.clone()).await
        };
        let transaction = self.read_at(None, signed).await?;
        Ok(SignedWeights::new(row, hotkey.hotkey(), call, transaction))
    }
}

fn list(values: Vec<u16>) -> Value {
    Value::unnamed_composite(values.into_iter().map(|value| Value::u128(value.into())))
}
