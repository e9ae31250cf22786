//! What an account has, and giving it away.

use primitives::{BlockHash, Coldkey, Keypair};
use subxt::{dynamic::Value, ext::scale_decode::DecodeAsType};

use crate::{
    ChainError, Client, Landed,
    call::{account, number},
};

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Account {
    data: Balances,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Balances {
    free: u64,
}

impl Client {
    /// The free balance of an account in rao, at a block; at the finalised head where none is given.
    pub async fn balance(&self, account: Coldkey, at: Option<BlockHash>) -> Result<u64, ChainError> {
        self.read_at(at, |at| async move {
            let entry = at.entry_of::<Account>("System", "Account")?;
            Ok(at.value(&entry, (account.0,)).await?.map_or(0, |account| account.data.free))
        })
        .await
    }

    /// Give `amount_rao` to another account, and keep one's own alive.
    pub async fn transfer(&self, from: &Keypair, to: Coldkey, amount_rao: u64) -> Result<Landed, ChainError> {
        let arguments = vec![("dest", Value::unnamed_variant("Id", [account(to.0)])), ("value", number(amount_rao))];
        self.call_with(from, "Balances", "transfer_keep_alive", arguments).await
    }

    /// Refuse what an account can't pay.
    pub(crate) async fn ensure_pays(&self, account: Coldkey, price_rao: u64) -> Result<(), ChainError> {
        let balance_rao = self.balance(account, None).await?;
        if balance_rao < price_rao {
            return Err(ChainError::Unaffordable { account, price_rao, balance_rao });
        }
        Ok(())
    }
}
