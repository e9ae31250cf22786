//! See `decoders/src/frame.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assay_fuzz_decoders::run("frame", bytes));
