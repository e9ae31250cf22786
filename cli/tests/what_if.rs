//! `assay replay --config`: a log's evidence under other rules, as a table, as JSON and as a page, and what a log can't say.

mod markup;
mod program;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use chain::Client;
use localnet::{Config, Genesis, GenesisNeuron, SubnetGenesis, dev_account, spawn};
use primitives::{BlockHash, BlockRef, Digest, Hotkey, Keypair, MechId, NetUid, Registration, Uid, Weights};
use scoring::{
    Check, Evidence, Gate, Header, Incentive, LOG_VERSION, Landed, Record, Registry, Replay, Round, Score, ScoreLog,
    Scored, Seat, Snapshot, Speed, Verifies, WeightsRecord, alone, weights, with_row, yuma,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Of 40 tokens, how many of each miner's match in every round.
const MATCHED: [u32; 4] = [40, 38, 37, 30];
const ROUNDS: u64 = 6;

fn validator() -> Hotkey {
    Keypair::from_uri("//Validator").unwrap().hotkey()
}

fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: BlockHash(Digest::of(&number.to_le_bytes()).0) }
}

fn miner(index: u8) -> Registration {
    Registration { hotkey: Hotkey([index + 1; 32]), block: 10 + u64::from(index) }
}

/// Seat 0 is the validator's.
fn snapshot(number: u64) -> Snapshot {
    let own = Seat { uid: Uid(0), registration: Registration { hotkey: validator(), block: 1 } };
    let seats = (0..MATCHED.len() as u8).map(|at| Seat { uid: Uid(u16::from(at) + 1), registration: miner(at) });
    Snapshot { block: block(number), seats: std::iter::once(own).chain(seats).collect(), min_allowed_weights: 0 }
}

/// Where a log is written.
struct Place {
    genesis: BlockHash,
    netuid: NetUid,
    /// Of the validator and the miners.
    seats: Vec<Seat>,
    /// Where the last row landed; the ones before landed in blocks of no chain.
    landed: Option<BlockRef>,
}

impl Place {
    fn nowhere() -> Self {
        Self { genesis: BlockHash([7; 32]), netuid: NetUid(3), seats: snapshot(0).seats, landed: None }
    }
}

/// A log in its text form. `check` is what was seen of an answer with so many of 40 tokens right.
fn log(place: &Place, incentive: &Incentive, check: impl Fn(u32) -> Check) -> Vec<u8> {
    let header = Record::Header(Header {
        version: LOG_VERSION,
        genesis: place.genesis,
        netuid: place.netuid,
        mech: MechId(0),
        validator: validator(),
        rules: incentive.clone().into(),
    });
    let first = ScoreLog::new().append(&header);
    let mut replay = Replay::begin(&first, &Registry::default()).unwrap();
    let mut text = first.to_line(&header);
    let mut write = |replay: &mut Replay, record: Record| text.extend(replay.append(&record).unwrap().to_line(&record));
    for round in 1..=ROUNDS {
        write(&mut replay, Record::Round(Round { round, block: block(100 * round) }));
        let miners = place.seats.iter().map(|seat| seat.registration).filter(|miner| miner.hotkey != validator());
        for (miner, matched) in miners.zip(MATCHED) {
            let check = check(matched);
            let outcome = check.outcome(incentive);
            let evidence =
                Evidence { outcome, latency_us: 100_000, first_token_us: Some(500), check: Some(check), sketch: None };
            let challenge = replay.table.challenge("generate", &miner.hotkey).unwrap();
            let scored = Scored {
                round,
                miner,
                task: "generate".into(),
                challenge: challenge.digest,
                request_digest: Some(Digest([1; 32])),
                response_digest: Some(Digest([2; 32])),
                score: replay.table.score(&evidence),
                evidence,
            };
            write(&mut replay, Record::Scored(Box::new(scored)));
        }
        let snapshot = Snapshot { seats: place.seats.clone(), ..snapshot(100 * round + 50) };
        let row = weights(&replay.table, &snapshot).unwrap();
        let record = WeightsRecord { round, snapshot, weights: row.clone(), version_key: 0 };
        write(&mut replay, Record::Weights(Box::new(record)));
        let landed = if round < ROUNDS { Some(block(100 * round + 60)) } else { place.landed };
        if let Some(block) = landed {
            write(&mut replay, Record::Landed(Landed { block, weights: row, call: None }));
        }
    }
    text
}

fn tokens(matched: u32) -> Check {
    Check::Tokens { answered: 40, matched, margin_micro: 9, complete: true }
}

fn plain() -> Incentive {
    Incentive { speed: Speed::None {}, ..Incentive::default() }
}

/// A folder with a log and rules in it.
struct Scene(TempDir);

impl Scene {
    fn new(incentive: &Incentive, check: impl Fn(u32) -> Check, rules: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("log.jsonl"), log(&Place::nowhere(), incentive, check)).unwrap();
        fs::write(folder.path().join("other.toml"), rules).unwrap();
        Self(folder)
    }

    fn of_tokens(rules: &str) -> Self {
        Self::new(&plain(), tokens, &format!("[incentive]\nspeed = {{ kind = \"none\" }}\n{rules}"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        program::run(self.0.path(), &[&["replay"], arguments].concat())
    }

    fn asks(&self, more: &[&str]) -> Output {
        program::run(self.0.path(), &asking(more))
    }

    fn prints(&self, more: &[&str]) -> String {
        program::prints(self.0.path(), &asking(more))
    }

    fn document(&self, more: &[&str]) -> Value {
        serde_json::from_str(&self.prints(&[&["--json"], more].concat())).unwrap()
    }

    /// One line, nothing on stdout.
    fn fails(&self, more: &[&str], status: i32, holding: &[&str]) {
        program::fails(self.0.path(), &asking(more), status, holding);
    }
}

fn asking<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["replay", "log.jsonl", "--config", "other.toml"], more].concat()
}

fn of(document: &Value, uid: u64) -> &Value {
    document["miners"].as_array().unwrap().iter().find(|miner| miner["uid"] == uid).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The rows are the ones that the crate computes by hand: standings of six equal scores, in proportion to their square and
/// all to the best.
#[test]
fn the_numbers_are_those_of_both_rules() {
    let scene = Scene::of_tokens("weights = { kind = \"winner_takes_all\" }\n");
    let document = scene.document(&[]);
    let standing = |matched: u32| (1.0 - 0.9_f64.powi(6)) * f64::from(matched) / 40.0;
    let squares = |uid: usize| f64::from(MATCHED[uid] * MATCHED[uid]);
    let whole: f64 = (0..3).map(squares).sum();
    for (uid, matched) in (1..).zip(&MATCHED[..3]) {
        let found = of(&document, uid);
        assert!((number(&found["standing_before"]) - standing(*matched)).abs() < 1e-6, "{found}");
        assert_eq!(found["standing_before"], found["standing_after"]);
        let share = squares(uid as usize - 1) / whole;
        assert!((number(&found["share_before"]) - share).abs() < 1e-4, "{found}");
        assert_eq!(number(&found["share_after"]), if uid == 1 { 1.0 } else { 0.0 });
        assert!((number(&found["incentive_before"]) - share).abs() < 1e-4, "{found}");
        let rao = found["emission_difference_rao"].as_i64().unwrap() as f64;
        let expected = 5e8 * (number(&found["share_after"]) - share);
        assert!((rao - expected).abs() < 5e4, "{found}");
    }
    // Thirty of forty are below the gate.
    assert_eq!((&of(&document, 4)["standing_before"], &of(&document, 4)["weight_before"]), (&json!(0.0), &json!(0)));
    let moved = 1.0 - squares(0) / whole;
    assert!((number(&document["distance"]) - moved).abs() < 1e-4, "{}", document["distance"]);
    let herfindahl = (0..3).map(|uid| (squares(uid) / whole).powi(2)).sum::<f64>();
    assert!((number(&document["concentration_before"]["herfindahl"]) - herfindahl).abs() < 1e-4);
    assert_eq!(number(&document["concentration_after"]["herfindahl"]), 1.0);
    let expected = json!({ "gaining": 1, "losing": 2, "unchanged": 1, "largest_gain": 1, "largest_loss": 2, "rows": 6,
        "rows_without": 0, "round": 6, "block": 650, "landed": null, "no_weights": null, "netuid": 3 });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(document[field], *value, "{field}");
    }
    assert_eq!(document["payout"]["basis"], "alone");
    let order: Vec<u64> =
        document["miners"].as_array().unwrap().iter().map(|miner| miner["uid"].as_u64().unwrap()).collect();
    assert_eq!(order, [1, 4, 3, 2]);
    let (before, after) = (json!({ "kind": "proportional", "power": 2 }), json!({ "kind": "winner_takes_all" }));
    assert_eq!(document["changed"], json!([{ "setting": "weights", "before": before, "after": after }]));
    let series = document["series"].as_array().unwrap();
    let blocks: Vec<&Value> = series.iter().map(|point| &point["block"]).collect();
    assert_eq!(blocks, [150, 250, 350, 450, 550, 650]);
    assert!(series.iter().all(|point| (number(&point["distance"]) - moved).abs() < 1e-3), "{series:?}");

    let text = scene.prints(&[]);
    assert!(text.contains("1 gain, 2 lose, 1 unchanged; uid 1 gains most, +0."), "{text}");
    assert!(text.contains("paid as if this validator alone had stake: 1.000 alpha"), "{text}");
    assert!(
        text.contains("weights: {\"kind\":\"proportional\",\"power\":2} -> {\"kind\":\"winner_takes_all\"}"),
        "{text}"
    );
}

#[test]
fn the_logs_own_rules_change_nothing() {
    let document = Scene::of_tokens("").document(&[]);
    assert_eq!((&document["changed"], number(&document["distance"])), (&json!([]), 0.0));
    assert_eq!((&document["gaining"], &document["losing"]), (&json!(0), &json!(0)));
    assert_eq!(document["rules_before"], document["rules_after"]);
    assert_eq!(document["weights_before"], document["weights_after"]);
    for point in document["series"].as_array().unwrap() {
        assert_eq!((number(&point["distance"]), &point["concentration_before"]), (0.0, &point["concentration_after"]));
    }
}

/// A gate is part of the outcome: it is judged anew from the check, not taken from the record.
#[test]
fn outcomes_are_judged_anew() {
    let stricter = Scene::of_tokens("[incentive.gate]\nmatch_gate_ppm = 940000\n").document(&[]);
    assert_eq!((&of(&stricter, 3)["weight_after"], &of(&stricter, 3)["standing_after"]), (&json!(0), &json!(0.0)));
    let laxer = Scene::of_tokens("[incentive.gate]\nmatch_gate_ppm = 700000\n").document(&[]);
    assert!(number(&of(&laxer, 4)["weight_after"]) > 0.0 && number(&of(&laxer, 4)["standing_after"]) > 0.0);
    assert_eq!(of(&laxer, 4)["weight_before"], 0);
}

#[test]
fn any_row_can_be_looked_at() {
    let scene = Scene::of_tokens("weights = { kind = \"winner_takes_all\" }\n");
    // Header, round, four answers: the first row is record 6.
    let document = scene.document(&["--record", "6"]);
    assert_eq!(
        (&document["record"], &document["round"], &document["landed"]["number"]),
        (&json!(6), &json!(1), &json!(160))
    );
    assert_eq!(document["series"].as_array().unwrap().len(), 6);
    scene.fails(&["--record", "7"], 1, &["log.jsonl", "record 7 is not a row of weights"]);
    scene.fails(&["--record", "999"], 1, &["record 999 is not a row of weights"]);
}

#[test]
fn rules_without_a_row_say_why() {
    let scene = Scene::of_tokens("[incentive.limits]\nmin_miners = 4\n");
    let document = scene.document(&[]);
    assert_eq!(document["no_weights"], "only 3 miners of the subnet have earned anything, and the rules demand 4");
    assert_eq!((&document["rows_without"], &document["weights_after"]), (&json!(6), &json!([])));
    assert!(document["series"].as_array().unwrap().iter().all(|point| point["distance"].is_null()));
    assert_eq!(number(&document["distance"]), 1.0);
    let text = scene.prints(&[]);
    assert!(text.contains("note: the other rules have no row here, and never had one before"), "{text}");
    fs::remove_file(scene.path("other.toml")).unwrap();
    fs::write(scene.path("other.toml"), "[incentive.limits]\nmin_miners = 4\n").unwrap();
    scene.prints(&["--report", "page.html"]);
}

/// With an epoch of a file: the one of `alone`, in which a second validator has most of the stake and pays the third miner.
#[test]
fn an_epoch_of_a_file_pays() {
    let scene = Scene::of_tokens("weights = { kind = \"winner_takes_all\" }\n");
    let (own, mut input) = alone(&snapshot(650), &validator()).unwrap();
    input.stake[4] = 3_000_000_000;
    input.validator_permits[4] = true;
    input.max_allowed_validators = 2;
    input.last_update[4] = 640;
    input.weights.insert(4, vec![(1, 100), (3, 65_535)]);
    let write = |input: &yuma::EpochInput| {
        fs::write(scene.path("epoch.json"), json!({ "input": input }).to_string()).unwrap();
    };
    write(&input);
    let document = scene.document(&["--epoch", "epoch.json"]);
    let paid = &document["payout"];
    assert_eq!(
        (&paid["basis"], &paid["emission_rao"], &paid["other_tenants"]),
        (&json!("file"), &json!(1_000_000_000), &json!(0))
    );
    let row: Weights = serde_json::from_value(document["weights_before"].clone()).unwrap();
    let winner = Weights::new([(Uid(1), u16::MAX)]).unwrap();
    for (row, field, trust) in [
        (&row, "emission_before_rao", "validator_trust_before"),
        (&winner, "emission_after_rao", "validator_trust_after"),
    ] {
        let output = yuma::epoch(&with_row(&input, own, row, 650));
        for uid in 1..=4_usize {
            assert_eq!(of(&document, uid as u64)[field], output.server_emission[uid], "{field} of {uid}");
        }
        assert_eq!(number(&paid[trust]), f64::from(output.validator_trust[0]) / 65_535.0);
    }
    assert_ne!(of(&document, 3)["emission_before_rao"], of(&document, 3)["emission_after_rao"]);
    let text = scene.prints(&["--epoch", "epoch.json"]);
    assert!(text.contains("paid as by the file's epoch at block 650: 1.000 alpha"), "{text}");

    let mut moved = input.clone();
    moved.block_at_registration[2] = 630;
    write(&moved);
    assert_eq!(scene.document(&["--epoch", "epoch.json"])["payout"]["other_tenants"], 1);
    moved.block_at_registration[0] = 630;
    write(&moved);
    scene.fails(&["--epoch", "epoch.json"], 1, &["another neuron has the validator's seat 0"]);
    write(&yuma::EpochInput { stake: Vec::new(), ..input });
    scene.fails(&["--epoch", "epoch.json"], 1, &["last_update: 5 entries for 0 seats"]);
    scene.fails(&["--epoch", "absent.json"], 1, &["absent.json: cannot be read"]);
}

/// The row is swapped in the state of the block where it landed.
#[tokio::test(flavor = "multi_thread")]
async fn the_chain_pays() {
    let seat = |uri: &str, stake_rao, validator_permit| GenesisNeuron {
        hotkey: dev_account(uri).hotkey(),
        coldkey: dev_account("//Bob").coldkey(),
        stake_rao,
        validator_permit,
    };
    let mut subnet = SubnetGenesis::new(NetUid(1));
    let alpha = 1_000_000_000;
    subnet.neurons = vec![seat("//Validator", 5 * alpha, true), seat("//Good", 0, false), seat("//Fair", 0, false)];
    let genesis = Genesis { subnets: vec![subnet], ..Genesis::default() };
    let node = spawn(Config { genesis, ..Config::test() }).await.unwrap();
    node.author_blocks(5).unwrap();
    let client = Client::connect(&node.url()).await.unwrap();
    let metagraph = client.metagraph(NetUid(1), None).await.unwrap();
    let seats: Vec<Seat> = metagraph
        .neurons
        .iter()
        .filter(|neuron| {
            ["//Validator", "//Good", "//Fair"].iter().any(|uri| dev_account(uri).hotkey() == neuron.hotkey)
        })
        .map(|neuron| Seat { uid: neuron.uid, registration: neuron.registration() })
        .collect();
    let good = seats.iter().find(|seat| seat.registration.hotkey == dev_account("//Good").hotkey()).unwrap().uid;
    let fair = seats.iter().find(|seat| seat.registration.hotkey == dev_account("//Fair").hotkey()).unwrap().uid;
    let here = Place { genesis: client.genesis(), netuid: NetUid(1), seats, landed: Some(metagraph.block) };
    let scene = Scene::of_tokens("weights = { kind = \"winner_takes_all\" }\n");
    fs::write(scene.path("log.jsonl"), log(&here, &plain(), tokens)).unwrap();
    node.author_blocks(2).unwrap();

    let url = node.url();
    let document = scene.document(&["--chain-url", &url]);
    let paid = &document["payout"];
    assert_eq!((&paid["basis"], &paid["block"]), (&json!("landed"), &json!(metagraph.block.number)), "{document:#}");
    assert!(number(&of(&document, good.0.into())["emission_difference_rao"]) > 0.0, "{document:#}");
    assert!(number(&of(&document, fair.0.into())["emission_difference_rao"]) < 0.0, "{document:#}");
    assert_eq!(of(&document, fair.0.into())["incentive_after"], 0.0);

    // A row that was not seen there is swapped in at the head.
    let unseen = Place { landed: None, ..here };
    fs::write(scene.path("log.jsonl"), log(&unseen, &plain(), tokens)).unwrap();
    let paid = &scene.document(&["--chain-url", &url])["payout"];
    assert_eq!((&paid["basis"], &paid["block"]), (&json!("head"), &json!(metagraph.block.number + 2)));
    let text = scene.prints(&["--chain-url", &url]);
    assert!(text.contains("as if the row stood there: it was not seen on chain"), "{text}");
    let foreign = Place { genesis: BlockHash([7; 32]), ..unseen };
    fs::write(scene.path("log.jsonl"), log(&foreign, &plain(), tokens)).unwrap();
    scene.fails(&["--chain-url", &url], 1, &["the log is of chain 0x0707"]);
}

#[test]
fn the_page_is_whole_and_self_contained() {
    let scene = Scene::of_tokens("weights = { kind = \"rank\", decay_ppm = 500000 }\n");
    let said = scene.prints(&["--report", "page.html"]);
    assert_eq!(said, scene.prints(&[]));
    let html = fs::read_to_string(scene.path("page.html")).unwrap();
    markup::check(&html, 7);
    assert!(html.contains("var(--before)") && html.contains("The records that decided it"));
    let titles = [
        "Shares of the row, before and after",
        "From standing to weight",
        "How the weight is spread",
        "Effective number of miners over time",
        "Pay over time by the rules of the log",
        "Pay over time by the other rules",
        "Distance of both rows over time",
    ];
    for title in titles {
        assert_eq!(html.matches(&format!("<title>{title}</title>\n<desc>")).count(), 1, "{title}");
    }
    for uid in 1..=4 {
        assert!(html.contains(&format!("<tr><th scope=\"row\">{uid}</th>")), "{uid}");
    }
    assert_eq!(fs::read_dir(scene.0.path()).unwrap().count(), 3);
}

#[test]
fn a_page_replaces_no_folder_and_no_log() {
    let scene = Scene::of_tokens("");
    fs::create_dir(scene.path("folder")).unwrap();
    scene.fails(&["--report", "folder"], 1, &["folder is a folder: name a file"]);
    scene.fails(&["--report", "absent/page.html"], 1, &["absent is no folder"]);
    scene.fails(&["--report", "./log.jsonl"], 1, &["./log.jsonl is the log"]);
    // A log that can't be answered leaves the page that was there.
    fs::write(scene.path("page.html"), "old").unwrap();
    fs::write(scene.path("other.toml"), "[incentive.gate]\nmargin_tolerance_micro = 7\n").unwrap();
    scene.fails(&["--report", "page.html"], 1, &["gate.margin_tolerance_micro"]);
    assert_eq!(fs::read_to_string(scene.path("page.html")).unwrap(), "old");
}

#[test]
fn what_is_not_set_is_as_in_the_log() {
    let gate = Gate { audit_probability_ppm: 500_000, penalty_answers: 3, ..Gate::default() };
    let logged = Incentive { gate, same_question: true, stale_after_rounds: 7, ..plain() };
    let scene = Scene::new(&logged, tokens, "[incentive]\nweights = { kind = \"winner_takes_all\" }\n");
    let changed = &scene.document(&[])["changed"];
    assert_eq!(changed.as_array().unwrap().len(), 1, "{changed}");
    assert_eq!(changed[0]["setting"], "weights");
    // Nor has it to make sense beside the code's defaults.
    let gate = Gate { verifies: Verifies::Answer, ..Gate::default() };
    let texts = Incentive { gate, quality: "reference_logprob".into(), same_question: true, ..plain() };
    let marked = |matched: u32| Check::Marked { answered: 40, mark: Score::ratio(matched.into(), 40) };
    let document = Scene::new(&texts, marked, "[incentive]\nquality = \"reference_logprob\"\n").document(&[]);
    assert_eq!(document["changed"], json!([]));
    // What is set, and makes none beside the log's, is the file's fault.
    Scene::new(&texts, marked, "[incentive]\nquality = \"accuracy\"\n").fails(
        &[],
        2,
        &["other.toml", "incentive.quality"],
    );
}

#[test]
fn what_the_log_does_not_say_is_refused() {
    let cases = [
        ("[incentive.gate]\nmargin_tolerance_micro = 7\n", "gate.margin_tolerance_micro = 100000"),
        ("[incentive.gate]\nlogprob_share_ppm = 100000\n", "gate.logprob_share_ppm = 0"),
        ("[incentive.gate]\naudit_probability_ppm = 500000\npenalty_answers = 3\n", "gate.audit_probability_ppm"),
        ("same_question = true\n", "same_question = false"),
        ("tasks = [\"embed\"]\n", "the log asked generate, and the other rules name none of it"),
    ];
    for (rules, said) in cases {
        Scene::of_tokens(rules).fails(&["--json"], 1, &["log.jsonl", said]);
    }
    let weaker = Incentive { gate: Gate { logprob_share_ppm: 100_000, ..Gate::default() }, ..plain() };
    let closer = "[incentive.gate]\nlogprob_share_ppm = 100000\nlogprob_tolerance_micro = 40000\n";
    Scene::new(&weaker, tokens, closer).fails(&[], 1, &["gate.logprob_tolerance_micro = 50000", "40000"]);

    let answer = "[incentive]\nquality = \"reference_logprob\"\n[incentive.gate]\nverifies = \"answer\"\n";
    Scene::new(&plain(), tokens, answer).fails(&[], 1, &["kept no marks of texts"]);
    let gate = Gate { verifies: Verifies::Answer, ..Gate::default() };
    let texts = Incentive { gate, quality: "reference_logprob".into(), same_question: true, ..plain() };
    let marked = |matched: u32| Check::Marked { answered: 40, mark: Score::ratio(matched.into(), 40) };
    let model = "[incentive]\nquality = \"accuracy\"\n[incentive.gate]\nverifies = \"model\"\n";
    Scene::new(&texts, marked, model).fails(&[], 1, &["compared none with a model"]);
    let copies = "[incentive]\nsame_question = true\nquality = \"reference_logprob\"\nduplicates = { kind = \"min_hash\", \
                  resemblance_ppm = 900000, rounds = 9, share_ppm = 800000, least_rounds = 3 }\n\
                  [incentive.gate]\nverifies = \"answer\"\n";
    Scene::new(&texts, marked, copies).fails(&[], 1, &["kept no sketches of answers"]);
}

#[test]
fn wrong_questions_are_usage() {
    let scene = Scene::of_tokens("");
    for flag in [["--report", "page.html"], ["--record", "6"], ["--epoch", "epoch.json"]] {
        let output = scene.run(&[&["log.jsonl"], &flag[..]].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{flag:?}: {said}");
        assert!(said.contains("--config"), "{said}");
    }
    let both = scene.asks(&["--chain-url", "ws://127.0.0.1:1", "--epoch", "epoch.json"]);
    assert_eq!((both.status.code(), both.stdout.len()), (Some(2), 0));
    fs::write(scene.path("other.toml"), "[incentive]\nweights = { kind = \"lottery\" }\n").unwrap();
    scene.fails(&[], 2, &["incentive.weights", "lottery"]);
    fs::write(scene.path("other.toml"), "[incentive]\nstale_after_rounds = 0\n").unwrap();
    scene.fails(&[], 2, &["stale_after_rounds is 0"]);
}

/// A log that was tampered with gives no answer at all.
#[test]
fn only_a_log_that_replays_is_judged() {
    let scene = Scene::of_tokens("");
    let path = scene.path("log.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let forged = text.replacen("\"matched\":38", "\"matched\":39", 1);
    assert_ne!(forged, text);
    fs::write(&path, forged).unwrap();
    scene.fails(&["--report", "page.html"], 1, &["log.jsonl"]);
    assert!(!Path::exists(&scene.path("page.html")));
}
