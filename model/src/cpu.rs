//! The Llama family on the processor: our own kernels, f32 arithmetic.
//!
//! libtorch's are made for many rows; a server decodes few. These read half the bytes (see [`panels`]), and their
//! results don't depend on what else is in the batch, down to the last bit: a validator that runs prompt and answer at
//! once gets the numbers that the miner got token by token.

mod attention;
mod cache;
mod llama;
mod panels;
mod pool;
mod rows;

pub(crate) use llama::CpuLlama;
