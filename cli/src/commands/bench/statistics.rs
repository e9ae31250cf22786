//! What a list of measured requests says. Pure: times go in as values.

use std::{collections::BTreeMap, time::Duration};

/// One request, as its client saw it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// `ok`, or why there is no answer.
    pub outcome: String,
    /// When it was begun, from the beginning of the measurement.
    pub began: Duration,
    /// When each event with tokens came, from the request's beginning, and how many it held.
    pub arrivals: Vec<(Duration, usize)>,
    /// From its beginning to its end.
    pub whole: Duration,
}

/// The outcome of a verified answer.
pub const OK: &str = "ok";

/// By nearest rank, of all samples: each is a time that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantiles {
    pub p50: Duration,
    pub p95: Duration,
    pub p99: Duration,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Requests by their outcome.
    pub outcomes: BTreeMap<String, usize>,
    /// Tokens of the verified answers.
    pub tokens: usize,
    /// From the first request to the end of the last one.
    pub wall: Duration,
    /// To an answer's first token.
    pub first_token: Option<Quantiles>,
    /// Between two tokens of an answer. Tokens that come together share the time since those before.
    pub between_tokens: Option<Quantiles>,
    /// To an answer's end.
    pub whole: Option<Quantiles>,
    /// All tokens over the whole time.
    pub tokens_per_second: f64,
    /// Tokens after each answer's first ones, over the time in which any answer was past those.
    pub decode_tokens_per_second: f64,
}

impl Summary {
    /// Of the requests of one measurement.
    pub fn of(samples: &[Sample]) -> Self {
        let mut outcomes = BTreeMap::new();
        for sample in samples {
            *outcomes.entry(sample.outcome.clone()).or_insert(0) += 1;
        }
        let answers: Vec<&Sample> = samples.iter().filter(|sample| sample.outcome == OK).collect();
        let tokens: usize = answers.iter().map(|answer| answer.tokens()).sum();
        let begun = samples.iter().map(|sample| sample.began).min().unwrap_or_default();
        let ended = samples.iter().map(|sample| sample.began + sample.whole).max().unwrap_or_default();
        let wall = ended.saturating_sub(begun);
        let decoded: usize = answers.iter().map(|answer| answer.tokens() - answer.first_tokens()).sum();
        Self {
            outcomes,
            tokens,
            wall,
            first_token: Quantiles::of(answers.iter().filter_map(|answer| Some(answer.arrivals.first()?.0)).collect()),
            between_tokens: Quantiles::of(answers.iter().flat_map(|answer| answer.gaps()).collect()),
            whole: Quantiles::of(answers.iter().map(|answer| answer.whole).collect()),
            tokens_per_second: rate(tokens, wall),
            decode_tokens_per_second: rate(
                decoded,
                covered(answers.iter().filter_map(|answer| answer.decoding()).collect()),
            ),
        }
    }

    /// How many requests were answered.
    pub fn answered(&self) -> usize {
        self.outcomes.get(OK).copied().unwrap_or(0)
    }

    /// How many weren't.
    pub fn failed(&self) -> usize {
        self.outcomes.values().sum::<usize>() - self.answered()
    }
}

impl Sample {
    fn tokens(&self) -> usize {
        self.arrivals.iter().map(|(_, count)| count).sum()
    }

    /// Those that came with the first event.
    fn first_tokens(&self) -> usize {
        self.arrivals.first().map_or(0, |(_, count)| *count)
    }

    fn gaps(&self) -> impl Iterator<Item = Duration> + '_ {
        self.arrivals.windows(2).flat_map(|pair| {
            let ((before, _), (after, count)) = (pair[0], pair[1]);
            let each = after.saturating_sub(before) / u32::try_from(count).unwrap_or(u32::MAX).max(1);
            std::iter::repeat_n(each, count)
        })
    }

    /// From its first token to its last one, if there are several.
    fn decoding(&self) -> Option<(Duration, Duration)> {
        match (self.arrivals.first(), self.arrivals.last()) {
            (Some((first, _)), Some((last, _))) if last > first => Some((self.began + *first, self.began + *last)),
            _ => None,
        }
    }
}

impl Quantiles {
    fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let rank = |percent: usize| {
            let rank = (times.len() * percent).div_ceil(100).max(1);
            times.get(rank - 1).copied()
        };
        Some(Self { p50: rank(50)?, p95: rank(95)?, p99: rank(99)? })
    }
}

/// How long any of the spans lasts.
fn covered(mut spans: Vec<(Duration, Duration)>) -> Duration {
    spans.sort_unstable();
    let (mut sum, mut end) = (Duration::ZERO, Duration::ZERO);
    for (from, to) in spans {
        sum += to.saturating_sub(from.max(end));
        end = end.max(to);
    }
    sum
}

fn rate(count: usize, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn ranks_are_the_nearest() {
        // The textbook's: of fifteen, twenty, 35, 40 and fifty the median is the third.
        let textbook = Quantiles::of([15, 20, 35, 40, 50].map(ms).to_vec()).unwrap();
        assert_eq!((textbook.p50, textbook.p95, textbook.p99), (ms(35), ms(50), ms(50)));
        let hundred = Quantiles::of((1..=100).rev().map(ms).collect()).unwrap();
        assert_eq!((hundred.p50, hundred.p95, hundred.p99), (ms(50), ms(95), ms(99)));
        let even = Quantiles::of([1, 2, 3, 4].map(ms).to_vec()).unwrap();
        assert_eq!((even.p50, even.p95), (ms(2), ms(4)));
        assert_eq!(Quantiles::of(vec![ms(7)]), Some(Quantiles { p50: ms(7), p95: ms(7), p99: ms(7) }));
        assert_eq!(Quantiles::of(Vec::new()), None);
    }

    #[test]
    fn a_measurement_adds_up() {
        let answer = |began, arrivals: &[(u64, usize)], whole| Sample {
            outcome: OK.into(),
            began: ms(began),
            arrivals: arrivals.iter().map(|(at, count)| (ms(*at), *count)).collect(),
            whole: ms(whole),
        };
        let refused = Sample { outcome: "QUEUE_FULL".into(), began: ms(150), whole: ms(50), ..Sample::default() };
        let samples = [
            // Decodes from 200 to 600 and makes 5 tokens in it, two of them at once.
            answer(100, &[(100, 1), (200, 1), (300, 2), (500, 2)], 520),
            // From 400 to 900: the two overlap.
            answer(200, &[(200, 2), (700, 1)], 900),
            refused,
            // A single token decodes nothing.
            answer(1_000, &[(80, 1)], 100),
        ];
        let summary = Summary::of(&samples);
        assert_eq!(summary.outcomes, BTreeMap::from([(OK.into(), 3), ("QUEUE_FULL".into(), 1)]));
        assert_eq!((summary.answered(), summary.failed(), summary.tokens), (3, 1, 10));
        assert_eq!(summary.wall, ms(1_000));
        let of = |times: &[u64]| Quantiles::of(times.iter().copied().map(ms).collect());
        assert_eq!(summary.first_token, of(&[80, 100, 200]));
        assert_eq!(summary.between_tokens, of(&[100, 50, 50, 100, 100, 500]));
        assert_eq!(summary.whole, of(&[100, 520, 900]));
        assert_eq!(summary.tokens_per_second, 10.0);
        // 6 tokens after the first ones, in the 700 ms from 200 to 900.
        assert!((summary.decode_tokens_per_second - 6.0 / 0.7).abs() < 1e-9, "{}", summary.decode_tokens_per_second);
    }

    #[test]
    fn nothing_measured_is_no_number() {
        let summary = Summary::of(&[]);
        assert_eq!((summary.first_token, summary.tokens_per_second, summary.answered()), (None, 0.0, 0));
        let silent = Sample { outcome: OK.into(), ..Sample::default() };
        assert_eq!(Summary::of(&[silent]).decode_tokens_per_second, 0.0);
    }
}
