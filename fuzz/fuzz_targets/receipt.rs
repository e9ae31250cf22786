//! Receipts and what they are made of, and calibrations: files and messages of strangers, decoded and verified.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run receipt -- -max_total_time=600 -malloc_limit_mb=64`
#![no_main]

use assay_primitives::{Digest, Hotkey};
use assay_protos::{Description, Event, ReceiptVerifier, Transcript, wire::SignedEvent};
use assay_scoring::calibration::SignedCalibration;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(transcript) = Transcript::decode(bytes) {
        let _ = transcript.verify();
        assert_eq!(Transcript::decode(&transcript.encode()).expect("its own form"), transcript);
    }
    if let Ok(calibration) = SignedCalibration::decode(bytes) {
        assert!(calibration.calibration.thresholds.are_possible());
    }
    let _ = Description::decode(bytes);
    let _ = Event::decode(bytes);
    let mut verifier = ReceiptVerifier::new(Hotkey([1; 32]), Digest([2; 32]), 64);
    // As a stream: pieces of any length, each with its length before it.
    let mut rest = bytes;
    while let [length, tail @ ..] = rest {
        let (payload, after) = tail.split_at(tail.len().min(usize::from(*length)));
        if verifier.event(&SignedEvent { payload: payload.to_vec(), signature: Vec::new() }).is_err() {
            break;
        }
        assert!(verifier.tokens().len() <= 64);
        rest = after;
    }
});
