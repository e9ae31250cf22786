//! What every check needs: the node, the keys, the subnet and its seats.

use std::future::Future;

use chain::{ChainError, Client, Landed, Value};
use primitives::{EpochSchedule, Hotkey, Keypair, MechId, NetUid, Uid, Weights};

use crate::{
    accounts::Accounts,
    blocks::Blocks,
    options::Options,
    report::{Checked, fail, skip},
    settings::Office,
};

/// The pallet that most of it is about.
pub const SUBTENSOR: &str = "SubtensorModule";

/// A node that was looked at, and a subnet on it.
pub struct Stage {
    /// The chain.
    pub client: Client,
    /// Its blocks.
    pub blocks: Blocks,
    /// By how many blocks finality lags.
    pub lag: u64,
    /// Who signs.
    pub accounts: Accounts,
    /// The subnet.
    pub netuid: NetUid,
    /// Whether this run made it.
    pub is_new: bool,
    /// Its owner's coldkey, if it is one of ours.
    pub owner: Option<Keypair>,
    /// Sets this run's rows apart from those of earlier ones.
    pub mark: u16,
    /// What was asked for.
    pub options: Options,
}

impl Stage {
    /// Who changes rules.
    pub fn office(&self) -> Office<'_> {
        Office {
            client: &self.client,
            blocks: &self.blocks,
            accounts: &self.accounts,
            owner: self.owner.as_ref(),
            netuid: self.netuid,
        }
    }

    /// Send something, and make blocks for it where nobody else does.
    pub async fn land<T>(&self, sent: impl Future<Output = Result<T, ChainError>>) -> Checked<T> {
        Ok(Box::pin(self.blocks.during(sent)).await??)
    }

    /// Send a call of the subnet pallet.
    pub async fn call(
        &self,
        signer: &Keypair,
        call: &str,
        arguments: Vec<(&str, Value)>,
    ) -> Checked<Result<Landed, ChainError>> {
        Box::pin(self.blocks.during(self.client.call_with(signer, SUBTENSOR, call, arguments))).await
    }

    /// A hotkey's seat.
    pub async fn uid(&self, hotkey: Hotkey) -> Checked<Uid> {
        match self.client.stored::<u16>(SUBTENSOR, "Uids", (self.netuid.0, hotkey.0), None).await? {
            Some(uid) => Ok(Uid(uid)),
            None => skip(format!("{hotkey} has no seat on subnet {}", self.netuid)),
        }
    }

    /// How many seats are taken.
    pub async fn seats(&self) -> Checked<u16> {
        Ok(self.client.stored::<u16>(SUBTENSOR, "SubnetworkN", (self.netuid.0,), None).await?.unwrap_or_default())
    }

    /// Whether a seat has a permit.
    pub async fn has_permit(&self, uid: Uid) -> Checked<bool> {
        Ok(self.validator_permit().await?.get(usize::from(uid.0)).copied().unwrap_or_default())
    }

    /// How many seats have one.
    pub async fn permits(&self) -> Checked<usize> {
        Ok(self.validator_permit().await?.into_iter().filter(|permit| *permit).count())
    }

    async fn validator_permit(&self) -> Checked<Vec<bool>> {
        let permits = self.client.stored::<Vec<bool>>(SUBTENSOR, "ValidatorPermit", (self.netuid.0,), None).await?;
        Ok(permits.unwrap_or_default())
    }

    /// Where the epochs are, after the best block, and that block.
    pub async fn schedule(&self) -> Checked<(EpochSchedule, u64)> {
        let best = self.client.best().await?;
        let rules = self.client.hyperparameters(self.netuid, Some(best.hash)).await?;
        Ok((EpochSchedule::from(&rules), best.number))
    }

    /// See to it that the present epoch has so many blocks left, or say that no epoch ever will.
    pub async fn room(&self, blocks: u64) -> Checked<()> {
        let (schedule, head) = self.schedule().await?;
        let Some(next) = schedule.next_epoch_block(head) else { return skip("the subnet has no epochs: tempo 0") };
        if next.saturating_sub(head) > blocks {
            return Ok(());
        }
        self.blocks.until(next).await?;
        let (schedule, head) = self.schedule().await?;
        match schedule.next_epoch_block(head) {
            Some(next) if next.saturating_sub(head) > blocks => Ok(()),
            _ => skip(format!("an epoch of {} blocks is too short for what takes {blocks}", schedule.tempo)),
        }
    }

    /// A row on the two miners that no other check sets, and no earlier run: the greatest value is the chain's, so it is
    /// stored as it is.
    pub async fn row(&self, mark: u16) -> Checked<Weights> {
        let first = self.uid(self.accounts.miners[0].hotkey()).await?;
        let second = self.uid(self.accounts.miners[1].hotkey()).await?;
        match Weights::new([(first, u16::MAX), (second, mark.saturating_add(self.mark))]) {
            Ok(weights) => Ok(weights),
            Err(error) => fail(error.to_string()),
        }
    }

    /// The row of a hotkey, as stored, and when it was set last.
    pub async fn stored_row(&self, mech: MechId, hotkey: Hotkey) -> Checked<(Vec<(Uid, u16)>, u64)> {
        let uid = self.uid(hotkey).await?;
        let row = self.client.read_weights(self.netuid, mech, uid, None).await?;
        let index = self.netuid.storage_index(mech);
        let updates = self.client.stored::<Vec<u64>>(SUBTENSOR, "LastUpdate", (index,), None).await?;
        Ok((row, updates.unwrap_or_default().get(usize::from(uid.0)).copied().unwrap_or_default()))
    }

    /// See that a hotkey's row is this one.
    pub async fn verify(&self, mech: MechId, hotkey: Hotkey, expected: &Weights) -> Checked<()> {
        let verdict = self.client.verify_weights(self.netuid, mech, hotkey, expected, None).await?;
        if verdict.is_verified() { Ok(()) } else { fail(format!("the chain holds another row: {verdict:?}")) }
    }
}

/// A number as an argument.
pub fn number(value: impl Into<u128>) -> Value {
    Value::u128(value.into())
}

/// Numbers as one argument.
pub fn numbers(values: &[u16]) -> Value {
    Value::unnamed_composite(values.iter().map(|value| number(*value)))
}
