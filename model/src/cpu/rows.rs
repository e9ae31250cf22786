//! Operations on rows: norms, rotations, activations, softmax. Each row is computed by itself, in one order.

use crate::{
    exp::exp,
    isa::{by_isa, fma},
};

const LANES: usize = 16;

/// The sum of `LANES` chains, in a fixed order.
#[inline(always)]
fn total(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
    }
    lanes[0]
}

#[inline(always)]
fn largest(mut lanes: [f32; LANES]) -> f32 {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = lanes[lane].max(lanes[lane + width]);
        }
    }
    lanes[0]
}

by_isa! {
    /// Divides rows of `weight.len()` by their root mean square, and scales them: `out = x / rms(x) * weight`.
    pub(crate) fn rms_norm(x: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
        let width = weight.len();
        for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            let mut lanes = [0.0; LANES];
            let (whole, rest) = x.as_chunks::<LANES>();
            for chunk in whole {
                for (sum, x) in lanes.iter_mut().zip(chunk) {
                    *sum = fma::<FMA>(*x, *x, *sum);
                }
            }
            for (sum, x) in lanes.iter_mut().zip(rest) {
                *sum = fma::<FMA>(*x, *x, *sum);
            }
            let scale = 1.0 / (total(lanes) / width as f32 + epsilon).sqrt();
            for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
                *out = x * scale * weight;
            }
        }
    }
}

by_isa! {
    /// Rotates a head's halves against each other by the angles of a position; `cos` and `sin` are half as long.
    pub(crate) fn rotate(head: &mut [f32], cos: &[f32], sin: &[f32]) {
        let (left, right) = head.split_at_mut(cos.len());
        for (((left, right), cos), sin) in left.iter_mut().zip(right).zip(cos).zip(sin) {
            let (x, y) = (*left, *right);
            *left = x * cos - y * sin;
            *right = y * cos + x * sin;
        }
    }
}

by_isa! {
    /// `out = silu(gate) * up`, where silu(x) = x / (1 + exp(-x)).
    pub(crate) fn gated(gate: &[f32], up: &[f32], out: &mut [f32]) {
        for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
            *out = gate / (1.0 + exp::<FMA>(-gate)) * up;
        }
    }
}

by_isa! {
    /// Makes probabilities of the scores from `valid.0` to before `valid.1`, after scaling them, and zeros of the others.
    pub(crate) fn softmax(scores: &mut [f32], scale: f32, valid: (usize, usize)) {
        scores[..valid.0].fill(0.0);
        scores[valid.1..].fill(0.0);
        let scores = &mut scores[valid.0..valid.1];
        let (whole, rest) = scores.as_chunks_mut::<LANES>();
        let mut lanes = [f32::NEG_INFINITY; LANES];
        for chunk in whole.iter() {
            for (most, score) in lanes.iter_mut().zip(chunk) {
                *most = most.max(*score);
            }
        }
        for (most, score) in lanes.iter_mut().zip(rest.iter()) {
            *most = most.max(*score);
        }
        let most = largest(lanes);
        let mut sums = [0.0; LANES];
        for chunk in whole.iter_mut() {
            for (sum, score) in sums.iter_mut().zip(chunk) {
                *score = exp::<FMA>((*score - most) * scale);
                *sum += *score;
            }
        }
        for (sum, score) in sums.iter_mut().zip(rest.iter_mut()) {
            *score = exp::<FMA>((*score - most) * scale);
            *sum += *score;
        }
        let share = 1.0 / total(sums);
        for score in scores {
            *score *= share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;

    fn numbers(count: usize, scale: f32) -> Vec<f32> {
        let mut state = 0x9E37_79B9_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..count).map(|_| next() * scale).collect()
    }

    #[test]
    fn rows_are_as_computed_in_double_precision() {
        for isa in Isa::all() {
            for width in [1, 7, 16, 33, 64, 250] {
                let (x, weight) = (numbers(width * 3, 4.0), numbers(width, 2.0));
                let mut out = vec![0.0; width * 3];
                rms_norm(&x, &weight, 1e-5, &mut out, isa);
                for (x, out) in x.chunks(width).zip(out.chunks(width)) {
                    let square: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / width as f64;
                    for ((x, weight), out) in x.iter().zip(&weight).zip(out) {
                        let real = f64::from(*x) / (square + 1e-5).sqrt() * f64::from(*weight);
                        assert!((f64::from(*out) - real).abs() < 1e-5, "{isa:?} {width}");
                    }
                }
                let (gate, up) = (numbers(width, 20.0), numbers(width, 3.0));
                let mut out = vec![0.0; width];
                gated(&gate, &up, &mut out, isa);
                for ((gate, up), out) in gate.iter().zip(&up).zip(&out) {
                    let real = f64::from(*gate) / (1.0 + (-f64::from(*gate)).exp()) * f64::from(*up);
                    assert!((f64::from(*out) - real).abs() < 1e-5, "{isa:?} {width}");
                }
            }
        }
    }

    #[test]
    fn a_softmax_sums_to_one_and_leaves_out_what_is_not_valid() {
        for isa in Isa::all() {
            for (count, valid) in [(1, (0, 1)), (40, (3, 37)), (64, (0, 64)), (64, (33, 34))] {
                let mut scores = numbers(count, 30.0);
                // what lies outside may be anything
                scores[..valid.0].fill(f32::NAN);
                scores[valid.1..].fill(f32::INFINITY);
                let before = scores.clone();
                softmax(&mut scores, 0.5, valid, isa);
                let real: Vec<f64> = before[valid.0..valid.1].iter().map(|x| f64::from(x * 0.5).exp()).collect();
                let sum: f64 = real.iter().sum();
                for (index, score) in scores.iter().enumerate() {
                    let expected = if (valid.0..valid.1).contains(&index) { real[index - valid.0] / sum } else { 0.0 };
                    assert!((f64::from(*score) - expected).abs() < 1e-6, "{isa:?} {count} {valid:?} {index}");
                }
            }
        }
    }

    #[test]
    fn a_rotation_keeps_lengths_and_turns_by_the_angle() {
        for isa in Isa::all() {
            let mut head = vec![1.0, 0.0, 0.0, 1.0];
            let angle = 0.3f32;
            rotate(&mut head, &[angle.cos(), 1.0], &[angle.sin(), 0.0], isa);
            assert_eq!(head, [angle.cos(), 0.0, angle.sin(), 1.0], "{isa:?}");
        }
    }

    #[test]
    fn one_bad_number_spoils_its_row_only() {
        for isa in Isa::all() {
            let mut x = numbers(64, 1.0);
            x[40] = f32::NAN;
            let mut out = vec![0.0; 64];
            rms_norm(&x, &[1.0; 32], 1e-5, &mut out, isa);
            assert!(out[..32].iter().all(|x| x.is_finite()) && out[32..].iter().all(|x| x.is_nan()));
            let mut scores = vec![0.5, f32::NAN, 0.5];
            softmax(&mut scores, 1.0, (0, 3), isa);
            assert!(scores.iter().any(|x| x.is_nan()));
        }
    }
}
