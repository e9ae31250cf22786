//! Who gets what of an epoch's emission.

use substrate_fixed::types::U96F32;

use super::Pending;

/// What miners are paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incentives {
    /// What all miners earned, in rao, the withheld part included.
    pub total: u64,
    /// Of this, what the owner's own hotkeys earned, in rao: nobody gets it.
    pub withheld: u64,
    /// What is left to divide among validators, in rao.
    pub validators: u64,
}

/// A validator, as its dividends depend on it. By hotkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earner {
    /// What the epoch gave it as a validator, in rao.
    pub earned: u64,
    /// Alpha staked to it, in rao, after incentives and the owner's cut were paid.
    pub alpha: u64,
    /// TAO staked to it on root, in rao.
    pub root: u64,
    /// What its owner takes from who stakes to it, of 65535.
    pub take: u16,
}

/// A dividend, in rao.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The hotkey's owner's.
    pub take: u64,
    /// For all who stake to the hotkey.
    pub rest: u64,
}

/// What one validator's stake earns, in rao of alpha.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dividend {
    /// By its alpha.
    pub alpha: Part,
    /// By its TAO on root.
    pub root: Part,
    /// Whether who stakes on root may claim `root.rest`; where it is more than their stake it is added to the hotkey's.
    pub claimable: bool,
}

/// What validators' stake earns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dividends {
    /// For each validator, in their order.
    pub each: Vec<Dividend>,
    /// Root's part, in rao, where nobody's TAO on root earned any: it is recycled.
    pub recycled: u64,
}

impl Incentives {
    /// The part that was withheld, in units of 2^-32: `MinerBurned`.
    pub fn withheld_share(&self) -> u128 {
        ratio(self.withheld, self.total).to_bits()
    }
}

impl Pending {
    /// What miners are paid of what an epoch took, by what it gave to each in rao, and whether that is withheld.
    ///
    /// Nobody mined: the validators get it all. The epoch rounds each part of the total, so that miners may get a few rao
    /// more than was put aside for them: these come out of what validators get.
    pub fn incentives(&self, earned: impl IntoIterator<Item = (u64, bool)>) -> Incentives {
        let (mut total, mut withheld) = (0u64, 0u64);
        for (amount, kept_back) in earned {
            total = total.saturating_add(amount);
            withheld = withheld.saturating_add(if kept_back { amount } else { 0 });
        }
        let validators = match total {
            0 => self.validator.saturating_add(self.server),
            _ => self.validator.saturating_sub(total.saturating_sub(self.server)),
        };
        Incentives { total, withheld, validators }
    }
}

impl Dividends {
    /// What was paid, kept to be claimed or recycled, in rao.
    pub fn paid(&self) -> u64 {
        let parts = self.each.iter().flat_map(|one| [one.alpha.take, one.alpha.rest, one.root.take, one.root.rest]);
        parts.fold(self.recycled, u64::saturating_add)
    }
}

/// `alpha` rao to validators by what their alpha earned, `root` rao by what their TAO on root did: each one's dividend is
/// split in proportion to both. `tao_weight` is what TAO on root counts, of `u64::MAX`. Who earned nothing must not be
/// among them.
pub fn dividends(earners: &[Earner], tao_weight: u64, alpha: u64, root: u64) -> Dividends {
    let tao_weight = ratio(tao_weight, u64::MAX);
    let halves: Vec<(U96F32, U96F32)> = earners
        .iter()
        .map(|earner| {
            let dividend = U96F32::from_num(earner.earned);
            let (of_alpha, of_root) =
                (U96F32::from_num(earner.alpha), U96F32::from_num(earner.root).saturating_mul(tao_weight));
            let for_root = dividend.saturating_mul(over(of_root, of_alpha.saturating_add(of_root)));
            (dividend.saturating_sub(for_root), for_root)
        })
        .collect();
    let sum = |part: fn(&(U96F32, U96F32)) -> U96F32| {
        halves.iter().map(part).fold(U96F32::from_num(0), U96F32::saturating_add)
    };
    let (all_alpha, all_root) = (sum(|halves| halves.0), sum(|halves| halves.1));
    let of = |whole: u64, part: U96F32, all: U96F32| U96F32::from_num(whole).saturating_mul(over(part, all));
    let shares: Vec<(U96F32, U96F32)> =
        halves.iter().map(|halves| (of(alpha, halves.0, all_alpha), of(root, halves.1, all_root))).collect();

    let unearned = shares.iter().all(|(_, root)| root.to_num::<u128>() == 0);
    let each = earners.iter().zip(shares).map(|(earner, (by_alpha, by_root))| {
        let of_root = if unearned { Part::default() } else { taken(earner.take, by_root) };
        Dividend { alpha: taken(earner.take, by_alpha), root: of_root, claimable: of_root.rest <= earner.root }
    });
    Dividends { each: each.collect(), recycled: if unearned { root } else { 0 } }
}

/// A hotkey's owner takes its part of a dividend, of 65535.
fn taken(take: u16, dividend: U96F32) -> Part {
    let part = ratio(take.into(), u16::MAX.into()).saturating_mul(dividend);
    Part { take: part.saturating_to_num(), rest: dividend.saturating_sub(part).saturating_to_num() }
}

fn ratio(part: u64, whole: u64) -> U96F32 {
    over(U96F32::from_num(part), U96F32::from_num(whole))
}

/// The quotient, rounded down and at most the largest number; by nothing it is nothing.
fn over(part: U96F32, whole: U96F32) -> U96F32 {
    if whole == 0 { whole } else { part.saturating_div(whole) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HALF: u64 = u64::MAX / 2 + 1;

    #[test]
    fn miners_come_first_and_are_paid_what_the_epoch_says() {
        let pending = Pending { server: 500, validator: 300, root: 200, owner_cut: 180 };
        let none = pending.incentives([]);
        assert_eq!((none.validators, none.withheld_share()), (800, 0));
        let some = pending.incentives([(300, false), (100, true)]);
        assert_eq!(some, Incentives { total: 400, withheld: 100, validators: 300 });
        assert_eq!(some.withheld_share(), 1 << 30);
        // Two rao more than was put aside.
        assert_eq!(pending.incentives([(502, false)]).validators, 298);
    }

    #[test]
    fn stake_is_paid_by_what_earned_it() {
        let earner = |earned, alpha, root| Earner { earned, alpha, root, take: 0 };
        // Half of the second one's stake weight is TAO on root: of 300 earned by alpha it has 100, of root's all.
        let paid = dividends(&[earner(200, 700, 0), earner(200, 500, 1_000)], HALF, 3_000, 999);
        assert_eq!(paid.recycled, 0);
        let alpha: Vec<u64> = paid.each.iter().map(|one| one.alpha.rest).collect();
        let root: Vec<u64> = paid.each.iter().map(|one| one.root.rest).collect();
        assert_eq!(paid.each[0].alpha.take, 0);
        // The weight is a little more than a half, and quotients are rounded down.
        assert!((1_999..=2_001).contains(&alpha[0]) && (998..=1_000).contains(&alpha[1]), "{alpha:?}");
        assert_eq!(root, [0, 999]);
        assert!(paid.each[1].claimable);
    }

    #[test]
    fn root_that_earned_nothing_is_recycled() {
        let earner = Earner { earned: 5, alpha: 10, root: 0, take: u16::MAX };
        let paid = dividends(&[earner], HALF, 1_000, 77);
        assert_eq!(paid.each[0].alpha, Part { take: 1_000, rest: 0 });
        assert_eq!((paid.recycled, paid.paid()), (77, 1_077));
        assert_eq!(dividends(&[], HALF, 1_000, 77), Dividends { each: Vec::new(), recycled: 77 });
        // One rao on root earns more than it is: the hotkey has it at once.
        let tiny = dividends(&[Earner { root: 1, alpha: 0, take: 0, ..earner }], u64::MAX, 0, 77);
        assert_eq!((tiny.each[0].root.rest, tiny.each[0].claimable), (77, false));
    }

    /// The pallet's own arithmetic: whole bits of 2^-32, in 256 bits' place 128, which small numbers fit.
    fn plainly(earners: &[Earner], weight: u64, alpha: u64, root: u64) -> Vec<[u64; 4]> {
        let over = |a: u128, b: u128| (a << 32).checked_div(b).unwrap_or(0);
        let times = |a: u128, b: u128| (a * b) >> 32;
        let weight = (u128::from(weight) << 32) / u128::from(u64::MAX);
        let halves: Vec<(u128, u128)> = earners
            .iter()
            .map(|one| {
                let (a, r) = (u128::from(one.alpha) << 32, times(u128::from(one.root) << 32, weight));
                let root = times(u128::from(one.earned) << 32, over(r, a + r));
                ((u128::from(one.earned) << 32) - root, root)
            })
            .collect();
        let (a, r) = halves.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let share = |take: u16, whole: u64, part: u128, all: u128| {
            let dividend = times(u128::from(whole) << 32, over(part, all));
            let taken = times((u128::from(take) << 32) / u128::from(u16::MAX), dividend);
            [(taken >> 32) as u64, ((dividend - taken) >> 32) as u64]
        };
        let each = earners.iter().zip(&halves).map(|(one, halves)| {
            let ([a, b], [c, d]) = (share(one.take, alpha, halves.0, a), share(one.take, root, halves.1, r));
            [a, b, c, d]
        });
        each.collect()
    }

    proptest! {
        #[test]
        fn the_same_as_in_plain_integers(
            parts in prop::collection::vec((1u64..1 << 30, 0u64..1 << 30, 0u64..1 << 30, any::<u16>()), 1..6),
            weight: u64, alpha in 0u64..1 << 30, root in 1u64..1 << 30,
        ) {
            let earners: Vec<Earner> =
                parts.iter().map(|&(earned, alpha, root, take)| Earner { earned, alpha, root, take }).collect();
            let paid = dividends(&earners, weight, alpha, root);
            let plain = plainly(&earners, weight, alpha, root);
            if plain.iter().all(|one| one[2] + one[3] == 0) && paid.recycled > 0 {
                prop_assert_eq!(paid.recycled, root);
            }
            let found = paid.each.iter().map(|one| [one.alpha.take, one.alpha.rest, one.root.take, one.root.rest]);
            if paid.recycled == 0 {
                prop_assert_eq!(found.collect::<Vec<_>>(), plain);
            }
            prop_assert!(paid.paid() <= alpha + root);
        }
    }
}
