//! What a miner announces of how to reach it.

use primitives::{Certificate, Endpoint, Neuron, TlsPin};

/// Where a miner serves, and the key that its connections must end at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Axon {
    /// Where.
    pub endpoint: Endpoint,
    /// Announced on chain; where it isn't, the miner's signed description says it.
    pub pin: Option<TlsPin>,
}

impl Axon {
    /// What a neuron announces; none where it serves nothing.
    pub fn of(neuron: &Neuron) -> Option<Self> {
        let pin = neuron.certificate.as_ref().and_then(Certificate::pin);
        Some(Self { endpoint: neuron.endpoint?, pin })
    }

    /// Whether nothing is encrypted: only on this machine, and only where no key was announced.
    pub(crate) fn is_plain(&self) -> bool {
        self.pin.is_none() && self.endpoint.0.ip().to_canonical().is_loopback()
    }
}

/// An address that was named by hand, with nothing known of its key.
impl From<Endpoint> for Axon {
    fn from(endpoint: Endpoint) -> Self {
        Self { endpoint, pin: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_plain_and_only_without_a_key() {
        let axon = |address: &str| Axon::from(address.parse::<Endpoint>().unwrap());
        assert!(axon("127.0.0.2:1").is_plain());
        assert!(!axon("192.0.2.1:1").is_plain());
        assert!(!Axon { pin: Some(TlsPin([1; 32])), ..axon("127.0.0.2:1") }.is_plain());
    }
}
