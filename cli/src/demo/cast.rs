//! Who plays in the demo: honest miners at different speeds, and the ways to cheat that subnets have met.
//!
//! A cheat is a [`Backend`] like any other: it serves over the real miner, with the real signatures, and differs only
//! in where its tokens and its proof come from. Each is the strongest of its kind: what it doesn't fake is true.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use futures::StreamExt as _;
use model::{
    Alteration, Backend, Chunk, Engine, GenerateJob, Manifest, ModelError, Proven, TokenStream, write_altered,
};
use primitives::Digest;
use scoring::proof::forge;
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
    /// Runs the model with weights rounded to four bits.
    Quantiser,
    /// Computes one answer and serves it for ever.
    Cacher,
    /// Passes on what another miner answered to the same prompt.
    Relayer,
    /// Samples at a temperature a tenth lower.
    Cooler,
    /// Has the right tokens from somewhere, and makes up the proof.
    Forger,
    /// Answers with a smaller model than the one it names.
    OtherModel,
    /// Takes requests and never answers.
    Silent,
}

impl Role {
    /// Every role, in the order in which they are cast.
    pub const ALL: [Self; 10] = [
        Self::Fast,
        Self::Medium,
        Self::Slow,
        Self::Quantiser,
        Self::Cacher,
        Self::Relayer,
        Self::Cooler,
        Self::Forger,
        Self::OtherModel,
        Self::Silent,
    ];

    /// The roles of `count` miners: all in turn.
    pub fn cast(count: usize) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().cycle().take(count)
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
            Self::Quantiser => "int4 weights",
            Self::Cacher => "cached answer",
            Self::Relayer => "relayed answer",
            Self::Cooler => "temperature -10 %",
            Self::Forger => "forged proof",
            Self::OtherModel => "other model",
            Self::Silent => "silent",
        })
    }
}

/// Makes the backends of the cast out of one loaded model.
pub struct Troupe {
    engine: Arc<Engine>,
    rounded: Option<Arc<Engine>>,
    smaller: Option<Arc<Engine>>,
}

impl Troupe {
    /// Take the true model, and load what those in `roles` run instead of it: copies with weights rounded, or without the
    /// last layers, written under `folder`.
    pub fn new(engine: Arc<Engine>, model: &Path, folder: &Path, roles: &[Role]) -> anyhow::Result<Self> {
        let load =
            |folder: &Path| Engine::load(folder).map(Arc::new).with_context(|| format!("loading {}", folder.display()));
        let rounded = roles.contains(&Role::Quantiser).then(|| {
            let copy = folder.join("rounded-model");
            write_altered(model, &copy, Alteration::Int4).context("writing a rounded copy of the model")?;
            load(&copy)
        });
        let smaller =
            roles.contains(&Role::OtherModel).then(|| load(&shallower(model, &folder.join("smaller-model"))?));
        Ok(Self { engine, rounded: rounded.transpose()?, smaller: smaller.transpose()? })
    }

    /// The backend of one of the roles that the troupe was made for.
    pub fn backend(&self, role: Role) -> anyhow::Result<Arc<dyn Backend>> {
        let engine = self.engine.clone();
        let other = |copy: &Option<Arc<Engine>>| {
            let actual = copy.clone().with_context(|| format!("nobody was to play {role}"))?;
            anyhow::Ok(Arc::new(OtherModel { claimed: self.engine.clone(), actual }))
        };
        Ok(match role {
            Role::Fast => engine,
            Role::Medium => Arc::new(Paced { engine, per_token: Duration::from_millis(8) }),
            Role::Slow => Arc::new(Paced { engine, per_token: Duration::from_millis(25) }),
            Role::Quantiser => other(&self.rounded)?,
            Role::OtherModel => other(&self.smaller)?,
            Role::Cacher => Arc::new(Cacher { engine, answer: OnceCell::new() }),
            Role::Relayer => Arc::new(Sampler { engine, change: of_another }),
            Role::Cooler => Arc::new(Sampler { engine, change: cooler }),
            Role::Forger => Arc::new(Forger { engine, attempt: AtomicU32::new(0) }),
            Role::Silent => Arc::new(Silent { engine }),
        })
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

/// Runs the model and samples otherwise than it was asked to.
struct Sampler {
    engine: Arc<Engine>,
    change: fn(GenerateJob) -> GenerateJob,
}

/// The job as another miner gets it: the seed of its noise has that miner's key in it.
fn of_another(job: GenerateJob) -> GenerateJob {
    GenerateJob { seed: Digest::of(&job.seed.0), ..job }
}

fn cooler(mut job: GenerateJob) -> GenerateJob {
    let temperature = &mut job.request.sampling.temperature_milli;
    *temperature -= *temperature / 10;
    job
}

#[async_trait]
impl Backend for Sampler {
    fn manifest(&self) -> &Manifest {
        self.engine.manifest()
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        self.engine.generate((self.change)(job)).await
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        self.engine.embed(texts).await
    }
}

/// Commits to rows that no model made.
struct Forger {
    engine: Arc<Engine>,
    attempt: AtomicU32,
}

#[async_trait]
impl Backend for Forger {
    fn manifest(&self) -> &Manifest {
        self.engine.manifest()
    }

    async fn generate(&self, job: GenerateJob) -> Result<TokenStream, ModelError> {
        let Proven { answer, rows, .. } = self.engine.generate(job).await?.proven().await?;
        let attempt = self.attempt.fetch_add(1, Ordering::Relaxed);
        let forged = rows.and_then(|rows| {
            let answered = answer.tokens.len();
            forge(attempt, rows.width(), (rows.len() + 1).checked_sub(answered)?, answered)
        });
        let mut chunks = vec![Chunk::Tokens { ids: answer.tokens, text: answer.text, logprobs: answer.logprobs }];
        let mut rows = None;
        if let Some((proof, forged)) = forged {
            chunks.extend(proof.commitments.into_iter().map(Chunk::Commitment));
            rows = Some(Arc::new(forged));
        }
        chunks.push(Chunk::Finished { reason: answer.finish, rows });
        Ok(streamed(chunks))
    }

    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError> {
        self.engine.embed(texts).await
    }
}

/// What is known already, as if it were made now.
fn streamed(chunks: Vec<Chunk>) -> TokenStream {
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        for chunk in chunks {
            if sender.send(Ok(chunk)).await.is_err() {
                break;
            }
        }
    });
    TokenStream::new(receiver)
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
        Ok(streamed(answer))
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
