//! What is known of subnets, seen in made-up ones.

use std::ops::ControlFlow;

use assay_simulation::{GroupRun, Outcome, Run, Scenario, Verdict, campaign, run};
use scoring::Registry;

fn scenario(text: &str) -> Scenario {
    Scenario::from_toml(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn play(text: &str) -> Run {
    run(&scenario(text), &Registry::default(), 1).unwrap()
}

fn campaigned(text: &str) -> Outcome {
    campaign(&scenario(text), &Registry::default(), |_| ControlFlow::Continue(())).unwrap()
}

fn group<'a>(run: &'a Run, name: &str) -> &'a GroupRun {
    run.groups.iter().find(|group| group.name == name).unwrap()
}

/// Miners whose quality moves from epoch to epoch, honest validators, and one that copies.
fn copying(commits: bool, period: u64) -> Run {
    play(&format!(
        r#"
        [subnet]
        tempo = 30
        commit_reveal_weights_enabled = {commits}
        reveal_period_epochs = {period}
        [incentive]
        quality = "reference_logprob"
        speed = {{ kind = "none" }}
        [incentive.gate]
        verifies = "answer"
        [[miners]]
        name = "miner"
        count = 20
        skill = 0.6
        skill_spread = 0.25
        skill_noise = 0.1
        drift_epochs = 6
        [[validators]]
        name = "honest"
        count = 5
        [[validators]]
        name = "copier"
        count = 1
        strategy = {{ kind = "weight_copier" }}
        [run]
        epochs = 60
        rounds_per_epoch = 4
        "#
    ))
}

/// In the open a copier agrees with the majority better than anybody who measures; hidden for long enough, it agrees with
/// what was.
#[test]
fn copying_weights_pays_in_the_open_and_costs_where_rows_are_hidden() {
    let per_stake = |run: &Run, name| group(run, name).dividends_per_stake.iter().sum::<f64>();
    let trust = |run: &Run, name| *group(run, name).validator_trust.last().unwrap();
    let open = copying(false, 1);
    assert!(per_stake(&open, "copier") > 1.01 * per_stake(&open, "honest"));
    assert!(trust(&open, "copier") > 0.99);
    let hidden = copying(true, 4);
    assert!(per_stake(&hidden, "copier") < 0.95 * per_stake(&hidden, "honest"));
    assert!(trust(&hidden, "copier") < trust(&hidden, "honest"));
    let short = copying(true, 1);
    let gain = |run: &Run| per_stake(run, "copier") / per_stake(run, "honest");
    assert!(gain(&hidden) < gain(&short) && gain(&short) < gain(&open));
}

fn colluding(stake_alpha: u64) -> Run {
    play(&format!(
        r#"
        [subnet]
        tempo = 30
        [[miners]]
        name = "honest"
        count = 8
        [[miners]]
        name = "friends"
        count = 2
        strategy = {{ kind = "lazy", answered_share = 0.0 }}
        [[validators]]
        name = "honest validators"
        count = 3
        stake_alpha = 10000
        [[validators]]
        name = "colluders"
        count = 1
        stake_alpha = {stake_alpha}
        strategy = {{ kind = "colluding", miners = "friends" }}
        [run]
        epochs = 12
        rounds_per_epoch = 3
        "#
    ))
}

#[test]
fn colluders_are_clipped_below_the_majority_and_take_it_all_above() {
    let minority = colluding(15_000);
    assert_eq!(group(&minority, "friends").emission_alpha, 0.0);
    assert!(group(&minority, "honest").emission_alpha > 0.0);
    assert!(group(&minority, "colluders").validator_trust.iter().all(|trust| *trust == 0.0));
    let majority = colluding(60_000);
    assert_eq!(group(&majority, "honest").emission_alpha, 0.0);
    assert!(group(&majority, "friends").emission_alpha > 0.0);
}

const AUDITED: &str = r#"
    [subnet]
    tempo = 30
    [incentive.gate]
    audit_probability_ppm = 200000
    penalty_answers = 50
    [[miners]]
    name = "honest"
    count = 6
    cost_alpha_per_answer = 0.001
    [[miners]]
    name = "cacher"
    count = 1
    strategy = { kind = "cacher" }
    [[validators]]
    name = "validator"
    count = 3
    [run]
    epochs = 12
    rounds_per_epoch = 6
    runs = 10
"#;

/// What `AuditPlan` says a cheat is worth: with d about 1, p = 0.2 and a penalty of 50, 0.8 of 11 answers.
#[test]
fn honesty_is_the_best_response_where_audits_cost_more_than_they_save() {
    let outcome = campaigned(AUDITED);
    let point = &outcome.points[0];
    let per_agent = |name: &str| {
        let group = point.summary.groups.iter().find(|group| group.name == name).unwrap();
        group.emission_alpha_per_agent_epoch.mean
    };
    assert!(per_agent("cacher") < 0.1 * per_agent("honest"));
    let miners: Vec<_> = point.responses.iter().filter(|response| response.side == "miners").collect();
    assert_eq!(
        miners.iter().map(|one| one.alternative).collect::<Vec<_>>(),
        ["lazy", "cacher", "quantiser", "sybil", "copier"]
    );
    for response in miners {
        assert_eq!(response.verdict, Verdict::HonestIsBetter, "{response:?}");
        let (low, high) = (response.gain_alpha.low.unwrap(), response.gain_alpha.high.unwrap());
        assert!(low <= response.gain_alpha.mean && response.gain_alpha.mean <= high && high < 0.0);
        let by_means = response.alternative_profit_alpha.mean - response.honest_profit_alpha.mean;
        assert!((by_means - response.gain_alpha.mean).abs() < 1e-6);
    }
}

/// Without audits nobody finds what is cheaper.
#[test]
fn without_audits_a_cheat_pays() {
    let text = AUDITED.replace("200000", "1").replace("cost_alpha_per_answer = 0.001", "cost_alpha_per_answer = 0.005");
    let outcome = campaigned(&text);
    let response = outcome.points[0].responses.iter().find(|response| response.alternative == "cacher").unwrap();
    assert_eq!(response.verdict, Verdict::HonestIsWorse, "{response:?}");
}

/// One machine behind four seats: a quarter of the answers each is worth less than all with one, by the power of weights and
/// as failures count more than successes.
#[test]
fn a_sybil_gains_nothing_by_splitting_its_capacity() {
    for power in [1, 2] {
        let text = format!(
            r#"
            [subnet]
            tempo = 30
            [incentive]
            weights = {{ kind = "proportional", power = {power} }}
            [[miners]]
            name = "honest"
            count = 8
            [[miners]]
            name = "sybil"
            count = 1
            strategy = {{ kind = "sybil", uids = 4, capacity_uids = 1.0 }}
            [[validators]]
            name = "validator"
            count = 2
            [run]
            epochs = 20
            rounds_per_epoch = 6
            "#
        );
        let run = play(&text);
        let one = group(&run, "honest").emission_alpha / 8.0;
        assert!(group(&run, "sybil").emission_alpha < one, "{power}");
    }
}

#[test]
fn who_earns_nothing_loses_its_seat_to_newcomers() {
    let run = play(
        r#"
        [subnet]
        tempo = 30
        max_allowed_uids = 24
        immunity_period = 90
        min_non_immune_uids = 4
        [[miners]]
        name = "honest"
        count = 15
        [[miners]]
        name = "idle"
        count = 5
        strategy = { kind = "lazy", answered_share = 0.0 }
        [[validators]]
        name = "validator"
        count = 3
        [run]
        epochs = 30
        rounds_per_epoch = 4
        newcomers_per_epoch = 0.25
        newcomers = "honest"
        "#,
    );
    let (honest, idle) = (group(&run, "honest"), group(&run, "idle"));
    // Seven came, and found five idle seats.
    assert_eq!((honest.agents, idle.agents), (22, 5));
    assert_eq!((idle.epochs_until_deregistered.len(), idle.seats_at_end), (5, 0));
    assert_eq!(honest.epochs_until_deregistered.len(), 2);
    assert!(idle.epochs_until_deregistered.iter().all(|epochs| *epochs >= 3));
    assert!(idle.cost_alpha > 0.0 && idle.emission_alpha == 0.0 && idle.return_on_cost == Some(-1.0));
    assert_eq!(group(&run, "validator").seats_at_end, 3);
}

#[test]
fn copies_are_one_miner_where_rules_look_for_them() {
    let copies = |duplicates: &str| {
        let run = play(&format!(
            r#"
            [subnet]
            tempo = 30
            [incentive]
            same_question = true
            quality = "reference_logprob"
            speed = {{ kind = "none" }}
            duplicates = {duplicates}
            [incentive.gate]
            verifies = "answer"
            [[miners]]
            name = "honest"
            count = 5
            skill = 0.8
            [[miners]]
            name = "copier"
            count = 4
            strategy = {{ kind = "copier", victim = "honest" }}
            [[validators]]
            name = "validator"
            count = 2
            [run]
            epochs = 10
            rounds_per_epoch = 6
            "#
        ));
        group(&run, "copier").emission_alpha / group(&run, "honest").emission_alpha
    };
    let found = r#"{ kind = "min_hash", resemblance_ppm = 900000, rounds = 20, share_ppm = 800000, least_rounds = 5 }"#;
    let (unseen, seen) = (copies(r#"{ kind = "none" }"#), copies(found));
    // Four beside five, or four halves beside one and four halves; and copiers fail with their victims, too.
    assert!((0.7..=0.8).contains(&unseen), "{unseen}");
    assert!((0.55..=0.67).contains(&seen), "{seen}");
}

#[test]
fn mechanisms_share_the_emission() {
    let run = play(
        r#"
        [subnet]
        tempo = 30
        [[mechanisms]]
        emission_share = 49151
        [[mechanisms]]
        emission_share = 16384
        incentive = { weights = { kind = "winner_takes_all" } }
        [[miners]]
        name = "first"
        count = 4
        mechanism = 0
        [[miners]]
        name = "second"
        count = 4
        mechanism = 1
        [[validators]]
        name = "validator"
        count = 2
        [run]
        epochs = 20
        rounds_per_epoch = 4
        "#,
    );
    let share = group(&run, "first").emission_alpha / group(&run, "second").emission_alpha;
    assert!((2.9..=3.1).contains(&share), "{share}");
}
