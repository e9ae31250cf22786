//! Emission and weight quantisation against the chain's own numbers.

use assay_scoring::{emission, quantise::max_upscale_u16};
use serde::Deserialize;

#[derive(Deserialize)]
struct Upscale {
    input: Vec<u16>,
    output: Vec<u16>,
}

#[test]
fn rows_are_upscaled_as_the_chain_does() {
    let vectors: Vec<Upscale> = serde_json::from_str(include_str!("fixtures/max_upscale_u16.json")).unwrap();
    assert!(vectors.len() > 20);
    for vector in vectors {
        assert_eq!(max_upscale_u16(&vector.input), vector.output, "{:?}", vector.input);
    }
}

#[derive(Deserialize)]
struct Emission {
    block_emission_for_issuance: Vec<(u64, u64)>,
    split: Vec<SplitVector>,
}

#[derive(Deserialize)]
struct SplitVector {
    alpha_issuance: u64,
    alpha_out: u64,
    owner_cut: u64,
    owner_cut_enabled: bool,
    pending_server: u64,
    pending_validator: u64,
    root_alpha: u64,
    root_tao: u64,
    tao_weight: f64,
}

#[test]
fn emission_halves_and_splits_as_the_chain_does() {
    let vectors: Emission = serde_json::from_str(include_str!("fixtures/emission.json")).unwrap();
    for (issuance, emitted) in vectors.block_emission_for_issuance {
        assert_eq!(emission::block_emission(issuance), emitted, "at {issuance}");
    }
    for vector in vectors.split {
        let split = emission::split(&emission::SplitInput {
            alpha_out: vector.alpha_out,
            owner_cut: vector.owner_cut_enabled.then_some(11_796),
            root_tao: vector.root_tao,
            tao_weight: libm::scalbn(vector.tao_weight, 64) as u64,
            alpha_issuance: vector.alpha_issuance,
        });
        let expected = emission::Split {
            owner_cut: vector.owner_cut,
            server: vector.pending_server,
            validator: vector.pending_validator,
            root: vector.root_alpha,
        };
        assert_eq!(split, expected);
    }
}

#[test]
fn extremes_do_not_overflow() {
    let max = emission::SplitInput {
        alpha_out: u64::MAX,
        owner_cut: Some(u16::MAX),
        root_tao: u64::MAX,
        tao_weight: u64::MAX,
        alpha_issuance: u64::MAX,
    };
    assert_eq!(emission::split(&max).server, 0);
    let split = emission::split(&emission::SplitInput { owner_cut: None, ..max });
    assert!(split.server >= u64::MAX / 2);
    assert_eq!(emission::block_emission(u64::MAX), 0);
}
