//! The client against miners that misbehave: every one of them is an outcome, in time, and none of them an error.

use std::{net::SocketAddr, pin::Pin, time::Duration};

use assay_validator::{Failure, MinerClient};
use primitives::{
    BlockHash, DataType, Digest, EmbedRequest, Endpoint, FinishReason, GenerateRequest, Hotkey, InferRequest, Keypair,
    NetUid, Prompt, Request, Sampling, Tensor,
};
use protos::{
    Binding, EMBED, Event, GENERATE, HiddenRow, INFER, MAX_EVENT_BYTES, MAX_ROW_WIDTH, Miner, MinerServer, OPEN,
    OpenRequest, Reason, ReceiptError, ReceiptSigner, Refusal, encode_embeddings, encode_openings, encode_tensors,
    envelope, receipt,
    wire::{DescribeRequest, SignedEvent, SignedRequest, SignedResponse},
};
use scoring::{Outcome, Output};
use tokio::{io::AsyncWriteExt, net::TcpListener, task::AbortHandle};
use tokio_stream::{Stream, StreamExt, wrappers::TcpListenerStream};
use tonic::{Response, Status};

/// How a miner answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    Honest,
    SilentAtOnce,
    SilentAfterAToken,
    OthersKey,
    Unsigned,
    AnswerToAnotherRequest,
    TamperedText,
    Garbage,
    TooManyTokens,
    EndlessNothing,
    Oversized,
    EndsEarly,
    Refuses,
    Rejects,
    TooLate,
    FailsInTheMiddle,
    Panics,
    OtherRows,
    FewerRows,
}

struct Fake {
    key: Keypair,
    manner: Manner,
}

type Events = Pin<Box<dyn Stream<Item = Result<SignedEvent, Status>> + Send>>;

fn tokens(ids: &[u32], text: &str) -> Event {
    Event::Tokens { ids: ids.to_vec(), text: text.to_owned(), logprobs: Vec::new() }
}

fn tensor(name: &str, value: u8) -> Tensor {
    Tensor::new(name.to_owned(), DataType::U8, vec![1], vec![value]).unwrap()
}

#[tonic::async_trait]
impl Miner for Fake {
    type GenerateStream = Events;

    async fn describe(&self, _: tonic::Request<DescribeRequest>) -> Result<Response<SignedResponse>, Status> {
        Err(Status::unimplemented("not asked here"))
    }

    async fn generate(&self, request: tonic::Request<SignedRequest>) -> Result<Response<Events>, Status> {
        let request = request.into_inner();
        let mut digest = envelope::digest(&request, GENERATE).unwrap();
        let mut key = self.key.clone();
        match self.manner {
            Manner::SilentAtOnce => std::future::pending().await,
            Manner::OthersKey => key = Keypair::from_uri("//Eve").unwrap(),
            Manner::AnswerToAnotherRequest => digest.0[0] ^= 1,
            Manner::Refuses => return Err(Refusal::new(Reason::QueueFull, "later").into()),
            Manner::Rejects => return Err(Status::permission_denied("no")),
            Manner::TooLate => return Err(Refusal::new(Reason::DeadlineExceeded, "late").into()),
            Manner::Panics => panic!("as asked"),
            _ => {}
        }
        let mut signer = ReceiptSigner::new(key, digest);
        let mut events = vec![
            Ok(signer.event(&tokens(&[1, 2], "one two"))),
            Ok(signer.event(&tokens(&[3], " three"))),
            Ok(signer.event(&Event::Finished {
                reason: FinishReason::Length,
                tokens: 3,
                rows_root: None,
                capacity_used_ppm: Some(250_000),
            })),
        ];
        let stream: Events = match self.manner {
            Manner::SilentAfterAToken => {
                events.truncate(1);
                Box::pin(tokio_stream::iter(events).chain(tokio_stream::pending()))
            }
            Manner::Unsigned => {
                events[2].as_mut().unwrap().signature.clear();
                Box::pin(tokio_stream::iter(events))
            }
            Manner::TamperedText => {
                events[1].as_mut().unwrap().payload = tokens(&[3], " four").encode();
                Box::pin(tokio_stream::iter(events))
            }
            Manner::Garbage => {
                Box::pin(tokio_stream::once(Ok(SignedEvent { payload: vec![0xff; 40], signature: Vec::new() })))
            }
            Manner::TooManyTokens => {
                Box::pin(futures::stream::repeat_with(move || Ok(signer.event(&tokens(&[7], "7")))))
            }
            Manner::EndlessNothing => {
                Box::pin(futures::stream::repeat_with(move || Ok(signer.event(&tokens(&[], "")))))
            }
            Manner::Oversized => {
                let text = "x".repeat(2 * MAX_EVENT_BYTES);
                Box::pin(tokio_stream::once(Ok(signer.event(&tokens(&[1], &text)))))
            }
            Manner::EndsEarly => {
                events.truncate(2);
                Box::pin(tokio_stream::iter(events))
            }
            Manner::FailsInTheMiddle => {
                events.truncate(1);
                events.push(Err(Refusal::new(Reason::ModelFailed, "no").into()));
                Box::pin(tokio_stream::iter(events))
            }
            _ => Box::pin(tokio_stream::iter(events)),
        };
        Ok(Response::new(stream))
    }

    async fn embed(&self, request: tonic::Request<SignedRequest>) -> Result<Response<SignedResponse>, Status> {
        let digest = envelope::digest(request.get_ref(), EMBED).unwrap();
        let mut response =
            receipt::sign_response(&self.key, &digest, encode_embeddings(vec![vec![1.0, -1.0]]).unwrap());
        if self.manner == Manner::TamperedText {
            response.payload = encode_embeddings(vec![vec![1.0, 1.0]]).unwrap();
        }
        Ok(Response::new(response))
    }

    async fn open(&self, request: tonic::Request<SignedRequest>) -> Result<Response<SignedResponse>, Status> {
        let mut digest = envelope::digest(request.get_ref(), OPEN).unwrap();
        let asked = OpenRequest::decode(&request.get_ref().payload).unwrap();
        let mut key = self.key.clone();
        let row = |position| HiddenRow { position, row: vec![0x3F80, 1], path: vec![Digest([7; 32])] };
        let mut rows: Vec<HiddenRow> = asked.positions.iter().copied().map(row).collect();
        match self.manner {
            Manner::SilentAtOnce => std::future::pending().await,
            Manner::OthersKey => key = Keypair::from_uri("//Eve").unwrap(),
            Manner::AnswerToAnotherRequest => digest.0[0] ^= 1,
            Manner::Refuses => return Err(Refusal::new(Reason::NotKept, "gone").into()),
            Manner::Rejects => return Err(Status::unimplemented("shows no rows")),
            Manner::OtherRows => rows.reverse(),
            Manner::FewerRows => drop(rows.pop()),
            Manner::Oversized => rows = vec![HiddenRow { row: vec![1; MAX_ROW_WIDTH], ..row(0) }; 4],
            _ => {}
        }
        let mut response = receipt::sign_response(&key, &digest, encode_openings(rows).unwrap());
        match self.manner {
            Manner::TamperedText => response.payload[20] ^= 1,
            Manner::Unsigned => response.signature.clear(),
            Manner::Garbage => response = receipt::sign_response(&key, &digest, vec![0xff; 40]),
            _ => {}
        }
        Ok(Response::new(response))
    }

    async fn infer(&self, request: tonic::Request<SignedRequest>) -> Result<Response<SignedResponse>, Status> {
        let digest = envelope::digest(request.get_ref(), INFER).unwrap();
        let payload = match self.manner {
            Manner::Garbage => vec![0xff; 40],
            _ => encode_tensors(vec![tensor("output", 5)]).unwrap(),
        };
        let mut response = receipt::sign_response(&self.key, &digest, payload);
        if self.manner == Manner::TamperedText {
            response.payload = encode_tensors(vec![tensor("output", 6)]).unwrap();
        }
        Ok(Response::new(response))
    }
}

/// A server, stopped when the test lets go of it.
struct Server {
    endpoint: Endpoint,
    miner: Hotkey,
    task: AbortHandle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

async fn serve(manner: Manner) -> Server {
    let key = Keypair::from_uri("//Bob").unwrap();
    let miner = key.hotkey();
    let (listener, addr) = listen().await;
    let server = tonic::transport::Server::builder().add_service(MinerServer::new(Fake { key, manner }));
    let task = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener))).abort_handle();
    Server { endpoint: Endpoint(addr), miner, task }
}

fn client() -> MinerClient {
    MinerClient::new(Keypair::from_uri("//Alice").unwrap(), Duration::from_secs(10))
}

fn binding(miner: Hotkey) -> Binding {
    Binding { receiver: miner, netuid: NetUid(2), genesis: BlockHash([9; 32]) }
}

fn question() -> Request {
    let prompt = Prompt::Text("Once upon a time".into());
    Request::Generate(GenerateRequest::new(prompt, 3, Sampling::at(1_000)))
}

/// For those who answer: a busy machine must not turn another outcome into a timeout.
const DEADLINE: Duration = Duration::from_secs(30);
/// For those who don't.
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn an_honest_answer_is_verified_and_measured() {
    let server = serve(Manner::Honest).await;
    let client = client();
    let mut shown = String::new();
    let answer = client
        .infer_with(server.endpoint, &binding(server.miner), &question(), DEADLINE, |event| {
            if let Event::Tokens { text, .. } = event {
                shown.push_str(text);
            }
        })
        .await
        .unwrap();
    assert_eq!(answer.outcome(), Outcome::Ok);
    let Ok(Output::Generation(generation)) = &answer.result else { panic!("{answer:?}") };
    assert_eq!((generation.tokens.as_slice(), generation.text.as_str()), (&[1, 2, 3][..], "one two three"));
    assert_eq!(shown, generation.text);
    assert!(answer.first_token.unwrap() <= answer.latency && answer.latency < DEADLINE);
    // Evidence: it still verifies with nothing but the miner's key.
    let receipt = answer.receipt.unwrap();
    assert!(server.miner.verify(&receipt.digest.0, &receipt.signature));

    // Two answers are two requests.
    let again = client.infer(server.endpoint, &binding(server.miner), &question(), DEADLINE).await.unwrap();
    assert_ne!(again.request_digest, answer.request_digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_has_its_outcome() {
    let cases = [
        (Manner::SilentAtOnce, Outcome::Timeout),
        (Manner::SilentAfterAToken, Outcome::Timeout),
        (Manner::TooLate, Outcome::Timeout),
        (Manner::OthersKey, Outcome::BadSignature),
        (Manner::Unsigned, Outcome::BadSignature),
        (Manner::AnswerToAnotherRequest, Outcome::BadSignature),
        (Manner::TamperedText, Outcome::BadSignature),
        (Manner::Garbage, Outcome::Malformed),
        (Manner::TooManyTokens, Outcome::Malformed),
        (Manner::EndlessNothing, Outcome::Malformed),
        (Manner::Oversized, Outcome::Malformed),
        (Manner::EndsEarly, Outcome::Malformed),
        (Manner::Refuses, Outcome::Refused),
        (Manner::Rejects, Outcome::Refused),
        (Manner::FailsInTheMiddle, Outcome::Refused),
        (Manner::Panics, Outcome::Unreachable),
    ];
    let client = client();
    let asked = cases.map(|(manner, expected)| {
        let client = client.clone();
        async move {
            let server = serve(manner).await;
            let silent = matches!(manner, Manner::SilentAtOnce | Manner::SilentAfterAToken);
            let deadline = if silent { SHORT } else { DEADLINE };
            let answer = client.infer(server.endpoint, &binding(server.miner), &question(), deadline).await.unwrap();
            assert_eq!(answer.outcome(), expected, "{manner:?}: {answer:?}");
            assert!(answer.request_digest.is_some() && answer.receipt.is_none());
            assert!(answer.latency < DEADLINE, "{manner:?}: {:?}", answer.latency);
        }
    });
    futures::future::join_all(asked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_shown_as_asked_and_signed_or_not_at_all() {
    let open = async |manner, deadline| {
        let server = serve(manner).await;
        client().open(server.endpoint, &binding(server.miner), &Digest([3; 32]), &[4, 9], deadline).await
    };
    let shown = open(Manner::Honest, DEADLINE).await.unwrap();
    assert_eq!(shown.iter().map(|opening| opening.position).collect::<Vec<_>>(), [4, 9]);
    assert!(shown.iter().all(|opening| opening.row == [0x3F80, 1] && opening.path == [Digest([7; 32])]));
    for (manner, outcome) in [
        (Manner::OthersKey, Outcome::BadSignature),
        (Manner::AnswerToAnotherRequest, Outcome::BadSignature),
        (Manner::TamperedText, Outcome::BadSignature),
        (Manner::Unsigned, Outcome::BadSignature),
        (Manner::Garbage, Outcome::Malformed),
        (Manner::OtherRows, Outcome::Malformed),
        (Manner::FewerRows, Outcome::Malformed),
        (Manner::Oversized, Outcome::Malformed),
        (Manner::Refuses, Outcome::Refused),
        (Manner::Rejects, Outcome::Refused),
    ] {
        let failure = open(manner, DEADLINE).await.unwrap_err();
        assert_eq!(failure.outcome(), outcome, "{manner:?}: {failure:?}");
    }
    assert!(matches!(open(Manner::SilentAtOnce, SHORT).await, Err(Failure::Timeout(SHORT))));
}

#[tokio::test]
async fn an_answer_of_the_wrong_miner_is_no_answer() {
    let server = serve(Manner::Honest).await;
    let other = Keypair::from_uri("//Charlie").unwrap().hotkey();
    let answer = client().infer(server.endpoint, &binding(other), &question(), DEADLINE).await.unwrap();
    assert!(matches!(answer.result, Err(Failure::Receipt(ReceiptError::BadSignature(key))) if key == other));
}

#[tokio::test]
async fn embeddings_are_verified_too() {
    let request = Request::Embed(EmbedRequest { texts: vec!["a sentence".into()] });
    let server = serve(Manner::Honest).await;
    let answer = client().infer(server.endpoint, &binding(server.miner), &request, DEADLINE).await.unwrap();
    let Ok(Output::Embeddings(vectors)) = &answer.result else { panic!("{answer:?}") };
    assert_eq!(*vectors, [vec![1.0, -1.0]]);

    let two = Request::Embed(EmbedRequest { texts: vec!["a sentence".into(), "another".into()] });
    let answer = client().infer(server.endpoint, &binding(server.miner), &two, DEADLINE).await.unwrap();
    assert_eq!(answer.outcome(), Outcome::Malformed);

    let server = serve(Manner::TamperedText).await;
    let answer = client().infer(server.endpoint, &binding(server.miner), &request, DEADLINE).await.unwrap();
    assert_eq!(answer.outcome(), Outcome::BadSignature);
}

#[tokio::test]
async fn tensors_are_verified_too() {
    let request = Request::Infer(InferRequest { tensors: vec![tensor("x", 1)] });
    let ask = async |manner| {
        let server = serve(manner).await;
        client().infer(server.endpoint, &binding(server.miner), &request, DEADLINE).await.unwrap()
    };
    let answer = ask(Manner::Honest).await;
    let Ok(Output::Tensors(tensors)) = &answer.result else { panic!("{answer:?}") };
    assert_eq!(*tensors, [tensor("output", 5)]);
    assert!(answer.receipt.is_some() && answer.first_token.is_none());
    assert_eq!(ask(Manner::TamperedText).await.outcome(), Outcome::BadSignature);
    assert_eq!(ask(Manner::Garbage).await.outcome(), Outcome::Malformed);

    let nothing = Request::Infer(InferRequest { tensors: Vec::new() });
    let server = serve(Manner::Honest).await;
    assert!(client().infer(server.endpoint, &binding(server.miner), &nothing, DEADLINE).await.is_err());
}

#[tokio::test]
async fn peers_that_speak_something_else_are_no_miners() {
    let miner = Keypair::from_uri("//Bob").unwrap().hotkey();
    let ask = async |addr: SocketAddr, deadline: Duration| {
        let client = client();
        let answer = client.infer(Endpoint(addr), &binding(miner), &question(), deadline).await.unwrap();
        assert!(answer.receipt.is_none());
        answer.outcome()
    };

    // Nobody there.
    let (listener, addr) = listen().await;
    drop(listener);
    assert_eq!(ask(addr, DEADLINE).await, Outcome::Unreachable);

    // Accepts and says nothing.
    let (listener, addr) = listen().await;
    let silent = tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            kept.push(socket);
        }
    });
    assert_eq!(ask(addr, SHORT).await, Outcome::Timeout);
    silent.abort();

    // Says something else.
    let (listener, addr) = listen().await;
    let babbling = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 418 I'm a teapot\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    assert_eq!(ask(addr, DEADLINE).await, Outcome::Unreachable);
    babbling.abort();

    // Hangs up.
    let (listener, addr) = listen().await;
    let curt = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    assert_eq!(ask(addr, DEADLINE).await, Outcome::Unreachable);
    curt.abort();
}

#[tokio::test]
async fn a_miner_that_comes_back_is_asked_again() {
    let client = client();
    let server = serve(Manner::Honest).await;
    let Endpoint(addr) = server.endpoint;
    let ask = async || client.infer(Endpoint(addr), &binding(server.miner), &question(), DEADLINE).await.unwrap();
    assert_eq!(ask().await.outcome(), Outcome::Ok);
    server.task.abort();
    // The port is free once the server's task is gone.
    let listener = loop {
        match TcpListener::bind(addr).await {
            Ok(listener) => break listener,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    drop(listener);
    let gone = ask().await;
    assert!(matches!(gone.outcome(), Outcome::Unreachable | Outcome::Ok), "{gone:?}");
    let listener = TcpListener::bind(addr).await.unwrap();
    let fake = Fake { key: Keypair::from_uri("//Bob").unwrap(), manner: Manner::Honest };
    let server = tonic::transport::Server::builder().add_service(MinerServer::new(fake));
    let task = tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    assert_eq!(ask().await.outcome(), Outcome::Ok);
    task.abort();
}

#[tokio::test]
async fn a_request_outside_the_limits_is_not_sent() {
    let request = Request::Generate(GenerateRequest::new(Prompt::Text("x".into()), u32::MAX, Sampling::GREEDY));
    let miner = Keypair::from_uri("//Bob").unwrap().hotkey();
    let nowhere = Endpoint("127.0.0.1:1".parse().unwrap());
    assert!(client().infer(nowhere, &binding(miner), &request, DEADLINE).await.is_err());
}
