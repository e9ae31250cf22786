//! The stream of events: the whole document first, then what changes.

use std::{convert::Infallible, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tokio::sync::{OwnedSemaphorePermit, broadcast};

use crate::{press::Kiosk, sheet::Sheet};

/// How long a browser waits before it comes back.
const RETRY: &[u8] = b"retry: 3000\n\n";

/// The events of one reader. It ends where the reader is too far behind or nothing will change any more; a browser comes back
/// by itself, and begins with the whole document again. None where nothing will change.
pub(crate) fn events<S: Sheet>(
    kiosk: &Kiosk<S>,
    seat: OwnedSemaphorePermit,
) -> Option<impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static + use<S>> {
    // In this order: what changes between the two is told twice rather than never.
    let changes = kiosk.changes()?;
    let newest = Arc::clone(&kiosk.newest.borrow());
    let known = newest.number;
    let first = [Bytes::from_static(RETRY), newest.event()];
    let rest = stream::unfold((changes, seat), move |(mut changes, seat)| async move {
        loop {
            match changes.recv().await {
                Ok(told) if told.number <= known => {}
                Ok(told) => return Some((told.event, (changes, seat))),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "reader let go: too slow");
                    return None;
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    });
    Some(stream::iter(first).chain(rest).map(Ok))
}
