//! How alike two texts are, by what they have in common: counts, and scores made of them by integers alone.
//!
//! All are cheap, and all can be gamed by whoever knows the reference: they measure answers, they prove nothing. A
//! candidate may be as long as its sender likes; nothing here takes more than `n log n` of its length, but for
//! [`rouge_l`], which looks at the first [`MOST_TOKENS`] words.
//!
//! ```
//! use assay_scoring::{Score, similarity::{Words, chrf, exact, rouge_1, rouge_l}};
//!
//! assert_eq!(exact("The answer: 42!", "answer 42"), Score::ONE);
//! let found = rouge_1("the cat sat on a mat", "the cat was on the mat", Words::Ascii);
//! assert_eq!((found.matched, found.candidate, found.reference), (4, 6, 6));
//! assert_eq!(rouge_l("on the mat", "the mat", Words::Ascii).recall(), Score::ONE);
//! assert_eq!(chrf("same", "same"), Score::ONE);
//! ```

mod chrf;
mod exact;
mod overlap;
mod rouge;
mod subsequence;
mod words;

pub use chrf::chrf;
pub use exact::{exact, exact_raw, normalise};
pub use overlap::Overlap;
pub use rouge::{rouge_1, rouge_2, rouge_l};
pub use subsequence::MOST_TOKENS;
pub use words::Words;
