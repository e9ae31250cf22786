//! From weights of any scale to the u16 values that the chain stores.

const ONE: i64 = 1 << 32;
const U16_MAX: i64 = u16::MAX as i64;

/// A row as `set_weights` stores it: scaled so that its largest value is 65535. The chain rounds half up, in 32.32-bit
/// fixed point, along two branches that differ in the last unit; both are kept.
pub fn max_upscale_u16(values: &[u16]) -> Vec<u16> {
    let Some(max) = values.iter().copied().max().filter(|max| *max > 0) else { return values.to_vec() };
    let max = i64::from(max);
    let upscale = |value: u16| {
        let value = i64::from(value);
        // Above the middle the factor is rounded first; below it the product is exact and only the quotient rounds.
        let scaled = if max > 32_768 { value * (U16_MAX * ONE / max) } else { value * U16_MAX * ONE / max };
        u16::try_from((scaled + ONE / 2) >> 32).unwrap_or(u16::MAX)
    };
    values.iter().map(|value| upscale(*value)).collect()
}
