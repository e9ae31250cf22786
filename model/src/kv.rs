//! Keys and values of the tokens that a sequence already has.

use tch::{Device, Kind, Tensor};

use crate::{ModelError, config::LlamaConfig};

/// One sequence's cache, reserved whole at the start: a sequence that was admitted can't run out of memory later.
pub(crate) struct KvCache {
    /// Per layer, keys and values as [key heads, capacity, head size].
    layers: Vec<(Tensor, Tensor)>,
    len: usize,
    capacity: usize,
}

impl KvCache {
    pub(crate) fn new(config: &LlamaConfig, capacity: usize, kind: Kind, device: Device) -> Result<Self, ModelError> {
        let size = [config.kv_heads() as i64, capacity as i64, config.head_dim() as i64];
        let layers = (0..config.layers)
            .map(|_| Ok((Tensor::f_zeros(size, (kind, device))?, Tensor::f_zeros(size, (kind, device))?)))
            .collect::<Result<_, ModelError>>()?;
        Ok(Self { layers, len: 0, capacity })
    }

    /// Tokens held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Adds the new tokens' keys and values to a layer; returns the layer's, new ones included. The cache grows when
    /// all layers are done: [`Self::advance`].
    pub(crate) fn extend(&self, layer: usize, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor), ModelError> {
        let (len, new) = (self.len as i64, k.size()[1]);
        let (keys, values) = &self.layers[layer];
        keys.f_narrow(1, len, new)?.f_copy_(k)?;
        values.f_narrow(1, len, new)?.f_copy_(v)?;
        Ok((keys.f_narrow(1, 0, len + new)?, values.f_narrow(1, 0, len + new)?))
    }

    pub(crate) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}
