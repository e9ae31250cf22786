//! Calls that the client does not make, sent by `subxt` as it is.

use localnet::{Handle, dev_account};
use primitives::{BlockRef, Keypair};
use subxt::{
    OnlineClient, SubstrateConfig,
    config::substrate::{AccountId32, MultiSignature},
    dynamic::{self, Value},
    transactions::Signer,
};

struct Account<'a>(&'a Keypair);

impl Signer<SubstrateConfig> for Account<'_> {
    fn account_id(&self) -> AccountId32 {
        AccountId32(self.0.public())
    }

    fn sign(&self, payload: &[u8]) -> MultiSignature {
        MultiSignature::Sr25519(self.0.sign(payload).0)
    }
}

/// Send a call, and make the block that takes it.
pub async fn call(node: &Handle, signer: &Keypair, pallet: &str, name: &str, arguments: Vec<Value>) -> BlockRef {
    let client = OnlineClient::<SubstrateConfig>::from_url(node.url()).await.unwrap();
    let mut transactions = client.tx().await.unwrap();
    let call = dynamic::tx(pallet, name, arguments);
    transactions.sign_and_submit_default(&call, &Account(signer)).await.unwrap();
    let block = node.author_block().unwrap();
    assert_eq!(node.pending(), 0);
    let log = node.block_log(block.number.try_into().unwrap()).unwrap();
    assert!(log.extrinsics.iter().all(|extrinsic| extrinsic.result == "ok"), "{log:?}");
    block
}

/// As root.
pub async fn sudo(node: &Handle, pallet: &str, name: &str, arguments: Vec<(&str, Value)>) -> BlockRef {
    let inner = Value::unnamed_variant(pallet, [Value::named_variant(name, arguments)]);
    call(node, &dev_account("//Alice"), "Sudo", "sudo", vec![inner]).await
}
