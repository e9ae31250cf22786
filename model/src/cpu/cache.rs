//! What the tokens of one sequence left: keys and values, laid out as the attention reads them, and hidden rows.

use std::ops::Range;

use scoring::proof::bf16_from_f32;

use super::panels::{Strip, WIDTH};

/// One layer's keys and values. Both are panels of 32: the keys' outputs are positions, so that a product with a query
/// is 32 scores; the values' outputs are places in a head, so that a product with 32 probabilities is part of a head.
#[derive(Debug, Default)]
struct Layer {
    /// [heads][capacity / 32][head size] strips of 32 positions.
    keys: Vec<Strip>,
    /// [heads][head size / 32][capacity] strips of 32 places.
    values: Vec<Strip>,
}

/// The cache of a slot.
#[derive(Debug)]
pub(crate) struct Cache {
    layers: Vec<Layer>,
    /// [capacity][hidden size]
    rows: Vec<u16>,
    hidden: usize,
    heads: usize,
    head_dim: usize,
    /// Positions that there is room for, a multiple of 32.
    capacity: usize,
}

impl Cache {
    /// A cache without room.
    pub(crate) fn new(layers: usize, hidden: usize, heads: usize, head_dim: usize) -> Self {
        let layers = (0..layers).map(|_| Layer::default()).collect();
        Self { layers, rows: Vec::new(), hidden, heads, head_dim, capacity: 0 }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Strips that hold the places of a head.
    fn spans(&self) -> usize {
        self.head_dim.div_ceil(WIDTH)
    }

    /// Makes room for so many positions, keeping the first `keep`.
    pub(crate) fn reserve(&mut self, positions: usize, keep: usize) {
        let capacity = positions.next_multiple_of(WIDTH);
        if capacity <= self.capacity {
            return;
        }
        let mut larger = self.empty();
        larger.capacity = capacity;
        larger.rows = vec![0; capacity * self.hidden];
        for layer in &mut larger.layers {
            layer.keys = vec![[0.0; WIDTH]; self.heads * capacity / WIDTH * self.head_dim];
            layer.values = vec![[0.0; WIDTH]; self.heads * self.spans() * capacity];
        }
        larger.copy(self, keep.min(self.capacity));
        *self = larger;
    }

    /// Takes over the first `positions` of another cache. There is room for them.
    pub(crate) fn copy(&mut self, other: &Self, positions: usize) {
        let (panels, dim) = (positions.div_ceil(WIDTH), self.head_dim);
        let spans = self.spans();
        let rows = positions * self.hidden;
        self.rows[..rows].copy_from_slice(&other.rows[..rows]);
        for (layer, other_layer) in self.layers.iter_mut().zip(&other.layers) {
            for head in 0..self.heads {
                let (to, from) = (head * self.capacity / WIDTH * dim, head * other.capacity / WIDTH * dim);
                layer.keys[to..to + panels * dim].copy_from_slice(&other_layer.keys[from..from + panels * dim]);
                for span in head * spans..(head + 1) * spans {
                    let (to, from) = (span * self.capacity, span * other.capacity);
                    layer.values[to..to + positions].copy_from_slice(&other_layer.values[from..from + positions]);
                }
            }
        }
    }

    /// Gives the memory back.
    pub(crate) fn clear(&mut self) {
        *self = self.empty();
    }

    fn empty(&self) -> Self {
        Self::new(self.layers.len(), self.hidden, self.heads, self.head_dim)
    }

    /// Writes one position of one head: `key` and `value` are as long as a head.
    pub(crate) fn write(&mut self, layer: usize, head: usize, position: usize, key: &[f32], value: &[f32]) {
        let (dim, spans) = (self.head_dim, self.spans());
        let layer = &mut self.layers[layer];
        let panel = (head * self.capacity / WIDTH + position / WIDTH) * dim;
        for (strip, key) in layer.keys[panel..panel + dim].iter_mut().zip(key) {
            strip[position % WIDTH] = *key;
        }
        for (span, value) in value.chunks(WIDTH).enumerate() {
            let strip = &mut layer.values[(head * spans + span) * self.capacity + position];
            strip[..value.len()].copy_from_slice(value);
        }
    }

    /// Writes the hidden row of a position, rounded.
    pub(crate) fn write_row(&mut self, position: usize, row: &[f32]) {
        let place = &mut self.rows[position * self.hidden..(position + 1) * self.hidden];
        place.iter_mut().zip(row).for_each(|(place, value)| *place = bf16_from_f32(*value));
    }

    /// The hidden rows of some positions; none where there is no room for them.
    pub(crate) fn rows(&self, positions: Range<usize>) -> Option<&[u16]> {
        self.rows.get(positions.start * self.hidden..positions.end * self.hidden)
    }

    /// The keys of 32 positions of a head, [head size].
    pub(crate) fn keys(&self, layer: usize, head: usize, panel: usize) -> &[Strip] {
        let start = (head * self.capacity / WIDTH + panel) * self.head_dim;
        &self.layers[layer].keys[start..start + self.head_dim]
    }

    /// 32 places of the values of a head, [capacity].
    pub(crate) fn values(&self, layer: usize, head: usize, span: usize) -> &[Strip] {
        let start = (head * self.spans() + span) * self.capacity;
        &self.layers[layer].values[start..start + self.capacity]
    }
}
