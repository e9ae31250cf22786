//! What the server is asked, as JSON.

use primitives::{ChatMessage, Prompt};
use serde_json::{Value, json};

use crate::GenerateJob;

/// The path and the body for a job. `top_k`, `min_p` and the two ways of asking for ids aren't OpenAI's: vLLM, SGLang and
/// llama.cpp know the first two, and pass over what they don't know.
pub(crate) fn of(model: &str, job: &GenerateJob, logprobs: bool) -> (&'static str, Value) {
    let request = &job.request;
    let sampling = request.sampling;
    let mut body = json!({
        "model": model,
        "max_tokens": request.max_new_tokens,
        "temperature": thousandths(sampling.temperature_milli),
        "top_p": thousandths(sampling.top_p_milli),
        // Said even where it is off: some servers have defaults of their own. -1 is off for all of them.
        "top_k": if sampling.top_k == 0 { -1 } else { i64::from(sampling.top_k) },
        "min_p": 0,
        "seed": seed(&job.seed.0),
        "stream": true,
        "stream_options": { "include_usage": true },
        "return_token_ids": true,
        "return_tokens": true,
    });
    if !request.stop.is_empty() {
        body["stop"] = json!(request.stop);
    }
    let path = match &request.prompt {
        Prompt::Chat(messages) => {
            let message = |message: &ChatMessage| json!({ "role": message.role, "content": message.content });
            body["messages"] = messages.iter().map(message).collect();
            if logprobs {
                body["logprobs"] = json!(true);
                // One, for llama.cpp computes none without.
                body["top_logprobs"] = json!(1);
            }
            return ("/v1/chat/completions", body);
        }
        Prompt::Text(text) => {
            body["prompt"] = json!(text);
            "/v1/completions"
        }
        Prompt::Tokens(ids) => {
            body["prompt"] = json!(ids);
            "/v1/completions"
        }
    };
    if logprobs {
        body["logprobs"] = json!(1);
    }
    (path, body)
}

fn thousandths(milli: u32) -> f64 {
    f64::from(milli) / 1_000.0
}

/// As large as a signed number takes. The server's own generator makes something else of it than ours would.
fn seed(seed: &[u8; 32]) -> u64 {
    let (first, _) = seed.split_at(8);
    first.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) >> 1
}

#[cfg(test)]
mod tests {
    use primitives::{Digest, GenerateRequest, Sampling};

    use super::*;

    #[test]
    fn every_part_of_a_request_is_said() {
        let sampling = Sampling { temperature_milli: 700, top_p_milli: 950, top_k: 40 };
        let mut request = GenerateRequest::new(Prompt::Text("once".into()), 9, sampling);
        request.stop = vec!["\n".into()];
        let mut job = GenerateJob::new(request, Digest([0xff; 32]));
        let (path, body) = of("m", &job, true);
        assert_eq!(path, "/v1/completions");
        let expected = json!({
            "model": "m", "prompt": "once", "max_tokens": 9, "temperature": 0.7, "top_p": 0.95, "top_k": 40, "min_p": 0,
            "seed": i64::MAX, "stream": true, "stream_options": { "include_usage": true }, "stop": ["\n"],
            "return_token_ids": true, "return_tokens": true, "logprobs": 1,
        });
        assert_eq!(body, expected);

        job.request.prompt = Prompt::Tokens(vec![1, 2]);
        job.request.sampling = Sampling::GREEDY;
        job.request.stop.clear();
        let (path, body) = of("m", &job, false);
        assert_eq!((path, &body["prompt"], &body["top_k"]), ("/v1/completions", &json!([1, 2]), &json!(-1)));
        assert_eq!((&body["temperature"], body.get("logprobs"), body.get("stop")), (&json!(0.0), None, None));

        let message = ChatMessage { role: "user".into(), content: "hi".into() };
        job.request.prompt = Prompt::Chat(vec![message]);
        let (path, body) = of("m", &job, true);
        assert_eq!((path, &body["logprobs"], body.get("prompt")), ("/v1/chat/completions", &json!(true), None));
        assert_eq!(body["messages"], json!([{ "role": "user", "content": "hi" }]));
    }
}
