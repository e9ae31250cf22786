//! Makes blocks.

use codec::Encode;
use node_subtensor_runtime::{Executive, Header, UncheckedExtrinsic, Version, inherents, pallet_shield};
use sp_core::{Get as _, H256};
use sp_inherents::InherentData;
use sp_runtime::{
    Digest,
    traits::Header as _,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};

use crate::{
    block_log,
    blocks::Blocks,
    chain::{Authoring, Chain, Sealed},
    clock::Reading,
    dump::DumpError,
    executor::{self, Changes, Panicked},
    journal,
    pool::{self, Pooled, Status},
    shield::{Carried, Shield},
    state::{STATE_VERSION, State},
};

/// Why no block was made. The chain stands where it stood.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    /// In the work at the start or the end of a block: the next block will meet the same.
    #[error("block {number} could not be made")]
    Runtime {
        /// Which block.
        number: u32,
        /// What the runtime said.
        #[source]
        source: Panicked,
    },
    /// The transaction that sets the clock was refused.
    #[error("block {number} could not set its clock: {reason}")]
    Clock {
        /// Which block.
        number: u32,
        /// What the runtime said.
        reason: String,
    },
    /// The trie could not be written.
    #[error("block {number}: {reason}")]
    State {
        /// Which block.
        number: u32,
        /// What the trie said.
        reason: String,
    },
    /// It could not be written down.
    #[error("block {number} could not be kept")]
    Persist {
        /// Which block.
        number: u32,
        /// What the system said.
        #[source]
        source: DumpError,
    },
    /// The chain is shut down.
    #[error("the chain makes no more blocks")]
    Stopped,
}

/// What is special about a block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Making {
    /// It stands in for one that was taken back, so it comes that much later. Zero for any other.
    pub replaces_ms: u64,
    /// From it on the runtime has another version.
    pub bumps_spec: bool,
    /// The next one follows at once.
    pub in_a_row: bool,
}

/// A block that was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub hash: H256,
    pub number: u32,
    /// Transactions that it took out of the pool.
    pub included: usize,
}

/// Make a block of what waits in the pool.
pub(crate) fn author_block(chain: &Chain) -> Result<Made, AuthorError> {
    author(chain, &mut chain.authoring.lock(), Making::default())
}

/// Make blocks in a row, or as long as `wanted`.
pub(crate) fn author_blocks(chain: &Chain, count: u32, wanted: impl Fn() -> bool) -> Result<(), AuthorError> {
    for left in (0..count).rev() {
        if !wanted() {
            break;
        }
        author(chain, &mut chain.authoring.lock(), Making { in_a_row: left > 0, ..Making::default() })?;
    }
    Ok(())
}

/// Make a block if a transaction waits that it can take.
pub(crate) fn author_if_ready(chain: &Chain) -> Result<Option<Made>, AuthorError> {
    let mut authoring = chain.authoring.lock();
    if !chain.pool.has_ready() {
        return Ok(None);
    }
    author(chain, &mut authoring, Making::default()).map(Some)
}

/// Make a block in which the runtime's version rises. Returns it.
pub(crate) fn bump_spec_version(chain: &Chain) -> Result<u32, AuthorError> {
    let mut authoring = chain.authoring.lock();
    let made = author(chain, &mut authoring, Making { bumps_spec: true, ..Making::default() })?;
    let (_, state) = chain.best_state();
    let failed = |source| AuthorError::Runtime { number: made.number, source };
    Ok(executor::read(&state, Version::get).map_err(failed)?.spec_version)
}

/// Make a block, by who holds the lock.
pub(crate) fn author(chain: &Chain, authoring: &mut Authoring, making: Making) -> Result<Made, AuthorError> {
    if authoring.closed {
        return Err(AuthorError::Stopped);
    }
    let (parent_hash, parent) = chain.blocks(Blocks::best);
    let number = parent.number.saturating_add(1);
    let failed = |source| AuthorError::Runtime { number, source };
    let (_, state) = chain.best_state();
    let mut changes = Changes::default();
    let opening = Header::new(number, Default::default(), Default::default(), parent_hash, Digest::default());
    let reading = executor::execute(&state, &mut changes, || {
        if making.bumps_spec {
            Version::bump_spec();
        }
        let reading = Reading::of_state();
        Executive::initialize_block(&opening);
        reading
    })
    .map_err(failed)?;

    let mut body = Vec::new();
    let now_ms = authoring.clock.next_ms(reading).saturating_add(making.replaces_ms);
    open(number, now_ms, chain.shield.public_key(), &state, &mut changes, &mut body)?;
    chain.pulses.write_due(making.in_a_row, &state, &mut changes, &mut body);
    let filled = fill(chain.pool.take(), &chain.shield, &state, &mut changes, &mut body);
    let sealed =
        executor::execute(&state, &mut changes, Executive::finalize_block).map_err(failed).and_then(|header| {
            let drained = changes
                .drain_storage_changes(&state, STATE_VERSION)
                .map_err(|reason| AuthorError::State { number, reason: reason.to_string() })?;
            keep(chain, authoring, &header, &body, &drained.main_storage_changes)
                .map_err(|source| AuthorError::Persist { number, source })?;
            Ok((header, drained))
        });
    let (header, drained) = match sealed {
        Ok(sealed) => sealed,
        Err(error) => {
            chain.pool.put_back(filled.included);
            chain.pool.put_back(filled.unused);
            return Err(error);
        }
    };
    chain.pool.put_back(filled.unused);
    authoring.clock.made(now_ms);
    let changed = drained.main_storage_changes.into_iter().map(|(key, _)| key).collect();
    let included = filled.included.len();
    let sealed = Sealed { header, body, changes: drained.transaction, changed, included: filled.included };
    let hash = chain.import(authoring, sealed, making.replaces_ms > 0);
    block_log::trace(chain, hash);
    Ok(Made { hash, number, included })
}

/// Write a block down, if the chain persists, before anybody hears of it.
fn keep(
    chain: &Chain,
    authoring: &mut Authoring,
    header: &Header,
    body: &[Vec<u8>],
    changes: &journal::Changes,
) -> Result<(), DumpError> {
    let Some(journal) = &mut authoring.journal else { return Ok(()) };
    journal.catch_up(|| chain.dump())?;
    journal.append(header, body, changes)
}

/// What every block begins with: the clock, and the key for sealed transactions.
fn open(
    number: u32,
    now_ms: u64,
    key: &[u8],
    state: &State,
    changes: &mut Changes,
    body: &mut Vec<Vec<u8>>,
) -> Result<(), AuthorError> {
    let failed = |source| AuthorError::Runtime { number, source };
    let refused = |reason: String| AuthorError::Clock { number, reason };
    let mut data = InherentData::new();
    data.put_data(sp_timestamp::INHERENT_IDENTIFIER, &now_ms).map_err(|error| refused(error.to_string()))?;
    let key = key.to_vec();
    data.put_data(pallet_shield::INHERENT_IDENTIFIER, &key).map_err(|error| refused(error.to_string()))?;
    for extrinsic in executor::execute(state, changes, || inherents(&data)).map_err(failed)? {
        body.push(extrinsic.encode());
        let applied = executor::execute(state, changes, || Executive::apply_extrinsic(extrinsic)).map_err(failed)?;
        match applied {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(refused(format!("{error:?}"))),
            Err(error) => return Err(refused(format!("{error:?}"))),
        }
    }
    Ok(())
}

struct Filled {
    included: Vec<Pooled>,
    /// Too early or too heavy for this block.
    unused: Vec<Pooled>,
}

/// Put into the block what it takes. A transaction may wait for another one, so those that came too early are tried
/// again as long as others get in.
fn fill(
    waiting: Vec<Pooled>,
    shield: &Shield,
    state: &State,
    changes: &mut Changes,
    body: &mut Vec<Vec<u8>>,
) -> Filled {
    let (mut included, mut unused, mut early) = (Vec::new(), Vec::new(), waiting);
    loop {
        let before = included.len();
        for pooled in std::mem::take(&mut early) {
            let Ok(extrinsic) = pool::decode(&pooled.bytes) else { continue };
            let carried = shield.carried(&extrinsic);
            if matches!(carried, Carried::Unknown) {
                unused.push(pooled);
                continue;
            }
            match apply(extrinsic, state, changes) {
                Applied::Included => {
                    body.push(pooled.bytes.clone());
                    included.push(pooled);
                    if let Carried::Opened(Some(opened)) = carried {
                        let (inner, bytes) = *opened;
                        if matches!(apply(inner, state, changes), Applied::Included) {
                            body.push(bytes);
                        }
                    }
                }
                Applied::TooEarly => early.push(pooled),
                Applied::NoRoom => unused.push(pooled),
                Applied::Invalid => pooled.tell(Status::Invalid),
            }
        }
        if early.is_empty() || included.len() == before {
            unused.extend(early);
            return Filled { included, unused };
        }
    }
}

/// What came of a transaction in the block that is being made.
#[derive(Debug)]
pub(crate) enum Applied {
    Included,
    TooEarly,
    NoRoom,
    Invalid,
}

/// Run a transaction in the block that is being made.
pub(crate) fn apply(extrinsic: UncheckedExtrinsic, state: &State, changes: &mut Changes) -> Applied {
    changes.start_transaction();
    let applied = match executor::execute(state, changes, || Executive::apply_extrinsic(extrinsic)) {
        // Failed at dispatch is included too: it says so in its events.
        Ok(Ok(_)) => Applied::Included,
        Ok(Err(TransactionValidityError::Invalid(InvalidTransaction::Future))) => Applied::TooEarly,
        Ok(Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources))) => Applied::NoRoom,
        Ok(Err(_)) => Applied::Invalid,
        Err(panicked) => {
            tracing::error!(error = %panicked, "transaction dropped");
            Applied::Invalid
        }
    };
    let closed = match applied {
        Applied::Included => changes.commit_transaction(),
        _ => changes.rollback_transaction(),
    };
    debug_assert!(closed.is_ok(), "opened above");
    applied
}
