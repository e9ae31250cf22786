//! Each block: TAO and alpha are issued, and the epochs that are due run and pay.

use scoring::emission::Pending;

use crate::*;

impl<T: Config> Pallet<T> {
    pub(crate) fn run_coinbase() {
        let subnets = Self::subnets();
        let running = Self::subnets_to_emit_to(&subnets);
        Self::emit(&running);
        // All are drained before any is paid, as on the chain.
        let drained = Self::drain_pending(&subnets);
        for (netuid, pending) in drained {
            Self::pay_epoch(netuid, pending);
            LastMechansimStepBlock::<T>::insert(netuid, Self::current_block());
        }
        for netuid in running {
            Self::update_moving_price(netuid);
            RootProp::<T>::insert(netuid, Self::root_proportion(netuid));
        }
        Self::claim_root_for_some();
    }

    /// The subnets whose epoch runs in this block, with what they have to pay out. The schedule moves on even where
    /// the epoch cannot run.
    fn drain_pending(subnets: &[u16]) -> Vec<(u16, Pending)> {
        let block = Self::current_block();
        let mut drained = Vec::new();
        for &netuid in subnets {
            BlocksSinceLastStep::<T>::mutate(netuid, |blocks| *blocks = blocks.saturating_add(1));
            if !Self::should_run_epoch(netuid, block) {
                continue;
            }
            if drained.len() >= usize::from(MaxEpochsPerBlock::<T>::get()) {
                let to_block = block.saturating_add(1);
                PendingEpochAt::<T>::insert(netuid, to_block);
                Self::deposit_event(Event::EpochDeferred { netuid, from_block: block, to_block });
                continue;
            }
            if Self::epoch_state_is_consistent(netuid) {
                BlocksSinceLastStep::<T>::insert(netuid, 0);
                let pending = Pending {
                    server: PendingServerEmission::<T>::take(netuid),
                    validator: PendingValidatorEmission::<T>::take(netuid),
                    root: PendingRootAlphaDivs::<T>::take(netuid),
                    owner_cut: PendingOwnerCut::<T>::take(netuid),
                };
                drained.push((netuid, pending));
            } else {
                Self::deposit_event(Event::EpochSkipped { netuid, block });
            }
            LastEpochBlock::<T>::insert(netuid, block);
            PendingEpochAt::<T>::insert(netuid, 0);
            SubnetEpochIndex::<T>::mutate(netuid, |index| *index = index.saturating_add(1));
        }
        drained
    }

    /// Whether every seat has its key, both ways.
    fn epoch_state_is_consistent(netuid: u16) -> bool {
        (0..SubnetworkN::<T>::get(netuid))
            .all(|uid| Keys::<T>::try_get(netuid, uid).is_ok_and(|hotkey| Uids::<T>::get(netuid, hotkey) == Some(uid)))
    }
}
