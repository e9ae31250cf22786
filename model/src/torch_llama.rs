//! A Llama-shaped language model on libtorch.

mod attention;
mod cache;
mod choose;
mod layer;
#[cfg(test)]
mod tests;

use std::ops::Range;

use tch::Tensor;

use self::{
    attention::{Attention, Chunk, Step},
    cache::SlotCache,
    layer::{Affine, Layer, Rotation, linear, normalise},
};
use crate::{
    ModelError, NotFinite,
    config::LlamaConfig,
    forward::{Ask, Forward, Piece, Said, answer},
    tensors::{Tensors, device_of, dtype_of, floats},
};

/// Rows whose logits are computed at once: they take `vocab_size` numbers each.
const LOGIT_ROWS: usize = 64;

type Answers = Vec<Result<Said, NotFinite>>;

/// The model's tensors, and what the tokens in its slots left.
pub(crate) struct TorchLlama {
    config: LlamaConfig,
    embed: Tensor,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Affine,
    cache: SlotCache,
    /// Whether tokens are chosen where the logits are: downloading a row costs more than choosing from it there.
    choose_on_device: bool,
}

impl TorchLlama {
    /// Places the weights, makes room for `slots` sequences of `slot_tokens` tokens, and runs a few tokens: what the
    /// device can't do is said now.
    pub(crate) fn load(
        config: LlamaConfig,
        weights: &Tensors<'_>,
        slots: usize,
        slot_tokens: usize,
    ) -> Result<Self, ModelError> {
        let size = [config.vocab_size, config.hidden_size];
        let embed = weights.tensor("model.embed_tokens.weight", &size)?;
        let head =
            if config.tie_word_embeddings { embed.shallow_clone() } else { weights.tensor("lm_head.weight", &size)? };
        let layers = (0..config.layers).map(|index| Layer::load(&config, weights, index)).collect::<Result<_, _>>()?;
        let norm = weights.tensor("model.norm.weight", &[config.hidden_size])?;
        let cache = SlotCache::new(&config, slots, slot_tokens, weights.kind(), weights.device())?;
        let choose_on_device = weights.device().is_cuda();
        let head = Affine { weight: head, bias: None };
        let mut model = Self { config, embed, layers, norm, head, cache, choose_on_device };
        model.warm_up().map_err(|error| match error {
            ModelError::Torch(source) => ModelError::DtypeUnavailable {
                device: device_of(weights.device()),
                dtype: dtype_of(weights.kind()),
                reason: source.to_string().lines().next().unwrap_or_default().to_owned(),
            },
            other => other,
        })?;
        Ok(model)
    }

    /// A chunk and a step, so that every kernel that requests need has run once.
    fn warm_up(&mut self) -> Result<(), ModelError> {
        let room = self.slot_tokens();
        let piece = |start, tokens: usize| {
            let (tokens, length) = (vec![0; tokens], start + tokens);
            Piece { slot: 0, start, tokens, length, asks: vec![Ask::Logits] }
        };
        for (start, tokens) in [(0, 2), (2, 1)] {
            if start + tokens <= room {
                // that its logits are no numbers would be said of every question
                let _ = self.run(&[piece(start, tokens)])?;
            }
        }
        self.reserve(0, 0, 0)
    }

    fn admissible(&self, piece: &Piece) -> Result<(), ModelError> {
        let (tokens, max_context) = (piece.start + piece.tokens.len(), self.slot_tokens());
        debug_assert!(piece.asks.len() <= piece.tokens.len(), "more questions than outputs");
        if piece.tokens.is_empty() {
            return Err(ModelError::EmptyPrompt);
        }
        if tokens > max_context {
            return Err(ModelError::TooLong { tokens, max_context });
        }
        // libtorch does not check an index into an embedding in every kernel
        let vocab_size = self.config.vocab_size;
        match piece.tokens.iter().find(|token| **token as usize >= vocab_size) {
            Some(&token) => Err(ModelError::TokenOutOfRange { token, vocab_size }),
            None => Ok(()),
        }
    }

    /// Runs pieces that are attended to together; answers their questions.
    fn forward(&mut self, pieces: &[&Piece], attention: &dyn Attention) -> Result<Answers, ModelError> {
        let device = self.embed.device();
        let ids: Vec<i64> = pieces.iter().flat_map(|piece| &piece.tokens).map(|token| i64::from(*token)).collect();
        let rotation = Rotation::new(&self.config.rope, pieces, self.embed.kind(), device)?;
        let mut x = self.embed.f_index_select(0, &Tensor::f_from_slice(&ids)?.f_to_device(device)?)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let [q, k, v] = layer.queries_keys_values(&self.config, &x, &rotation)?;
            self.cache.write(index, attention, &k, &v)?;
            let attended = attention.attend(&self.cache, index, self.config.window(index), &q)?;
            x = linear(&attended, &layer.output)?.f_add(&x)?;
            x = layer.feed_forward(&self.config, &x)?.f_add(&x)?;
        }
        for piece in pieces {
            self.cache.used(piece.slot, piece.start + piece.tokens.len());
        }
        let (mut end, mut rows, mut asks) = (0, Vec::new(), Vec::new());
        for piece in pieces {
            end += piece.tokens.len();
            let asked = piece.asks.len().min(piece.tokens.len());
            rows.extend((end - asked..end).map(|row| row as i64));
            asks.extend(&piece.asks[..asked]);
        }
        let normed = normalise(&x, &self.norm, self.config.rms_norm_eps)?;
        self.cache.write_rows(attention, &normed)?;
        match rows.len() {
            0 => Ok(Vec::new()),
            all if all as i64 == x.size()[0] => self.answers(&normed, &asks),
            _ => {
                // normed by themselves: a device may sum up otherwise where rows are many
                let rows = x.f_index_select(0, &Tensor::f_from_slice(&rows)?.f_to_device(device)?)?;
                self.answers(&normalise(&rows, &self.norm, self.config.rms_norm_eps)?, &asks)
            }
        }
    }

    fn answers(&self, rows: &Tensor, asks: &[&Ask]) -> Result<Answers, ModelError> {
        let mut answers = Vec::with_capacity(asks.len());
        for (index, asks) in asks.chunks(LOGIT_ROWS).enumerate() {
            let rows = rows.f_narrow(0, (index * LOGIT_ROWS) as i64, asks.len() as i64)?;
            let logits = linear(&rows, &self.head)?;
            // on a GPU the first thing that is read back also waits for all that was launched
            let _sample = tracing::trace_span!("sample").entered();
            let draws: Vec<_> = asks.iter().map(|ask| choose::draw(ask).filter(|_| self.choose_on_device)).collect();
            let (drawn, told): (Vec<_>, Vec<_>) = (0..asks.len()).partition(|row| draws[*row].is_some());
            let mut tokens = choose::tokens(&pick(&logits, &drawn)?, draws.into_iter().flatten())?.into_iter();
            let told = floats(&pick(&logits, &told)?)?;
            let mut told = told.chunks_exact(self.config.vocab_size);
            for (row, ask) in asks.iter().enumerate() {
                let next = if drawn.contains(&row) { tokens.next() } else { told.next().map(|row| answer(ask, row)) };
                answers.push(next.unwrap_or(Err(NotFinite)));
            }
        }
        Ok(answers)
    }
}

impl Forward for TorchLlama {
    fn config(&self) -> &LlamaConfig {
        &self.config
    }

    fn slot_tokens(&self) -> usize {
        self.cache.slot_tokens().min(self.config.max_context)
    }

    fn reserve(&mut self, slot: usize, tokens: usize, keep: usize) -> Result<(), ModelError> {
        if tokens > self.slot_tokens() {
            return Err(ModelError::TooLong { tokens, max_context: self.slot_tokens() });
        }
        self.cache.clear(slot, keep)
    }

    fn copy(&mut self, from: usize, to: usize, tokens: usize) -> Result<(), ModelError> {
        self.cache.copy(from, to, tokens)
    }

    fn release(&mut self, _: usize) {
        // all slots have their memory from the start
    }

    fn run(&mut self, pieces: &[Piece]) -> Result<Answers, ModelError> {
        pieces.iter().try_for_each(|piece| self.admissible(piece))?;
        let mut answers: Vec<Answers> = vec![Vec::new(); pieces.len()];
        let mut single: Vec<usize> = (0..pieces.len()).filter(|index| pieces[*index].tokens.len() == 1).collect();
        single.sort_by_key(|index| pieces[*index].slot);
        if !single.is_empty() {
            let step: Vec<&Piece> = single.iter().map(|index| &pieces[*index]).collect();
            let attention = Step::new(&step, &self.config, &self.cache)?;
            let mut said = self.forward(&step, &attention)?.into_iter();
            for index in single {
                answers[index] = said.by_ref().take(pieces[index].asks.len().min(1)).collect();
            }
        }
        for (piece, answers) in pieces.iter().zip(&mut answers).filter(|(piece, _)| piece.tokens.len() > 1) {
            let attention = Chunk::new(piece, &self.config, &self.cache)?;
            *answers = self.forward(&[piece], &attention)?;
        }
        Ok(answers.into_iter().flatten().collect())
    }

    fn rows(&self, slot: usize, tokens: Range<usize>) -> Result<Vec<u16>, ModelError> {
        if tokens.end > self.slot_tokens() {
            return Err(ModelError::TooLong { tokens: tokens.end, max_context: self.slot_tokens() });
        }
        self.cache.rows(slot, tokens)
    }
}

/// Some of the rows; all of them without a copy.
fn pick(rows: &Tensor, indices: &[usize]) -> Result<Tensor, ModelError> {
    if indices.len() as i64 == rows.size()[0] {
        return Ok(rows.shallow_clone());
    }
    let indices: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
    Ok(rows.f_index_select(0, &Tensor::f_from_slice(&indices)?.f_to_device(rows.device())?)?)
}
