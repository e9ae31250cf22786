//! Some fields of a metagraph, by their places.

use std::collections::BTreeSet;

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use super::{compact, metagraph::metagraph_fields};
use crate::*;

/// Commitments by hotkey, encoded as they are stored.
type Commitments<AccountId> = Vec<(AccountId, Vec<u8>)>;

macro_rules! selective {
    ($($field:ident: $kind:ty,)*) => {
        /// A [`Metagraph`] of which only what was asked for is there.
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
        #[allow(missing_docs)]
        pub struct SelectiveMetagraph<AccountId> {
            pub netuid: Compact<u16>,
            $(pub $field: Option<$kind>,)*
            /// Uids with a permit and stake above the threshold, by rising stake.
            pub validators: Option<Vec<Compact<u16>>>,
            pub commitments: Option<Vec<(AccountId, Vec<Compact<u8>>)>>,
        }

        impl<AccountId> SelectiveMetagraph<AccountId> {
            fn of(
                graph: Metagraph<AccountId>,
                asked: &BTreeSet<u16>,
                validators: Vec<Compact<u16>>,
                commitments: impl FnOnce() -> Commitments<AccountId>,
            ) -> Self {
                // Fields are evaluated as they are written, so each sees its own place.
                let mut place = 0;
                let mut next_is_asked = || {
                    place += 1;
                    asked.contains(&place)
                };
                Self {
                    // Who does not ask for the netuid is told root's.
                    netuid: if asked.contains(&0) { graph.netuid } else { Compact(ROOT) },
                    $($field: next_is_asked().then_some(graph.$field),)*
                    validators: next_is_asked().then_some(validators),
                    commitments: next_is_asked()
                        .then(|| commitments().into_iter().map(|(hotkey, bytes)| (hotkey, compact(bytes))).collect()),
                }
            }
        }
    };
}
metagraph_fields!(selective);

impl<T: Config> Pallet<T> {
    /// The fields of a subnet's metagraph at `indexes`; 0 is its netuid, 72 its validators, 73 its `commitments`,
    /// which another pallet has.
    pub fn get_selective_metagraph(
        netuid: u16,
        indexes: Vec<u16>,
        commitments: impl FnOnce() -> Commitments<T::AccountId>,
    ) -> Option<SelectiveMetagraph<T::AccountId>> {
        let graph = Self::get_metagraph(netuid)?;
        Some(Self::select(netuid, graph, indexes, commitments))
    }

    /// The same of one mechanism; the netuid is always there, and the subnet's.
    pub fn get_selective_mechagraph(
        netuid: u16,
        mecid: u8,
        indexes: Vec<u16>,
        commitments: impl FnOnce() -> Commitments<T::AccountId>,
    ) -> Option<SelectiveMetagraph<T::AccountId>> {
        let index = Self::storage_index(netuid, mecid);
        let graph = Metagraph {
            // Of a mechanism that does not exist these are empty, and the rest is there all the same.
            last_update: compact(LastUpdate::<T>::get(index)),
            incentives: compact(Incentive::<T>::get(index)),
            ..Self::get_metagraph(netuid)?
        };
        let selected = Self::select(netuid, graph, indexes, commitments);
        Some(SelectiveMetagraph { netuid: Compact(netuid), ..selected })
    }

    fn select(
        netuid: u16,
        graph: Metagraph<T::AccountId>,
        indexes: Vec<u16>,
        commitments: impl FnOnce() -> Commitments<T::AccountId>,
    ) -> SelectiveMetagraph<T::AccountId> {
        let threshold = (StakeThreshold::<T>::get(), 0);
        let mut validators: Vec<((u64, u32), u16)> = (0u16..)
            .zip(graph.hotkeys.iter().zip(&graph.validator_permit))
            .filter(|(_, (_, permit))| **permit)
            .map(|(uid, (hotkey, _))| (Self::stake_weight(hotkey, netuid), uid))
            .filter(|(stake, _)| *stake > threshold)
            .collect();
        validators.sort_unstable();
        let validators = validators.into_iter().map(|(_, uid)| Compact(uid)).collect();
        SelectiveMetagraph::of(graph, &indexes.into_iter().collect(), validators, commitments)
    }
}
