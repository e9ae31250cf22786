//! Every message survives the wire, every limit holds, and no bytes make a decoder panic.

use std::sync::LazyLock;

use assay_protos::{
    Description, EMBED, Event, GENERATE, HiddenRow, INFER, MAX_CHAT_MESSAGES, MAX_EVENT_BYTES, MAX_NAME_BYTES,
    MAX_NEW_TOKENS, MAX_OPENED_ROWS, MAX_OPENING_PATH, MAX_PROMPT_BYTES, MAX_PROMPT_TOKENS, MAX_REQUEST_BYTES,
    MAX_RESPONSE_BYTES, MAX_ROLE_BYTES, MAX_ROW_WIDTH, MAX_STOP_BYTES, MAX_STOPS, MAX_TEMPERATURE_MILLI, MAX_TENSORS,
    MAX_TEXT_BYTES, MAX_TEXTS, MAX_TOP_P_MILLI, OpenRequest, Reason, ReceiptError, ReceiptSigner, ReceiptVerifier,
    Refusal, WireError, decode_embeddings, decode_openings, decode_request, decode_tensors, encode_embeddings,
    encode_openings, encode_request, encode_tensors, receipt, wire,
};
use primitives::{
    BlockHash, ChatMessage, DataType, Digest, EmbedRequest, FinishReason, GenerateRequest, Hotkey, InferRequest,
    Keypair, NetUid, Prompt, ProofKind, Request, Sampling, Tensor, TensorError, TlsPin,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use prost::Message;

fn generate(prompt: Prompt) -> GenerateRequest {
    GenerateRequest::new(prompt, 8, Sampling::at(1_000))
}

fn message(role: &str, len: usize) -> ChatMessage {
    ChatMessage { role: role.to_owned(), content: "x".repeat(len) }
}

fn chat(role: &str, len: usize) -> Prompt {
    Prompt::Chat(vec![message(role, len)])
}

fn field(result: Result<Request, WireError>) -> &'static str {
    match result.unwrap_err() {
        WireError::TooLarge { field, .. } | WireError::Missing(field) => field,
        other => panic!("{other}"),
    }
}

#[test]
fn requests_are_limited_on_both_sides() {
    let good = generate(Prompt::Text("once".into()));
    let long = |len| Prompt::Text("x".repeat(len));
    let cases = [
        (generate(Prompt::Text(String::new())), "prompt"),
        (generate(Prompt::Tokens(Vec::new())), "prompt"),
        (generate(long(MAX_PROMPT_BYTES + 1)), "prompt text"),
        (generate(Prompt::Tokens(vec![1; MAX_PROMPT_TOKENS + 1])), "prompt tokens"),
        (GenerateRequest { max_new_tokens: 0, ..good.clone() }, "max_new_tokens"),
        (GenerateRequest { max_new_tokens: MAX_NEW_TOKENS + 1, ..good.clone() }, "max_new_tokens"),
        (GenerateRequest { sampling: Sampling::at(MAX_TEMPERATURE_MILLI + 1), ..good.clone() }, "temperature_milli"),
        (
            GenerateRequest { sampling: Sampling { top_p_milli: 1_001, ..Sampling::GREEDY }, ..good.clone() },
            "top_p_milli",
        ),
        (GenerateRequest { stop: vec!["x".into(); MAX_STOPS + 1], ..good.clone() }, "stop"),
        (GenerateRequest { stop: vec!["x".repeat(MAX_STOP_BYTES + 1)], ..good.clone() }, "stop text"),
        (GenerateRequest { stop: vec![String::new()], ..good }, "stop text"),
        (generate(Prompt::Chat(Vec::new())), "prompt"),
        (generate(chat("user", MAX_PROMPT_BYTES + 1)), "prompt text"),
        (generate(chat(&"r".repeat(MAX_ROLE_BYTES + 1), 1)), "role"),
        (generate(Prompt::Chat(vec![message("user", 1); MAX_CHAT_MESSAGES + 1])), "chat messages"),
    ];
    for (request, expected) in cases {
        let payload = wire::GenerateRequest::from(request.clone()).encode_to_vec();
        assert_eq!(field(decode_request(GENERATE, &payload)), expected);
        assert!(encode_request(&Request::Generate(request)).is_err());
    }
    assert_eq!(field(decode_request(GENERATE, &[])), "prompt");
    for prompt in [long(MAX_PROMPT_BYTES), Prompt::Tokens(vec![u32::MAX; MAX_PROMPT_TOKENS])] {
        let request = Request::Generate(generate(prompt));
        let (method, payload) = encode_request(&request).unwrap();
        assert_eq!(decode_request(method, &payload).unwrap(), request);
    }
}

#[test]
fn embed_requests_are_limited_and_the_largest_fits() {
    let cases = [
        (Vec::new(), "texts"),
        (vec![String::new(); MAX_TEXTS + 1], "texts"),
        (vec!["x".repeat(MAX_TEXT_BYTES + 1)], "text"),
    ];
    for (texts, expected) in cases {
        let payload = wire::EmbedRequest { texts: texts.clone() }.encode_to_vec();
        assert_eq!(field(decode_request(EMBED, &payload)), expected);
        assert!(encode_request(&Request::Embed(EmbedRequest { texts })).is_err());
    }
    let largest = Request::Embed(EmbedRequest { texts: vec!["x".repeat(MAX_TEXT_BYTES); MAX_TEXTS] });
    let (method, payload) = encode_request(&largest).unwrap();
    assert_eq!(decode_request(method, &payload).unwrap(), largest);
}

#[test]
fn embeddings_are_rectangular_and_finite() {
    let payload = encode_embeddings(vec![vec![1.0, -2.5], vec![0.0, 3.0]]).unwrap();
    assert_eq!(decode_embeddings(&payload, 2).unwrap(), [[1.0, -2.5], [0.0, 3.0]]);
    assert!(matches!(decode_embeddings(&payload, 3), Err(WireError::Count { field: "embeddings", .. })));
    let raw = |embeddings: Vec<Vec<f32>>| {
        let embeddings = embeddings.into_iter().map(|values| wire::Embedding { values }).collect();
        wire::EmbedResponse { embeddings }.encode_to_vec()
    };
    let ragged = decode_embeddings(&raw(vec![vec![1.0], vec![1.0, 2.0]]), 2);
    assert!(matches!(ragged, Err(WireError::Count { field: "dimensions", .. })));
    let infinite = decode_embeddings(&raw(vec![vec![1.0], vec![f32::NAN]]), 2);
    assert!(matches!(infinite, Err(WireError::NotFinite { field: "embedding", index: 1 })));
    assert!(matches!(decode_embeddings(&raw(vec![vec![]]), 1), Err(WireError::Missing("embedding"))));
    let largest = encode_embeddings(vec![vec![0.5; 4_096]; MAX_TEXTS]).unwrap();
    assert!(largest.len() <= MAX_RESPONSE_BYTES);
    assert!(decode_embeddings(&largest, MAX_TEXTS).is_ok());
}

/// Bob, derived once: it costs two thousand hashes.
fn miner() -> Keypair {
    static BOB: LazyLock<Keypair> = LazyLock::new(|| Keypair::from_uri("//Bob").unwrap());
    BOB.clone()
}

fn stream(request: Digest) -> Vec<wire::SignedEvent> {
    let mut signer = ReceiptSigner::new(miner(), request);
    [
        Event::Tokens { ids: vec![5, 6], text: "once".into(), logprobs: vec![-0.5, -2.0] },
        Event::Tokens { ids: vec![7], text: " upon".into(), logprobs: Vec::new() },
        Event::Commitment(vec![9; 258]),
        Event::Finished {
            reason: FinishReason::Length,
            tokens: 3,
            rows_root: Some(Digest([7; 32])),
            capacity_used_ppm: Some(1_000_000),
        },
    ]
    .iter()
    .map(|event| signer.event(event))
    .collect()
}

fn verify(miner: Hotkey, request: Digest, stream: &[wire::SignedEvent]) -> Result<receipt::Answer, ReceiptError> {
    let mut verifier = ReceiptVerifier::new(miner, request, 3);
    for event in stream {
        verifier.event(event)?;
    }
    verifier.finish()
}

#[test]
fn a_stream_is_evidence() {
    let request = Digest([1; 32]);
    let answer = verify(miner().hotkey(), request, &stream(request)).unwrap();
    assert_eq!((answer.generation.tokens, answer.generation.text.as_str()), (vec![5, 6, 7], "once upon"));
    assert_eq!(answer.generation.finish, FinishReason::Length);
    assert!(miner().hotkey().verify(&answer.receipt.digest.0, &answer.receipt.signature));
}

#[test]
fn a_stream_that_is_not_the_miners_answer_is_refused() {
    let (request, bob) = (Digest([1; 32]), miner().hotkey());
    let good = stream(request);
    let refused = |stream: &[wire::SignedEvent]| verify(bob, request, stream).unwrap_err();
    // Of another request, by another miner.
    assert!(matches!(verify(bob, Digest([2; 32]), &good), Err(ReceiptError::BadSignature(_))));
    let alice = Keypair::from_uri("//Alice").unwrap().hotkey();
    assert!(matches!(verify(alice, request, &good), Err(ReceiptError::BadSignature(_))));
    // Dropped, swapped, cut and continued.
    for dropped in 0..3 {
        let mut shorter = good.clone();
        shorter.remove(dropped);
        assert!(matches!(refused(&shorter), ReceiptError::BadSignature(_)), "without {dropped}");
    }
    let mut swapped = good.clone();
    swapped.swap(0, 1);
    assert!(matches!(refused(&swapped), ReceiptError::BadSignature(_)));
    assert!(matches!(refused(&good[..3]), ReceiptError::Unfinished));
    assert!(matches!(refused(&[]), ReceiptError::Unfinished));
    let continued = [good.clone(), vec![good[1].clone()]].concat();
    assert!(matches!(refused(&continued), ReceiptError::AfterEnd));
    // Unsigned, or signed where it shouldn't be.
    let mut unsigned = good.clone();
    unsigned[3].signature.clear();
    assert!(matches!(refused(&unsigned), ReceiptError::Unsigned));
    for event in 0..3 {
        let mut early = good.clone();
        early[event].signature = vec![0; 64];
        assert!(matches!(refused(&early), ReceiptError::SignedEarly));
    }
}

#[test]
fn commitments_are_as_many_as_chunks_and_as_long_as_one() {
    let request = Digest([1; 32]);
    let stream = |tokens: u32, commitments: usize, bytes: usize| {
        let mut signer = ReceiptSigner::new(miner(), request);
        let said = Event::Tokens { ids: vec![7; tokens as usize], text: String::new(), logprobs: Vec::new() };
        let mut events = vec![signer.event(&said)];
        events.extend((0..commitments).map(|_| signer.event(&Event::Commitment(vec![1; bytes]))));
        events.push(signer.event(&Event::Finished {
            reason: FinishReason::Stop,
            tokens,
            rows_root: None,
            capacity_used_ppm: None,
        }));
        let mut verifier = ReceiptVerifier::new(miner().hotkey(), request, 100);
        events.iter().try_for_each(|event| verifier.event(event).map(drop))?;
        verifier.finish()
    };
    // The prompt's chunk, then one for every 32 rows; the last token has none.
    for (tokens, most) in [(0, 0), (1, 1), (2, 2), (33, 2), (34, 3), (100, 5)] {
        let refused = stream(tokens, most + 1, 258);
        assert!(matches!(refused, Err(ReceiptError::Commitments(limit)) if limit == most), "{refused:?}");
        assert_eq!(stream(tokens, most, 258).unwrap().commitments, vec![vec![1; 258]; most]);
    }
    let long = stream(3, 1, 259);
    assert!(matches!(long, Err(ReceiptError::Malformed(WireError::TooLarge { field: "commitment", .. }))));
}

#[test]
fn rows_are_opened_as_they_were_asked_for() {
    let row = |position| HiddenRow { position, row: vec![1, 0x3F80, 65_535], path: vec![Digest([5; 32]); 2] };
    let payload = encode_openings(vec![row(4), row(2)]).unwrap();
    assert_eq!(decode_openings(&payload, &[4, 2]).unwrap(), [row(4), row(2)]);
    for others in [&[2, 4][..], &[4], &[4, 2, 1], &[]] {
        assert!(decode_openings(&payload, others).is_err(), "{others:?}");
    }
    let wide = HiddenRow { row: vec![0; MAX_ROW_WIDTH + 1], ..row(0) };
    assert!(encode_openings(vec![wide]).is_err());
    assert!(encode_openings(vec![row(0); MAX_OPENED_ROWS + 1]).is_err());
    // A peer may send anything.
    let sent = |row: Vec<u8>, path: Vec<Vec<u8>>| {
        let openings = vec![wire::Opening { position: 0, row, path }];
        decode_openings(&wire::OpenResponse { openings }.encode_to_vec(), &[0])
    };
    assert!(sent(vec![0; 6], vec![vec![0; 32]; MAX_OPENING_PATH]).is_ok());
    for (row, path) in [
        (vec![0; 5], Vec::new()),
        (vec![0; 2 * MAX_ROW_WIDTH + 2], Vec::new()),
        (vec![0; 6], vec![vec![0; 32]; MAX_OPENING_PATH + 1]),
        (vec![0; 6], vec![vec![0; 31]]),
    ] {
        assert!(sent(row, path).is_err());
    }

    let asked = |positions: Vec<u32>| OpenRequest { request: Digest([1; 32]), positions };
    let payload = asked(vec![7, 7, 0]).encode().unwrap();
    assert_eq!(OpenRequest::decode(&payload).unwrap(), asked(vec![7, 7, 0]));
    assert!(asked(Vec::new()).encode().is_err() && asked(vec![0; MAX_OPENED_ROWS + 1]).encode().is_err());
    assert!(OpenRequest::decode(&wire::OpenRequest::default().encode_to_vec()).is_err());
}

#[test]
fn a_stream_is_bounded() {
    let request = Digest([1; 32]);
    let mut verifier = ReceiptVerifier::new(miner().hotkey(), request, 3);
    let empty = wire::SignedEvent {
        payload: Event::Tokens { ids: Vec::new(), text: String::new(), logprobs: Vec::new() }.encode(),
        signature: Vec::new(),
    };
    let refused = (0..100).find_map(|_| verifier.event(&empty).err());
    assert!(matches!(refused, Some(ReceiptError::TooLong(3))));
    let mut signer = ReceiptSigner::new(miner(), request);
    let long = signer.event(&Event::Tokens { ids: vec![1; 4], text: String::new(), logprobs: Vec::new() });
    assert!(matches!(verify(miner().hotkey(), request, &[long]), Err(ReceiptError::TooLong(3))));
    let mut signer = ReceiptSigner::new(miner(), request);
    let claims = signer.event(&Event::Finished {
        reason: FinishReason::Stop,
        tokens: 2,
        rows_root: None,
        capacity_used_ppm: None,
    });
    let refused = verify(miner().hotkey(), request, &[claims]);
    assert!(matches!(refused, Err(ReceiptError::Count { actual: 0, claimed: 2 })));
    let huge = wire::SignedEvent { payload: vec![0; MAX_EVENT_BYTES + 1], signature: Vec::new() };
    assert!(matches!(verify(miner().hotkey(), request, &[huge]), Err(ReceiptError::Malformed(_))));
}

#[test]
fn responses_and_descriptions_are_signed() {
    let (request, bob) = (Digest([1; 32]), miner().hotkey());
    let response = receipt::sign_response(&miner(), &request, b"answer".to_vec());
    assert!(receipt::verify_response(&bob, &request, &response).is_ok());
    assert!(receipt::verify_response(&bob, &Digest([2; 32]), &response).is_err());
    let mut changed = response.clone();
    changed.payload[0] ^= 1;
    assert!(receipt::verify_response(&bob, &request, &changed).is_err());

    let description = Description {
        hotkey: bob,
        netuid: NetUid(1),
        genesis: BlockHash([2; 32]),
        name: "tiny".into(),
        architecture: "llama".into(),
        digest: Digest([4; 32]),
        vocab_size: 4_096,
        max_context: 256,
        proof: ProofKind::HiddenRows,
        calibration: Some(Digest([5; 32])),
        tls_key: Some(TlsPin([6; 32])),
    };
    let signed = receipt::sign_description(&miner(), &description);
    assert_eq!(receipt::verify_description(&signed).unwrap(), description);
    let stolen = Description { hotkey: Hotkey([1; 32]), ..description };
    let signed = receipt::sign_description(&miner(), &stolen);
    assert!(matches!(receipt::verify_description(&signed), Err(ReceiptError::BadSignature(_))));
}

#[test]
fn tensors_are_limited_on_both_sides() {
    let tensor = |name: &str, bytes: usize| Tensor::new(name.into(), DataType::U8, vec![bytes as u64], vec![0; bytes]);
    let infer = |tensors| encode_request(&Request::Infer(InferRequest { tensors })).map(|_| ());
    let small = tensor("x", 1).unwrap();
    let outside = [
        (vec![], "tensors"),
        (vec![small.clone(); MAX_TENSORS + 1], "tensors"),
        (vec![tensor(&"n".repeat(MAX_NAME_BYTES + 1), 1).unwrap()], "tensor name"),
        (vec![tensor("x", MAX_REQUEST_BYTES).unwrap()], "payload"),
    ];
    for (tensors, field) in outside {
        let error = infer(tensors).unwrap_err();
        assert!(
            matches!(error, WireError::TooLarge { field: found, .. } | WireError::Missing(found) if found == field),
            "{field}: {error}"
        );
    }
    assert!(infer(vec![small.clone(); MAX_TENSORS]).is_ok());
    assert!(encode_tensors(vec![tensor("x", MAX_RESPONSE_BYTES).unwrap()]).is_err());

    // What a peer sends is checked as well.
    let sent = |dtype: i32, shape: &[u64], bytes: usize| {
        let tensor = wire::Tensor { name: "x".into(), dtype, shape: shape.to_vec(), data: vec![0; bytes] };
        let payload = wire::TensorRequest { tensors: vec![tensor] }.encode_to_vec();
        decode_request(INFER, &payload)
    };
    let f32 = wire::DataType::F32.into();
    assert!(sent(f32, &[2], 8).is_ok());
    for shape in [&[3][..], &[1 << 62], &[u64::MAX, u64::MAX], &[1 << 40, 1 << 40]] {
        let error = sent(f32, shape, 8).unwrap_err();
        assert!(matches!(error, WireError::Tensor(TensorError::Size { .. })), "{shape:?}: {error}");
        assert_eq!(Refusal::from(error).reason, Reason::BadPayload);
    }
    assert!(matches!(sent(f32, &[1; 9], 4), Err(WireError::TooLarge { field: "rank", .. })));
    for unknown in [0, 11, -1] {
        assert!(matches!(sent(unknown, &[2], 8), Err(WireError::Value { field: "dtype", .. })));
    }
}

#[test]
fn wire_errors_have_reasons() {
    let long = encode_request(&Request::Generate(generate(Prompt::Text("x".repeat(MAX_PROMPT_BYTES + 1)))));
    assert_eq!(Refusal::from(long.unwrap_err()).reason, Reason::Oversized);
    assert_eq!(Refusal::from(decode_request(GENERATE, b"\xff\xff").unwrap_err()).reason, Reason::BadPayload);
}

fn prompts() -> impl Strategy<Value = Prompt> {
    let message = ("[a-z]{0,9}", "\\PC{0,40}").prop_map(|(role, content)| ChatMessage { role, content });
    prop_oneof![
        "\\PC{1,40}".prop_map(Prompt::Text),
        vec(any::<u32>(), 1..40).prop_map(Prompt::Tokens),
        vec(message, 1..9).prop_map(Prompt::Chat),
    ]
}

fn samplings() -> impl Strategy<Value = Sampling> {
    (0..=MAX_TEMPERATURE_MILLI, 1..=MAX_TOP_P_MILLI, any::<u32>())
        .prop_map(|(temperature_milli, top_p_milli, top_k)| Sampling { temperature_milli, top_p_milli, top_k })
}

fn requests() -> impl Strategy<Value = Request> {
    prop_oneof![
        (prompts(), 1..=MAX_NEW_TOKENS, samplings(), vec("\\PC{1,9}", 0..4), any::<bool>()).prop_map(
            |(prompt, max_new_tokens, sampling, stop, logprobs)| {
                Request::Generate(GenerateRequest { prompt, max_new_tokens, sampling, stop, logprobs })
            }
        ),
        vec("\\PC{0,40}", 1..8).prop_map(|texts| Request::Embed(EmbedRequest { texts })),
        vec(tensors(), 1..5).prop_map(|tensors| Request::Infer(InferRequest { tensors })),
    ]
}

fn tensors() -> impl Strategy<Value = Tensor> {
    ("\\PC{0,9}", 0..DataType::ALL.len(), vec(0..4u64, 0..4), 0..2u8).prop_map(|(name, dtype, shape, value)| {
        let dtype = DataType::ALL[dtype];
        let bytes = dtype.bytes(&shape).unwrap();
        Tensor::new(name, dtype, shape, vec![value; bytes]).unwrap()
    })
}

fn events() -> impl Strategy<Value = Event> {
    let reason = prop_oneof![Just(FinishReason::Stop), Just(FinishReason::Length)];
    prop_oneof![
        (vec((any::<u32>(), -100f32..=0.0), 0..20), "\\PC{0,40}", any::<bool>()).prop_map(|(tokens, text, told)| {
            let (ids, logprobs): (Vec<u32>, Vec<f32>) = tokens.into_iter().unzip();
            Event::Tokens { ids, text, logprobs: if told { logprobs } else { Vec::new() } }
        }),
        (reason, 0..=MAX_NEW_TOKENS, proptest::option::of(any::<[u8; 32]>()), proptest::option::of(0..=1_000_000u32))
            .prop_map(|(reason, tokens, root, capacity_used_ppm)| {
                Event::Finished { reason, tokens, rows_root: root.map(Digest), capacity_used_ppm }
            }),
        vec(any::<u8>(), 0..=258).prop_map(Event::Commitment),
    ]
}

proptest! {
    #[test]
    fn requests_round_trip(request in requests()) {
        let (method, payload) = encode_request(&request).unwrap();
        prop_assert_eq!(decode_request(method, &payload).unwrap(), request);
    }

    #[test]
    fn events_round_trip(event in events()) {
        prop_assert_eq!(Event::decode(&event.encode()).unwrap(), event);
    }

    #[test]
    fn embeddings_round_trip(values in vec(-1e30f32..1e30, 1..20), texts in 1..5usize) {
        let embeddings = vec![values; texts];
        let payload = encode_embeddings(embeddings.clone()).unwrap();
        prop_assert_eq!(decode_embeddings(&payload, texts).unwrap(), embeddings);
    }

    #[test]
    fn tensors_round_trip(tensors in vec(tensors(), 1..5)) {
        let payload = encode_tensors(tensors.clone()).unwrap();
        prop_assert_eq!(decode_tensors(&payload).unwrap(), tensors);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = decode_request(GENERATE, &bytes);
        let _ = decode_request(EMBED, &bytes);
        let _ = decode_request(INFER, &bytes);
        let _ = decode_embeddings(&bytes, 1);
        let _ = decode_tensors(&bytes);
        let _ = OpenRequest::decode(&bytes);
        let _ = decode_openings(&bytes, &[0]);
        let _ = Event::decode(&bytes);
        let _ = Description::decode(&bytes);
        let signed = wire::SignedResponse { payload: bytes.clone(), signature: bytes.clone() };
        prop_assert!(receipt::verify_response(&miner().hotkey(), &Digest([0; 32]), &signed).is_err());
        prop_assert!(receipt::verify_description(&signed).is_err());
        let signed = wire::SignedEvent { payload: bytes.clone(), signature: bytes };
        let _ = ReceiptVerifier::new(miner().hotkey(), Digest([0; 32]), 3).event(&signed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One changed bit of a stream: not the miner's answer.
    #[test]
    fn any_flipped_bit_of_a_stream_is_refused(event in 0..4usize, at: Index, bit in 0..8u32) {
        let request = Digest([1; 32]);
        let mut stream = stream(request);
        let signed = &mut stream[event];
        let payload_len = signed.payload.len();
        let index = at.index(payload_len + signed.signature.len());
        let byte = if index < payload_len {
            &mut signed.payload[index]
        } else {
            &mut signed.signature[index - payload_len]
        };
        *byte ^= 1 << bit;
        prop_assert!(verify(miner().hotkey(), request, &stream).is_err());
    }
}
