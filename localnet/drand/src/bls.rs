//! BLS signatures as quicknet makes them: over BLS12-381, signatures in G1, public keys in G2, the message a round's
//! number. drand calls the scheme `bls-unchained-g1-rfc9380`.

use ark_bls12_381::{Bls12_381, Fr, G1Affine, G1Projective, G2Affine, g1};
use ark_ec::{
    AffineRepr, CurveGroup,
    hashing::{HashToCurve, curve_maps::wb::WBMap, map_to_curve_hasher::MapToCurveBasedHasher},
    pairing::Pairing,
};
use ark_ff::{PrimeField, Zero, field_hashers::DefaultFieldHasher};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use sha2::{Digest, Sha256};

/// Bytes of a signature: a compressed point of G1.
pub const SIGNATURE_BYTES: usize = 48;
/// Bytes of a public key: a compressed point of G2.
pub const PUBLIC_KEY_BYTES: usize = 96;

const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// What signs rounds.
#[derive(Clone)]
pub struct SecretKey(Fr);

impl SecretKey {
    /// The key that a seed names. Whoever knows the seed has the key.
    pub fn from_seed(seed: &[u8]) -> Self {
        Self(Fr::from_be_bytes_mod_order(&Sha256::digest(seed)))
    }

    /// The key that verifies.
    pub fn public(&self) -> [u8; PUBLIC_KEY_BYTES] {
        compressed(&(G2Affine::generator() * self.0).into_affine())
    }

    /// A round's signature.
    pub fn sign(&self, round: u64) -> [u8; SIGNATURE_BYTES] {
        compressed(&(hashed_to_curve(round) * self.0).into_affine())
    }
}

/// What verifies rounds.
#[derive(Clone, Copy)]
pub struct PublicKey(pub(crate) G2Affine);

/// A round's signature, as a point.
#[derive(Clone, Copy)]
pub struct Signature(pub(crate) G1Affine);

impl PublicKey {
    /// None where the bytes are no key.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        point(bytes, PUBLIC_KEY_BYTES).map(Self)
    }

    /// Whether every signature is that of its round.
    ///
    /// The sums of both sides are compared, each term weighed by a number that nobody can choose: it hashes all of
    /// them. So many signatures cost little more than one.
    pub fn verify(&self, signed: &[(u64, Signature)]) -> bool {
        let mut transcript = Sha256::new();
        for (round, signature) in signed {
            transcript.update(round.to_be_bytes());
            transcript.update(compressed::<SIGNATURE_BYTES>(&signature.0));
        }
        let transcript = transcript.finalize();
        let (mut signatures, mut messages) = (G1Projective::zero(), G1Projective::zero());
        for (at, (round, signature)) in signed.iter().enumerate() {
            let weight = if signed.len() == 1 { 1 } else { weight(&transcript, at) };
            let limbs = [weight as u64, (weight >> 64) as u64];
            signatures += signature.0.mul_bigint(limbs);
            messages += hashed_to_curve(*round).mul_bigint(limbs);
        }
        Bls12_381::multi_pairing([signatures, -messages], [G2Affine::generator(), self.0]).is_zero()
    }
}

impl Signature {
    /// None where the bytes are no signature.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        point(bytes, SIGNATURE_BYTES).map(Self)
    }
}

/// What a round's number becomes before it is hashed to the curve: SHA-256 of its eight big-endian bytes. It is also
/// the identity that a timelock names.
pub(crate) fn message(round: u64) -> [u8; 32] {
    Sha256::digest(round.to_be_bytes()).into()
}

pub(crate) fn hashed_to_curve(round: u64) -> G1Affine {
    type Hasher = MapToCurveBasedHasher<G1Projective, DefaultFieldHasher<Sha256, 128>, WBMap<g1::Config>>;
    Hasher::new(DOMAIN).and_then(|hasher| hasher.hash(&message(round))).expect("the curve's parameters are constants")
}

fn weight(transcript: &[u8], at: usize) -> u128 {
    let digest = Sha256::new().chain_update(transcript).chain_update((at as u64).to_be_bytes()).finalize();
    u128::from_be_bytes(std::array::from_fn(|byte| digest[byte]))
}

/// Exactly one point of the prime-order group, and not the one at infinity, which would verify anything.
fn point<P: AffineRepr + CanonicalDeserialize>(bytes: &[u8], size: usize) -> Option<P> {
    if bytes.len() != size {
        return None;
    }
    P::deserialize_compressed(bytes).ok().filter(|point| !point.is_zero())
}

pub(crate) fn compressed<const N: usize>(point: &impl CanonicalSerialize) -> [u8; N] {
    let mut bytes = [0; N];
    point.serialize_compressed(&mut bytes[..]).expect("a point has as many bytes");
    bytes
}
