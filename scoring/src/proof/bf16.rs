//! Numbers of 16 bits: the upper half of an f32.

/// The nearest bf16, the even one of two; a NaN stays one.
pub fn bf16_from_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    // Carries into the exponent where the mantissa is all ones, and to infinity from the largest numbers: as it must.
    ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16) as u16
}

/// The number itself.
pub fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_to_the_nearest_and_ties_to_even() {
        for bits in 0..=u16::MAX {
            let value = bf16_to_f32(bits);
            assert!(value.is_nan() || bf16_from_f32(value) == bits);
        }
        let between = |low: u16, sixteenths: u32| f32::from_bits((u32::from(low) << 16) + (sixteenths << 12));
        assert_eq!(bf16_from_f32(between(0x3F80, 7)), 0x3F80);
        assert_eq!(bf16_from_f32(between(0x3F80, 8)), 0x3F80);
        assert_eq!(bf16_from_f32(between(0x3F81, 8)), 0x3F82);
        assert_eq!(bf16_from_f32(between(0x3F80, 9)), 0x3F81);
        assert_eq!(bf16_from_f32(f32::MAX), 0x7F80);
        assert!(bf16_to_f32(bf16_from_f32(f32::from_bits(0x7F80_0001))).is_nan());
    }
}
