//! What an epoch costs: `cargo bench -p assay-scoring --bench yuma`.
//!
//! Medians over rounds for old Yuma, new Yuma and liquid alpha, every validator weighing every seat but its own, with
//! bonds in all of them. Beside them, in the same run, the straight line of the tests: n x n and one operation of
//! `substrate-fixed` after the other, in the shape of the chain's own code. Both have to give the same bits.

#[path = "../tests/straight/mod.rs"]
mod straight;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use assay_scoring::{
    concentration::influence,
    yuma::{self, EpochInput, EpochOutput, LiquidAlpha, Rows},
};

const ROUNDS: usize = 15;
/// Beyond this the straight line runs once.
const LONG: Duration = Duration::from_millis(100);

fn main() {
    println!("{:>10} {:>12} {:>12} {:>12} {:>8}", "", "seats", "epoch", "straight", "ratio");
    for (seats, validators) in [(256, 64), (256, 256), (4_096, 64)] {
        let liquid = LiquidAlpha { alpha_low: 45_875, alpha_high: 58_982, sigmoid_steepness: 1_000 };
        let kinds = [("classic", false, None), ("yuma3", true, None), ("liquid", true, Some(liquid))];
        for (name, yuma3, liquid_alpha) in kinds {
            let input = EpochInput { yuma3, liquid_alpha, ..dense(seats, validators) };
            compare(name, &format!("{seats}x{validators}"), &input);
        }
        // Without a penalty weights stand above consensus, and every pair has an exponential of its own.
        let input =
            EpochInput { yuma3: true, liquid_alpha: Some(liquid), bonds_penalty: 0, ..dense(seats, validators) };
        compare("no penalty", &format!("{seats}x{validators}"), &input);
    }
    // Few know each other: what costs is what rows name, not n.
    compare("sparse", "4096x4096", &sparse(4_096, 16));

    // Every validator left out once.
    let start = Instant::now();
    let found = influence(&dense(4_096, 64));
    println!("{:>10} {:>12} {:>9.0} ms", "influence", "4096x64", milliseconds(start.elapsed()));
    assert_eq!(found.len(), 64);
}

fn compare(name: &str, size: &str, input: &EpochInput) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        ours.push(timed(yuma::epoch, input));
        if round == 0 || theirs[0] < LONG {
            theirs.push(timed(straight::epoch, input));
        }
    }
    assert_eq!(yuma::epoch(input), straight::epoch(input), "{name} {size}");
    let (ours, theirs) = (median(ours), median(theirs));
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("{name:>10} {size:>12} {:>9.2} ms {:>9.1} ms {ratio:>7.0}x", milliseconds(ours), milliseconds(theirs));
}

fn timed(epoch: fn(&EpochInput) -> EpochOutput, input: &EpochInput) -> Duration {
    let start = Instant::now();
    black_box(epoch(black_box(input)));
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Numbers that look random and are the same each time (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// A row over all seats but one.
    fn row(&mut self, seats: u16, own: u16) -> Vec<(u16, u16)> {
        (0..seats).filter(|uid| *uid != own).map(|uid| (uid, 1 + self.below(65_535) as u16)).collect()
    }
}

/// Every validator weighs every seat.
fn dense(seats: u16, validators: u16) -> EpochInput {
    let mut numbers = Numbers(u64::from(seats));
    let stake = (0..seats).map(|uid| if uid < validators { 1 + numbers.below(1 << 50) } else { 0 }).collect();
    let weights = (0..validators).map(|uid| (uid, numbers.row(seats, uid))).collect();
    let bonds = (0..validators).map(|uid| (uid, numbers.row(seats, uid))).collect();
    subnet(stake, weights, bonds, validators)
}

/// Every seat is a validator that weighs a few.
fn sparse(seats: u16, few: u16) -> EpochInput {
    let mut numbers = Numbers(1);
    let stake = (0..seats).map(|_| 1 + numbers.below(1 << 50)).collect();
    let mut rows = || -> Rows {
        let row = |uid: u16| {
            let first = numbers.below(u64::from(seats - few)) as u16;
            (uid, (first..first + few).map(|miner| (miner, 1 + numbers.below(65_535) as u16)).collect())
        };
        (0..seats).map(row).collect()
    };
    let (weights, bonds) = (rows(), rows());
    subnet(stake, weights, bonds, seats)
}

fn subnet(stake: Vec<u64>, weights: Rows, bonds: Rows, validators: u16) -> EpochInput {
    let seats = stake.len();
    EpochInput {
        block: 1_000,
        tempo: 360,
        activity_cutoff: 5_000,
        last_update: vec![990; seats],
        block_at_registration: vec![1; seats],
        last_mechanism_step_block: 640,
        stake,
        stake_fraction: Vec::new(),
        stake_threshold: 0,
        owner_uid: None,
        validator_permits: (0..seats).map(|uid| uid < usize::from(validators)).collect(),
        max_allowed_validators: validators,
        weights,
        bonds,
        commit_blocks: None,
        kappa: 32_767,
        bonds_penalty: u16::MAX,
        bonds_moving_average: 900_000,
        yuma3: false,
        liquid_alpha: None,
        emission: 148_000_000_000,
    }
}
