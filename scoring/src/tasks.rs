//! The tasks that come with the crate.

use primitives::{EmbedRequest, GenerateRequest, Prompt, Request, Sampling};
use serde::Deserialize;

use crate::{
    challenge::{Question, Task},
    phrases,
    stream::Choices,
};

/// Continue a text: 16 to 48 new tokens, usually at temperature 1.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateTask {}

/// [`GenerateTask`] that also asks how likely each token was: for miners that can show nothing else, the weaker check.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerateWithLogprobsTask {}

/// Embed a few sentences.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedTask {}

impl Task for GenerateTask {
    fn question(&self, choices: &mut Choices) -> Question {
        Request::Generate(generation(choices)).into()
    }
}

impl Task for GenerateWithLogprobsTask {
    fn question(&self, choices: &mut Choices) -> Question {
        Request::Generate(GenerateRequest { logprobs: true, ..generation(choices) }).into()
    }
}

impl Task for EmbedTask {
    fn question(&self, choices: &mut Choices) -> Question {
        let texts = 1 + choices.below(8);
        Request::Embed(EmbedRequest { texts: (0..texts).map(|_| phrases::statement(choices)).collect() }).into()
    }
}

fn generation(choices: &mut Choices) -> GenerateRequest {
    let prompt = Prompt::Text(phrases::opening(choices));
    let max_new_tokens = 16 + choices.below(33);
    let temperature_milli = match choices.below(10) {
        0 => 700 + 50 * choices.below(11),
        _ => 1_000,
    };
    GenerateRequest::new(prompt, max_new_tokens, Sampling::at(temperature_milli))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use primitives::{BlockHash, Hotkey};

    use super::*;
    use crate::challenge::{Challenge, Seed};

    fn seed(round: u64) -> Seed {
        Seed { block_hash: BlockHash([1; 32]), validator: Hotkey([2; 32]), round, miner: Hotkey([3; 32]) }
    }

    fn generate(seed: &Seed) -> Challenge {
        seed.challenge("generate", &GenerateTask {})
    }

    #[test]
    fn every_part_of_the_seed_changes_the_challenge() {
        let base = seed(0);
        let seeds = [
            base,
            Seed { block_hash: BlockHash([9; 32]), ..base },
            Seed { validator: Hotkey([9; 32]), ..base },
            Seed { miner: Hotkey([9; 32]), ..base },
            seed(1),
        ];
        let digests: BTreeSet<_> = seeds.iter().map(|seed| generate(seed).digest).collect();
        assert_eq!(digests.len(), seeds.len());
        assert_ne!(generate(&base).digest, base.challenge("embed", &EmbedTask {}).digest);
    }

    #[test]
    fn generate_asks_for_what_users_ask_for() {
        let mut warm = 0;
        for round in 0..500 {
            let challenge = generate(&seed(round));
            assert_eq!(challenge, generate(&seed(round)));
            let Request::Generate(request) = challenge.request else { panic!("not a generation") };
            assert!((16..=48).contains(&request.max_new_tokens));
            assert!((700..=1_200).contains(&request.sampling.temperature_milli));
            warm += u32::from(request.sampling.temperature_milli == 1_000);
        }
        assert!(warm > 420, "{warm}");
    }

    #[test]
    fn probabilities_are_asked_for_by_name() {
        for round in 0..20 {
            let Request::Generate(request) =
                seed(round).challenge("generate_with_logprobs", &GenerateWithLogprobsTask {}).request
            else {
                panic!("not a generation")
            };
            assert!(request.logprobs && (16..=48).contains(&request.max_new_tokens));
        }
    }

    /// Validators on other platforms must derive the same: this text may change only with the context strings.
    #[test]
    fn a_known_seed_gives_a_known_challenge() {
        let challenge = generate(&seed(7));
        let Request::Generate(request) = &challenge.request else { panic!("not a generation") };
        let text = format!("{:?} {} {}", request.prompt, request.max_new_tokens, request.sampling.temperature_milli);
        assert_eq!(text, KNOWN_REQUEST);
        assert_eq!(challenge.digest.to_string(), KNOWN_DIGEST);
    }

    const KNOWN_REQUEST: &str = "Text(\"In this chapter, we will look at how a value tests the constant and\") 30 1000";
    const KNOWN_DIGEST: &str = "e87a6be106f238fdf4d674b6897c1f33059c992813ee15df07422cd69fbe404c";
}
