//! A hotkey and what belongs to it, seated or not.

use primitives::{Coldkey, Hotkey};

use super::Chain;

/// A hotkey.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub hotkey: Hotkey,
    /// Who owns it.
    pub coldkey: Coldkey,
    /// Alpha staked to it, in rao.
    pub alpha: u64,
    /// TAO staked to it on root, in rao.
    pub root: u64,
    /// Of 65535.
    pub take: u16,
    /// Its uid.
    pub seat: Option<u16>,
}

impl Chain {
    /// The place of a hotkey's account; a new one belongs to this coldkey.
    pub(super) fn account(&mut self, hotkey: Hotkey, coldkey: Coldkey, take: u16) -> usize {
        let next = self.accounts.len();
        let account = *self.by_hotkey.entry(hotkey).or_insert(next);
        if account == next {
            self.accounts.push(Account { hotkey, coldkey, alpha: 0, root: 0, take, seat: None });
        }
        account
    }

    /// Alpha staked to a hotkey is sold, at most what is there. Returns how much, in rao. Its price isn't followed, and
    /// the issuance is that of before: the pool has it.
    pub fn sell(&mut self, hotkey: &Hotkey, amount: u64) -> u64 {
        let Some(account) = self.by_hotkey.get(hotkey) else { return 0 };
        let account = &mut self.accounts[*account];
        let sold = amount.min(account.alpha);
        account.alpha -= sold;
        sold
    }
}
