//! What can go wrong, and how often.

use std::time::Duration;

use rand::Rng;

use crate::Kind;

/// What happens to one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It passes, so much later. Others overtake it.
    Delay(Duration),
    /// It passes after the next one of its direction, or after a moment where none follows.
    Swap,
    /// It never passes. What a lost request asks for does not happen; what a lost answer tells has happened.
    Lose,
    /// The client gets something else in its place. A request is lost.
    Garble(Garbage),
    /// It never passes. Who asked is told that the node has no such method.
    Unknown,
    /// It does not pass, and neither does anything after it. The connection stays open.
    Hang,
    /// It does not pass, and the connection is closed.
    Cut,
}

/// What a client gets in place of what a node said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// A text that isn't JSON.
    NotJson,
    /// An answer to what was never asked, or news of what was never subscribed to.
    WrongId,
    /// JSON of a shape that no method returns.
    WrongType,
    /// So many bytes.
    Oversize(usize),
}

/// What happens to all messages that no rule is for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Mood {
    /// They pass.
    #[default]
    Open,
    /// They don't. Connections stay open and can be made; one that lost a message so stays deaf for good.
    Hangs,
    /// There is no connection: those that were are closed, a new one is closed as soon as it is made.
    Closed,
    /// The node seems to stand still: its heads are what they were, and there are no news. Blocks can be read by their
    /// number as before.
    Stale,
    /// One in so many goes wrong.
    Random(Weights),
}

/// How often what goes wrong, in thousandths of all messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weights {
    /// Of [`Fault::Delay`].
    pub delay: u16,
    /// Of [`Fault::Swap`]. Answers only: no node reorders news.
    pub swap: u16,
    /// Of [`Fault::Lose`].
    pub lose: u16,
    /// Of [`Fault::Garble`]. Answers and news only.
    pub garble: u16,
    /// Of [`Fault::Hang`].
    pub hang: u16,
    /// Of [`Fault::Cut`].
    pub cut: u16,
    /// A delay lasts so long at most.
    pub longest_delay: Duration,
    /// A connection that hangs is cut after so long at most.
    pub longest_hang: Duration,
    /// After a connection that broke with fewer messages than this, the next one is spared for so many.
    pub spared: u32,
}

impl Default for Weights {
    /// Something goes wrong with every ninth message, and one in forty breaks the connection or costs a deadline.
    fn default() -> Self {
        Self {
            delay: 60,
            swap: 25,
            lose: 3,
            garble: 8,
            hang: 2,
            cut: 12,
            longest_delay: Duration::from_millis(50),
            longest_hang: Duration::from_secs(5),
            spared: 40,
        }
    }
}

impl Weights {
    /// What happens to a message, by chance. Takes the same numbers from `rng` whatever comes out.
    pub(crate) fn draw(&self, rng: &mut impl Rng, kind: &Kind) -> Option<Fault> {
        let (lot, how): (u16, f64) = (rng.random_range(0..1000), rng.random());
        let garbage = match () {
            () if how < 0.3 => Garbage::NotJson,
            () if how < 0.6 => Garbage::WrongId,
            () => Garbage::WrongType,
        };
        let faults = [
            (self.delay, Some(Fault::Delay(self.longest_delay.mul_f64(how)))),
            (self.swap, matches!(kind, Kind::Answer(_)).then_some(Fault::Swap)),
            (self.lose, Some(Fault::Lose)),
            (self.garble, (!matches!(kind, Kind::Request(_))).then_some(Fault::Garble(garbage))),
            (self.hang, Some(Fault::Hang)),
            (self.cut, Some(Fault::Cut)),
        ];
        let mut below = 0;
        for (weight, fault) in faults {
            below += weight;
            if lot < below {
                return fault;
            }
        }
        None
    }
}

impl Fault {
    /// Whether a client loses more than time by it.
    pub(crate) fn breaks(&self) -> bool {
        !matches!(self, Self::Delay(_) | Self::Swap)
    }

    /// How it is counted.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::Swap => "swap",
            Self::Lose => "lose",
            Self::Garble(_) => "garble",
            Self::Unknown => "unknown",
            Self::Hang => "hang",
            Self::Cut => "cut",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn a_seed_decides() {
        let draw = |seed: u64| {
            let mut rng = StdRng::seed_from_u64(seed);
            let kind = Kind::answer("x");
            (0..500).map(|_| Weights::default().draw(&mut rng, &kind)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn faults_are_as_frequent_as_their_weights() {
        let weights = Weights::default();
        let mut rng = StdRng::seed_from_u64(3);
        let mut counts = BTreeMap::<&str, u32>::new();
        for _ in 0..100_000 {
            if let Some(fault) = weights.draw(&mut rng, &Kind::answer("x")) {
                *counts.entry(fault.name()).or_default() += 1;
            }
        }
        for (name, weight) in [("delay", 60), ("swap", 25), ("lose", 3), ("garble", 8), ("hang", 2), ("cut", 12)] {
            let expected = weight * 100;
            assert!(counts[name].abs_diff(expected) < expected / 4, "{name}: {counts:?}");
        }
        let asked = (0..10_000).filter_map(|_| weights.draw(&mut rng, &Kind::request("x")));
        assert!(asked.into_iter().all(|fault| !matches!(fault, Fault::Swap | Fault::Garble(_))));
    }
}
