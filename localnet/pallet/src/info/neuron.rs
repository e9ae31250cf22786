//! A neuron: one seat of a subnet.

use codec::{Compact, Decode, Encode};
use scale_info::TypeInfo;

use crate::*;

macro_rules! neuron_info {
    ($(#[$doc:meta])* $name:ident { $($extra:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
        #[allow(missing_docs)]
        pub struct $name<AccountId> {
            pub hotkey: AccountId,
            pub coldkey: AccountId,
            pub uid: Compact<u16>,
            pub netuid: Compact<u16>,
            pub active: bool,
            pub axon_info: AxonInfo,
            pub prometheus_info: PrometheusInfo,
            pub stake: Vec<(AccountId, Compact<u64>)>,
            pub rank: Compact<u16>,
            pub emission: Compact<u64>,
            pub incentive: Compact<u16>,
            pub consensus: Compact<u16>,
            pub trust: Compact<u16>,
            pub validator_trust: Compact<u16>,
            pub dividends: Compact<u16>,
            pub last_update: Compact<u64>,
            pub validator_permit: bool,
            $(pub $extra: $kind,)*
            pub pruning_score: Compact<u16>,
        }
    };
}

neuron_info! {
    /// A neuron with its rows.
    NeuronInfo {
        weights: Vec<(Compact<u16>, Compact<u16>)>,
        bonds: Vec<(Compact<u16>, Compact<u16>)>,
    }
}
neuron_info! {
    /// A neuron without its rows.
    NeuronInfoLite {}
}

impl<T: Config> Pallet<T> {
    /// All neurons of a subnet, by uid.
    pub fn get_neurons_lite(netuid: u16) -> Vec<NeuronInfoLite<T::AccountId>> {
        let table = Table::<T>::read(netuid);
        (0..table.seats).map(|uid| table.neuron(uid)).collect()
    }

    /// One neuron.
    pub fn get_neuron_lite(netuid: u16, uid: u16) -> Option<NeuronInfoLite<T::AccountId>> {
        let table = Table::<T>::read(netuid);
        (uid < table.seats).then(|| table.neuron(uid))
    }

    /// All neurons of a subnet with their rows, by uid.
    pub fn get_neurons(netuid: u16) -> Vec<NeuronInfo<T::AccountId>> {
        Self::get_neurons_lite(netuid).into_iter().map(Self::with_rows).collect()
    }

    /// One neuron with its rows.
    pub fn get_neuron(netuid: u16, uid: u16) -> Option<NeuronInfo<T::AccountId>> {
        Self::get_neuron_lite(netuid, uid).map(Self::with_rows)
    }

    fn with_rows(lite: NeuronInfoLite<T::AccountId>) -> NeuronInfo<T::AccountId> {
        let row = |row: Vec<(u16, u16)>| {
            row.into_iter().filter(|entry| entry.1 > 0).map(|(uid, value)| (Compact(uid), Compact(value))).collect()
        };
        NeuronInfo {
            weights: row(Weights::<T>::get(lite.netuid.0, lite.uid.0)),
            bonds: row(Bonds::<T>::get(lite.netuid.0, lite.uid.0)),
            hotkey: lite.hotkey,
            coldkey: lite.coldkey,
            uid: lite.uid,
            netuid: lite.netuid,
            active: lite.active,
            axon_info: lite.axon_info,
            prometheus_info: lite.prometheus_info,
            stake: lite.stake,
            rank: lite.rank,
            emission: lite.emission,
            incentive: lite.incentive,
            consensus: lite.consensus,
            trust: lite.trust,
            validator_trust: lite.validator_trust,
            dividends: lite.dividends,
            last_update: lite.last_update,
            validator_permit: lite.validator_permit,
            pruning_score: lite.pruning_score,
        }
    }
}

/// The vectors of a subnet, read once.
struct Table<T: Config> {
    netuid: u16,
    seats: u16,
    active: Vec<bool>,
    emission: Vec<u64>,
    incentive: Vec<u16>,
    consensus: Vec<u16>,
    validator_trust: Vec<u16>,
    dividends: Vec<u16>,
    last_update: Vec<u64>,
    validator_permit: Vec<bool>,
    runtime: core::marker::PhantomData<T>,
}

impl<T: Config> Table<T> {
    fn read(netuid: u16) -> Self {
        Self {
            netuid,
            seats: SubnetworkN::<T>::get(netuid),
            active: Active::<T>::get(netuid),
            emission: Emission::<T>::get(netuid),
            incentive: Incentive::<T>::get(netuid),
            consensus: Consensus::<T>::get(netuid),
            validator_trust: ValidatorTrust::<T>::get(netuid),
            dividends: Dividends::<T>::get(netuid),
            last_update: LastUpdate::<T>::get(netuid),
            validator_permit: ValidatorPermit::<T>::get(netuid),
            runtime: core::marker::PhantomData,
        }
    }

    fn neuron(&self, uid: u16) -> NeuronInfoLite<T::AccountId> {
        fn at<V: Copy + Default>(all: &[V], uid: u16) -> V {
            all.get(usize::from(uid)).copied().unwrap_or_default()
        }
        let netuid = self.netuid;
        let hotkey = Keys::<T>::get(netuid, uid);
        let coldkey = Owner::<T>::get(&hotkey);
        NeuronInfoLite {
            axon_info: Axons::<T>::get(netuid, &hotkey).unwrap_or_default(),
            prometheus_info: Prometheus::<T>::get(netuid, &hotkey).unwrap_or_default(),
            stake: vec![(coldkey.clone(), Compact(TotalHotkeyAlpha::<T>::get(&hotkey, netuid)))],
            hotkey,
            coldkey,
            uid: Compact(uid),
            netuid: Compact(netuid),
            active: at(&self.active, uid),
            // The chain no longer computes rank, trust and pruning score.
            rank: Compact(0),
            trust: Compact(0),
            pruning_score: Compact(u16::MAX),
            emission: Compact(at(&self.emission, uid)),
            incentive: Compact(at(&self.incentive, uid)),
            consensus: Compact(at(&self.consensus, uid)),
            validator_trust: Compact(at(&self.validator_trust, uid)),
            dividends: Compact(at(&self.dividends, uid)),
            last_update: Compact(at(&self.last_update, uid)),
            validator_permit: at(&self.validator_permit, uid),
        }
    }
}
