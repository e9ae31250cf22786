//! Transactions as they come over the wire: decoded, checked and, if they pass, put into a block.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run extrinsic --features chain -- -max_total_time=600`
#![no_main]

use std::sync::OnceLock;

use assay_localnet::{Config, Handle, Rejected, spawn};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

fn chain() -> &'static (Runtime, Handle) {
    static CHAIN: OnceLock<(Runtime, Handle)> = OnceLock::new();
    CHAIN.get_or_init(|| {
        let runtime = Runtime::new().expect("a runtime");
        let chain = runtime.block_on(spawn(Config::test())).expect("a chain");
        (runtime, chain)
    })
}

fuzz_target!(|bytes: &[u8]| {
    let (_, chain) = chain();
    match chain.submit(bytes.to_vec()) {
        Err(Rejected::Panicked(panicked)) => panic!("{panicked}"),
        Err(_) => {}
        Ok(_) => {
            chain.author_block().expect("a block");
        }
    }
});
