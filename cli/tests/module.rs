//! `assay run` of a TorchScript module.
#![cfg(feature = "torch")]

use std::{path::Path, process::Command};

use serde_json::{Value, json};

const MODULES: &str = "model/tests/fixtures/script";

/// The exit status, what is printed and what is said.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = command.arg("run").args(arguments).current_dir(root).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn module(name: &str) -> String {
    format!("{MODULES}/{name}.pt")
}

#[test]
fn lists_in_and_out() {
    let arguments = ["--model", &module("add"), "--input", "a:f32=[1,2]", "--input", "b=[[0.5],[-1]]"];
    let (status, out, error) = run(&arguments);
    assert_eq!((status, out.as_str()), (Some(0), "output f32 [2, 2] [[1.5,2.5],[0.0,1.0]]\n"), "{error}");
    let (_, out, _) = run(&[&arguments[..], &["--json"]].concat());
    let document: Value = serde_json::from_str(&out).unwrap();
    let output = json!({ "name": "output", "dtype": "f32", "shape": [2, 2], "values": [[1.5, 2.5], [0.0, 1.0]] });
    assert_eq!((&document["model"], &document["outputs"]), (&json!("add"), &json!([output])));
}

#[test]
fn files_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.safetensors");
    let x = primitives::Tensor::new("x".into(), primitives::DataType::F32, vec![1, 3], vec![0; 12]).unwrap();
    model::write_tensors(&path, &[x]).unwrap();
    let out = folder.path().join("out.safetensors");
    let (status, _, error) =
        run(&["--model", &module("two"), "--input", &path.to_string_lossy(), "--output", &out.to_string_lossy()]);
    assert_eq!(status, Some(0), "{error}");
    let outputs = model::read_tensors(&out).unwrap();
    let shapes: Vec<(&str, &[u64])> = outputs.iter().map(|tensor| (tensor.name(), tensor.shape())).collect();
    assert_eq!(shapes, [("0", &[1, 2][..]), ("1", &[1])]);
}

#[test]
fn one_clear_line() {
    for (arguments, status, part) in [
        (&["--model", &module("refusing"), "--input", "x=[-1.0]"][..], 1, "builtins.ValueError: negative numbers"),
        (&["--model", &module("add"), "--input", "a=[1"], 2, "neither an .npy file nor lists of numbers"),
        (&["--model", "no/such.pt", "--input", "a=1"], 1, "no/such.pt"),
        (&["--model", &module("add"), "--input", "no/such.safetensors"], 1, "no/such.safetensors"),
        (&["--model", &module("add"), "--input", "a=1", "--prompt", "x"], 2, "cannot be used with"),
    ] {
        let (code, out, error) = run(arguments);
        assert_eq!((code, out.as_str()), (Some(status), ""), "{arguments:?}: {error}");
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}
