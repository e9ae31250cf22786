//! `docs/protocol.md` says what the code does: messages, limits, reasons, methods and digests.

use std::collections::BTreeMap;

use assay_protos::{
    Binding, DESCRIPTORS, EMBED, Event, GENERATE, INFER, OPEN, Reason, ReceiptSigner, envelope, receipt,
};
use primitives::{BlockHash, Digest, FinishReason, Keypair, NetUid};
use prost::Message;
use prost_types::{
    FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

fn document() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol.md")).unwrap()
}

fn between<'a>(text: &'a str, marker: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("<!-- {marker} -->\n")).unwrap();
    rest.split_once(&format!("<!-- /{marker} -->")).unwrap().0
}

/// The cells of a table's rows, without the head.
fn rows(text: &str) -> Vec<Vec<String>> {
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    text.lines().filter(|line| line.starts_with('|')).skip(2).map(cells).collect()
}

fn file() -> FileDescriptorProto {
    let mut files = FileDescriptorSet::decode(DESCRIPTORS).unwrap().file;
    files.retain(|file| file.package() == "assay.miner.v1");
    files.pop().unwrap()
}

fn declaration(field: &FieldDescriptorProto) -> String {
    let kind = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().rsplit('.').next().unwrap().to_owned(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    };
    let repeated = if field.label() == Label::Repeated { "repeated " } else { "" };
    format!("{repeated}{kind} {}", field.name())
}

/// Whoever changes the definition has to look at the page.
#[test]
fn the_page_is_bound_to_the_definition() {
    let digest = Digest::of(include_bytes!("../proto/assay/miner/v1/miner.proto")).to_string();
    assert!(document().contains(&format!("`{digest}`")), "the definition's BLAKE3 is {digest}");
}

#[test]
fn messages_agree() {
    let text = document();
    let documented: BTreeMap<String, Vec<(i32, String)>> = between(&text, "messages")
        .split("### ")
        .skip(1)
        .map(|section| {
            let (name, table) = section.split_once('\n').unwrap();
            let fields = rows(table).into_iter().map(|row| (row[0].parse().unwrap(), row[1].clone())).collect();
            (name.trim_matches('`').to_owned(), fields)
        })
        .collect();
    let declared = file()
        .message_type
        .iter()
        .map(|message| {
            let fields = message.field.iter().map(|field| (field.number(), declaration(field))).collect();
            (message.name().to_owned(), fields)
        })
        .collect();
    assert_eq!(documented, declared);
}

#[test]
fn methods_agree() {
    let text = document();
    let file = file();
    let service = &file.service[0];
    let paths: Vec<String> = service
        .method
        .iter()
        .map(|method| format!("/{}.{}/{}", file.package(), service.name(), method.name()))
        .collect();
    assert_eq!(paths[1..], [GENERATE, EMBED, INFER, OPEN]);
    for path in paths {
        assert!(text.contains(&format!("| `{path}` |")), "{path}");
    }
}

#[test]
fn limits_agree() {
    macro_rules! limits {
        ($($name:ident)*) => { vec![$((stringify!($name).to_owned(), assay_protos::$name.to_string())),*] };
    }
    let code = limits! {
        CLOCK_WINDOW_MS MAX_LIFETIME_MS MAX_NONCES_PER_SIGNER MAX_REQUEST_BYTES MAX_MESSAGE_BYTES MAX_RESPONSE_BYTES
        MAX_EVENT_BYTES MAX_PROMPT_BYTES MAX_PROMPT_TOKENS MAX_NEW_TOKENS MAX_TEMPERATURE_MILLI
        MAX_TOP_P_MILLI MAX_STOPS MAX_STOP_BYTES MAX_CHAT_MESSAGES MAX_ROLE_BYTES CHUNK_ROWS
        MAX_COMMITMENT_BYTES MAX_OPEN_REQUEST_BYTES MAX_OPENED_ROWS MAX_ROW_WIDTH MAX_OPENING_PATH MAX_TEXTS MAX_TEXT_BYTES MAX_DIMENSIONS
        MAX_TENSORS MAX_RANK MAX_NAME_BYTES
    };
    let text = document();
    let documented: Vec<_> =
        rows(between(&text, "limits")).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(documented, code);
    // None is left out.
    let source = include_str!("../src/limits.rs");
    assert_eq!(source.matches("pub const ").count(), code.len());
}

#[test]
fn reasons_agree() {
    let text = document();
    let documented: Vec<_> =
        rows(between(&text, "reasons")).into_iter().map(|row| (row[0].clone(), row[1].replace('_', ""))).collect();
    let code: Vec<_> =
        Reason::ALL.iter().map(|reason| (reason.to_string(), format!("{:?}", reason.code()).to_uppercase())).collect();
    assert_eq!(documented, code);
}

#[test]
fn digests_agree() {
    let (alice, bob) = (Keypair::from_uri("//Alice").unwrap(), Keypair::from_uri("//Bob").unwrap());
    let binding = Binding { receiver: bob.hotkey(), netuid: NetUid(7), genesis: BlockHash([9; 32]) };
    let request = envelope::seal(&alice, &binding, GENERATE, b"hello".to_vec(), 1_800_000_000_000, 10_000, [3; 16]);
    let request = envelope::digest(&request, GENERATE).unwrap();
    let event = Digest::derive("assay 2026-11 event v1", &[&request.0, b"one"]);
    let response = receipt::sign_response(&bob, &request, b"answer".to_vec());
    let response = receipt::verify_response(&bob.hotkey(), &request, &response).unwrap().digest;
    let text = document();
    for (name, digest) in [("request", request), ("h1", event), ("response", response)] {
        let row = text.lines().find(|line| line.starts_with(&format!("| {name}")) && line.ends_with("` |"));
        assert!(row.is_some_and(|row| row.contains(&digest.to_string())), "{name} is {digest}");
    }

    // The chain of a real stream is the documented one.
    let finished = ReceiptSigner::new(bob.clone(), request).event(&Event::Finished {
        reason: FinishReason::Stop,
        tokens: 0,
        rows_root: None,
        capacity_used_ppm: None,
    });
    let chain = Digest::derive("assay 2026-11 event v1", &[&request.0, &finished.payload]);
    let signature = primitives::Signature(finished.signature.try_into().unwrap());
    assert!(bob.hotkey().verify(&chain.0, &signature));
}
