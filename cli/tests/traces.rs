//! Traces as a collector gets them: a round of a validator's, and the miner's side of the same question.
#![cfg(feature = "torch")]

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use async_trait::async_trait;
use localnet::{BlockTime, Genesis, GenesisNeuron, dev_account};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

mod program;

use program::Running;

/// A span, and which program it is of.
type Sent = (String, Span);

struct Collector(mpsc::UnboundedSender<Sent>);

#[async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for of_program in request.into_inner().resource_spans {
            let resource = of_program.resource.unwrap();
            let service = text(&resource.attributes, "service.name").unwrap();
            assert!(text(&resource.attributes, "service.instance.id").is_some_and(|hotkey| hotkey.starts_with('5')));
            for span in of_program.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                let _ = self.0.send((service.clone(), span));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    match attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

/// The nonce of a question that both sides have told of to the end.
fn joined(sent: &[Sent]) -> Option<String> {
    let of = |program: &'static str, name: &'static str| {
        sent.iter().filter(move |(service, span)| service == program && span.name == name).map(|(_, span)| span)
    };
    let asked = |infer: &&Span| {
        let challenge = of("assay-validator", "challenge").find(|challenge| challenge.span_id == infer.parent_span_id);
        let challenge = challenge.filter(|challenge| text(&challenge.attributes, "outcome").as_deref() == Some("ok"));
        challenge.is_some_and(|challenge| {
            of("assay-validator", "round").any(|round| round.span_id == challenge.parent_span_id)
        })
    };
    let answered = |nonce: &String| {
        let same = |request: &&Span| text(&request.attributes, "nonce").as_ref() == Some(nonce);
        of("assay-miner", "request").find(same).is_some_and(|request| {
            let stage = |name| of("assay-miner", name).find(|stage| stage.parent_span_id == request.span_id);
            let (Some(queued), Some(batch)) = (stage("queued"), stage("batch")) else { return false };
            assert!(queued.end_time_unix_nano <= batch.end_time_unix_nano);
            assert!(request.parent_span_id.is_empty(), "a stranger's trace");
            true
        })
    };
    of("assay-validator", "infer").filter(asked).filter_map(|infer| text(&infer.attributes, "nonce")).find(answered)
}

fn start(folder: &Path, collector: SocketAddr, url: &str, words: &[&str]) -> Running {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
    let mut command = program::command(folder);
    command
        .args(words)
        .args(["--netuid", "1", "--chain-url", url, "--model"])
        .arg(model)
        .env("ASSAY__TELEMETRY__OTLP_URL", format!("http://{collector}"))
        .env("ASSAY__VALIDATOR__ROUND_BLOCKS", "2")
        .env("OTEL_BSP_SCHEDULE_DELAY", "200")
        .stdout(Stdio::null());
    Running(command.spawn().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_of_a_question_are_traced_and_have_its_nonce() {
    let seat = |uri: &str, validator_permit| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao: 1_000_000_000,
        validator_permit,
    };
    let mut genesis = Genesis::default();
    genesis.subnets[0].neurons = vec![seat("//Validator", true), seat("//Miner", false)];
    let block_time = BlockTime::Every(Duration::from_millis(200));
    let node = localnet::spawn(localnet::Config { genesis, block_time, ..localnet::Config::test() }).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = listener.local_addr().unwrap();
    let (sender, mut spans) = mpsc::unbounded_channel();
    let service = TraceServiceServer::new(Collector(sender));
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)));

    let folder = tempfile::tempdir().unwrap();
    let place = ["--listen", "127.0.0.2:0", "--announce", "127.0.0.2:0", "--state", "state"];
    let miner = [&["miner", "--key", "//Miner"], &place[..]].concat();
    let miner = start(folder.path(), collector, &node.url(), &miner);
    let validator = ["validator", "--key", "//Validator", "--store", "store.sqlite"];
    // However little it logs.
    let validator = start(folder.path(), collector, &node.url(), &[&["--quiet"], &validator[..]].concat());

    let mut sent = Vec::new();
    let joined = timeout(Duration::from_secs(90), async {
        loop {
            sent.push(spans.recv().await.unwrap());
            if let Some(nonce) = joined(&sent) {
                return nonce;
            }
        }
    });
    assert_eq!(joined.await.expect("a question that both sides tell of").len(), 32);
    for mut running in [validator, miner] {
        running.signal("-TERM");
        let ended = tokio::task::spawn_blocking(move || running.0.wait().unwrap()).await.unwrap();
        assert!(ended.success(), "{ended}");
    }
}
