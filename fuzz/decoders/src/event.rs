//! A stream of events, as the asking side reads it.

use std::sync::LazyLock;

use primitives::{Digest, Keypair};
use protos::{
    CHUNK_ROWS, Event, MAX_COMMITMENT_BYTES, ReceiptError, ReceiptSigner, ReceiptVerifier, receipt::Answer,
    wire::SignedEvent,
};

const REQUEST: Digest = Digest([2; 32]);
const MAX_NEW_TOKENS: u32 = 64;

static MINER: LazyLock<Keypair> = LazyLock::new(|| Keypair::from_seed(&[7; 32]).expect("any bytes are a seed"));

/// What a stream must have been, counted once more.
#[derive(Default)]
struct Told {
    events: usize,
    tokens: Vec<u32>,
    text: String,
    commitments: usize,
}

impl Told {
    /// Whether the event may come now.
    fn admits(&self, event: &Event) -> bool {
        let most = MAX_NEW_TOKENS as usize;
        let chunks = |tokens: usize| if tokens == 0 { 0 } else { 1 + (tokens - 1).div_ceil(CHUNK_ROWS) };
        let fits = match event {
            Event::Tokens { ids, .. } => self.tokens.len() + ids.len() <= most,
            Event::Commitment(_) => self.commitments < chunks(self.tokens.len()),
            Event::Finished { tokens, .. } => *tokens as usize == self.tokens.len(),
        };
        fits && self.events < most + 2 + chunks(most)
    }

    fn add(&mut self, event: &Event) {
        self.events += 1;
        match event {
            Event::Tokens { ids, text, .. } => {
                self.tokens.extend(ids);
                self.text.push_str(text);
            }
            Event::Commitment(bytes) => {
                assert!(bytes.len() <= MAX_COMMITMENT_BYTES);
                self.commitments += 1;
            }
            Event::Finished { .. } => {}
        }
    }
}

/// One event, and pieces with two bytes of length before each as a stream, which a miner signs. Whether it is an event or
/// a whole answer.
pub fn event(bytes: &[u8]) -> bool {
    let alone = Event::decode(bytes);
    if let Ok(event) = &alone {
        assert_eq!(Event::decode(&event.encode()).expect("its own form"), *event);
    }
    stream(bytes).is_some() | alone.is_ok()
}

fn stream(mut rest: &[u8]) -> Option<Answer> {
    let mut signer = ReceiptSigner::new(MINER.clone(), REQUEST);
    let mut verifier = ReceiptVerifier::new(MINER.hotkey(), REQUEST, MAX_NEW_TOKENS);
    let mut told = Told::default();
    let mut last = None;
    while let [low, high, tail @ ..] = rest {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (payload, after) = tail.split_at(tail.len().min(length));
        rest = after;
        let Ok(event) = Event::decode(payload) else {
            let nonsense = SignedEvent { payload: payload.to_vec(), signature: Vec::new() };
            assert!(verifier.event(&nonsense).is_err());
            return None;
        };
        let signed = signer.event(&event);
        assert_eq!(signed.signature.is_empty(), !matches!(event, Event::Finished { .. }));
        let read = verifier.event(&signed);
        assert_eq!(read.is_ok(), told.admits(&event), "{read:?} after {} tokens", told.tokens.len());
        read.ok()?;
        told.add(&event);
        assert_eq!(verifier.tokens(), told.tokens);
        if matches!(event, Event::Finished { .. }) {
            assert!(matches!(verifier.event(&signed), Err(ReceiptError::AfterEnd)));
            last = Some(signed);
            break;
        }
    }
    let answer = verifier.finish();
    assert_eq!(answer.is_ok(), last.is_some(), "a stream ends with its last event");
    let answer = answer.ok()?;
    assert_eq!((&answer.generation.tokens, &answer.generation.text), (&told.tokens, &told.text));
    assert_eq!(answer.commitments.len(), told.commitments);
    assert!(MINER.hotkey().verify(&answer.receipt.digest.0, &answer.receipt.signature));

    // Its end is no end of another answer.
    let mut other = ReceiptVerifier::new(MINER.hotkey(), Digest([3; 32]), MAX_NEW_TOKENS);
    assert!(other.event(&last?).is_err());
    Some(answer)
}
