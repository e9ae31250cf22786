//! Bytes of strangers: whatever they are, the node refuses them and lives.

use codec::Encode;
use localnet::{Config, Handle, Rejected, dev_account, spawn};
use node_subtensor_runtime::Hash;
use pallet_subtensor::Call;
use proptest::prelude::*;

use crate::account::{alice, id, sign};

/// A block can be made after whatever was sent.
fn lives(chain: &Handle) {
    let before = chain.best().number;
    assert_eq!(chain.author_block().unwrap().number, before + 1);
}

fn valid(chain: &Handle) -> Vec<u8> {
    let hotkey = id(&dev_account("//Hostile"));
    let call = Call::register_limit { netuid: 1, hotkey, limit_price: u64::MAX };
    sign(&alice(), 0, Hash::from(chain.genesis().0), call.into()).encode()
}

#[test]
fn what_is_no_transaction_is_refused_and_the_node_lives() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let chain = runtime.block_on(spawn(Config::test())).unwrap();
    let whole = valid(&chain);
    let never_panics = |bytes: Vec<u8>| !matches!(chain.submit(bytes), Err(Rejected::Panicked(_)));

    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(512));
    let noise = proptest::collection::vec(any::<u8>(), 0..512);
    runner
        .run(&noise, |bytes| {
            prop_assert!(never_panics(bytes));
            Ok(())
        })
        .unwrap();
    // Almost a transaction: some bytes are others, some are missing, some too many.
    let length = whole.len();
    let damage = (proptest::collection::vec((0..length, any::<u8>()), 1..4), 0..length + 8);
    runner
        .run(&damage, |(changes, cut)| {
            let mut bytes = whole.clone();
            for (at, value) in changes {
                bytes[at] = value;
            }
            bytes.resize(cut.max(1), 0);
            prop_assert!(never_panics(bytes));
            Ok(())
        })
        .unwrap();
    // A length prefix promises four gigabytes.
    assert!(matches!(chain.submit(vec![0xfe; 64]), Err(Rejected::Format(_))));
    assert!(chain.submit(whole).is_ok());
    lives(&chain);
}
