//! What proofs cost: a commitment by itself, and an audit beside the answer that is audited.

use std::time::Instant;

use anyhow::Context;
use assay_model::{Backend, Engine, GenerateJob};
use cpu_time::ProcessTime;
use futures::future::try_join_all;
use primitives::{Digest, GenerateRequest, Prompt, Sampling};
use scoring::proof::{CHUNK_ROWS, Commitment};
use serde_json::{Value, json};

/// Commitments to 32 rows of so many numbers, like those of a norm: spread around zero, few of them large.
pub fn commit(width: usize, times: u64) -> anyhow::Result<Value> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    // The sum of some uniform numbers is as good as normal here.
    let mut number = || (0..6).map(|_| uniform()).sum::<f32>() - 3.0;
    let rows: Vec<u16> = (0..width * CHUNK_ROWS).map(|_| (number().to_bits() >> 16) as u16).collect();
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    for _ in 0..times {
        std::hint::black_box(Commitment::of(std::hint::black_box(&rows))).context("no commitment")?;
    }
    Ok(json!({ "wall_s": wall.elapsed().as_secs_f64(), "cpu_s": cpu.elapsed().as_secs_f64() }))
}

/// One answer made alone, then all of them audited together.
pub async fn audit(engine: &Engine, prompts: Vec<Vec<u32>>, new: u32) -> anyhow::Result<Value> {
    let seed = Digest::of(b"");
    let request = |prompt| GenerateRequest::new(Prompt::Tokens(prompt), new, Sampling::at(1_000));
    let requests: Vec<GenerateRequest> = prompts.into_iter().map(request).collect();
    let answer = |request: &GenerateRequest| {
        let job = GenerateJob::new(request.clone(), seed);
        async move { engine.generate(job).await?.collect().await }
    };
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let alone = answer(requests.first().context("no prompt")?).await?;
    let (one_wall_s, one_cpu_s) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    let answers = try_join_all(requests.iter().map(answer)).await?;
    anyhow::ensure!(answers[0] == alone, "an answer depends on its company");
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let audits = requests.iter().zip(&answers).map(|(request, answer)| engine.audit(request, seed, &answer.tokens));
    let audits = try_join_all(audits).await?;
    let (audit_wall_s, audit_cpu_s) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
    let right = audits.iter().all(|audit| audit.tokens.iter().all(|token| token.margin_micro == 0));
    anyhow::ensure!(right, "an audit disagrees");
    let tokens: Vec<usize> = answers.iter().map(|answer| answer.tokens.len()).collect();
    Ok(json!({
        "tokens": tokens,
        "one_wall_s": one_wall_s, "one_cpu_s": one_cpu_s,
        "audit_wall_s": audit_wall_s, "audit_cpu_s": audit_cpu_s,
    }))
}
