//! What somebody who never ran the model can put into a proof. Calibrations and tests hold their thresholds against it.

use super::{Commitment, Proof, RowTree, Rows, bf16_from_f32, chunks};
use crate::noise::philox4x32_10;

/// A guess at the proof of an answer, and the rows that it commits to: numbers of a usual size everywhere. Constant
/// polynomials have the right exponents more often than anything else that needs no model.
///
/// Each `attempt` guesses another size. None for answers without rows.
pub fn forge(attempt: u32, width: usize, prompt: usize, answered: usize) -> Option<(Proof, Rows)> {
    let rows = (prompt + answered).checked_sub(1)?;
    let draw = |counter: u32, stream: u32| philox4x32_10([counter, stream, attempt, 0], [0xF0, 0x26]);
    // Largest numbers of a row of norm outputs: from one to a hundred, evenly by magnitude.
    let size = libm::exp(f64::from(draw(0, 0)[0]) / 4_294_967_296.0 * libm::log(100.0)) as f32;
    let constant = bf16_from_f32(size);
    let commitments = chunks(prompt, answered)
        .map(|chunk| Commitment::constant(constant, chunk.len().saturating_mul(width)))
        .collect::<Option<Vec<_>>>()?;
    let values = (0..rows.checked_mul(width)?).map(|index| {
        let word = draw(u32::try_from(index / 4).unwrap_or(u32::MAX), 1)[index % 4];
        // Evenly around zero: as good a guess as any at numbers that nobody has seen.
        bf16_from_f32((f64::from(word) / 4_294_967_296.0 - 0.5) as f32 * size)
    });
    let rows = Rows::new(width, values.collect())?;
    let root = RowTree::new(&rows)?.root();
    Some((Proof { commitments, root }, rows))
}
