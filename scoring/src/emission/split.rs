//! Where one block's alpha of one subnet goes.

use substrate_fixed::types::U96F32;

/// What one block's alpha of a subnet is split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitInput {
    /// The alpha to split, in rao.
    pub alpha_out: u64,
    /// The owner's cut, of 65535; none where the subnet has it turned off.
    pub owner_cut: Option<u16>,
    /// TAO staked on root, in rao.
    pub root_tao: u64,
    /// `TaoWeight`: what TAO on root counts relative to alpha, as a fraction of `u64::MAX`.
    pub tao_weight: u64,
    /// Alpha in existence on this subnet, in rao: with the alpha to split, which is issued before it is split.
    pub alpha_issuance: u64,
}

/// Where one block's alpha goes, in rao. Up to three rao are lost to rounding, as on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// To the subnet's owner.
    pub owner_cut: u64,
    /// Pending for miners until the epoch.
    pub server: u64,
    /// Pending for validators until the epoch.
    pub validator: u64,
    /// Pending for stakers on root.
    pub root: u64,
}

impl Split {
    /// What rounding left of the alpha that was split, in rao.
    pub fn rounding(&self, alpha_out: u64) -> u64 {
        [self.owner_cut, self.server, self.validator, self.root].into_iter().fold(alpha_out, u64::saturating_sub)
    }
}

/// Splits one block's alpha: the owner's cut off the top, half of the rest to miners, the other half to validators
/// after root's proportion of it.
pub fn split(input: &SplitInput) -> Split {
    let half = U96F32::from_num(0.5);
    let alpha_out = U96F32::from_num(input.alpha_out);
    let cut = input.owner_cut.map_or(U96F32::from_num(0), |cut| share(cut.into(), u16::MAX.into()));
    let owner_cut = alpha_out.saturating_mul(cut);
    let rest = alpha_out.saturating_sub(owner_cut);
    let root = proportion(input).saturating_mul(rest).saturating_mul(half);
    let server = rest.saturating_mul(half);
    let validator = rest.saturating_sub(server).saturating_sub(root);
    Split {
        owner_cut: owner_cut.saturating_to_num(),
        server: server.saturating_to_num(),
        validator: validator.saturating_to_num(),
        root: root.saturating_to_num(),
    }
}

/// Root's proportion of what validators get, in units of 2^-32: what TAO on root weighs beside the subnet's alpha.
pub fn root_proportion(input: &SplitInput) -> u128 {
    proportion(input).to_bits()
}

fn proportion(input: &SplitInput) -> U96F32 {
    let root = U96F32::from_num(input.root_tao).saturating_mul(share(input.tao_weight, u64::MAX));
    let all = root.saturating_add(U96F32::from_num(input.alpha_issuance));
    root.checked_div(all).unwrap_or_default()
}

fn share(part: u64, whole: u64) -> U96F32 {
    U96F32::from_num(part).checked_div(U96F32::from_num(whole)).unwrap_or_default()
}
