//! Sparse rows, `(uid, value)` in stored order, and the few operations that an epoch needs of them.

use super::{fixed::Fixed, values::Rows};

/// One validator's row.
pub(crate) type Row = Vec<(u16, Fixed)>;

/// A row for each of n seats.
pub(crate) type Matrix = Vec<Row>;

/// Stored rows as a matrix of n x n; seats that don't exist are left out.
pub(crate) fn from_stored(rows: &Rows, n: usize, value: impl Fn(u16) -> Fixed) -> Matrix {
    let mut matrix = vec![Row::new(); n];
    for (uid, stored) in rows {
        if let Some(row) = matrix.get_mut(usize::from(*uid)) {
            row.extend(stored.iter().filter(|(j, _)| usize::from(*j) < n).map(|(j, v)| (*j, value(*v))));
        }
    }
    matrix
}

/// Divides a vector by its sum, unless that is 0.
pub(crate) fn normalize(values: &mut [Fixed]) {
    let sum = values.iter().copied().sum();
    divide(values, sum);
}

/// Divides a vector by `sum`, unless that is 0.
pub(crate) fn divide(values: &mut [Fixed], sum: Fixed) {
    if sum != Fixed::ZERO {
        values.iter_mut().for_each(|value| *value = value.div(sum));
    }
}

/// Divides each row by its sum, where that is positive.
pub(crate) fn normalize_rows(matrix: &mut Matrix) {
    for row in matrix {
        let sum = row.iter().map(|(_, value)| *value).sum();
        if sum > Fixed::ZERO {
            row.iter_mut().for_each(|(_, value)| *value = value.div(sum));
        }
    }
}

/// Divides each column by its sum.
pub(crate) fn normalize_columns(matrix: &mut Matrix) {
    divide_columns(matrix, Fixed::add);
}

/// Divides each column by its largest value.
pub(crate) fn upscale_columns(matrix: &mut Matrix) {
    divide_columns(matrix, Fixed::max);
}

fn divide_columns(matrix: &mut Matrix, fold: impl Fn(Fixed, Fixed) -> Fixed) {
    let mut columns = vec![Fixed::ZERO; matrix.len()];
    for (j, value) in matrix.iter().flatten() {
        columns[usize::from(*j)] = fold(columns[usize::from(*j)], *value);
    }
    for (j, value) in matrix.iter_mut().flatten() {
        if columns[usize::from(*j)] != Fixed::ZERO {
            *value = value.div(columns[usize::from(*j)]);
        }
    }
}

/// Sum of each row.
pub(crate) fn row_sums(matrix: &Matrix) -> Vec<Fixed> {
    matrix.iter().map(|row| row.iter().map(|(_, value)| *value).sum()).collect()
}

/// `out_j = Σ_i vector_i · matrix_ij`.
pub(crate) fn weighted_column_sums(matrix: &Matrix, vector: &[Fixed]) -> Vec<Fixed> {
    let mut sums = vec![Fixed::ZERO; matrix.len()];
    for (row, factor) in matrix.iter().zip(vector) {
        for (j, value) in row {
            sums[usize::from(*j)] = sums[usize::from(*j)].add(factor.mul(*value));
        }
    }
    sums
}

/// `out_i = Σ_j matrix_ij · vector_j`.
pub(crate) fn weighted_row_sums(matrix: &Matrix, vector: &[Fixed]) -> Vec<Fixed> {
    matrix.iter().map(|row| row.iter().map(|(j, value)| vector[usize::from(*j)].mul(*value)).sum()).collect()
}

/// Each row times its factor.
pub(crate) fn scale_rows(matrix: &Matrix, vector: &[Fixed]) -> Matrix {
    let scale = |(row, factor): (&Row, &Fixed)| row.iter().map(|(j, value)| (*j, value.mul(*factor))).collect();
    matrix.iter().zip(vector).map(scale).collect()
}

/// Values above their column's ceiling are lowered to it; where the ceiling is not positive they are dropped.
pub(crate) fn clip_columns(matrix: &Matrix, ceilings: &[Fixed]) -> Matrix {
    let clip = |&(j, value): &(u16, Fixed)| match ceilings[usize::from(j)] {
        ceiling if value <= ceiling => Some((j, value)),
        ceiling if ceiling > Fixed::ZERO => Some((j, ceiling)),
        _ => None,
    };
    matrix.iter().map(|row| row.iter().filter_map(clip).collect()).collect()
}

/// `a + ratio · (b − a)`, element by element. At ratios of exactly 0 and 1 the rows are returned as they are; in
/// between they come out sorted and without values that are not positive.
pub(crate) fn interpolate(a: Matrix, b: &Matrix, ratio: Fixed) -> Matrix {
    if ratio == Fixed::ZERO {
        return a;
    }
    if ratio == Fixed::ONE {
        return b.clone();
    }
    let n = a.len();
    let mix = |(row_a, row_b): (&Row, &Row)| {
        let mut dense = vec![(Fixed::ZERO, Fixed::ZERO); if row_a.is_empty() && row_b.is_empty() { 0 } else { n }];
        row_a.iter().for_each(|(j, value)| dense[usize::from(*j)].0 = *value);
        row_b.iter().for_each(|(j, value)| dense[usize::from(*j)].1 = *value);
        positive(dense.into_iter().map(|(from, to)| from.add(ratio.mul(to.sub(from)))))
    };
    a.iter().zip(b).map(mix).collect()
}

/// The positive values of a dense row.
pub(crate) fn positive(dense: impl Iterator<Item = Fixed>) -> Row {
    (0..=u16::MAX).zip(dense).filter(|(_, value)| *value > Fixed::ZERO).collect()
}
