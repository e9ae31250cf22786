//! A chain and a plain JSON-RPC client of it.

use std::time::Duration;

use codec::{Decode, Encode};
use jsonrpsee::{
    core::client::{ClientT, Error as RpcError, Subscription, SubscriptionClientT},
    rpc_params,
    ws_client::{WsClient, WsClientBuilder},
};
use localnet::{Config, Genesis, Handle, spawn};
use node_subtensor_runtime::{
    Hash, Runtime, RuntimeCall, RuntimeEvent, UncheckedExtrinsic, pallet_admin_utils, pallet_commitments, pallet_proxy,
    pallet_shield, pallet_subtensor_swap, pallet_sudo,
};
use pallet_subtensor::Error;
use primitives::Keypair;
use serde_json::Value;
use sp_runtime::DispatchError;

use crate::account;

pub struct Node {
    pub handle: Handle,
    pub rpc: WsClient,
}

/// What came of a transaction.
#[derive(Debug, PartialEq)]
pub enum Fate {
    Done,
    /// Failed at dispatch, by the error's name.
    Failed(String),
    /// Refused before it got into a block, by the words of the node.
    Refused(String),
}

impl Node {
    pub async fn start(genesis: Genesis) -> Self {
        Self::with(Config { genesis, ..Config::test() }).await
    }

    pub async fn with(config: Config) -> Self {
        let handle = spawn(config).await.unwrap();
        let rpc = WsClientBuilder::default().build(handle.url()).await.unwrap();
        Self { handle, rpc }
    }

    pub fn blocks(&self, count: u32) -> u64 {
        self.handle.author_blocks(count).unwrap().number
    }

    /// Sign, submit, make a block, and read what came of it.
    pub async fn send(&self, who: &Keypair, call: impl Into<RuntimeCall>) -> Fate {
        match self.offer(who, call).await {
            Err(refused) => refused,
            Ok(extrinsic) => {
                self.handle.author_block().unwrap();
                let fates = self.fates().await;
                fates.into_iter().find(|(other, _)| *other == extrinsic).expect("included").1
            }
        }
    }

    /// Sign and submit. Returns the transaction as it was sent, or the refusal.
    pub async fn offer(&self, who: &Keypair, call: impl Into<RuntimeCall>) -> Result<Vec<u8>, Fate> {
        self.submit(who, call).await.map_err(|error| match error {
            RpcError::Call(refused) => {
                let data = refused.data().map(|data| data.get().trim_matches('"').to_owned());
                Fate::Refused(data.unwrap_or_else(|| refused.message().to_owned()))
            }
            other => panic!("{other}"),
        })
    }

    /// The transactions of the best block as they were sent, in order, and what came of them.
    pub async fn fates(&self) -> Vec<(Vec<u8>, Fate)> {
        let body = self.body(&self.handle.best().hash.to_string()).await;
        let mut fates: Vec<(Vec<u8>, Fate)> = body.into_iter().map(|extrinsic| (extrinsic, Fate::Done)).collect();
        for record in self.events().await {
            if let frame_system::Phase::ApplyExtrinsic(index) = record.phase
                && let RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { dispatch_error, .. }) = record.event
            {
                fates[index as usize].1 = Fate::Failed(name(dispatch_error));
            }
        }
        fates
    }

    /// Let `//Alice` send a call as root, and read what came of it.
    pub async fn sudo(&self, call: impl Into<RuntimeCall>) -> Fate {
        let sent = self.send(&account::alice(), pallet_sudo::Call::sudo { call: Box::new(call.into()) }).await;
        let mut results = self.events().await.into_iter().filter_map(|record| match record.event {
            RuntimeEvent::Sudo(pallet_sudo::Event::Sudid { sudo_result }) => Some(sudo_result),
            _ => None,
        });
        match (sent, results.next()) {
            (Fate::Done, Some(Err(error))) => Fate::Failed(name(error)),
            (sent, _) => sent,
        }
    }

    /// Sign and submit. Returns the transaction as it was sent.
    pub async fn submit(&self, who: &Keypair, call: impl Into<RuntimeCall>) -> Result<Vec<u8>, RpcError> {
        let nonce: u32 = self.rpc.request("account_nextIndex", rpc_params![who.hotkey().to_string()]).await?;
        let extrinsic = self.signed(who, nonce, call.into()).encode();
        let hex = format!("0x{}", hex::encode(&extrinsic));
        self.rpc.request::<String, _>("author_submitExtrinsic", rpc_params![hex]).await?;
        Ok(extrinsic)
    }

    pub fn signed(&self, who: &Keypair, nonce: u32, call: RuntimeCall) -> UncheckedExtrinsic {
        account::sign(who, nonce, Hash::from(self.handle.genesis().0), call)
    }

    pub async fn body(&self, hash: &str) -> Vec<Vec<u8>> {
        let block: Value = self.rpc.request("chain_getBlock", rpc_params![hash]).await.unwrap();
        let extrinsics = block["block"]["extrinsics"].as_array().unwrap();
        extrinsics.iter().map(|text| hex::decode(&text.as_str().unwrap()[2..]).unwrap()).collect()
    }

    pub async fn events(&self) -> Vec<frame_system::EventRecord<RuntimeEvent, Hash>> {
        let key = [sp_core::twox_128(b"System"), sp_core::twox_128(b"Events")].concat();
        self.storage(&key).await.unwrap_or_default()
    }

    /// A value of the best block's state by its key.
    pub async fn storage<V: Decode>(&self, key: &[u8]) -> Option<V> {
        self.raw(key).await.map(|value| V::decode(&mut &value[..]).unwrap())
    }

    /// The same, as bytes.
    pub async fn raw(&self, key: &[u8]) -> Option<Vec<u8>> {
        let key = format!("0x{}", hex::encode(key));
        let value: Option<String> = self.rpc.request("state_getStorage", rpc_params![key]).await.unwrap();
        value.map(|value| hex::decode(&value[2..]).unwrap())
    }

    /// A value of one of the pallet's maps, by plain key bytes after the map's prefix.
    pub async fn of_subnet<V: Decode + Default>(&self, map: &str, key: &[u8]) -> V {
        let prefix = [sp_core::twox_128(b"SubtensorModule"), sp_core::twox_128(map.as_bytes())].concat();
        self.storage(&[prefix.as_slice(), key].concat()).await.unwrap_or_default()
    }

    /// Call a runtime API.
    pub async fn call<V: Decode>(&self, method: &str, arguments: impl Encode) -> V {
        let arguments = format!("0x{}", hex::encode(arguments.encode()));
        let answer: String = self.rpc.request("state_call", rpc_params![method, arguments]).await.unwrap();
        V::decode(&mut &hex::decode(&answer[2..]).unwrap()[..]).unwrap()
    }

    pub async fn subscribe(&self, name: &str, stop: &str) -> Subscription<Value> {
        self.rpc.subscribe(name, rpc_params![], stop).await.unwrap()
    }
}

/// The next notification, which must come soon.
pub async fn next(subscription: &mut Subscription<Value>) -> Value {
    let next = tokio::time::timeout(Duration::from_secs(10), subscription.next()).await;
    next.expect("in time").expect("open").expect("JSON")
}

fn name(error: DispatchError) -> String {
    match error {
        DispatchError::Module(module) => {
            fn named<E: Decode + std::fmt::Debug>(mut error: &[u8]) -> String {
                format!("{:?}", E::decode(&mut error).unwrap())
            }
            match module.index {
                7 => named::<Error<Runtime>>(&module.error),
                16 => named::<pallet_proxy::Error<Runtime>>(&module.error),
                18 => named::<pallet_commitments::Error<Runtime>>(&module.error),
                19 => named::<pallet_admin_utils::Error<Runtime>>(&module.error),
                28 => named::<pallet_subtensor_swap::Error<Runtime>>(&module.error),
                30 => named::<pallet_shield::Error<Runtime>>(&module.error),
                other => format!("{other}: {:?}", module.error),
            }
        }
        other => format!("{other:?}"),
    }
}
