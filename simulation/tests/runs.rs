//! Whatever the scenario: books close, and a seed gives the same bytes.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicU64, Ordering},
};

use assay_simulation::{Scenario, campaign, run};
use proptest::prelude::*;
use scoring::Registry;

const SMALL: &str = r#"
    [subnet]
    tempo = 20
    max_allowed_uids = 12
    immunity_period = 40
    min_non_immune_uids = 2
    [[miners]]
    name = "honest"
    count = 4
    skill = 0.97
    skill_noise = 0.02
    drift_epochs = 3
    [[miners]]
    name = "sybil"
    count = 1
    strategy = { kind = "sybil", uids = 3 }
    [[validators]]
    name = "validator"
    count = 2
    [[validators]]
    name = "copier"
    count = 1
    strategy = { kind = "weight_copier" }
    [run]
    epochs = 8
    rounds_per_epoch = 2
    runs = 3
    newcomers_per_epoch = 0.7
    [sweep]
    subnet.kappa = [20000, 40000]
"#;

#[test]
fn a_seed_gives_the_same_bytes_with_any_number_of_threads() {
    let scenario = Scenario::from_toml(SMALL).unwrap();
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let seen = AtomicU64::new(0);
        let outcome = pool.install(|| {
            campaign(&scenario, &Registry::default(), |progress| {
                seen.fetch_add(1, Ordering::Relaxed);
                assert!(progress.done <= progress.total);
                ControlFlow::Continue(())
            })
        });
        // Two points of 3 runs: honest ones, five other miners and three other validators.
        assert_eq!(seen.load(Ordering::Relaxed), 2 * 3 * (1 + 5 + 3));
        serde_json::to_string(&outcome.unwrap()).unwrap()
    };
    let one = bytes(1);
    assert_eq!(one, bytes(3));
    assert!(one.contains(r#""settings":{"subnet.kappa":20000}"#));
    let runs = |seed| serde_json::to_string(&run(&scenario, &Registry::default(), seed).unwrap()).unwrap();
    assert_eq!(runs(5), runs(5));
    assert_ne!(runs(5), runs(6));
}

#[test]
fn whoever_waits_may_break_off() {
    let scenario = Scenario::from_toml(SMALL).unwrap();
    let broken = campaign(&scenario, &Registry::default(), |_| ControlFlow::Break(()));
    assert_eq!(broken.unwrap_err().to_string(), "stopped before the end");
}

/// Series are means over their epochs, so they add up to the sums.
#[test]
fn a_series_adds_up() {
    let text = SMALL.replace("epochs = 8", "epochs = 603").replace("rounds_per_epoch = 2", "rounds_per_epoch = 1");
    let run = run(&Scenario::from_toml(&text).unwrap(), &Registry::default(), 3).unwrap();
    assert_eq!((run.until_epochs.len(), run.until_epochs.last()), (250, Some(&603)));
    let spans: Vec<u64> =
        std::iter::once(&0).chain(&run.until_epochs).zip(&run.until_epochs).map(|(from, to)| to - from).collect();
    assert_eq!(run.concentration.stake.len(), 250);
    for group in &run.groups {
        let sum: f64 = group.emission_alpha_per_epoch.iter().zip(&spans).map(|(mean, span)| mean * *span as f64).sum();
        assert!((sum - group.emission_alpha).abs() < 1e-6 * group.emission_alpha.max(1.0), "{}", group.name);
        let cost: f64 = group.cost_alpha_per_epoch.iter().zip(&spans).map(|(mean, span)| mean * *span as f64).sum();
        assert!((cost - group.cost_alpha).abs() < 1e-6 * group.cost_alpha.max(1.0), "{}", group.name);
    }
}

fn any_miner() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        r#"{ kind = "honest" }"#,
        r#"{ kind = "lazy", answered_share = 0.3 }"#,
        r#"{ kind = "cacher", detection = 0.5 }"#,
        r#"{ kind = "quantiser" }"#,
        r#"{ kind = "sybil", uids = 2, queues = true }"#,
        r#"{ kind = "copier", victim = "first" }"#,
    ])
}

fn any_validator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        r#"{ kind = "honest" }"#,
        r#"{ kind = "lazy" }"#,
        r#"{ kind = "lazy", row = "stale", worked_epochs = 2 }"#,
        r#"{ kind = "weight_copier" }"#,
        r#"{ kind = "colluding", miners = "second" }"#,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn books_close(
        miners in (any_miner(), any_miner()), validators in (any_validator(), any_validator()),
        commits: bool, yuma3: bool, liquid: bool, kappa: u16, by_answer: bool, burnt: bool, root in 0u32..1_000,
        newcomers in 0.0f64..2.0, mechanisms in 1usize..3, seed: u64,
    ) {
        let verifies = if by_answer { "answer" } else { "model" };
        let quality = if by_answer { "reference_logprob" } else { "accuracy" };
        let limits = if burnt { "[incentive.limits]\nburn_uid = 0\nburn_share_ppm = 300000" } else { "" };
        let text = format!(
            r#"
            [subnet]
            tempo = 10
            max_allowed_uids = 14
            immunity_period = 15
            min_non_immune_uids = 1
            commit_reveal_weights_enabled = {commits}
            yuma3_on = {yuma3}
            liquid_alpha_on = {liquid}
            kappa = {kappa}
            root_sells = {commits}
            [incentive]
            quality = "{quality}"
            [incentive.gate]
            verifies = "{verifies}"
            {limits}
            {mechanisms}
            [[miners]]
            name = "first"
            count = 3
            strategy = {first}
            [[miners]]
            name = "second"
            count = 2
            strategy = {second}
            sold_share = 0.0
            [[validators]]
            name = "third"
            count = 2
            strategy = {third}
            root_stake_tao = {root}
            [[validators]]
            name = "fourth"
            count = 1
            strategy = {fourth}
            [run]
            epochs = 6
            rounds_per_epoch = 2
            newcomers_per_epoch = {newcomers}
            "#,
            mechanisms = "[[mechanisms]]\n".repeat(mechanisms),
            first = miners.0,
            second = miners.1,
            third = validators.0,
            fourth = validators.1,
        );
        let run = run(&Scenario::from_toml(&text).unwrap(), &Registry::default(), seed).unwrap();
        let totals = run.totals;
        prop_assert!(totals.emitted_rao > 0);
        prop_assert_eq!(totals.paid_rao(), totals.emitted_rao);
        // What groups earned is what was paid; the owner may have some of it.
        let earned: f64 = run.groups.iter().map(|group| group.emission_alpha).sum();
        let paid = (totals.incentive_rao + totals.dividend_rao + totals.claimable_rao) as f64 / 1e9;
        prop_assert!(earned <= paid + 1e-6, "{} {}", earned, paid);
        for group in &run.groups {
            prop_assert!(group.emission_alpha >= 0.0 && group.cost_alpha >= 0.0 && group.profit_alpha.is_finite());
        }
    }
}
