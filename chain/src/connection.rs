//! One websocket to one node, and what the node's runtime says about itself.
//!
//! Only the JSON-RPC methods that every Substrate node serves are used, so that it does not matter which newer groups a
//! node lists.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use primitives::{BlockHash, BlockNumber, BlockRef};
use serde::de::DeserializeOwned;
use subxt::{
    Metadata, OfflineClient, OfflineClientAtBlock,
    config::{
        RpcConfigFor,
        substrate::{H256, SpecVersionForRange, SubstrateConfig},
    },
    ext::{
        codec::{Decode, Encode},
        jsonrpsee::ws_client::{PingConfig, WsClient, WsClientBuilder},
    },
    rpcs::{self, LegacyRpcMethods, RpcClient, client::RpcParams, methods::legacy::Bytes},
};

use tokio::time::Instant;

use crate::{ChainError, Deadlines};

/// Metadata of a large runtime is a few megabytes of hex.
const MAX_RESPONSE_BYTES: u32 = 64 << 20;
/// Blocks of which is known what does not change.
const RECENT_BLOCKS: usize = 16;
/// The newest metadata format that can be read here.
const NEWEST_METADATA: u32 = 16;

/// Runtimes of one chain, by spec version. Every connection to the chain shares them: metadata is megabytes.
pub(crate) type Runtimes = Arc<Mutex<HashMap<u32, OfflineClient<SubstrateConfig>>>>;
pub(crate) type Methods = LegacyRpcMethods<RpcConfigFor<SubstrateConfig>>;
pub(crate) type Offline = OfflineClientAtBlock<SubstrateConfig>;

/// A block that was read at lately: neither its number nor its runtime will be another one.
#[derive(Clone, Copy)]
struct Recent {
    block: BlockRef,
    spec_version: u32,
    transaction_version: u32,
}

/// A connection: cheap to clone, dead for good once it is dead.
#[derive(Clone)]
pub(crate) struct Connection {
    /// Which of the client's nodes it leads to.
    pub(crate) place: usize,
    pub(crate) url: Arc<str>,
    pub(crate) genesis: BlockHash,
    pub(crate) methods: Methods,
    socket: Arc<WsClient>,
    call_deadline: Duration,
    made: Instant,
    progress: Arc<Mutex<Progress>>,
    runtimes: Runtimes,
    recent: Arc<Mutex<VecDeque<Recent>>>,
}

/// How far the node's finalised head was seen to be.
struct Progress {
    head: Option<BlockNumber>,
    /// When it was first seen there.
    since: Instant,
}

impl Connection {
    pub(crate) async fn dial(place: usize, url: Arc<str>, deadlines: &Deadlines) -> Result<Self, ChainError> {
        let unreachable = |source| ChainError::Unreachable { url: url.to_string(), source };
        let dial = async {
            // Pings find a peer that went away without a word.
            let ping = PingConfig::new().ping_interval(Duration::from_secs(15)).inactive_limit(Duration::from_secs(45));
            let socket = WsClientBuilder::new()
                .connection_timeout(deadlines.connect)
                .request_timeout(deadlines.call)
                .max_response_size(MAX_RESPONSE_BYTES)
                .enable_ws_ping(ping)
                .build(&*url)
                .await
                .map_err(|error| unreachable(error.into()))?;
            let socket = Arc::new(socket);
            let methods = Methods::new(RpcClient::new(socket.clone()));
            let genesis = methods.genesis_hash().await.map_err(|error| unreachable(error.into()))?;
            let made = Instant::now();
            Ok(Self {
                place,
                url: url.clone(),
                genesis: BlockHash(genesis.0),
                methods,
                socket,
                call_deadline: deadlines.call,
                made,
                progress: Arc::new(Mutex::new(Progress { head: None, since: made })),
                runtimes: Arc::default(),
                recent: Arc::default(),
            })
        };
        match tokio::time::timeout(deadlines.connect, dial).await {
            Ok(dialled) => dialled,
            Err(elapsed) => Err(unreachable(elapsed.into())),
        }
    }

    /// The same, with what other connections to this chain know of its runtimes.
    pub(crate) fn sharing(self, runtimes: &Runtimes) -> Self {
        Self { runtimes: runtimes.clone(), ..self }
    }

    pub(crate) fn runtimes(&self) -> &Runtimes {
        &self.runtimes
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.socket.is_connected()
    }

    /// The socket, for methods that have no name in `methods`.
    pub(crate) fn rpc(&self) -> RpcClient {
        RpcClient::new(self.socket.clone())
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.socket, &other.socket)
    }

    /// How long ago it was made.
    pub(crate) fn age(&self) -> Duration {
        self.made.elapsed()
    }

    /// The greatest number that this node said to be final.
    pub(crate) fn head(&self) -> Option<BlockNumber> {
        self.progress().head
    }

    /// For how long the finalised head is seen where it is.
    pub(crate) fn stands_still(&self) -> Duration {
        self.progress().since.elapsed()
    }

    /// The node said that a block of this number is final.
    pub(crate) fn saw(&self, number: BlockNumber) {
        let mut progress = self.progress();
        if progress.head.is_none_or(|head| head < number) {
            *progress = Progress { head: Some(number), since: Instant::now() };
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Translate a JSON-RPC failure.
    pub(crate) fn error(&self, method: &'static str) -> impl FnOnce(rpcs::Error) -> ChainError + use<'_> {
        move |error| ChainError::rpc(&self.url, method, self.call_deadline, error)
    }

    pub(crate) async fn finalized_hash(&self) -> Result<BlockHash, ChainError> {
        let method = "chain_getFinalizedHead";
        let hash = self.methods.chain_get_finalized_head().await.map_err(self.error(method))?;
        Ok(BlockHash(hash.0))
    }

    /// The block of a hash; of the finalised head where none is given.
    pub(crate) async fn block(&self, hash: Option<BlockHash>) -> Result<BlockRef, ChainError> {
        let Some(hash) = hash else {
            let hash = self.finalized_hash().await?;
            let head = self.header(hash).await?;
            self.saw(head.number);
            return Ok(head);
        };
        match self.recent(hash) {
            Some(recent) => Ok(recent.block),
            None => self.header(hash).await,
        }
    }

    fn recent(&self, hash: BlockHash) -> Option<Recent> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().find(|recent| recent.block.hash == hash).copied()
    }

    async fn header(&self, hash: BlockHash) -> Result<BlockRef, ChainError> {
        let header = self.methods.chain_get_header(Some(H256(hash.0))).await.map_err(self.error("chain_getHeader"))?;
        let header = header.ok_or(ChainError::UnknownBlock(hash))?;
        Ok(BlockRef { number: header.number, hash })
    }

    /// The head of the best chain, which may not be final yet.
    pub(crate) async fn best(&self) -> Result<BlockRef, ChainError> {
        let hash = self.methods.chain_get_block_hash(None).await.map_err(self.error("chain_getBlockHash"))?;
        let hash = hash.ok_or_else(|| ChainError::malformed("the best block", "the node has none"))?;
        self.block(Some(BlockHash(hash.0))).await
    }

    pub(crate) async fn block_hash(&self, number: BlockNumber) -> Result<Option<BlockHash>, ChainError> {
        let hash = self.methods.chain_get_block_hash(Some(number.into())).await;
        Ok(hash.map_err(self.error("chain_getBlockHash"))?.map(|hash| BlockHash(hash.0)))
    }

    /// Ask for what has no name in `methods`.
    pub(crate) async fn ask<R: DeserializeOwned>(
        &self,
        method: &'static str,
        parameters: RpcParams,
    ) -> Result<R, ChainError> {
        self.rpc().request(method, parameters).await.map_err(self.error(method))
    }

    /// One value of the state at a block. Some nodes know only the other name of the method.
    pub(crate) async fn stored(&self, key: &[u8], at: Option<H256>) -> Result<Option<Vec<u8>>, ChainError> {
        let value = self.methods.state_get_storage(key, at).await.map_err(self.error("state_getStorage"));
        match value {
            Err(error) if error.is_unknown_method() => {
                let mut parameters = RpcParams::new();
                for parameter in
                    [Some(format!("0x{}", hex::encode(key))), at.map(|hash| format!("0x{}", hex::encode(hash)))]
                {
                    parameters.push(parameter).map_err(|error| ChainError::malformed("state_getStorageAt", error))?;
                }
                let value: Option<Bytes> = self.ask("state_getStorageAt", parameters).await?;
                Ok(value.map(|bytes| bytes.0))
            }
            value => value,
        }
    }

    /// The runtime in force at a block: metadata, and what a signature has to carry.
    pub(crate) async fn runtime(&self, block: BlockRef) -> Result<Offline, ChainError> {
        let at = Some(H256(block.hash.0));
        let Recent { spec_version, transaction_version, .. } = match self.recent(block.hash) {
            Some(recent) => recent,
            None => {
                let version = self.methods.state_get_runtime_version(at).await;
                let version = version.map_err(self.error("state_getRuntimeVersion"));
                let version = version.map_err(|error| error.or_pruned(block))?;
                let (spec_version, transaction_version) = (version.spec_version, version.transaction_version);
                let read = Recent { block, spec_version, transaction_version };
                let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
                recent.truncate(RECENT_BLOCKS - 1);
                recent.push_front(read);
                read
            }
        };
        let known = self.runtimes.lock().unwrap_or_else(PoisonError::into_inner).get(&spec_version).cloned();
        let runtime = match known {
            Some(runtime) => runtime,
            None => {
                let metadata = self.metadata(at).await?;
                let config = SubstrateConfig::builder()
                    .set_genesis_hash(H256(self.genesis.0))
                    .set_metadata_for_spec_versions([(spec_version, Arc::new(metadata))])
                    .set_spec_version_for_block_ranges([SpecVersionForRange {
                        block_range: 0..u64::MAX,
                        spec_version,
                        transaction_version,
                    }])
                    .build();
                let runtime = OfflineClient::new_with_config(config);
                let mut runtimes = self.runtimes.lock().unwrap_or_else(PoisonError::into_inner);
                runtimes.insert(spec_version, runtime.clone());
                runtime
            }
        };
        runtime.at_block(block.number).map_err(|error| ChainError::malformed("metadata", error))
    }

    async fn metadata(&self, at: Option<H256>) -> Result<Metadata, ChainError> {
        let bytes = match self.newest_metadata(at).await? {
            Some(bytes) => bytes,
            // A runtime that is too old to offer a choice.
            None => {
                let call = self.methods.state_call("Metadata_metadata", None, at).await;
                let bytes = call.map_err(self.error("Metadata_metadata"))?;
                Vec::<u8>::decode(&mut &*bytes).map_err(|error| ChainError::malformed("metadata", error))?
            }
        };
        Metadata::decode(&mut &*bytes).map_err(|error| ChainError::malformed("metadata", error))
    }

    /// The newest format that both sides know; none where the runtime does not say which it has.
    async fn newest_metadata(&self, at: Option<H256>) -> Result<Option<Vec<u8>>, ChainError> {
        let versions = match self.methods.state_call("Metadata_metadata_versions", None, at).await {
            Ok(bytes) => Vec::<u32>::decode(&mut &*bytes).unwrap_or_default(),
            Err(rpcs::Error::User(_)) => return Ok(None),
            Err(error) => return Err(self.error("Metadata_metadata_versions")(error)),
        };
        let Some(version) = versions.into_iter().filter(|version| *version <= NEWEST_METADATA).max() else {
            return Ok(None);
        };
        let method = "Metadata_metadata_at_version";
        let bytes = match self.methods.state_call(method, Some(&version.encode()), at).await {
            Ok(bytes) => bytes,
            Err(rpcs::Error::User(_)) => return Ok(None),
            Err(error) => return Err(self.error(method)(error)),
        };
        Option::<Vec<u8>>::decode(&mut &*bytes).map_err(|error| ChainError::malformed("metadata", error))
    }
}
