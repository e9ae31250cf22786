//! When blocks are made without being asked for.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::{self, JoinHandle},
    time::MissedTickBehavior,
};

use crate::{
    author::{self, AuthorError},
    block_time::BlockTime,
    chain::Chain,
};

/// Make blocks until aborted.
pub(crate) fn start(chain: &Arc<Chain>, block_time: BlockTime) -> Option<JoinHandle<()>> {
    match block_time {
        BlockTime::Manual => None,
        BlockTime::Instant => Some(tokio::spawn(instant(chain.clone()))),
        BlockTime::Every(period) => Some(tokio::spawn(every(chain.clone(), period))),
    }
}

async fn every(chain: Arc<Chain>, period: Duration) {
    let mut ticks = tokio::time::interval(period.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        blocking(&chain, |chain| author::author_block(chain).map(drop)).await;
    }
}

async fn instant(chain: Arc<Chain>) {
    loop {
        chain.pool.ready.notified().await;
        blocking(&chain, |chain| {
            // What found no room gets the next one; what no block takes does not ask for another.
            while author::author_if_ready(chain)?.is_some_and(|made| made.included > 0) {}
            Ok(())
        })
        .await;
    }
}

/// A block that cannot be made is reported and tried again: the cause may be in the pool.
async fn blocking(chain: &Arc<Chain>, work: impl FnOnce(&Chain) -> Result<(), AuthorError> + Send + 'static) {
    let chain = chain.clone();
    match task::spawn_blocking(move || work(&chain)).await {
        Ok(Ok(()) | Err(AuthorError::Stopped)) => {}
        Ok(Err(error)) => tracing::error!(error = &error as &dyn std::error::Error, "no block made"),
        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "author stopped"),
    }
}
