//! The chain's side: what an epoch takes it gives, rows are seen when they are opened, seats go as the rules say.

use assay_simulation::chain::{Chain, Genesis, GenesisError, GenesisSeat, Refused};
use primitives::{Coldkey, Hotkey, Hyperparameters, Uid};
use proptest::prelude::*;
use scoring::emission::{Pending, Subnet, Terms, block_emission};

const ALPHA: u64 = 1_000_000_000;
const OWNER: u16 = 0;

fn hotkey(number: u16) -> Hotkey {
    let mut key = [7; 32];
    key[..2].copy_from_slice(&number.to_be_bytes());
    Hotkey(key)
}

fn coldkey(number: u16) -> Coldkey {
    Coldkey(hotkey(number).0)
}

/// The owner in seat 0, validators with so much stake each, then miners.
fn genesis(rules: Hyperparameters, stakes: &[u64], miners: u16) -> Genesis {
    let seat = |number: u16| GenesisSeat::new(hotkey(number), coldkey(number));
    let validators = (1u16..).zip(stakes);
    let validators =
        validators.map(|(number, stake)| GenesisSeat { stake: *stake, validator_permit: true, ..seat(number) });
    let first = u16::try_from(stakes.len()).unwrap() + 1;
    let seats: Vec<_> =
        std::iter::once(seat(OWNER)).chain(validators).chain((first..first + miners).map(seat)).collect();
    let issued = 1_000_000 * ALPHA + stakes.iter().sum::<u64>();
    let rules = Hyperparameters { subnet_owner: coldkey(OWNER), subnet_owner_hotkey: hotkey(OWNER), ..rules };
    Genesis {
        rules,
        alpha: Subnet { alpha_issuance: issued, pending: Pending::default() },
        seats,
        ..Genesis::default()
    }
}

fn open() -> Hyperparameters {
    Hyperparameters { tempo: 20, weights_rate_limit: 0, commit_reveal_weights_enabled: false, ..Default::default() }
}

fn committed(reveal_period_epochs: u64) -> Hyperparameters {
    Hyperparameters { commit_reveal_weights_enabled: true, reveal_period_epochs, ..open() }
}

#[test]
fn a_first_epoch_by_hand() {
    let mut chain = Chain::new(genesis(open(), &[300 * ALPHA, 100 * ALPHA], 2)).unwrap();
    chain.step();
    for uid in [1, 2] {
        chain.set_weights(0, Uid(uid), &[(3, 30_000), (4, 10_000)]).unwrap();
    }
    assert_eq!(chain.row(0, Uid(1)), Some(&[(3, 65_535), (4, 21_845)][..]));
    let epoch = chain.advance_to_epoch();
    assert_eq!((epoch.index, epoch.block, chain.block()), (1, 20, 20));
    // 20 blocks of one alpha: 18 % are the owner's, the rest is halved.
    assert_eq!(
        epoch.drained,
        Pending { server: 20 * 410_002_288, validator: 20 * 410_002_288, root: 0, owner_cut: 20 * 179_995_422 }
    );
    assert_eq!(epoch.mechanisms[0].incentive, [0, 0, 0, 49_151, 16_383]);
    assert_eq!(epoch.combined.validator_trust[1..3], [65_535, 65_535]);
    let paid = &epoch.payment;
    assert_eq!(paid.owner_cut, epoch.drained.owner_cut);
    assert!(paid.seats[3].incentive > 6_000_000_000 && paid.seats[4].incentive > 2_000_000_000);
    // Three quarters of the stake, three quarters of the dividends.
    let (first, second) = (paid.seats[1].dividend, paid.seats[2].dividend);
    assert!(first.abs_diff(3 * second) < 100, "{first} {second}");
    assert_eq!(paid.total(), epoch.drained.emission() + epoch.drained.owner_cut);
    assert_eq!(chain.stake(&hotkey(1)), 300 * ALPHA + first);
    assert_eq!(chain.stake(&hotkey(3)), paid.seats[3].incentive);
    assert_eq!(chain.stake(&hotkey(OWNER)), paid.owner_cut);
    // Stake decides the next permits; the owner has one in any case.
    assert_eq!(epoch.combined.validator_permits, [true, true, true, false, false]);
}

#[test]
fn what_the_owner_mines_nobody_gets() {
    let mut chain = Chain::new(genesis(open(), &[ALPHA], 1)).unwrap();
    chain.step();
    chain.set_weights(0, Uid(1), &[(0, 1), (2, 1)]).unwrap();
    let issued = chain.alpha_issuance();
    let epoch = chain.advance_to_epoch();
    assert!(epoch.payment.withheld > 4 * ALPHA);
    assert_eq!(epoch.payment.seats[0].incentive, 0);
    assert_eq!(chain.stake(&hotkey(OWNER)), epoch.payment.owner_cut);
    assert_eq!(chain.alpha_issuance(), issued + 19 * ALPHA);
    // Recycled, it leaves the issuance.
    let mut recycles = genesis(open(), &[ALPHA], 1);
    recycles.recycles_withheld = true;
    let mut chain = Chain::new(recycles).unwrap();
    chain.step();
    chain.set_weights(0, Uid(1), &[(0, 1), (2, 1)]).unwrap();
    let epoch = chain.advance_to_epoch();
    assert_eq!(chain.alpha_issuance(), issued + 19 * ALPHA - epoch.payment.withheld);
}

#[test]
fn a_committed_row_opens_epochs_later_and_nobody_sees_it_before() {
    for period in [1, 2, 3] {
        let mut chain = Chain::new(genesis(committed(period), &[ALPHA], 2)).unwrap();
        assert_eq!(chain.set_weights(0, Uid(1), &[(2, 1)]), Err(Refused::Committed));
        chain.step();
        chain.commit_weights(0, Uid(1), vec![(2, 1)], 0).unwrap();
        for _ in 1..period {
            let epoch = chain.advance_to_epoch();
            assert_eq!((chain.row(0, Uid(1)), epoch.mechanisms[0].incentive[2]), (None, 0));
        }
        // In the block of the epoch, and before it runs.
        chain.advance(chain.next_epoch_block().unwrap() - chain.block() - 1);
        assert_eq!(chain.row(0, Uid(1)), None);
        let epoch = chain.step().unwrap();
        assert_eq!(epoch.mechanisms[0].incentive[2], 65_535, "{period}");
    }
}

#[test]
fn a_row_that_opens_late_counts_an_epoch_later() {
    let mut chain = Chain::new(genesis(committed(1), &[ALPHA], 2)).unwrap();
    chain.step();
    chain.commit_weights(0, Uid(1), vec![(2, 1)], 23).unwrap();
    assert_eq!(chain.advance_to_epoch().mechanisms[0].incentive[2], 0);
    chain.advance(3);
    assert!(chain.row(0, Uid(1)).is_some());
    // One that can't be opened in its epoch is lost.
    chain.commit_weights(0, Uid(1), vec![(3, 1)], 1_000).unwrap();
    chain.advance(100);
    assert_eq!(chain.row(0, Uid(1)), Some(&[(2, 65_535)][..]));
}

/// While a commit waits, rows judge nobody that came after it.
#[test]
fn a_row_says_nothing_of_who_came_after_the_commit() {
    let mut chain = Chain::new(genesis(committed(2), &[ALPHA], 2)).unwrap();
    chain.step();
    chain.commit_weights(0, Uid(1), vec![(2, 1), (3, 1)], 0).unwrap();
    chain.advance_to_epoch();
    let newcomer = chain.register(hotkey(50), coldkey(50), 0, 0).unwrap();
    assert_eq!((newcomer.uid, newcomer.left), (Uid(4), None));
    chain.step();
    chain.commit_weights(0, Uid(1), vec![(4, 1)], 0).unwrap();
    // The first row opens; the second one waits and is newer than the newcomer.
    let epoch = chain.advance_to_epoch();
    assert_eq!(epoch.mechanisms[0].incentive[2..], [32_767, 32_767, 0]);
    assert_eq!(chain.advance_to_epoch().mechanisms[0].incentive[4], 65_535);
}

#[test]
fn rows_that_the_chain_would_not_take_are_refused() {
    let rules = Hyperparameters { min_allowed_weights: 2, stake_threshold: ALPHA, weights_rate_limit: 5, ..open() };
    let mut chain = Chain::new(genesis(rules, &[ALPHA, ALPHA - 1], 2)).unwrap();
    chain.advance(5);
    let mut set = |mechanism, uid, row: &[(u16, u16)]| chain.set_weights(mechanism, Uid(uid), row);
    assert_eq!(set(1, 1, &[(3, 1), (4, 1)]), Err(Refused::Mechanism));
    assert_eq!(set(0, 9, &[(3, 1), (4, 1)]), Err(Refused::Seat));
    assert_eq!(set(0, 2, &[(3, 1), (4, 1)]), Err(Refused::Stake));
    assert_eq!(set(0, 1, &[(3, 1)]), Err(Refused::TooFew));
    assert_eq!(set(0, 1, &[(3, 1), (3, 1)]), Err(Refused::Duplicate));
    assert_eq!(set(0, 1, &[(3, 1), (9, 1)]), Err(Refused::Uid));
    assert_eq!(set(0, 1, &[(1, 1); 6]), Err(Refused::TooMany));
    assert_eq!(set(0, 1, &[(3, 1), (4, 1)]), Ok(()));
    assert_eq!(set(0, 1, &[(3, 1), (4, 1)]), Err(Refused::TooFast));
    // The owner needs neither stake nor permit.
    assert_eq!(set(0, 0, &[(3, 1), (4, 1)]), Ok(()));
    let poor = Hyperparameters { stake_threshold: 0, ..open() };
    let mut chain = Chain::new(genesis(poor, &[ALPHA], 2)).unwrap();
    assert_eq!(chain.set_weights(0, Uid(3), &[(2, 1)]), Err(Refused::Permit));
    assert_eq!(chain.set_weights(0, Uid(3), &[(3, 1)]), Ok(()));
    assert_eq!(chain.commit_weights(0, Uid(1), vec![], 0), Err(Refused::Open));
}

#[test]
fn a_full_subnet_loses_who_earns_least_once_it_is_not_immune() {
    let rules = Hyperparameters { max_allowed_uids: 5, immunity_period: 30, min_allowed_weights: 1, ..open() };
    let mut full = genesis(rules, &[100 * ALPHA], 3);
    full.min_non_immune_uids = 0;
    let mut chain = Chain::new(full).unwrap();
    chain.step();
    chain.set_weights(0, Uid(1), &[(2, 9), (3, 1), (4, 5)]).unwrap();
    chain.advance_to_epoch();
    chain.advance(20);
    let price = chain.rules().burn;
    let first = chain.register(hotkey(50), coldkey(50), 0, ALPHA).unwrap();
    assert_eq!(first.uid, Uid(3));
    assert_eq!(first.left.map(|left| left.hotkey), Some(hotkey(3)));
    assert_eq!((first.burn, chain.rules().burn), (price, price * 126 / 100));
    // What the row gave the one that left is not the newcomer's.
    assert_eq!(chain.row(0, Uid(1)).unwrap()[1], (3, 0));
    assert!(chain.stake(&hotkey(3)) > 0);
    // The newcomer is immune, so the next worst goes; nobody takes the owner's seat.
    assert_eq!(chain.seat_to_prune(), Some(Uid(4)));
    assert_eq!(chain.register(hotkey(50), coldkey(50), 0, 0), None);
    let back = chain.register(hotkey(3), coldkey(3), 0, 0).unwrap();
    assert_eq!((back.uid, chain.seat_of(&hotkey(4))), (Uid(4), None));
}

#[test]
fn what_is_no_subnet_is_refused() {
    let refused = |change: fn(&mut Genesis)| {
        let mut wrong = genesis(open(), &[ALPHA], 2);
        change(&mut wrong);
        Chain::new(wrong).unwrap_err()
    };
    assert_eq!(refused(|genesis| genesis.rules.max_allowed_uids = 3), GenesisError::Seats { seats: 4, most: 3 });
    assert_eq!(refused(|genesis| genesis.rules.mechanism_count_current = 0), GenesisError::Mechanisms(0));
    assert_eq!(refused(|genesis| genesis.rules.tempo = 0), GenesisError::Tempo);
    assert_eq!(refused(|genesis| genesis.seats[3] = genesis.seats[1].clone()), GenesisError::Twice(3));
}

prop_compose! {
    fn any_rules()(
        tempo in 2u16..30, yuma3: bool, liquid_alpha_on: bool, kappa: u16, bonds_penalty: u16, owner_cut: u16,
        mechanisms in 1u8..4, commits: bool, tao_weight: u64, root_sells: bool, alpha_in in 0u64..ALPHA,
    ) -> (Hyperparameters, Terms) {
        let rules = Hyperparameters {
            tempo, yuma3_on: yuma3, liquid_alpha_on, kappa, bonds_penalty, tao_weight, weights_rate_limit: 0,
            mechanism_count_current: mechanisms, commit_reveal_weights_enabled: commits, max_allowed_uids: 10,
            immunity_period: 3, ..Hyperparameters::default()
        };
        let terms = Terms { owner_cut: Some(owner_cut), root_tao: 50 * ALPHA, tao_weight, root_sells, alpha_in };
        (rules, terms)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens, each rao that a block issues is paid, withheld, recycled or left over, once.
    #[test]
    fn nothing_is_lost_and_nothing_made_up(
        (rules, terms) in any_rules(),
        stakes in prop::collection::vec((1u64..1_000 * ALPHA, 0u64..100 * ALPHA), 1..4),
        rows in prop::collection::vec((0u8..3, 0u16..6, prop::collection::vec(any::<u16>(), 8)), 0..30),
        recycles: bool,
    ) {
        let (alphas, roots): (Vec<u64>, Vec<u64>) = stakes.into_iter().unzip();
        let mut from = genesis(rules, &alphas, 5);
        for (seat, root) in from.seats[1..].iter_mut().zip(&roots) {
            seat.root_stake = *root;
        }
        (from.terms, from.recycles_withheld, from.min_non_immune_uids) = (terms, recycles, 0);
        let mut chain = Chain::new(from).unwrap();
        let mut plain = Subnet { alpha_issuance: chain.alpha_issuance(), pending: Pending::default() };
        let mut rows = rows.into_iter();
        let staked = |chain: &Chain| (0..60).map(|number| chain.stake(&hotkey(number))).sum::<u64>();
        for number in 0..60u16 {
            let before = (staked(&chain), chain.unassigned());
            let epoch = chain.step();
            let alpha_out = block_emission(plain.alpha_issuance);
            let lost = plain.step(&terms).rounding(alpha_out);
            if let Some(epoch) = epoch {
                let drained = plain.drain();
                prop_assert_eq!(epoch.drained, drained);
                let paid = &epoch.payment;
                prop_assert_eq!(paid.total(), drained.emission() + drained.owner_cut);
                let recycled = paid.recycled + if recycles { paid.withheld } else { 0 };
                plain.alpha_issuance -= recycled;
                let kept = staked(&chain) - before.0 + chain.unassigned() - before.1 + paid.withheld + paid.recycled;
                prop_assert_eq!(kept, paid.total() + lost);
                prop_assert_eq!(&epoch.combined, chain.results());
            }
            prop_assert_eq!(chain.alpha_issuance(), plain.alpha_issuance);
            if let Some((mechanism, uid, values)) = rows.next() {
                let row: Vec<(u16, u16)> = (0..chain.seats()).zip(values).collect();
                let _ = chain.set_weights(mechanism, Uid(uid), &row);
                let _ = chain.commit_weights(mechanism, Uid(uid), row, 0);
            }
            if number % 7 == 6 {
                let _ = chain.register(hotkey(40 + number / 7), coldkey(0), 0, 0);
            }
        }
    }
}
