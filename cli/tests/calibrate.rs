//! `assay calibrate` on the model of the repository, and on one that nobody can tell from a rounded copy of it.
#![cfg(feature = "torch")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use model::{Alteration, Backend as _, CALIBRATION_FILE, Engine, ModelError, write_altered};

fn model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny").canonicalize().unwrap()
}

fn calibrate(model: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assay"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ASSAY__")) {
        command.env_remove(name);
    }
    command.arg("calibrate").arg(model).args(["--key", "//Alice", "--answers", "20", "--forgeries", "100"]);
    command.args(["--tokens", "48"]).args(more).stdin(Stdio::null()).output().unwrap()
}

fn copy(to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        fs::copy(model().join(file), to.join(file)).unwrap();
    }
}

#[test]
fn a_calibration_is_issued_loaded_and_guarded() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("model");
    copy(&folder);
    // What lies there already is of no interest.
    fs::write(folder.join(CALIBRATION_FILE), "of something else").unwrap();
    let picture = scratch.path().join("picture.svg");
    let output = calibrate(&folder, &["--picture", &picture.display().to_string()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let table = String::from_utf8(output.stdout).unwrap();
    for kind in ["honest, one at a time", "int4 weights", "forger, by guessing", "cached answer", "another model"] {
        assert!(table.contains(kind), "{table}");
    }
    let svg = fs::read_to_string(&picture).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("greedy") && svg.trim_end().ends_with("</svg>"));

    let engine = Engine::load(&folder).unwrap();
    let rules = engine.proof_rules().expect("rules");
    assert_eq!(engine.manifest().calibration, Some(rules.calibration));
    assert_eq!(rules.model, engine.manifest().digest);

    // Whoever moves a threshold has to sign for it.
    let path = folder.join(CALIBRATION_FILE);
    let text = fs::read_to_string(&path).unwrap();
    let opening = format!("\"opening_ppm\": {}", rules.thresholds.opening_ppm);
    let loosened = text.replacen(&opening, "\"opening_ppm\": 999998", 1);
    assert_ne!(loosened, text);
    for other in [loosened.as_bytes(), b"{}", &vec![b' '; 2 << 20]] {
        fs::write(&path, other).unwrap();
        let refused = Engine::load(&folder).map(|engine| engine.manifest().name.clone());
        assert!(matches!(refused, Err(ModelError::Calibration { .. })), "{refused:?}");
    }
    // And a calibration is of one model.
    let rounded = scratch.path().join("int8");
    write_altered(&folder, &rounded, Alteration::Int8).unwrap();
    fs::write(rounded.join(CALIBRATION_FILE), text).unwrap();
    let refused = Engine::load(&rounded).map(|engine| engine.manifest().name.clone());
    assert!(matches!(refused, Err(ModelError::Calibration { .. })), "{refused:?}");
}

/// Rounded once, it is what a cheat would make of it.
#[test]
fn no_thresholds_are_issued_that_int4_would_pass() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("int4");
    write_altered(&model(), &folder, Alteration::Int4).unwrap();
    let output = calibrate(&folder, &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no thresholds are issued") && said.contains("int4"), "{said}");
    assert!(!folder.join(CALIBRATION_FILE).exists());
    // The table is there to see why.
    assert!(String::from_utf8_lossy(&output.stdout).contains("int4 weights"));

    for (wrong, status) in [(&["--answers", "3"][..], 2), (&["--out", "absent/calibration.json"], 1)] {
        let output = Command::new(env!("CARGO_BIN_EXE_assay"))
            .arg("calibrate")
            .arg(&folder)
            .args(["--key", "//Alice"])
            .args(wrong)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
