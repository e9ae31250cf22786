//! What gathers between two epochs.

use super::Split;

/// Alpha of a subnet that waits for its epoch, in rao. An epoch takes all of it, however many blocks it waited: a
/// deferred or skipped epoch loses nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// `PendingServerEmission`: miners'.
    pub server: u64,
    /// `PendingValidatorEmission`: validators'.
    pub validator: u64,
    /// `PendingRootAlphaDivs`: of who stakes on root.
    pub root: u64,
    /// `PendingOwnerCut`: the owner's.
    pub owner_cut: u64,
}

/// What an epoch has taken, after it is known what its miners earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Divided among validators by their dividends.
    pub validators: u64,
    /// Divided among who stakes on root, through the validators.
    pub root: u64,
    /// Paid to the owner.
    pub owner_cut: u64,
}

impl Pending {
    /// Adds one block's split. Where root doesn't sell, as the prices of all subnets add up to no more than one TAO,
    /// root's part is recycled instead.
    pub fn add(&mut self, split: &Split, root_sells: bool) {
        self.add_many(split, root_sells, 1);
    }

    /// The same for a run of blocks with one split.
    pub(crate) fn add_many(&mut self, split: &Split, root_sells: bool, blocks: u64) {
        let many = |part: u64| part.saturating_mul(blocks);
        self.server = self.server.saturating_add(many(split.server));
        self.validator = self.validator.saturating_add(many(split.validator));
        self.owner_cut = self.owner_cut.saturating_add(many(split.owner_cut));
        if root_sells {
            self.root = self.root.saturating_add(many(split.root));
        }
    }

    /// Takes all that is there and leaves nothing.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// What an epoch is run over, in rao ([`crate::yuma::EpochInput::emission`]): all but the owner's cut.
    pub fn emission(&self) -> u64 {
        self.server.saturating_add(self.validator).saturating_add(self.root)
    }

    /// Who gets what, by what the epoch gave to all miners together, in rao: where that is nothing, validators get the
    /// miners' part too.
    pub fn drained(&self, incentives: u64) -> Drained {
        let servers = if incentives == 0 { self.server } else { 0 };
        Drained { validators: self.validator.saturating_add(servers), root: self.root, owner_cut: self.owner_cut }
    }
}
