//! The embedded chain that targets speak to: one for the whole process, with blocks made by hand.

use std::sync::LazyLock;

use localnet::{Config, Handle, spawn};
use tokio::runtime::{Builder, Runtime};

pub(crate) struct Node {
    pub(crate) runtime: Runtime,
    pub(crate) chain: Handle,
}

pub(crate) static NODE: LazyLock<Node> = LazyLock::new(|| {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    let chain = runtime.block_on(spawn(Config::test())).expect("a chain");
    Node { runtime, chain }
});
