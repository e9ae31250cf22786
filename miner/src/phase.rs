//! Where in its life the miner is.

use tokio::sync::watch;

/// Serving, then draining, closing and stopped; never back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// New requests are taken.
    Serving,
    /// What was taken is finished, nothing new is taken. Rows of answers given a moment ago are still shown.
    Draining,
    /// All is finished: connections are closed.
    Closing,
    /// What isn't finished is given up.
    Stopped,
}

/// Wait until the miner is in `phase` or beyond. A miner that was dropped is beyond all.
pub(crate) async fn reach(mut phases: watch::Receiver<Phase>, phase: Phase) {
    // An error means that the sender is gone.
    let _ = phases.wait_for(|now| *now >= phase).await;
}
