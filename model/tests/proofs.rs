//! Commitments and hidden rows: what an answer shows of itself is what an audit finds, however busy the engine was.
#![cfg(feature = "torch")]

use std::{num::NonZero, path::Path, time::Duration};

use assay_model::{Audit, Backend, Device, Dtype, Engine, EngineOptions, GenerateJob, Proven};
use primitives::{Digest, GenerateRequest, Prompt, Sampling};
use scoring::proof::{self, Proof, ProofCheck, RowTree, Shown};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(120);
const TOKENS: u32 = 70;

fn options() -> EngineOptions {
    EngineOptions { slot_tokens: 512, threads: Some(NonZero::<usize>::MIN), ..EngineOptions::default() }
}

fn engine(options: &EngineOptions) -> Engine {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
    Engine::load_with(&folder, options, Box::new(|_| ())).expect("the model loads")
}

/// Texts that begin alike, so that a prefix is there to be reused.
fn job(index: usize) -> GenerateJob {
    let prompt = format!("The compiler reads the program, and then it {}", "checks ".repeat(index % 5 + 1));
    let request = GenerateRequest::new(Prompt::Text(prompt), TOKENS, Sampling::at(1_000));
    GenerateJob::new(request, Digest::of(&index.to_le_bytes()))
}

async fn answer(engine: &Engine, job: GenerateJob) -> Proven {
    let answer = engine.generate(job).await.expect("starts").proven();
    timeout(PATIENCE, answer).await.expect("in time").expect("an answer")
}

async fn audit(engine: &Engine, job: &GenerateJob, proven: &Proven) -> Audit {
    engine.audit(&job.request, job.seed, &proven.answer.tokens).await.expect("audited")
}

fn check(proven: &Proven, audit: &Audit) -> ProofCheck {
    let rows = proven.rows.as_ref().expect("rows");
    let tree = RowTree::new(rows).expect("rows");
    let opened = (0..rows.len() as u32).step_by(13).map(|row| tree.open(rows, row).expect("there")).collect();
    let shown = Shown { proof: Some(Proof { commitments: proven.commitments.clone(), root: tree.root() }), opened };
    proof::check(&shown, &audit.rows, audit.prompt_tokens)
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_the_same_bits_in_any_company() {
    let referee = engine(&options());
    let several = EngineOptions { slots: 8, threads: NonZero::new(2), step_tokens: Some(16), ..options() };
    let settings = [
        ("alone", 1, EngineOptions { slots: 1, prefix_reuse: false, ..options() }),
        ("eight, prompts in pieces, prefixes reused, two threads", 8, several),
    ];
    for (name, together, options) in settings {
        let (engine, mut long) = (engine(&options), 0);
        for first in (0..8).step_by(together) {
            let jobs: Vec<_> = (first..first + together).map(job).collect();
            let answers = futures::future::join_all(jobs.iter().map(|job| answer(&engine, job.clone()))).await;
            for (job, proven) in jobs.iter().zip(&answers) {
                let audit = audit(&referee, job, proven).await;
                long += usize::from(proven.answer.tokens.len() > 2 * 32);
                assert_eq!(audit.rows.len() + 1, audit.prompt_tokens + proven.answer.tokens.len());
                assert!(proven.rows.as_deref() == Some(&audit.rows), "{name}: other rows");
                let ProofCheck::Compared { chunks, mismatches, mantissa_mean_milli, opened, opening_ppm } =
                    check(proven, &audit)
                else {
                    panic!("{name}: {:?}", check(proven, &audit));
                };
                assert_eq!(chunks as usize, 1 + (proven.answer.tokens.len() - 1).div_ceil(32));
                assert_eq!((mismatches, mantissa_mean_milli, opening_ppm), (0, 0, 0), "{name}");
                assert!(opened > 0);
                assert!(audit.tokens.iter().all(|token| token.margin_micro == 0), "{name}");
            }
        }
        assert!(long >= 4, "{name}: {long} answers of several chunks");
    }
}

/// libtorch in bf16 rounds otherwise than the kernels of the processor, and stays near.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_number_type_are_near() {
    let referee = engine(&options());
    for dtype in [Dtype::Bf16, Dtype::F32] {
        let devices = vec![Device::Cpu];
        let engine = engine(&EngineOptions { dtype: Some(dtype), devices, ..options() });
        let job = job(3);
        let proven = answer(&engine, job.clone()).await;
        let audit = audit(&referee, &job, &proven).await;
        let ProofCheck::Compared { mismatches, mantissa_mean_milli, opening_ppm, .. } = check(&proven, &audit) else {
            panic!("{:?}", check(&proven, &audit));
        };
        match dtype {
            Dtype::F32 => assert_eq!((mismatches, mantissa_mean_milli, opening_ppm), (0, 0, 0)),
            _ => {
                assert!(
                    mismatches < 40 && (1..8_000).contains(&mantissa_mean_milli),
                    "{mismatches} {mantissa_mean_milli}"
                );
                assert!((1..100_000).contains(&opening_ppm), "{opening_ppm}");
            }
        }
    }
}

#[tokio::test]
async fn an_answer_without_tokens_shows_nothing() {
    let engine = engine(&options());
    let request = GenerateRequest::new(Prompt::Text("Once".into()), 0, Sampling::at(1_000));
    let proven = answer(&engine, GenerateJob::new(request, Digest::of(b"none"))).await;
    assert_eq!((proven.rows, proven.commitments.len()), (None, 0));
}
