//! See `decoders/src/archive.rs`.
#![no_main]

// A panic of the Parquet library is caught by the archive, which calls it a fault of the file: only one that nobody
// catches ends the program.
libfuzzer_sys::fuzz_target!(
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| assay_fuzz_decoders::run("archive", bytes)
);
