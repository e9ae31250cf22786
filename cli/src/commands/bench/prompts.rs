//! Prompts that no cache has seen: random token ids, others in every request.

use primitives::Digest;

/// Separates these prompts from everything else that is derived.
const CONTEXT: &str = "assay 2026 bench prompt v1";

/// Makes prompts, none of them twice.
#[derive(Debug)]
pub struct Prompts {
    seed: u64,
    vocab_size: u32,
    tokens: u32,
    prefix: Vec<u32>,
    next: u64,
}

impl Prompts {
    /// Prompts of so many tokens below `vocab_size`, the first `shared` of them the same in all.
    pub fn new(seed: u64, vocab_size: u32, tokens: u32, shared: u32) -> Self {
        let prefix = ids(seed, 0, vocab_size, shared);
        Self { seed, vocab_size, tokens, prefix, next: 0 }
    }

    /// The next ones.
    pub fn take(&mut self, count: u32) -> Vec<Vec<u32>> {
        (0..count).map(|_| self.prompt()).collect()
    }

    fn prompt(&mut self) -> Vec<u32> {
        self.next += 1;
        let own = self.tokens - u32::try_from(self.prefix.len()).unwrap_or(self.tokens).min(self.tokens);
        let mut prompt = self.prefix.clone();
        prompt.extend(ids(self.seed, self.next, self.vocab_size, own));
        prompt
    }
}

/// Ids of one stream of numbers. Which of them are a little likelier than others doesn't matter here.
fn ids(seed: u64, stream: u64, vocab_size: u32, count: u32) -> Vec<u32> {
    let block = |block: u32| {
        let parts = [&seed.to_le_bytes()[..], &stream.to_le_bytes(), &block.to_le_bytes()];
        Digest::derive(CONTEXT, &parts).0
    };
    let words = (0..count.div_ceil(8)).flat_map(|index| {
        let bytes = block(index);
        let words: Vec<u32> =
            bytes.chunks_exact(4).map(|word| word.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))).collect();
        words
    });
    words.take(count as usize).map(|word| word % vocab_size.max(1)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn prompts_differ_from_their_first_token_on_and_come_again_with_the_seed() {
        let all = Prompts::new(7, 50_000, 19, 0).take(200);
        assert!(all.iter().all(|prompt| prompt.len() == 19 && prompt.iter().all(|id| *id < 50_000)));
        let firsts: BTreeSet<u32> = all.iter().map(|prompt| prompt[0]).collect();
        assert!(firsts.len() > 190, "{} different first tokens", firsts.len());
        assert_eq!(Prompts::new(7, 50_000, 19, 0).take(200), all);
        assert_ne!(Prompts::new(8, 50_000, 19, 0).take(200), all);
        // Two helpings are not the same.
        let mut prompts = Prompts::new(7, 50_000, 19, 0);
        assert_ne!(prompts.take(1), prompts.take(1));
    }

    #[test]
    fn a_shared_prefix_is_shared_and_nothing_more() {
        let all = Prompts::new(7, 50_000, 20, 12).take(50);
        assert!(all.iter().all(|prompt| prompt.len() == 20 && prompt[..12] == all[0][..12]));
        let rests: BTreeSet<&[u32]> = all.iter().map(|prompt| &prompt[12..]).collect();
        assert_eq!(rests.len(), 50);
    }
}
