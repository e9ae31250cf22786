//! The nodes that a client may ask, and which one it asks next.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use primitives::{BlockHash, BlockNumber};
use tokio::time::Instant;

use crate::{ChainError, Deadlines, connection::Connection};

/// After a failure a node rests: twice as long each time, up to the last.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// How a node did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Since it last did well for a while.
    failures: u32,
    rests_until: Option<Instant>,
}

/// The nodes, the first choice first.
pub(crate) struct Roster {
    urls: Vec<Arc<str>>,
    standings: Vec<Standing>,
}

impl Standing {
    /// After one more failure, at the end of a connection that lasted so long.
    fn failed(self, now: Instant, lasted: Duration) -> Self {
        let before = if lasted > LONGEST_REST { 0 } else { self.failures };
        let rest = FIRST_REST.saturating_mul(1 << before.min(16)).min(LONGEST_REST);
        Self { failures: before.saturating_add(1), rests_until: Some(now + rest) }
    }

    fn rests(&self, now: Instant) -> Option<Instant> {
        self.rests_until.filter(|until| *until > now)
    }
}

/// The order in which to try nodes: those that don't rest in the order of choice, then those that rest, the most rested
/// one first. None is left out: where all rest, trying is better than waiting.
fn order(standings: &[Standing], now: Instant) -> Vec<usize> {
    let mut order: Vec<usize> = (0..standings.len()).collect();
    order.sort_by_key(|index| standings[*index].rests(now));
    order
}

impl Roster {
    pub(crate) fn new(urls: Vec<Arc<str>>) -> Self {
        let standings = vec![Standing::default(); urls.len()];
        Self { urls, standings }
    }

    /// A connection failed, which lasted so long.
    pub(crate) fn failed(&mut self, place: usize, lasted: Duration) {
        if let Some(standing) = self.standings.get_mut(place) {
            *standing = standing.failed(Instant::now(), lasted);
        }
    }

    /// All nodes but one, the first choice first.
    pub(crate) fn others(&self, place: usize) -> Vec<(usize, Arc<str>)> {
        self.urls.iter().cloned().enumerate().filter(|(other, _)| *other != place).collect()
    }

    /// Connect to the next node that serves the chain and has got as far as `known`, which was final before. Where every
    /// node that answers is behind, wait for the first of those.
    pub(crate) async fn dial(
        &mut self,
        genesis: Option<BlockHash>,
        known: Option<BlockNumber>,
        deadlines: &Deadlines,
    ) -> Result<Connection, ChainError> {
        let several = self.urls.len() > 1;
        let mut errors = Vec::new();
        let mut behind = None;
        for place in order(&self.standings, Instant::now()) {
            let url = &self.urls[place];
            let error = match dial(place, url, genesis, several, deadlines).await {
                Ok(connection) if known.is_none_or(|known| connection.head() >= Some(known)) => return Ok(connection),
                Ok(connection) => {
                    tracing::warn!(%url, head = connection.head(), known, "chain endpoint is behind");
                    behind = behind.or(Some(connection));
                    continue;
                }
                Err(error) => error,
            };
            if several {
                tracing::warn!(%url, error = &error as &dyn std::error::Error, "chain endpoint skipped");
            }
            self.failed(place, Duration::ZERO);
            errors.push(error);
        }
        if let (Some(connection), Some(known)) = (behind, known) {
            return connection.reach(known, deadlines.call).await.map(|()| connection);
        }
        // What may pass says more than what won't: the next try need not fail.
        let place = errors.iter().position(ChainError::is_retryable).unwrap_or(0);
        Err(errors.swap_remove(place))
    }
}

/// Of some nodes, the first choice among those that are further than `known`.
pub(crate) async fn further(
    nodes: Vec<(usize, Arc<str>)>,
    genesis: BlockHash,
    known: Option<BlockNumber>,
    deadlines: &Deadlines,
) -> Option<Connection> {
    let dials = nodes.into_iter().map(|(place, url)| async move {
        let dialled = dial(place, &url, Some(genesis), true, deadlines).await;
        dialled.inspect_err(|error| tracing::debug!(%url, %error, "chain endpoint not compared")).ok()
    });
    join_all(dials).await.into_iter().flatten().find(|connection| connection.head() > known)
}

/// A connection to a node of the right chain, and where it matters the head that is final there.
async fn dial(
    place: usize,
    url: &Arc<str>,
    genesis: Option<BlockHash>,
    with_head: bool,
    deadlines: &Deadlines,
) -> Result<Connection, ChainError> {
    let connection = Connection::dial(place, url.clone(), deadlines).await?;
    if let Some(expected) = genesis.filter(|genesis| *genesis != connection.genesis) {
        return Err(ChainError::WrongChain { url: url.to_string(), expected, found: connection.genesis });
    }
    if with_head {
        connection.block(None).await?;
    }
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes by the seconds for which they still rest; at 0 one does not.
    fn resting(seconds: &[u64], now: Instant) -> Vec<Standing> {
        let of = |seconds: &u64| Standing { failures: 1, rests_until: Some(now + Duration::from_secs(*seconds)) };
        seconds.iter().map(of).collect()
    }

    #[test]
    fn the_first_choice_comes_first_unless_it_rests() {
        let now = Instant::now();
        for (seconds, expected) in [
            (&[][..], &[][..]),
            (&[0], &[0]),
            (&[9], &[0]),
            (&[0, 0, 0], &[0, 1, 2]),
            (&[5, 0, 0], &[1, 2, 0]),
            (&[0, 5, 0], &[0, 2, 1]),
            (&[5, 3, 0], &[2, 1, 0]),
            (&[3, 5, 4], &[0, 2, 1]),
            (&[4, 4, 4], &[0, 1, 2]),
        ] {
            assert_eq!(order(&resting(seconds, now), now), expected, "{seconds:?}");
        }
        // A rest ends.
        assert_eq!(order(&resting(&[5, 0], now), now + Duration::from_secs(5)), [0, 1]);
        assert_eq!(order(&[Standing::default().failed(now, Duration::ZERO), Standing::default()], now), [1, 0]);
    }

    #[test]
    fn rests_grow_to_a_minute_and_are_forgotten() {
        let now = Instant::now();
        let rest = |standing: Standing| standing.rests_until.unwrap().duration_since(now).as_secs();
        let mut standing = Standing::default();
        let mut rests = Vec::new();
        for _ in 0..8 {
            standing = standing.failed(now, Duration::from_secs(3));
            rests.push(rest(standing));
        }
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
        standing.failures = u32::MAX;
        assert_eq!(rest(standing.failed(now, Duration::ZERO)), 60);
        assert_eq!(rest(standing.failed(now, Duration::from_secs(61))), 1);
    }
}
