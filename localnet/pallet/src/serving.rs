//! Axons: where a hotkey says it serves.

use frame_support::{ensure, pallet_prelude::DispatchResult};

use crate::*;

const LOOPBACK_V4: u128 = 0x7f00_0001;
const LOOPBACK_V6: u128 = 1;

impl<T: Config> Pallet<T> {
    pub(crate) fn do_serve_axon(
        hotkey: T::AccountId,
        netuid: u16,
        mut axon: AxonInfo,
        certificate: Option<Vec<u8>>,
    ) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        Self::validate_serve_axon(&hotkey, netuid, &axon)?;
        if let Some(certificate) = certificate.as_deref().and_then(NeuronCertificate::from_bytes) {
            NeuronCertificates::<T>::insert(netuid, &hotkey, certificate);
        }
        axon.block = Self::current_block();
        Axons::<T>::insert(netuid, &hotkey, axon);
        Self::deposit_event(Event::AxonServed(netuid, hotkey));
        Ok(())
    }

    /// Address 0 is allowed: it takes the announcement back.
    pub(crate) fn validate_serve_axon(hotkey: &T::AccountId, netuid: u16, axon: &AxonInfo) -> Result<(), Error<T>> {
        ensure!(Uids::<T>::contains_key(netuid, hotkey), Error::HotKeyNotRegisteredInNetwork);
        let good = match axon.ip_type {
            4 => axon.ip < u128::from(u32::MAX) && axon.ip != LOOPBACK_V4,
            6 => axon.ip < u128::MAX && axon.ip != LOOPBACK_V6,
            _ => return Err(Error::InvalidIpType),
        };
        ensure!(good, Error::InvalidIpAddress);
        let limit = ServingRateLimit::<T>::get(netuid);
        let last = Axons::<T>::get(netuid, hotkey).map_or(0, |axon| axon.block);
        let waited = Self::current_block().saturating_sub(last);
        ensure!(limit == 0 || last == 0 || waited >= limit, Error::ServingRateLimitExceeded);
        ensure!(axon.port != 0, Error::InvalidPort);
        Ok(())
    }
}
