//! The loop with a model whose every step the test sees, holds and answers.

use std::{
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
    thread::JoinHandle,
    time::Duration,
};

use futures::{FutureExt, StreamExt};
use primitives::{Digest, FinishReason, Sampling};
use tokio::sync::oneshot;

use super::*;
use crate::{
    Chunk, Sampler, TokenStream, Tokenizer,
    config::LlamaConfig,
    forward::Ask,
    prover::Prover,
    sequence,
    stop::Stops,
    waiting::{Told, Trace},
};

/// What the model is to do with a step.
enum Verdict {
    /// Say this token to every question about the next one.
    Say(u32),
    /// Say it, but to questions about this slot say that there is no number.
    NoNumber(usize),
    Fail,
    Panic,
}

/// Shows the test each step, and does what it says.
struct Scripted {
    config: LlamaConfig,
    steps: Sender<Vec<Piece>>,
    verdicts: Receiver<Verdict>,
    released: Sender<usize>,
}

impl Forward for Scripted {
    fn config(&self) -> &LlamaConfig {
        &self.config
    }

    fn slot_tokens(&self) -> usize {
        64
    }

    fn reserve(&mut self, _: usize, tokens: usize, _: usize) -> Result<(), ModelError> {
        match tokens {
            // the test's sign for a device without memory
            63 => Err(ModelError::Stopped),
            _ => Ok(()),
        }
    }

    fn copy(&mut self, _: usize, _: usize, _: usize) -> Result<(), ModelError> {
        Ok(())
    }

    fn release(&mut self, slot: usize) {
        let _ = self.released.send(slot);
    }

    fn run(&mut self, pieces: &[Piece]) -> Result<Vec<Result<Said, NotFinite>>, ModelError> {
        let _ = self.steps.send(pieces.to_vec());
        let say = |token, bad: Option<usize>| {
            let answers = pieces.iter().flat_map(|piece| {
                piece.asks.iter().map(move |ask| match ask {
                    _ if Some(piece.slot) == bad => Err(NotFinite),
                    Ask::Choose { logprob, .. } => Ok(Said::Token { token, logprob: logprob.then_some(-1.0) }),
                    Ask::Margin { position, .. } => Ok(Said::Margin { margin: *position as f32, logprob: -1.0 }),
                    Ask::Logits => Ok(Said::Logits(vec![0.0])),
                })
            });
            Ok(answers.collect())
        };
        match self.verdicts.recv().expect("the test says what happens") {
            Verdict::Say(token) => say(token, None),
            Verdict::NoNumber(slot) => say(7, Some(slot)),
            Verdict::Fail => Err(ModelError::EmptyPrompt),
            Verdict::Panic => panic!("the device is gone"),
        }
    }

    /// Rows that say whose they are.
    fn rows(&self, _: usize, tokens: Range<usize>) -> Result<Vec<u16>, ModelError> {
        let row = |token: usize| (0..self.config.hidden_size).map(move |at| 0x3F00 + (token + at) as u16);
        Ok(tokens.flat_map(row).collect())
    }
}

/// The test's side.
struct Stage {
    waiting: Arc<Waiting>,
    steps: Receiver<Vec<Piece>>,
    verdicts: Sender<Verdict>,
    released: Receiver<usize>,
    tokenizer: Tokenizer,
    worker: Option<JoinHandle<()>>,
}

const PATIENCE: Duration = Duration::from_secs(30);

impl Stage {
    fn new(slots: usize, queue: usize) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/llama");
        let config = std::fs::read(folder.join("config.json")).expect("there");
        let config = LlamaConfig::parse("config.json".as_ref(), &config).expect("valid");
        let tokenizer = Tokenizer::from_file(&folder.join("tokenizer.json")).expect("valid");
        let ((steps_in, steps), (verdicts, verdicts_out), (released_in, released)) = (channel(), channel(), channel());
        let model = Scripted { config, steps: steps_in, verdicts: verdicts_out, released: released_in };
        let limits = Limits { slots, step_tokens: 8, cache_tokens: 64 * slots, reuse: true };
        let waiting = Arc::new(Waiting::new(queue));
        let queue = waiting.clone();
        let worker = std::thread::spawn(move || Worker::new(Box::new(model), limits, vec![0], queue).run());
        let worker = Some(worker);
        Self { waiting, steps, verdicts, released, tokenizer, worker }
    }

    /// The pieces of the next step, which waits for its verdict.
    fn step(&self) -> Vec<Piece> {
        self.steps.recv_timeout(PATIENCE).expect("a step")
    }

    fn say(&self, verdict: Verdict) {
        self.verdicts.send(verdict).expect("a worker");
    }

    fn ask(&self, prompt: &[u32], max_new: u32, deadline: Option<Instant>) -> Result<TokenStream, ModelError> {
        let (chunks, stream) = sequence::channel(max_new);
        let sequence = Sequence {
            sampler: Sampler::new(Sampling::GREEDY, Digest::of(b"")),
            logprobs: true,
            detokeniser: self.tokenizer.detokeniser(),
            stops: Stops::default(),
            prover: Prover::new(prompt.len(), 32),
            max_new,
            chunks,
            made: 0,
        };
        let purpose = Purpose::Answer(Box::new(sequence));
        let (room, reusable) = (prompt.len() + max_new as usize, prompt.len() - 1);
        self.waiting.push(Job {
            tokens: prompt.to_vec(),
            room,
            reusable,
            deadline,
            priority: 0,
            purpose,
            trace: Trace::queued(),
        })?;
        Ok(TokenStream::new(stream))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.waiting.close();
        // whatever is still under way ends
        while self.worker.as_ref().is_some_and(|worker| !worker.is_finished()) {
            let _ = self.verdicts.send(Verdict::Say(0));
            let _ = self.steps.recv_timeout(Duration::from_millis(5));
        }
        if let Some(worker) = self.worker.take()
            && !std::thread::panicking()
        {
            worker.join().expect("the worker never panics");
        }
    }
}

fn slots(pieces: &[Piece]) -> Vec<usize> {
    pieces.iter().map(|piece| piece.slot).collect()
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(future)
}

/// What is in the stream by now, commitments left out.
fn ready(stream: &mut TokenStream) -> Option<Result<Chunk, ModelError>> {
    loop {
        match stream.next().now_or_never().flatten() {
            Some(Ok(Chunk::Commitment(_))) => {}
            other => return other,
        }
    }
}

fn token(stream: &mut TokenStream) -> u32 {
    match ready(stream) {
        Some(Ok(Chunk::Tokens { ids, logprobs, .. })) if logprobs == [-1.0] => ids[0],
        other => panic!("no token: {other:?}"),
    }
}

#[test]
fn a_prompt_is_taken_in_beside_an_answer() {
    let stage = Stage::new(2, 8);
    let mut first = stage.ask(&[1, 2], 3, None).expect("a place");
    assert_eq!(stage.step()[0].tokens, [1, 2]);
    let mut second = stage.ask(&[3; 10], 1, None).expect("a place");
    stage.say(Verdict::Say(5));
    let pieces = stage.step();
    assert_eq!(token(&mut first), 5);
    assert_eq!(slots(&pieces), [0, 1]);
    assert_eq!((pieces[0].tokens.as_slice(), pieces[0].start, pieces[0].asks.len()), ([5].as_slice(), 2, 1));
    // seven of the ten: the budget is eight
    assert_eq!((pieces[1].tokens.len(), pieces[1].length, pieces[1].asks.len()), (7, 10, 0));
    stage.say(Verdict::Say(6));
    let pieces = stage.step();
    assert_eq!((pieces[1].tokens.len(), pieces[1].start, pieces[1].asks.len()), (3, 7, 1));
    stage.say(Verdict::Say(9));
    let whole = wait(second.next());
    assert!(matches!(whole, Some(Ok(Chunk::Tokens { ids, .. })) if ids == [9]));
    assert_eq!((token(&mut first), token(&mut first)), (6, 9));
}

#[test]
fn who_hangs_up_costs_no_further_step() {
    let stage = Stage::new(2, 8);
    let gone = stage.ask(&[1, 2], 50, None).expect("a place");
    let mut stays = stage.ask(&[3, 4], 50, None).expect("a place");
    // the second may have come while the first ran already
    while !matches!(stage.step().as_slice(), [_, piece] if piece.tokens.len() == 1 || piece.tokens == [3, 4]) {
        stage.say(Verdict::Say(5));
    }
    stage.say(Verdict::Say(5));
    assert_eq!(slots(&stage.step()), [0, 1]);
    drop(gone);
    stage.say(Verdict::Say(5));
    assert_eq!(slots(&stage.step()), [1], "the very next step is without it");
    // and its slot is free for the next
    let _next = stage.ask(&[9], 50, None).expect("a place");
    stage.say(Verdict::Say(5));
    let pieces = stage.step();
    assert_eq!((slots(&pieces), pieces[1].tokens.as_slice()), (vec![1, 0], [9].as_slice()));
    stage.say(Verdict::Say(0));
    wait(async {
        while let Some(chunk) = stays.next().await {
            assert!(chunk.is_ok(), "{chunk:?}");
        }
    });
}

#[test]
fn what_is_late_ends_without_another_step() {
    let stage = Stage::new(1, 8);
    let soon = Instant::now() + Duration::from_millis(300);
    let mut late = stage.ask(&[1], 50, Some(soon)).expect("a place");
    let mut too_late = stage.ask(&[2], 50, Some(soon)).expect("a place");
    let mut after = stage.ask(&[3], 1, None).expect("a place");
    stage.step();
    // the step is held until the time is over
    while Instant::now() < soon {
        std::thread::yield_now();
    }
    stage.say(Verdict::Say(5));
    // neither the one under way nor the one that waited is run again
    assert_eq!(stage.step()[0].tokens, [3]);
    assert_eq!(token(&mut late), 5);
    assert!(matches!(ready(&mut late), Some(Err(ModelError::Expired))));
    assert!(matches!(ready(&mut too_late), Some(Err(ModelError::Expired))));
    stage.say(Verdict::Say(6));
    assert!(matches!(wait(after.next()), Some(Ok(_))));
}

#[test]
fn a_full_queue_says_when_to_come_back_and_forgets_who_left() {
    let stage = Stage::new(1, 2);
    let _running = stage.ask(&[1], 50, None).expect("a place");
    stage.step();
    let (_second, third) = (stage.ask(&[2], 5, None).expect("a place"), stage.ask(&[3], 5, None).expect("a place"));
    let refused = stage.ask(&[4], 5, None);
    let Err(ModelError::Busy { retry_after }) = refused else { panic!("not refused") };
    assert!(retry_after > Duration::ZERO && retry_after < Duration::from_secs(60));
    drop(third);
    assert!(stage.ask(&[4], 5, None).is_ok());
}

#[test]
fn a_bad_number_ends_its_own_answer_and_is_nobodys_prefix() {
    let stage = Stage::new(2, 8);
    let prompt: Vec<u32> = (10..18).collect();
    let long: Vec<u32> = (10..30).collect();
    let mut bad = stage.ask(&long, 30, None).expect("a place");
    let mut good = stage.ask(&prompt, 30, None).expect("a place");
    // until both answer
    while !matches!(stage.step().as_slice(), [a, b] if a.asks.len() + b.asks.len() == 2 && b.tokens.len() == 1) {
        stage.say(Verdict::Say(5));
    }
    stage.say(Verdict::NoNumber(0));
    assert_eq!(slots(&stage.step()), [1]);
    let last = std::iter::from_fn(|| ready(&mut bad)).last();
    assert!(matches!(last, Some(Err(ModelError::NotFinite(_)))), "{last:?}");
    let _again = stage.ask(&long, 30, None).expect("a place");
    stage.say(Verdict::Say(5));
    let pieces = stage.step();
    assert_eq!((pieces[1].slot, pieces[1].start), (0, 0), "nothing of it is taken over");
    assert!(std::iter::from_fn(|| ready(&mut good)).all(|chunk| chunk.is_ok()));
    stage.say(Verdict::Say(5));
}

#[test]
fn a_step_that_fails_is_tried_one_by_one() {
    for verdict in [|| Verdict::Fail, || Verdict::Panic] {
        let stage = Stage::new(2, 8);
        let mut first = stage.ask(&[1], 30, None).expect("a place");
        let mut second = stage.ask(&[2], 30, None).expect("a place");
        while stage.step().len() < 2 {
            stage.say(Verdict::Say(5));
        }
        stage.say(verdict());
        assert_eq!(slots(&stage.step()), [0]);
        stage.say(verdict());
        assert_eq!(slots(&stage.step()), [1]);
        stage.say(Verdict::Say(6));
        assert_eq!(slots(&stage.step()), [1], "the other goes on");
        let failed = std::iter::from_fn(|| ready(&mut first)).last();
        assert!(matches!(failed, Some(Err(ModelError::EmptyPrompt | ModelError::Panicked { .. }))), "{failed:?}");
        assert!(std::iter::from_fn(|| ready(&mut second)).all(|chunk| chunk.is_ok()));
        stage.say(Verdict::Say(5));
    }
}

#[test]
fn a_place_that_cannot_be_made_refuses_that_job_only() {
    let stage = Stage::new(2, 8);
    let mut refused = stage.ask(&[1; 13], 50, None).expect("a place");
    let _other = stage.ask(&[2], 5, None).expect("a place");
    assert_eq!(stage.step()[0].tokens, [2]);
    assert!(matches!(ready(&mut refused), Some(Err(ModelError::Stopped))));
    assert!(stage.released.try_recv().is_err());
    stage.say(Verdict::Say(5));
}

#[test]
fn questions_about_a_text_are_answered_in_order_however_it_is_cut() {
    let stage = Stage::new(1, 8);
    let (answer, said) = oneshot::channel();
    let sampler = Sampler::new(Sampling::GREEDY, Digest::of(b""));
    let asks = (0..12).map(|position| Ask::Margin { sampler: sampler.clone(), position, token: 0 }).collect();
    let purpose = Purpose::Ask(Questions::new(asks, false, answer));
    let job = Job {
        tokens: vec![1; 20],
        room: 20,
        reusable: 8,
        deadline: None,
        priority: 0,
        purpose,
        trace: Trace::queued(),
    };
    stage.waiting.push(job).expect("a place");
    let counts: Vec<usize> = (0..3)
        .map(|_| {
            let asks = stage.step()[0].asks.len();
            stage.say(Verdict::Say(5));
            asks
        })
        .collect();
    assert_eq!(counts, [0, 8, 4]);
    let Told { said, rows } = said.blocking_recv().expect("an answer").expect("no error");
    assert!(rows.is_empty());
    assert_eq!(
        said,
        (0..12).map(|position| Said::Margin { margin: position as f32, logprob: -1.0 }).collect::<Vec<_>>()
    );
}

#[test]
fn an_answer_ends_at_an_end_token() {
    let stage = Stage::new(1, 8);
    let mut stream = stage.ask(&[1], 30, None).expect("a place");
    for token in [5, 0] {
        stage.step();
        stage.say(Verdict::Say(token));
    }
    let whole = wait(async {
        let mut chunks = Vec::new();
        while let Some(chunk) = stream.next().await {
            chunks.push(chunk.expect("no error"));
        }
        chunks
    });
    assert!(matches!(whole.last(), Some(Chunk::Finished { reason: FinishReason::Stop, .. })), "{whole:?}");
    // Two tokens, commitments to the prompt and to the row of the first, the end.
    assert_eq!(whole.len(), 5);
}
