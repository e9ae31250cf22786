//! Who is served: a decision about one request at one time, against one metagraph and what was served before.

use std::sync::{Arc, Mutex, PoisonError};

use primitives::{Digest, Hotkey, Neuron, Uid};
use protos::{Binding, NonceStore, Reason, Refusal, WireError, envelope, wire::SignedRequest};
use std::time::Duration;
use tokio::sync::watch;

use crate::{Access, access::Rank, config::Limits, roster::Roster, throttle::Throttle};

/// When to ask again while the subnet isn't known.
const STARTING_RETRY: Duration = Duration::from_secs(2);

/// The subnet as it was last seen; None before the first time.
pub(crate) type Subnet = watch::Receiver<Option<Arc<Roster>>>;

/// A request that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admitted<T> {
    /// Who asks.
    pub asker: Hotkey,
    /// Its seat.
    pub uid: Uid,
    /// Who goes before whom.
    pub rank: Rank,
    /// Joins the logs of both sides.
    pub nonce: [u8; 16],
    /// Names the request.
    pub digest: Digest,
    /// Not to be served before this, by the wall clock.
    pub from_ms: u64,
    /// When the whole answer is due.
    pub expires_ms: u64,
    /// What is asked.
    pub request: T,
}

/// The gate.
#[derive(Debug)]
pub(crate) struct Admission {
    own: Binding,
    nonces: Mutex<NonceStore>,
    subnet: Subnet,
    access: watch::Receiver<Access>,
    limits: Limits,
    throttle: Throttle,
}

impl Admission {
    /// A gate that takes requests issued after `floor_ms`.
    pub(crate) fn new(
        own: Binding,
        subnet: Subnet,
        access: watch::Receiver<Access>,
        limits: Limits,
        throttle: Throttle,
        floor_ms: u64,
    ) -> Self {
        Self { own, nonces: Mutex::new(NonceStore::new(floor_ms)), subnet, access, limits, throttle }
    }

    /// Whether a request is served; `decode` reads its payload. The order is by cost, and by what a stranger may learn
    /// or make us remember: nothing before the signature, no nonce and no bucket of a hotkey without a seat.
    pub(crate) fn admit<T>(
        &self,
        request: &SignedRequest,
        method: &str,
        now_ms: u64,
        decode: impl FnOnce(&[u8]) -> Result<T, WireError>,
    ) -> Result<Admitted<T>, Refusal> {
        let opened = envelope::open(request, &self.own, method, now_ms)?;
        let (uid, rank) = self.seat(&opened.signer)?;
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner).admit(&opened, now_ms)?;
        Ok(Admitted {
            asker: opened.signer,
            uid,
            rank,
            nonce: opened.nonce,
            digest: opened.digest,
            from_ms: NonceStore::served_from(&opened),
            expires_ms: opened.expires_ms,
            request: decode(opened.payload)?,
        })
    }

    /// Where the signer sits and how it ranks, if the operator serves it and it doesn't ask too often.
    fn seat(&self, signer: &Hotkey) -> Result<(Uid, Rank), Refusal> {
        let subnet = self.subnet.borrow();
        let Some(roster) = subnet.as_ref() else {
            return Err(Refusal::retry(Reason::Starting, "the subnet was not read yet", STARTING_RETRY));
        };
        let Some(neuron) = roster.seat(signer) else {
            let metagraph = roster.metagraph();
            return Err(Refusal::new(
                Reason::Unregistered,
                format_args!(
                    "{signer} is not registered on subnet {} at block {}",
                    metagraph.netuid, metagraph.block.number
                ),
            ));
        };
        let access = self.access.borrow();
        access.admits(neuron).map_err(|refused| Refusal::new(Reason::NotAllowed, refused))?;
        self.throttle.hotkey(signer, self.requests_per_second(roster, neuron))?;
        Ok((neuron.uid, access.rank(neuron)))
    }

    fn requests_per_second(&self, roster: &Roster, neuron: &Neuron) -> u32 {
        match neuron.validator_permit {
            true => {
                let by_stake = roster.part(neuron, self.limits.stake_requests_per_second);
                self.limits.permitted_requests_per_second.saturating_add(by_stake)
            }
            false => self.limits.hotkey_requests_per_second,
        }
    }
}
