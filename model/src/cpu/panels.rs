//! Matrices packed for the processor, and their product with a few rows.
//!
//! A product of few rows is bound by memory: what counts is how many bytes of weights are read. So weights that are
//! exact in bf16, as those of most checkpoints are, stay in bf16 and are widened in registers: half the bytes, the same
//! numbers. Arithmetic is f32 throughout.
//!
//! Every output is one chain of multiply-adds along the input, in blocks of fixed length: its bits don't depend on how
//! many rows are computed with it, on how they are split, or on the number of threads.

use super::pool::Pool;
use crate::isa::Isa;

/// Outputs that are computed together.
pub(crate) const WIDTH: usize = 32;
/// Half of a panel: one AVX-512 register, or two AVX2 ones.
const HALF: usize = 16;
/// Inputs that are summed up in one go. Partial sums keep the rounding error of long rows small.
pub(crate) const BLOCK: usize = 512;
/// Rows that fit the registers of the widest machine.
pub(crate) const MAX_ROWS: usize = 12;

/// One output of each row of a panel.
pub(crate) type Strip = [f32; WIDTH];

/// One input's weights: f32 as they are.
type Wide = [f32; WIDTH];
/// One input's weights: bf16, output `i` in the low half of word `i`, output `i + 16` in its high half.
type Narrow = [u32; HALF];

/// A matrix [outputs, inputs], packed.
#[derive(Debug)]
pub(crate) struct Panels {
    outputs: usize,
    inputs: usize,
    weights: Weights,
}

#[derive(Debug)]
enum Weights {
    Narrow(Vec<Narrow>),
    Wide(Vec<Wide>),
}

impl Panels {
    /// Packs the rows of a matrix; `row(i, out)` writes the weights of output `i`.
    pub(crate) fn pack(outputs: usize, inputs: usize, row: impl Fn(usize, &mut [f32]) + Sync, pool: &Pool) -> Self {
        let panels = outputs.div_ceil(WIDTH);
        let mut narrow = vec![[0; HALF]; panels * inputs];
        let exact = std::sync::atomic::AtomicBool::new(true);
        pool.split(&mut narrow, inputs, |first, part| {
            let mut buffer = vec![0.0; inputs];
            for (panel, part) in (first..).zip(part.chunks_exact_mut(inputs)) {
                for lane in 0..WIDTH.min(outputs - panel * WIDTH) {
                    row(panel * WIDTH + lane, &mut buffer);
                    let mut lost = 0;
                    for (word, value) in part.iter_mut().zip(&buffer) {
                        let bits = value.to_bits();
                        lost |= bits & 0xffff;
                        word[lane % HALF] |= if lane < HALF { bits >> 16 } else { bits & 0xffff_0000 };
                    }
                    if lost != 0 {
                        exact.store(false, std::sync::atomic::Ordering::Relaxed);
                    }
                }
            }
        });
        if exact.into_inner() {
            return Self { outputs, inputs, weights: Weights::Narrow(narrow) };
        }
        drop(narrow);
        let mut wide = vec![[0.0; WIDTH]; panels * inputs];
        pool.split(&mut wide, inputs, |first, part| {
            let mut buffer = vec![0.0; inputs];
            for (panel, part) in (first..).zip(part.chunks_exact_mut(inputs)) {
                for lane in 0..WIDTH.min(outputs - panel * WIDTH) {
                    row(panel * WIDTH + lane, &mut buffer);
                    part.iter_mut().zip(&buffer).for_each(|(strip, value)| strip[lane] = *value);
                }
            }
        });
        Self { outputs, inputs, weights: Weights::Wide(wide) }
    }

    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// The weights of one output.
    pub(crate) fn row(&self, output: usize, out: &mut [f32]) {
        let (panel, lane) = (output / WIDTH, output % WIDTH);
        let part = panel * self.inputs..(panel + 1) * self.inputs;
        match &self.weights {
            Weights::Narrow(words) => {
                for (value, word) in out.iter_mut().zip(&words[part]) {
                    let word = word[lane % HALF];
                    *value = f32::from_bits(if lane < HALF { word << 16 } else { word & 0xffff_0000 });
                }
            }
            Weights::Wide(strips) => out.iter_mut().zip(&strips[part]).for_each(|(value, strip)| *value = strip[lane]),
        }
    }

    /// The product with `rows`, each as long as the matrix has inputs. It comes out by panels, rows within: `out` is
    /// [panels][rows][32]; lanes past the last output are 0.
    pub(crate) fn multiply(&self, rows: &[&[f32]], out: &mut Vec<Strip>, isa: Isa, pool: &Pool) {
        let panels = self.outputs.div_ceil(WIDTH);
        out.clear();
        out.resize(panels * rows.len(), [0.0; WIDTH]);
        pool.split(out, rows.len(), |first, part| {
            for (panel, part) in (first..).zip(part.chunks_exact_mut(rows.len())) {
                let weights = panel * self.inputs..(panel + 1) * self.inputs;
                match &self.weights {
                    Weights::Narrow(words) => add(&words[weights], rows, part, isa),
                    Weights::Wide(strips) => add(&strips[weights], rows, part, isa),
                }
            }
        });
    }
}

/// Adds the product of one panel and `rows` to `out`.
pub(crate) fn add<W: Panel>(weights: &[W], rows: &[&[f32]], out: &mut [Strip], isa: Isa) {
    let most = match isa {
        Isa::Avx512 => MAX_ROWS,
        Isa::Avx2 => 6,
        Isa::Baseline => 4,
    };
    // as even as can be: thirteen rows are seven and six
    let size = rows.len().div_ceil(rows.len().div_ceil(most).max(1)).max(1);
    for (rows, out) in rows.chunks(size).zip(out.chunks_mut(size)) {
        for (block, weights) in weights.chunks(BLOCK).enumerate() {
            W::block(weights, rows, block * BLOCK, out, isa);
        }
    }
}

/// Weights of a panel: an input's for all its outputs.
pub(crate) trait Panel: Sized {
    /// Adds the product of a block that starts at input `from`.
    fn block(weights: &[Self], rows: &[&[f32]], from: usize, out: &mut [Strip], isa: Isa);
}

impl Panel for Wide {
    fn block(weights: &[Self], rows: &[&[f32]], from: usize, out: &mut [Strip], isa: Isa) {
        kernels::wide(weights, rows, from, out, isa);
    }
}

impl Panel for Narrow {
    fn block(weights: &[Self], rows: &[&[f32]], from: usize, out: &mut [Strip], isa: Isa) {
        kernels::narrow(weights, rows, from, out, isa);
    }
}

/// The inner loops. They are plain code on arrays that the compiler keeps in registers; what differs between machines
/// is which registers it may use.
mod kernels {
    use super::{HALF, Narrow, Strip, WIDTH, Wide};
    use crate::isa::{by_isa, fma};

    /// Loops over rows and lanes are counted ones of constant length: unrolled, the sums are registers.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)]
    fn whole<T, const M: usize, const FMA: bool>(
        weights: &[T],
        widen: impl Fn(&T) -> [[f32; HALF]; 2],
        rows: &[&[f32]; M],
        out: &mut [Strip; M],
    ) {
        let mut sums = [[[0.0; HALF]; 2]; M];
        for at in 0..weights.len() {
            let [left, right] = widen(&weights[at]);
            for row in 0..M {
                let input = rows[row][at];
                for lane in 0..HALF {
                    sums[row][0][lane] = fma::<FMA>(left[lane], input, sums[row][0][lane]);
                }
                for lane in 0..HALF {
                    sums[row][1][lane] = fma::<FMA>(right[lane], input, sums[row][1][lane]);
                }
            }
        }
        for row in 0..M {
            for lane in 0..HALF {
                out[row][lane] += sums[row][0][lane];
                out[row][lane + HALF] += sums[row][1][lane];
            }
        }
    }

    /// Half a panel at a time, for machines with sixteen registers of eight lanes.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)]
    fn halves<T, const M: usize, const FMA: bool>(
        weights: &[T],
        widen: impl Fn(&T) -> [[f32; HALF]; 2],
        rows: &[&[f32]; M],
        out: &mut [Strip; M],
    ) {
        for half in 0..2 {
            let mut sums = [[0.0; HALF]; M];
            for at in 0..weights.len() {
                let weights = widen(&weights[at])[half];
                for row in 0..M {
                    let input = rows[row][at];
                    for lane in 0..HALF {
                        sums[row][lane] = fma::<FMA>(weights[lane], input, sums[row][lane]);
                    }
                }
            }
            for row in 0..M {
                for lane in 0..HALF {
                    out[row][half * HALF + lane] += sums[row][lane];
                }
            }
        }
    }

    #[inline(always)]
    fn wide_halves(strip: &Wide) -> [[f32; HALF]; 2] {
        let mut halves = [[0.0; HALF]; 2];
        halves[0].copy_from_slice(&strip[..HALF]);
        halves[1].copy_from_slice(&strip[HALF..]);
        halves
    }

    #[inline(always)]
    #[allow(clippy::needless_range_loop)]
    fn narrow_halves(words: &Narrow) -> [[f32; HALF]; 2] {
        let mut halves = [[0.0; HALF]; 2];
        for lane in 0..HALF {
            halves[0][lane] = f32::from_bits(words[lane] << 16);
            halves[1][lane] = f32::from_bits(words[lane] & 0xffff_0000);
        }
        halves
    }

    #[inline(always)]
    fn sized<T, const M: usize, const FMA: bool, const SPLIT: bool>(
        weights: &[T],
        widen: impl Fn(&T) -> [[f32; HALF]; 2],
        rows: &[&[f32]],
        from: usize,
        out: &mut [Strip],
    ) {
        let rows: [&[f32]; M] = std::array::from_fn(|row| &rows[row][from..from + weights.len()]);
        let Some(out) = out.first_chunk_mut::<M>() else { return };
        if SPLIT && M > 2 {
            halves::<T, M, FMA>(weights, widen, &rows, out);
        } else {
            whole::<T, M, FMA>(weights, widen, &rows, out);
        }
    }

    #[inline(always)]
    fn any<T, const FMA: bool, const SPLIT: bool, const TWELVE: bool>(
        weights: &[T],
        widen: impl Fn(&T) -> [[f32; HALF]; 2],
        rows: &[&[f32]],
        from: usize,
        out: &mut [Strip],
    ) {
        match rows.len() {
            1 => sized::<T, 1, FMA, SPLIT>(weights, widen, rows, from, out),
            2 => sized::<T, 2, FMA, SPLIT>(weights, widen, rows, from, out),
            3 => sized::<T, 3, FMA, SPLIT>(weights, widen, rows, from, out),
            4 => sized::<T, 4, FMA, SPLIT>(weights, widen, rows, from, out),
            5 => sized::<T, 5, FMA, SPLIT>(weights, widen, rows, from, out),
            6 => sized::<T, 6, FMA, SPLIT>(weights, widen, rows, from, out),
            7 if TWELVE => sized::<T, 7, FMA, SPLIT>(weights, widen, rows, from, out),
            8 if TWELVE => sized::<T, 8, FMA, SPLIT>(weights, widen, rows, from, out),
            9 if TWELVE => sized::<T, 9, FMA, SPLIT>(weights, widen, rows, from, out),
            10 if TWELVE => sized::<T, 10, FMA, SPLIT>(weights, widen, rows, from, out),
            11 if TWELVE => sized::<T, 11, FMA, SPLIT>(weights, widen, rows, from, out),
            12 if TWELVE => sized::<T, 12, FMA, SPLIT>(weights, widen, rows, from, out),
            count => unreachable!("{count} rows in a block"),
        }
    }

    by_isa! {
        /// `out += rows · weights` of f32.
        pub(super) fn wide(weights: &[Wide], rows: &[&[f32]], from: usize, out: &mut [Strip]) {
            any::<Wide, FMA, SPLIT, TWELVE>(weights, wide_halves, rows, from, out)
        }
    }

    by_isa! {
        /// `out += rows · weights` of bf16.
        pub(super) fn narrow(weights: &[Narrow], rows: &[&[f32]], from: usize, out: &mut [Strip]) {
            any::<Narrow, FMA, SPLIT, TWELVE>(weights, narrow_halves, rows, from, out)
        }
    }

    const _: () = assert!(WIDTH == 2 * HALF);
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;

    fn number(at: usize, bf16: bool) -> f32 {
        let value = ((at * 2_654_435_761) % 2_000) as f32 / 1_000.0 - 1.0;
        if bf16 { f32::from_bits(value.to_bits() & 0xffff_0000) } else { value + 1e-4 }
    }

    #[test]
    fn products_are_those_of_double_precision_whatever_the_shape() {
        let pool = Pool::new(NonZero::new(2).expect("two")).expect("threads");
        for (outputs, inputs, bf16) in
            [(1, 1, true), (31, 7, false), (33, 600, true), (64, 1100, false), (100, 40, true)]
        {
            let weights: Vec<f32> = (0..outputs * inputs).map(|at| number(at, bf16)).collect();
            let row = |row: usize, out: &mut [f32]| out.copy_from_slice(&weights[row * inputs..][..inputs]);
            let panels = Panels::pack(outputs, inputs, row, &pool);
            assert_eq!(matches!(panels.weights, Weights::Narrow(_)), bf16, "narrow if and only if nothing is lost");
            let mut back = vec![0.0; inputs];
            for output in 0..outputs {
                panels.row(output, &mut back);
                assert_eq!(back, weights[output * inputs..][..inputs]);
            }
            for count in [1, 2, 3, 5, 7, 12, 13, 30] {
                let inputs_of =
                    |row: usize| -> Vec<f32> { (0..inputs).map(|at| number(at * 31 + row, false)).collect() };
                let rows: Vec<Vec<f32>> = (0..count).map(inputs_of).collect();
                let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
                for isa in Isa::all() {
                    let mut out = Vec::new();
                    panels.multiply(&rows, &mut out, isa, &pool);
                    for (row, values) in rows.iter().enumerate() {
                        for output in 0..outputs {
                            let own = out[output / WIDTH * count + row][output % WIDTH];
                            let terms = weights[output * inputs..][..inputs].iter().zip(*values);
                            let real: f64 = terms.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                            assert!((f64::from(own) - real).abs() < 1e-4, "{isa:?}: {own} is not {real}");
                        }
                    }
                    // each row by itself gives the same bits
                    let mut single = Vec::new();
                    panels.multiply(&rows[count - 1..], &mut single, isa, &pool);
                    let last = out.chunks_exact(count).map(|strips| strips[count - 1]);
                    assert!(single.iter().copied().eq(last), "{isa:?}, {count} rows");
                }
            }
        }
    }
}
