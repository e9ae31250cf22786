//! Answers in a few bytes, to see later which were alike: what a log can carry where it can't carry the answers.
//!
//! A [`Sketch`] estimates how many phrases two answers share, a [`SimHash`] how alike their use of words is. Both are
//! blind to case, spacing and punctuation: they see the words of [`Words::Unicode`](crate::similarity::Words). They
//! tell who answered alike, not who copied whom, and a copier who rewords every phrase escapes both. [`clusters`] joins
//! what is alike in pairs.
//!
//! ```
//! use assay_scoring::sketch::{Sketch, clusters, resemblance_ppm};
//!
//! let answers = ["It rains on the plain in Spain.", "It rains  on the plain, in Spain", "Nothing like the others."];
//! let sketches = answers.map(Sketch::of);
//! assert_eq!(resemblance_ppm(&sketches[0], &sketches[1]), 1_000_000);
//! assert!(resemblance_ppm(&sketches[0], &sketches[2]) < 100_000);
//! let alike = |&(a, b): &(usize, usize)| resemblance_ppm(&sketches[a], &sketches[b]) > 800_000;
//! assert_eq!(clusters(3, [(0, 1), (0, 2), (1, 2)].into_iter().filter(alike)), [0, 0, 2]);
//! ```

mod clusters;
mod hex_bytes;
mod min_hash;
mod shingles;
mod sim_hash;

pub use clusters::clusters;
pub use min_hash::{SKETCH_BYTES, Sketch, resemblance_ppm};
pub use shingles::SHINGLE_WORDS;
pub use sim_hash::{SimHash, likeness_ppm};
