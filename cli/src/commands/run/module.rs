//! `assay run` of a TorchScript module: tensors in, tensors out.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use model::{Backend as _, read_tensors, tensor_from_json, tensor_to_json, write_tensors};
use primitives::{DataType, Tensor};
use serde_json::{Value, json};

use crate::{failure::Usage, loading, settings::ModelSettings};

/// Outputs with more numbers are printed without them.
const MAX_PRINTED: usize = 4_096;

/// What a module is run on.
#[derive(Debug, clap::Args)]
pub struct ModuleArgs {
    /// A TorchScript module's arguments, in order: FILE.safetensors (sorted by name), FILE.npy, NAME=FILE.npy, or a small
    /// one as NAME=[[1,2],[3,4]] or NAME:f32=[1,2]
    #[arg(long, value_name = "TENSORS", conflicts_with_all = ["prompt", "token_ids"])]
    pub input: Vec<String>,
    /// Write what the module returns to this .safetensors file
    #[arg(long, value_name = "FILE", requires = "input")]
    pub output: Option<PathBuf>,
}

/// Run it once.
pub async fn run(args: &ModuleArgs, json: bool, settings: &ModelSettings) -> anyhow::Result<ExitCode> {
    let mut inputs = Vec::new();
    for input in &args.input {
        inputs.extend(tensors(input)?);
    }
    let module = loading::script(settings)?;
    let outputs = module.infer(inputs).await?;
    if let Some(path) = &args.output {
        write_tensors(path, &outputs)?;
    }
    let mut out = io::stdout().lock();
    if json {
        let manifest = module.manifest();
        let document = json!({
            "model": manifest.name,
            "model_digest": manifest.digest,
            "outputs": outputs.iter().map(described).collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut out, &document)?;
        writeln!(out)?;
        return Ok(ExitCode::SUCCESS);
    }
    for tensor in &outputs {
        write!(out, "{} {} {:?}", tensor.name(), tensor.dtype(), tensor.shape())?;
        match values(tensor) {
            Some(values) => writeln!(out, " {values}")?,
            None => writeln!(out)?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn described(tensor: &Tensor) -> Value {
    json!({
        "name": tensor.name(),
        "dtype": tensor.dtype(),
        "shape": tensor.shape(),
        "values": values(tensor),
    })
}

fn values(tensor: &Tensor) -> Option<Value> {
    (tensor.data().len() / tensor.dtype().size() <= MAX_PRINTED).then(|| tensor_to_json(tensor))
}

/// The tensors that an argument names.
fn tensors(argument: &str) -> anyhow::Result<Vec<Tensor>> {
    let Some((name, value)) = argument.split_once('=') else {
        return Ok(read_tensors(Path::new(argument))?);
    };
    if value.ends_with(".npy") {
        let renamed = |tensor: Tensor| {
            let (_, dtype, shape, data) = tensor.into_parts();
            Tensor::new(name.to_owned(), dtype, shape, data)
        };
        return Ok(read_tensors(Path::new(value))?.into_iter().map(renamed).collect::<Result<_, _>>()?);
    }
    let usage = |what: &str| Usage(format!("--input {argument}: {what}"));
    let (name, dtype) = match name.rsplit_once(':') {
        Some((name, dtype)) => {
            let known = DataType::ALL.into_iter().find(|known| known.name() == dtype);
            (name, Some(known.ok_or_else(|| usage("there is no such type"))?))
        }
        None => (name, None),
    };
    let lists: Value = serde_json::from_str(value).map_err(|_| usage("neither an .npy file nor lists of numbers"))?;
    Ok(vec![tensor_from_json(name, dtype, &lists).with_context(|| format!("--input {argument}"))?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_tensors() {
        let one = |argument: &str| tensors(argument).map(|mut tensors| tensors.remove(0));
        let tensor = one("x:f32=[[1,2]]").expect("a tensor");
        assert_eq!((tensor.name(), tensor.dtype(), tensor.shape()), ("x", DataType::F32, &[1, 2][..]));
        assert_eq!(one("x=3").expect("a tensor").dtype(), DataType::I64);
        for wrong in ["x:f31=[1]", "x=[1", "x=file.txt", "x", "x=[[1],2]", "missing.npy", "x=missing.npy"] {
            assert!(one(wrong).is_err(), "{wrong}");
        }
    }
}
