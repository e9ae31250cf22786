//! The calls that set a subnet up: create, register, stake, announce.

use primitives::{BlockHash, Coldkey, Endpoint, Hotkey, Keypair, NetUid};
use subxt::{dynamic::Value, ext::scale_decode::DecodeAsType};

use crate::{
    ChainError, Client, Landed,
    metagraph::seat,
    outcome::event,
    storage::{At, SUBTENSOR},
    transaction::{Transaction, sign},
};

/// What an axon announces as its protocol: the chain stores it, nobody reads it.
const PROTOCOL_GRPC: u8 = 4;

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

    /// Create a subnet owned by `coldkey`, with `hotkey` in its first seat. The chain locks or burns the price of it.
    pub async fn register_network(&self, coldkey: &Keypair, hotkey: Hotkey) -> Result<(NetUid, Landed), ChainError> {
        let (landed, transaction) = self.send(coldkey, "register_network", vec![("hotkey", account(hotkey.0))]).await?;
        let transaction = &transaction;
        let added = |at: At| async move { event::<(u16, u16)>(&at, transaction, SUBTENSOR, "NetworkAdded").await };
        let (netuid, _modality) = self.read_at(Some(landed.block.hash), added).await?;
        Ok((NetUid(netuid), landed))
    }

    /// Buy a seat for `hotkey`; it then belongs to `coldkey`.
    pub async fn burned_register(
        &self,
        coldkey: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
    ) -> Result<Landed, ChainError> {
        let arguments = vec![("netuid", number(netuid.0)), ("hotkey", account(hotkey.0))];
        self.call(coldkey, "burned_register", arguments).await
    }

    /// Stake `amount_rao` of the coldkey's balance to a hotkey on a subnet.
    pub async fn add_stake(
        &self,
        coldkey: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
        amount_rao: u64,
    ) -> Result<Landed, ChainError> {
        let arguments =
            vec![("hotkey", account(hotkey.0)), ("netuid", number(netuid.0)), ("amount_staked", number(amount_rao))];
        self.call(coldkey, "add_stake", arguments).await
    }

    /// Announce where a registered hotkey serves.
    pub async fn serve_axon(
        &self,
        hotkey: &Keypair,
        netuid: NetUid,
        endpoint: Endpoint,
        version: u32,
    ) -> Result<Landed, ChainError> {
        let (ip, port, ip_type) = endpoint.to_chain();
        // The chain's own answer to an unregistered hotkey depends on the runtime's version: ask first.
        self.read_at(None, |at| async move { seat(&at, netuid, hotkey.hotkey()).await }).await?;
        let arguments = vec![
            ("netuid", number(netuid.0)),
            ("version", number(version)),
            ("ip", Value::u128(ip)),
            ("port", number(port)),
            ("ip_type", number(ip_type)),
            ("protocol", number(PROTOCOL_GRPC)),
            ("placeholder1", number(0u8)),
            ("placeholder2", number(0u8)),
        ];
        self.call(hotkey, "serve_axon", arguments).await
    }

    async fn call(
        &self,
        signer: &Keypair,
        call: &'static str,
        arguments: Vec<(&'static str, Value)>,
    ) -> Result<Landed, ChainError> {
        self.send(signer, call, arguments).await.map(|(landed, _)| landed)
    }

    /// Sign a call of the subnet pallet, submit it, and wait for finality and success.
    async fn send(
        &self,
        signer: &Keypair,
        call: &'static str,
        arguments: Vec<(&'static str, Value)>,
    ) -> Result<(Landed, Transaction), ChainError> {
        let arguments = &arguments;
        let sign = |at: At| async move { sign(&at, signer, SUBTENSOR, call, arguments.clone()).await };
        let transaction = self.read_at(None, sign).await?;
        let (hash, nonce) = (transaction.hash, transaction.nonce);
        tracing::debug!(call, %hash, nonce, "transaction signed");
        let landed = self.land(&transaction).await?;
        tracing::debug!(call, %hash, block = landed.block.number, "transaction landed");
        Ok((landed, transaction))
    }
}

fn number(value: impl Into<u128>) -> Value {
    Value::u128(value.into())
}

fn account(key: [u8; 32]) -> Value {
    Value::from_bytes(key)
}
