//! Least squares over epochs that hang together.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Scores of epochs so far apart, at most, are taken to hang together.
const BANDWIDTH: usize = 2;
/// A regressor of which so little is left beside the others says nothing.
const LEAST_PIVOT: f64 = 1e-9;

/// Sums over the miners of one epoch: of products of regressors, row by row, and of each with what they explain.
#[derive(Clone)]
pub(super) struct Moments {
    squares: Vec<f64>,
    products: Vec<f64>,
}

/// The inner product; an empty vector is zero.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Moments {
    pub fn of(explained: &[f64], regressors: &[&[f64]]) -> Self {
        let squares = regressors.iter().flat_map(|a| regressors.iter().map(|b| dot(a, b))).collect();
        Self { squares, products: regressors.iter().map(|a| dot(explained, a)).collect() }
    }
}

/// Coefficients, and how far they are from those of endless epochs.
pub(super) struct Fit {
    pub coefficients: Vec<f64>,
    covariance: Vec<f64>,
    degrees: f64,
}

impl Fit {
    /// Of the moments of consecutive epochs, none where an epoch says nothing. None where there are no more of them than
    /// regressors.
    pub fn of(epochs: &[Option<Moments>]) -> Option<Self> {
        let known = || epochs.iter().flatten();
        let size = known().next()?.products.len();
        let degrees = known().count().checked_sub(size).filter(|degrees| *degrees > 0)? as f64;
        let mut squares = vec![0.0; size * size];
        let mut products = vec![0.0; size];
        for moments in known() {
            squares.iter_mut().zip(&moments.squares).for_each(|(sum, value)| *sum += value);
            products.iter_mut().zip(&moments.products).for_each(|(sum, value)| *sum += value);
        }
        let inverse = inverse(squares, size);
        let coefficients = times(&inverse, &products);
        // What an epoch would still change of the coefficients.
        let score = |moments: &Moments| -> Vec<f64> {
            let fitted = times(&moments.squares, &coefficients);
            moments.products.iter().zip(fitted).map(|(product, fitted)| product - fitted).collect()
        };
        let scores: Vec<Option<Vec<f64>>> = epochs.iter().map(|moments| moments.as_ref().map(score)).collect();
        let mut spread = vec![0.0; size * size];
        for apart in 0..=BANDWIDTH {
            // Bartlett's weights; either way round.
            let weight = (1.0 - apart as f64 / (BANDWIDTH + 1) as f64) / if apart == 0 { 2.0 } else { 1.0 };
            for (later, earlier) in scores.iter().skip(apart).zip(&scores) {
                let (Some(later), Some(earlier)) = (later, earlier) else { continue };
                for (at, sum) in spread.iter_mut().enumerate() {
                    let (i, j) = (at / size, at % size);
                    *sum += weight * (later[i] * earlier[j] + later[j] * earlier[i]);
                }
            }
        }
        let few = (degrees + size as f64) / degrees;
        let covariance = sandwich(&inverse, &spread, size).into_iter().map(|value| value * few).collect();
        Some(Self { coefficients, covariance, degrees })
    }

    /// The chance of such a sum of coefficients, or a greater one, where it is `null` or less.
    pub fn chance(&self, sum: &[(usize, f64)], null: f64) -> f64 {
        let size = self.coefficients.len();
        let estimate = sum.iter().map(|(at, times)| times * self.coefficients[*at]).sum::<f64>() - null;
        let pairs = sum.iter().flat_map(|(i, a)| sum.iter().map(move |(j, b)| (i * size + j, a * b)));
        let variance: f64 = pairs.map(|(at, times)| times * self.covariance[at]).sum();
        if variance <= 0.0 {
            return if estimate > 0.0 && variance == 0.0 { 0.0 } else { 1.0 };
        }
        let student = StudentsT::new(0.0, 1.0, self.degrees);
        student.map_or(1.0, |student| student.sf(estimate / variance.sqrt()))
    }
}

fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix.chunks_exact(vector.len()).map(|row| dot(row, vector)).collect()
}

/// `bread · filling · bread`, both symmetric.
fn sandwich(bread: &[f64], filling: &[f64], size: usize) -> Vec<f64> {
    let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
        let entry = |at: usize| (0..size).map(|k| a[at / size * size + k] * b[k * size + at % size]).sum();
        (0..size * size).map(entry).collect()
    };
    product(&product(bread, filling), bread)
}

/// The inverse of a symmetric matrix of squares; rows of what the others explain already are 0 (the sweep of Beaton and
/// Goodnight).
fn inverse(mut matrix: Vec<f64>, size: usize) -> Vec<f64> {
    let least: Vec<f64> = (0..size).map(|k| LEAST_PIVOT * matrix[k * size + k]).collect();
    let mut swept = vec![false; size];
    for k in 0..size {
        let pivot = matrix[k * size + k];
        if pivot <= least[k] {
            continue;
        }
        swept[k] = true;
        let (row, column): (Vec<f64>, Vec<f64>) =
            (0..size).map(|i| (matrix[k * size + i], matrix[i * size + k])).unzip();
        for (at, value) in matrix.iter_mut().enumerate() {
            let (i, j) = (at / size, at % size);
            *value = match (i == k, j == k) {
                (true, true) => 1.0 / pivot,
                (true, false) => row[j] / pivot,
                (false, true) => -column[i] / pivot,
                (false, false) => *value - column[i] * row[j] / pivot,
            };
        }
    }
    matrix.iter_mut().enumerate().for_each(|(at, value)| {
        if !swept[at / size] || !swept[at % size] {
            *value = 0.0;
        }
    });
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_is_one() {
        let found = inverse(vec![4.0, 2.0, 2.0, 3.0], 2);
        let known = [0.375, -0.25, -0.25, 0.5];
        assert!(found.iter().zip(known).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
        // A regressor twice, and one of nothing.
        let found = inverse(vec![2.0, 2.0, 0.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0], 3);
        assert_eq!(found, [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn coefficients_are_those_of_least_squares() {
        // y = 2 a - b over three epochs of three numbers, without an error.
        let (a, b) = (
            [[1.0, 0.0, 2.0], [0.5, -1.0, 1.0], [3.0, 1.0, 1.0]],
            [[0.0, 1.0, 1.0], [2.0, 1.0, 0.0], [1.0, 1.0, -1.0]],
        );
        let epoch = |(a, b): (&[f64; 3], &[f64; 3])| {
            let y: Vec<f64> = a.iter().zip(b).map(|(a, b)| 2.0 * a - b).collect();
            Some(Moments::of(&y, &[a, b]))
        };
        let mut epochs: Vec<Option<Moments>> = a.iter().zip(&b).map(epoch).collect();
        epochs.insert(1, None);
        let fit = Fit::of(&epochs).unwrap();
        assert!((fit.coefficients[0] - 2.0).abs() < 1e-12 && (fit.coefficients[1] + 1.0).abs() < 1e-12);
        assert!(fit.chance(&[(0, 1.0)], 1.9) < 1e-6 && fit.chance(&[(1, 1.0)], 0.0) > 1.0 - 1e-6);
        assert!(Fit::of(&epochs[..3]).is_none() && Fit::of(&[]).is_none() && Fit::of(&[None]).is_none());
    }

    #[test]
    fn errors_are_those_of_newey_and_west() {
        // One regressor of ones, one number an epoch: the variance of a mean, by hand. The numbers are 1, 4, 2, 5 around 3,
        // so that the scores are -2, 1, -1, 2: sums of products 10 (0 apart), -5 (1 apart), 4 (2 apart), which
        // Bartlett weighs with 1, 2/3 and 1/3.
        let epochs: Vec<_> = [1.0, 4.0, 2.0, 5.0].map(|y| Some(Moments::of(&[y], &[&[1.0]]))).into();
        let fit = Fit::of(&epochs).unwrap();
        let spread = 10.0 + 2.0 * (2.0 / 3.0 * -5.0 + 1.0 / 3.0 * 4.0);
        assert_eq!((fit.coefficients[0], fit.degrees), (3.0, 3.0));
        assert!((fit.covariance[0] - spread / 16.0 * 4.0 / 3.0).abs() < 1e-12);
        let t = 3.0 / fit.covariance[0].sqrt();
        let known = StudentsT::new(0.0, 1.0, 3.0).unwrap().sf(t);
        assert_eq!(fit.chance(&[(0, 1.0)], 0.0), known);
    }
}
