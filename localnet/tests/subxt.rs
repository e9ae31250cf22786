//! The chain as `subxt` sees it, with its default settings and nothing of ours between the two. A test is named for the
//! step that the other clients take too (`localnet/clients`).

use std::time::Duration;

use assay_localnet::{BlockTime, Config, Genesis, Handle, dev_account, spawn};
use primitives::Keypair;
use subxt::{
    OnlineClient, SubstrateConfig,
    config::substrate::{AccountId32, MultiSignature},
    dynamic::{self, Value},
    error::{DispatchError, TransactionEventsError, TransactionFinalizedSuccessError},
    ext::{scale_decode::DecodeAsType, scale_value::At as _},
    extrinsics::ExtrinsicEvents,
    transactions::Signer,
};

const SUBTENSOR: &str = "SubtensorModule";
const NETUID: u128 = 1;
const RAO: u128 = 1_000_000_000;

type Events = ExtrinsicEvents<SubstrateConfig>;

struct Subnet {
    client: OnlineClient<SubstrateConfig>,
    // Last: the chain outlives its client.
    _chain: Handle,
}

struct Account(Keypair);

impl Signer<SubstrateConfig> for Account {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.0.public())
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.0.sign(payload).0)
    }
}

fn account(uri: &str) -> Account {
    Account(dev_account(uri))
}

fn key(uri: &str) -> Value {
    Value::from_bytes(dev_account(uri).public())
}

fn id(uri: &str) -> Value {
    Value::unnamed_variant("Id", [key(uri)])
}

impl Subnet {
    async fn start() -> Self {
        Self::of(Genesis::default()).await
    }

    async fn of(genesis: Genesis) -> Self {
        let config = Config { block_time: BlockTime::Every(Duration::from_millis(50)), genesis, ..Config::test() };
        let chain = spawn(config).await.unwrap();
        Self { client: OnlineClient::from_url(chain.url()).await.unwrap(), _chain: chain }
    }

    /// Sign, send and follow until final.
    async fn send(
        &self,
        signer: &Account,
        pallet: &str,
        call: &str,
        arguments: Vec<Value>,
    ) -> Result<Events, TransactionFinalizedSuccessError> {
        let call = dynamic::tx(pallet, call, arguments);
        let mut transactions = self.client.tx().await.unwrap();
        let progress = transactions.sign_and_submit_then_watch_default(&call, signer).await.unwrap();
        progress.wait_for_finalized_success().await
    }

    async fn read<T: DecodeAsType>(&self, pallet: &str, item: &str, keys: Vec<Value>) -> T {
        let at = self.client.at_current_block().await.unwrap();
        let entry = dynamic::storage::<Vec<Value>, T>(pallet, item);
        at.storage().fetch(entry, keys).await.unwrap().decode().unwrap()
    }

    async fn ask(&self, api: &str, method: &str, arguments: Vec<Value>) -> Value {
        let at = self.client.at_current_block().await.unwrap();
        let call = dynamic::runtime_api_call::<_, Value>(api, method, arguments);
        at.runtime_apis().call(call).await.unwrap()
    }

    async fn free(&self, uri: &str) -> u128 {
        let account: Value = self.read("System", "Account", vec![key(uri)]).await;
        account.at("data").at("free").and_then(|free| free.as_u128()).unwrap()
    }

    async fn blocks(&self, count: u64) {
        let mut blocks = self.client.stream_blocks().await.unwrap();
        let mut first = None;
        while let Some(block) = blocks.next().await {
            let number = block.unwrap().number();
            if number >= *first.get_or_insert(number) + count {
                return;
            }
        }
        panic!("the stream of blocks ended");
    }
}

#[tokio::test]
async fn connect() {
    let subnet = Subnet::start().await;
    let at = subnet.client.at_current_block().await.unwrap();
    assert_eq!(at.spec_version(), 425);
}

#[tokio::test]
async fn balance() {
    assert_eq!(Subnet::start().await.free("//Bob").await, 1_000_000 * RAO);
}

#[tokio::test]
async fn subnets() {
    let subnet = Subnet::start().await;
    let at = subnet.client.at_current_block().await.unwrap();
    let mut networks =
        at.storage().iter(dynamic::storage::<(u16,), bool>(SUBTENSOR, "NetworksAdded"), ()).await.unwrap();
    let mut netuids = Vec::new();
    while let Some(network) = networks.next().await {
        netuids.push(network.unwrap().key().unwrap().decode().unwrap().0);
    }
    netuids.sort_unstable();
    assert_eq!(netuids, [0, 1]);
}

#[tokio::test]
async fn hyperparameters() {
    let subnet = Subnet::start().await;
    assert_eq!(subnet.read::<u16>(SUBTENSOR, "Tempo", vec![Value::u128(NETUID)]).await, 20);
    let all = subnet.ask("SubnetInfoRuntimeApi", "get_subnet_hyperparams_v3", vec![Value::u128(NETUID)]).await;
    // subxt shows bytes as numbers.
    let name: Vec<String> = b"tempo".iter().map(u8::to_string).collect();
    let tempo = format!("{{ name: ({}), value: U16 (20) }}", name.join(", "));
    assert!(all.to_string().contains(&tempo), "{all}");
}

#[tokio::test]
async fn register() {
    let subnet = Subnet::start().await;
    let arguments = vec![Value::u128(NETUID), key("//Bob//hotkey")];
    let events = subnet.send(&account("//Bob"), SUBTENSOR, "burned_register", arguments).await.unwrap();
    let names: Vec<String> = events.iter().map(|event| event.unwrap().event_name().to_owned()).collect();
    assert!(names.iter().any(|name| name == "NeuronRegistered"), "{names:?}");
    assert_eq!(subnet.read::<u16>(SUBTENSOR, "Uids", vec![Value::u128(NETUID), key("//Bob//hotkey")]).await, 1);
}

#[tokio::test]
async fn neurons() {
    let neurons =
        Subnet::start().await.ask("NeuronInfoRuntimeApi", "get_neurons_lite", vec![Value::u128(NETUID)]).await;
    assert_eq!(neurons.at(0).at("uid").and_then(|uid| uid.as_u128()), Some(0), "{neurons}");
}

#[tokio::test]
async fn metagraph() {
    let graph = Subnet::start().await.ask("SubnetInfoRuntimeApi", "get_metagraph", vec![Value::u128(NETUID)]).await;
    assert_eq!(graph.at(0).at("num_uids").and_then(|seats| seats.as_u128()), Some(1), "{graph}");
}

#[tokio::test]
async fn serve() {
    let subnet = Subnet::start().await;
    let numbers = [NETUID, 1, 0xCB00_7107, 8091, 4, 4, 0, 0].map(Value::u128);
    subnet.send(&account("//Owner//hotkey"), SUBTENSOR, "serve_axon", numbers.to_vec()).await.unwrap();
    let axon: Value = subnet.read(SUBTENSOR, "Axons", vec![Value::u128(NETUID), key("//Owner//hotkey")]).await;
    assert_eq!(axon.at("port").and_then(|port| port.as_u128()), Some(8091), "{axon}");
}

#[tokio::test]
async fn stake() {
    let subnet = Subnet::start().await;
    let arguments = vec![key("//Owner//hotkey"), Value::u128(NETUID), Value::u128(100 * RAO)];
    subnet.send(&account("//Bob"), SUBTENSOR, "add_stake", arguments).await.unwrap();
    assert!(subnet.free("//Bob").await <= 999_900 * RAO);
    let staked: u64 =
        subnet.read(SUBTENSOR, "TotalHotkeyAlpha", vec![key("//Owner//hotkey"), Value::u128(NETUID)]).await;
    assert!(staked > 0);
}

#[tokio::test]
async fn weights() {
    let subnet = Subnet::start().await;
    let vector = |numbers: &[u128]| Value::unnamed_composite(numbers.iter().copied().map(Value::u128));
    let arguments = vec![Value::u128(NETUID), vector(&[0]), vector(&[65_535]), Value::u128(0)];
    subnet.send(&account("//Owner//hotkey"), SUBTENSOR, "set_weights", arguments).await.unwrap();
    let row: Vec<(u16, u16)> = subnet.read(SUBTENSOR, "Weights", [NETUID, 0].map(Value::u128).to_vec()).await;
    assert_eq!(row, [(0, 65_535)]);
}

#[tokio::test]
async fn transfer() {
    let subnet = Subnet::start().await;
    let arguments = vec![id("//Charlie"), Value::u128(5 * RAO)];
    subnet.send(&account("//Bob"), "Balances", "transfer_keep_alive", arguments).await.unwrap();
    assert_eq!(subnet.free("//Charlie").await, 1_000_005 * RAO);
    assert!(subnet.free("//Bob").await < 999_995 * RAO, "no fee");
}

#[tokio::test]
async fn blocks() {
    Subnet::start().await.blocks(3).await;
}

#[tokio::test]
async fn refusal() {
    let subnet = Subnet::start().await;
    let arguments = vec![Value::u128(7), key("//Bob//hotkey")];
    let refused = subnet.send(&account("//Bob"), SUBTENSOR, "burned_register", arguments).await;
    let Err(TransactionFinalizedSuccessError::SuccessError(TransactionEventsError::ExtrinsicFailed(
        DispatchError::Module(error),
    ))) = refused
    else {
        panic!("not refused at dispatch");
    };
    assert_eq!(error.details_string(), "SubtensorModule::SubnetNotExists");
}
