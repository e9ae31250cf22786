//! Makes editions of what is written on a board, and tells them to who looks.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{broadcast, watch},
    time::{Instant, MissedTickBehavior, interval_at},
};

use crate::{
    board::Board,
    edition::{Changes, Edition},
    sheet::Sheet,
};

/// Changes that come so soon after each other are told at once.
const PAUSE: Duration = Duration::from_millis(200);
/// Changes that a reader may be behind before it is let go.
const BACKLOG: usize = 16;

/// Where readers find the newest edition and those to come.
#[derive(Clone, Debug)]
pub(crate) struct Kiosk<S> {
    pub newest: watch::Receiver<Arc<Edition<S>>>,
    changes: broadcast::WeakSender<Changes>,
}

impl<S> Kiosk<S> {
    /// The changes from now on; none where there are no more.
    pub fn changes(&self) -> Option<broadcast::Receiver<Changes>> {
        Some(self.changes.upgrade()?.subscribe())
    }
}

/// Print what is on the board now, and have the rest printed by the task that comes back. It prints what was written on the
/// board, and every so often that time goes on.
pub(crate) fn press<S: Sheet>(
    board: Board<S>,
    beat: Duration,
) -> (Kiosk<S>, impl Future<Output = ()> + Send + 'static) {
    let mut sheet = board.subscribe();
    let first = Edition::first(sheet.borrow_and_update().clone(), board.health().report());
    let newest = watch::Sender::new(Arc::new(first));
    let (changes, _) = broadcast::channel(BACKLOG);
    let kiosk = Kiosk { newest: newest.subscribe(), changes: changes.downgrade() };
    let run = async move {
        let mut beats = interval_at(Instant::now() + beat, beat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                // The board is here: it doesn't go before this does.
                _ = sheet.changed() => {}
                _ = beats.tick() => {}
            }
            let (last, next, loops) =
                (newest.borrow().clone(), sheet.borrow_and_update().clone(), board.health().report());
            // Megabytes of text, for a large subnet.
            let Ok((edition, told)) = tokio::task::spawn_blocking(move || last.next(next, loops)).await else { break };
            newest.send_replace(Arc::new(edition));
            // Nobody may be looking.
            let _ = changes.send(told);
            tokio::time::sleep(PAUSE).await;
        }
    };
    (kiosk, run)
}
