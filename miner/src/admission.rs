//! Who is served: a decision about one request at one time, against one metagraph and what was served before.

use std::sync::{Arc, Mutex, PoisonError};

use primitives::{Digest, Hotkey, Metagraph, Uid};
use protos::{Binding, NonceStore, Reason, Refusal, WireError, envelope, wire::SignedRequest};
use std::time::Duration;
use tokio::sync::watch;

/// When to ask again while the subnet isn't known.
const STARTING_RETRY: Duration = Duration::from_secs(2);

/// The subnet as it was last seen; None before the first time.
pub(crate) type Subnet = watch::Receiver<Option<Arc<Metagraph>>>;

/// A request that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admitted<T> {
    /// Who asks.
    pub asker: Hotkey,
    /// Its seat.
    pub uid: Uid,
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
}

impl Admission {
    /// A gate that takes requests issued after `started_ms`.
    pub(crate) fn new(own: Binding, subnet: Subnet, started_ms: u64) -> Self {
        Self { own, nonces: Mutex::new(NonceStore::new(started_ms)), subnet }
    }

    /// Whether a request is served; `decode` reads its payload. The order is by cost, and by what a stranger may learn
    /// or make us remember: nothing before the signature, no nonce of a hotkey without a seat.
    pub(crate) fn admit<T>(
        &self,
        request: &SignedRequest,
        method: &str,
        now_ms: u64,
        decode: impl FnOnce(&[u8]) -> Result<T, WireError>,
    ) -> Result<Admitted<T>, Refusal> {
        let opened = envelope::open(request, &self.own, method, now_ms)?;
        let uid = self.seat(&opened)?;
        self.nonces.lock().unwrap_or_else(PoisonError::into_inner).admit(&opened, now_ms)?;
        Ok(Admitted {
            asker: opened.signer,
            uid,
            nonce: opened.nonce,
            digest: opened.digest,
            from_ms: NonceStore::served_from(&opened),
            expires_ms: opened.expires_ms,
            request: decode(opened.payload)?,
        })
    }

    fn seat(&self, opened: &protos::Opened<'_>) -> Result<Uid, Refusal> {
        let subnet = self.subnet.borrow();
        let Some(metagraph) = subnet.as_ref() else {
            return Err(Refusal::retry(Reason::Starting, "the subnet was not read yet", STARTING_RETRY));
        };
        match metagraph.by_hotkey(&opened.signer) {
            Some(neuron) => Ok(neuron.uid),
            None => Err(Refusal::new(
                Reason::Unregistered,
                format_args!(
                    "{} is not registered on subnet {} at block {}",
                    opened.signer, metagraph.netuid, metagraph.block.number
                ),
            )),
        }
    }
}
