//! Runs the runtime: each call in its own externalities, a panic of it contained.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sp_externalities::{Extensions, set_and_run_with_externalities};
use sp_runtime::traits::BlakeTwo256;
use sp_state_machine::{Ext, OverlayedChanges};

use crate::state::State;

/// The changes that a block or a call makes on top of a state.
pub(crate) type Changes = OverlayedChanges<BlakeTwo256>;

/// The runtime panicked; the changes of that call are undone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the runtime panicked: {message}")]
pub struct Panicked {
    /// What it said.
    pub message: String,
}

/// Run `f` over a state, keeping its changes in `changes`.
pub(crate) fn execute<R>(state: &State, changes: &mut Changes, f: impl FnOnce() -> R) -> Result<R, Panicked> {
    let mut extensions = Extensions::new();
    changes.enter_runtime().map_err(|_| Panicked { message: "called from within the runtime".to_owned() })?;
    let result = {
        let mut externalities = Ext::new(changes, state, Some(&mut extensions));
        catch_unwind(AssertUnwindSafe(|| set_and_run_with_externalities(&mut externalities, f)))
    };
    // Rolls back the storage transactions that a panic left open.
    let left = changes.exit_runtime();
    match result {
        Ok(_) if left.is_err() => Err(Panicked { message: "left a storage transaction open".to_owned() }),
        Ok(value) => Ok(value),
        Err(payload) => Err(Panicked {
            message: payload
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_else(|| "no message".to_owned()),
        }),
    }
}

/// Run `f` over a state and forget its changes.
pub(crate) fn read<R>(state: &State, f: impl FnOnce() -> R) -> Result<R, Panicked> {
    execute(state, &mut Changes::default(), f)
}

#[cfg(test)]
mod tests {
    use frame_support::storage::{TransactionOutcome, unhashed, with_transaction_unchecked};

    use super::*;
    use crate::state::NodeStore;

    fn empty() -> State {
        // An empty trie's root is known without any node.
        NodeStore::default().reader().state(sp_trie::empty_trie_root::<sp_trie::LayoutV1<BlakeTwo256>>())
    }

    #[test]
    fn a_panic_is_contained_and_the_next_call_runs() {
        let (state, mut changes) = (empty(), Changes::default());
        execute(&state, &mut changes, || unhashed::put(b"kept", &1u32)).unwrap();
        let panicked = execute(&state, &mut changes, || {
            with_transaction_unchecked(|| -> TransactionOutcome<()> {
                unhashed::put(b"lost", &2u32);
                panic!("pallet bug {}", 7)
            })
        });
        assert_eq!(panicked, Err(Panicked { message: "pallet bug 7".to_owned() }));
        let after = execute(&state, &mut changes, || (unhashed::get::<u32>(b"kept"), unhashed::get::<u32>(b"lost")));
        assert_eq!(after, Ok((Some(1), None)));
    }
}
