//! A subnet's beginning.

use primitives::{BlockHash, Hotkey, Keypair, NetUid};

use crate::{
    ChainError, Client, Landed,
    call::{account, number},
    outcome::event,
    storage::{At, SUBTENSOR},
};

impl Client {
    /// What a new subnet costs in rao, at a block; at the finalised head where none is given.
    pub async fn network_price(&self, at: Option<BlockHash>) -> Result<u64, ChainError> {
        let ask =
            |at: At| async move { at.ask("SubnetRegistrationRuntimeApi", "get_network_registration_cost", ()).await };
        self.read_at(at, ask).await
    }

    /// Create a subnet owned by `coldkey`, with `hotkey` in its first seat. The chain locks or burns the price of it.
    pub async fn register_network(&self, coldkey: &Keypair, hotkey: Hotkey) -> Result<(NetUid, Landed), ChainError> {
        let arguments = vec![("hotkey", account(hotkey.0))];
        let (landed, transaction) = self.send(coldkey, SUBTENSOR, "register_network", arguments).await?;
        let transaction = &transaction;
        let added = |at: At| async move { event::<(u16, u16)>(&at, transaction, SUBTENSOR, "NetworkAdded").await };
        let (netuid, _modality) = self.read_at(Some(landed.block.hash), added).await?;
        Ok((NetUid(netuid), landed))
    }

    /// Let a subnet's emission and staking begin. Its owner's to do, once.
    pub async fn start_call(&self, coldkey: &Keypair, netuid: NetUid) -> Result<Landed, ChainError> {
        self.call_with(coldkey, SUBTENSOR, "start_call", vec![("netuid", number(netuid.0))]).await
    }
}
