//! How fast a device's memory is.

use std::time::Instant;

use assay_model::Device;
use tch::{Kind, Tensor};

const COPIES: u32 = 10;

/// Of a large copy, what is read and what is written; the best of a few tries.
pub fn bytes_per_s(device: Device, bytes: u64) -> anyhow::Result<f64> {
    let device = match device {
        Device::Cpu => tch::Device::Cpu,
        Device::Cuda(index) => tch::Device::Cuda(index),
    };
    let count = i64::try_from(bytes / 4)?.max(1);
    let from = Tensor::f_ones([count], (Kind::Float, device))?;
    let mut to = Tensor::f_zeros([count], (Kind::Float, device))?;
    let mut best = 0_f64;
    for _ in 0..4 {
        let began = Instant::now();
        for _ in 0..COPIES {
            to.f_copy_(&from)?;
        }
        // a GPU works on after it was told: reading one number back waits for it
        let _ = to.f_double_value(&[0])?;
        best = best.max((2 * bytes * u64::from(COPIES)) as f64 / began.elapsed().as_secs_f64());
    }
    Ok(best)
}
