//! Where a neuron says it can be reached.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An announced address: what the chain calls an axon. A neuron that serves nothing has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(pub SocketAddr);

impl Endpoint {
    /// From the chain's form: an integer address, 4 or 6 as its type, a port. None where the neuron serves nothing
    /// (address or port 0) or where the numbers make no address.
    pub fn from_chain(ip: u128, port: u16, ip_type: u8) -> Option<Self> {
        if ip == 0 || port == 0 {
            return None;
        }
        let ip = match ip_type {
            4 => IpAddr::V4(Ipv4Addr::from(u32::try_from(ip).ok()?)),
            6 => IpAddr::V6(Ipv6Addr::from(ip)),
            _ => return None,
        };
        Some(Self(SocketAddr::new(ip, port)))
    }

    /// The chain's form: address, port, type.
    pub fn to_chain(self) -> (u128, u16, u8) {
        match self.0.ip() {
            IpAddr::V4(ip) => (u128::from(u32::from(ip)), self.0.port(), 4),
            IpAddr::V6(ip) => (u128::from(ip), self.0.port(), 6),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Endpoint {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_form_round_trips() {
        for text in ["127.0.0.2:8091", "[2001:db8::1]:443"] {
            let endpoint: Endpoint = text.parse().unwrap();
            let (ip, port, ip_type) = endpoint.to_chain();
            assert_eq!(Endpoint::from_chain(ip, port, ip_type), Some(endpoint));
            assert_eq!(endpoint.to_string(), text);
        }
        assert_eq!("127.0.0.2:8091".parse::<Endpoint>().unwrap().to_chain(), (0x7f00_0002, 8091, 4));
    }

    #[test]
    fn what_serves_nothing_has_no_endpoint() {
        assert_eq!(Endpoint::from_chain(0, 8091, 4), None);
        assert_eq!(Endpoint::from_chain(0x7f00_0002, 0, 4), None);
        assert_eq!(Endpoint::from_chain(u128::MAX, 1, 4), None);
        assert_eq!(Endpoint::from_chain(1, 1, 5), None);
    }
}
