//! Consensus: the stake-weighted median of what validators say of each miner.

use super::{
    fixed::Fixed,
    sparse::{Matrix, normalize},
};

/// The weighted median of each column over the rows with stake; a row that doesn't name a column says 0. `majority`
/// is kappa.
pub(crate) fn weighted_medians(stake: &[Fixed], matrix: &Matrix, majority: Fixed) -> Vec<Fixed> {
    let rows: Vec<usize> = (0..stake.len()).filter(|i| stake[*i] > Fixed::ZERO).collect();
    let mut weights: Vec<Fixed> = rows.iter().map(|i| stake[*i]).collect();
    normalize(&mut weights);
    let total: Fixed = weights.iter().copied().sum();

    // Column-major, so that one median reads one stretch of memory.
    let mut scores = vec![Fixed::ZERO; matrix.len() * rows.len()];
    for (k, i) in rows.iter().enumerate() {
        for (j, value) in &matrix[*i] {
            scores[usize::from(*j) * rows.len() + k] = *value;
        }
    }
    if rows.is_empty() {
        return vec![Fixed::ZERO; matrix.len()];
    }
    scores.chunks(rows.len()).map(|column| median(&weights, column, total, majority)).collect()
}

/// Quickselect with the middle element as pivot. The bounds are carried along with the chain's roundings: recomputing
/// them would differ in the last bit and so at ties.
fn median(weights: &[Fixed], scores: &[Fixed], total: Fixed, majority: Fixed) -> Fixed {
    let minority = total.sub(majority);
    let (mut low, mut high) = (Fixed::ZERO, total);
    let mut partition: Vec<usize> = (0..weights.len()).collect();
    loop {
        let Some(middle) = partition.get(partition.len() / 2) else { return Fixed::ZERO };
        let pivot = scores[*middle];
        if partition.len() == 1 {
            return pivot;
        }
        let lower: Vec<usize> = partition.iter().copied().filter(|i| scores[*i] < pivot).collect();
        let upper: Vec<usize> = partition.iter().copied().filter(|i| scores[*i] > pivot).collect();
        let below = low.add(lower.iter().map(|i| weights[*i]).sum());
        let above = high.sub(upper.iter().map(|i| weights[*i]).sum());
        if minority < below && !lower.is_empty() {
            (partition, high) = (lower, below);
        } else if above <= minority && !upper.is_empty() {
            (partition, low) = (upper, above);
        } else {
            return pivot;
        }
    }
}
