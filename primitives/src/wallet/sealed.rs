//! The wallets' encryption: `$NACL`, a nonce of 24 bytes, then XSalsa20-Poly1305 under a key that Argon2i makes of the
//! password, slowly and with 512 MiB.

use argon2::{Algorithm, Argon2, Params, Version};
use crypto_secretbox::{
    AeadCore, KeyInit, Nonce, XSalsa20Poly1305,
    aead::{Aead, OsRng},
};
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"$NACL";
const NONCE_BYTES: usize = 24;

const PASSES: u32 = 8;
const MEMORY_KIB: u32 = 512 << 10;
const LANES: u32 = 1;
/// The same for every wallet: the format's own choice.
const SALT: [u8; 16] = [0x13, 0x71, 0x83, 0xdf, 0xf1, 0x5a, 0x09, 0xbc, 0x9c, 0x90, 0xb5, 0x51, 0x87, 0x39, 0xe9, 0xb1];

pub(super) type Key = Zeroizing<[u8; 32]>;

pub(super) fn is_sealed(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// None where the password is too long or the memory too little.
pub(super) fn derive(password: &str) -> Option<Key> {
    let mut key = Key::default();
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(key.len())).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2i, Version::V0x13, params);
    argon2.hash_password_into(password.as_bytes(), &SALT, key.as_mut()).ok()?;
    Some(key)
}

/// None where the text is far too long.
pub(super) fn seal(key: &Key, plain: &[u8]) -> Option<Vec<u8>> {
    let nonce = XSalsa20Poly1305::generate_nonce(&mut OsRng);
    let body = XSalsa20Poly1305::new((&**key).into()).encrypt(&nonce, plain).ok()?;
    Some([MAGIC, nonce.as_slice(), &body].concat())
}

/// The plain bytes; none where the key is another one or a bit has changed.
pub(super) fn open(key: &Key, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.strip_prefix(MAGIC)?.split_at_checked(NONCE_BYTES)?;
    let plain = XSalsa20Poly1305::new((&**key).into()).decrypt(Nonce::from_slice(nonce), body);
    plain.ok().map(Zeroizing::new)
}
