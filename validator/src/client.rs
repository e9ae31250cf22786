//! Asks miners: seal, send, verify, measure. Validators and users ask in the same way.

use std::time::{Duration, Instant};

use primitives::{Digest, GenerateRequest, Hotkey, Keypair, Request};
use protos::{
    Binding, Description, Event, HiddenRow, MAX_EVENT_BYTES, MAX_LIFETIME_MS, MAX_RESPONSE_BYTES, OPEN, OpenRequest,
    Receipt, ReceiptVerifier, SignedOpening, Transcript, WireError, decode_embeddings, decode_openings, decode_tensors,
    encode_request, envelope, max_openings_bytes, receipt,
    wire::{DescribeRequest, SignedEvent, SignedRequest, miner_client},
};
use scoring::{
    Output,
    proof::{Opening, Shown},
};
use tonic::transport::Channel;
use tracing::Instrument as _;

use crate::{
    answer::{Answer, Failure, proof},
    axon::Axon,
    channels::Channels,
    unix_time::unix_ms,
};

/// A message's own fields and the signature, beside its payload.
const ENVELOPE_BYTES: usize = 1_024;

/// Asks miners in the name of one key, over connections that are kept.
#[derive(Clone)]
pub struct MinerClient {
    key: Keypair,
    connect_deadline: Duration,
    channels: Channels,
}

impl MinerClient {
    /// A client without connections.
    pub fn new(key: Keypair, connect_deadline: Duration) -> Self {
        Self { key, connect_deadline, channels: Channels::default() }
    }

    /// Ask, and wait for the whole answer at most until `deadline` has passed. An error means that the request itself
    /// is outside the protocol's limits: nothing was sent.
    pub async fn infer(
        &self,
        axon: impl Into<Axon>,
        binding: &Binding,
        request: &Request,
        deadline: Duration,
    ) -> Result<Answer, WireError> {
        self.infer_with(axon, binding, request, deadline, |_| {}).await
    }

    /// As [`infer`](Self::infer), and show each event of a stream when it arrives. Only the answer at the end is
    /// verified: a stream is signed as a whole.
    pub async fn infer_with(
        &self,
        axon: impl Into<Axon>,
        binding: &Binding,
        request: &Request,
        deadline: Duration,
        mut show: impl FnMut(&Event),
    ) -> Result<Answer, WireError> {
        self.exchange(axon.into(), binding, request, deadline, |_| (), |_, event| show(event)).await
    }

    /// As [`infer_with`](Self::infer_with) for a generation, and keep what went over the wire: evidence of the answer, where
    /// there is one.
    pub async fn infer_recorded(
        &self,
        axon: impl Into<Axon>,
        binding: &Binding,
        request: &GenerateRequest,
        deadline: Duration,
        mut show: impl FnMut(&Event),
    ) -> Result<(Answer, Option<Transcript>), WireError> {
        let (mut sent, mut events) = (None, Vec::new());
        let record = |signed: &SignedEvent, event: &Event| {
            events.push(signed.clone());
            show(event);
        };
        let request = Request::Generate(request.clone());
        let keep = |request: &SignedRequest| sent = Some(request.clone());
        let answer = self.exchange(axon.into(), binding, &request, deadline, keep, record).await?;
        let transcript = sent.filter(|_| answer.receipt.is_some());
        let transcript = transcript.map(|request| Transcript { request, events, opening: None });
        Ok((answer, transcript))
    }

    async fn exchange(
        &self,
        axon: Axon,
        binding: &Binding,
        request: &Request,
        deadline: Duration,
        sealed: impl FnOnce(&SignedRequest),
        mut seen: impl FnMut(&SignedEvent, &Event),
    ) -> Result<Answer, WireError> {
        let (method, payload) = encode_request(request)?;
        let nonce = envelope::fresh_nonce();
        // The miner's trace has the same nonce: one can be laid beside the other, and nothing about it goes over the wire.
        let number = u128::from_be_bytes(nonce);
        let span =
            tracing::info_span!("infer", method, endpoint = %axon.endpoint, nonce = format_args!("{number:032x}"));
        let started = Instant::now();
        let mut exchange = Exchange {
            deadline,
            started,
            request_digest: None,
            first_token: None,
            capacity_used_ppm: None,
            shown: Shown::default(),
        };
        let attempt = async {
            let channel = self.channel(axon, Some(binding.receiver)).await?;
            // The miner's clock starts with the request, not with the connection.
            let ttl_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_LIFETIME_MS);
            let signed = envelope::seal(&self.key, binding, method, payload, unix_ms(), ttl_ms, nonce);
            let digest = envelope::digest(&signed, method).ok();
            exchange.request_digest = digest;
            sealed(&signed);
            exchange.started = Instant::now();
            let digest = digest.unwrap_or(Digest([0; 32]));
            match request {
                Request::Generate(asked) => {
                    let verifier = ReceiptVerifier::new(binding.receiver, digest, asked.max_new_tokens);
                    exchange.generate(channel, signed, verifier, &mut seen).await
                }
                Request::Embed(asked) => exchange.embed(channel, signed, binding, &digest, asked.texts.len()).await,
                Request::Infer(_) => exchange.tensors(channel, signed, binding, &digest).await,
            }
        };
        let result = match tokio::time::timeout(deadline, attempt).instrument(span).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Timeout(deadline)),
        };
        let latency = exchange.started.elapsed();
        if result.as_ref().is_err_and(Failure::spoils_connection) {
            self.channels.forget(axon, Some(binding.receiver));
        }
        let (result, receipt) = match result {
            Ok((output, receipt)) => (Ok(output), Some(receipt)),
            Err(failure) => (Err(failure), None),
        };
        let Exchange { request_digest, first_token, capacity_used_ppm, shown, .. } = exchange;
        Ok(Answer { request_digest, result, shown, receipt, capacity_used_ppm, first_token, latency })
    }

    /// Have hidden rows of an answer opened: exactly these, signed by the miner. Whether they belong to the answer's proof
    /// is the caller's to see.
    pub async fn open(
        &self,
        axon: impl Into<Axon>,
        binding: &Binding,
        request: &Digest,
        positions: &[u32],
        deadline: Duration,
    ) -> Result<Vec<Opening>, Failure> {
        Ok(self.open_recorded(axon, binding, request, positions, deadline).await?.0)
    }

    /// As [`open`](Self::open), and keep what went over the wire.
    pub async fn open_recorded(
        &self,
        axon: impl Into<Axon>,
        binding: &Binding,
        request: &Digest,
        positions: &[u32],
        deadline: Duration,
    ) -> Result<(Vec<Opening>, SignedOpening), Failure> {
        let axon = axon.into();
        let payload = OpenRequest { request: *request, positions: positions.to_vec() }.encode()?;
        let attempt = async {
            let channel = self.channel(axon, Some(binding.receiver)).await?;
            let ttl_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_LIFETIME_MS);
            let signed = envelope::seal(&self.key, binding, OPEN, payload, unix_ms(), ttl_ms, envelope::fresh_nonce());
            let digest = envelope::digest(&signed, OPEN).unwrap_or(Digest([0; 32]));
            let limit = max_openings_bytes(positions.len()) + ENVELOPE_BYTES;
            let mut miner = miner_client::MinerClient::new(channel).max_decoding_message_size(limit);
            let response = miner.open(timed(signed.clone(), deadline)).await;
            let response = response.map_err(|status| Failure::from_status(status, deadline))?.into_inner();
            receipt::verify_response(&binding.receiver, &digest, &response)?;
            let rows = decode_openings(&response.payload, positions)?;
            let rows = rows.into_iter().map(|HiddenRow { position, row, path }| Opening { position, row, path });
            Ok((rows.collect(), SignedOpening { request: signed, response }))
        };
        let result = tokio::time::timeout(deadline, attempt).await.unwrap_or(Err(Failure::Timeout(deadline)));
        if result.as_ref().is_err_and(Failure::spoils_connection) {
            self.channels.forget(axon, Some(binding.receiver));
        }
        result
    }

    /// What a miner says of itself, signed by the hotkey that it names.
    pub async fn describe(&self, axon: impl Into<Axon>, deadline: Duration) -> Result<Description, Failure> {
        let axon = axon.into();
        let attempt = async {
            let channel = self.channel(axon, None).await?;
            let limit = MAX_RESPONSE_BYTES + ENVELOPE_BYTES;
            let mut miner = miner_client::MinerClient::new(channel).max_decoding_message_size(limit);
            let response = miner.describe(DescribeRequest {}).await;
            let response = response.map_err(|status| Failure::from_status(status, deadline))?.into_inner();
            Ok(receipt::verify_description(&response)?)
        };
        match tokio::time::timeout(deadline, attempt).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Timeout(deadline)),
        }
    }

    /// Close the connections to what is not announced any more.
    pub fn retain(&self, announced: impl Fn(&Axon) -> bool) {
        self.channels.retain(announced);
    }

    async fn channel(&self, axon: Axon, receiver: Option<Hotkey>) -> Result<Channel, Failure> {
        self.channels.get(axon, receiver, self.connect_deadline).await
    }
}

/// What is measured of one request.
struct Exchange {
    deadline: Duration,
    started: Instant,
    request_digest: Option<Digest>,
    first_token: Option<Duration>,
    capacity_used_ppm: Option<u32>,
    shown: Shown,
}

impl Exchange {
    async fn generate(
        &mut self,
        channel: Channel,
        signed: SignedRequest,
        mut verifier: ReceiptVerifier,
        seen: &mut impl FnMut(&SignedEvent, &Event),
    ) -> Result<(Output, Receipt), Failure> {
        let limit = MAX_EVENT_BYTES + ENVELOPE_BYTES;
        let mut miner = miner_client::MinerClient::new(channel).max_decoding_message_size(limit);
        let deadline = self.deadline;
        let failure = |status| Failure::from_status(status, deadline);
        let mut events = miner.generate(timed(signed, self.deadline)).await.map_err(failure)?.into_inner();
        while let Some(signed) = events.message().await.map_err(failure)? {
            let event = verifier.event(&signed)?;
            seen(&signed, &event);
            match event {
                Event::Tokens { ids, .. } if self.first_token.is_none() && !ids.is_empty() => {
                    self.first_token = Some(self.started.elapsed());
                }
                Event::Tokens { .. } | Event::Commitment(_) => {}
                // The signature is verified, and nothing after it could be part of the answer.
                Event::Finished { .. } => break,
            }
        }
        let answer = verifier.finish()?;
        self.shown.proof = proof(&answer)?;
        self.capacity_used_ppm = answer.capacity_used_ppm;
        Ok((Output::Generation(answer.generation), answer.receipt))
    }

    async fn embed(
        &mut self,
        channel: Channel,
        signed: SignedRequest,
        binding: &Binding,
        digest: &Digest,
        texts: usize,
    ) -> Result<(Output, Receipt), Failure> {
        let limit = MAX_RESPONSE_BYTES + ENVELOPE_BYTES;
        let mut miner = miner_client::MinerClient::new(channel).max_decoding_message_size(limit);
        let deadline = self.deadline;
        let response = miner.embed(timed(signed, self.deadline)).await;
        let response = response.map_err(|status| Failure::from_status(status, deadline))?.into_inner();
        let receipt = receipt::verify_response(&binding.receiver, digest, &response)?;
        Ok((Output::Embeddings(decode_embeddings(&response.payload, texts)?), receipt))
    }

    async fn tensors(
        &mut self,
        channel: Channel,
        signed: SignedRequest,
        binding: &Binding,
        digest: &Digest,
    ) -> Result<(Output, Receipt), Failure> {
        let limit = MAX_RESPONSE_BYTES + ENVELOPE_BYTES;
        let mut miner = miner_client::MinerClient::new(channel).max_decoding_message_size(limit);
        let deadline = self.deadline;
        let response = miner.infer(timed(signed, self.deadline)).await;
        let response = response.map_err(|status| Failure::from_status(status, deadline))?.into_inner();
        let receipt = receipt::verify_response(&binding.receiver, digest, &response)?;
        Ok((Output::Tensors(decode_tensors(&response.payload)?), receipt))
    }
}

/// With the deadline in its header too, so that the miner's transport can give up in time.
fn timed(signed: SignedRequest, deadline: Duration) -> tonic::Request<SignedRequest> {
    let mut request = tonic::Request::new(signed);
    request.set_timeout(deadline);
    request
}
