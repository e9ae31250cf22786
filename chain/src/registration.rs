//! A seat on a subnet, for its price.

use primitives::{BlockHash, Hotkey, Keypair, NetUid, Uid};
use serde::{Deserialize, Serialize};

use crate::{
    ChainError, Client, Landed,
    batch::Batch,
    call::{account, number},
    outcome::event,
    storage::{At, SUBTENSOR},
};

/// A seat that was bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Where.
    pub netuid: NetUid,
    /// Which.
    pub uid: Uid,
    /// What a seat cost when the call was signed. The chain took that or less.
    pub price_rao: u64,
    /// When.
    #[serde(flatten)]
    pub landed: Landed,
}

impl Client {
    /// What a seat costs in rao, at a block; at the finalised head where none is given. It falls with every block, and
    /// rises with every registration.
    pub async fn registration_price(&self, netuid: NetUid, at: Option<BlockHash>) -> Result<u64, ChainError> {
        self.read_at(at, |at| async move {
            let mut batch = Batch::new(&at);
            let added = batch.want::<bool>("NetworksAdded", (netuid.0,))?;
            let burn = batch.want::<u64>("Burn", (netuid.0,))?;
            let found = batch.fetch().await?;
            if added.of(&found)? { burn.of(&found) } else { Err(ChainError::UnknownNetUid(netuid)) }
        })
        .await
    }

    /// Buy a seat for `hotkey` at `max_price_rao` or less, or at what it costs now where that is not given; the hotkey
    /// then belongs to `coldkey`. Nothing is sent where the price is above that, or above what the coldkey has. A
    /// runtime that knows `register_limit` keeps to the limit when the call is dispatched, too.
    pub async fn register(
        &self,
        coldkey: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
        max_price_rao: Option<u64>,
    ) -> Result<Seat, ChainError> {
        let price_rao = self.registration_price(netuid, None).await?;
        let limit_rao = max_price_rao.unwrap_or(price_rao);
        if price_rao > limit_rao {
            return Err(ChainError::PriceAboveLimit { price_rao, limit_rao });
        }
        self.ensure_pays(coldkey.coldkey(), price_rao).await?;
        let mut arguments = vec![("netuid", number(netuid.0)), ("hotkey", account(hotkey.0))];
        let call = if self.has_call(SUBTENSOR, "register_limit").await? {
            arguments.push(("limit_price", number(limit_rao)));
            "register_limit"
        } else {
            "burned_register"
        };
        let (landed, transaction) = self.send(coldkey, SUBTENSOR, call, arguments).await?;
        let transaction = &transaction;
        let seated = |at: At| async move {
            event::<(u16, u16, [u8; 32])>(&at, transaction, SUBTENSOR, "NeuronRegistered").await
        };
        let (_, uid, _) = self.read_at(Some(landed.block.hash), seated).await?;
        Ok(Seat { netuid, uid: Uid(uid), price_rao, landed })
    }

    /// Buy a seat for `hotkey`, whatever it costs; it then belongs to `coldkey`.
    pub async fn burned_register(
        &self,
        coldkey: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
    ) -> Result<Landed, ChainError> {
        let arguments = vec![("netuid", number(netuid.0)), ("hotkey", account(hotkey.0))];
        self.call_with(coldkey, SUBTENSOR, "burned_register", arguments).await
    }
}
