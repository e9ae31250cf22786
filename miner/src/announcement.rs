//! Keeps the chain's record of where this miner serves true.

use std::time::Duration;

use primitives::{BlockNumber, Certificate, Endpoint, Hotkey, Keypair, NetUid, TlsPin};
use tokio::time;

use crate::{admission::Subnet, health::Health, roster::Roster};

/// Stored on chain beside the address: the version of the protocol that is served there.
const PROTOCOL_VERSION: u32 = 1;
/// Between two attempts: doubled each time, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What is to be announced.
pub(crate) struct Announcement {
    pub chain: chain::Client,
    pub key: Keypair,
    pub netuid: NetUid,
    pub endpoint: Endpoint,
    pub pin: TlsPin,
}

/// What a metagraph says of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// No metagraph, or one from before the announcement landed.
    Unknown,
    /// The hotkey has no seat: nothing can be announced.
    NoSeat,
    /// It says something else, or nothing.
    Different,
    /// It says it.
    Announced,
}

fn standing(
    seen: Option<&Roster>,
    hotkey: &Hotkey,
    (endpoint, pin): (Endpoint, TlsPin),
    landed: Option<BlockNumber>,
) -> Standing {
    let fresh = |roster: &&Roster| landed.is_none_or(|landed| roster.metagraph().block.number >= landed);
    let Some(roster) = seen.filter(fresh) else { return Standing::Unknown };
    match roster.seat(hotkey) {
        None => Standing::NoSeat,
        Some(neuron)
            if neuron.endpoint == Some(endpoint)
                && neuron.certificate.as_ref().and_then(Certificate::pin) == Some(pin) =>
        {
            Standing::Announced
        }
        Some(_) => Standing::Different,
    }
}

impl Announcement {
    /// Announce, and announce again whenever the chain says something else: after a new registration, for example.
    /// Health follows. Errors are retried for ever; the server doesn't depend on it.
    pub(crate) async fn keep(self, mut subnet: Subnet, health: Health) {
        let (mut landed, mut pause) = (None, FIRST_PAUSE);
        loop {
            let seen = subnet.borrow_and_update().clone();
            let standing = standing(seen.as_deref(), &self.key.hotkey(), (self.endpoint, self.pin), landed);
            match standing {
                Standing::Announced => health.set(true).await,
                Standing::NoSeat => {
                    health.set(false).await;
                    tracing::warn!(hotkey = %self.key.hotkey(), netuid = self.netuid.0, "hotkey is not registered");
                }
                Standing::Unknown => {}
                Standing::Different => {
                    let certificate = self.pin.certificate();
                    let announced = self.chain.serve_axon_tls(
                        &self.key,
                        self.netuid,
                        self.endpoint,
                        PROTOCOL_VERSION,
                        &certificate,
                    );
                    match announced.await {
                        Ok(done) => {
                            tracing::info!(endpoint = %self.endpoint, block = done.block.number, "axon announced");
                            (landed, pause) = (Some(done.block.number), FIRST_PAUSE);
                            health.set(true).await;
                        }
                        Err(error) => {
                            // What the chain refuses won't be taken the next second either.
                            if !error.is_retryable() {
                                pause = LONGEST_PAUSE;
                            }
                            tracing::error!(
                                endpoint = %self.endpoint, %error, retry_ms = pause.as_millis() as u64,
                                "axon not announced"
                            );
                            time::sleep(pause).await;
                            pause = (pause * 2).min(LONGEST_PAUSE);
                            continue;
                        }
                    }
                }
            }
            if subnet.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Without an announcement, requests are welcome once the subnet is known.
pub(crate) async fn unannounced(mut subnet: Subnet, health: Health) {
    if subnet.wait_for(Option::is_some).await.is_ok() {
        health.set(true).await;
    }
}

#[cfg(test)]
mod tests {
    use primitives::Metagraph;

    use super::*;
    use crate::tests::metagraph;

    #[test]
    fn only_a_metagraph_after_the_landing_counts() {
        let (hotkey, pin) = (Hotkey([1; 32]), TlsPin([7; 32]));
        let said = (Endpoint(([127, 0, 0, 2], 8091).into()), pin);
        let mut seen = metagraph(&[hotkey]);
        let block = seen.block.number;
        let standing =
            |seen: &Metagraph, hotkey, landed| standing(Some(&Roster::new(seen.clone())), hotkey, said, landed);
        assert_eq!(super::standing(None, &hotkey, said, None), Standing::Unknown);
        assert_eq!(standing(&seen, &hotkey, None), Standing::Different);
        assert_eq!(standing(&seen, &hotkey, Some(block + 1)), Standing::Unknown);
        assert_eq!(standing(&seen, &hotkey, Some(block)), Standing::Different);
        assert_eq!(standing(&seen, &Hotkey([2; 32]), None), Standing::NoSeat);
        seen.neurons[0].endpoint = Some(said.0);
        // The address alone is not enough: who comes must know the key.
        assert_eq!(standing(&seen, &hotkey, Some(block)), Standing::Different);
        seen.neurons[0].certificate = Some(pin.certificate());
        assert_eq!(standing(&seen, &hotkey, Some(block)), Standing::Announced);
    }
}
