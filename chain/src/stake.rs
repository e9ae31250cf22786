//! Stake: TAO turned into a subnet's alpha behind a hotkey, and back.

use primitives::{BlockHash, Coldkey, Hotkey, Keypair, NetUid};
use subxt::{dynamic::Value, ext::scale_decode::DecodeAsType};

use crate::{
    ChainError, Client, Landed,
    call::{account, number},
    storage::{At, SUBTENSOR},
};

/// What the runtime says of a stake. Fields not named here are not needed.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct StakeInfo {
    stake: u64,
}

impl Client {
    /// The alpha in rao that a coldkey has behind a hotkey on a subnet, at a block; at the finalised head where none is
    /// given.
    pub async fn stake(
        &self,
        coldkey: Coldkey,
        netuid: NetUid,
        hotkey: Hotkey,
        at: Option<BlockHash>,
    ) -> Result<u64, ChainError> {
        let ask = |at: At| async move {
            let method = "get_stake_info_for_hotkey_coldkey_netuid";
            let info = at.ask::<Option<StakeInfo>>("StakeInfoRuntimeApi", method, (hotkey.0, coldkey.0, netuid.0));
            Ok(info.await?.map_or(0, |info| info.stake))
        };
        self.read_at(at, ask).await
    }

    /// The alpha in rao that everybody together has behind a hotkey on a subnet.
    pub async fn total_stake(&self, netuid: NetUid, hotkey: Hotkey, at: Option<BlockHash>) -> Result<u64, ChainError> {
        self.read_at(at, |at| async move {
            let entry = at.entry::<u64>("TotalHotkeyAlpha")?;
            Ok(at.value(&entry, (hotkey.0, netuid.0)).await?.unwrap_or_default())
        })
        .await
    }

    /// Stake `amount_rao` of the coldkey's balance to a hotkey on a subnet, at whatever price.
    pub async fn add_stake(
        &self,
        coldkey: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
        amount_rao: u64,
    ) -> Result<Landed, ChainError> {
        let arguments =
            vec![("hotkey", account(hotkey.0)), ("netuid", number(netuid.0)), ("amount_staked", number(amount_rao))];
        self.call_with(coldkey, SUBTENSOR, "add_stake", arguments).await
    }

    /// As [`Client::add_stake`], as long as one alpha costs `limit_price_rao` or less. Beyond that the chain refuses, or
    /// stakes as much as the limit allows where a part will do.
    pub async fn add_stake_limit(
        &self,
        coldkey: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
        amount_rao: u64,
        limit_price_rao: u64,
        allow_partial: bool,
    ) -> Result<Landed, ChainError> {
        let arguments = vec![
            ("hotkey", account(hotkey.0)),
            ("netuid", number(netuid.0)),
            ("amount_staked", number(amount_rao)),
            ("limit_price", number(limit_price_rao)),
            ("allow_partial", Value::bool(allow_partial)),
        ];
        self.call_with(coldkey, SUBTENSOR, "add_stake_limit", arguments).await
    }

    /// Take `amount_rao` of alpha back from a hotkey on a subnet, for TAO at whatever price.
    pub async fn remove_stake(
        &self,
        coldkey: &Keypair,
        netuid: NetUid,
        hotkey: Hotkey,
        amount_rao: u64,
    ) -> Result<Landed, ChainError> {
        let arguments =
            vec![("hotkey", account(hotkey.0)), ("netuid", number(netuid.0)), ("amount_unstaked", number(amount_rao))];
        self.call_with(coldkey, SUBTENSOR, "remove_stake", arguments).await
    }
}
