//! Where a hotkey says it serves: its axon, and its metrics.

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
        validate_address(axon.ip_type, axon.ip)?;
        let last = Axons::<T>::get(netuid, hotkey).map_or(0, |axon| axon.block);
        ensure!(Self::has_waited_for_serving(netuid, last), Error::ServingRateLimitExceeded);
        ensure!(axon.port != 0, Error::InvalidPort);
        Ok(())
    }

    pub(crate) fn do_serve_prometheus(
        hotkey: T::AccountId,
        netuid: u16,
        mut prometheus: PrometheusInfo,
    ) -> DispatchResult {
        ensure!(NetworksAdded::<T>::get(netuid), Error::<T>::SubnetNotExists);
        Self::validate_serve_prometheus(&hotkey, netuid, &prometheus)?;
        prometheus.block = Self::current_block();
        Prometheus::<T>::insert(netuid, &hotkey, prometheus);
        Self::deposit_event(Event::PrometheusServed(netuid, hotkey));
        Ok(())
    }

    /// Unlike an axon's, the address may not be 0, and it is looked at first.
    pub(crate) fn validate_serve_prometheus(
        hotkey: &T::AccountId,
        netuid: u16,
        prometheus: &PrometheusInfo,
    ) -> Result<(), Error<T>> {
        validate_address(prometheus.ip_type, prometheus.ip)?;
        ensure!(prometheus.ip != 0, Error::InvalidIpAddress);
        ensure!(Uids::<T>::contains_key(netuid, hotkey), Error::HotKeyNotRegisteredInNetwork);
        let last = Prometheus::<T>::get(netuid, hotkey).map_or(0, |prometheus| prometheus.block);
        ensure!(Self::has_waited_for_serving(netuid, last), Error::ServingRateLimitExceeded);
        ensure!(prometheus.port != 0, Error::InvalidPort);
        Ok(())
    }

    fn has_waited_for_serving(netuid: u16, last: u64) -> bool {
        let limit = ServingRateLimit::<T>::get(netuid);
        limit == 0 || last == 0 || Self::current_block().saturating_sub(last) >= limit
    }
}

/// Private addresses are allowed, loopback is not.
fn validate_address<T>(ip_type: u8, ip: u128) -> Result<(), Error<T>> {
    let good = match ip_type {
        4 => ip < u128::from(u32::MAX) && ip != LOOPBACK_V4,
        6 => ip < u128::MAX && ip != LOOPBACK_V6,
        _ => return Err(Error::InvalidIpType),
    };
    ensure!(good, Error::InvalidIpAddress);
    Ok(())
}
