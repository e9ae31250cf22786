//! Keys, values and hidden rows of the tokens that sequences already have.

use std::{fs, ops::Range};

use tch::{Device, Kind, Tensor};

use super::attention::Attention;
use crate::{
    ModelError,
    config::LlamaConfig,
    tensors::{device_of, dtype_of},
};

/// What the slots' tokens left, reserved whole at the start: a sequence that was admitted can't run out of memory.
pub(super) struct SlotCache {
    /// Per layer, keys and values as [slots, key heads, tokens of a slot, head size].
    layers: Vec<(Tensor, Tensor)>,
    /// bf16, as [slots, tokens of a slot, hidden size]. Nothing attends to it: what lies beyond may be anything.
    rows: Tensor,
    /// For each slot, how far anything was written. What lies beyond is zero.
    used: Vec<usize>,
    slot_tokens: usize,
}

impl SlotCache {
    pub(super) fn new(
        config: &LlamaConfig,
        slots: usize,
        slot_tokens: usize,
        kind: Kind,
        device: Device,
    ) -> Result<Self, ModelError> {
        let row = (config.kv_heads() * config.head_dim() * dtype_of(kind).bytes()) as u64;
        let rows = (2 * config.layers as u64).saturating_mul(slots as u64).saturating_mul(slot_tokens as u64);
        let hidden_bytes = (config.hidden_size * 2 * slots) as u64;
        let bytes = row.saturating_mul(rows).saturating_add(hidden_bytes.saturating_mul(slot_tokens as u64));
        let no_room = || ModelError::CacheMemory { device: device_of(device), slots, tokens: slot_tokens, bytes };
        // a GPU's allocator says no; the system says yes, and ends the process when the memory is used
        if device == Device::Cpu && available_memory().is_some_and(|available| bytes > available) {
            return Err(no_room());
        }
        let size = [slots as i64, config.kv_heads() as i64, slot_tokens as i64, config.head_dim() as i64];
        let zeros = || Tensor::f_zeros(size, (kind, device)).map_err(|_| no_room());
        let layers = (0..config.layers).map(|_| Ok((zeros()?, zeros()?))).collect::<Result<_, ModelError>>()?;
        let size = [slots as i64, slot_tokens as i64, config.hidden_size as i64];
        let rows = Tensor::f_zeros(size, (Kind::BFloat16, device)).map_err(|_| no_room())?;
        Ok(Self { layers, rows, used: vec![0; slots], slot_tokens })
    }

    pub(super) fn slot_tokens(&self) -> usize {
        self.slot_tokens
    }

    /// A layer's keys and values.
    pub(super) fn layer(&self, index: usize) -> &(Tensor, Tensor) {
        &self.layers[index]
    }

    /// Adds new tokens' keys and values to a layer. The slots grow when all layers are done: [`Self::used`].
    pub(super) fn write(
        &mut self,
        layer: usize,
        attention: &dyn Attention,
        k: &Tensor,
        v: &Tensor,
    ) -> Result<(), ModelError> {
        let (keys, values) = &mut self.layers[layer];
        attention.write(keys, k)?;
        attention.write(values, v)
    }

    /// Adds new tokens' hidden rows, [rows, hidden size].
    pub(super) fn write_rows(&mut self, attention: &dyn Attention, rows: &Tensor) -> Result<(), ModelError> {
        attention.write_rows(&mut self.rows, &rows.f_to_kind(Kind::BFloat16)?)
    }

    /// The hidden rows of some tokens of a slot.
    pub(super) fn rows(&self, slot: usize, tokens: Range<usize>) -> Result<Vec<u16>, ModelError> {
        let rows = self.rows.f_select(0, slot as i64)?.f_narrow(0, tokens.start as i64, tokens.len() as i64)?;
        let bits = rows.f_view_dtype(Kind::Int16)?.f_to_device(Device::Cpu)?.f_contiguous()?.f_flatten(0, -1)?;
        Ok(Vec::<i16>::try_from(&bits)?.into_iter().map(i16::cast_unsigned).collect())
    }

    /// Says that a slot was written up to `tokens`.
    pub(super) fn used(&mut self, slot: usize, tokens: usize) {
        self.used[slot] = self.used[slot].max(tokens);
    }

    /// Makes a slot zero from `keep` on. What another sequence left there would be masked, but masked numbers that are
    /// none poison a batch: 0 times NaN is NaN.
    pub(super) fn clear(&mut self, slot: usize, keep: usize) -> Result<(), ModelError> {
        let stale = self.used[slot].saturating_sub(keep);
        if stale > 0 {
            for tensor in self.layers.iter().flat_map(|(keys, values)| [keys, values]) {
                let _ = tensor.f_select(0, slot as i64)?.f_narrow(1, keep as i64, stale as i64)?.f_zero_()?;
            }
            self.used[slot] = keep;
        }
        Ok(())
    }

    /// Copies the first `tokens` of a slot to another.
    pub(super) fn copy(&mut self, from: usize, to: usize, tokens: usize) -> Result<(), ModelError> {
        if from != to && tokens > 0 {
            for tensor in self.layers.iter().flat_map(|(keys, values)| [keys, values]) {
                let part = |slot: usize| tensor.f_select(0, slot as i64)?.f_narrow(1, 0, tokens as i64);
                part(to)?.f_copy_(&part(from)?)?;
            }
            let rows = |slot: usize| self.rows.f_select(0, slot as i64)?.f_narrow(0, 0, tokens as i64);
            rows(to)?.f_copy_(&rows(from)?)?;
            self.used(to, tokens);
        }
        Ok(())
    }
}

/// What the system could give without taking it from others, if it says.
fn available_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
