use primitives::{BlockHash, BlockRef, Hotkey, MechId, NetUid, Registration, Uid};
use scoring::{
    Check, Evidence, Header, Incentive, LOG_VERSION, Outcome, Record, Round, ScoreTable, Scored, Seat, Snapshot,
    weights,
};

use super::*;

#[derive(Deserialize)]
struct Configuration {
    incentive: Incentive,
}

fn rules() -> Incentive {
    toml::from_str::<Configuration>(include_str!("../own-subnet.toml")).unwrap().incentive
}

fn table() -> ScoreTable {
    let (genesis, validator) = (BlockHash([1; 32]), Hotkey([9; 32]));
    let (netuid, mech, rules) = (NetUid(2), MechId(0), rules().into());
    ScoreTable::new(Header { version: LOG_VERSION, genesis, netuid, mech, validator, rules }, &registry()).unwrap()
}

#[test]
fn near_answers_are_worth_a_part() {
    let mark = |answered| Closeness { tolerance_ppm: 10_000 }.mark("2000", answered).nano();
    assert_eq!(
        (mark("2000"), mark("1,999 plus 1 is 2,000."), mark("2010")),
        (1_000_000_000, 1_000_000_000, 500_000_000)
    );
    assert_eq!((mark("1980"), mark("20000"), mark("no idea"), mark("")), (0, 0, 0, 0));
}

#[test]
fn a_round_pays_by_closeness() {
    let mut table = table();
    let block = BlockRef { number: 7, hash: BlockHash([3; 32]) };
    table.apply(&Record::Round(Round { round: 1, block })).unwrap();
    let miners = [1, 2, 3].map(|index| Registration { hotkey: Hotkey([index; 32]), block: 1 });
    for (miner, off) in miners.into_iter().zip([0, 40, 900]) {
        let challenge = table.challenge("sums", &miner.hotkey).unwrap();
        // The same for all, and wherever the log is replayed.
        assert_eq!(challenge.digest.to_string(), "d63790e1165dd1777042540e094877dd403f40d1bbeb0db96c3d75010c076aec");
        let expected = challenge.expected.unwrap();
        let answered = (expected.parse::<u64>().unwrap() + off).to_string();
        let check = Check::Marked { answered: 5, mark: table.mechanism().scorer().mark(&expected, &answered) };
        let outcome = check.outcome(table.incentive());
        assert_eq!(outcome, if off < 900 { Outcome::Ok } else { Outcome::WrongOutput });
        let evidence = Evidence { outcome, latency_us: 1, first_token_us: None, check: Some(check), sketch: None };
        let (task, digest, score) = ("sums".into(), challenge.digest, table.score(&evidence));
        let (request_digest, response_digest) = (None, None);
        let scored =
            Scored { round: 1, miner, task, challenge: digest, request_digest, response_digest, evidence, score };
        table.apply(&Record::Scored(Box::new(scored))).unwrap();
    }
    let seats = (0..).map(Uid).zip(miners).map(|(uid, registration)| Seat { uid, registration }).collect();
    let row = weights(&table, &Snapshot { block, seats, min_allowed_weights: 1 }).unwrap();
    assert!(row.get(Uid(0)) == 65_535 && (1..65_535).contains(&row.get(Uid(1))) && row.len() == 2, "{row:?}");
}

#[test]
fn wrong_settings_are_refused_by_name() {
    for (setting, reason) in [(r#"digits = 12"#, "digits is 12"), (r#"digits = 3, base = 2"#, "unknown field `base`")] {
        let tasks = toml::from_str::<Incentive>(&format!("tasks = [{{ kind = \"sums\", {setting} }}]")).unwrap().tasks;
        let error = registry().build(&Incentive { tasks, ..rules() }).unwrap_err().to_string();
        assert!(error.starts_with("sums: ") && error.contains(reason), "{error}");
    }
}
