//! Attention of a few queries to the keys of one head.

use super::{
    cache::Cache,
    panels::{BLOCK, Strip, WIDTH, add},
    rows::softmax,
};
use crate::isa::Isa;

/// Queries that share a key head, and what each may see.
pub(crate) struct Queries<'a> {
    /// One head each.
    pub(crate) rows: &'a [&'a [f32]],
    /// Position of each.
    pub(crate) positions: &'a [usize],
    /// How many positions back each sees, its own included.
    pub(crate) window: Option<usize>,
    /// What scores are multiplied with.
    pub(crate) scale: f32,
}

/// What a thread computes with, kept from one call to the next.
#[derive(Default)]
pub(crate) struct Scratch {
    scores: Vec<f32>,
    strips: Vec<Strip>,
}

/// Writes what each query gathers from `head`; `out` is [queries][head size].
pub(crate) fn attend(
    cache: &Cache,
    (layer, head): (usize, usize),
    queries: &Queries<'_>,
    out: &mut [f32],
    scratch: &mut Scratch,
    isa: Isa,
) {
    let (count, dim) = (queries.rows.len(), out.len() / queries.rows.len().max(1));
    let seen = |position: usize| queries.window.map_or(0, |window| (position + 1).saturating_sub(window));
    let last = queries.positions.iter().copied().max().unwrap_or(0);
    // From a whole block on, so that sums are split at the same places whoever else is asked for.
    let first = queries.positions.iter().copied().map(seen).min().unwrap_or(0) / BLOCK * (BLOCK / WIDTH);
    let panels = last / WIDTH + 1;
    let width = (panels - first) * WIDTH;

    let Scratch { scores, strips } = scratch;
    scores.clear();
    scores.resize(count * width, 0.0);
    for panel in first..panels {
        strips.clear();
        strips.resize(count, [0.0; WIDTH]);
        add(cache.keys(layer, head, panel), queries.rows, strips, isa);
        for (scores, strip) in scores.chunks_exact_mut(width).zip(strips.iter()) {
            scores[(panel - first) * WIDTH..][..WIDTH].copy_from_slice(strip);
        }
    }
    let offset = first * WIDTH;
    for (scores, position) in scores.chunks_exact_mut(width).zip(queries.positions) {
        softmax(scores, queries.scale, (seen(*position) - offset, position + 1 - offset), isa);
    }
    // No further than the last position: what is written there by nobody may be no number.
    let rows: Vec<&[f32]> = scores.chunks_exact(width).map(|scores| &scores[..last + 1 - offset]).collect();
    for span in 0..dim.div_ceil(WIDTH) {
        strips.clear();
        strips.resize(count, [0.0; WIDTH]);
        add(&cache.values(layer, head, span)[offset..=last], &rows, strips, isa);
        for (out, strip) in out.chunks_exact_mut(dim).zip(strips.iter()) {
            let out = &mut out[span * WIDTH..];
            let places = out.len().min(WIDTH);
            out[..places].copy_from_slice(&strip[..places]);
        }
    }
}
