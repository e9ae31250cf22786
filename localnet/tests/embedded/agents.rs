//! Who lives in the subnets that are played on a chain and on paper, and what they do.

use codec::Encode;
use frame_support::BoundedVec;
use localnet::{Genesis, GenesisNeuron, Rules, SubnetGenesis, dev_account};
use node_subtensor_runtime::{AccountId, Runtime};
use pallet_subtensor::Call;
use primitives::{Coldkey, Hotkey, Keypair, NetUid, Uid};
use simulation::chain::Refused;

use crate::{
    beacon::last_round,
    node::{Fate, Node},
    stake::failed,
    timelock::{locked, payload},
    twin::Twin,
};

pub const TEMPO: u64 = 5;
pub const SUBNETS: [u16; 3] = [OLD, LIQUID, COMMITTED];
/// Yuma 2, in two mechanisms.
pub const OLD: u16 = 1;
/// Yuma 3 with liquid alpha.
pub const LIQUID: u16 = 2;
/// Yuma 3, and rows are committed.
pub const COMMITTED: u16 = 3;

const TAO: u64 = 1_000_000_000;
/// All are taken from the start.
const SEATS: u16 = 22;

pub struct Agents {
    /// The owner's hotkey and validators'.
    pub setters: [Keypair; 6],
    /// Who owns the newcomers.
    bob: Keypair,
}

/// A call, and what it is on paper.
pub struct Move {
    pub who: Keypair,
    pub call: Call<Runtime>,
    netuid: u16,
    what: What,
}

enum What {
    Row { mecid: u8, uid: Uid, row: Vec<(u16, u16)> },
    Commit { uid: Uid, row: Vec<(u16, u16)>, opens_at: u64 },
    Seat { hotkey: AccountId },
    Sale { hotkey: Hotkey, amount: u64 },
}

impl Agents {
    pub fn new() -> Self {
        let setters = ["//Owner//hotkey", "//V1", "//V2", "//V3", "//V4", "//V5"].map(dev_account);
        Self { setters, bob: dev_account("//Bob") }
    }

    /// What they do in a block, the one of an epoch as well as any other.
    pub async fn moves(&self, node: &Node, twins: &[Twin], block: u64) -> Vec<Move> {
        let (best, last_round) = (node.handle.best().number, last_round(node).await);
        let mut moves = Vec::new();
        for twin in twins {
            for mecid in 0..twin.paper.rules().mechanism_count_current {
                for who in &self.setters {
                    let Some(uid) = twin.paper.seat_of(&who.hotkey()) else { continue };
                    let draw = |what| draw(&[block, twin.netuid.into(), mecid.into(), uid.0.into(), what]);
                    // Two rows in three epochs.
                    if draw(0) % (3 * TEMPO) >= 2 {
                        continue;
                    }
                    let row = row(twin.paper.seats(), block / (3 * TEMPO) * 16 + u64::from(mecid), draw);
                    moves.push(if twin.netuid == COMMITTED {
                        // The round is known in that block, so that the next one opens the row.
                        let known_at = best + 2 + draw(1) % (TEMPO + 3);
                        commit(who, uid, row, last_round + known_at - best, known_at + 1)
                    } else {
                        set(twin.netuid, mecid, who, uid, row)
                    });
                }
            }
        }
        let twin = &twins[usize::try_from(block / TEMPO).unwrap() % twins.len()];
        moves.extend(self.newcomer(twin, block));
        moves.extend(self.sale(twin, block));
        moves
    }

    /// At some block of an epoch somebody comes: who came before and lost the seat, too.
    fn newcomer(&self, twin: &Twin, block: u64) -> Option<Move> {
        let mut keys = (0xb0u8..).map(|key| [key; 32]).filter(|key| twin.paper.seat_of(&Hotkey(*key)).is_none());
        let comes = block % TEMPO == draw(&[block / TEMPO]) % TEMPO;
        let hotkey = AccountId::new(keys.next().filter(|_| comes)?);
        let call = Call::burned_register { netuid: twin.netuid, hotkey: hotkey.clone() };
        Some(Move { who: self.bob.clone(), call, netuid: twin.netuid, what: What::Seat { hotkey } })
    }

    /// Half of what the first newcomer mined.
    fn sale(&self, twin: &Twin, block: u64) -> Option<Move> {
        let hotkey = Hotkey([0xb0; 32]);
        let amount = twin.paper.stake(&hotkey) / 2;
        if block % (2 * TEMPO) != 7 || amount < TAO / 10 {
            return None;
        }
        let netuid = twin.netuid;
        let call = Call::remove_stake { netuid, hotkey: AccountId::new(hotkey.0), amount_unstaked: amount };
        Some(Move { who: self.bob.clone(), call, netuid, what: What::Sale { hotkey, amount } })
    }
}

fn set(netuid: u16, mecid: u8, who: &Keypair, uid: Uid, row: Vec<(u16, u16)>) -> Move {
    let (dests, weights) = row.iter().copied().unzip();
    let call = Call::set_mechanism_weights { netuid, mecid, dests, weights, version_key: 0 };
    Move { who: who.clone(), call, netuid, what: What::Row { mecid, uid, row } }
}

fn commit(who: &Keypair, uid: Uid, row: Vec<(u16, u16)>, reveal_round: u64, opens_at: u64) -> Move {
    let (uids, values): (Vec<u16>, Vec<u16>) = row.iter().copied().unzip();
    let commit = BoundedVec::truncate_from(locked(reveal_round, &payload(who, &uids, &values, 0)));
    let netuid = COMMITTED;
    let call = Call::commit_timelocked_weights { netuid, commit, reveal_round, commit_reveal_version: 4 };
    Move { who: who.clone(), call, netuid, what: What::Commit { uid, row, opens_at } }
}

impl Move {
    /// What comes of it on paper, in the chain's words.
    pub fn on_paper(self, twins: &mut [Twin]) -> Fate {
        let twin = twins.iter_mut().find(|twin| twin.netuid == self.netuid).unwrap();
        let answer = match self.what {
            What::Row { mecid, uid, row } => twin.paper.set_weights(mecid, uid, &row),
            What::Commit { uid, row, opens_at } => twin.paper.commit_weights(0, uid, row, opens_at),
            What::Seat { hotkey } => {
                twin.register(&hotkey);
                Ok(())
            }
            What::Sale { hotkey, amount } => {
                twin.sell(&hotkey, amount);
                Ok(())
            }
        };
        match answer {
            Ok(()) => Fate::Done,
            Err(Refused::Stake) => Fate::Refused("Custom error: 1".into()),
            Err(Refused::Permit) => failed("NeuronNoValidatorPermit"),
            Err(Refused::TooMany) => failed("UidsLengthExceedUidsInSubNet"),
            Err(Refused::Duplicate) => failed("DuplicateUids"),
            Err(Refused::Uid) => failed("UidVecContainInvalidOne"),
            Err(Refused::TooFew) => failed("WeightVecLengthIsLow"),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Three full subnets: the owner's hotkey, validators, another one of the owner's, miners.
pub fn genesis(agents: &Agents) -> Genesis {
    let rules = Rules {
        tempo: u16::try_from(TEMPO).unwrap(),
        immunity_period: 12,
        max_allowed_uids: SEATS,
        min_allowed_weights: 2,
        max_allowed_validators: 3,
        activity_cutoff_factor_milli: 2_500,
        ..SubnetGenesis::new(NetUid(OLD)).rules
    };
    let old = Rules { yuma3_on: false, bonds_penalty: 40_000, min_non_immune_uids: 2, ..rules.clone() };
    let liquid = Rules { liquid_alpha_on: true, kappa: 39_321, bonds_penalty: 20_000, ..rules.clone() };
    let committed = Rules { commit_reveal_weights_enabled: true, bonds_moving_average: 500_000, ..rules };
    // The fourth is below the threshold of stake.
    let all = [(1, 40_000), (2, 25_000), (3, 30_000), (4, 900)];
    Genesis {
        subnets: vec![
            subnet(agents, OLD, 500_000, &all, old),
            subnet(agents, LIQUID, 400_000, &all, liquid),
            subnet(agents, COMMITTED, 300_000, &[(3, 20_000), (4, 18_000), (5, 35_000)], committed),
        ],
        stake_threshold_rao: 1_000 * TAO,
        ..Genesis::default()
    }
}

fn subnet(agents: &Agents, netuid: u16, tao: u64, validators: &[(usize, u64)], rules: Rules) -> SubnetGenesis {
    let plain = SubnetGenesis::new(NetUid(netuid));
    let seat = |hotkey, coldkey, alpha: u64| GenesisNeuron {
        hotkey,
        coldkey,
        stake_rao: alpha * TAO,
        validator_permit: alpha > 0,
    };
    let validators =
        validators.iter().map(|(at, alpha)| seat(agents.setters[*at].hotkey(), Coldkey([0xc0; 32]), *alpha));
    let owned = seat(Hotkey([0x0f; 32]), plain.owner, 0);
    let miners = (0x10u8..).map(|key| seat(Hotkey([key; 32]), Coldkey([0xd0; 32]), 0));
    SubnetGenesis {
        pool: (tao * TAO, 1_000_000 * TAO),
        neurons: validators.chain([owned]).chain(miners).take(usize::from(SEATS) - 1).collect(),
        rules,
        ..plain
    }
}

/// Most rows of a season are about the same miners, and differ; some are wrong.
fn row(seats: u16, season: u64, draw: impl Fn(u64) -> u64) -> Vec<(u16, u16)> {
    let mut uids: Vec<u16> = (0..seats).filter(|uid| draw(10 + u64::from(*uid)) % 4 != 3).collect();
    uids.sort_by_key(|uid| draw(100 + u64::from(*uid)));
    match draw(2) % 24 {
        0 => uids.extend(uids.first().copied()),
        1 => uids.push(seats),
        2 => uids.truncate(1),
        _ => {}
    }
    let value = |uid: &u16| {
        let worth = self::draw(&[season, u64::from(*uid)]) % 40_000;
        u16::try_from(worth * (90 + draw(200 + u64::from(*uid)) % 21) / 100).unwrap()
    };
    uids.iter().map(|uid| (*uid, value(uid))).collect()
}

fn draw(of: &[u64]) -> u64 {
    u64::from_le_bytes(sp_core::blake2_64(&of.encode()))
}
