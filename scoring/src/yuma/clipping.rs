//! Weights above consensus are clipped to it, in whole or in part.

use substrate_fixed::types::I32F32;

use super::{
    factor::Factor,
    fixed::{ZERO, plus},
    matrix::Matrix,
    row::Sorted,
};

/// What clipped weights come to.
pub(crate) struct Clipped {
    /// The sum of each row.
    pub rows: Vec<I32F32>,
    /// `Σ_i factors_i · clipped_ij` of each column.
    pub columns: Vec<I32F32>,
}

/// A column while its weights are clipped.
struct Column {
    /// Never negative, as no weight is.
    ceiling: I32F32,
    sum: I32F32,
}

impl Column {
    fn each(ceilings: &[I32F32]) -> Vec<Self> {
        ceilings.iter().map(|ceiling| Self { ceiling: *ceiling, sum: ZERO }).collect()
    }

    /// A weight clipped, and what the factor makes of it.
    #[inline]
    fn clip(&mut self, value: I32F32, factor: Factor) -> (I32F32, I32F32) {
        let clipped = value.min(self.ceiling);
        let product = factor.times(clipped);
        self.sum = plus(self.sum, product);
        (clipped, product)
    }
}

/// What the matrix comes to clipped at `ceilings`, a factor for each row.
pub(crate) fn clipped_sums(matrix: &Matrix, ceilings: &[I32F32], factors: &[I32F32]) -> Clipped {
    let mut columns = Column::each(ceilings);
    let mut rows = Vec::with_capacity(factors.len());
    for (row, factor) in matrix.rows().zip(factors) {
        let (factor, mut sum) = (Factor::new(*factor), ZERO);
        row.each(&mut columns, |_, value, column| sum = sum.wrapping_add(column.clip(value, factor).0));
        rows.push(sum);
    }
    Clipped { rows, columns: columns.into_iter().map(|column| column.sum).collect() }
}

/// The same, and puts `keep(clipped, factor · clipped)` in the place of each value.
pub(crate) fn clip_and_keep(
    matrix: &mut Matrix,
    ceilings: &[I32F32],
    factors: &[I32F32],
    keep: impl Fn(I32F32, I32F32) -> I32F32,
) -> Clipped {
    let mut columns = Column::each(ceilings);
    let mut rows = Vec::with_capacity(factors.len());
    for (row, factor) in matrix.rows_mut().zip(factors) {
        let (factor, mut sum) = (Factor::new(*factor), ZERO);
        row.each(&mut columns, |value, column| {
            let (clipped, product) = column.clip(*value, factor);
            sum = sum.wrapping_add(clipped);
            *value = keep(clipped, product);
        });
        rows.push(sum);
    }
    Clipped { rows, columns: columns.into_iter().map(|column| column.sum).collect() }
}

/// Clipped at `ceilings`, entries in their order: where the ceiling isn't positive, what is above it isn't named any more.
pub(crate) fn clipped(matrix: Matrix, ceilings: &[I32F32]) -> Matrix {
    let mut matrix = matrix.into_entries();
    matrix.change_entries(|uid, value| {
        let ceiling = ceilings[usize::from(uid)];
        (value <= ceiling || ceiling > ZERO).then(|| value.min(ceiling))
    });
    matrix
}

/// What lies between a matrix and itself clipped at `ceilings`, `ratio` of the way.
///
/// Unlike at ratios of 0 and 1, where the chain takes the rows as they are, they come out by ascending uid,
/// without values that are not positive, and of two entries of one uid only the last one counts.
pub(crate) fn clipped_partly(mut matrix: Matrix, ceilings: &[I32F32], ratio: I32F32) -> Matrix {
    let ratio = Factor::new(ratio);
    let between = |value: I32F32, ceiling: I32F32| {
        let clipped = value.min(ceiling);
        value.saturating_add(ratio.times(clipped.saturating_sub(value)))
    };
    if matrix.is_full() {
        let mut ceilings = ceilings.to_vec();
        let rows = matrix.rows_mut();
        rows.for_each(|row| row.each(&mut ceilings, |value, ceiling| *value = between(*value, *ceiling)));
        return matrix;
    }
    let mut mixed = Matrix::with_room_of(&matrix);
    let mut sorted = Sorted::default();
    for row in matrix.rows() {
        let row = row.by_uid(&mut sorted);
        for (at, (uid, value)) in row.iter().enumerate() {
            let last = row.uids.get(at + 1) != Some(&uid);
            let value = between(value, ceilings[usize::from(uid)]);
            if last && value > ZERO {
                mixed.push(uid, value);
            }
        }
        mixed.end_row();
    }
    mixed
}
