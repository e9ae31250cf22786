//! Evidence that an answer was computed by the named model.
//!
//! A miner commits to the *hidden rows* of an answer: the last hidden state after the final norm, rounded to bf16, one row
//! for each token that was run, the prompt's first. Of `prompt` tokens and `answered` ones there are
//! `prompt + answered - 1` rows: nothing runs behind the last token.
//!
//! * A [`Commitment`] to each chunk of rows travels with the tokens: the prompt is one chunk, then come 32 rows each.
//! * The root of a [`RowTree`] over all rows closes the answer. Whoever asked may have single rows opened afterwards.

mod bf16;
mod check;
mod commitment;
mod distance;
mod field;
mod forgery;
mod largest;
mod rows;
mod rules;
mod tree;

pub use bf16::{bf16_from_f32, bf16_to_f32};
pub use check::{MAX_OPENED_ROWS, Proof, ProofCheck, Shown, check, distance_ppm};
pub use commitment::{Commitment, CommitmentError, MAX_COMMITMENT_BYTES, POINTS};
pub use distance::{Distance, NO_MANTISSA_MILLI};
pub use forgery::forge;
pub use rows::{CHUNK_ROWS, Rows, chunks};
pub use rules::{ProofRules, Thresholds};
pub use tree::{MAX_PATH, Opening, RowTree};
