//! Makes blocks.

use codec::Encode;
use node_subtensor_runtime::{Executive, Header, SLOT_DURATION_MS, UncheckedExtrinsic, inherents};
use sp_inherents::InherentData;
use sp_runtime::{
    Digest,
    traits::Header as _,
    transaction_validity::{InvalidTransaction, TransactionValidityError},
};

use crate::{
    chain::{Chain, Imported},
    executor::{self, Changes, Panicked},
    pool::{self, Pooled, Status},
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
}

/// Make a block of what waits in the pool.
pub(crate) fn author_block(chain: &Chain) -> Result<Imported, AuthorError> {
    let _alone = chain.authoring.lock();
    let (parent_hash, parent_number) = chain.blocks(|blocks| {
        let (hash, header) = blocks.best();
        (hash, header.number)
    });
    let number = parent_number.saturating_add(1);
    let failed = |source| AuthorError::Runtime { number, source };
    let (_, state) = chain.best_state();
    let mut changes = Changes::default();
    let opening = Header::new(number, Default::default(), Default::default(), parent_hash, Digest::default());
    executor::execute(&state, &mut changes, || Executive::initialize_block(&opening)).map_err(failed)?;

    let mut body = Vec::new();
    set_clock(chain, number, &state, &mut changes, &mut body)?;
    chain.pulses.write_due(&state, &mut changes, &mut body);
    let filled = fill(chain.pool.take(), &state, &mut changes, &mut body);

    let sealed =
        executor::execute(&state, &mut changes, Executive::finalize_block).map_err(failed).and_then(|header| {
            let drained = changes
                .drain_storage_changes(&state, STATE_VERSION)
                .map_err(|reason| AuthorError::State { number, reason: reason.to_string() })?;
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
    let changed = drained.main_storage_changes.into_iter().map(|(key, _)| key).collect();
    let imported = chain.import(header, body, drained.transaction, changed);
    for pooled in filled.included {
        pooled.tell(Status::InBlock(imported.hash));
        pooled.tell(Status::Finalized(imported.hash));
    }
    tracing::debug!(number, hash = ?imported.hash, "block made");
    Ok(imported)
}

/// The clock is simulated: every block is one slot later, however fast blocks are made.
fn set_clock(
    chain: &Chain,
    number: u32,
    state: &State,
    changes: &mut Changes,
    body: &mut Vec<Vec<u8>>,
) -> Result<(), AuthorError> {
    let failed = |source| AuthorError::Runtime { number, source };
    let refused = |reason: String| AuthorError::Clock { number, reason };
    let now = chain.started_ms.saturating_add(u64::from(number).saturating_mul(SLOT_DURATION_MS));
    let mut data = InherentData::new();
    data.put_data(sp_timestamp::INHERENT_IDENTIFIER, &now).map_err(|error| refused(error.to_string()))?;
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
fn fill(waiting: Vec<Pooled>, state: &State, changes: &mut Changes, body: &mut Vec<Vec<u8>>) -> Filled {
    let (mut included, mut unused, mut early) = (Vec::new(), Vec::new(), waiting);
    loop {
        let before = included.len();
        for pooled in std::mem::take(&mut early) {
            let Ok(extrinsic) = pool::decode(&pooled.bytes) else { continue };
            match apply(extrinsic, state, changes) {
                Applied::Included => {
                    body.push(pooled.bytes.clone());
                    included.push(pooled);
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
