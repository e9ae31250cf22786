//! Hotkeys and coldkeys: 32-byte sr25519 public keys, written as SS58 addresses with the chain's prefix 42.

use std::{fmt, str::FromStr};

use base58::{FromBase58, ToBase58};
use blake2::{Blake2b512, Digest as _};
use codec::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The generic Substrate prefix, which Subtensor uses.
const SS58_PREFIX: u8 = 42;

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// A character outside the base-58 alphabet.
    #[error("not an SS58 address: invalid base-58")]
    Base58,
    /// Too short or too long.
    #[error("not an SS58 address of a 32-byte key: {0} bytes")]
    Length(usize),
    /// Another network's address.
    #[error("SS58 prefix {0} is not this chain's 42")]
    Prefix(u8),
    /// Mistyped.
    #[error("SS58 checksum does not match: mistyped address?")]
    Checksum,
}

macro_rules! account {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&to_ss58(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = AccountError;

            fn from_str(text: &str) -> Result<Self, AccountError> {
                from_ss58(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

account! {
    /// The key that signs for a neuron: it lives on the machine that works.
    Hotkey
}
account! {
    /// The key that owns stake: it should never be on a machine that serves.
    Coldkey
}

fn to_ss58(key: &[u8; 32]) -> String {
    let mut bytes = Vec::with_capacity(35);
    bytes.push(SS58_PREFIX);
    bytes.extend_from_slice(key);
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum);
    bytes.to_base58()
}

fn from_ss58(text: &str) -> Result<[u8; 32], AccountError> {
    // Base-58 decoding is quadratic: an address has at most 48 characters.
    if text.len() > 64 {
        return Err(AccountError::Length(text.len()));
    }
    let bytes = text.from_base58().map_err(|_| AccountError::Base58)?;
    let Ok(bytes) = <[u8; 35]>::try_from(bytes.as_slice()) else {
        return Err(AccountError::Length(bytes.len()));
    };
    let (body, sum) = bytes.split_at(33);
    if checksum(body) != sum {
        return Err(AccountError::Checksum);
    }
    if body[0] != SS58_PREFIX {
        return Err(AccountError::Prefix(body[0]));
    }
    let mut key = [0; 32];
    key.copy_from_slice(&body[1..]);
    Ok(key)
}

fn checksum(body: &[u8]) -> [u8; 2] {
    let hash = Blake2b512::new().chain_update(b"SS58PRE").chain_update(body).finalize();
    [hash[0], hash[1]]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

    #[test]
    fn reads_and_writes_the_well_known_address() {
        let alice: Hotkey = ALICE.parse().unwrap();
        assert_eq!(hex::encode(alice.0), "d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d");
        assert_eq!(alice.to_string(), ALICE);
    }

    #[test]
    fn refuses_what_is_not_an_address() {
        let mistyped = ALICE.replacen("Grw", "Grx", 1);
        assert_eq!(mistyped.parse::<Hotkey>(), Err(AccountError::Checksum));
        assert_eq!("0OIl".parse::<Hotkey>(), Err(AccountError::Base58));
        assert!(matches!("5Grw".parse::<Hotkey>(), Err(AccountError::Length(_))));
        assert!(matches!("1".repeat(100_000).parse::<Hotkey>(), Err(AccountError::Length(_))));
        // Alice on Polkadot: prefix 0.
        assert_eq!("15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5".parse::<Hotkey>(), Err(AccountError::Prefix(0)));
    }

    proptest! {
        #[test]
        fn round_trips(key: [u8; 32]) {
            prop_assert_eq!(Hotkey(key).to_string().parse::<Hotkey>(), Ok(Hotkey(key)));
        }

        #[test]
        fn never_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<Hotkey>();
        }
    }
}
