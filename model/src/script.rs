//! A TorchScript module on a thread of its own: tensors in, tensors out.

use std::{fs, path::Path};

use async_trait::async_trait;
use primitives::{DataType, Digest, ProofKind, Tensor};
use tch::{CModule, IValue, Kind, TchError};
use tokio::sync::{mpsc, oneshot};

use crate::{
    Backend, Device, FileDigest, GenerateJob, Manifest, ModelError, Options, TokenStream, containment::contain,
    engine::spawn_loaded, libtorch, manifest,
};

/// Jobs that wait for the thread. Beyond that, callers wait.
const QUEUE: usize = 64;
/// The file of a module.
const MAX_FILE_BYTES: u64 = 64 << 30;
/// What a module may return for one request: what a response has room for.
const MAX_OUTPUT_BYTES: usize = 4 << 20;
const MAX_OUTPUTS: usize = 64;
/// Values within values.
const MAX_DEPTH: usize = 8;
/// What a client is told of a module's exception.
const MAX_REASON_CHARS: usize = 200;

/// A loaded module. It is called with the request's tensors in their order, on the device, without gradients, in
/// evaluation mode. An exception in it ends its request alone.
#[derive(Debug)]
pub struct Script {
    manifest: Manifest,
    jobs: mpsc::Sender<Job>,
}

struct Job {
    tensors: Vec<Tensor>,
    answer: oneshot::Sender<Result<Vec<Tensor>, ModelError>>,
}

impl Script {
    /// Whether a path names a module rather than a folder.
    pub fn is_file(path: &Path) -> bool {
        path.is_file() || path.extension().is_some_and(|extension| extension == "pt")
    }

    /// Loads what `torch.jit.save` wrote. Blocks until it is done.
    pub fn load(path: &Path, device: Device, options: Options) -> Result<Self, ModelError> {
        let path = path.to_owned();
        let (jobs, queue) = mpsc::channel(QUEUE);
        let manifest = spawn_loaded("script", move |loaded| {
            options.apply();
            let _no_grad = tch::no_grad_guard();
            match contain(|| read(&path, device)) {
                Ok((module, manifest, device)) => {
                    let _ = loaded.send(Ok(manifest));
                    run(&module, device, queue);
                }
                Err(error) => drop(loaded.send(Err(error))),
            }
        })?;
        tracing::info!(model = manifest.name, digest = %manifest.digest, %device, "module loaded");
        Ok(Self { manifest, jobs })
    }
}

#[async_trait]
impl Backend for Script {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn generate(&self, _: GenerateJob) -> Result<TokenStream, ModelError> {
        Err(ModelError::Unsupported { model: self.manifest.name.clone(), what: "generate text" })
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        Err(ModelError::Unsupported { model: self.manifest.name.clone(), what: "embed texts" })
    }

    async fn infer(&self, tensors: Vec<Tensor>) -> Result<Vec<Tensor>, ModelError> {
        let (answer, outputs) = oneshot::channel();
        self.jobs.send(Job { tensors, answer }).await.map_err(|_| ModelError::Stopped)?;
        outputs.await.map_err(|_| ModelError::Stopped)?
    }
}

fn read(path: &Path, device: Device) -> Result<(CModule, Manifest, tch::Device), ModelError> {
    let device = libtorch::open(device)?;
    let failed = |source| ModelError::Read { path: path.to_owned(), source };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(ModelError::TooLarge { path: path.to_owned(), bytes, limit: MAX_FILE_BYTES });
    }
    // read once: what is hashed is what is loaded
    let bytes = fs::read(path).map_err(failed)?;
    let mut module = CModule::load_data_on_device(&mut bytes.as_slice(), device)
        .map_err(|error| ModelError::ScriptFile { path: path.to_owned(), reason: reason(&error) })?;
    module.f_set_eval()?;
    let named = |part: Option<&std::ffi::OsStr>| part.unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let mut files = vec![FileDigest { name: named(path.file_name()), digest: Digest::of(&bytes) }];
    let manifest = Manifest {
        name: named(path.file_stem()),
        architecture: "torchscript".to_owned(),
        digest: manifest::digest(&mut files),
        files,
        vocab_size: 0,
        max_context: 0,
        end_tokens: Vec::new(),
        proof: ProofKind::None,
        calibration: None,
    };
    Ok((module, manifest, device))
}

fn run(module: &CModule, device: tch::Device, mut queue: mpsc::Receiver<Job>) {
    while let Some(Job { tensors, answer }) = queue.blocking_recv() {
        if !answer.is_closed() {
            let _ = answer.send(contain(|| call(module, device, &tensors)));
        }
    }
}

fn call(module: &CModule, device: tch::Device, tensors: &[Tensor]) -> Result<Vec<Tensor>, ModelError> {
    let mut inputs = Vec::with_capacity(tensors.len());
    for tensor in tensors {
        // a shape that fits its data has dimensions that fit
        let shape: Vec<i64> = tensor.shape().iter().map(|n| *n as i64).collect();
        let input = tch::Tensor::f_from_data_size(tensor.data(), &shape, kind(tensor.dtype()))?;
        inputs.push(IValue::Tensor(input.f_to_device(device)?));
    }
    let output = module.forward_is(&inputs).map_err(|error| ModelError::Script { reason: reason(&error) })?;
    let mut found = Vec::new();
    flatten(output, String::new(), 0, &mut found)?;
    let bytes = found.iter().try_fold(0_usize, |bytes, (_, tensor)| -> Result<usize, ModelError> {
        Ok(bytes.saturating_add(tensor.numel().saturating_mul(tensor.f_kind()?.elt_size_in_bytes())))
    })?;
    if bytes > MAX_OUTPUT_BYTES || found.len() > MAX_OUTPUTS {
        return Err(ModelError::OutputTooLarge { tensors: found.len(), bytes, limit: MAX_OUTPUT_BYTES });
    }
    found.into_iter().map(|(name, tensor)| take(name, &tensor)).collect()
}

/// The tensors of an output, each named by where it was: `output`, `0.1`, `logits`.
fn flatten(
    value: IValue,
    name: String,
    depth: usize,
    found: &mut Vec<(String, tch::Tensor)>,
) -> Result<(), ModelError> {
    let other = |found: &str| Err(ModelError::ScriptOutput { found: found.to_owned() });
    if depth > MAX_DEPTH {
        return other("values nested too deep");
    }
    let within = |part: &str| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
    match value {
        IValue::Tensor(tensor) => found.push((if name.is_empty() { "output".to_owned() } else { name }, tensor)),
        IValue::TensorList(tensors) => {
            found.extend(tensors.into_iter().enumerate().map(|(index, tensor)| (within(&index.to_string()), tensor)));
        }
        IValue::Tuple(values) | IValue::GenericList(values) => {
            for (index, value) in values.into_iter().enumerate() {
                flatten(value, within(&index.to_string()), depth + 1, found)?;
            }
        }
        IValue::GenericDict(pairs) => {
            for (key, value) in pairs {
                let part = match key {
                    IValue::String(key) => key,
                    IValue::Int(key) => key.to_string(),
                    _ => return other("a dictionary whose keys are neither texts nor integers"),
                };
                flatten(value, within(&part), depth + 1, found)?;
            }
        }
        IValue::None => return other("None"),
        IValue::Double(_) | IValue::Int(_) | IValue::Bool(_) => return other("a plain number"),
        IValue::IntList(_) | IValue::DoubleList(_) | IValue::BoolList(_) => return other("a list of plain numbers"),
        IValue::String(_) | IValue::StringList(_) => return other("text"),
        _ => return other("an object"),
    }
    Ok(())
}

/// A tensor's numbers, from whatever device and layout.
fn take(name: String, tensor: &tch::Tensor) -> Result<Tensor, ModelError> {
    let kind = tensor.f_kind()?;
    let Some(dtype) = DataType::ALL.into_iter().find(|dtype| self::kind(*dtype) == kind) else {
        return Err(ModelError::ScriptOutput { found: format!("a tensor of type {kind:?}") });
    };
    let shape = tensor.size().iter().map(|n| *n as u64).collect();
    let tensor = tensor.f_to_device(tch::Device::Cpu)?.f_contiguous()?;
    let mut data = vec![0; tensor.numel() * dtype.size()];
    tensor.f_copy_data_u8(&mut data, tensor.numel())?;
    Ok(Tensor::new(name, dtype, shape, data)?)
}

fn kind(dtype: DataType) -> Kind {
    match dtype {
        DataType::F32 => Kind::Float,
        DataType::F64 => Kind::Double,
        DataType::F16 => Kind::Half,
        DataType::Bf16 => Kind::BFloat16,
        DataType::I64 => Kind::Int64,
        DataType::I32 => Kind::Int,
        DataType::I16 => Kind::Int16,
        DataType::I8 => Kind::Int8,
        DataType::U8 => Kind::Uint8,
        DataType::Bool => Kind::Bool,
    }
}

/// What an exception says, in one line. The interpreter puts a traceback before it, which names files of the machine
/// on which the module was made.
fn reason(error: &TchError) -> String {
    let text = match error {
        TchError::Torch(text) => text.clone(),
        other => other.to_string(),
    };
    let told = if text.contains("TorchScript interpreter") {
        let exception = |line: &&str| {
            line.split_once(": ").is_some_and(|(kind, _)| {
                !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
            })
        };
        text.lines().find(exception).or_else(|| text.lines().next_back())
    } else {
        text.lines().find(|line| !line.trim().is_empty())
    };
    told.unwrap_or("no reason given").trim().chars().take(MAX_REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_the_exceptions_own_line() {
        let traced = "The following operation failed in the TorchScript interpreter.\n\
                      Traceback of TorchScript, serialized code (most recent call last):\n  \
                      File \"code/__torch__/secret.py\", line 4, in forward\n    raise AssertionError\n    ~~~ <--- HERE\n\
                      RuntimeError: shapes differ\nsecond line\n";
        assert_eq!(reason(&TchError::Torch(traced.to_owned())), "RuntimeError: shapes differ");
        assert_eq!(reason(&TchError::Torch("\nexpected 2 arguments\nat x".to_owned())), "expected 2 arguments");
        assert_eq!(reason(&TchError::Torch("x".repeat(5_000))).len(), MAX_REASON_CHARS);
    }
}
