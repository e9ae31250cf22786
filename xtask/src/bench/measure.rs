//! What an engine says of one run, and what follows from several.

use serde::{Deserialize, Serialize};

/// Some prompts that were run at the same time.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Lap {
    pub wall_s: f64,
    /// Of the whole process.
    pub cpu_s: f64,
    /// By prompt.
    pub tokens: Vec<Vec<u32>>,
    /// Only our engine says.
    #[serde(default)]
    pub spans: Option<Spans>,
}

/// Where the engine's thread was, each inside of the one before.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Spans {
    pub steps: u64,
    pub step_s: f64,
    pub forward_s: f64,
    pub sample_s: f64,
    pub prove_s: f64,
}

/// The same prompts run for one token, which is the prefill, and for all that were asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Run {
    pub engine: String,
    pub round: usize,
    pub prefill: Lap,
    pub whole: Lap,
}

/// Whose seconds are counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Clock {
    Wall,
    Cpu,
}

impl Lap {
    pub fn seconds(&self, clock: Clock) -> f64 {
        match clock {
            Clock::Wall => self.wall_s,
            Clock::Cpu => self.cpu_s,
        }
    }

    pub fn made(&self) -> usize {
        self.tokens.iter().map(Vec::len).sum()
    }
}

impl Run {
    pub fn requests(&self) -> usize {
        self.whole.tokens.len()
    }

    /// Seconds from the first tokens to the last.
    pub fn decode_s(&self, clock: Clock) -> f64 {
        self.whole.seconds(clock) - self.prefill.seconds(clock)
    }

    /// Tokens per second after the first ones. Texts that ended early made fewer, and those are what counts.
    pub fn decode_rate(&self, clock: Clock) -> f64 {
        self.whole.made().saturating_sub(self.prefill.made()) as f64 / self.decode_s(clock)
    }

    /// Of the decode alone.
    pub fn spans(&self) -> Option<Spans> {
        let (prefill, whole) = (self.prefill.spans?, self.whole.spans?);
        Some(Spans {
            steps: whole.steps.saturating_sub(prefill.steps),
            step_s: whole.step_s - prefill.step_s,
            forward_s: whole.forward_s - prefill.forward_s,
            sample_s: whole.sample_s - prefill.sample_s,
            prove_s: whole.prove_s - prefill.prove_s,
        })
    }
}

/// The middle of some values and how far they went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub most: f64,
}

/// None of no values, and of values that are no numbers.
pub fn spread(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
    let mut values: Vec<f64> = values.into_iter().collect();
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    let middle = values.len() / 2;
    let median = if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) };
    Some(Spread { least, median, most })
}

/// How many times as fast ours decoded as theirs, each round by itself: what disturbed a round disturbed both.
pub fn ratios(ours: &[&Run], theirs: &[&Run], clock: Clock) -> Option<Spread> {
    spread(ours.iter().filter_map(|ours| {
        let theirs = theirs.iter().find(|theirs| theirs.round == ours.round)?;
        Some(ours.decode_rate(clock) / theirs.decode_rate(clock))
    }))
}

/// Whether two engines made the same tokens, as far as the text goes: past its end only some go on.
pub fn agree(ours: &[Vec<u32>], theirs: &[Vec<u32>], end: u32) -> bool {
    let text = |tokens: &[u32]| tokens.split(|token| *token == end).next().unwrap_or_default().to_vec();
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| text(ours) == text(theirs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lap(seconds: f64, tokens: &[usize]) -> Lap {
        let tokens = tokens.iter().map(|count| vec![5; *count]).collect();
        Lap { wall_s: 2.0 * seconds, cpu_s: seconds, tokens, spans: None }
    }

    fn run(round: usize, prefill: f64, whole: f64) -> Run {
        Run { engine: "e".into(), round, prefill: lap(prefill, &[1, 1]), whole: lap(whole, &[11, 11]) }
    }

    #[test]
    fn the_middle_of_an_even_number_is_between_two() {
        let all = spread([4.0, 1.0, 3.0, 2.0]);
        assert_eq!(all, Some(Spread { least: 1.0, median: 2.5, most: 4.0 }));
        assert_eq!(spread([7.0, 9.0, 8.0]).map(|all| all.median), Some(8.0));
        assert_eq!(spread([]), None);
        assert_eq!(spread([1.0, f64::NAN]), None);
    }

    #[test]
    fn the_prefill_is_not_part_of_the_decode() {
        let run = run(0, 0.5, 1.5);
        assert_eq!(run.decode_rate(Clock::Cpu), 20.0);
        assert_eq!(run.decode_rate(Clock::Wall), 10.0);
        // one text ended after five tokens
        let short = Run { whole: lap(1.5, &[11, 5]), ..run };
        assert_eq!(short.decode_rate(Clock::Cpu), 14.0);
    }

    #[test]
    fn rounds_are_compared_with_themselves() {
        // the second round was three times as slow for everyone, and theirs were measured in another order
        let (ours, theirs) = ([run(0, 0.0, 1.0), run(1, 0.0, 3.0)], [run(1, 0.0, 6.0), run(0, 0.0, 2.0)]);
        let ratio = ratios(&ours.each_ref(), &theirs.each_ref(), Clock::Cpu);
        assert_eq!(ratio, Some(Spread { least: 2.0, median: 2.0, most: 2.0 }));
        assert_eq!(ratios(&ours.each_ref(), &[], Clock::Cpu), None);
    }

    #[test]
    fn what_comes_after_an_end_is_not_compared() {
        let end = 1;
        assert!(agree(&[vec![7, 8, 1]], &[vec![7, 8, 1, 9]], end));
        assert!(agree(&[vec![7, 8]], &[vec![7, 8, 1, 9]], end));
        assert!(!agree(&[vec![7, 8]], &[vec![7, 8, 9]], end));
        assert!(!agree(&[vec![7, 9]], &[vec![7, 8]], end));
        assert!(!agree(&[vec![7]], &[vec![7], vec![7]], end));
    }

    #[test]
    fn an_engines_line_is_read() -> anyhow::Result<()> {
        let peer: Lap = serde_json::from_str(r#"{"wall_s": 1, "cpu_s": 0.5, "tokens": [[3, 4], [5]]}"#)?;
        assert_eq!((peer.made(), peer.spans), (3, None));
        let ours: Lap = serde_json::from_str(
            r#"{"wall_s":1.0,"cpu_s":1.0,"tokens":[],"spans":{"steps":2,"step_s":0.5,"forward_s":0.25,"sample_s":0.1,"prove_s":0.05}}"#,
        )?;
        assert_eq!(ours.spans.map(|spans| spans.steps), Some(2));
        assert!(serde_json::from_str::<Lap>(r#"{"wall_s": 1}"#).is_err());
        Ok(())
    }
}
