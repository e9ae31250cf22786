//! No authorising bit can be changed, and no clock, address or restart lets a request through twice.

use std::sync::LazyLock;

use assay_protos::{
    Binding, CLOCK_WINDOW_MS, EMBED, EnvelopeError, GENERATE, MAX_LIFETIME_MS, MAX_REQUEST_BYTES, envelope,
    wire::SignedRequest,
};
use primitives::{BlockHash, Keypair, NetUid};
use proptest::{prelude::*, sample::Index};
use prost::Message;

const NOW: u64 = 1_800_000_000_000;

/// Alice and Bob, derived once: it costs two thousand hashes.
fn keys() -> &'static (Keypair, Keypair) {
    static KEYS: LazyLock<(Keypair, Keypair)> =
        LazyLock::new(|| (Keypair::from_uri("//Alice").unwrap(), Keypair::from_uri("//Bob").unwrap()));
    &KEYS
}

fn binding() -> Binding {
    Binding { receiver: keys().1.hotkey(), netuid: NetUid(7), genesis: BlockHash([9; 32]) }
}

fn sealed(issued_ms: u64, ttl_ms: u64) -> SignedRequest {
    envelope::seal(&keys().0, &binding(), GENERATE, b"what is asked".to_vec(), issued_ms, ttl_ms, [3; 16])
}

fn refusal(request: &SignedRequest, now_ms: u64) -> EnvelopeError {
    envelope::open(request, &binding(), GENERATE, now_ms).unwrap_err()
}

#[test]
fn opens_what_was_sealed() {
    let request = sealed(NOW, 10_000);
    let opened = envelope::open(&request, &binding(), GENERATE, NOW + 5).unwrap();
    assert_eq!(opened.signer, keys().0.hotkey());
    assert_eq!((opened.nonce, opened.issued_ms, opened.expires_ms), ([3; 16], NOW, NOW + 10_000));
    assert_eq!(opened.payload, b"what is asked");
    assert_eq!(opened.digest, envelope::digest(&request, GENERATE).unwrap());
}

#[test]
fn is_bound_to_receiver_subnet_chain_and_method() {
    let request = sealed(NOW, 10_000);
    let alice = keys().0.hotkey();
    let open = |own: Binding, method| envelope::open(&request, &own, method, NOW).unwrap_err();
    let bob = binding().receiver;
    assert_eq!(open(Binding { receiver: alice, ..binding() }, GENERATE), EnvelopeError::Misaddressed { receiver: bob });
    assert_eq!(open(Binding { netuid: NetUid(8), ..binding() }, GENERATE), EnvelopeError::WrongSubnet(7));
    let other = BlockHash([8; 32]);
    assert_eq!(open(Binding { genesis: other, ..binding() }, GENERATE), EnvelopeError::WrongChain(BlockHash([9; 32])));
    assert_eq!(open(binding(), EMBED), EnvelopeError::BadSignature(alice));
}

#[test]
fn the_clock_window_has_two_sides() {
    let window = CLOCK_WINDOW_MS;
    let open = |issued_ms, now_ms| envelope::open(&sealed(issued_ms, 60_000), &binding(), GENERATE, now_ms).map(|_| ());
    assert_eq!(open(NOW, NOW + window), Ok(()));
    assert_eq!(open(NOW, NOW + window + 1), Err(EnvelopeError::Stale(window + 1)));
    assert_eq!(open(NOW + window, NOW), Ok(()));
    assert_eq!(open(NOW + window + 1, NOW), Err(EnvelopeError::FutureDated(window + 1)));
    assert!(matches!(open(NOW, u64::MAX), Err(EnvelopeError::Stale(_))));
    assert!(matches!(open(u64::MAX - 60_000, 0), Err(EnvelopeError::FutureDated(_))));
}

#[test]
fn expires() {
    assert_eq!(refusal(&sealed(NOW, 100), NOW + 100), EnvelopeError::Expired(0));
    assert_eq!(refusal(&sealed(NOW, 100), NOW + 200), EnvelopeError::Expired(100));
    assert!(envelope::open(&sealed(NOW, 100), &binding(), GENERATE, NOW + 99).is_ok());
    for ttl_ms in [0, MAX_LIFETIME_MS + 1, u64::MAX] {
        assert!(matches!(refusal(&sealed(NOW, ttl_ms), NOW), EnvelopeError::Lifetime { .. }));
    }
}

#[test]
fn unsigned_is_refused() {
    let request = sealed(NOW, 10_000);
    assert_eq!(refusal(&SignedRequest::default(), NOW), EnvelopeError::Unsigned);
    assert_eq!(refusal(&SignedRequest { auth: None, ..request.clone() }, NOW), EnvelopeError::Unsigned);
    assert_eq!(refusal(&SignedRequest { signature: Vec::new(), ..request.clone() }, NOW), EnvelopeError::Unsigned);
    // Somebody else's name on one's own signature.
    let mut claimed = envelope::seal(&keys().1, &binding(), GENERATE, b"x".to_vec(), NOW, 10_000, [3; 16]);
    claimed.auth.as_mut().unwrap().signer = keys().0.hotkey().0.to_vec();
    assert_eq!(refusal(&claimed, NOW), EnvelopeError::BadSignature(keys().0.hotkey()));
}

#[test]
fn sizes_are_refused_before_signatures() {
    let mut request = sealed(NOW, 10_000);
    request.payload = vec![0; MAX_REQUEST_BYTES + 1];
    let (actual, limit) = (MAX_REQUEST_BYTES + 1, MAX_REQUEST_BYTES);
    assert_eq!(refusal(&request, NOW), EnvelopeError::Oversized { actual, limit });
    let request = sealed(NOW, 10_000);
    for length in [0, 31, 33, 1_000_000] {
        for field in ["signer", "receiver", "genesis", "nonce"] {
            let mut request = request.clone();
            let auth = request.auth.as_mut().unwrap();
            let (bytes, expected) = match field {
                "signer" => (&mut auth.signer, 32),
                "receiver" => (&mut auth.receiver, 32),
                "genesis" => (&mut auth.genesis, 32),
                _ => (&mut auth.nonce, 16),
            };
            bytes.resize(length, 0);
            assert_eq!(refusal(&request, NOW), EnvelopeError::Length { field, actual: length, expected });
        }
    }
    let mut request = sealed(NOW, 10_000);
    request.signature.push(0);
    assert_eq!(refusal(&request, NOW), EnvelopeError::Length { field: "signature", actual: 65, expected: 64 });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// One changed bit of any field that authorises, and the request is refused.
    #[test]
    fn any_flipped_bit_is_refused(field in 0..9usize, at: Index, bit in 0..8u32) {
        let mut request = sealed(NOW, 10_000);
        let auth = request.auth.as_mut().unwrap();
        let flip = |bytes: &mut [u8]| bytes[at.index(bytes.len())] ^= 1 << bit;
        match field {
            0 => flip(&mut auth.signer),
            1 => flip(&mut auth.receiver),
            2 => flip(&mut auth.nonce),
            3 => auth.issued_ms ^= 1 << at.index(64),
            4 => auth.expires_ms ^= 1 << at.index(64),
            5 => flip(&mut auth.genesis),
            6 => auth.netuid ^= 1 << at.index(32),
            7 => flip(&mut request.payload),
            _ => flip(&mut request.signature),
        }
        prop_assert!(envelope::open(&request, &binding(), GENERATE, NOW).is_err());
    }

    /// One changed bit anywhere in the encoded request: refused, or the same request.
    #[test]
    fn any_flipped_bit_on_the_wire_is_refused(at: Index, bit in 0..8u32) {
        let request = sealed(NOW, 10_000);
        let mut bytes = request.encode_to_vec();
        bytes[at.index(request.encoded_len())] ^= 1 << bit;
        if let Ok(decoded) = SignedRequest::decode(&bytes[..]) {
            prop_assert!(envelope::open(&decoded, &binding(), GENERATE, NOW).is_err());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>, now_ms: u64) {
        if let Ok(request) = SignedRequest::decode(&bytes[..]) {
            prop_assert!(envelope::open(&request, &binding(), GENERATE, now_ms).is_err());
        }
    }

    /// Two requests that differ in anything have different digests.
    #[test]
    fn digests_differ(one: (Vec<u8>, [u8; 16], u64, u16), two: (Vec<u8>, [u8; 16], u64, u16)) {
        let digest = |(payload, nonce, issued_ms, netuid): &(Vec<u8>, [u8; 16], u64, u16)| {
            let binding = Binding { netuid: NetUid(*netuid), ..binding() };
            let request = envelope::seal(&keys().0, &binding, GENERATE, payload.clone(), *issued_ms, 5, *nonce);
            envelope::digest(&request, GENERATE).unwrap()
        };
        prop_assert_eq!(one == two, digest(&one) == digest(&two));
    }
}
