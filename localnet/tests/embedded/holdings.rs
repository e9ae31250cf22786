//! What accounts and pools hold.

use codec::Decode;
use node_subtensor_runtime::{AccountId, Runtime, pallet_balances};
use pallet_subtensor::{StakeInfo, SubnetAlphaIn, SubnetTAO};
use primitives::Keypair;

use crate::{account::id, node::Node};

type AccountInfo =
    frame_system::AccountInfo<<Runtime as frame_system::Config>::Nonce, pallet_balances::AccountData<u64>>;

impl Node {
    /// A value of the best block's state, or the default of its type.
    pub async fn read<V: Decode + Default>(&self, key: impl AsRef<[u8]>) -> V {
        self.storage(key.as_ref()).await.unwrap_or_default()
    }

    /// Free TAO, in rao.
    pub async fn free(&self, who: &AccountId) -> u64 {
        self.read::<AccountInfo>(frame_system::Account::<Runtime>::hashed_key_for(who)).await.data.free
    }

    /// What a coldkey has on a hotkey, in rao of alpha.
    pub async fn staked(&self, netuid: u16, hotkey: &Keypair, coldkey: &Keypair) -> u64 {
        let method = "StakeInfoRuntimeApi_get_stake_info_for_hotkey_coldkey_netuid";
        let info: Option<StakeInfo<AccountId>> = self.call(method, (id(hotkey), id(coldkey), netuid)).await;
        info.unwrap().stake.0
    }

    /// TAO and alpha in a pool, in rao.
    pub async fn pool(&self, netuid: u16) -> (u64, u64) {
        let tao = self.read(SubnetTAO::<Runtime>::hashed_key_for(netuid)).await;
        (tao, self.read(SubnetAlphaIn::<Runtime>::hashed_key_for(netuid)).await)
    }

    /// The price that the runtime API tells: rao of TAO per alpha.
    pub async fn price(&self, netuid: u16) -> u64 {
        self.call("SwapRuntimeApi_current_alpha_price", netuid).await
    }
}
