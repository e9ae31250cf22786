//! Going back: to a snapshot, or by a reorganisation.

use std::collections::VecDeque;

use sp_core::H256;

use crate::{
    author::{self, AuthorError, Making},
    blocks::Blocks,
    chain::{Authoring, Chain},
    dump::DumpError,
    journal::Journal,
    pool::{Pooled, Status},
};

/// So many milliseconds later than usual a block in place of another comes at most.
const NUDGES_MS: u64 = 1_000;

/// Blocks that can be gone back to, oldest first.
#[derive(Default)]
pub(crate) struct Snapshots {
    taken: VecDeque<Snapshot>,
    count: u64,
}

#[derive(Clone, Copy)]
struct Snapshot {
    id: u64,
    number: u32,
    hash: H256,
}

/// Why blocks were not replaced.
#[derive(Debug, thiserror::Error)]
pub enum ReorgError {
    /// What is final stays, and a reorganisation replaces something.
    #[error("{depth} blocks can't be replaced, but 1 to {possible}")]
    Depth {
        /// How many were to be replaced.
        depth: u32,
        /// Blocks that are not final and whose parent's state is kept.
        possible: u32,
    },
    /// The chain is shorter now: a block in place of another could not be made.
    #[error("a block could not be replaced")]
    Author(#[from] AuthorError),
}

/// Remember the best block. It can be gone back to for as long as its header is kept and until there are too many later
/// snapshots.
pub(crate) fn snapshot(chain: &Chain) -> u64 {
    let mut authoring = chain.authoring.lock();
    let (hash, header) = chain.blocks(Blocks::best);
    chain.change(&mut authoring, |blocks, _| blocks.pin(header.number));
    let snapshots = &mut authoring.snapshots;
    snapshots.count += 1;
    let id = snapshots.count;
    snapshots.taken.push_back(Snapshot { id, number: header.number, hash });
    while authoring.snapshots.taken.len() > chain.limits.snapshots.max(1)
        && let Some(oldest) = authoring.snapshots.taken.pop_front()
    {
        chain.change(&mut authoring, |blocks, nodes| blocks.unpin(oldest.number, nodes));
    }
    id
}

/// Go back to a snapshot. Nothing waits any more, and later snapshots are gone; this one can be gone back to again.
/// False where there is no such snapshot. On an error the chain has gone back, but did not write it down.
pub(crate) fn revert(chain: &Chain, id: u64) -> Result<bool, DumpError> {
    let mut authoring = chain.authoring.lock();
    let place = authoring.snapshots.taken.iter().position(|snapshot| snapshot.id == id);
    let Some(place) = place else { return Ok(false) };
    let Snapshot { number, hash, .. } = authoring.snapshots.taken[place];
    let later = authoring.snapshots.taken.split_off(place + 1);
    let went = chain.change(&mut authoring, |blocks, nodes| {
        let same = later.iter().filter(|snapshot| snapshot.number == number);
        same.for_each(|snapshot| blocks.unpin(snapshot.number, nodes));
        blocks.is_kept(number, hash) && blocks.truncate(number, nodes)
    });
    if !went {
        // Its header is no longer kept.
        authoring.snapshots.taken.pop_back();
        return Ok(false);
    }
    for pooled in retract(&mut authoring, number) {
        pooled.tell(Status::Dropped);
    }
    chain.pool.clear();
    authoring.clock.forget_travel();
    let written = match &mut authoring.journal {
        None => Ok(()),
        Some(journal) => {
            journal.went_back();
            journal.catch_up(|| chain.dump())
        }
    };
    chain.announce(None, None);
    written.map(|()| true)
}

/// Replace the last blocks by as many others. Their transactions wait again.
pub(crate) fn reorg(chain: &Chain, depth: u32) -> Result<(), ReorgError> {
    let mut authoring = chain.authoring.lock();
    let (best, possible) = chain.blocks(|blocks| (blocks.best().1.number, blocks.replaceable()));
    let may = (1..=possible).contains(&depth);
    if !may || !chain.change(&mut authoring, |blocks, nodes| blocks.truncate(best - depth, nodes)) {
        return Err(ReorgError::Depth { depth, possible });
    }
    authoring.journal.iter_mut().for_each(Journal::went_back);
    authoring.snapshots.taken.retain(|snapshot| snapshot.number <= best - depth);
    chain.pool.put_back(retract(&mut authoring, best - depth));
    authoring.reorganised += 1;
    for replaced in 0..depth {
        // None is like one that stood there before.
        let replaces_ms = if replaced == 0 { authoring.reorganised % NUDGES_MS + 1 } else { 0 };
        author::author(chain, &mut authoring, Making { replaces_ms, ..Making::default() })?;
    }
    Ok(())
}

/// The transactions of the blocks after `number`, in order.
fn retract(authoring: &mut Authoring, number: u32) -> Vec<Pooled> {
    let kept = authoring.unfinalised.iter().take_while(|(other, ..)| *other <= number).count();
    let mut retracted = Vec::new();
    for (_, hash, included) in authoring.unfinalised.split_off(kept) {
        included.iter().for_each(|pooled| pooled.tell(Status::Retracted(hash)));
        retracted.extend(included);
    }
    retracted
}
