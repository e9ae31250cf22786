//! Answers of one kind of miner, audited.

use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::ProgressBar;
use model::{Audit, Backend as _, Engine, GenerateJob, Proven};
use primitives::{BlockHash, Digest, FinishReason, GenerateRequest, Hotkey, Prompt, Request, Sampling};
use scoring::{
    GenerateTask, Seed,
    calibration::Sample,
    noise::{key, philox4x32_10},
    proof::{self, Opening, Proof, RowTree, Rows, Shown},
};

const SEED_CONTEXT: &str = "assay 2026-11 calibration seed v1";

/// The validator's side of the measurement.
pub struct Bench {
    /// Audits.
    pub referee: Engine,
    /// Answers of each kind of miner.
    pub answers: usize,
    /// The length of an answer, in tokens. Those that end earlier don't count.
    pub tokens: u32,
    /// Rows opened of an answer.
    pub opened_rows: u32,
}

/// A request as a user could make it, and the seed of its noise.
#[derive(Clone)]
pub struct Asked {
    /// What is asked.
    pub request: GenerateRequest,
    /// As the protocol derives it from the signed request.
    pub seed: Digest,
}

/// What a miner gives.
#[derive(Clone)]
pub struct Given {
    /// The tokens.
    pub tokens: Vec<u32>,
    /// Why it ended.
    pub finish: FinishReason,
    /// How it claims to have come by them.
    pub proof: Option<Proof>,
    /// What it opens.
    pub rows: Option<Rows>,
}

impl Bench {
    /// The `index`th request: a text of the kind that validators send, at temperature 1.
    pub fn asked(&self, index: usize) -> Asked {
        let round = index as u64;
        let seed = Seed { block_hash: BlockHash([0; 32]), validator: Hotkey([1; 32]), round, miner: Hotkey([2; 32]) };
        let prompt = match seed.challenge("generate", &GenerateTask {}).request {
            Request::Generate(request) => request.prompt,
            Request::Embed(_) | Request::Infer(_) => Prompt::Text(String::new()),
        };
        let request = GenerateRequest::new(prompt, self.tokens, Sampling::at(1_000));
        Asked { request, seed: Digest::derive(SEED_CONTEXT, &[&round.to_le_bytes()]) }
    }

    /// Answers that `miner` gives to one request after the other, `together` at a time, audited until there are enough of
    /// whole length.
    pub async fn observe<F: Future<Output = anyhow::Result<Given>>>(
        &self,
        together: usize,
        progress: ProgressBar,
        miner: impl Fn(usize, Asked) -> F,
    ) -> anyhow::Result<Vec<Sample>> {
        // A model that ends nearly all its texts early is measured on what there is.
        let most = self.answers * 8;
        let samples = stream::iter(0..most)
            .map(|index| {
                let asked = self.asked(index);
                let given = miner(index, asked.clone());
                async move {
                    let given = given.await?;
                    let audit = self.audit(&asked, &given).await?;
                    anyhow::Ok(self.sample(index, &asked, &given, &audit))
                }
            })
            .buffered(together)
            .try_filter_map(|sample| async move {
                Ok(Some(sample).filter(|sample| sample.margins_micro.len() as u32 == self.tokens))
            })
            .inspect_ok(|_| progress.inc(1))
            .take(self.answers)
            .try_collect::<Vec<_>>()
            .await?;
        anyhow::ensure!(
            samples.len() >= self.answers.min(10),
            "{} of {most} answers have {} tokens: ask for shorter ones",
            samples.len(),
            self.tokens
        );
        Ok(samples)
    }

    /// What the referee says of an answer.
    pub async fn audit(&self, asked: &Asked, given: &Given) -> anyhow::Result<Audit> {
        self.referee.audit(&asked.request, asked.seed, &given.tokens).await.context("auditing an answer")
    }

    /// That, held against what the miner shows.
    pub fn sample(&self, index: usize, asked: &Asked, given: &Given, audit: &Audit) -> Sample {
        let opened = given.rows.as_ref().map(|rows| self.open(index, rows)).unwrap_or_default();
        let complete = match given.finish {
            FinishReason::Length => given.tokens.len() as u32 == asked.request.max_new_tokens,
            FinishReason::Stop => {
                given.tokens.last().is_some_and(|last| self.referee.manifest().end_tokens.contains(last))
            }
        };
        Sample {
            margins_micro: audit.tokens.iter().map(|token| token.margin_micro).collect(),
            complete,
            proof: proof::check(&Shown { proof: given.proof.clone(), opened }, &audit.rows, audit.prompt_tokens),
        }
    }

    /// A few rows, as a validator asks for them.
    fn open(&self, index: usize, rows: &Rows) -> Vec<Opening> {
        let Some(tree) = RowTree::new(rows) else { return Vec::new() };
        let seed = key(&Digest::derive(SEED_CONTEXT, &[b"rows"]));
        let draw = |number: u32| philox4x32_10([number, index as u32, 0, 0], seed)[0] as usize % rows.len();
        (0..self.opened_rows).filter_map(|number| tree.open(rows, draw(number) as u32)).collect()
    }
}

impl Given {
    /// All that an engine shows.
    pub fn of(proven: Proven) -> Self {
        let Proven { answer, commitments, rows } = proven;
        let root = rows.as_deref().and_then(RowTree::new).map(|tree| tree.root());
        let proof = root.map(|root| Proof { commitments, root });
        Self { tokens: answer.tokens, finish: answer.finish, proof, rows: rows.map(|rows| (*rows).clone()) }
    }

    /// What an engine answers with this request and this seed.
    pub async fn from_engine(engine: &Engine, asked: Asked) -> anyhow::Result<Self> {
        let stream = engine.generate(GenerateJob::new(asked.request, asked.seed)).await?;
        Ok(Self::of(stream.proven().await.context("generating an answer")?))
    }
}
