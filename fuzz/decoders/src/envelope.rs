//! A signed request before anybody looks at what it asks, and the memory of what was served.

use std::collections::HashSet;

use primitives::{BlockHash, Digest, Hotkey, NetUid};
use prost::Message as _;
use protos::{
    Binding, CLOCK_WINDOW_MS, EMBED, EnvelopeError, GENERATE, INFER, MAX_LIFETIME_MS, MAX_NONCES_PER_SIGNER,
    MAX_REQUEST_BYTES, NonceError, NonceStore, OPEN, Opened, envelope, wire::SignedRequest,
};

const METHODS: [&str; 4] = [GENERATE, EMBED, INFER, OPEN];

/// Whom the requests of the corpus are for.
pub const OWN: Binding = Binding { receiver: Hotkey([9; 32]), netuid: NetUid(7), genesis: BlockHash([8; 32]) };

/// `SignedRequest`, opened as a miner and as a judge of evidence would. Whether somebody signed it.
pub fn envelope(bytes: &[u8]) -> bool {
    nonces(bytes);
    let Ok(request) = SignedRequest::decode(bytes) else { return false };
    assert_eq!(SignedRequest::decode(&*request.encode_to_vec()).as_ref(), Ok(&request));
    for now_ms in [0, u64::MAX, request.auth.as_ref().map_or(0, |auth| auth.issued_ms)] {
        METHODS.into_iter().for_each(|method| drop(envelope::open(&request, &OWN, method, now_ms)));
    }
    let signed: Vec<_> = METHODS.into_iter().filter(|method| is_authentic(&request, method)).collect();
    assert!(signed.len() <= 1, "one signature is good for {signed:?}");
    !signed.is_empty()
}

/// Whether somebody signed it for this method. If so, it is held against all that a good signature promises.
fn is_authentic(request: &SignedRequest, method: &str) -> bool {
    let Ok((evidence, to)) = envelope::open_evidence(request, method) else { return false };
    let Opened { issued_ms, expires_ms, digest, payload, .. } = evidence;
    assert_eq!(envelope::digest(request, method), Ok(digest));
    assert!(payload.len() <= MAX_REQUEST_BYTES);
    assert!(expires_ms > issued_ms && expires_ms - issued_ms <= MAX_LIFETIME_MS);

    let at = |now_ms| envelope::open(request, &to, method, now_ms);
    assert_eq!(at(issued_ms), Ok(evidence));
    assert!(at(expires_ms).is_err());
    assert!(at(issued_ms.saturating_add(CLOCK_WINDOW_MS + 1)).is_err() || issued_ms > u64::MAX - CLOCK_WINDOW_MS);
    if let Some(before) = issued_ms.checked_sub(CLOCK_WINDOW_MS + 1) {
        assert_eq!(at(before), Err(EnvelopeError::FutureDated(CLOCK_WINDOW_MS + 1)));
    }
    let others = [
        Binding { receiver: Hotkey([1; 32]), ..to },
        Binding { netuid: NetUid(to.netuid.0 ^ 1), ..to },
        Binding { genesis: BlockHash([1; 32]), ..to },
    ];
    for other in others.into_iter().filter(|other| *other != to) {
        assert!(envelope::open(request, &other, method, issued_ms).is_err(), "it is for {to:?}");
    }

    let mut changed = request.clone();
    changed.payload.push(0);
    assert_eq!(envelope::open_evidence(&changed, method), Err(EnvelopeError::BadSignature(evidence.signer)));
    true
}

/// The bytes as things that happen to a store of nonces: the clock moves, the miner starts anew, a request comes. None is
/// served twice.
fn nonces(bytes: &[u8]) {
    let mut now_ms: u64 = 1_800_000_000_000;
    let mut latest_ms = now_ms;
    let mut store = NonceStore::new(now_ms);
    let mut served = HashSet::new();
    for step in bytes.chunks_exact(6) {
        let [kind, signer, nonce, low, high, life] = *step else { return };
        let far = i64::from(i16::from_le_bytes([low, high]));
        match kind % 8 {
            0 => now_ms = now_ms.saturating_add_signed(far * 8),
            1 => {
                // Another process of the same miner, later than anything that the first one served.
                now_ms = now_ms.max(latest_ms);
                store = NonceStore::new(now_ms);
                served.retain(|(_, _, issued_ms)| *issued_ms <= now_ms);
            }
            _ => {
                let issued_ms = now_ms.saturating_add_signed(far % (CLOCK_WINDOW_MS as i64 + 1));
                let expires_ms = issued_ms + 1 + u64::from(life) * 235;
                if now_ms >= expires_ms {
                    continue;
                }
                let (key, nonce) = (Hotkey([signer; 32]), [nonce; 16]);
                let opened =
                    Opened { signer: key, nonce, issued_ms, expires_ms, digest: Digest([0; 32]), payload: &[] };
                match store.admit(&opened, now_ms) {
                    Ok(()) => assert!(served.insert((key, nonce, issued_ms)), "served twice"),
                    Err(NonceError::Replayed) => {}
                    Err(NonceError::BeforeMemory { floor_ms }) => assert!(issued_ms <= floor_ms),
                    Err(NonceError::Full(live)) => assert_eq!(live, MAX_NONCES_PER_SIGNER),
                }
            }
        }
        latest_ms = latest_ms.max(now_ms);
    }
}
