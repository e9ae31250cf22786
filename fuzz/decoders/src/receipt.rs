//! Files of evidence: receipts of answers, and calibrations.

use protos::{MAX_NEW_TOKENS, Transcript};
use scoring::calibration::SignedCalibration;

/// A receipt or a calibration. Whether it is one, and its signatures are good.
pub fn receipt(bytes: &[u8]) -> bool {
    transcript(bytes) | calibration(bytes)
}

fn transcript(bytes: &[u8]) -> bool {
    let Ok(transcript) = Transcript::decode(bytes) else { return false };
    let again = Transcript::decode(&transcript.encode()).expect("its own form");
    assert_eq!(again, transcript);
    let Ok(testimony) = transcript.verify() else { return false };
    assert_eq!(again.verify().expect("the same"), testimony);
    assert!(testimony.request.max_new_tokens <= MAX_NEW_TOKENS);
    assert!(testimony.answer.generation.tokens.len() <= testimony.request.max_new_tokens as usize);
    assert_eq!(testimony.opened.is_empty(), transcript.opening.is_none());

    // What the miner signed is every byte of it, in this order.
    for at in 0..transcript.events.len() {
        let mut changed = transcript.clone();
        changed.events[at].payload.extend([0xa0, 0x06, 1]);
        assert!(changed.verify().is_err(), "event {at} was changed");
        let mut cut = transcript.clone();
        cut.events.remove(at);
        assert!(cut.verify().is_err(), "event {at} was left out");
    }
    let mut changed = transcript;
    changed.request.payload.extend([0xa0, 0x06, 1]);
    assert!(changed.verify().is_err(), "the request was changed");
    true
}

fn calibration(bytes: &[u8]) -> bool {
    let Ok(signed) = SignedCalibration::decode(bytes) else { return false };
    assert_eq!(SignedCalibration::decode(&signed.encode()).expect("its own form"), signed);
    assert!(signed.calibration.thresholds.are_possible());
    let rules = signed.rules(&signed.calibration.model).expect("the model that it was made of");
    assert_eq!(rules.calibration, signed.calibration.digest());
    true
}
