//! A block's new coins and how one subnet's share is split, in the chain's 96.32-bit fixed point, rounded down.

const FRACTION_BITS: u32 = 32;
/// Supply of TAO, and of each subnet's alpha, in rao.
const SUPPLY: u64 = 21_000_000_000_000_000;
/// Emission per block before the first halving, in rao.
const FIRST_EMISSION: u64 = 1_000_000_000;

/// New coins per block, in rao, at an issuance in rao: halved each time that half of what was left has been issued.
/// Holds for TAO and, on its own issuance, for each subnet's alpha.
pub fn block_emission(issuance: u64) -> u64 {
    let left = SUPPLY.saturating_sub(issuance);
    if left == 0 {
        return 0;
    }
    // The halvings so far: the largest k with left · 2^k <= SUPPLY.
    let halvings = (SUPPLY / left).ilog2();
    FIRST_EMISSION.checked_shr(halvings).unwrap_or(0)
}

/// What one block's alpha of a subnet is split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitInput {
    /// The alpha to split, in rao.
    pub alpha_out: u64,
    /// The owner's cut, of 65535; none where the subnet has it turned off.
    pub owner_cut: Option<u16>,
    /// TAO staked on root, in rao.
    pub root_tao: u64,
    /// `TaoWeight`: what TAO on root counts relative to alpha, in units of 2^-64.
    pub tao_weight: u64,
    /// Alpha in existence on this subnet, in rao.
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

/// Splits one block's alpha: the owner's cut off the top, half of the rest to miners, the other half to validators
/// after root's proportion of it.
pub fn split(input: &SplitInput) -> Split {
    let alpha_out = u128::from(input.alpha_out) << FRACTION_BITS;
    let cut = input.owner_cut.map_or(0, |cut| (u128::from(cut) << FRACTION_BITS) / u128::from(u16::MAX));
    // Products of two such numbers stay below 2^(64 + 32 + 32).
    let owner_cut = (alpha_out * cut) >> FRACTION_BITS;
    let rest = alpha_out - owner_cut;

    let root = ((root_proportion(input) * rest) >> FRACTION_BITS) / 2;

    let server = rest / 2;
    let whole = |fixed: u128| u64::try_from(fixed >> FRACTION_BITS).unwrap_or(u64::MAX);
    Split {
        owner_cut: whole(owner_cut),
        server: whole(server),
        validator: whole(rest - server - root),
        root: whole(root),
    }
}

/// Root's proportion of what validators get, in units of 2^-32: what TAO on root weighs beside the subnet's alpha.
pub fn root_proportion(input: &SplitInput) -> u128 {
    let weight = u128::from(input.tao_weight) >> (64 - FRACTION_BITS);
    let root_tao = weight * u128::from(input.root_tao);
    let alpha = u128::from(input.alpha_issuance) << FRACTION_BITS;
    (root_tao << FRACTION_BITS).checked_div(root_tao + alpha).unwrap_or(0)
}
