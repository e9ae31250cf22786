//! Loads a model folder and says how fast it is: `cargo run -p assay-model --example speed -- models/tiny [cpu]`.

use std::time::Instant;

use anyhow::Context;
use assay_model::{Backend, Device, Engine, GenerateJob};
use primitives::{Digest, GenerateRequest, Prompt, Sampling};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().context("which model folder?")?;
    let device: Device = args.next().as_deref().unwrap_or("cpu").parse()?;
    let start = Instant::now();
    let engine = Engine::load(folder.as_ref(), device)?;
    println!("loaded in {:.0?}", start.elapsed());
    for (max_new_tokens, temperature_milli) in [(16, 1000), (200, 0), (200, 700), (200, 1000)] {
        let prompt = Prompt::Text("When you call a function,".to_owned());
        let request = GenerateRequest::new(prompt, max_new_tokens, Sampling::at(temperature_milli));
        let seed = Digest::of(b"speed");
        let start = Instant::now();
        let answer = engine.generate(GenerateJob::new(request.clone(), seed)).await?.collect().await?;
        let made = start.elapsed();
        let start = Instant::now();
        engine.check(&request, seed, &answer.tokens).await?;
        let (count, checked) = (answer.tokens.len(), start.elapsed());
        let rate = count as f64 / made.as_secs_f64();
        println!("temperature {temperature_milli}: {count} tokens, {rate:.0} a second, checked in {checked:.0?}");
        println!("{}\n", answer.text);
    }
    Ok(())
}
