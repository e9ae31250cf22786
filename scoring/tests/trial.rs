//! Trials of rules: what they find follows from the rules by formulas, and each kind of unsound or unwise rules is seen.

use assay_scoring::{
    Duplicates, Gate, Incentive, Pairwise, Registry, Reliability, Smoothing, Speed, Verifies, WeightMap, Zeros,
    trial::{Finding, Severity, Verdict, prove},
};
use primitives::Hyperparameters;

fn tried(change: impl Fn(&mut Incentive)) -> Verdict {
    let mut incentive = Incentive::default();
    change(&mut incentive);
    prove(&Registry::default().build(&incentive).unwrap())
}

fn with_weights(weights: WeightMap) -> Verdict {
    tried(|incentive| incentive.weights = weights)
}

fn finding<'a>(verdict: &'a Verdict, name: &str) -> &'a Finding {
    verdict.findings.iter().find(|finding| finding.name == name).unwrap_or_else(|| panic!("{name}: {verdict:#?}"))
}

fn of_severity(verdict: &Verdict, severity: Severity) -> Vec<&str> {
    verdict.findings.iter().filter(|finding| finding.severity == severity).map(|finding| finding.name).collect()
}

/// The square of standings, which follow scores by a tenth and failures by three tenths.
#[test]
fn the_defaults_pay_as_their_formulas_say() {
    let verdict = tried(|_| ());
    assert!(verdict.is_sound());
    assert_eq!(of_severity(&verdict, Severity::Warning), [""; 0]);
    let (pay, pace) = (verdict.pay, verdict.pace);
    // 29 of 32 tokens at half speed.
    assert_eq!(pay.right_answers, [0.453_125, 1.0]);
    let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-4, "{found} {expected}");
    near(pay.half_as_good, 0.25);
    // The field: squares of 1/16 to 15/16.
    let field = 1_240.0 / 256.0;
    near(pay.five_copies, 5.0 / (field + 5.0) * (field + 1.0));
    near(pay.two_halves, 0.5 / (field + 0.5) * (field + 1.0));
    let n = 256.0_f64;
    let (squares, fourths) = (n * (n + 1.0) * (2.0 * n + 1.0) / 6.0, 3.0 * n * n + 3.0 * n - 1.0);
    near(pay.effective_of_256, squares * squares / (squares * fourths / 5.0));
    near(pay.best_of_256, n * n / squares);
    // Half a unit of 65535, and no coarser than a thirty-second.
    let least = pay.least_score.unwrap();
    let exact = (0.5_f64 / 65_535.0).sqrt();
    assert!(least >= exact && least < exact * (1.0 + 1.0 / 16.0), "{least} {exact}");

    // What a standing s is paid is s² / (field + s²).
    let paid = |standing: f64| standing * standing / (field + standing * standing);
    let first = |is_so: &dyn Fn(i32) -> bool| (1..).find(|answers| is_so(*answers)).map(|answers| answers as u64);
    let risen = |answers: i32| paid(1.0 - libm::pow(0.9, f64::from(answers))) / paid(1.0);
    assert_eq!(pace.half_paid_after, first(&|answers| risen(answers) >= 0.5));
    assert_eq!(pace.nearly_paid_after, first(&|answers| risen(answers) >= 0.9));
    near(pace.first_answer_share, risen(1));
    assert_eq!(pace.gone_after, first(&|answers| paid(libm::pow(0.7, f64::from(answers))) < 0.1 * paid(1.0)));
    assert_eq!(pace.withdrawn_after, Some(20));
    let forgiven = |answers: i32| paid(1.0 - 0.3 * libm::pow(0.9, f64::from(answers - 1))) >= 0.9 * paid(1.0);
    assert_eq!(pace.forgiven_after, first(&forgiven));

    assert!(verdict.curve.is_sorted_by(|a, b| a.score < b.score && a.share < b.share));
    near(verdict.curve.last().unwrap().share, paid(1.0));
    near(verdict.courses.honest[0].share, paid(1.0));
    assert_eq!(verdict.courses.newcomer[0].share, 0.0);
    assert!(verdict.courses.failing.is_sorted_by(|a, b| a.share >= b.share));
    assert_eq!(verdict, tried(|_| ()));
}

#[test]
fn all_kinds_of_stages_are_sound() {
    let wilson = Reliability::Wilson { z_milli: 1_645, answers: 50 };
    let mean = Smoothing::Mean { answers: 40, prior_answers: 10 };
    let texts = |incentive: &mut Incentive| {
        incentive.gate.verifies = Verifies::Answer;
        incentive.quality = "reference_logprob".into();
        incentive.same_question = true;
    };
    let changes: [&dyn Fn(&mut Incentive); 10] = [
        &|incentive| incentive.weights = WeightMap::Softmax { temperature_ppm: 100_000 },
        &|incentive| incentive.weights = WeightMap::Rank { decay_ppm: 800_000 },
        &|incentive| incentive.weights = WeightMap::WinnerTakesAll {},
        &|incentive| incentive.weights = WeightMap::KingOfTheHill { margin_ppm: 20_000, alpha_ppm: 50_000 },
        &|incentive| (incentive.smoothing, incentive.reliability) = (mean, wilson),
        &|incentive| (incentive.limits.cap_ppm, incentive.zeros) = (100_000, Zeros::Explicit),
        &|incentive| {
            (incentive.limits.burn_uid, incentive.limits.burn_share_ppm) = (Some(0), 300_000);
            (incentive.limits.burn_when_idle, incentive.limits.min_miners) = (true, 5);
        },
        &|incentive| {
            incentive.gate = Gate { audit_probability_ppm: 200_000, penalty_answers: 20, ..Gate::default() };
            incentive.tasks = vec!["generate".into(), "embed".into()];
        },
        &texts,
        &|incentive| {
            texts(incentive);
            incentive.duplicates =
                Duplicates::MinHash { resemblance_ppm: 900_000, rounds: 20, share_ppm: 800_000, least_rounds: 5 };
        },
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let verdict = tried(change);
        assert!(verdict.is_sound(), "{at}: {:#?}", verdict.findings);
        assert!(verdict.pay.best_of_256 > 0.0, "{at}");
    }
}

#[test]
fn tournaments_have_strengths() {
    let verdict = tried(|incentive| {
        incentive.pairwise = Pairwise::BradleyTerry { rounds: 30, prior_milli: 1_000 };
    });
    assert!(verdict.is_sound(), "{:#?}", verdict.findings);
    assert!(verdict.pay.half_as_good < 0.25, "{:?}", verdict.pay);
}

#[test]
fn copies_are_one_where_they_are_looked_for() {
    let verdict = tried(|incentive| {
        incentive.gate.verifies = Verifies::Answer;
        incentive.quality = "reference_logprob".into();
        incentive.same_question = true;
        incentive.duplicates =
            Duplicates::MinHash { resemblance_ppm: 900_000, rounds: 20, share_ppm: 800_000, least_rounds: 5 };
    });
    assert!((verdict.pay.five_copies - 1.0).abs() < 1e-6, "{:?}", verdict.pay);
}

#[test]
fn a_generous_prior_is_warned_about_and_pays_for_no_failure() {
    let verdict = tried(|incentive| {
        incentive.smoothing =
            Smoothing::Ema { success_rate_ppm: 100_000, failure_rate_ppm: 300_000, prior_ppm: 900_000 };
    });
    assert!(verdict.is_sound(), "{:#?}", verdict.findings);
    assert_eq!(of_severity(&verdict, Severity::Warning), ["first_answer"]);
    // The worst comes first.
    assert!(verdict.findings.is_sorted_by_key(|finding| finding.severity));
}

#[test]
fn rules_that_never_pay_are_errors() {
    let crowd = tried(|incentive| incentive.limits.min_miners = 300);
    assert_eq!(of_severity(&crowd, Severity::Error), ["min_miners"]);
    // What they would pay is told all the same.
    assert!((crowd.pay.half_as_good - 0.25).abs() < 1e-6);
    let slow = tried(|incentive| incentive.speed = Speed::Latency { start_us: 0, unit_us: 0, least_ppm: 0 });
    assert_eq!(of_severity(&slow, Severity::Error), ["right_answers"]);
}

#[test]
fn what_few_want_is_a_warning() {
    let warned = |verdict: Verdict| {
        assert!(verdict.is_sound(), "{:#?}", verdict.findings);
        of_severity(&verdict, Severity::Warning).join(" ")
    };
    let flat = WeightMap::Softmax { temperature_ppm: 100_000_000 };
    assert_eq!(warned(with_weights(flat)), "half_as_good two_halves first_answer false_answer");
    assert_eq!(warned(with_weights(WeightMap::Rank { decay_ppm: 950_000 })), "two_halves");
    assert_eq!(warned(with_weights(WeightMap::Proportional { power: 1 })), "");
    // One failure costs all, twenty rounds without being asked nothing.
    assert_eq!(warned(with_weights(WeightMap::WinnerTakesAll {})), "no_margin gone");
    assert_eq!(warned(tried(|incentive| incentive.stale_after_rounds = 100)), "gone");
    let lazy = Gate { audit_probability_ppm: 10_000, penalty_answers: 1, ..Gate::default() };
    assert_eq!(warned(tried(|incentive| incentive.gate = lazy.clone())), "audits");
    let slow = Smoothing::Mean { answers: 10_000, prior_answers: 0 };
    let slow = tried(|incentive| incentive.smoothing = slow);
    assert_eq!(finding(&slow, "memory").severity, Severity::Fact);
    assert_eq!(warned(slow), "first_answer false_answer");
}

#[test]
fn new_miners_must_outlive_the_reveal() {
    let verdict = tried(|_| ());
    let chain = Hyperparameters::default();
    let immunity = |chain: &Hyperparameters, round_blocks| {
        let found = verdict.on(chain, round_blocks);
        assert_eq!(found[0].name, "immunity");
        (found[0].severity, found[0].sentence.clone())
    };
    let (severity, sentence) = immunity(&chain, 10);
    assert_eq!(severity, Severity::Fact);
    // 11 rounds of 10 blocks, and two tempos.
    assert!(
        sentence.contains("hidden for 1 × 360 = 360 blocks") && sentence.ends_with("830 blocks in all"),
        "{sentence}"
    );
    let of = |immunity_period, reveal_period_epochs, commit_reveal_weights_enabled| {
        let chain =
            Hyperparameters { immunity_period, reveal_period_epochs, commit_reveal_weights_enabled, ..chain.clone() };
        immunity(&chain, 10).0
    };
    assert_eq!((of(831, 1, true), of(830, 1, true)), (Severity::Fact, Severity::Warning));
    assert_eq!((of(361, 1, true), of(360, 1, true)), (Severity::Warning, Severity::Error));
    assert_eq!((of(5_000, 13, true), of(5_000, 14, true)), (Severity::Warning, Severity::Error));
    assert_eq!((of(471, 14, false), of(470, 14, false)), (Severity::Fact, Severity::Warning));

    let liquid = Hyperparameters { liquid_alpha_on: true, ..chain.clone() };
    assert_eq!(verdict.on(&liquid, 10)[1].name, "liquid_alpha");
    assert_eq!(tried(|incentive| incentive.zeros = Zeros::Explicit).on(&liquid, 10).len(), 1);
    let crowd = tried(|incentive| incentive.limits.min_miners = 20);
    let small = Hyperparameters { max_allowed_uids: 20, ..chain };
    assert_eq!(crowd.on(&small, 10)[1].severity, Severity::Error);
}
