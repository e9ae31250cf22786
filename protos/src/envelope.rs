//! The signed envelope of a request: `seal` on the asking side, `open` on the answering one.

use primitives::{BlockHash, Digest, Hotkey, Keypair, NetUid, Signature};

use crate::{
    limits::{CLOCK_WINDOW_MS, MAX_LIFETIME_MS, MAX_REQUEST_BYTES},
    wire::{Auth, SignedRequest},
};

/// Path of `Generate`, as HTTP/2 carries it and as it is signed.
pub const GENERATE: &str = "/assay.miner.v1.Miner/Generate";
/// Path of `Embed`.
pub const EMBED: &str = "/assay.miner.v1.Miner/Embed";
/// Path of `Infer`.
pub const INFER: &str = "/assay.miner.v1.Miner/Infer";
/// The method that shows hidden rows.
pub const OPEN: &str = "/assay.miner.v1.Miner/Open";

/// Separates a request's digest from every other use of the key.
const DOMAIN: &str = "assay 2026-11 request v1";

/// What a request is for: one miner on one subnet of one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The miner.
    pub receiver: Hotkey,
    /// The subnet.
    pub netuid: NetUid,
    /// The chain, by its first block.
    pub genesis: BlockHash,
}

/// A request whose envelope is good. What it asks is still undecoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// Who signed.
    pub signer: Hotkey,
    /// Used once by this signer.
    pub nonce: [u8; 16],
    /// When it was made, by the signer's clock.
    pub issued_ms: u64,
    /// When the whole answer is due.
    pub expires_ms: u64,
    /// Names this request; the answer's signature starts from it.
    pub digest: Digest,
    /// The exact bytes that were signed.
    pub payload: &'a [u8],
}

/// Why a request is refused before anybody looks at what it asks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// No envelope, or no signature.
    #[error("the request is not signed")]
    Unsigned,
    /// A field of the envelope isn't of its one length.
    #[error("{field} has {actual} bytes, not {expected}")]
    Length {
        /// Which.
        field: &'static str,
        /// Its length.
        actual: usize,
        /// The length.
        expected: usize,
    },
    /// More than [`MAX_REQUEST_BYTES`].
    #[error("the payload has {actual} bytes, at most {limit} are allowed")]
    Oversized {
        /// How much.
        actual: usize,
        /// How much is allowed.
        limit: usize,
    },
    /// For another miner.
    #[error("the request is for {receiver}")]
    Misaddressed {
        /// The other.
        receiver: Hotkey,
    },
    /// For another subnet.
    #[error("the request is for netuid {0}")]
    WrongSubnet(u32),
    /// For another chain.
    #[error("the request is for the chain with genesis {0}")]
    WrongChain(BlockHash),
    /// Issued too long ago.
    #[error("the request was issued {0} ms ago")]
    Stale(u64),
    /// Issued in the future.
    #[error("the request is dated {0} ms ahead: check the clocks")]
    FutureDated(u64),
    /// Its time is over.
    #[error("the request expired {0} ms ago")]
    Expired(u64),
    /// Lives longer than [`MAX_LIFETIME_MS`], or expires before it was issued.
    #[error("a request can't live from {issued_ms} to {expires_ms}")]
    Lifetime {
        /// From.
        issued_ms: u64,
        /// To.
        expires_ms: u64,
    },
    /// The signature isn't the signer's over these bytes for this method.
    #[error("the signature is not {0}'s over this request")]
    BadSignature(Hotkey),
}

/// A nonce that nobody has used.
pub fn fresh_nonce() -> [u8; 16] {
    rand::random()
}

/// Sign a request. It lives for `ttl_ms`, in which the whole answer must arrive.
pub fn seal(
    key: &Keypair,
    binding: &Binding,
    method: &str,
    payload: Vec<u8>,
    issued_ms: u64,
    ttl_ms: u64,
    nonce: [u8; 16],
) -> SignedRequest {
    let fields = Fields {
        signer: key.hotkey(),
        receiver: binding.receiver,
        nonce,
        issued_ms,
        expires_ms: issued_ms.saturating_add(ttl_ms),
        genesis: binding.genesis,
        netuid: u32::from(binding.netuid.0),
    };
    let signature = key.sign(&fields.digest(method, &payload).0);
    let auth = Auth {
        signer: fields.signer.0.to_vec(),
        receiver: fields.receiver.0.to_vec(),
        nonce: nonce.to_vec(),
        issued_ms,
        expires_ms: fields.expires_ms,
        genesis: fields.genesis.0.to_vec(),
        netuid: fields.netuid,
    };
    SignedRequest { auth: Some(auth), payload, signature: signature.0.to_vec() }
}

/// Check everything about a request that can be checked without state. `own` is the receiver's binding, `method` the
/// path that was called, `now_ms` the receiver's clock. Whether the nonce is new is [`NonceStore`](crate::NonceStore)'s
/// to say, whether the signer may ask is the metagraph's.
pub fn open<'a>(
    request: &'a SignedRequest,
    own: &Binding,
    method: &str,
    now_ms: u64,
) -> Result<Opened<'a>, EnvelopeError> {
    let (fields, signature) = Fields::parse(request)?;
    if fields.receiver != own.receiver {
        return Err(EnvelopeError::Misaddressed { receiver: fields.receiver });
    }
    if fields.genesis != own.genesis {
        return Err(EnvelopeError::WrongChain(fields.genesis));
    }
    if fields.netuid != u32::from(own.netuid.0) {
        return Err(EnvelopeError::WrongSubnet(fields.netuid));
    }
    let Fields { issued_ms, expires_ms, .. } = fields;
    fields.check_lifetime()?;
    if now_ms.saturating_sub(issued_ms) > CLOCK_WINDOW_MS {
        return Err(EnvelopeError::Stale(now_ms - issued_ms));
    }
    if issued_ms.saturating_sub(now_ms) > CLOCK_WINDOW_MS {
        return Err(EnvelopeError::FutureDated(issued_ms - now_ms));
    }
    if now_ms >= expires_ms {
        return Err(EnvelopeError::Expired(now_ms - expires_ms));
    }
    fields.verified(&signature, method, &request.payload)
}

/// Check a request of any time that was for anybody: evidence, not something to answer. Returns whom it was for, too.
pub fn open_evidence<'a>(request: &'a SignedRequest, method: &str) -> Result<(Opened<'a>, Binding), EnvelopeError> {
    let (fields, signature) = Fields::parse(request)?;
    fields.check_lifetime()?;
    let netuid = u16::try_from(fields.netuid).map_err(|_| EnvelopeError::WrongSubnet(fields.netuid))?;
    let binding = Binding { receiver: fields.receiver, netuid: NetUid(netuid), genesis: fields.genesis };
    Ok((fields.verified(&signature, method, &request.payload)?, binding))
}

/// The digest that names a request, as its signer and its receiver both compute it.
pub fn digest(request: &SignedRequest, method: &str) -> Result<Digest, EnvelopeError> {
    Fields::parse(request).map(|(fields, _)| fields.digest(method, &request.payload))
}

/// The envelope with every length checked.
struct Fields {
    signer: Hotkey,
    receiver: Hotkey,
    nonce: [u8; 16],
    issued_ms: u64,
    expires_ms: u64,
    genesis: BlockHash,
    netuid: u32,
}

impl Fields {
    fn parse(request: &SignedRequest) -> Result<(Self, Signature), EnvelopeError> {
        let Some(auth) = &request.auth else { return Err(EnvelopeError::Unsigned) };
        if request.signature.is_empty() {
            return Err(EnvelopeError::Unsigned);
        }
        if request.payload.len() > MAX_REQUEST_BYTES {
            return Err(EnvelopeError::Oversized { actual: request.payload.len(), limit: MAX_REQUEST_BYTES });
        }
        let fields = Self {
            signer: Hotkey(exact("signer", &auth.signer)?),
            receiver: Hotkey(exact("receiver", &auth.receiver)?),
            nonce: exact("nonce", &auth.nonce)?,
            issued_ms: auth.issued_ms,
            expires_ms: auth.expires_ms,
            genesis: BlockHash(exact("genesis", &auth.genesis)?),
            netuid: auth.netuid,
        };
        Ok((fields, Signature(exact("signature", &request.signature)?)))
    }

    fn check_lifetime(&self) -> Result<(), EnvelopeError> {
        let Self { issued_ms, expires_ms, .. } = *self;
        match expires_ms.checked_sub(issued_ms) {
            Some(1..=MAX_LIFETIME_MS) => Ok(()),
            _ => Err(EnvelopeError::Lifetime { issued_ms, expires_ms }),
        }
    }

    fn verified<'a>(self, signature: &Signature, method: &str, payload: &'a [u8]) -> Result<Opened<'a>, EnvelopeError> {
        let digest = self.digest(method, payload);
        if !self.signer.verify(&digest.0, signature) {
            return Err(EnvelopeError::BadSignature(self.signer));
        }
        let Self { signer, nonce, issued_ms, expires_ms, .. } = self;
        Ok(Opened { signer, nonce, issued_ms, expires_ms, digest, payload })
    }

    /// Fixed widths but for the method, which carries its length: no two requests have the same bytes.
    fn digest(&self, method: &str, payload: &[u8]) -> Digest {
        Digest::derive(
            DOMAIN,
            &[
                &(method.len() as u64).to_le_bytes(),
                method.as_bytes(),
                &self.signer.0,
                &self.receiver.0,
                &self.nonce,
                &self.issued_ms.to_le_bytes(),
                &self.expires_ms.to_le_bytes(),
                &self.genesis.0,
                &self.netuid.to_le_bytes(),
                &Digest::of(payload).0,
            ],
        )
    }
}

fn exact<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], EnvelopeError> {
    bytes.try_into().map_err(|_| EnvelopeError::Length { field, actual: bytes.len(), expected: N })
}
