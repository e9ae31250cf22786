//! A challenge, and the seed from which anyone can derive it again.

use std::sync::LazyLock;

use primitives::{BlockHash, Digest, Domain, Hotkey, Request, Sampling};

use crate::stream::Choices;

static SEED: LazyLock<Domain> = LazyLock::new(|| Domain::new("assay 2026 challenge seed v1"));
static CHALLENGE: LazyLock<Domain> = LazyLock::new(|| Domain::new("assay 2026 challenge digest v1"));

/// What a challenge depends on. Nobody knows the block's hash before the block is made; the rest tells validators,
/// rounds and miners apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Of the finalised block that started the round.
    pub block_hash: BlockHash,
    /// Who asks.
    pub validator: Hotkey,
    /// The validator's round.
    pub round: u64,
    /// Who is asked.
    pub miner: Hotkey,
}

/// A request whose answer will be checked. To the miner it is a request like any other: this type stays on the
/// validator's side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// The task's name.
    pub task: String,
    /// What is sent.
    pub request: Request,
    /// The right answer, where the task knows it. It never leaves the validator.
    pub expected: Option<String>,
    /// Names the challenge in the score log: covers the task and the request.
    pub digest: Digest,
}

/// What a task asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The request.
    pub request: Request,
    /// The right answer, where the task knows it.
    pub expected: Option<String>,
}

impl From<Request> for Question {
    /// One whose answer the task doesn't know.
    fn from(request: Request) -> Self {
        Self { request, expected: None }
    }
}

impl Seed {
    /// The challenge that a task of this name makes of the seed.
    pub fn challenge(&self, name: &str, task: &dyn Task) -> Challenge {
        let Question { request, expected } = task.question(&mut self.choices(name));
        let digest = digest(name, &request);
        Challenge { task: name.into(), request, expected, digest }
    }

    /// The choices of one task.
    fn choices(&self, task: &str) -> Choices {
        let parts: [&[u8]; 5] =
            [&self.block_hash.0, &self.validator.0, &self.round.to_le_bytes(), &self.miner.0, task.as_bytes()];
        Choices::new(&SEED.digest(&parts))
    }
}

/// A kind of work that miners are paid for. The type itself is what its table in the configuration says.
pub trait Task: Send + Sync {
    /// A question made of nothing but `choices`: the same on every platform, so that anyone who holds the log can see
    /// that the validator did not pick it.
    fn question(&self, choices: &mut Choices) -> Question;
}

fn digest(task: &str, request: &Request) -> Digest {
    let mut bytes = Vec::new();
    let mut field = |value: &[u8]| {
        bytes.extend((value.len() as u64).to_le_bytes());
        bytes.extend(value);
    };
    field(task.as_bytes());
    match request {
        Request::Generate(request) => {
            field(b"generate");
            match &request.prompt {
                primitives::Prompt::Text(text) => field(text.as_bytes()),
                primitives::Prompt::Tokens(tokens) => {
                    field(b"");
                    tokens.iter().for_each(|token| field(&token.to_le_bytes()));
                }
                primitives::Prompt::Chat(messages) => {
                    field(b"chat");
                    field(&(messages.len() as u64).to_le_bytes());
                    for message in messages {
                        field(message.role.as_bytes());
                        field(message.content.as_bytes());
                    }
                }
            }
            field(&request.max_new_tokens.to_le_bytes());
            field(&request.sampling.temperature_milli.to_le_bytes());
            // What is usual is left out: a plain request's digest is what it was before there was a choice.
            let Sampling { top_p_milli, top_k, .. } = request.sampling;
            if (top_p_milli, top_k, request.stop.len(), request.logprobs) != (1_000, 0, 0, false) {
                field(&top_p_milli.to_le_bytes());
                field(&top_k.to_le_bytes());
                field(&[request.logprobs.into()]);
                request.stop.iter().for_each(|text| field(text.as_bytes()));
            }
        }
        Request::Embed(request) => {
            field(b"embed");
            request.texts.iter().for_each(|text| field(text.as_bytes()));
        }
        Request::Infer(request) => {
            field(b"infer");
            for tensor in &request.tensors {
                field(tensor.name().as_bytes());
                field(tensor.dtype().name().as_bytes());
                tensor.shape().iter().for_each(|n| field(&n.to_le_bytes()));
                field(tensor.data());
            }
        }
    }
    CHALLENGE.digest(&[&bytes])
}
