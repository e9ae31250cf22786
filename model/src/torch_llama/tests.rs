use std::{fs, path::PathBuf};

use primitives::{Digest, Sampling};
use serde::Deserialize;

use super::*;
use crate::{Device, Dtype, Sampler, folder::Folder};

#[derive(Deserialize)]
struct Case {
    prompt: Vec<u32>,
    greedy: Vec<u32>,
    /// Every fourth logit behind the first and the last token of the answer.
    first: Vec<f32>,
    last: Vec<f32>,
}

const NAMES: [&str; 12] = [
    "llama",
    "llama-tied",
    "llama3",
    "linear",
    "dynamic",
    "yarn",
    "biases",
    "mistral",
    "qwen2",
    "qwen2-windows",
    "qwen3",
    "shards",
];

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hf")
}

fn cases(name: &str) -> Vec<Case> {
    let expected = fs::read(fixtures().join("expected.json")).expect("there");
    let mut expected: serde_json::Value = serde_json::from_slice(&expected).expect("json");
    serde_json::from_value(expected[name].take()).expect(name)
}

fn load_in(name: &str, slots: usize, slot_tokens: usize, dtype: Dtype) -> Result<TorchLlama, ModelError> {
    // the tests run side by side, and what they compute is small
    tch::set_num_threads(1);
    let mut folder = Folder::open(&fixtures().join(name))?;
    let config = LlamaConfig::parse(&folder.path("config.json"), &folder.text("config.json")?)?;
    let weights = folder.weights(&mut |_| ())?;
    let mut report = |_| ();
    let tensors = Tensors::new(&weights, tch::Device::Cpu, dtype, &mut report);
    TorchLlama::load(config, &tensors, slots, slot_tokens)
}

fn load(name: &str) -> TorchLlama {
    load_in(name, 12, 80, Dtype::F32).expect(name)
}

fn piece(slot: usize, start: usize, tokens: &[u32], asks: Vec<Ask>) -> Piece {
    Piece { slot, start, tokens: tokens.to_vec(), length: start + tokens.len(), asks }
}

fn logits(said: Vec<Result<Said, NotFinite>>) -> Vec<Vec<f32>> {
    let row = |said| match said {
        Ok(Said::Logits(row)) => row,
        other => panic!("no logits: {other:?}"),
    };
    said.into_iter().map(row).collect()
}

/// The logits behind every token of a text that is run in one piece.
fn whole(model: &mut TorchLlama, slot: usize, tokens: &[u32]) -> Vec<Vec<f32>> {
    model.reserve(slot, tokens.len(), 0).expect("fits");
    logits(model.run(&[piece(slot, 0, tokens, vec![Ask::Logits; tokens.len()])]).expect("runs"))
}

fn choose(temperature_milli: u32, seed: &str, position: usize) -> Ask {
    let sampler = Sampler::new(Sampling::at(temperature_milli), Digest::of(seed.as_bytes()));
    Ask::Choose { sampler, position: position as u32, logprob: false }
}

fn token(said: &Result<Said, NotFinite>) -> u32 {
    let Ok(Said::Token { token, .. }) = said else { panic!("no token: {said:?}") };
    *token
}

/// The answer's tokens, one by one.
fn answer_alone(model: &mut TorchLlama, slot: usize, prompt: &[u32], new: usize, temperature: u32) -> Vec<u32> {
    model.reserve(slot, prompt.len() + new, 0).expect("fits");
    let mut answer: Vec<u32> = Vec::new();
    let mut next = piece(slot, 0, prompt, vec![choose(temperature, "seed", 0)]);
    while answer.len() < new {
        answer.push(token(&model.run(&[next]).expect("runs")[0]));
        let start = prompt.len() + answer.len() - 1;
        next = piece(slot, start, &answer[answer.len() - 1..], vec![choose(temperature, "seed", answer.len())]);
    }
    answer
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn furthest_of(a: &[Vec<f32>], b: &[Vec<f32>]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| furthest(a, b)).fold(0.0, f32::max)
}

#[test]
fn greedy_answers_and_logits_are_transformers() {
    for name in NAMES {
        let mut model = load(name);
        for Case { prompt, greedy, first, last } in cases(name) {
            assert_eq!(answer_alone(&mut model, 0, &prompt, greedy.len(), 0), greedy, "{name} {}", prompt.len());
            let fourth = |row: &[f32]| row.iter().copied().step_by(4).collect::<Vec<_>>();
            let rows = whole(&mut model, 1, &prompt);
            assert!(furthest(&fourth(&rows[prompt.len() - 1]), &first) < 1e-4, "{name} {}", prompt.len());
            // the last one comes behind the cache of all the others, as it did there
            let (start, tokens) = (prompt.len() + greedy.len() - 2, &greedy[greedy.len() - 2..greedy.len() - 1]);
            let said = model.run(&[piece(0, start, tokens, vec![Ask::Logits])]).expect("runs");
            assert!(furthest(&fourth(&logits(said)[0]), &last) < 1e-4, "{name} {}", prompt.len());
        }
    }
}

#[test]
fn in_chunks_is_the_same_as_at_once() {
    for name in NAMES {
        let mut model = load(name);
        let Case { prompt, .. } = cases(name).pop().expect("a long one");
        let at_once = whole(&mut model, 0, &prompt);
        for size in [1, 3, 7, 39] {
            model.reserve(2, prompt.len(), 0).expect("fits");
            let mut rows = Vec::new();
            for (index, tokens) in prompt.chunks(size).enumerate() {
                let mut piece = piece(2, index * size, tokens, vec![Ask::Logits; tokens.len()]);
                piece.length = prompt.len();
                rows.extend(logits(model.run(&[piece]).expect("runs")));
            }
            assert!(furthest_of(&at_once, &rows) < 1e-4, "{name} in chunks of {size}");
        }
    }
}

#[test]
fn company_does_not_change_an_answer() {
    for name in NAMES {
        let mut model = load(name);
        let cases = cases(name);
        // beside each other, with a gap, far apart; and not in the order of the slots
        for slots in [[0, 1, 2, 3], [6, 4, 1, 3], [11, 0, 1, 4]] {
            for temperature in [0, 900] {
                let alone: Vec<Vec<u32>> =
                    cases.iter().map(|case| answer_alone(&mut model, 5, &case.prompt, 12, temperature)).collect();
                let mut pieces: Vec<Piece> = slots
                    .iter()
                    .zip(&cases)
                    .map(|(slot, case)| {
                        model.reserve(*slot, case.prompt.len() + 12, 0).expect("fits");
                        piece(*slot, 0, &case.prompt, vec![choose(temperature, "seed", 0)])
                    })
                    .collect();
                let mut together: Vec<Vec<u32>> = vec![Vec::new(); cases.len()];
                for made in 1..=12 {
                    let said = model.run(&pieces).expect("runs");
                    for ((answer, said), next) in together.iter_mut().zip(&said).zip(&mut pieces) {
                        answer.push(token(said));
                        let start = next.start + next.tokens.len();
                        *next = piece(next.slot, start, &[token(said)], vec![choose(temperature, "seed", made)]);
                    }
                }
                assert_eq!(together, alone, "{name} in {slots:?} at {temperature}");
            }
        }
    }
}

#[test]
fn a_copied_prefix_is_as_good_as_its_own() {
    for name in NAMES {
        let mut model = load(name);
        let Case { prompt, .. } = cases(name).pop().expect("a long one");
        let at_once = whole(&mut model, 0, &prompt);
        model.reserve(3, prompt.len(), 0).expect("fits");
        model.copy(0, 3, 25).expect("fits");
        // what is behind the prefix in the first slot doesn't matter
        model.reserve(0, 80, 0).expect("fits");
        let mut rest = piece(3, 25, &prompt[25..], vec![Ask::Logits; prompt.len() - 25]);
        rest.length = prompt.len();
        let rest = logits(model.run(&[rest]).expect("runs"));
        assert!(furthest_of(&at_once[25..], &rest) < 1e-4, "{name}");
    }
}

#[test]
fn what_a_slot_keeps_stays() {
    let mut model = load("mistral");
    let Case { prompt, .. } = cases("mistral").pop().expect("a long one");
    let at_once = whole(&mut model, 4, &prompt);
    model.reserve(4, 60, 30).expect("fits");
    let rest = model.run(&[piece(4, 30, &prompt[30..], vec![Ask::Logits; prompt.len() - 30])]).expect("runs");
    assert!(furthest_of(&at_once[30..], &logits(rest)) < 1e-4);
}

#[test]
fn a_poisoned_question_fails_alone() {
    let mut model = load("llama");
    let poison = 9;
    let _ = model.embed.narrow(0, poison, 1).fill_(f64::NAN);
    let good = answer_alone(&mut model, 0, &[5, 6, 7], 10, 0);
    assert!(!good.contains(&9));
    for slot in [0, 1, 2] {
        model.reserve(slot, 40, 0).expect("fits");
    }
    let ask = || vec![choose(0, "seed", 0)];
    let said = model.run(&[piece(0, 0, &[5, 6, 7], ask()), piece(1, 0, &[5; 20], ask()), piece(2, 0, &[1], ask())]);
    assert!(said.expect("runs").iter().all(Result::is_ok));
    // in one step with others: theirs are answered
    let step = [piece(0, 3, &good[..1], ask()), piece(1, 20, &[9], ask()), piece(2, 1, &[4], ask())];
    let said = model.run(&step).expect("runs");
    assert_eq!(token(&said[0]), good[1]);
    assert_eq!(said[1], Err(NotFinite));
    assert!(said[2].is_ok());
    // and what it left behind does not reach the next sequence of its slot, nor those beside it
    model.reserve(1, 40, 0).expect("fits");
    let said = model.run(&[piece(1, 0, &[5, 6, 7], ask())]).expect("runs");
    assert_eq!(token(&said[0]), good[0]);
    let long = piece(0, 0, &[5; 30], ask());
    assert!(model.run(&[long]).expect("runs")[0].is_ok());
    let said = model.run(&[piece(1, 3, &good[..1], ask()), piece(0, 30, &[4], ask())]).expect("runs");
    assert_eq!(token(&said[0]), good[1]);
    assert!(said[1].is_ok());
}

#[test]
fn half_the_bits_are_close() {
    for name in ["llama", "biases", "qwen3", "mistral"] {
        let Case { prompt, .. } = cases(name).pop().expect("a long one");
        let exact = whole(&mut load(name), 0, &prompt);
        let largest = exact.iter().flatten().fold(0.0f32, |largest, logit| largest.max(logit.abs()));
        for (dtype, tolerance) in [(Dtype::Bf16, 0.05), (Dtype::F16, 0.01)] {
            let mut model = load_in(name, 2, 80, dtype).expect(name);
            let off = furthest_of(&exact, &whole(&mut model, 1, &prompt));
            assert!(off > 0.0 && off < tolerance * largest, "{name} in {dtype}: {off} of {largest}");
        }
    }
}

#[test]
fn a_device_that_chooses_itself_chooses_the_same() {
    let mut model = load("qwen2");
    let mut device = load("qwen2");
    device.choose_on_device = true;
    for temperature in [0, 700, 1500] {
        let prompt = [5, 6, 7];
        let own = answer_alone(&mut model, 0, &prompt, 40, temperature);
        assert_eq!(answer_alone(&mut device, 0, &prompt, 40, temperature), own);
    }
}

#[test]
fn every_question_has_its_answer_in_order() {
    let mut model = load("llama");
    let Case { prompt, greedy, .. } = cases("llama").pop().expect("a long one");
    let sampler = Sampler::new(Sampling::GREEDY, Digest::of(b""));
    for choose_on_device in [false, true] {
        model.choose_on_device = choose_on_device;
        let rows = whole(&mut model, 0, &prompt);
        let margin = |token| Ask::Margin { sampler: sampler.clone(), position: 0, token };
        let last = vec![margin(prompt[39]), Ask::Logits, choose(0, "", 0)];
        // of each slot another number of questions, one of them none
        let pieces = [
            piece(3, 0, &prompt, last),
            piece(1, 0, &prompt[..1], vec![Ask::Logits]),
            piece(2, 0, &prompt[..2], Vec::new()),
            piece(0, 0, &prompt[..1], vec![choose(0, "", 0)]),
        ];
        let said = model.run(&pieces).expect("runs");
        assert_eq!(said.len(), 5);
        let best = |row: &[f32]| row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let expected = best(&rows[37]) - rows[37][prompt[39] as usize];
        assert!(
            matches!(said[0], Ok(Said::Margin { margin, .. }) if (margin - expected).abs() < 1e-4),
            "{:?}",
            said[0]
        );
        assert!(furthest(&logits(vec![said[1].clone()])[0], &rows[38]) < 1e-4);
        assert_eq!(token(&said[2]), greedy[0]);
        assert!(furthest(&logits(vec![said[3].clone()])[0], &rows[0]) < 1e-4);
        assert_eq!(rows[0][token(&said[4]) as usize], best(&rows[0]));
    }
}

#[test]
fn many_questions_about_one_piece() {
    let mut model = load("llama");
    let tokens: Vec<u32> = (0..80).map(|index| index * 7 % 96).collect();
    let rows = whole(&mut model, 0, &tokens);
    assert!(rows.len() > LOGIT_ROWS);
    model.reserve(0, 80, 0).expect("fits");
    let asks = (0..80).map(|index| choose(0, "", index)).collect();
    let said = model.run(&[piece(0, 0, &tokens, asks)]).expect("runs");
    for (said, row) in said.iter().zip(&rows) {
        assert_eq!(answer(&choose(0, "", 0), row), said.clone());
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut model = load("llama");
    assert_eq!((model.slot_tokens(), model.config().vocab_size), (80, 96));
    let mut refused = |piece| model.run(&[piece]).expect_err("refused");
    let long = refused(piece(0, 0, &[1; 81], Vec::new()));
    assert!(matches!(long, ModelError::TooLong { tokens: 81, max_context: 80 }), "{long}");
    assert!(matches!(refused(piece(0, 80, &[1], Vec::new())), ModelError::TooLong { tokens: 81, .. }));
    let odd = refused(piece(0, 0, &[1, 96], Vec::new()));
    assert!(matches!(odd, ModelError::TokenOutOfRange { token: 96, vocab_size: 96 }), "{odd}");
    assert!(matches!(refused(piece(0, 0, &[], Vec::new())), ModelError::EmptyPrompt));
    assert!(matches!(model.reserve(0, 81, 0), Err(ModelError::TooLong { tokens: 81, max_context: 80 })));
    // the model's context is shorter than the slot
    assert_eq!(load_in("llama", 1, 1000, Dtype::F32).expect("fits").slot_tokens(), 128);
}

#[test]
fn caches_that_no_machine_has_room_for_are_refused_at_the_start() {
    let Err(error) = load_in("llama", 1 << 20, 1 << 20, Dtype::F32) else { panic!("loaded") };
    let ModelError::CacheMemory { device: Device::Cpu, slots, tokens, bytes } = error else { panic!("{error}") };
    // two layers, keys and values, two heads of eight numbers of four bytes; and a hidden row of bf16
    assert_eq!((slots, tokens, bytes), (1 << 20, 1 << 20, (2 * 2 * 2 * 8 * 4 + 32 * 2) << 40));
}
