//! A commitment to hidden rows as a miner sends it.

use std::sync::LazyLock;

use scoring::proof::Commitment;

/// Two rows, wide enough that every commitment has its 128 points.
static ROWS: LazyLock<Vec<u16>> =
    LazyLock::new(|| (0..512_u16).map(|index| 0x3C00 + index.wrapping_mul(37) % 0x0800).collect());

/// Decoded, and compared with rows. Whether it is one.
pub fn commitment(bytes: &[u8]) -> bool {
    let Ok(commitment) = Commitment::decode(bytes) else { return false };
    assert_eq!(commitment.encode(), bytes, "one form only");
    if let Some(distance) = commitment.compare(&ROWS) {
        assert!(distance.exponent_mismatches <= 128 && distance.sign_mismatches <= 128, "{distance:?}");
        assert!(distance.mantissa_mean_milli <= 128_000, "{distance:?}");
    }
    true
}

/// A commitment to those rows.
pub fn honest() -> Vec<u8> {
    Commitment::of(&ROWS).expect("rows of one width").encode()
}
