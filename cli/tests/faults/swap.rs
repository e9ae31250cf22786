//! A model whose files change under the miner that serves it.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use model::{Backend as _, Engine};
use primitives::{Digest, Endpoint};
use tokio::process::Command;
use validator::MinerClient;

use super::{
    process::{assay, stop},
    stage::{Stage, model},
};

const WEIGHTS: &str = "model.safetensors";

/// What the miner says it serves.
async fn digest(stage: &Stage) -> Digest {
    let patience = Duration::from_secs(10);
    let client = MinerClient::new(stage.asker().key, patience);
    client.describe(Endpoint(stage.listen), patience).await.unwrap().digest
}

/// What `verify` says of an answer that the miner gives now, hidden rows included, by the model of a folder.
async fn verified(stage: &Stage, by: &Path) -> Output {
    let run =
        async |mut command: Command| command.stderr(Stdio::piped()).stdout(Stdio::piped()).output().await.unwrap();
    let mut ask = assay(stage.folder());
    ask.args(["ask", "The compiler", "--max-new", "60", "--key", "//User", "--miner", &stage.miner.to_string()]);
    ask.args(["--endpoint", &stage.listen.to_string(), "--genesis", &stage.chain.genesis().to_string()]);
    ask.args(["--receipt", "receipt.json", "--open", "4"]);
    let asked = run(ask).await;
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let mut verify = assay(stage.folder());
    verify.args(["verify", "receipt.json", "--model"]).arg(by);
    run(verify).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miner_serves_the_model_that_it_loaded_whatever_becomes_of_the_files() {
    let stage = Stage::open(&[]).await;
    let folder = stage.folder().join("model");
    fs::create_dir(&folder).unwrap();
    for name in ["config.json", "tokenizer.json", "calibration.json", WEIGHTS] {
        fs::copy(model().join(name), folder.join(name)).unwrap();
    }
    let mut child = stage.miner_process(&folder).spawn().unwrap();
    stage.miner_serves().await;
    let loaded = digest(&stage).await;
    let serves_it = async |how: &str| {
        let output = verified(&stage, &model()).await;
        assert!(output.status.success(), "{how}: {output:?}");
        assert_eq!(digest(&stage).await, loaded, "{how}");
    };
    serves_it("nothing happened").await;

    // Other weights where the old ones lie, in the same file.
    let weights = File::options().read(true).write(true).open(folder.join(WEIGHTS)).unwrap();
    let mut middle = vec![0; 1 << 20];
    weights.read_exact_at(&mut middle, 3 << 20).unwrap();
    // The last bits of each number: another model, and near enough to run.
    middle.iter_mut().step_by(2).for_each(|byte| *byte ^= 7);
    weights.write_all_at(&middle, 3 << 20).unwrap();
    serves_it("other weights were written into the file").await;
    let swapped = stage.folder().join("swapped");
    fs::create_dir(&swapped).unwrap();
    for name in ["config.json", "tokenizer.json", WEIGHTS] {
        fs::copy(folder.join(name), swapped.join(name)).unwrap();
    }
    // A file cut short, and none at all.
    weights.set_len(1 << 20).unwrap();
    serves_it("the file was cut short").await;
    fs::rename(&folder, stage.folder().join("gone")).unwrap();
    serves_it("the folder is gone").await;
    stop(&mut child).await;

    // Started again, it is what the files are: another model under another digest, or none.
    let refused = stage.miner_process(&stage.folder().join("gone")).stderr(Stdio::piped()).output().await.unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.lines().last().is_some_and(|line| line.starts_with("error: ") && line.contains(WEIGHTS)), "{said}");

    fs::rename(&swapped, &folder).unwrap();
    let other = Engine::load(&folder).unwrap().manifest().digest;
    let mut child = stage.miner_process(&folder).spawn().unwrap();
    stage.miner_serves().await;
    assert_eq!(digest(&stage).await, other);
    assert_ne!(other, loaded);
    let output = verified(&stage, &model()).await;
    assert_eq!(output.status.code(), Some(1), "the other model's answer passed for the first one's: {output:?}");
    stop(&mut child).await;
}
