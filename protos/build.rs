//! Compiles the `.proto` files to `OUT_DIR` in Rust alone: no `protoc`, no network, nothing generated in git.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message;

const PROTO: &str = "proto/assay/miner/v1/miner.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile([PROTO], ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("assay.miner.v1.descriptors"), files.encode_to_vec())?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
