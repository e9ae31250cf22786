//! Everything that can go wrong between here and the chain.

use std::{error::Error, time::Duration};

use primitives::{BlockHash, BlockNumber, BlockRef, Coldkey, Hotkey, MechId, NetUid};
use subxt::{ext::jsonrpsee::core::client::Error as SocketError, rpcs};

use crate::{Invalidity, Objection, Refusal};

/// An error from a library below, kept for its text.
pub(crate) type Source = Box<dyn Error + Send + Sync + 'static>;

/// Why a chain call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// No connection could be made.
    #[error("cannot reach a chain at {url}")]
    Unreachable {
        /// What was dialled.
        url: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// The connection broke during the call. What was submitted may have arrived: submit the same bytes again.
    #[error("lost the connection to {url}")]
    Lost {
        /// What it was connected to.
        url: String,
        /// Why.
        #[source]
        source: Source,
    },
    /// No answer in time.
    #[error("{url} did not finish {what} within {after:?}")]
    Deadline {
        /// What it is connected to.
        url: String,
        /// What was waited for.
        what: &'static str,
        /// How long.
        after: Duration,
    },
    /// Another chain answers than the one that was connected to first.
    #[error("{url} serves another chain: genesis {found}, not {expected}")]
    WrongChain {
        /// What was dialled.
        url: String,
        /// The genesis at the first connection.
        expected: BlockHash,
        /// The genesis there.
        found: BlockHash,
    },
    /// The node has not got as far as another one was before, or as it was itself: it would take this client back.
    #[error("{url} is behind: block {head} is final there, and block {known} was before")]
    Behind {
        /// What it is connected to.
        url: String,
        /// What is final there.
        head: BlockNumber,
        /// What was final before.
        known: BlockNumber,
    },
    /// The node has no such block, or has pruned it.
    #[error("the node does not have block {0}")]
    UnknownBlock(BlockHash),
    /// The node knows the block and no longer what stood in the state then.
    #[error("the node has pruned the state of block {} {}", .0.number, .0.hash)]
    Pruned(BlockRef),
    /// No such subnet.
    #[error("there is no subnet {0}")]
    UnknownNetUid(NetUid),
    /// The subnet has fewer mechanisms.
    #[error("subnet {netuid} has no mechanism {mechanism}")]
    UnknownMechanism {
        /// Which subnet.
        netuid: NetUid,
        /// What was asked for.
        mechanism: MechId,
    },
    /// The subnet has tempo 0.
    #[error("subnet {0} has no epochs: its tempo is 0")]
    NoEpochs(NetUid),
    /// The hotkey has no seat.
    #[error("hotkey {hotkey} is not registered in subnet {netuid}")]
    NotRegistered {
        /// Which subnet.
        netuid: NetUid,
        /// Who.
        hotkey: Hotkey,
    },
    /// The call was included in a finalised block and failed there.
    #[error("the chain refused the call: {refusal}")]
    Refused {
        /// Where.
        block: BlockRef,
        /// Why.
        refusal: Refusal,
    },
    /// The node turned the transaction away: no block includes it.
    #[error("the chain refused the transaction: {0}")]
    Invalid(Invalidity),
    /// The account has less than the price of what it wants. Nothing was sent.
    #[error("this costs {} TAO and {account} has {}", tao(.price_rao), tao(.balance_rao))]
    Unaffordable {
        /// Who would pay.
        account: Coldkey,
        /// How much.
        price_rao: u64,
        /// What there is.
        balance_rao: u64,
    },
    /// The price is above what was offered. Nothing was sent.
    #[error("this costs {} TAO, more than the {} allowed", tao(.price_rao), tao(.limit_rao))]
    PriceAboveLimit {
        /// How much it is.
        price_rao: u64,
        /// How much it may be.
        limit_rao: u64,
    },
    /// The chain would refuse it for its size. Nothing was sent.
    #[error("{what} is {size} long, and {limit} is the most")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How long it is.
        size: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The runtime has no such rule. Nothing was sent.
    #[error("the chain's runtime has no hyperparameter {name:?} (near: {})", near.join(", "))]
    UnknownHyperparameter {
        /// What was asked for.
        name: String,
        /// What there is.
        near: Vec<String>,
    },
    /// A rule that takes something else. Nothing was sent.
    #[error("{name} takes {wanted}, not {value:?}")]
    BadValue {
        /// Which rule.
        name: String,
        /// What was asked for.
        value: String,
        /// What it takes.
        wanted: String,
    },
    /// The call succeeded, and the chain keeps something else than what was asked for.
    #[error("{name} was set to {asked}, and the chain keeps {kept}")]
    NotKept {
        /// Of what.
        name: String,
        /// What was sent.
        asked: String,
        /// What was read back.
        kept: String,
    },
    /// The chain would refuse the call: nothing was sent.
    #[error("the chain would refuse it: {0}")]
    Foreseen(Objection),
    /// The node forgot the transaction without including it. It may still be included: submit the same bytes again.
    #[error("the node dropped the transaction")]
    Dropped,
    /// No block included the transaction, and none can any more.
    #[error("the transaction was not included before block {death}")]
    Expired {
        /// The first block that could not include it.
        death: BlockNumber,
    },
    /// The chain's metadata has no such storage item, call, argument or event.
    #[error("the chain's runtime has no {item}, or not as it is known here")]
    Unsupported {
        /// Pallet and name.
        item: String,
        /// Why.
        #[source]
        source: Option<Source>,
    },
    /// An answer that makes no sense.
    #[error("cannot read {what} as the node sent it")]
    Malformed {
        /// What was asked for.
        what: &'static str,
        /// Why.
        #[source]
        source: Source,
    },
    /// The node answered with an error.
    #[error("the node refused {method}: {message} ({code})")]
    Rpc {
        /// The method called.
        method: &'static str,
        /// The JSON-RPC error code.
        code: i32,
        /// The node's own words.
        message: String,
    },
}

impl ChainError {
    /// Whether the same request may succeed later with nothing changed here.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Lost { .. }
            | Self::Deadline { .. }
            | Self::Behind { .. }
            | Self::Dropped
            | Self::Expired { .. } => true,
            Self::Refused { refusal, .. } => refusal.is_retryable(),
            Self::Invalid(invalidity) => invalidity.is_retryable(),
            Self::Foreseen(objection) => objection.is_retryable(),
            other => other.is_garbled(),
        }
    }

    /// Of a submission: whether the transaction is proven to have no effect, now or later. Otherwise its bytes have to
    /// be kept, and submitted again before anything takes their place.
    pub fn is_conclusive(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Expired { .. } | Self::Invalid(Invalidity::Stale))
    }

    /// Whether the chain itself said no, or would have, as opposed to the road to it.
    pub fn is_refusal(&self) -> bool {
        let would_have =
            matches!(self, Self::Unaffordable { .. } | Self::PriceAboveLimit { .. } | Self::TooLarge { .. });
        would_have || matches!(self, Self::Refused { .. } | Self::Invalid(_) | Self::Foreseen(_))
    }

    /// Whether the node does not have, or no longer has, what was asked of a block.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::UnknownBlock(_) | Self::Pruned(_))
    }

    /// The chain's reason, where a dispatched call failed.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// Whether the connection can't be trusted any more.
    pub(crate) fn breaks_connection(&self) -> bool {
        matches!(self, Self::Lost { .. } | Self::Deadline { .. }) || self.is_garbled()
    }

    /// Whether an answer had not even the shape that its method returns: whoever sent it is not to be trusted further.
    fn is_garbled(&self) -> bool {
        matches!(self, Self::Malformed { source, .. } if source.is::<rpcs::Error>())
    }

    /// Of a read at a block whose header the node knows: whether it has no state of it any more.
    pub(crate) fn or_pruned(self, block: BlockRef) -> Self {
        /// What a node answers then.
        const NO_STATE: i32 = 4003;
        match self {
            Self::Rpc { code: NO_STATE, .. } => Self::Pruned(block),
            other => other,
        }
    }

    pub(crate) fn unsupported(item: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self::Unsupported { item: item.into(), source: Some(Box::new(source)) }
    }

    pub(crate) fn malformed(what: &'static str, source: impl Into<Source>) -> Self {
        Self::Malformed { what, source: source.into() }
    }

    /// From the socket's error: a refusal by the node, a bad answer, or a broken connection.
    pub(crate) fn rpc(url: &str, method: &'static str, deadline: Duration, error: rpcs::Error) -> Self {
        match error {
            rpcs::Error::User(user) => Self::Rpc { method, code: user.code, message: user.message },
            rpcs::Error::Client(source) => match source.downcast_ref::<SocketError>() {
                Some(SocketError::RequestTimeout) => {
                    Self::Deadline { url: url.to_owned(), what: method, after: deadline }
                }
                _ => Self::Lost { url: url.to_owned(), source },
            },
            lost @ rpcs::Error::DisconnectedWillReconnect(_) => {
                Self::Lost { url: url.to_owned(), source: Box::new(lost) }
            }
            other => Self::malformed(method, other),
        }
    }
}

/// An amount in TAO, to the last rao.
fn tao(rao: &u64) -> String {
    let text = format!("{}.{:09}", rao / 1_000_000_000, rao % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
