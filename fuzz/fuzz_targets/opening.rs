//! See `decoders/src/opening.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assay_fuzz_decoders::run("opening", bytes));
