//! What tokens attend to: a chunk of one sequence to itself and what came before, or the newest token of each of many
//! sequences to its own past.

use tch::{Kind, Tensor};

use super::cache::SlotCache;
use crate::{ModelError, config::LlamaConfig, forward::Piece};

/// Where new keys and values go, and what queries see.
pub(super) trait Attention {
    /// Writes new rows, [rows, key heads, head size], to a layer's keys or values.
    fn write(&self, target: &mut Tensor, rows: &Tensor) -> Result<(), ModelError>;

    /// Writes new hidden rows, [rows, hidden size], to those of all slots, [slots, tokens of a slot, hidden size].
    fn write_rows(&self, target: &mut Tensor, rows: &Tensor) -> Result<(), ModelError>;

    /// Of queries, [rows, heads, head size], what they attend to: [rows, heads * head size].
    fn attend(&self, cache: &SlotCache, layer: usize, window: Option<usize>, q: &Tensor) -> Result<Tensor, ModelError>;
}

/// The keys that a kind of layer looks at: from the position `low` on, and not at all of them if there is a mask.
struct View {
    window: Option<usize>,
    low: i64,
    mask: Option<Tensor>,
}

/// One view for each window that the model's layers have.
fn views(
    config: &LlamaConfig,
    view: impl Fn(Option<usize>) -> Result<View, ModelError>,
) -> Result<Vec<View>, ModelError> {
    let mut windows: Vec<Option<usize>> = (0..config.layers).map(|layer| config.window(layer)).collect();
    windows.sort_unstable();
    windows.dedup();
    windows.into_iter().map(view).collect()
}

fn seen(views: &[View], window: Option<usize>) -> (i64, Option<&Tensor>) {
    views.iter().find(|view| view.window == window).map_or((0, None), |view| (view.low, view.mask.as_ref()))
}

/// The first position that a token at `position` sees.
fn first(position: usize, window: Option<usize>) -> i64 {
    window.map_or(0, |window| (position + 1).saturating_sub(window)) as i64
}

fn sdpa(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>, causal: bool) -> Result<Tensor, ModelError> {
    Ok(Tensor::f_scaled_dot_product_attention(q, k, v, mask, 0.0, causal, None, false)?)
}

/// Tokens of one sequence that follow each other.
pub(super) struct Chunk {
    slot: i64,
    start: i64,
    new: i64,
    views: Vec<View>,
}

impl Chunk {
    pub(super) fn new(piece: &Piece, config: &LlamaConfig, cache: &SlotCache) -> Result<Self, ModelError> {
        let (start, new) = (piece.start as i64, piece.tokens.len() as i64);
        let device = cache.layer(0).0.device();
        let views = views(config, |window| {
            let low = first(piece.start, window);
            let cut = window.filter(|window| piece.start + piece.tokens.len() > *window);
            if start == 0 && cut.is_none() {
                return Ok(View { window, low, mask: None });
            }
            let ones = Tensor::f_ones([new, start + new - low], (Kind::Bool, device))?;
            let mask = ones.f_tril(start - low)?;
            let mask = match cut {
                Some(window) => mask.f_triu(start - low + 1 - window as i64)?,
                None => mask,
            };
            Ok(View { window, low, mask: Some(mask) })
        })?;
        Ok(Self { slot: piece.slot as i64, start, new, views })
    }
}

impl Attention for Chunk {
    fn write(&self, target: &mut Tensor, rows: &Tensor) -> Result<(), ModelError> {
        let mut place = target.f_select(0, self.slot)?.f_narrow(1, self.start, self.new)?;
        Ok(place.f_copy_(&rows.f_transpose(0, 1)?)?)
    }

    fn write_rows(&self, target: &mut Tensor, rows: &Tensor) -> Result<(), ModelError> {
        let mut place = target.f_select(0, self.slot)?.f_narrow(0, self.start, self.new)?;
        Ok(place.f_copy_(rows)?)
    }

    fn attend(&self, cache: &SlotCache, layer: usize, window: Option<usize>, q: &Tensor) -> Result<Tensor, ModelError> {
        let (low, mask) = seen(&self.views, window);
        let (keys, values) = cache.layer(layer);
        let (kv_heads, dim) = (keys.size()[1], keys.size()[3]);
        let group = q.size()[1] / kv_heads;
        // the key heads become a batch, and all queries of a group see the one key head without a copy of it
        let past = |tensor: &Tensor| -> Result<Tensor, ModelError> {
            let past = tensor.f_select(0, self.slot)?.f_narrow(1, low, self.start + self.new - low)?;
            Ok(past.f_unsqueeze(1)?.f_expand([kv_heads, group, -1, dim], false)?)
        };
        let q = q.f_view([self.new, kv_heads, group, dim])?.f_permute([1, 2, 0, 3])?;
        let attended = sdpa(&q, &past(keys)?, &past(values)?, mask, mask.is_none())?;
        Ok(attended.f_permute([2, 0, 1, 3])?.f_reshape([self.new, kv_heads * group * dim])?)
    }
}

/// The newest token of each of several sequences, in the order of their slots.
pub(super) struct Step {
    /// Rows of the cache, seen as [slots * key heads * tokens of a slot, head size], that are written.
    places: Tensor,
    /// The same of the hidden rows, seen as [slots * tokens of a slot, hidden size].
    row_places: Tensor,
    slots: Slots,
    /// One behind the last position of the longest sequence.
    end: i64,
    views: Vec<View>,
}

/// How the sequences' slots lie in the cache.
enum Slots {
    /// Each beside the next, from the first on.
    Together { first: i64 },
    /// With few gaps: the slots in them are computed with and thrown away, which is cheaper than a copy of the keys.
    /// Which rows of the range are ours.
    Gaps { first: i64, range: i64, rows: Tensor },
    /// Far from each other: copied together.
    Apart { slots: Tensor },
}

impl Step {
    pub(super) fn new(pieces: &[&Piece], config: &LlamaConfig, cache: &SlotCache) -> Result<Self, ModelError> {
        let device = cache.layer(0).0.device();
        let index =
            |numbers: &[i64]| -> Result<Tensor, ModelError> { Ok(Tensor::f_from_slice(numbers)?.f_to_device(device)?) };
        let (heads, tokens) = (config.kv_heads(), cache.slot_tokens());
        let places: Vec<i64> = pieces
            .iter()
            .flat_map(|piece| (0..heads).map(|head| ((piece.slot * heads + head) * tokens + piece.start) as i64))
            .collect();
        let row_places: Vec<i64> = pieces.iter().map(|piece| (piece.slot * tokens + piece.start) as i64).collect();
        let all: Vec<i64> = pieces.iter().map(|piece| piece.slot as i64).collect();
        let (first_slot, last_slot) = (all.first().copied().unwrap_or(0), all.last().copied().unwrap_or(0));
        let (count, range) = (all.len() as i64, last_slot - first_slot + 1);
        let rows: Vec<i64> = all.iter().map(|slot| slot - first_slot).collect();
        let slots = match range {
            _ if range == count => Slots::Together { first: first_slot },
            _ if range <= 2 * count => Slots::Gaps { first: first_slot, range, rows: index(&rows)? },
            _ => Slots::Apart { slots: index(&all)? },
        };
        // a slot in a gap is given the first position, so that its row is a number
        let batch = if matches!(slots, Slots::Gaps { .. }) { range as usize } else { pieces.len() };
        let mut positions = vec![0; batch];
        for (order, piece) in pieces.iter().enumerate() {
            positions[if batch == pieces.len() { order } else { rows[order] as usize }] = piece.start as i64;
        }
        let end = pieces.iter().map(|piece| piece.start as i64 + 1).max().unwrap_or(0);
        let shortest = pieces.iter().map(|piece| piece.start).min().unwrap_or(0);
        let positions = index(&positions)?.f_view([batch as i64, 1, 1, 1])?;
        let views = views(config, |window| {
            let low = if matches!(slots, Slots::Gaps { .. }) { 0 } else { first(shortest, window) };
            // all see all that there is
            if shortest as i64 + 1 == end && low == first(shortest, window) && batch == pieces.len() {
                return Ok(View { window, low, mask: None });
            }
            let keys = Tensor::f_arange_start(low, end, (Kind::Int64, device))?;
            let mut mask = keys.f_le_tensor(&positions)?;
            if let Some(window) = window {
                let after = positions.f_sub_scalar(window as i64)?;
                mask = mask.f_logical_and(&keys.f_gt_tensor(&after)?)?;
            }
            Ok(View { window, low, mask: Some(mask) })
        })?;
        Ok(Self { places: index(&places)?, row_places: index(&row_places)?, slots, end, views })
    }
}

impl Attention for Step {
    fn write(&self, target: &mut Tensor, rows: &Tensor) -> Result<(), ModelError> {
        let dim = rows.size()[2];
        let mut flat = target.f_view([-1, dim])?;
        let _ = flat.f_index_copy_(0, &self.places, &rows.f_reshape([-1, dim])?)?;
        Ok(())
    }

    fn write_rows(&self, target: &mut Tensor, rows: &Tensor) -> Result<(), ModelError> {
        let mut flat = target.f_view([-1, rows.size()[1]])?;
        let _ = flat.f_index_copy_(0, &self.row_places, rows)?;
        Ok(())
    }

    fn attend(&self, cache: &SlotCache, layer: usize, window: Option<usize>, q: &Tensor) -> Result<Tensor, ModelError> {
        let (low, mask) = seen(&self.views, window);
        let (keys, values) = cache.layer(layer);
        let (kv_heads, dim) = (keys.size()[1], keys.size()[3]);
        let (batch, heads) = (q.size()[0], q.size()[1]);
        // the queries that share a key head become rows of one query matrix: nothing is repeated
        let q = q.f_reshape([batch, kv_heads, heads / kv_heads, dim])?;
        let past = |tensor: &Tensor| -> Result<Tensor, ModelError> {
            let past = tensor.f_narrow(2, low, self.end - low)?;
            Ok(match &self.slots {
                Slots::Together { first } => past.f_narrow(0, *first, batch)?,
                Slots::Gaps { first, range, .. } => past.f_narrow(0, *first, *range)?,
                Slots::Apart { slots } => past.f_index_select(0, slots)?,
            })
        };
        let (keys, values) = (past(keys)?, past(values)?);
        let attended = match &self.slots {
            Slots::Gaps { range, rows, .. } => {
                let mut spread = q.f_new_zeros([*range, kv_heads, heads / kv_heads, dim], (q.kind(), q.device()))?;
                let _ = spread.f_index_copy_(0, rows, &q)?;
                sdpa(&spread, &keys, &values, mask, false)?.f_index_select(0, rows)?
            }
            _ => sdpa(&q, &keys, &values, mask, false)?,
        };
        Ok(attended.f_reshape([batch, heads * dim])?)
    }
}
