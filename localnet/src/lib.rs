//! The embedded chain: a FRAME runtime with Subtensor's `SubtensorModule` run natively in this process, a block
//! author, and the JSON-RPC that wallets, SDKs and `subxt` speak. No wasm and no external node; files only where asked.
//!
//! ```
//! use assay_localnet::{Config, spawn};
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let net = spawn(Config::test()).await?;
//! assert!(net.url().starts_with("ws://127.0.0.1:"));
//! let block = net.mine(5).await?;
//! assert_eq!(block.number, 5);
//! net.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Besides what a Substrate node serves, the JSON-RPC has what [`Handle`] has: `dev_newBlock` (`dev_mine`),
//! `dev_increaseTime`, `dev_setNextBlockTimestamp`, `dev_snapshot`, `dev_revert`, `dev_reorg`, `dev_dump`,
//! `dev_blockLog`, `dev_setFault`, `dev_faults`, `dev_disconnect` and `dev_bumpSpecVersion`.
//!
//! Invariants:
//! * a block is final as soon as it exists, unless [`Config::finality_depth`] says otherwise;
//! * a panic of the runtime costs the call or the transaction that caused it, never the process;
//! * memory is bounded by [`Limits`]: states and bodies leave a window of blocks, headers a longer one, and who reads a
//!   state keeps it until done;
//! * the chain's clock is simulated: one slot a block, whatever the pace, and forward only;
//! * where the chain persists, a block is on the disk before anybody hears of it;
//! * it is a chain for tests: its keys are public, and the port is for this machine.
#![warn(missing_docs)]

mod author;
mod beacon;
mod block_log;
mod block_time;
mod blocks;
mod chain;
mod clock;
mod config;
mod control;
mod dump;
mod executor;
mod faults;
mod fork;
mod genesis;
mod handle;
mod journal;
mod json;
mod pace;
mod pool;
mod rewind;
mod rpc;
mod server;
mod shield;
mod state;

pub use author::AuthorError;
pub use beacon::Beacon;
pub use block_log::{BlockLog, ExtrinsicLog};
pub use block_time::{BlockTime, NotABlockTime};
pub use clock::ClockError;
pub use config::{Config, Limits};
pub use control::{Control, ControlError};
pub use dump::{Damage, DumpError};
pub use executor::Panicked;
pub use faults::Faults;
pub use fork::{Fork, ForkError, fork};
pub use genesis::{DEV_ACCOUNTS, Genesis, GenesisNeuron, Rules, SubnetGenesis, dev_account};
pub use handle::{Handle, SpawnError, spawn};
pub use pool::Rejected;
pub use rewind::ReorgError;
