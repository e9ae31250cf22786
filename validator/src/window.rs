//! When weights are due: late in an epoch, so that they hold what the epoch showed, and early enough to land in it.

use primitives::{BlockNumber, Hyperparameters};

/// Where a finalised block stands in its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The subnet has no epochs.
    Never,
    /// Too early.
    Ahead {
        /// The first finalised block at which weights are due.
        opens: BlockNumber,
    },
    /// Now.
    Open {
        /// The block that runs the epoch: what is included in it counts for the next one.
        epoch: BlockNumber,
    },
    /// Nothing that is sent now lands before the epoch runs.
    Over {
        /// The block that runs the epoch.
        epoch: BlockNumber,
    },
}

/// How many blocks before the epoch weights are due: a subnet with a short tempo gets at most half of it, so that there
/// is something to score first.
pub fn margin(hyperparameters: &Hyperparameters, configured: u64) -> u64 {
    configured.min(u64::from(hyperparameters.tempo) / 2).max(2)
}

/// Where `finalised` stands, if weights are due so many blocks before the epoch.
pub fn window(hyperparameters: &Hyperparameters, finalised: BlockNumber, margin: u64) -> Window {
    let Some(epoch) = hyperparameters.next_epoch_block(finalised) else {
        return Window::Never;
    };
    let opens = epoch.saturating_sub(margin);
    // The next block is the first that can hold the call, and it must come before the epoch's.
    if finalised + 1 >= epoch {
        Window::Over { epoch }
    } else if finalised < opens {
        Window::Ahead { opens }
    } else {
        Window::Open { epoch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(tempo: u16, last_epoch_block: BlockNumber) -> Hyperparameters {
        Hyperparameters { tempo, last_epoch_block, ..Hyperparameters::default() }
    }

    #[test]
    fn opens_a_margin_before_the_epoch_and_closes_when_nothing_can_land() {
        let at = |block| window(&rules(360, 1000), block, 20);
        assert_eq!(at(1000), Window::Ahead { opens: 1340 });
        assert_eq!(at(1339), Window::Ahead { opens: 1340 });
        assert_eq!(at(1340), Window::Open { epoch: 1360 });
        assert_eq!(at(1358), Window::Open { epoch: 1360 });
        assert_eq!(at(1359), Window::Over { epoch: 1360 });
        // Put off: the next block has it.
        assert_eq!(at(1361), Window::Over { epoch: 1362 });
        assert_eq!(window(&rules(0, 1000), 1000, 20), Window::Never);
    }

    #[test]
    fn short_tempos_keep_half_for_scoring_and_the_owners_call_counts() {
        let rules = rules(10, 100);
        let short = margin(&rules, 30);
        assert_eq!(window(&rules, 104, short), Window::Ahead { opens: 105 });
        assert_eq!(window(&rules, 105, short), Window::Open { epoch: 110 });
        let asked = Hyperparameters { pending_epoch_at: 107, ..rules };
        assert_eq!(window(&asked, 102, short), Window::Open { epoch: 107 });
    }
}
