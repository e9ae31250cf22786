//! The choice of tokens where the logits are: the noise of [`scoring::noise`] and the largest sum, as operations on
//! tensors. What it chooses is what [`crate::Sampler`] does; a device's logarithm may differ from ours in the last of
//! its 53 bits, which is gone after rounding to f32 except about once in 10^8 numbers.

use scoring::noise;
use tch::{Device, Kind, Tensor};

use crate::{
    ModelError, NotFinite,
    forward::{Ask, Said},
};

const WORD: i64 = 0xFFFF_FFFF;

/// What decides one row's token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draw {
    temperature_milli: u32,
    key: [u32; 2],
    position: u32,
}

/// The draw that answers a question, if it asks for a token and nothing else, out of all tokens.
pub(super) fn draw(ask: &Ask) -> Option<Draw> {
    let Ask::Choose { sampler, position, logprob: false } = ask else { return None };
    let (temperature_milli, seed) = sampler.untruncated()?;
    Some(Draw { temperature_milli, key: noise::key(seed), position: *position })
}

/// One token for each row of logits. Of equals, the lowest id.
pub(super) fn tokens(
    logits: &Tensor,
    draws: impl Iterator<Item = Draw>,
) -> Result<Vec<Result<Said, NotFinite>>, ModelError> {
    let draws: Vec<Draw> = draws.collect();
    if draws.is_empty() {
        return Ok(Vec::new());
    }
    let (device, vocabulary) = (logits.device(), logits.size()[1]);
    let mut scores = logits.f_to_kind(Kind::Float)?;
    let finite = scores.f_isfinite()?.f_all_dim(1, false)?;
    if draws.iter().any(|draw| draw.temperature_milli > 0) {
        let column = |number: &dyn Fn(&Draw) -> f32| -> Result<Tensor, ModelError> {
            let numbers: Vec<f32> = draws.iter().map(number).collect();
            Ok(Tensor::f_from_slice(&numbers)?.f_view([-1, 1])?.f_to_device(device)?)
        };
        let greedy = |draw: &Draw| draw.temperature_milli == 0;
        let temperature = column(&|draw| if greedy(draw) { 1.0 } else { draw.temperature_milli as f32 / 1000.0 })?;
        let noisy = column(&|draw| if greedy(draw) { 0.0 } else { 1.0 })?;
        scores = scores.f_div(&temperature)?.f_add(&gumbel(&draws, vocabulary, device)?.f_mul(&noisy)?)?;
    }
    let chosen = Tensor::f_stack(&[scores.f_argmax(1, false)?, finite.f_to_kind(Kind::Int64)?], 1)?;
    let chosen: Vec<i64> = Vec::try_from(&chosen.f_flatten(0, -1)?.f_to_device(Device::Cpu)?)?;
    let said = chosen.chunks_exact(2).map(|row| match (u32::try_from(row[0]), row[1]) {
        (Ok(token), 1) => Ok(Said::Token { token, logprob: None }),
        _ => Err(NotFinite),
    });
    Ok(said.collect())
}

/// [`noise::gumbel_row`] of each draw, as [draws, vocabulary].
fn gumbel(draws: &[Draw], vocabulary: i64, device: Device) -> Result<Tensor, ModelError> {
    let column = |numbers: Vec<i64>| -> Result<Tensor, ModelError> {
        Ok(Tensor::f_from_slice(&numbers)?.f_view([-1, 1])?.f_to_device(device)?)
    };
    let options = (Kind::Int64, device);
    let position = column(draws.iter().map(|draw| i64::from(draw.position)).collect())?;
    let mut counter = [
        Tensor::f_arange((vocabulary + 3) / 4, options)?.f_unsqueeze(0)?,
        position,
        Tensor::f_zeros([1, 1], options)?,
        Tensor::f_zeros([1, 1], options)?,
    ];
    let mut keys: Vec<[u32; 2]> = draws.iter().map(|draw| draw.key).collect();
    for _ in 0..10 {
        // 64 bits of a product wrap, and its upper half is shifted with its sign: the masks leave what is meant
        let first = counter[0].f_mul_scalar(0xD251_1F53i64)?;
        let second = counter[2].f_mul_scalar(0xCD9E_8D57i64)?;
        let upper = |product: &Tensor| product.f_bitwise_right_shift_tensor_scalar(32i64)?.f_bitwise_and(WORD);
        let key = |half: usize| column(keys.iter().map(|key| i64::from(key[half])).collect());
        counter = [
            upper(&second)?.f_bitwise_xor_tensor(&counter[1])?.f_bitwise_xor_tensor(&key(0)?)?,
            second.f_bitwise_and(WORD)?,
            upper(&first)?.f_bitwise_xor_tensor(&counter[3])?.f_bitwise_xor_tensor(&key(1)?)?,
            first.f_bitwise_and(WORD)?,
        ];
        for key in &mut keys {
            *key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
        }
    }
    let words = Tensor::f_stack(&Tensor::f_broadcast_tensors(&counter)?, 2)?;
    let words = words.f_view([draws.len() as i64, -1])?.f_narrow(1, 0, vocabulary)?;
    let uniform = words.f_to_kind(Kind::Double)?.f_add_scalar(0.5)?.f_div_scalar(4_294_967_296.0)?;
    Ok(uniform.f_log()?.f_neg()?.f_log()?.f_neg()?.f_to_kind(Kind::Float)?)
}

#[cfg(test)]
mod tests {
    use primitives::{Digest, Sampling};

    use super::*;
    use crate::{Sampler, forward::answer};

    #[test]
    fn it_chooses_what_the_sampler_does() {
        let vocabulary = 1003;
        let rows: Vec<(Vec<f32>, Ask)> = (0..24u32)
            .map(|row| {
                // coarse, so that there are equals
                let logits = (0..vocabulary).map(|id: u32| ((id * 7919 + row * 104_729) % 97) as f32 / 8.0).collect();
                let sampler = Sampler::new(
                    Sampling::at([0, 1, 700, 1000, 2500][row as usize % 5]),
                    Digest::of(&row.to_le_bytes()),
                );
                (logits, Ask::Choose { sampler, position: row * 1_000_000, logprob: false })
            })
            .collect();
        let logits: Vec<f32> = rows.iter().flat_map(|(logits, _)| logits.clone()).collect();
        let logits = Tensor::from_slice(&logits).view([-1, i64::from(vocabulary)]);
        let draws = rows.iter().map(|(_, ask)| draw(ask).expect("a plain draw"));
        let chosen = tokens(&logits, draws).expect("chosen");
        let expected: Vec<_> = rows.iter().map(|(logits, ask)| answer(ask, logits)).collect();
        assert_eq!(chosen, expected);
    }

    #[test]
    fn the_noise_is_the_verifiers() {
        let seed = Digest::of(b"noise");
        let draws = [7, u32::MAX].map(|position| Draw { temperature_milli: 1, key: noise::key(&seed), position });
        let own =
            Vec::<f32>::try_from(&gumbel(&draws, 4099, Device::Cpu).expect("made").flatten(0, -1)).expect("floats");
        for (row, draw) in own.chunks_exact(4099).zip(draws) {
            for (own, expected) in row.iter().zip(noise::gumbel_row(&seed, draw.position, 4099)) {
                assert!((own - expected).abs() <= expected.abs() * f32::EPSILON, "{own} {expected}");
            }
        }
    }

    #[test]
    fn a_row_that_is_no_number_fails_alone() {
        for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let logits = Tensor::from_slice(&[1.0, poison, 0.0, 0.0, 3.0, 3.0]).view([2, 3]);
            let draws = [0, 0].map(|temperature_milli| Draw { temperature_milli, key: [0; 2], position: 0 });
            let chosen = tokens(&logits, draws.into_iter()).expect("chosen");
            assert_eq!(chosen, [Err(NotFinite), Ok(Said::Token { token: 1, logprob: None })]);
        }
    }
}
