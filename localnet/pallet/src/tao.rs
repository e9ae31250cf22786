//! TAO: what becomes of it when it is issued, moved, recycled or burned. [`TotalIssuance`] counts it beside the balances.

use frame_support::{
    ensure,
    pallet_prelude::{DispatchError, DispatchResult},
    traits::{
        Get,
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
};
use sp_runtime::traits::AccountIdConversion;

use crate::*;

/// There will never be more, in rao.
const SUPPLY: u64 = 21_000_000_000_000_000;

impl<T: Config> Pallet<T> {
    /// Where a subnet's TAO lies.
    pub fn subnet_account(netuid: u16) -> T::AccountId {
        T::SubtensorPalletId::get().into_sub_account_truncating(netuid)
    }

    /// Where burned TAO lies.
    pub fn burn_account() -> T::AccountId {
        Self::burn_account_id().into_account_truncating()
    }

    /// Whether an account is a subnet's.
    pub(crate) fn is_subnet_account(account: &T::AccountId) -> bool {
        frame_support::PalletId::try_from_sub_account::<u16>(account)
            .is_some_and(|(pallet, _)| pallet == T::SubtensorPalletId::get())
    }

    /// Whether a coldkey can pay and stay alive.
    pub(crate) fn can_pay(coldkey: &T::AccountId, amount: u64) -> bool {
        T::Currency::reducible_balance(coldkey, Preservation::Preserve, Fortitude::Polite) >= amount
    }

    /// Whether a coldkey has an amount, if it need not stay alive.
    pub(crate) fn has_tao(coldkey: &T::AccountId, amount: u64) -> bool {
        T::Currency::reducible_balance(coldkey, Preservation::Expendable, Fortitude::Polite) >= amount
    }

    /// New TAO for an account. Returns how much: less than asked for at the end of the supply.
    pub(crate) fn issue_tao(account: &T::AccountId, amount: u64) -> u64 {
        let amount = amount.min(SUPPLY.saturating_sub(T::Currency::total_issuance()));
        if amount == 0 || T::Currency::mint_into(account, amount).is_err() {
            return 0;
        }
        TotalIssuance::<T>::mutate(|total| *total = total.saturating_add(amount));
        amount
    }

    /// Into a subnet's account, at most what leaves the coldkey alive. Returns how much.
    pub(crate) fn tao_to_subnet(netuid: u16, coldkey: &T::AccountId, amount: u64) -> Result<u64, DispatchError> {
        if amount == 0 {
            return Ok(0);
        }
        let alive = T::Currency::reducible_balance(coldkey, Preservation::Preserve, Fortitude::Polite);
        let amount = amount.min(alive);
        ensure!(amount > 0, Error::<T>::InsufficientBalance);
        T::Currency::transfer(coldkey, &Self::subnet_account(netuid), amount, Preservation::Preserve)
    }

    /// Out of a subnet's account.
    pub(crate) fn tao_from_subnet(netuid: u16, to: &T::AccountId, amount: u64) -> DispatchResult {
        Self::move_tao(&Self::subnet_account(netuid), to, amount)
    }

    /// From one account to another, which may empty the first.
    pub(crate) fn move_tao(from: &T::AccountId, to: &T::AccountId, amount: u64) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        ensure!(Self::has_tao(from, amount), Error::<T>::InsufficientBalance);
        T::Currency::transfer(from, to, amount, Preservation::Expendable).map(|_| ())
    }

    /// Take TAO of an account out of the issuance, at most what leaves it alive. Returns how much.
    pub(crate) fn recycle_tao(account: &T::AccountId, amount: u64) -> u64 {
        let alive = T::Currency::reducible_balance(account, Preservation::Preserve, Fortitude::Polite);
        let (preserve, exact, polite) = (Preservation::Preserve, Precision::Exact, Fortitude::Polite);
        let taken = T::Currency::burn_from(account, amount.min(alive), preserve, exact, polite).unwrap_or_default();
        Self::note_recycled(taken);
        taken
    }

    /// TAO left the balances for good: a fee, or what a dead account had left.
    pub fn note_recycled(amount: u64) {
        TotalIssuance::<T>::mutate(|total| *total = total.saturating_sub(amount));
    }

    /// The fee of a trade stays issued and belongs to nobody: no account makes these blocks. Where the account of the
    /// burned cannot be made for so little, it stays with the subnet.
    pub(crate) fn burn_tao_of_subnet(netuid: u16, amount: u64) {
        let _ = Self::tao_from_subnet(netuid, &Self::burn_account(), amount);
    }
}
