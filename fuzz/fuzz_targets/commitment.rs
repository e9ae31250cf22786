//! See `decoders/src/commitment.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assay_fuzz_decoders::run("commitment", bytes));
