//! A subnet's beginning.

use primitives::{BlockHash, Coldkey, Hotkey, Keypair, NetUid};
use subxt::ext::codec::Decode;

use crate::{
    ChainError, Client, Landed,
    batch::Batch,
    call::{account, number},
    outcome::event,
    storage::{At, SUBTENSOR},
};

impl Client {
    /// What a new subnet costs in rao, at a block; at the finalised head where none is given.
    pub async fn network_price(&self, at: Option<BlockHash>) -> Result<u64, ChainError> {
        let ask = |at: At| async move {
            let (api, method) = ("SubnetRegistrationRuntimeApi", "get_network_registration_cost");
            if at.runtime.metadata_ref().runtime_api_traits().next().is_some() {
                return at.ask(api, method, ()).await;
            }
            // The old metadata format describes no runtime API, though the runtime has them.
            let answer = at.connection.methods.state_call(&format!("{api}_{method}"), None, at.hash()).await;
            let answer = answer.map_err(at.connection.error("state_call"))?;
            u64::decode(&mut &*answer)
                .map_err(|error| ChainError::unsupported(format!("runtime API {api}.{method}"), error))
        };
        self.read_at(at, ask).await
    }

    /// The keys of a subnet's owner, at a block; at the finalised head where none is given.
    pub async fn owner(&self, netuid: NetUid, at: Option<BlockHash>) -> Result<(Coldkey, Hotkey), ChainError> {
        self.read_at(at, |at| async move {
            let mut batch = Batch::new(&at);
            let added = batch.want::<bool>("NetworksAdded", (netuid.0,))?;
            let coldkey = batch.want::<[u8; 32]>("SubnetOwner", (netuid.0,))?;
            let hotkey = batch.want::<[u8; 32]>("SubnetOwnerHotkey", (netuid.0,))?;
            let found = batch.fetch().await?;
            if !added.of(&found)? {
                return Err(ChainError::UnknownNetUid(netuid));
            }
            Ok((Coldkey(coldkey.of(&found)?), Hotkey(hotkey.of(&found)?)))
        })
        .await
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
