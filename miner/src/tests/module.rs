//! A TorchScript module behind the service, over the network.

use std::path::Path;

use model::{Device, Options};
use primitives::InferRequest;
use protos::{INFER, decode_tensors, receipt};
use tempfile::tempdir;

use super::*;

fn floats(name: &str, values: &[f32]) -> Tensor {
    let data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Tensor::new(name.into(), DataType::F32, vec![values.len() as u64], data).unwrap()
}

async fn served(name: &str, folder: &Path) -> Scene {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/fixtures/script").join(name);
    let module = model::Script::load(&path, Device::Cpu, Options::default()).unwrap();
    open(Config::test(folder), Arc::new(module), mpsc::unbounded_channel().1).await
}

#[tokio::test]
async fn a_module_answers_what_it_computes() {
    let folder = tempdir().unwrap();
    let mut scene = served("add.pt", folder.path()).await;
    let tensors = vec![floats("a", &[1.0, 2.0]), floats("b", &[0.5, -2.0])];
    let request = scene.sign(&Request::Infer(InferRequest { tensors }));
    let digest = envelope::digest(&request, INFER).unwrap();
    let response = within(scene.client.infer(request)).await.unwrap().into_inner();
    receipt::verify_response(&scene.binding.receiver, &digest, &response).unwrap();
    assert_eq!(decode_tensors(&response.payload).unwrap(), [floats("output", &[1.5, 0.0])]);
    // texts are not its business
    assert_eq!(scene.refusal(scene.sign(&prompt("x"))).await.reason, Reason::Unsupported);
}

#[tokio::test]
async fn an_exception_in_it_is_told_and_ends_nothing_else() {
    let folder = tempdir().unwrap();
    let mut scene = served("refusing.pt", folder.path()).await;
    let infer = |value: f32| Request::Infer(InferRequest { tensors: vec![floats("x", &[value])] });
    let (bad, good) = (scene.sign(&infer(-1.0)), scene.sign(&infer(9.0)));
    let status = within(scene.client.infer(bad)).await.unwrap_err();
    assert_eq!(Refusal::from_status(&status).unwrap().reason, Reason::BadPayload);
    assert_eq!(status.message(), "the module failed: builtins.ValueError: negative numbers");
    let response = within(scene.client.infer(good)).await.unwrap().into_inner();
    assert_eq!(decode_tensors(&response.payload).unwrap(), [floats("output", &[3.0])]);
}
