//! A subnet's alpha as blocks pass.

use super::{Pending, Split, SplitInput, block_emission, halving::next_halving, split};

/// What a subnet's emission depends on beside its own issuance. Holds for as long as nobody moves stake on root,
/// changes a rule or trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The owner's cut, of 65535; none where the subnet has it turned off.
    pub owner_cut: Option<u16>,
    /// TAO staked on root, in rao.
    pub root_tao: u64,
    /// `TaoWeight`: what TAO on root counts relative to alpha, as a fraction of `u64::MAX`.
    pub tao_weight: u64,
    /// Whether root's part waits to be sold; otherwise it is recycled and leaves the issuance.
    pub root_sells: bool,
    /// Alpha put into the pool per block, in rao, issued before the rest.
    pub alpha_in: u64,
}

/// A subnet's alpha: how much there is, and what waits for the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subnet {
    /// Alpha in existence, in rao.
    pub alpha_issuance: u64,
    /// What has gathered since the last epoch.
    pub pending: Pending,
}

impl Subnet {
    /// One block: its alpha is issued, and split by the issuance with it. Returns the split.
    pub fn step(&mut self, terms: &Terms) -> Split {
        let alpha_out = block_emission(self.alpha_issuance);
        let issued = self.alpha_issuance.saturating_add(terms.alpha_in).saturating_add(alpha_out);
        let split = split(&terms.split_input(alpha_out, issued));
        self.pending.add(&split, terms.root_sells);
        self.alpha_issuance = issued.saturating_sub(if terms.root_sells { 0 } else { split.root });
        split
    }

    /// As many blocks as a tempo has, or any number: the same integers as so many [`Subnet::step`]s.
    pub fn advance(&mut self, terms: &Terms, blocks: u64) {
        let mut left = blocks;
        while left > 0 {
            let run = self.alike(terms).clamp(1, left);
            let split = self.step(terms);
            let repeated = run - 1;
            let growth = block_emission(self.alpha_issuance).saturating_add(terms.alpha_in);
            self.pending.add_many(&split, terms.root_sells, repeated);
            self.alpha_issuance = self.alpha_issuance.saturating_add(growth.saturating_mul(repeated));
            left -= run;
        }
    }

    /// How many of the next blocks are split alike: until the next halving where nothing on root weighs, and otherwise
    /// one, as root's proportion falls with every block.
    fn alike(&self, terms: &Terms) -> u64 {
        let growth = block_emission(self.alpha_issuance).saturating_add(terms.alpha_in);
        let without_root = super::root_proportion(&terms.split_input(0, self.alpha_issuance.max(1))) == 0;
        if !without_root {
            return 1;
        }
        // The blocks that begin before the halving.
        next_halving(self.alpha_issuance).saturating_sub(self.alpha_issuance).div_ceil(growth.max(1))
    }

    /// The epoch comes: all that waited is taken.
    pub fn drain(&mut self) -> Pending {
        self.pending.take()
    }
}

impl Terms {
    fn split_input(&self, alpha_out: u64, alpha_issuance: u64) -> SplitInput {
        SplitInput {
            alpha_out,
            owner_cut: self.owner_cut,
            root_tao: self.root_tao,
            tao_weight: self.tao_weight,
            alpha_issuance,
        }
    }
}
