//! The model that the settings name.

use model::OpenAi;

use crate::{
    doctor::{Finding, Role},
    settings::{BackendName, ModelSettings},
};

const NAME: &str = "model";
#[cfg(feature = "torch")]
const ENCODER: &str = "encoder";
const CALIBRATION: &str = "calibration";

/// Whether its files are there and whole, or its server answers.
pub async fn look(settings: &ModelSettings, role: Option<Role>) -> Vec<Finding> {
    match settings.backend {
        BackendName::Torch => files(settings, role),
        BackendName::OpenAi if role == Some(Role::Validator) => vec![Finding::failed(
            NAME,
            "model.backend is \"openai\", and a validator checks with its own model",
            "set model.backend to \"torch\" and model.path to the subnet's model",
        )],
        BackendName::OpenAi => vec![match OpenAi::connect(settings.openai.clone()).await {
            Ok(server) => {
                let manifest = model::Backend::manifest(&server);
                Finding::ok(NAME, format!("{} at {}", manifest.name, settings.openai.url))
            }
            Err(error) => {
                let fix = "start the server, and let model.openai.url and model.openai.model name it";
                Finding::of_error(NAME, &error.into(), fix)
            }
        }],
    }
}

#[cfg(feature = "torch")]
fn files(settings: &ModelSettings, role: Option<Role>) -> Vec<Finding> {
    use std::{fs::File, path::Path};

    use model::{Engine, Script};

    let readable = |name, path: &Path| match File::open(path) {
        Ok(_) => Finding::ok(name, path.display().to_string()),
        Err(error) => {
            let error = anyhow::Error::new(error).context(format!("{} can't be read", path.display()));
            Finding::of_error(name, &error, "name one with --model, and an encoder with --encoder")
        }
    };
    let mut findings = Vec::new();
    if Script::is_file(&settings.path) {
        findings.push(readable(NAME, &settings.path));
    } else {
        match Engine::identify(&settings.path, crate::loading::progress()) {
            Ok(manifest) => {
                let found = format!(
                    "{} in {}: {}, {} files, digest {}",
                    manifest.name,
                    settings.path.display(),
                    manifest.architecture,
                    manifest.files.len(),
                    manifest.digest
                );
                findings.push(Finding::ok(NAME, found));
                findings.push(match manifest.calibration {
                    Some(digest) => Finding::ok(CALIBRATION, digest.to_string()),
                    None if role == Some(Role::Validator) => Finding::warning(
                        CALIBRATION,
                        "none: tokens alone are judged, and who runs a rounded copy may be paid",
                        "get the subnet owner's calibration.json into the model's folder, or measure one with assay calibrate",
                    ),
                    None => Finding::ok(CALIBRATION, "none in the model's folder; validators use their own"),
                });
            }
            Err(error) => {
                let fix = "put all files of the checkpoint there; docs/checkpoints.md says which are read";
                findings.push(Finding::of_error(NAME, &error.into(), fix));
            }
        }
    }
    if let Some(path) = &settings.encoder_path {
        findings.push(readable(ENCODER, &path.join("config.json")));
    }
    findings
}

#[cfg(not(feature = "torch"))]
fn files(settings: &ModelSettings, _: Option<Role>) -> Vec<Finding> {
    let _ = CALIBRATION;
    let found = format!("{} needs libtorch, and this program was built without", settings.path.display());
    vec![Finding::failed(NAME, found, "set model.backend to \"openai\", or take a build with libtorch")]
}

#[cfg(all(test, feature = "torch"))]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::doctor::State;

    fn settings(path: &Path) -> ModelSettings {
        ModelSettings { path: path.to_owned(), ..ModelSettings::default() }
    }

    async fn states(settings: &ModelSettings, role: Option<Role>) -> Vec<(&'static str, State)> {
        look(settings, role).await.iter().map(|finding| (finding.name, finding.state)).collect()
    }

    #[tokio::test]
    async fn a_checkpoint_is_whole_or_not() {
        let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
        let miner = states(&settings(&tiny), Some(Role::Miner)).await;
        assert_eq!(miner, [(NAME, State::Ok), (CALIBRATION, State::Ok)]);

        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(&tiny).unwrap().map(Result::unwrap) {
            if entry.file_name() != "calibration.json" && entry.path().is_file() {
                fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
            }
        }
        let mut copy = settings(folder.path());
        assert_eq!(states(&copy, Some(Role::Validator)).await, [(NAME, State::Ok), (CALIBRATION, State::Warning)]);
        copy.encoder_path = Some(folder.path().join("absent"));
        assert_eq!(states(&copy, Some(Role::Miner)).await[2], (ENCODER, State::Failed));
        fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
        assert_eq!(states(&copy, None).await[0], (NAME, State::Failed));
        assert_eq!(states(&settings(Path::new("no/such.pt")), None).await, [(NAME, State::Failed)]);
    }

    #[tokio::test]
    async fn a_server_must_answer_and_a_validator_has_its_own() {
        let mut other = ModelSettings { backend: BackendName::OpenAi, ..ModelSettings::default() };
        other.openai.url = "http://127.0.0.1:1".into();
        assert_eq!(states(&other, Some(Role::Miner)).await, [(NAME, State::Failed)]);
        assert_eq!(states(&other, Some(Role::Validator)).await, [(NAME, State::Failed)]);
    }
}
