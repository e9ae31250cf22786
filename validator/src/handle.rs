//! A running validator.

use std::net::SocketAddr;

use primitives::Hotkey;
use scoring::Round;
use tokio::{sync::watch, task::JoinSet};

use crate::{journal::Submission, store::SharedStore};

/// How far a running validator got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Rounds in its log.
    pub rounds: u64,
    /// The last round that it scored since it was started.
    pub last_round: Option<Round>,
    /// The last weights that it brought to an end since it was started.
    pub last_submission: Option<Submission>,
    /// The weights that it worked on last since it was started, however far they got.
    pub submission: Option<Submission>,
}

/// Where the tasks say how far they got.
#[derive(Clone)]
pub(crate) struct Progress(watch::Sender<Status>);

impl Progress {
    pub fn new(rounds: u64) -> Self {
        Self(watch::Sender::new(Status { rounds, ..Status::default() }))
    }

    pub fn round(&self, round: Round, rounds: u64) {
        self.0.send_modify(|status| (status.rounds, status.last_round) = (rounds, Some(round)));
    }

    pub fn submission(&self, submission: Submission) {
        self.0.send_modify(|status| {
            if submission.state.is_finished() {
                status.last_submission = Some(submission.clone());
            }
            status.submission = Some(submission);
        });
    }
}

/// A running validator. Dropping it stops it at once, which is safe at any moment.
pub struct Handle {
    pub(crate) hotkey: Hotkey,
    pub(crate) progress: Progress,
    pub(crate) store: SharedStore,
    pub(crate) dashboard: Option<dashboard::Handle>,
    /// Aborted when this is dropped.
    pub(crate) tasks: JoinSet<()>,
}

impl Handle {
    /// Whose it is.
    pub fn hotkey(&self) -> Hotkey {
        self.hotkey
    }

    /// How far it got, now and whenever that changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.progress.0.subscribe()
    }

    /// Where its dashboard is served, if it is.
    pub fn dashboard_addr(&self) -> Option<SocketAddr> {
        self.dashboard.as_ref().map(dashboard::Handle::addr)
    }

    /// Resolves when the validator can't go on by itself: one of its tasks has ended, which only a bug can do.
    pub async fn failed(&mut self) {
        self.tasks.join_next().await;
    }

    /// Stop, and wait until nothing runs any more and the store is closed. A round under way is dropped; weights under
    /// way are in the journal, and go on from there at the next start.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
        if let Some(dashboard) = self.dashboard.take() {
            dashboard.shutdown().await;
        }
        self.store.idle().await;
    }
}
