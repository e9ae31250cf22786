//! `assay run` of a sentence encoder: texts in, unit vectors out.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use serde_json::json;

use crate::{loading, settings::ModelSettings};

/// Run it once.
pub async fn run(texts: Vec<String>, json: bool, settings: ModelSettings) -> anyhow::Result<ExitCode> {
    let settings = ModelSettings { encoder_path: Some(settings.path.clone()), ..settings };
    let encoder = loading::encoder(&settings)?.context("no encoder is named")?;
    let embeddings = encoder.embed(texts).await?;
    let mut out = io::stdout().lock();
    if json {
        let manifest = encoder.manifest();
        let document = json!({ "model": manifest.name, "model_digest": manifest.digest, "embeddings": embeddings });
        serde_json::to_writer_pretty(&mut out, &document)?;
        writeln!(out)?;
    } else {
        for embedding in embeddings {
            writeln!(out, "{}", serde_json::to_string(&embedding)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
