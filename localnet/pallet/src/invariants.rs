//! The books: TAO and alpha are conserved, shares never promise more than there is, seats and keys match.
//!
//! A debug build closes the books after its blocks and stops where they don't match.

use std::collections::BTreeMap;

use frame_support::traits::fungible::Inspect;
use pallet_alpha_assets::{AlphaBurned, TotalAlphaIssuance};

use crate::*;

/// So many seats are counted in the time that a block takes anyway.
#[cfg(debug_assertions)]
const FEW_SEATS: u32 = 64;

/// Two numbers that should be equal, or whose first should not be larger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Violation<AccountId> {
    /// `TotalIssuance` is not the sum of all balances.
    Issuance { counted: u64, exists: u64 },
    /// `TotalStake` is not the sum of the TAO in all pools.
    TotalStake { counted: u64, pooled: u64 },
    /// A subnet's account holds less TAO than its pool has.
    SubnetTao { netuid: u16, pooled: u64, held: u64 },
    /// The alpha in and out of the pool is not what was minted and not recycled.
    AlphaIssuance { netuid: u16, counted: u64, exists: u64 },
    /// The alpha out of the pool is not what hotkeys have, what is pending, burned, bought by the chain and unassigned.
    AlphaOut { netuid: u16, out: u64, accounted: u64 },
    /// The coldkeys on a hotkey have more than the hotkey.
    Shares { netuid: u16, hotkey: AccountId, total: u64, shared: u64 },
    /// A seat without its key, or a key without its seat.
    Seats { netuid: u16, seats: u16, matched: u16 },
}

impl<T: Config> Pallet<T> {
    /// Everything that does not match. Reads all stakes of all networks.
    pub fn violations() -> Vec<Violation<T::AccountId>> {
        let mut found = Self::tao_violations();
        let staked = Self::staked_by_network();
        for netuid in core::iter::once(ROOT).chain(Self::subnets()) {
            let hotkeys = staked.get(&netuid).map(Vec::as_slice).unwrap_or_default();
            found.extend(Self::alpha_violations(netuid, hotkeys));
            found.extend(Self::seat_violation(netuid));
        }
        found
    }

    /// Of TAO alone. Cheap.
    fn tao_violations() -> Vec<Violation<T::AccountId>> {
        let mut found = Vec::new();
        let (counted, exists) = (TotalIssuance::<T>::get(), T::Currency::total_issuance());
        if counted != exists {
            found.push(Violation::Issuance { counted, exists });
        }
        let mut all_pooled = 0u64;
        for netuid in core::iter::once(ROOT).chain(Self::subnets()) {
            let pooled = SubnetTAO::<T>::get(netuid);
            all_pooled = all_pooled.saturating_add(pooled);
            let held = T::Currency::balance(&Self::subnet_account(netuid));
            if held < pooled {
                found.push(Violation::SubnetTao { netuid, pooled, held });
            }
        }
        let counted = TotalStake::<T>::get();
        if counted != all_pooled {
            found.push(Violation::TotalStake { counted, pooled: all_pooled });
        }
        found
    }

    fn alpha_violations(netuid: u16, staked: &[(T::AccountId, u64)]) -> Vec<Violation<T::AccountId>> {
        let mut found = Vec::new();
        let out = SubnetAlphaOut::<T>::get(netuid);
        // Root's alpha is TAO: it is neither minted nor in a pool.
        let (counted, exists) = (TotalAlphaIssuance::<T>::get(netuid), Self::alpha_issuance(netuid));
        if netuid != ROOT && counted != exists {
            found.push(Violation::AlphaIssuance { netuid, counted, exists });
        }
        let beside = [
            PendingServerEmission::<T>::get(netuid),
            PendingValidatorEmission::<T>::get(netuid),
            PendingRootAlphaDivs::<T>::get(netuid),
            PendingOwnerCut::<T>::get(netuid),
            SubnetProtocolAlpha::<T>::get(netuid),
            AlphaBurned::<T>::get(netuid),
            UnassignedAlpha::<T>::get(netuid),
        ];
        let accounted = staked.iter().map(|stake| stake.1).chain(beside).fold(0u64, u64::saturating_add);
        if out != accounted {
            found.push(Violation::AlphaOut { netuid, out, accounted });
        }
        for (hotkey, total) in staked {
            let coldkeys = Self::coldkeys_on(hotkey, netuid);
            let stakes = coldkeys.iter().map(|coldkey| Self::stake_of(hotkey, coldkey, netuid));
            let shared = stakes.fold(0u64, u64::saturating_add);
            if shared > *total {
                found.push(Violation::Shares { netuid, hotkey: hotkey.clone(), total: *total, shared });
            }
        }
        found
    }

    fn seat_violation(netuid: u16) -> Option<Violation<T::AccountId>> {
        let seats = SubnetworkN::<T>::get(netuid);
        let sits =
            |uid: &u16| Keys::<T>::try_get(netuid, uid).is_ok_and(|key| Uids::<T>::get(netuid, key) == Some(*uid));
        let matched = (0..seats).filter(sits).count();
        let keys = [Keys::<T>::iter_key_prefix(netuid).count(), Uids::<T>::iter_key_prefix(netuid).count()];
        let whole = usize::from(seats);
        let matched = if keys == [whole, whole] { matched } else { 0 };
        (matched != whole).then(|| Violation::Seats { netuid, seats, matched: u16::try_from(matched).unwrap_or(0) })
    }

    fn staked_by_network() -> BTreeMap<u16, Vec<(T::AccountId, u64)>> {
        let mut all: BTreeMap<u16, Vec<(T::AccountId, u64)>> = BTreeMap::new();
        for (hotkey, netuid, alpha) in TotalHotkeyAlpha::<T>::iter() {
            all.entry(netuid).or_default().push((hotkey, alpha));
        }
        all
    }

    /// Everything after every block, but where many seats make that slow: there the TAO, and the rest every eighth.
    #[cfg(debug_assertions)]
    pub(crate) fn assert_books() {
        let seats = Self::subnets().into_iter().map(SubnetworkN::<T>::get).fold(0u32, |sum, n| sum + u32::from(n));
        let eighth = Self::current_block().is_multiple_of(8);
        let mut found = if eighth || seats <= FEW_SEATS { Self::violations() } else { Self::tao_violations() };
        // Balances has calls of its own that burn and set. Seats out of order skip an epoch, which a test looks at.
        found.retain(|violation| match violation {
            Violation::Issuance { .. } => false,
            Violation::Seats { .. } => eighth,
            _ => true,
        });
        assert!(found.is_empty(), "the books of block {} don't match: {found:?}", Self::current_block());
    }
}
