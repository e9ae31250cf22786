//! See `decoders/src/score_log.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| assay_fuzz_decoders::run("score_log", bytes));
