//! TorchScript modules, as PyTorch wrote them.
#![cfg(feature = "torch")]

use std::{fs, path::Path};

use assay_model::{Backend, Device, GenerateJob, ModelError, Options, Script, read_tensors};
use primitives::{DataType, Digest, GenerateRequest, Prompt, Sampling, Tensor};

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/script").join(name)
}

fn script(name: &str) -> Script {
    Script::load(&fixture(&format!("{name}.pt")), Device::Cpu, Options::default()).expect("the fixture loads")
}

fn floats(name: &str, shape: &[u64], values: &[f32]) -> Tensor {
    let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor::new(name.into(), DataType::F32, shape.to_vec(), data).expect("fits")
}

fn count(value: i64) -> Tensor {
    Tensor::new("count".into(), DataType::I64, Vec::new(), value.to_le_bytes().to_vec()).expect("fits")
}

fn values(tensor: &Tensor) -> Vec<f32> {
    assert_eq!(tensor.dtype(), DataType::F32);
    tensor.data().chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four"))).collect()
}

#[tokio::test]
async fn tensors_go_in_by_order_and_come_out_by_name() {
    for name in ["add", "traced"] {
        let module = script(name);
        assert_eq!((module.manifest().name.as_str(), module.manifest().architecture.as_str()), (name, "torchscript"));
        let inputs = vec![floats("a", &[2, 1], &[1.0, 2.0]), floats("b", &[1, 2], &[10.0, 20.0])];
        let sum = module.infer(inputs).await.expect("added");
        assert_eq!(sum, [floats("output", &[2, 2], &[11.0, 21.0, 12.0, 22.0])]);
    }
}

#[tokio::test]
async fn numbers_are_pytorchs_and_dropout_is_off() {
    let expected = read_tensors(&fixture("two.safetensors")).expect("read");
    let [zero, one, x] = expected.as_slice() else { panic!("{expected:?}") };
    let outputs = script("two").infer(vec![x.clone()]).await.expect("run");
    assert_eq!(outputs.iter().map(Tensor::name).collect::<Vec<_>>(), ["0", "1"]);
    for (own, theirs) in values(&outputs[0]).iter().zip(values(zero)) {
        assert!((own - theirs).abs() < 1e-6, "{own} {theirs}");
    }
    assert_eq!((outputs[0].shape(), &outputs[1]), (zero.shape(), one));
}

#[tokio::test]
async fn dictionaries_lists_and_layouts() {
    let outputs = script("named").infer(vec![floats("x", &[2, 2], &[1.0, 2.0, -3.0, 4.0])]).await.expect("run");
    let named = |name: &str| outputs.iter().find(|tensor| tensor.name() == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(outputs.len(), 4);
    // a view with strides comes out in order
    assert_eq!(values(named("transposed")), [1.0, -3.0, 2.0, 4.0]);
    assert_eq!((named("half").dtype(), named("half").data()), (DataType::F16, &[0, 60, 0, 64, 0, 194, 0, 68][..]));
    assert_eq!(named("rounded").dtype(), DataType::Bf16);
    assert_eq!((named("above").dtype(), named("above").data()), (DataType::Bool, &[1, 1, 0, 1][..]));
    let outputs = script("many").infer(vec![count(3)]).await.expect("run");
    assert_eq!(outputs.iter().map(Tensor::name).collect::<Vec<_>>(), ["0", "1", "2"]);
    assert_eq!((outputs[2].dtype(), outputs[2].data()), (DataType::I16, &[2, 0, 2, 0][..]));
}

#[tokio::test]
async fn every_type_and_no_numbers_at_all() {
    let module = script("echo");
    for (shape, value) in [(vec![2, 3], 1_u8), (vec![], 1), (vec![0, 4], 0), (vec![1; 8], 0)] {
        let tensor = |(index, dtype): (usize, &DataType)| {
            let bytes = dtype.bytes(&shape).expect("small");
            Tensor::new(index.to_string(), *dtype, shape.clone(), vec![value; bytes]).expect("fits")
        };
        let inputs: Vec<Tensor> = DataType::ALL.iter().enumerate().map(tensor).collect();
        assert_eq!(module.infer(inputs.clone()).await.expect("run"), inputs);
    }
}

#[tokio::test]
async fn an_exception_ends_its_request_alone() {
    let module = script("refusing");
    let good = || module.infer(vec![floats("x", &[1], &[4.0])]);
    let reason = |result: Result<Vec<Tensor>, ModelError>| match result {
        Err(ModelError::Script { reason }) => reason,
        other => panic!("{other:?}"),
    };
    let told = reason(module.infer(vec![floats("x", &[1], &[-1.0])]).await);
    assert_eq!(told, "builtins.ValueError: negative numbers");
    assert_eq!(values(&good().await.expect("run")[0]), [2.0]);
    // too few, too many, of a type that it can't take
    assert!(reason(module.infer(Vec::new()).await).contains("missing value for argument 'x'"));
    let two = vec![floats("x", &[1], &[1.0]), floats("y", &[1], &[1.0])];
    assert!(reason(module.infer(two).await).contains("at most 2 argument(s)"));
    let add = script("add");
    let told = reason(add.infer(vec![floats("a", &[2], &[1.0; 2]), floats("b", &[3], &[1.0; 3])]).await);
    assert!(told.starts_with("RuntimeError: The size of tensor a (2) must match"), "{told}");
    assert_eq!(values(&good().await.expect("run")[0]), [2.0]);
}

#[tokio::test]
async fn what_is_no_tensor_or_too_much_is_said() {
    let error = script("plain").infer(vec![floats("x", &[1], &[1.0])]).await.expect_err("refused");
    assert!(error.to_string().starts_with("the module returned a plain number; tensors"), "{error}");
    let error = script("many").infer(vec![count(65)]).await.expect_err("refused");
    assert!(matches!(error, ModelError::OutputTooLarge { tensors: 65, .. }), "{error}");
    let large = script("large");
    let error = large.infer(vec![count((4 << 20) + 1)]).await.expect_err("refused");
    assert!(matches!(error, ModelError::OutputTooLarge { bytes: 4_194_305, .. }), "{error}");
    // libtorch itself can't make this one
    assert!(matches!(large.infer(vec![count(1 << 60)]).await, Err(ModelError::Script { .. })));
    assert_eq!(large.infer(vec![count(4 << 20)]).await.expect("run")[0].shape(), [4 << 20]);
}

#[tokio::test]
async fn a_module_takes_no_texts() {
    let module = script("add");
    let request = GenerateRequest::new(Prompt::Text("x".into()), 1, Sampling::GREEDY);
    let refused = module.generate(GenerateJob::new(request, Digest::of(b""))).await;
    assert!(matches!(refused, Err(ModelError::Unsupported { what: "generate text", .. })));
    let refused = module.embed(vec!["x".into()]).await;
    assert!(matches!(refused, Err(ModelError::Unsupported { what: "embed texts", .. })));
}

#[test]
fn files_that_are_no_modules() {
    let load = |path: &Path| Script::load(path, Device::Cpu, Options::default()).expect_err("refused");
    let missing = load(&fixture("missing.pt"));
    assert!(matches!(&missing, ModelError::Read { path, .. } if path.ends_with("missing.pt")), "{missing}");
    let folder = tempfile::tempdir().expect("a folder");
    let whole = fs::read(fixture("add.pt")).expect("there");
    for bytes in [&b""[..], b"nonsense", &whole[..500], &[0xff; 4096]] {
        let path = folder.path().join("bad.pt");
        fs::write(&path, bytes).expect("written");
        let error = load(&path);
        assert!(matches!(error, ModelError::ScriptFile { .. }), "{error}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("{} is no TorchScript module", path.display())), "{text}");
        assert!(!text.contains('\n') && text.len() < 500, "{text}");
    }
    let error = Script::load(&fixture("add.pt"), Device::Cuda(200), Options::default()).expect_err("refused");
    assert!(matches!(error, ModelError::DeviceUnavailable { .. }), "{error}");
}

#[test]
fn the_manifest_is_of_the_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("other.pt");
    fs::copy(fixture("add.pt"), &copy).expect("copied");
    let digest = |path: &Path| {
        let module = Script::load(path, Device::Cpu, Options::default()).expect("loads");
        module.manifest().files[0].digest
    };
    assert_eq!(digest(&copy), digest(&fixture("add.pt")));
    assert_ne!(digest(&fixture("traced.pt")), digest(&fixture("add.pt")));
}
