//! A commitment to hidden rows as a miner sends it: decoded, and compared with rows.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run commitment -- -max_total_time=600 -malloc_limit_mb=16`
#![no_main]

use std::sync::OnceLock;

use assay_scoring::proof::Commitment;
use libfuzzer_sys::fuzz_target;

/// Two rows, wide enough that every commitment has its 128 points.
fn rows() -> &'static [u16] {
    static ROWS: OnceLock<Vec<u16>> = OnceLock::new();
    ROWS.get_or_init(|| (0..512_u16).map(|index| 0x3C00 + index.wrapping_mul(37) % 0x0800).collect())
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(commitment) = Commitment::decode(bytes) else { return };
    assert_eq!(commitment.encode(), bytes, "one form only");
    if let Some(distance) = commitment.compare(rows()) {
        assert!(distance.exponent_mismatches <= 128 && distance.sign_mismatches <= 128, "{distance:?}");
        assert!(distance.mantissa_mean_milli <= 128_000, "{distance:?}");
    }
});
