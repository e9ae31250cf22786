//! Where fees and the dust of dead accounts go: out of the issuance. On the chain a fee goes to the block's author; here
//! there is none.

use frame_support::traits::{Imbalance, OnUnbalanced, fungible::Credit};

use crate::{AccountId, Balances, SubtensorModule};

pub struct Recycle;

impl OnUnbalanced<Credit<AccountId, Balances>> for Recycle {
    /// The balances forget the credit when it is dropped.
    fn on_nonzero_unbalanced(credit: Credit<AccountId, Balances>) {
        SubtensorModule::note_recycled(credit.peek());
    }
}
