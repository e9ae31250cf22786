//! A road between a client and a node's websocket on which things go wrong, message by message: a message is late, lost,
//! overtaken or garbled, or the connection hangs or is cut. For tests of clients; nothing that is shipped depends on it.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use assay_fault_proxy::{Fault, Kind, Mood, Proxy, Weights};
//! let proxy = Proxy::to("127.0.0.1:9944".parse().unwrap(), 7).await?;
//! // A client of `proxy.url()` submits, and never hears of it.
//! proxy.once(Kind::answer("author_submitAndWatchExtrinsic"), Fault::Cut);
//! // From now on anything may happen.
//! proxy.set(Mood::Random(Weights::default()));
//! # Ok(())
//! # }
//! ```
//!
//! Invariants:
//! * without a rule and in the open mood, every message passes unchanged and in its order;
//! * a seed decides what happens to the nth message of the mth connection;
//! * at random, a connection that broke young is followed by one that lives for a while: a client that tries again gets
//!   on;
//! * dropping the proxy closes every connection.
#![warn(missing_docs)]

mod fault;
mod message;
mod proxy;
mod road;

pub use fault::{Fault, Garbage, Mood, Weights};
pub use message::Kind;
pub use proxy::Proxy;
