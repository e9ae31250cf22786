//! Who plays in the demo: honest miners at different speeds, and three ways to cheat that every subnet has met.
//!
//! A cheat is a [`Backend`] like any other: it serves over the real miner, with the real signatures, and differs only
//! in where its tokens come from.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use futures::StreamExt as _;
use model::{Backend, Chunk, Engine, GenerateJob, Manifest, ModelError, TokenStream};
use serde::Serialize;
use tokio::sync::{OnceCell, mpsc};

/// What a miner does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the model, as fast as it can.
    Fast,
    /// Runs the model on slower hardware.
    Medium,
    /// Runs the model on hardware slower still.
    Slow,
    /// Answers with a smaller model than the one it names.
    OtherModel,
    /// Computes one answer and serves it for ever.
    Cacher,
    /// Takes requests and never answers.
    Silent,
}

impl Role {
    /// The roles of `count` miners: the six in turn.
    pub fn cast(count: usize) -> impl Iterator<Item = Self> {
        [Self::Fast, Self::Medium, Self::Slow, Self::OtherModel, Self::Cacher, Self::Silent]
            .into_iter()
            .cycle()
            .take(count)
    }

    /// Whether this miner does what it is paid for.
    pub fn is_honest(self) -> bool {
        matches!(self, Self::Fast | Self::Medium | Self::Slow)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fast => "honest, fast",
            Self::Medium => "honest, medium",
            Self::Slow => "honest, slow",
            Self::OtherModel => "other model",
            Self::Cacher => "cached answer",
            Self::Silent => "silent",
        })
    }
}

/// Makes the backends of the cast out of one loaded model.
pub struct Troupe {
    engine: Arc<Engine>,
    smaller: Arc<Engine>,
}

impl Troupe {
    /// Take the true model, and load the smaller one that the swapper uses: the same weights without the last layers,
    /// written under `folder`.
    pub fn new(engine: Arc<Engine>, model: &Path, folder: &Path) -> anyhow::Result<Self> {
        let smaller = shallower(model, &folder.join("smaller-model"))?;
        let smaller = Arc::new(Engine::load(&smaller).context("loading the smaller model")?);
        Ok(Self { engine, smaller })
    }

    /// The backend of a role.
    pub fn backend(&self, role: Role) -> Arc<dyn Backend> {
        let engine = self.engine.clone();
        match role {
            Role::Fast => engine,
            Role::Medium => Arc::new(Paced { engine, per_token: Duration::from_millis(8) }),
            Role::Slow => Arc::new(Paced { engine, per_token: Duration::from_millis(25) }),
            Role::OtherModel => Arc::new(OtherModel { claimed: engine, actual: self.smaller.clone() }),
            Role::Cacher => Arc::new(Cacher { engine, answer: OnceCell::new() }),
            Role::Silent => Arc::new(Silent { engine }),
        }
    }
}

/// Copy a model folder with two layers fewer: the weights of the others are kept, as in any pruned model.
fn shallower(model: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    for file in ["model.safetensors", "tokenizer.json"] {
        std::fs::copy(model.join(file), folder.join(file))
            .with_context(|| format!("copying {} to {}", model.join(file).display(), folder.display()))?;
    }
    let path = model.join("config.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut config: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("parsing {}", path.display()))?;
    let layers = config["num_hidden_layers"].as_u64().context("config.json has no num_hidden_layers")?;
    anyhow::ensure!(layers > 2, "{} has {layers} layers: too few to make a smaller model of it", path.display());
    config["num_hidden_layers"] = (layers - 2).into();
    std::fs::write(folder.join("config.json"), serde_json::to_vec_pretty(&config)?)?;
    Ok(folder.to_owned())
}

/// The true model behind slower hardware.
struct Paced {
    engine: Arc<Engine>,
    per_token: Duration,
}

#[async_trait]
impl Backend for Paced {
    fn manifest(&self) -> &Manifest {
        self.engine.manifest()
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let mut source = self.engine.generate(job).await?;
        let (sender, receiver) = mpsc::channel(4);
        let per_token = self.per_token;
        tokio::spawn(async move {
            while let Some(chunk) = source.next().await {
                if let Ok(Chunk::Tokens { ids, .. }) = &chunk {
                    tokio::time::sleep(per_token * ids.len() as u32).await;
                }
                if sender.send(chunk).await.is_err() {
                    break;
                }
            }
        });
        Ok(TokenStream::new(receiver))
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        self.engine.embed(texts).await
    }
}

/// Names one model and runs another.
struct OtherModel {
    claimed: Arc<Engine>,
    actual: Arc<Engine>,
}

#[async_trait]
impl Backend for OtherModel {
    fn manifest(&self) -> &Manifest {
        self.claimed.manifest()
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        self.actual.generate(job).await
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        self.actual.embed(texts).await
    }
}

/// Runs the model once.
struct Cacher {
    engine: Arc<Engine>,
    answer: OnceCell<Vec<Chunk>>,
}

#[async_trait]
impl Backend for Cacher {
    fn manifest(&self) -> &Manifest {
        self.engine.manifest()
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let answer = self
            .answer
            .get_or_try_init(|| async {
                let mut source = self.engine.generate(job).await?;
                let mut chunks = Vec::new();
                while let Some(chunk) = source.next().await {
                    chunks.push(chunk?);
                }
                Ok::<_, ModelError>(chunks)
            })
            .await?
            .clone();
        let (sender, receiver) = mpsc::channel(4);
        tokio::spawn(async move {
            for chunk in answer {
                if sender.send(Ok(chunk)).await.is_err() {
                    break;
                }
            }
        });
        Ok(TokenStream::new(receiver))
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        self.engine.embed(texts).await
    }
}

/// Holds every request open.
struct Silent {
    engine: Arc<Engine>,
}

#[async_trait]
impl Backend for Silent {
    fn manifest(&self) -> &Manifest {
        self.engine.manifest()
    }

    async fn generate(&self, _: GenerateJob) -> Result<TokenStream, ModelError> {
        std::future::pending().await
    }

    async fn embed(&self, _: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        std::future::pending().await
    }
}
