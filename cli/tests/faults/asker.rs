//! A user of a miner who can send one signed request as often as it likes.

use std::{
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use primitives::{BlockHash, GenerateRequest, Hotkey, Keypair, Prompt, Request, Sampling};
use protos::{
    Answer, Binding, GENERATE, MAX_LIFETIME_MS, MinerClient, Reason, ReceiptVerifier, Refusal, encode_request,
    envelope, wire::SignedRequest,
};
use tonic::{Status, transport::Channel};

use super::stage::NETUID;

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// Nobody is there, or the connection broke, after so many events.
    Broken(u32),
    /// The miner said no.
    Refused(Reason),
}

pub struct Asker {
    pub key: Keypair,
    pub miner: Hotkey,
    pub addr: SocketAddr,
    pub genesis: BlockHash,
}

/// The right time, in milliseconds since 1970.
pub fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub fn generate(tokens: u32) -> Request {
    Request::Generate(GenerateRequest::new(Prompt::Text("The compiler".into()), tokens, Sampling::at(1_000)))
}

impl Asker {
    /// A new request, issued at a moment.
    pub fn seal(&self, request: &Request, at_ms: u64) -> SignedRequest {
        let binding = Binding { receiver: self.miner, netuid: NETUID, genesis: self.genesis };
        let (method, payload) = encode_request(request).unwrap();
        envelope::seal(&self.key, &binding, method, payload, at_ms, MAX_LIFETIME_MS, envelope::fresh_nonce())
    }

    /// The whole answer, verified. `begun` is told how many events have come.
    pub async fn send(&self, request: &SignedRequest, mut begun: impl FnMut(u32)) -> Result<Answer, Unanswered> {
        let digest = envelope::digest(request, GENERATE).unwrap();
        let mut verifier = ReceiptVerifier::new(self.miner, digest, 512);
        let mut seen = 0;
        let failed = |status: Status, seen: u32| match Refusal::from_status(&status) {
            Some(refusal) => Unanswered::Refused(refusal.reason),
            None => Unanswered::Broken(seen),
        };
        let endpoint = Channel::from_shared(format!("http://{}", self.addr)).unwrap();
        let channel = endpoint.connect().await.map_err(|_| Unanswered::Broken(0))?;
        let sent = MinerClient::new(channel).generate(request.clone()).await;
        let mut events = sent.map_err(|status| failed(status, 0))?.into_inner();
        while let Some(event) = events.message().await.map_err(|status| failed(status, seen))? {
            seen += 1;
            begun(seen);
            verifier.event(&event).unwrap();
        }
        Ok(verifier.finish().unwrap())
    }

    /// Ask for a few tokens, by the right time.
    pub async fn ask(&self) -> Result<(SignedRequest, Answer), Unanswered> {
        let request = self.seal(&generate(4), now_ms());
        let answer = self.send(&request, |_| {}).await?;
        Ok((request, answer))
    }

    /// What the miner says to a request that it must refuse.
    pub async fn refused(&self, request: &SignedRequest) -> Option<Reason> {
        match self.send(request, |_| {}).await {
            Ok(_) => panic!("served"),
            Err(Unanswered::Refused(reason)) => Some(reason),
            Err(Unanswered::Broken(0)) => None,
            Err(Unanswered::Broken(_)) => panic!("served in part"),
        }
    }
}
