//! JSON-RPC: the legacy methods of a Substrate node, which is what the ecosystem's clients speak. `archive` and
//! `chainHead` are not offered, so `subxt` does not ask for them.

mod author;
mod chain;
mod dev;
mod error;
mod news;
mod payment;
mod state;
mod system;
mod wire;

use std::sync::Arc;

use jsonrpsee::{RpcModule, core::RegisterMethodError};
use serde_json::json;

use crate::chain::Chain;

type Module = RpcModule<Arc<Chain>>;

/// Every method over a chain.
pub(crate) fn module(chain: Arc<Chain>) -> Result<Module, RegisterMethodError> {
    let mut module = RpcModule::new(chain);
    system::register(&mut module)?;
    chain::register(&mut module)?;
    state::register(&mut module)?;
    news::register(&mut module)?;
    author::register(&mut module)?;
    payment::register(&mut module)?;
    dev::register(&mut module)?;
    let mut methods: Vec<String> = module.method_names().map(str::to_owned).collect();
    methods.push("rpc_methods".to_owned());
    methods.sort_unstable();
    module.register_method("rpc_methods", move |_, _, _| json!({ "methods": methods }))?;
    Ok(module)
}
