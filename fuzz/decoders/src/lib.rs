//! What each fuzz target does with its bytes. libFuzzer calls these functions with bytes of its own making, and
//! `cargo test` with the corpus that it left behind: `docs/fuzzing.md`.
//!
//! A target says whether the bytes were what it decodes, so that a corpus of nothing but nonsense is noticed, and panics
//! where a decoder breaks a promise: what is taken is within the limits, has one form or a stable one, and is bound to
//! its signature.
//!
//! ```
//! let (_, commitment) = assay_fuzz_decoders::TARGETS.iter().find(|(name, _)| *name == "commitment").unwrap();
//! assert!(!commitment(b"nonsense"));
//! assert!(commitment(&assay_fuzz_decoders::seeds::of("commitment")[0].1));
//! ```
#![warn(missing_docs)]

mod answer;
mod archive;
mod commitment;
mod config;
mod envelope;
mod event;
#[cfg(feature = "programs")]
mod extrinsic;
#[cfg(feature = "programs")]
mod frame;
#[cfg(feature = "programs")]
mod node;
mod opening;
mod receipt;
mod request;
mod sample;
mod score_log;
#[cfg(feature = "programs")]
mod settings;
mod wallet;

pub mod seeds;

/// What a target does with bytes, and whether they were what it decodes.
pub type Target = fn(&[u8]) -> bool;

/// Every target by its name: that of a program in `fuzz/fuzz_targets/` and of a folder in `fuzz/corpus/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("answer", answer::answer),
    ("archive", archive::archive),
    ("commitment", commitment::commitment),
    ("config", config::config),
    ("envelope", envelope::envelope),
    ("event", event::event),
    #[cfg(feature = "programs")]
    ("extrinsic", extrinsic::extrinsic),
    #[cfg(feature = "programs")]
    ("frame", frame::frame),
    ("opening", opening::opening),
    ("receipt", receipt::receipt),
    ("request", request::request),
    ("score_log", score_log::score_log),
    #[cfg(feature = "programs")]
    ("settings", settings::settings),
    ("wallet", wallet::wallet),
];

/// Run a target by its name, as the programs in `fuzz/fuzz_targets/` do.
///
/// # Panics
/// Where there is no such target, or a decoder breaks a promise.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target's name");
    target(bytes);
}
