//! A Llama-shaped model whose pieces, prompts and single tokens alike, run as the rows of one batch.

use std::{
    cell::{Cell, RefCell},
    num::NonZero,
    ops::Range,
    sync::Arc,
};

use super::{
    attention::{Queries, Scratch, attend},
    cache::Cache,
    panels::{MAX_ROWS, Panels, Strip, WIDTH},
    pool::Pool,
    rows::{gated, rms_norm, rotate},
};
use crate::{
    LoadProgress, LoadStep, ModelError, NotFinite,
    config::LlamaConfig,
    forward::{Ask, Forward, Piece, Said, answer},
    isa::Isa,
    weights::{RawTensor, Weights},
};

/// Asked rows whose logits are computed at once: they take a vocabulary of numbers each.
const LOGIT_ROWS: usize = 64;

/// The model and its slots.
pub(crate) struct CpuLlama {
    config: LlamaConfig,
    embed: Panels,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    /// None where the embedding is the head too.
    head: Option<Panels>,
    slots: Vec<Cache>,
    isa: Isa,
    pool: Arc<Pool>,
    scratch: Buffers,
}

struct Layer {
    attention_norm: Vec<f32>,
    /// Queries, keys and values.
    qkv: Linear,
    /// Norms of each head's queries and keys.
    head_norms: Option<[Vec<f32>; 2]>,
    output: Linear,
    mlp_norm: Vec<f32>,
    /// A panel of gates, then one of what they gate, and so on.
    gate_up: Linear,
    down: Linear,
}

struct Linear {
    panels: Panels,
    /// As long as the panels are wide, or empty.
    bias: Vec<f32>,
}

/// A token of the batch.
#[derive(Clone, Copy)]
struct Row {
    slot: usize,
    position: usize,
}

/// Kept from one step to the next, so that memory isn't asked for in each.
#[derive(Default)]
struct Buffers {
    strips: Vec<Strip>,
    normed: Vec<f32>,
    qkv: Vec<f32>,
    attended: Vec<f32>,
    gathered: Vec<f32>,
    gated: Vec<f32>,
}

impl CpuLlama {
    /// Packs the weights, for so many sequences at a time.
    pub(crate) fn load(
        config: LlamaConfig,
        weights: &Weights,
        slots: usize,
        threads: NonZero<usize>,
        isa: Isa,
        report: &mut dyn FnMut(LoadProgress),
    ) -> Result<Self, ModelError> {
        let pool = Arc::new(Pool::new(threads)?);
        let progress = Progress { weights, done_bytes: Cell::new(0), report: RefCell::new(report) };
        let weights = &progress;
        let (hidden, ffn, vocab) = (config.hidden_size, config.intermediate_size, config.vocab_size);
        let (dim, q, kv) = (config.head_dim(), config.heads * config.head_dim(), config.kv_heads() * config.head_dim());
        let embed = stack(&[weights.raw("model.embed_tokens.weight", &[vocab, hidden])?], hidden, &pool);
        let head = match config.tie_word_embeddings {
            true => None,
            false => Some(stack(&[weights.raw("lm_head.weight", &[vocab, hidden])?], hidden, &pool)),
        };
        let mut layers = Vec::with_capacity(config.layers);
        for index in 0..config.layers {
            let name = |part: &str, what: &str| format!("model.layers.{index}.{part}.{what}");
            let vector = |part: &str, what: &str, len: usize| {
                Ok::<_, ModelError>(weights.raw(&name(part, what), &[len])?.vector())
            };
            let linear = |parts: &[(&str, usize)], inputs: usize, biased: bool| {
                let raw = parts
                    .iter()
                    .map(|(part, rows)| weights.raw(&name(part, "weight"), &[*rows, inputs]))
                    .collect::<Result<Vec<_>, ModelError>>()?;
                let mut bias = Vec::new();
                for (part, rows) in parts.iter().filter(|_| biased) {
                    bias.extend(vector(part, "bias", *rows)?);
                }
                Ok::<_, ModelError>(Linear { panels: stack(&raw, inputs, &pool), bias: padded(bias) })
            };
            let (gate, up) = ("mlp.gate_proj", "mlp.up_proj");
            let gate_up = Linear {
                panels: interleave(
                    &[
                        weights.raw(&name(gate, "weight"), &[ffn, hidden])?,
                        weights.raw(&name(up, "weight"), &[ffn, hidden])?,
                    ],
                    (ffn, hidden),
                    &pool,
                ),
                bias: match config.mlp_bias {
                    true => {
                        let (gate, up) = (padded(vector(gate, "bias", ffn)?), padded(vector(up, "bias", ffn)?));
                        gate.chunks(WIDTH).zip(up.chunks(WIDTH)).flat_map(|(gate, up)| [gate, up].concat()).collect()
                    }
                    false => Vec::new(),
                },
            };
            layers.push(Layer {
                attention_norm: vector("input_layernorm", "weight", hidden)?,
                qkv: linear(
                    &[("self_attn.q_proj", q), ("self_attn.k_proj", kv), ("self_attn.v_proj", kv)],
                    hidden,
                    config.qkv_bias,
                )?,
                head_norms: match config.qk_norm {
                    true => {
                        Some([vector("self_attn.q_norm", "weight", dim)?, vector("self_attn.k_norm", "weight", dim)?])
                    }
                    false => None,
                },
                output: linear(&[("self_attn.o_proj", hidden)], q, config.output_bias)?,
                mlp_norm: vector("post_attention_layernorm", "weight", hidden)?,
                gate_up,
                down: linear(&[("mlp.down_proj", hidden)], ffn, config.mlp_bias)?,
            });
        }
        let norm = weights.raw("model.norm.weight", &[hidden])?.vector();
        weights.finish()?;
        let slots = (0..slots).map(|_| Cache::new(config.layers, hidden, config.kv_heads(), dim)).collect();
        Ok(Self { config, embed, layers, norm, head, slots, isa, pool, scratch: Buffers::default() })
    }

    fn step(&mut self, pieces: &[Piece]) -> Vec<Result<Said, NotFinite>> {
        let Self { config, embed, layers, norm, head, slots, isa, pool, scratch } = self;
        let (isa, hidden, ffn) = (*isa, config.hidden_size, config.intermediate_size);
        let epsilon = config.rms_norm_eps as f32;
        let rows: Vec<Row> = pieces
            .iter()
            .flat_map(|piece| {
                (piece.start..piece.start + piece.tokens.len()).map(|position| Row { slot: piece.slot, position })
            })
            .collect();
        let angles = Angles::new(config, pieces);
        let mut x = vec![0.0; rows.len() * hidden];
        let tokens = pieces.iter().flat_map(|piece| &piece.tokens);
        for (token, out) in tokens.zip(x.chunks_exact_mut(hidden)) {
            embed.row(*token as usize, out);
        }
        for (index, layer) in layers.iter().enumerate() {
            norm_into(&x, &layer.attention_norm, epsilon, &mut scratch.normed, isa);
            let width = layer.qkv.panels.outputs();
            scratch.qkv.resize(rows.len() * width, 0.0);
            layer.qkv.run(&scratch.normed, &mut scratch.strips, isa, pool, |row, panel, strip| {
                let out = &mut scratch.qkv[row * width + panel * WIDTH..(row + 1) * width];
                out.iter_mut().zip(strip).for_each(|(out, value)| *out = *value);
            });
            attention(config, index, layer, &rows, &angles, slots, scratch, isa, pool);
            layer.output.run(&scratch.attended, &mut scratch.strips, isa, pool, residual(&mut x, hidden));

            norm_into(&x, &layer.mlp_norm, epsilon, &mut scratch.normed, isa);
            scratch.gated.resize(rows.len() * ffn, 0.0);
            layer.gate_up.run_pairs(&scratch.normed, &mut scratch.strips, isa, pool, |row, panel, gate, up| {
                let out = &mut scratch.gated[row * ffn + panel * WIDTH..(row + 1) * ffn];
                let places = out.len().min(WIDTH);
                gated(&gate[..places], &up[..places], &mut out[..places], isa);
            });
            layer.down.run(&scratch.gated, &mut scratch.strips, isa, pool, residual(&mut x, hidden));
        }

        norm_into(&x, norm, epsilon, &mut scratch.normed, isa);
        for (row, normed) in rows.iter().zip(scratch.normed.chunks_exact(hidden)) {
            slots[row.slot].write_row(row.position, normed);
        }

        let asked = asked(pieces);
        let head = head.as_ref().unwrap_or(embed);
        let mut said = Vec::with_capacity(asked.len());
        let mut logits = Vec::new();
        for asked in asked.chunks(LOGIT_ROWS) {
            let inputs: Vec<&[f32]> = asked.iter().map(|(row, _)| &scratch.normed[row * hidden..][..hidden]).collect();
            head.multiply(&inputs, &mut scratch.strips, isa, pool);
            let vocab = config.vocab_size;
            logits.resize(asked.len() * vocab, 0.0);
            let strips = &scratch.strips;
            let mut answers: Vec<_> = asked.iter().zip(logits.chunks_exact_mut(vocab)).map(|a| (a, None)).collect();
            let _sample = tracing::trace_span!("sample").entered();
            pool.split(&mut answers, 1, |first, part| {
                for (row, (((_, ask), logits), said)) in (first..).zip(part) {
                    for (panel, out) in logits.chunks_mut(WIDTH).enumerate() {
                        out.copy_from_slice(&strips[panel * asked.len() + row][..out.len()]);
                    }
                    *said = Some(answer(ask, logits));
                }
            });
            said.extend(answers.into_iter().filter_map(|(_, said)| said));
        }
        said
    }
}

impl Forward for CpuLlama {
    fn config(&self) -> &LlamaConfig {
        &self.config
    }

    fn slot_tokens(&self) -> usize {
        self.config.max_context
    }

    fn reserve(&mut self, slot: usize, tokens: usize, keep: usize) -> Result<(), ModelError> {
        self.slots[slot].reserve(tokens, keep);
        Ok(())
    }

    fn copy(&mut self, from: usize, to: usize, tokens: usize) -> Result<(), ModelError> {
        let Ok([from, to]) = self.slots.get_disjoint_mut([from, to]) else { return Ok(()) };
        to.copy(from, tokens);
        Ok(())
    }

    fn release(&mut self, slot: usize) {
        self.slots[slot].clear();
    }

    fn run(&mut self, pieces: &[Piece]) -> Result<Vec<Result<Said, NotFinite>>, ModelError> {
        for piece in pieces {
            let (tokens, max_context) = (piece.start + piece.tokens.len(), self.slots[piece.slot].capacity());
            if tokens > max_context {
                return Err(ModelError::TooLong { tokens, max_context });
            }
            let vocab_size = self.config.vocab_size;
            if let Some(&token) = piece.tokens.iter().find(|token| **token as usize >= vocab_size) {
                return Err(ModelError::TokenOutOfRange { token, vocab_size });
            }
        }
        let pool = self.pool.clone();
        Ok(pool.enter(|| self.step(pieces)))
    }

    fn rows(&self, slot: usize, tokens: Range<usize>) -> Result<Vec<u16>, ModelError> {
        let cache = &self.slots[slot];
        let too_long = ModelError::TooLong { tokens: tokens.end, max_context: cache.capacity() };
        cache.rows(tokens).map(<[u16]>::to_vec).ok_or(too_long)
    }
}

/// Which row each question is about.
fn asked(pieces: &[Piece]) -> Vec<(usize, &Ask)> {
    let mut end = 0;
    let mut asked = Vec::new();
    for piece in pieces {
        end += piece.tokens.len();
        asked.extend((end - piece.asks.len()..end).zip(&piece.asks));
    }
    asked
}

/// Cosines and sines of every row.
struct Angles {
    half: usize,
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Angles {
    fn new(config: &LlamaConfig, pieces: &[Piece]) -> Self {
        let half = config.head_dim() / 2;
        let rows = pieces.iter().map(|piece| piece.tokens.len()).sum::<usize>();
        let (mut cos, mut sin) = (vec![0.0; rows * half], vec![0.0; rows * half]);
        let mut places = cos.chunks_exact_mut(half).zip(sin.chunks_exact_mut(half));
        for piece in pieces {
            for (position, (cos, sin)) in (piece.start..piece.start + piece.tokens.len()).zip(&mut places) {
                config.rope.row(position, piece.length, cos, sin);
            }
        }
        Self { half, cos, sin }
    }

    fn row(&self, row: usize) -> (&[f32], &[f32]) {
        let part = row * self.half..(row + 1) * self.half;
        (&self.cos[part.clone()], &self.sin[part])
    }
}

/// From `scratch.qkv` to `scratch.attended`; the new keys and values are in the caches then.
#[allow(clippy::too_many_arguments)]
fn attention(
    config: &LlamaConfig,
    index: usize,
    layer: &Layer,
    rows: &[Row],
    angles: &Angles,
    slots: &mut [Cache],
    scratch: &mut Buffers,
    isa: Isa,
    pool: &Pool,
) {
    let (heads, kv_heads, dim) = (config.heads, config.kv_heads(), config.head_dim());
    let (group, width) = (heads / kv_heads, (heads + 2 * kv_heads) * dim);
    let epsilon = config.rms_norm_eps as f32;
    let mut normed = vec![0.0; dim];
    for (number, (row, qkv)) in rows.iter().zip(scratch.qkv.chunks_exact_mut(width)).enumerate() {
        let (cos, sin) = angles.row(number);
        let (qk, values) = qkv.split_at_mut((heads + kv_heads) * dim);
        for (head, part) in qk.chunks_exact_mut(dim).enumerate() {
            if let Some([queries, keys]) = &layer.head_norms {
                rms_norm(part, if head < heads { queries } else { keys }, epsilon, &mut normed, isa);
                part.copy_from_slice(&normed);
            }
            rotate(part, cos, sin, isa);
        }
        let keys = qk[heads * dim..].chunks_exact(dim).zip(values.chunks_exact(dim));
        for (head, (key, value)) in keys.enumerate() {
            slots[row.slot].write(index, head, row.position, key, value);
        }
    }

    // Rows of one sequence that follow each other share the keys they read.
    let most = (MAX_ROWS / group).max(1);
    let mut blocks: Vec<Range<usize>> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        match blocks.last_mut() {
            Some(block) if block.len() < most && rows[block.start].slot == row.slot => block.end = number + 1,
            _ => blocks.push(number..number + 1),
        }
    }
    scratch.gathered.resize(rows.len() * heads * dim, 0.0);
    let mut rest = scratch.gathered.as_mut_slice();
    let mut tasks = Vec::with_capacity(blocks.len() * kv_heads);
    for head in 0..kv_heads {
        for block in &blocks {
            let (out, others) = rest.split_at_mut(block.len() * group * dim);
            rest = others;
            tasks.push((head, block.clone(), out));
        }
    }
    let (qkv, slots) = (&scratch.qkv, &*slots);
    pool.split(&mut tasks, 1, |_, tasks| {
        let mut scratch = Scratch::default();
        for (head, block, out) in tasks {
            let queries: Vec<&[f32]> = block
                .clone()
                .flat_map(|row| qkv[row * width + *head * group * dim..][..group * dim].chunks_exact(dim))
                .collect();
            let positions: Vec<usize> =
                block.clone().flat_map(|row| std::iter::repeat_n(rows[row].position, group)).collect();
            let queries = Queries {
                rows: &queries,
                positions: &positions,
                window: config.window(index),
                scale: (dim as f32).sqrt().recip(),
            };
            attend(&slots[rows[block.start].slot], (index, *head), &queries, out, &mut scratch, isa);
        }
    });
    // from [key heads][rows][group] to [rows][heads]
    scratch.attended.resize(rows.len() * heads * dim, 0.0);
    let by_head = scratch.gathered.chunks_exact(rows.len() * group * dim);
    for (head, gathered) in by_head.enumerate() {
        for (row, gathered) in gathered.chunks_exact(group * dim).enumerate() {
            scratch.attended[(row * heads + head * group) * dim..][..group * dim].copy_from_slice(gathered);
        }
    }
}

fn norm_into(x: &[f32], weight: &[f32], epsilon: f32, out: &mut Vec<f32>, isa: Isa) {
    out.clear();
    out.resize(x.len(), 0.0);
    rms_norm(x, weight, epsilon, out, isa);
}

/// Adds what a layer says to what goes around it.
fn residual(x: &mut [f32], width: usize) -> impl FnMut(usize, usize, &Strip) {
    move |row, panel, strip| {
        let x = &mut x[row * width + panel * WIDTH..(row + 1) * width];
        x.iter_mut().zip(strip).for_each(|(x, value)| *x += value);
    }
}

impl Linear {
    /// The product with the rows of `x`; `take` gets each strip of it: of which row, of which panel.
    fn run(
        &self,
        x: &[f32],
        strips: &mut Vec<Strip>,
        isa: Isa,
        pool: &Pool,
        mut take: impl FnMut(usize, usize, &Strip),
    ) {
        let rows: Vec<&[f32]> = x.chunks_exact(self.panels.inputs()).collect();
        self.panels.multiply(&rows, strips, isa, pool);
        for (panel, strips) in strips.chunks_exact_mut(rows.len()).enumerate() {
            for (row, strip) in strips.iter_mut().enumerate() {
                self.add_bias(panel, strip);
                take(row, panel, strip);
            }
        }
    }

    /// The same where panels come in pairs.
    fn run_pairs(
        &self,
        x: &[f32],
        strips: &mut Vec<Strip>,
        isa: Isa,
        pool: &Pool,
        mut take: impl FnMut(usize, usize, &Strip, &Strip),
    ) {
        let rows: Vec<&[f32]> = x.chunks_exact(self.panels.inputs()).collect();
        self.panels.multiply(&rows, strips, isa, pool);
        for (pair, strips) in strips.chunks_exact_mut(2 * rows.len()).enumerate() {
            let (left, right) = strips.split_at_mut(rows.len());
            for (row, (left, right)) in left.iter_mut().zip(right).enumerate() {
                self.add_bias(2 * pair, left);
                self.add_bias(2 * pair + 1, right);
                take(row, pair, left, right);
            }
        }
    }

    fn add_bias(&self, panel: usize, strip: &mut Strip) {
        if let Some(bias) = self.bias.get(panel * WIDTH..(panel + 1) * WIDTH) {
            strip.iter_mut().zip(bias).for_each(|(value, bias)| *value += bias);
        }
    }
}

/// Weights that say how far one is with them.
struct Progress<'a> {
    weights: &'a Weights,
    done_bytes: Cell<u64>,
    report: RefCell<&'a mut dyn FnMut(LoadProgress)>,
}

impl Progress<'_> {
    fn raw(&self, name: &str, shape: &[usize]) -> Result<RawTensor<'_>, ModelError> {
        let raw = self.weights.raw(name, shape)?;
        self.report(self.done_bytes.get() + raw.bytes.len() as u64);
        Ok(raw)
    }

    /// That what was packed is what was hashed.
    fn finish(&self) -> Result<(), ModelError> {
        self.weights.still_the_same()?;
        self.report(self.weights.total_bytes());
        Ok(())
    }

    fn report(&self, done_bytes: u64) {
        let total_bytes = self.weights.total_bytes();
        // a tensor may be asked for twice
        let done_bytes = done_bytes.min(total_bytes);
        self.done_bytes.set(done_bytes);
        (self.report.borrow_mut())(LoadProgress { step: LoadStep::Place, done_bytes, total_bytes });
    }
}

/// Matrices of the same width as one, each below the other.
fn stack(parts: &[RawTensor<'_>], inputs: usize, pool: &Pool) -> Panels {
    let outputs = parts.iter().map(|part| part.shape[0]).sum();
    let row = |mut row: usize, out: &mut [f32]| {
        for part in parts {
            match row.checked_sub(part.shape[0]) {
                Some(below) => row = below,
                None => return part.row(row, out),
            }
        }
    };
    Panels::pack(outputs, inputs, row, pool)
}

/// Two matrices of `outputs` rows as one, panel by panel in turn.
fn interleave(parts: &[RawTensor<'_>; 2], (outputs, inputs): (usize, usize), pool: &Pool) -> Panels {
    let row = |row: usize, out: &mut [f32]| {
        let (panel, lane) = (row / WIDTH, row % WIDTH);
        match panel / 2 * WIDTH + lane {
            row if row < outputs => parts[panel % 2].row(row, out),
            _ => out.fill(0.0),
        }
    };
    Panels::pack(2 * outputs.next_multiple_of(WIDTH), inputs, row, pool)
}

fn padded(mut values: Vec<f32>) -> Vec<f32> {
    values.resize(values.len().next_multiple_of(WIDTH), 0.0);
    values
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::folder::Folder;

    fn fixtures() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
    }

    fn model(threads: usize) -> CpuLlama {
        let read = |name: &str| fs::read(fixtures().join("llama").join(name)).expect(name);
        let config = LlamaConfig::parse("config.json".as_ref(), &read("config.json")).expect("valid");
        let weights = Folder::open(&fixtures().join("llama")).expect("there").weights(&mut |_| ()).expect("valid");
        let threads = NonZero::new(threads).expect("not zero");
        let mut model = CpuLlama::load(config, &weights, 4, threads, Isa::detect(), &mut |_| ()).expect("loads");
        for slot in 0..4 {
            model.reserve(slot, 64, 0).expect("room");
        }
        model
    }

    fn piece(slot: usize, start: usize, tokens: &[u32], asks: usize) -> Piece {
        let length = start + tokens.len();
        Piece { slot, start, tokens: tokens.to_vec(), length, asks: vec![Ask::Logits; asks] }
    }

    fn run(model: &mut CpuLlama, pieces: &[Piece]) -> Vec<Vec<f32>> {
        let said = model.run(pieces).expect("runs");
        said.into_iter()
            .map(|said| match said {
                Ok(Said::Logits(logits)) => logits,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    fn expected() -> serde_json::Value {
        let file = fs::read(fixtures().join("expected.json")).expect("there");
        serde_json::from_slice::<serde_json::Value>(&file).expect("json")["llama"].clone()
    }

    fn numbers<T: serde::de::DeserializeOwned>(value: &serde_json::Value) -> Vec<T> {
        serde_json::from_value(value.clone()).expect("numbers")
    }

    #[test]
    fn logits_are_pytorchs() {
        let expected = expected();
        let (prompt, greedy): (Vec<u32>, Vec<u32>) = (numbers(&expected["prompt"]), numbers(&expected["greedy"]));
        let whole = [prompt.clone(), greedy].concat();
        for isa in Isa::all() {
            let mut model = model(1);
            model.isa = isa;
            let logits = run(&mut model, &[piece(1, 0, &whole, whole.len())]);
            for (row, name) in [(prompt.len() - 1, "logits_first"), (whole.len() - 2, "logits_last")] {
                let reference: Vec<f32> = numbers(&expected[name]);
                let own = logits[row].iter().copied().step_by(8);
                let furthest = own.zip(&reference).map(|(own, reference)| (own - reference).abs()).fold(0.0, f32::max);
                assert!(furthest < 1e-5, "{isa:?} {name}: {furthest}");
            }
        }
    }

    /// Not close: equal. However a sequence is cut, whoever runs beside it, on however many threads.
    #[test]
    fn a_sequences_numbers_are_its_own() {
        let tokens: Vec<u32> = numbers(&expected()["greedy"]);
        let other: Vec<u32> = tokens.iter().map(|token| (token * 7 + 3) % 288).collect();
        let whole = run(&mut model(1), &[piece(0, 0, &tokens, tokens.len())]);
        for (cut, threads) in [(1, 1), (5, 1), (7, 2), (1, 3), (tokens.len(), 3)] {
            let mut model = model(threads);
            let mut own = Vec::new();
            for (index, part) in tokens.chunks(cut).enumerate() {
                let beside = |slot| piece(slot, index, &other[index..index + 1], 1);
                let pieces = [beside(1), piece(2, index * cut, part, part.len()), beside(3)];
                let mut said = run(&mut model, &pieces);
                own.extend(said.drain(1..said.len() - 1));
            }
            assert!(own == whole, "cut by {cut} on {threads} threads");
        }
        // and from a prefix that another slot held
        let mut model = model(2);
        run(&mut model, &[piece(3, 0, &tokens[..11], 1)]);
        model.copy(3, 0, 9).expect("copied");
        assert!(run(&mut model, &[piece(0, 9, &tokens[9..], 1)])[0] == whole[tokens.len() - 1]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut model = model(1);
        let refused = model.run(&[piece(0, 0, &[1; 65], 1)]);
        assert!(matches!(refused, Err(ModelError::TooLong { tokens: 65, max_context: 64 })), "{refused:?}");
        let refused = model.run(&[piece(0, 0, &[288], 1)]);
        assert!(matches!(refused, Err(ModelError::TokenOutOfRange { token: 288, .. })), "{refused:?}");
        model.release(0);
        assert!(model.run(&[piece(0, 0, &[1], 1)]).is_err());
        model.reserve(0, 10, 0).expect("room");
        assert_eq!(run(&mut model, &[piece(0, 0, &[1; 10], 1)]).len(), 1);
    }
}
